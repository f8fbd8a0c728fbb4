"""Whatever a ledger says, it gets a posterior, months that satisfy every fact, and a forecast."""

from __future__ import annotations

import warnings
from collections.abc import Iterator

import numpy as np
import pytest

import forecasting as fc
from forecasting.kernels.counts import IntArray
from forecasting.models import estimated
from tests.evidence.ledgers import SERIES, fact, ledger_of

TREND = fc.CountRegression(fc.Intercept() + fc.Trend())


def month(k: int) -> str:
    return f"{2020 + k // 12}-{k % 12 + 1:02d}"


def statement(name: str, kind: str, first: int, last: int | None = None, **cells: object) -> dict[str, str]:
    window = month(first), month(first if last is None else last)
    return fact(name, kind, *window, published="2026-01-31", **{key: str(cell) for key, cell in cells.items()})


QUARTERS = [statement(f"q{k}", "total", 3 * k, 3 * k + 2, value=n) for k, n in enumerate((412, 548, 701))]
RECORD = statement("record", "order", 6, relation="highest", against=f"{month(0)}..{month(8)}")
SAID = {
    "a record month without its count": [*QUARTERS, RECORD],
    "a record month with its count": [*QUARTERS, RECORD, statement("july", "count", 6, value=264)],
    "more than 500 since May": [*QUARTERS, statement("since", "bound", 4, 8, low=501)],
    "a band that crosses quarters": [*QUARTERS, statement("band", "bound", 1, 7, low=1101, high=1300)],
    "August below July": [*QUARTERS, statement("august", "order", 7, relation="below", against=month(6))],
    "a year and its record month": [
        statement("year", "total", 0, 11, value=2400),
        statement("march", "count", 2, value=150),
        statement("record", "order", 6, relation="highest", against=f"{month(0)}..{month(11)}"),
    ],
    "about a third in September": [
        *QUARTERS,
        statement("third", "ratio", 8, low=0.31, high=0.36, against=f"{month(6)}..{month(8)}"),
    ],
    "the lowest month": [
        *QUARTERS,
        statement("lowest", "order", 1, relation="lowest", against=f"{month(0)}..{month(8)}"),
    ],
    "growth between unknown quarters": [
        statement("half", "bound", 0, 5, low=900, high=1000),
        statement("growth", "ratio", 3, 5, low=1.3, high=1.4, against=f"{month(0)}..{month(2)}"),
        statement("july", "count", 6, value=264),
    ],
}


def answered(facts: list[dict[str, str]], draws: int) -> fc.Predictive:
    """Draw posterior, months and forecast; check the months."""
    evidence = ledger_of(facts).evidence(SERIES)
    posterior = TREND.posterior(evidence, draws=draws, rng=1)
    assert posterior.khat < 0.7
    months = fc.reconstruct(posterior, rng=2).paths
    for row in evidence.rows:
        total = months[:, list(row.positions)] @ np.array(row.coefs)
        assert row.low is None or (total >= row.low).all(), row
        assert row.high is None or (total <= row.high).all(), row
    return posterior.forecast(3, rng=3)


@pytest.mark.parametrize("said", SAID)
def test_what_people_write(said: str) -> None:
    assert np.isfinite(answered(SAID[said], 400).mean).all()


def test_the_estimate_agrees_with_the_exact_way() -> None:
    evidence = ledger_of([*QUARTERS, statement("july", "count", 6, value=264)]).evidence(SERIES)
    exact = TREND.posterior(evidence, draws=1000, rng=1, likelihood="exact")
    estimate = TREND.posterior(evidence, draws=1000, rng=1, likelihood="estimate")
    assert exact.estimates.empty
    assert len(estimate.estimates) == 3
    assert (estimate.estimates["effective"] > 300).all()
    assert estimate.log_evidence == pytest.approx(exact.log_evidence, abs=0.15)
    np.testing.assert_allclose(estimate.draws.mean(axis=0), exact.draws.mean(axis=0), atol=0.015)


