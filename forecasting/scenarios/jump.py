"""Was the jump a surprise?  One window of months against an earlier one, under every baseline."""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.inference.priors import Priors
from forecasting.models import CountRegression, Posterior, Reconstruction, reconstruct
from forecasting.models.base import read_data
from forecasting.months import Window, days_in
from forecasting.randomness import Rng, require_rng
from forecasting.scenarios import rates
from forecasting.scenarios.baselines import TREND_AND_STEP, Baseline, baselines
from forecasting.scenarios.levels import central_interval, level_changes, ratio_of_expected_totals
from forecasting.scenarios.outlook import Continue, Outlook, Persist, Revert, outlook
from forecasting.scenarios.report import JumpReport, Result, StepEffect
from forecasting.scenarios.sensitivity import under_priors
from forecasting.scenarios.surprise import Surprise, surprise
from forecasting.scenarios.windows import Comparison
from forecasting.terms import Exposure, Intercept, Step, Terms

_SCALES = (0.5, 1.0, 2.0)


def jump(
    data: Observed,
    before: Window,
    after: Window,
    *,
    draws: int | None = None,
    level: float = 0.95,
    horizon: int = 3,
    priors: Priors | None = None,
    rng: Rng,
) -> JumpReport:
    """Compare the total of a later window of months with that of an earlier one, under every baseline.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known of the months.
    before, after : tuple of (start, end)
        The windows, both ends included; `before` ends before `after` starts.
    draws : int, optional
        Posterior draws a baseline; as in `CountRegression.posterior` where left out.
    level : float
        Coverage of the intervals.
    horizon : int
        Months of the outlook after the data.
    priors : Priors, optional
        Scales of the priors; the defaults are weak.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    JumpReport

    Raises
    ------
    InvalidWindow
        If a window is outside the data, overlaps the other, or nothing limits its total.
    InvalidInput
        If `data` is neither a CountSeries nor Evidence, or too little is known for any model.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = ["2023-05", "2023-06", "2023-07", "2023-08", "2023-09", "2023-10"]
    >>> series = fc.CountSeries(months, [90, 95, 105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=500, rng=np.random.default_rng(1))
    >>> print(report.in_words().split(":")[0])
    September to October 2023 counted 390, July to August 2023 205
    >>> round(report.comparison.ratio, 2)
    1.9
    """
    generator = require_rng(rng)
    if not 0.0 < level < 1.0:
        raise InvalidInput(f"level={level!r} must lie between 0 and 1, for example 0.95")
    scales = priors or Priors()
    comparison = Comparison.of(read_data(data), before, after)
    kept, left_out = baselines(data, comparison.after[0], scales)
    streams = iter(generator.spawn(3 * len(kept) + 5))
    fits: dict[str, Posterior] = {}
    searches: dict[str, float] = {}
    surprises: dict[str, Surprise | str] = {}
    for baseline in kept:
        fits[baseline.name] = baseline.model.posterior(data, draws=draws, rng=next(streams))
        searches[baseline.name] = _search(fits[baseline.name], comparison, next(streams))
        try:
            surprises[baseline.name] = surprise(baseline.model, data, comparison, draws=draws, rng=next(streams))
        except InvalidInput as error:  # too little is known of the earlier months for a forecast
            surprises[baseline.name] = str(error)
    probabilities = _probabilities({name: fit.log_evidence for name, fit in fits.items()})
    results = tuple(
        Result(
            name=baseline.name,
            meaning=baseline.meaning,
            terms=repr(Terms.of(baseline.model.terms)),
            posterior=fits[baseline.name],
            probability=probabilities[baseline.name],
            surprise=surprises[baseline.name],
            search=searches[baseline.name],
        )
        for baseline in kept
    )
    both = fits[TREND_AND_STEP]
    changes = level_changes(data, comparison)
    return JumpReport(
        series=data.name,
        months=data.months,
        as_of=getattr(data, "as_of", None),
        reading=getattr(data, "reading", ()),
        comparison=comparison,
        level=level,
        observed=_observed(data, comparison, changes, fits["step"], level, draws, next(streams)),
        only_windows=changes == (comparison.after[0],),
        results=results,
        left_out=left_out,
        step=StepEffect.of(both, comparison.after[0], level),
        sensitivity=_sensitivity(kept, fits, comparison, level, next(streams)),
        known=_known(data, reconstruct(both, rng=next(streams))),
        outlook=_outlook(both, comparison, horizon, next(streams)),
        priors=scales,
        draws=len(both.draws),
    )


