from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

import forecasting as fc
from forecasting import InvalidInput, Priors
from forecasting.inference.annealing import anneal
from forecasting.inference.density import Rough
from forecasting.inference.proposals import StudentT, mixture_log_density
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.inference.resampling import systematic
from forecasting.inference.sampling import sample_posterior
from forecasting.kernels.counts import FloatArray
from forecasting.parameters import log_normal_density
from tests.inference.densities import Known, normal_mixture


def test_evidence_and_moments_of_a_normal(rng: np.random.Generator) -> None:
    centre = np.array([2.0, -5.0])
    sample = sample_posterior(Known(normal_mixture((3.5, centre, 0.7)), np.zeros(2), np.ones(2)), 20_000, rng=rng)
    assert sample.quality.method == "importance"
    assert sample.quality.khat < 0.3
    assert sample.log_evidence == pytest.approx(np.log(3.5), abs=0.01)
    np.testing.assert_allclose(sample.work.mean(axis=0), centre, atol=0.025)
    np.testing.assert_allclose(sample.work.std(axis=0), 0.7, rtol=0.03)


def test_a_folded_normal_lives_on_the_half_line(rng: np.random.Generator) -> None:
    folded = np.array([True])

    def half(x: FloatArray) -> FloatArray:
        return log_normal_density(x, np.zeros(1), np.array([2.0]), folded)

    sample = sample_posterior(Known(half, np.array([0.5]), np.array([1.0]), folded), 20_000, rng=rng)
    assert sample.log_evidence == pytest.approx(0.0, abs=0.015)
    assert (sample.work >= 0).all()
    assert sample.work.mean() == pytest.approx(2.0 * np.sqrt(2 / np.pi), rel=0.03)


def test_a_skewed_density(rng: np.random.Generator) -> None:
    """Log of a gamma variate with shape 1.5: evidence one, mean digamma."""
    from scipy.special import digamma, gammaln

    density = Known(lambda x: 1.5 * x[:, 0] - np.exp(x[:, 0]) - gammaln(1.5), np.zeros(1), np.ones(1))
    sample = sample_posterior(density, 20_000, rng=rng)
    assert sample.log_evidence == pytest.approx(0.0, abs=0.015)
    assert sample.work.mean() == pytest.approx(digamma(1.5), abs=0.04)


class Dear(Known):
    """A density beside one that is nearly the same."""

    gap: float

    def rough(self) -> Rough:
        exact = normal_mixture((3.5, np.array([2.0, -5.0]), 0.7))
        return Rough(self, lambda work: exact(work) + self.gap * np.sin(3.0 * work[:, 0]), self.log_likelihood)


@pytest.mark.parametrize(("gap", "enough"), [(0.3, True), (4.0, False)])
def test_draws_of_a_rough_likelihood_are_weighed_by_the_likelihood(
    gap: float, enough: bool, rng: np.random.Generator
) -> None:
    """A likelihood that is far from the rough one is sampled as if there were none."""
    centre, evaluated = np.array([2.0, -5.0]), []
    exact = normal_mixture((3.5, centre, 0.7))

    def counted(work: FloatArray) -> FloatArray:
        evaluated.append(len(work))
        return exact(work)

    density = Dear(counted, np.zeros(2), np.ones(2))
    density.gap = gap
    sample = sample_posterior(density, 20_000, rng=rng)
    assert (sum(evaluated) == 20_000) is enough
    assert sample.log_evidence == pytest.approx(np.log(3.5), abs=0.015)
    np.testing.assert_allclose(sample.work.mean(axis=0), centre, atol=0.025)
    np.testing.assert_allclose(sample.work.std(axis=0), 0.7, rtol=0.03)
    np.testing.assert_allclose(sample.log_likelihood, exact(sample.work), rtol=1e-9)


@pytest.fixture
def two_hills() -> Known:
    """A quarter of the mass far from the mode that the climb finds, and wider than it."""
    hills = normal_mixture((1.5, np.array([0.0, 0.0]), 0.1), (0.5, np.array([6.0, 3.0]), 0.3))
    return Known(hills, np.array([0.1, 0.0]), np.ones(2))


def test_annealing_finds_both_hills(two_hills: Known, rng: np.random.Generator) -> None:
    proposal = [(StudentT(np.array([2.0, 1.0]), 3.0 * np.eye(2), 5.0), 1.0)]
    points = proposal[0][0].draw(8000, two_hills.folded, rng)
    work, log_likelihood, _, log_evidence, ess = anneal(
        two_hills, points, lambda x: mixture_log_density(x, proposal, two_hills.folded), rng
    )
    assert log_evidence == pytest.approx(np.log(2.0), abs=0.12)
    assert (work[:, 0] > 3.0).mean() == pytest.approx(0.25, abs=0.05)
    first = work[work[:, 0] < 3.0]
    np.testing.assert_allclose(first.std(axis=0), 0.1, rtol=0.08)
    np.testing.assert_allclose(log_likelihood, two_hills.log_likelihood(work))
    assert ess > 100