def test_an_estimate_behind_a_level_that_wanders_is_told_too() -> None:
    evidence = ledger_of(SAID["a year and its record month"]).evidence(SERIES)
    with pytest.warns(fc.SamplingWarning, match="the facts record, year is an estimate") as heard:
        posterior = fc.LocalLevel().posterior(evidence, draws=400, rng=1)
    assert heard[0].filename == __file__
    assert posterior.estimates["effective"].item() < 50
    exact = ledger_of(SAID["a record month with its count"]).evidence(SERIES)
    assert fc.LocalLevel().posterior(exact, draws=400, rng=1).estimates.empty


def test_an_estimate_behind_an_onset_is_told_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(estimated, "FEWEST_VECTORS", 1000)
    evidence = ledger_of(SAID["the lowest month"]).evidence(SERIES)
    with pytest.warns(fc.SamplingWarning, match="is an estimate that rests on .* fewer than 1000") as heard:
        fc.onset(evidence, draws=300, rng=1)
    assert heard[0].filename == __file__


def test_a_choice_of_likelihood_is_checked() -> None:
    evidence = ledger_of(SAID["a year and its record month"]).evidence(SERIES)
    with pytest.raises(fc.InvalidInput, match="'exact' or 'estimate'"):
        TREND.posterior(evidence, rng=1, likelihood="fast")
    with pytest.raises(fc.TooLarge, match="likelihood='estimate'"):
        TREND.posterior(evidence, rng=1, likelihood="exact")


def realistic(size: int, rng: np.random.Generator) -> Iterator[dict[str, str]]:
    """Quarters, years, records, orderings, bounds, shares and counts of simulated months."""
    rate = np.exp(rng.uniform(1.0, 6.0) + np.cumsum(rng.normal(0.0, 0.05, size)))
    y: IntArray = rng.poisson(rate * rng.gamma(10.0, 0.1, size))
    yield statement("first", "count", 0, value=y[0])
    yield statement("last", "count", size - 1, value=y[-1])
    for k in range(0, size - 11, 12):
        yield statement(f"year{k}", "total", k, k + 11, value=y[k : k + 12].sum())
    for k in range(0, size - 2, 3):
        total = int(y[k : k + 3].sum())
        match int(rng.integers(0, 4)):
            case 0:
                yield statement(f"quarter{k}", "total", k, k + 2, value=total)
            case 1:
                yield statement(f"about{k}", "bound", k, k + 2, low=int(0.9 * total), high=int(1.1 * total) + 1)
    for k in range(size // 4):
        a = int(rng.integers(0, size - 3))
        b = int(rng.integers(a + 1, min(size, a + 10)))
        yield from said_of(f"said{k}", a, b, y, rng)


def said_of(name: str, a: int, b: int, y: IntArray, rng: np.random.Generator) -> Iterator[dict[str, str]]:
    window, total = f"{month(a)}..{month(b)}", int(y[a : b + 1].sum())
    extremes = {"highest": int(y[a : b + 1].argmax()) + a, "lowest": int(y[a : b + 1].argmin()) + a}
    match int(rng.integers(0, 6)):
        case 0 | 1:
            for relation, k in list(extremes.items())[int(rng.integers(0, 2)) :][:1]:
                if (y[a : b + 1] == y[k]).sum() == 1:
                    yield statement(name, "order", k, relation=relation, against=window)
        case 2:
            yield statement(name, "bound", a, b, low=max(int(total * rng.uniform(0.5, 1.0)), 1))
        case 3:
            yield statement(name, "bound", a, b, low=int(0.93 * total), high=int(1.05 * total) + 1)
        case 4 if y[a] > y[b]:
            yield statement(name, "order", a, relation="above", against=month(b))
        case 5 if total:
            share = y[a] / total
            yield statement(
                name, "ratio", a, low=f"{max(share - 0.03, 0):.3f}", high=f"{min(share + 0.03, 1):.3f}", against=window
            )


@pytest.mark.slow
@pytest.mark.parametrize(("seed", "size"), [(1, 6), (2, 12), (4, 24), (6, 36)])
def test_random_realistic_ledgers(seed: int, size: int) -> None:
    facts = list(realistic(size, np.random.default_rng(seed)))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fc.SamplingWarning)
        forecast = answered(facts, 1000)
    assert np.isfinite(forecast.mean).all()
