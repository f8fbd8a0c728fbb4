"""Every piece of the validation runs, and its tools are right."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmarks import validate
from benchmarks.replications import Study, digest
from benchmarks.validation import PIECES, calibration, generative, jumps, methods, prediction, ranks, truths


@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
@pytest.mark.parametrize("name", PIECES)
def test_piece(name: str, tmp_path: Path) -> None:
    """Records of one case stand for those of all: what is tested is the way from records to a page."""
    piece = PIECES[name]
    first = next(iter(piece.STUDY.cases.values()))
    records = [piece.STUDY.replicate(first, np.random.SeedSequence((1, number))) for number in range(2)]
    assert piece.STUDY.replicate(first, np.random.SeedSequence((1, 0))) == records[0]
    summary = piece.summarise({case: json.loads(json.dumps(records)) for case in piece.STUDY.cases})
    json.dumps(summary, allow_nan=name == "recovery")
    page = "\n".join(piece.page(summary))
    assert page.startswith("# ")
    assert piece.headline(summary)
    assert piece.TITLE
    if hasattr(piece, "draw"):
        piece.draw(summary, tmp_path / "picture.svg")
        assert "<svg" in (tmp_path / "picture.svg").read_text(encoding="utf-8")


def test_the_summary_keeps_what_other_runs_put_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = PIECES["sbc"].STUDY
    monkeypatch.setattr(PIECES["sbc"], "STUDY", replace(study, cases=dict(list(study.cases.items())[:2])))
    for name in ("coverage", "sbc"):
        arguments = ["--replications", "2", "--workers", "1", "--folder", str(tmp_path), "--results", str(tmp_path)]
        validate.main([name, *arguments])
        assert {f.suffix for f in tmp_path.glob(f"{name}.*")} == {".json", ".jsonl", ".md", ".svg"}
    pieces = json.loads((tmp_path / "summary.json").read_text())["pieces"]
    assert set(pieces) == {"sbc", "coverage"}
    assert {"date", "seed", "versions", "code", "headline"} <= set(pieces["sbc"])
    assert "(sbc.md)" in (tmp_path / "README.md").read_text()


def test_only_what_runs_above_the_study_makes_records(tmp_path: Path) -> None:
    script = tmp_path / "piece.py"

    def key(text: str) -> str:
        script.write_text(text)
        return digest(Study({}, lambda case, seed: {}, script))

    assert key("a = 1\nSTUDY = 2\nb = 3\n") == key("a = 1\nSTUDY = 2\nb = 4\n")
    assert key("a = 1\nSTUDY = 2\n") != key("a = 2\nSTUDY = 2\n")
    assert key('def f():\n    """One."""\n    return 1\n') == key(
        'def f():\n    """Two."""\n    return 1  # as it was\n'
    )
    assert key('"""One."""\na = 1\n') == key("a = 1\n")


def test_uniform_ranks_pass_and_others_do_not(rng: np.random.Generator) -> None:
    uniform = rng.integers(0, ranks.RANKED + 1, 400)
    narrow = np.clip(np.rint(49.5 + 1.3 * (uniform - 49.5)), 0, ranks.RANKED).astype(int)
    assert ranks.summarise(uniform)["p_ecdf"] > 0.05
    assert ranks.summarise(narrow)["p_ecdf"] < 0.01
    assert ranks.summarise(narrow)["spread"] > 1.1
    assert ranks.summarise(uniform // 2)["bias"] < -10


def test_the_band_holds_all_bars_of_uniform_ranks_in_19_of_20_studies(rng: np.random.Generator) -> None:
    bars = rng.multinomial(300, np.full(ranks.BINS, 1.0 / ranks.BINS), size=2000)
    low, high = ranks.band(300)
    inside = ((low <= bars) & (bars <= high)).all(axis=1).mean()
    assert 0.93 < inside < 0.99  # 95% or, as counts are whole, a little more


def test_ties_are_broken_evenly(rng: np.random.Generator) -> None:
    found = [ranks.rank(np.array([5.0]), np.full((99, 1), 5.0), rng)[0] for _ in range(2000)]
    assert min(found) == 0
    assert max(found) == 99
    assert np.mean(found) == pytest.approx(49.5, abs=4 * 28.9 / np.sqrt(2000))


@pytest.mark.parametrize(
    "name", ["dynamic level, growth, reversion", "autoregression, log", "autoregression, identity"]
)
def test_recipes_have_the_means_of_the_models(name: str, rng: np.random.Generator) -> None:
    """The likelihood of simulated counts under the library is that of the recipe's own month-by-month means."""
    case = calibration.CASES[name]
    reference = case.reference
    work = case.parameters(reference, rng)
    means = []
    family = type(case.model.distribution)
    sample = family.sample

    def noted(self: object, mean: np.ndarray, *shape: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        means.append(float(mean[0]))
        return sample(self, mean, *shape, rng=rng)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(family, "sample", noted)
        y = case.counts(reference, work, rng)[: case.months]
    density = case.model.density(generative.series(y))
    alpha = reference.natural(work[None])[0, -1]
    expected = case.model.distribution.logpmf(y, np.array(means[: case.months]), alpha).sum()
    assert density.log_likelihood(work[None])[0] == pytest.approx(expected, rel=1e-9)


def test_half_of_the_prior_lies_on_either_side(rng: np.random.Generator) -> None:
    """Draws of an autoregression's prior against its density, which is normalised: the mean of 1 / (p q) is the volume."""
    case = calibration.CASES["autoregression, log"]
    reference = case.reference
    drawn = np.array([case.parameters(reference, rng) for _ in range(4000)])
    past = drawn[:, 1:3]
    assert (np.abs(past) < 1).all()
    assert (np.abs(past.sum(axis=1)) < 1).all()
    inside = (np.abs(past) < 0.3).all(axis=1)
    grid = np.stack(np.meshgrid(*2 * [np.linspace(-0.295, 0.295, 60)]), axis=-1).reshape(-1, 2)
    points = np.tile(np.array([reference.centre[0], 0.0, 0.0, 0.1]), (len(grid), 1))
    points[:, 1:3] = grid
    height = np.exp(reference.log_prior(points))
    level, root = case.model.priors.level, case.model.priors.dispersion
    rest = 1.0 / (level * np.sqrt(2 * np.pi)) * 2.0 / (root * np.sqrt(2 * np.pi)) * np.exp(-0.5 * (0.1 / root) ** 2)
    share = height.sum() * (0.6 / 60) ** 2 / rest
    assert inside.mean() == pytest.approx(share, abs=4 * np.sqrt(share / 4000))


def test_scores_and_coverage_by_brute_force(rng: np.random.Generator) -> None:
    draws, y = rng.poisson(5.0, (300, 2)).astype(float), np.array([4.0, 11.0])
    apart = np.abs(draws[:, None] - draws[None]).sum(axis=(0, 1)) / (300 * 299)
    expected = np.abs(draws - y).mean(axis=0) - 0.5 * apart
    np.testing.assert_allclose(prediction.ranked_probability(np.sort(draws, axis=0), y), expected)
    level, tail = 0.8, 0.1
    ends = np.quantile(draws[:, 0], [tail, 1 - tail], method="inverted_cdf")
    for count in range(12):
        below, upto = (np.array([[share]]) for share in ((draws[:, 0] < count).mean(), (draws[:, 0] <= count).mean()))
        assert prediction._whole(below, upto, level)[0, 0] == float(ends[0] <= count <= ends[1])


def test_fair_coverage_of_the_truth_is_the_level(rng: np.random.Generator) -> None:
    law = np.sort(rng.poisson(2.0, 100_000))
    y = rng.poisson(2.0, 4000)
    below, upto = np.searchsorted(law, y) / law.size, np.searchsorted(law, y, side="right") / law.size
    fair = prediction._fair(below[:, None], upto[:, None], 0.9)
    assert fair.mean() == pytest.approx(0.9, abs=4 * fair.std() / np.sqrt(len(y)))


@pytest.mark.parametrize("name", truths.PLAIN | truths.HARD)
def test_truths_and_their_oracles_have_the_same_future(name: str) -> None:
    """Over many series the truth falls anywhere among the oracle's paths."""
    below = []
    for number in range(60):
        drawn = (truths.PLAIN | truths.HARD)[name](12, np.random.default_rng((7, number)))
        assert drawn.past.shape == (12,)
        assert drawn.oracle.shape == (truths.PATHS, truths.HORIZON)
        total, paths = drawn.future.sum(), drawn.oracle.sum(axis=1)
        below.append(0.5 * ((paths < total).mean() + (paths <= total).mean()))
    assert np.mean(below) == pytest.approx(0.5, abs=4 / np.sqrt(12 * 60))


def test_the_usual_practice_is_what_statsmodels_says(rng: np.random.Generator) -> None:
    y = truths.negative_binomial(np.full(200, 20.0), 0.1, rng)
    beta, alpha, outcome = methods.plug_in(y, np.ones((200, 1)))
    assert outcome == "converged"
    assert np.exp(beta[0]) == pytest.approx(y.mean(), rel=1e-4)
    assert alpha == pytest.approx(0.1, abs=0.05)
    assert methods.plug_in(np.repeat([4, 5], 10), np.ones((20, 1)))[1] < 1e-3


def test_windows_chosen_after_the_fact_rise_most() -> None:
    y = np.ones(36, dtype=int)
    y[12:18] = 9
    assert jumps.boundary(y, 6, chosen=True) == 12
    assert jumps.boundary(y, 6, chosen=False) == 30


def test_usual_tests_of_a_jump_keep_their_promise() -> None:
    """Under independent Poisson months; the exact test calls too rarely."""
    case = jumps.Case("Poisson")
    found = []
    for number in range(300):
        rng = np.random.default_rng((3, number))
        y = jumps.simulate(case, rng)[-2 * case.window :]
        before, after = y[: case.window], y[case.window :]
        found.append([jumps._quasi_poisson(before, after), jumps._permutation(before, after, rng)])
    called = (np.array(found) < jumps.THRESHOLD).mean(axis=0)
    np.testing.assert_allclose(called, jumps.THRESHOLD, atol=4 * np.sqrt(0.05 * 0.95 / 300))
