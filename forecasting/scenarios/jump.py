"""Was the jump a surprise?  One window of months against an earlier one, under every baseline."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.likelihood import FactLikelihood
from forecasting.models import Posterior, Reconstruction, reconstruct
from forecasting.models.known import read_data
from forecasting.months import Window, following
from forecasting.parameters import Priors, read_priors
from forecasting.predictive.levels import read_level
from forecasting.randomness import Rng, named_streams
from forecasting.scenarios.assumptions import Continue, Persist, Revert
from forecasting.scenarios.baselines import Baseline
from forecasting.scenarios.findings import Result
from forecasting.scenarios.fits import Fits
from forecasting.scenarios.observed import observed
from forecasting.scenarios.onsets import onset
from forecasting.scenarios.outlook import Outlook, outlook
from forecasting.scenarios.report import JumpReport
from forecasting.scenarios.search import search
from forecasting.scenarios.sensitivity import Reweighted, averaged_step, sensitivity
from forecasting.scenarios.weighing import Weighing
from forecasting.scenarios.windows import Windows

_FEW = 500  # draws a baseline where totals of large months make the likelihood dear
_ONSET = 1000  # draws of the month of the step, which are shared by the months


def jump(
    data: Observed,
    before: Window,
    after: Window,
    *,
    draws: int | None = None,
    level: float = 0.95,
    horizon: int = 3,
    priors: Priors | None = None,
    largest_growth: float | None = None,
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
        Posterior draws per baseline; as in `CountRegression.posterior` by default, or 500 where the likelihood is costly.
    level : float
        Coverage of the intervals.
    horizon : int
        Months of the outlook after the data.
    priors : Priors, optional
        Scales of the priors; the defaults are weak for the ratio of two windows.
    largest_growth : float, optional
        The largest steady growth per month that you would believe, for example 0.1 for 10%; it takes the place of the prior
        scale of the trend (`Priors.from_largest_growth`).
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
    >>> report.verdict.split(":")[0], report.direction
    ('Yes under every baseline tried', 'rise')
    >>> round(report.comparison.ratio, 2)
    1.9
    """
    read_level(level)
    stream, scales = named_streams(rng), read_priors(priors)
    if largest_growth is not None:
        scales = Priors(**{**scales, "trend": Priors.from_largest_growth(largest_growth).trend})
    comparison = Windows.of(read_data(data), before, after)
    following(data.months, horizon)  # a bad horizon is refused before any work
    number = _FEW if draws is None and FactLikelihood(data.constraints).costly else draws
    fits = Fits.of(data, comparison, scales, number, stream)
    weighing = Weighing.of(fits.baselines, {name: fit.log_evidence for name, fit in fits.posteriors.items()})
    drawn = {name: Reweighted.as_drawn(fit) for name, fit in fits.posteriors.items()}
    table, only_windows = observed(data, comparison, scales, level, number, stream)
    return JumpReport(
        series=data.name,
        months=data.months,
        as_of=getattr(data, "as_of", None),
        reading=getattr(data, "reading", ()),
        comparison=comparison,
        level=level,
        observed=table,
        only_windows=only_windows,
        results=tuple(_result(one, fits, weighing, stream("search", one.name)) for one in fits.baselines),
        left_out=fits.left_out,
        weighing=weighing,
        step=averaged_step(fits, drawn, weighing, level),
        sensitivity=sensitivity(fits, scales, level, partial(stream, "sensitivity")),
        known=_known(data, reconstruct(fits.fullest, rng=stream("months"))),
        onset=onset(data, draws=draws or _ONSET, priors=scales, rng=stream("onset")),
        outlook=_outlook(fits.fullest, comparison, horizon, stream("outlook")),
        priors=scales,
        draws=len(fits.fullest.draws),
    )


def _result(one: Baseline, fits: Fits, weighing: Weighing, rng: np.random.Generator) -> Result:
    return Result(
        name=one.name,
        meaning=one.meaning,
        terms=one.formula,
        kind=one.kind,
        has_step=one.step,
        prior=one.prior,
        posterior=fits.posteriors[one.name],
        probability=weighing.probabilities[one.name],
        surprise=fits.surprises[one.name],
        search=float("nan") if one.step else search(fits.without_step(one), fits.comparison, rng, wanders=one.wanders),
    )


def _known(data: Observed, months: Reconstruction) -> pd.DataFrame:
    """Return the feasible range and the posterior of every month of the data, one row per month."""
    known = data.constraints
    ranges = pd.DataFrame({"lower": known.lower, "upper": known.upper, "exact": known.exact}, index=data.months)
    return ranges.join(months.to_frame())


def _outlook(posterior: Posterior, comparison: Windows, horizon: int, rng: np.random.Generator) -> Outlook:
    """Return the next months if the level stays, goes back to the earlier window, or moves on with the trend."""
    revert = Revert(comparison.before[0], comparison.before[-1])
    return outlook(posterior, scenarios=[Persist(), revert, Continue()], horizon=horizon, rng=rng)