def test_annealing_holds_the_law_next_to_a_fold(rng: np.random.Generator) -> None:
    """The other coordinate leans on the folded one; jumps reflected at zero would pile up there (mean 0.72 for 0.80)."""
    folded = np.array([True, False])

    def leaning(x: FloatArray) -> FloatArray:
        size = np.abs(x[:, 0])
        return -0.5 * np.square(size) - 0.5 * np.square((x[:, 1] - 2.0 * size) / 0.3)

    density = Known(leaning, np.zeros(2), np.ones(2), folded)
    size = np.abs(rng.standard_normal(4000))
    exact = np.column_stack([size, 2.0 * size + 0.3 * rng.standard_normal(4000)])
    points = anneal(density, exact, leaning, rng)[0]
    assert (points[:, 0] >= 0.0).all()
    assert points[:, 0].mean() == pytest.approx(np.sqrt(2.0 / np.pi), abs=4 * 1.5 * 0.6 / 4000**0.5)
    assert (points[:, 1] - 2.0 * points[:, 0]).mean() == pytest.approx(0.0, abs=4 * 1.5 * 0.3 / 4000**0.5)


def test_weights_that_cannot_be_trusted_lead_to_annealing(rng: np.random.Generator) -> None:
    """A funnel: the first coordinate sets the spread of the others, and the mode lies where there is no mass."""

    def funnel(x: FloatArray) -> FloatArray:
        v, rest = x[:, 0], x[:, 1:]
        inner = -0.5 * np.sum(rest**2, axis=1) * np.exp(-v) - 0.5 * rest.shape[1] * (v + np.log(2 * np.pi))
        return inner - 0.5 * (v / 1.5) ** 2 - np.log(1.5 * np.sqrt(2 * np.pi))

    sample = sample_posterior(Known(funnel, np.zeros(5), np.ones(5)), 6000, rng=rng)
    assert sample.quality.method == "annealed"
    assert sample.quality.khat > 0.7
    assert sample.mode.point[0] == pytest.approx(-4.5, abs=0.05)
    assert sample.log_evidence == pytest.approx(0.0, abs=0.12)
    assert sample.work[:, 0].mean() == pytest.approx(0.0, abs=0.15)
    assert sample.work[:, 0].std() == pytest.approx(1.5, rel=0.08)


def test_heavy_tails(rng: np.random.Generator) -> None:
    """A Cauchy density in two dimensions: whichever sampler serves, evidence and quartiles are right."""
    density = Known(lambda x: -1.5 * np.log1p(np.sum(x**2, axis=1)) - np.log(2 * np.pi), np.ones(2), np.ones(2))
    sample = sample_posterior(density, 20_000, rng=rng)
    assert sample.log_evidence == pytest.approx(0.0, abs=0.06)
    np.testing.assert_allclose(np.quantile(sample.work[:, 0], [0.25, 0.5, 0.75]), [-1.0, 0.0, 1.0], atol=0.15)


def test_walls_are_outside_the_posterior(rng: np.random.Generator) -> None:
    def walled(x: FloatArray) -> FloatArray:
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(x[:, 0] > 0, 2 * np.log(x[:, 0]) - x[:, 0] - np.log(2.0), np.nan)

    sample = sample_posterior(Known(walled, np.array([1.0]), np.array([1.0])), 20_000, rng=rng)
    assert (sample.work > 0).all()
    assert sample.work.mean() == pytest.approx(3.0, rel=0.03)
    assert sample.log_evidence == pytest.approx(0.0, abs=0.03)


def test_log_likelihoods_belong_to_the_draws(two_hills: Known, rng: np.random.Generator) -> None:
    sample = sample_posterior(two_hills, 1000, rng=rng)
    np.testing.assert_array_equal(sample.log_likelihood, two_hills.log_likelihood(sample.work))


def test_systematic_resampling_is_unbiased(rng: np.random.Generator) -> None:
    weights = np.array([0.03, 0.0, 0.41, 0.2, 0.36])
    frequency = np.mean([np.bincount(systematic(weights, 7, rng), minlength=5) for _ in range(20_000)], axis=0)
    np.testing.assert_allclose(frequency, 7 * weights, atol=0.015)
    for _ in range(50):
        number = np.bincount(systematic(weights, 100, rng), minlength=5)
        assert (np.abs(number - 100 * weights) <= 1).all()