def _search(posterior: Posterior, comparison: Comparison, rng: np.random.Generator) -> float:
    r"""Return :math:`P(\max_i A_i/B_i\ge r)` over pairs of such windows in replicated periods (Meng 1994)."""
    mean = np.exp(posterior.log_mean(posterior.months))
    columns = [values[:, None] for values in posterior.shape]
    paths = posterior.distribution.sample(mean, *columns, rng=rng)
    return float((comparison.largest_ratio(paths) >= comparison.ratio - 1e-12).mean())


def _probabilities(log_evidence: dict[str, float]) -> dict[str, float]:
    r"""Return posterior probabilities :math:`Z_k/\sum_j Z_j` of models that were equally probable before."""
    top = max(log_evidence.values())
    weights = {name: float(np.exp(value - top)) for name, value in log_evidence.items()}
    total = sum(weights.values())
    return {name: weight / total for name, weight in weights.items()}


def _observed(
    data: Observed,
    comparison: Comparison,
    changes: tuple[pd.Period, ...],
    step: Posterior,
    level: float,
    draws: int | None,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return the ratio a month and a day with its intervals; exact ones only where both totals are exact."""
    boundary = comparison.after[0]
    own = rng.spawn(2)

    def levels(steps: tuple[pd.Period, ...], *exposure: Exposure, rng: np.random.Generator) -> Posterior:
        terms = Terms((Intercept(), *map(Step, steps), *exposure))
        return CountRegression(terms, NegativeBinomial(), step.priors).posterior(data, draws=draws, rng=rng)

    days = Exposure("days")
    by_boundary = {"month": step, "day": levels((boundary,), days, rng=rng)}
    by_window = by_boundary
    if changes != (boundary,):
        by_window = {"month": levels(changes, rng=own[0]), "day": levels(changes, days, rng=own[1])}
    exposures = {"month": comparison.month_exposure, "day": comparison.day_exposure}
    rows = {}
    for unit, exposure in exposures.items():
        exact = midp = (np.nan, np.nan)
        if comparison.exact:
            pair = (comparison.after_range[0], int(comparison.before_range[1]))
            exact = rates.exact_interval(*pair, exposure, level)
            midp = rates.mid_p_interval(*pair, exposure, level)
        window = central_interval(ratio_of_expected_totals(by_window[unit], comparison, exposure), level)
        effect = StepEffect.of(by_boundary[unit], boundary, level)
        rows[unit] = {
            "ratio": comparison.ratio / exposure,
            "exact_lower": exact[0],
            "exact_upper": exact[1],
            "mid_p_lower": midp[0],
            "mid_p_upper": midp[1],
            "window_lower": window[0],
            "window_upper": window[2],
            "negative_binomial_lower": effect.lower,
            "negative_binomial_upper": effect.upper,
            "before_exposure": len(comparison.before) if unit == "month" else int(days_in(comparison.before).sum()),
            "after_exposure": len(comparison.after) if unit == "month" else int(days_in(comparison.after).sum()),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("per")


def _sensitivity(
    kept: tuple[Baseline, ...],
    fits: dict[str, Posterior],
    comparison: Comparison,
    level: float,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Return model probabilities and the step beyond the trend with every prior scale halved, as it is, and doubled."""
    rows = {}
    tail = (1.0 - level) / 2.0
    for factor in _SCALES:
        other = {
            baseline.name: under_priors(fits[baseline.name], baseline.model, baseline.model.priors.scaled(factor), rng)
            for baseline in kept
        }
        name = f"step[{comparison.after[0]}]"
        low, middle, high = other[TREND_AND_STEP].quantile(name, [tail, 0.5, 1.0 - tail])
        rows[factor] = {
            **_probabilities({name: result.log_evidence for name, result in other.items()}),
            "step_median": float(np.exp(middle)),
            "step_lower": float(np.exp(low)),
            "step_upper": float(np.exp(high)),
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("prior_scale")


def _known(data: Observed, months: Reconstruction) -> pd.DataFrame:
    """Return the feasible range and the posterior of every month of the data, a row a month."""
    known = data.constraints
    ranges = pd.DataFrame({"lower": known.lower, "upper": known.upper, "exact": known.exact}, index=data.months)
    return ranges.join(months.to_frame())


def _outlook(posterior: Posterior, comparison: Comparison, horizon: int, rng: np.random.Generator) -> Outlook:
    """Return the next months if the level stays, goes back to the earlier window, or moves on with the trend."""
    revert = Revert(comparison.before[0], comparison.before[-1])
    return outlook(posterior, scenarios=[Persist(), revert, Continue()], horizon=horizon, rng=rng)
