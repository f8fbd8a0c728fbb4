"""The unpublished months given everything known."""

from __future__ import annotations

import numpy as np
import pytest

from forecasting import CountRegression, Intercept, InvalidInput, Poisson, Trend, load_ledger, reconstruct
from forecasting.models import Posterior
from tests.models import data


@pytest.fixture(scope="module")
def get_lost() -> Posterior:
    evidence = load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    return CountRegression(Intercept() + Trend()).posterior(evidence, draws=2000, rng=np.random.default_rng(4))


@pytest.fixture(scope="module")
def courts() -> Posterior:
    return CountRegression(Intercept() + Trend()).posterior(data.courts(), draws=600, rng=np.random.default_rng(4))


@pytest.mark.parametrize("which", ["get_lost", "courts"])
def test_every_draw_satisfies_every_fact(which: str, request: pytest.FixtureRequest, rng: np.random.Generator) -> None:
    posterior: Posterior = request.getfixturevalue(which)
    known = posterior.data.constraints
    paths = reconstruct(posterior, rng=rng).paths
    assert (paths >= known.lower).all()
    assert (paths <= known.upper).all()
    np.testing.assert_array_equal(paths[:, known.exact], np.tile(known.lower[known.exact], (len(paths), 1)))
    assert known.linear
    for row in known.linear:
        total = paths[:, list(row.positions)] @ np.array(row.coefs)
        assert (total >= (row.low if row.low is not None else total.min())).all()
        assert (total <= (row.high if row.high is not None else total.max())).all()


def test_facts_of_get_lost_hold(get_lost: Posterior, rng: np.random.Generator) -> None:
    months = reconstruct(get_lost, rng=rng)
    assert set(months.total("2023-09", "2023-11").draws.tolist()) == {577.0}
    assert set(months.total("2023-06", "2023-08").draws.tolist()) == {305.0}


def test_yearly_totals_of_the_courts(courts: Posterior, rng: np.random.Generator) -> None:
    months = reconstruct(courts, rng=rng)
    np.testing.assert_array_equal(months.paths[:, :12].sum(axis=1), 1001)
    np.testing.assert_array_equal(months.paths[:, 12:24].sum(axis=1), 5092)
    assert (months.paths[:, :24] < 644).all()


def test_months_of_a_known_total_are_multinomial(rng: np.random.Generator) -> None:
    """Poisson months given their sum share it in proportion to their means, whatever the level."""
    y = data.Known(
        data.months(5),
        data.Constraints.solve(
            data.months(5),
            [
                data.Linear((0, 1, 2), (1, 1, 1), 90, 90),
                data.Linear((3,), (1,), 25, 25),
                data.Linear((4,), (1,), 33, 33),
            ],
        ),
    )
    posterior = CountRegression(Intercept(), Poisson()).posterior(y, draws=20_000, rng=rng)
    paths = reconstruct(posterior, rng=rng).paths[:, :3].astype(float)
    np.testing.assert_allclose(paths.mean(axis=0), 30.0, atol=0.15)
    np.testing.assert_allclose(paths.var(axis=0), 90 * (1 / 3) * (2 / 3), rtol=0.05)


def test_missing_months_follow_the_model(rng: np.random.Generator) -> None:
    y = data.series([50] * 12, missing=[5])
    posterior = CountRegression(Intercept(), Poisson()).posterior(y, draws=20_000, rng=rng)
    month = reconstruct(posterior, rng=rng).paths[:, 5]
    assert month.mean() == pytest.approx(50.0, abs=0.3)
    assert month.var() == pytest.approx(50.0 + 50.0 / 11, rel=0.05)


def test_tables(get_lost: Posterior, rng: np.random.Generator) -> None:
    months = reconstruct(get_lost, rng=rng)
    table, interval = months.to_frame(), months.interval(0.9)
    assert list(table.index) == list(get_lost.months)
    np.testing.assert_array_equal(table[["lo-90", "hi-90"]], interval)
    assert (interval["lower"] <= interval["upper"]).all()


@pytest.mark.parametrize(("start", "end"), [("2023-08", "2023-07"), ("2019-01", "2023-07")])
def test_impossible_windows(get_lost: Posterior, start: str, end: str, rng: np.random.Generator) -> None:
    with pytest.raises(InvalidInput):
        reconstruct(get_lost, rng=rng).total(start, end)


def test_a_fit_is_no_posterior(rng: np.random.Generator) -> None:
    with pytest.raises(InvalidInput, match=r"not from Fit; make one with model\.posterior"):
        reconstruct(CountRegression().fit(data.courts()), rng=rng)  # type: ignore[arg-type]