def test_resampled_draws_are_in_random_order(rng: np.random.Generator) -> None:
    order = systematic(np.full(1000, 1e-3), 1000, rng)
    assert abs(np.corrcoef(order, np.arange(1000))[0, 1]) < 0.15


@pytest.mark.parametrize("folded", [[False, False], [True, False], [True, True]])
def test_a_proposal_is_the_density_of_its_draws(folded: list[bool], rng: np.random.Generator) -> None:
    """Importance weights of a normal target average to its mass on the half lines that are in use."""
    where = np.array(folded)
    part = StudentT(np.array([0.4, 1.0]), np.array([[1.5, 0.0], [0.5, 2.0]]), 5.0)
    points = part.draw(200_000, where, rng)
    assert (points[:, where] >= 0).all()
    target = log_normal_density(points, np.zeros(2), np.ones(2), where)
    ratio = np.exp(target - mixture_log_density(points, [(part, 1.0)], where))
    assert ratio.mean() == pytest.approx(1.0, abs=5 * ratio.std() / np.sqrt(ratio.size))


def test_a_mixture_is_the_weighted_sum(rng: np.random.Generator) -> None:
    where = np.array([False])
    parts = [(StudentT(np.zeros(1), np.eye(1), 7.0), 0.3), (StudentT(np.full(1, 4.0), 2 * np.eye(1), 7.0), 0.7)]
    x = rng.normal(size=(20, 1))
    expected = sum(w * np.exp(part.log_density(x, where)) for part, w in parts)
    np.testing.assert_allclose(np.exp(mixture_log_density(x, parts, where)), expected)


def test_priors_integrate_to_one() -> None:
    grid = np.linspace(-30, 30, 200_001)
    step = grid[1] - grid[0]
    for folded in (False, True):
        density = np.exp(log_normal_density(grid[:, None], np.array([0.0]), np.array([2.0]), np.array([folded])))
        assert density[grid >= 0 if folded else slice(None)].sum() * step == pytest.approx(1.0, abs=1e-3)


def test_priors_can_be_scaled_and_are_checked() -> None:
    doubled = dict(Priors().scaled(2.0))
    assert doubled == {name: 2.0 * scale for name, scale in Priors().items()}
    assert doubled["trend"] == 2 * Priors().trend
    for bad in (0.0, -1.0, np.inf, np.nan):
        with pytest.raises(InvalidInput, match="prior scale trend"):
            Priors(trend=bad)


def test_a_doubtful_posterior_says_what_to_do() -> None:
    counts = np.repeat([2, 1_000_000], 30)
    series = fc.CountSeries(pd.period_range("2018-01", periods=60, freq="M"), counts, unique_id="burst")
    model = fc.DynamicLevel(trend=True, reversion=True)
    with pytest.warns(fc.SamplingWarning, match=r"burst: k-hat is .*, above 0\.7.*another seed") as told:
        posterior = model.posterior(series, draws=200, rng=np.random.default_rng(1))
    assert posterior.khat > KHAT_LIMIT
    assert f"{posterior.khat:.3g}" in str(told[0].message)
    assert told[0].filename == __file__
    assert posterior.draws.shape[0] == 200
    assert posterior.ess <= 200


def test_few_draws_are_as_good_as_many() -> None:
    """A proposal is fitted to enough points, however few of the draws are wanted."""
    bell = Known(normal_mixture((1.0, np.zeros(3), 1.0)), np.ones(3), np.ones(3))
    few, many = (sample_posterior(bell, draws, rng=np.random.default_rng(2)) for draws in (100, 500))
    assert few.quality.khat == many.quality.khat
    assert few.log_evidence == many.log_evidence
    assert len(few.work) == 100


def test_every_limit_of_khat_is_the_same() -> None:
    """The number stands in the code once."""
    package = Path(fc.__file__).parent
    lines = [
        line.strip()
        for file in package.rglob("*.py")
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.search(r"khat|k.hat|KHAT|doubtful", line, re.I) and re.search(r"[=<>]\s*0\.7\b", line)
    ]
    assert [line for line in lines if ">>>" not in line] == ["KHAT_LIMIT = 0.7"]


def test_a_scale_from_the_largest_growth_one_would_believe() -> None:
    priors = Priors.from_largest_growth(0.2, step=0.5)
    assert norm.cdf(np.log(1.2), scale=priors.trend) == pytest.approx(0.975, abs=1e-4)
    assert priors.step == 0.5
    for wrong in (0.0, -0.1, np.inf, True, "20%"):
        with pytest.raises(InvalidInput, match="monthly="):
            Priors.from_largest_growth(wrong)  # type: ignore[arg-type]
