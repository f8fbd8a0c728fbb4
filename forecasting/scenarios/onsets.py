"""When did it begin?  The month of a change of level that is not known beforehand."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.errors import InvalidInput, InvalidWindow, SamplingWarning
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.kernels.counts import FloatArray
from forecasting.models import LocalLevel
from forecasting.models.base import read_draws
from forecasting.models.estimated import warn_of_few_vectors
from forecasting.models.known import read_data
from forecasting.models.local_level.target import Target
from forecasting.months import Window, month_range, read_window
from forecasting.parameters import Priors, read_priors
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.reading.arguments import read_flag
from forecasting.scenarios.baselines import season_of
from forecasting.scenarios.onset_report import OnsetReport
from forecasting.scenarios.onset_sampling import Kind, Weighed, Weigher, in_doubt
from forecasting.scenarios.onset_shapes import SHAPES, courses
from forecasting.scenarios.weighing import COVERAGE, StepEffect
from forecasting.terms import Intercept, Terms, Trend

_DRAWS = 2000


def onset(
    data: Observed,
    within: Window | None = None,
    trend: bool = True,
    wandering: bool = True,
    *,
    draws: int | None = None,
    priors: Priors | None = None,
    rng: Rng,
) -> OnsetReport:
    """Weigh a change of level at an unknown month against none, and say when it began.

    The change is a step, a ramp or a smooth turn; the level beside it is constant, has a steady trend, or wanders.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known of the months: counts, totals, bounds, orderings.
    within : tuple of (start, end), optional
        Months in which the change may begin, both ends included; by default every month after the first of which something is
        known, up to the last.
    trend : bool
        Whether a steady trend is among the levels.
    wandering : bool
        Whether a level that wanders is among the levels.
    draws : int, optional
        Weighted draws in all with a change; 2000 by default.
    priors : Priors, optional
        Scales of the priors.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    OnsetReport

    Raises
    ------
    InvalidWindow
        If `within` leaves the months between the first and the last of which something is known.
    InvalidInput
        If `data` is neither a CountSeries nor Evidence, or too little is known.

    Warns
    -----
    SamplingWarning
        If the draws cannot be trusted: k-hat is above 0.7, and one draw has more than 2% of the weight; or if an estimate of
        the probability of facts rests on few month vectors.

    Notes
    -----
    Levels are equally probable beforehand, and so are the months; shapes have the probabilities of
    `forecasting.scenarios.onset_shapes.SHAPES`.  From two years on every level has a yearly wave, as in `jump`.  The month
    is the first that differs.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"2023-{month:02d}" for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [20, 17, 22, 19, 21, 18, 41, 38, 45, 40, 37, 44])
    >>> report = fc.onset(series, rng=1)
    >>> [str(month) for month in report.interval(0.5)], report.direction
    (['2023-07'], 'rise')
    >>> bool(report.log_bayes_factor > np.log(5))
    True
    """
    stream, scales = named_streams(require_rng(rng)), read_priors(priors)
    read_flag(trend, "trend")
    read_flag(wandering, "wandering")
    candidates = _candidates(read_data(data), within)
    number = read_draws(draws, _DRAWS)
    season, _ = season_of(data, candidates[len(candidates) // 2], scales)
    target = Target(LocalLevel(seasonal=1 if season else None, priors=scales), data)
    course = courses(data.months, candidates)
    prior = np.repeat(np.log([shape.prior for shape in SHAPES]), len(candidates)) - np.log(len(candidates))
    kinds = _kinds(target, scales, trend=trend, wandering=wandering)
    found = {}
    for kind in kinds:
        weigher = Weigher(target, kind, scales.step * course.reshape(-1, len(data.months)), prior)
        found[kind.name] = weigher.weigh(number // len(kinds), stream(kind.name))
    report = _report(data.name, candidates, found, course[..., -1])
    if in_doubt(found.values()):
        warnings.warn(
            f"{data.name}: the draws of the onset are in doubt (k-hat {report.khat:.2f}, limit {KHAT_LIMIT}); use more draws, "
            "or leave out facts that limit months from one side only",
            SamplingWarning,
            stacklevel=2,
        )
    best = max(found.values(), key=lambda one: one.within)
    warn_of_few_vectors(best.estimates, data.name, stacklevel=2)
    return report


def _kinds(target: Target, priors: Priors, *, trend: bool, wandering: bool) -> tuple[Kind, ...]:
    """Return the kinds of level, with their loads in units of the prior scales."""
    months = target.data.months
    line = Terms((Intercept(), Trend())).design(months, origin=months)[0] * [priors.level, priors.trend]
    season = target.effects * target.prior.scale
    still = np.column_stack([line[:, :1], season])
    kinds = [Kind("constant", still)]
    if trend:
        kinds.append(Kind("trend", np.column_stack([line, season])))
    if wandering:
        kinds.append(Kind("wandering", still, priors.noise))
    return tuple(kinds)


def _report(series: str, candidates: pd.PeriodIndex, found: dict[str, Weighed], reached: FloatArray) -> OnsetReport:
    r"""Average over the levels k, :math:`\sum_k\sum_s\pi_sZ_{ks}` with a change of course s and :math:`\sum_kZ_k` without.

    `reached` ``[shapes, C]`` is the share of each change at the end.
    """
    without = np.array([one.without for one in found.values()])
    within = np.array([one.within for one in found.values()])
    shares = np.exp(within - logsumexp(within))
    joint = np.logaddexp(within, without)
    by_course = sum(share * one.shares for share, one in zip(shares, found.values(), strict=True))
    by_course = np.asarray(by_course).reshape(reached.shape)
    change = np.concatenate([one.change * reached.ravel()[one.course] for one in found.values()])
    weights = np.concatenate([share * one.weights for share, one in zip(shares, found.values(), strict=True)])
    levels = pd.DataFrame(
        {"log_bayes_factor": within - without, "probability": np.exp(joint - logsumexp(joint))},
        index=pd.Index(list(found), name="level"),
    )
    shapes: dict[str, float] = {}
    for shape, share in zip(SHAPES, by_course.sum(axis=1), strict=True):
        shapes[shape.name] = shapes.get(shape.name, 0.0) + float(share)
    return OnsetReport(
        series=series,
        table=pd.DataFrame({"month": candidates, "probability": by_course.sum(axis=0)}),
        log_bayes_factor=float(logsumexp(within) - logsumexp(without)),
        effect=StepEffect.of(change, COVERAGE, weights),
        levels=levels,
        shapes=pd.Series(shapes, name="probability").rename_axis("shape"),
        khat=max(max(one.khat) for one in found.values()),
    )


def _candidates(data: Observed, within: Window | None) -> pd.PeriodIndex:
    """Return the months in which a change may begin: after the first of which something is known, up to the last."""
    places = np.flatnonzero(data.constraints.told)
    if places.size < 2:
        raise InvalidInput(
            f"{data.name}: something is known of {places.size or 'no'} month; an onset needs at least two"
        )
    every = data.months[places[0] + 1 : places[-1] + 1]
    if within is None:
        return every
    wanted = month_range(*read_window(within, "within"))
    if wanted[0] < every[0] or wanted[-1] > every[-1]:
        raise InvalidWindow(
            f"within={wanted[0]}..{wanted[-1]} leaves the months in which a change can be seen in {data.name}, "
            f"{every[0]}..{every[-1]}; choose a window inside"
        )
    return wanted
