"""Did something change in a month unknown?  The largest score statistic over months and kinds of change.

Whoever looks at every month finds something.  What the largest statistic would be if nothing had happened is learned by
simulating series from the fitted null hypothesis, fitting it again to each, and searching each in the same way (Fokianos,
Fried 2010, J. Time Series Analysis 31, 210-225, sec. 4).  The replicates are fitted and searched together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html, chance
from forecasting.errors import InvalidInput
from forecasting.inference.constrained import maximise
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.ingarch import feed_forward
from forecasting.kernels.recursions import propagate
from forecasting.models.fit import Fit
from forecasting.models.ingarch_likelihood import IngarchLikelihood
from forecasting.models.ingarch_target import CountTarget, transformed
from forecasting.models.known import read_data
from forecasting.models.lagless import as_autoregression
from forecasting.models.likelihood import LikelihoodModel
from forecasting.randomness import Rng, require_rng
from forecasting.reading import Unreadable, entries
from forecasting.reading.arguments import read_share, read_whole
from forecasting.series import listing
from forecasting.terms import DecayingPulse, Terms

_CELLS = 2_000_000  # numbers held at once while replicates are searched
_SEEN = 1e-6  # share of the information about an effect that must be left beside the parameters of the model
_USABLE = 1e-3  # log likelihood that a replicate may leave to be gained, along ridges where the climb is slow
_FEWEST, _MOST = 19, 10**6  # replicates: the fewest for a test at 5%, and what memory holds
_LEAST_ROOT = 0.1  # root of alpha from which replicates start, zero being stationary


@dataclass(frozen=True, eq=False)
class InterventionSearch(Drawable):
    """The months at which a change would explain most, and how surprising that is.

    Attributes
    ----------
    null : Fit
        The model without a change.
    statistics : pandas.DataFrame
        Score statistic of a change beginning in each month (rows) of each kind (columns: the decay, 0 a pulse, 1 a step); NaN
        where the data cannot see it.
    p_values : pandas.DataFrame
        For each of them, the chance that the largest statistic of all is at least as large if nothing changed.
    month : pandas.Period
        Where the largest is.
    kind : float
        Its decay.
    statistic : float
        The largest.
    p_value : float
        Its p-value, (1 + b) / (1 + B) with b of B replicates at least as large: never zero.
    maxima : ndarray, [B]
        Largest statistic of each replicate, read-only; ``inf`` where a replicate could not be fitted.
    messages : tuple of str
        What a reader of the numbers should know.
    """

    null: Fit
    statistics: pd.DataFrame
    p_values: pd.DataFrame
    month: pd.Period
    kind: float
    statistic: float
    p_value: float
    maxima: FloatArray
    messages: tuple[str, ...]

    @property
    def term(self) -> DecayingPulse:
        """The change found, to be added to the model."""
        return DecayingPulse(self.month, self.kind)

    def to_frame(self, count: int = 10) -> pd.DataFrame:
        """Return the `count` largest statistics: month, kind, statistic, p_value."""
        table = pd.DataFrame({"statistic": self.statistics.stack(), "p_value": self.p_values.stack()}).dropna()
        return table.sort_values("statistic", ascending=False).head(count).reset_index(names=["month", "kind"])

    def in_words(self) -> str:
        """Return what would explain most, how surprising it is, and which other candidates do nearly as well."""
        table = self.to_frame(len(self.statistics) * len(self.statistics.columns))
        close = table[table["statistic"] > 0.9 * self.statistic].iloc[1:]
        rivals = [f"{_kind(kind)} from {month}" for month, kind in zip(close["month"], close["kind"], strict=True)]
        said = (
            f"{_kind(self.kind).capitalize()} from {self.month} would explain most. If nothing had changed, some candidate "
            f"would explain as much with a chance of {chance(self.p_value)}."
        )
        return f"{said} Nearly as good: {listing(rivals)}." if rivals else said

    def __repr__(self) -> str:
        return (
            f"<InterventionSearch of {self.null.density.data.name}: most would be explained by {_kind(self.kind)} from "
            f"{self.month}; statistic {self.statistic:.2f}, p {self.p_value:.3g} among {self.statistics.size} candidates>"
        )

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(5), float_format="{:.4g}".format)


def _kind(decay: float) -> str:
    return {0.0: "a pulse", 1.0: "a step"}.get(float(decay), f"a pulse with decay {decay:g}")


def find_interventions(
    model: LikelihoodModel,
    data: Observed,
    kinds: Sequence[float] = (0.0, 0.8, 1.0),
    *,
    replicates: int = 1000,
    rng: Rng,
) -> InterventionSearch:
    """Search all months for the beginning of a change (Fokianos, Fried 2010, sec. 4), with p = (1 + b) / (1 + B).

    Parameters
    ----------
    model : Autoregression or CountRegression
        The null hypothesis, with Poisson or negative-binomial counts.
    data : CountSeries
        Months exactly known or missing.
    kinds : sequence of float
        Decays from 0 (a pulse) to 1 (a step).
    replicates : int
        Number B of simulated series, at least 19.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    InterventionSearch

    Raises
    ------
    InvalidInput
        If a decay or the number of replicates is out of range, or the data do not suit the model.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [9, 11, 10, 12, 8] * 3 + [21, 19, 22] * 3)
    >>> model = fc.CountRegression(fc.Intercept(), fc.Poisson())
    >>> search = fc.find_interventions(model, series, replicates=199, rng=np.random.default_rng(1))
    >>> search.term, search.p_value  # a step
    (DecayingPulse('2023-04', decay=1.0), 0.005)
    """
    generator = require_rng(rng)
    number, decays = read_whole(replicates, "replicates", _FEWEST, _MOST), _read_kinds(kinds)
    candidates = [DecayingPulse(month, decay) for decay in decays for month in read_data(data).months]
    if not candidates:
        raise InvalidInput("kinds is empty; give at least one decay, for example 1.0 for steps")
    null, likelihood = _null(model, data)
    design = Terms(tuple(dict.fromkeys(candidates))).design(data.months, origin=data.months)[0]
    observed = _statistics(likelihood.target, null.work[None], design, likelihood)[0]
    series = _simulated(likelihood, null.work, number, generator)
    points, failed = _refitted(likelihood, series, null.work)
    scores = _statistics(series, points, design, likelihood)
    maxima = np.where(failed, np.inf, np.nanmax(np.where(np.isnan(scores), -np.inf, scores), axis=1))
    maxima.flags.writeable = False
    ranked = np.sort(maxima)
    exceeding = number - np.searchsorted(ranked, observed, side="left")
    p_values = np.where(np.isnan(observed), np.nan, (1.0 + exceeding) / (1.0 + number))
    tables = [
        pd.DataFrame(values.reshape(len(decays), -1).T, index=data.months, columns=pd.Index(decays, name="kind"))
        for values in (observed, p_values)
    ]
    best = int(np.nanargmax(observed))
    lost = int(failed.sum())
    return InterventionSearch(
        null=null,
        statistics=tables[0],
        p_values=tables[1],
        month=data.months[best % len(data.months)],
        kind=decays[best // len(data.months)],
        statistic=float(observed[best]),
        p_value=float(p_values[best]),
        maxima=maxima,
        messages=(
            *null.messages,
            *([f"{lost} of {number} replicates could not be fitted; they count as larger"] * (lost > 0)),
        ),
    )


def _read_kinds(kinds: Sequence[float]) -> list[float]:
    try:
        return [read_share(kind, "decay") for kind in entries(kinds)]
    except Unreadable as reason:
        raise InvalidInput(f"kinds {reason} of decays, from 0 (a pulse) to 1 (a step)") from None


def _null(model: LikelihoodModel, data: Observed) -> tuple[Fit, IngarchLikelihood]:
    """Return the fit of the null hypothesis, and its likelihood as that of an autoregression, possibly without lags."""
    feeding = as_autoregression(model)
    likelihood = feeding.likelihood(data)
    return feeding.fit(data), likelihood


def _simulated(likelihood: IngarchLikelihood, work: FloatArray, count: int, rng: np.random.Generator) -> CountTarget:
    """Return `count` series of the same months drawn from the model, missing months left out, as targets of new fits."""
    target, predictor = likelihood.target, likelihood.target.predictor
    theta = np.repeat(work[None, : predictor.width], count, axis=0)
    shape = target.distribution.natural(work[None, predictor.width :])[0]
    size, reach = len(predictor.missing), max((*predictor.past_counts, *predictor.past_means), default=0)
    counts = np.zeros((size, count), dtype=np.int64)
    before = np.broadcast_to(predictor.start(theta), (reach, count))

    def draw(step: int, value: FloatArray) -> FloatArray:
        mean = np.exp(target.log_mean(np.broadcast_to(value, (size, count)))[step])
        counts[step] = target.distribution.sample(mean, *shape, rng=rng)
        return transformed(counts[step], target.log_exposure[step], target.is_log)

    feed_forward(predictor, theta, before, before, (predictor.inner, predictor.outer), draw)
    counts[predictor.missing] = 0
    z = transformed(counts, target.log_exposure[:, None], target.is_log)
    z[predictor.missing] = 0.0
    return replace(target, predictor=replace(predictor, z=z), counts=counts)


def _refitted(
    likelihood: IngarchLikelihood, series: CountTarget, work: FloatArray
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the estimates ``[B, p]`` of the null hypothesis for each series, and which fits failed."""
    start = work.copy()
    start[likelihood.width :] = np.maximum(start[likelihood.width :], _LEAST_ROOT)
    points = np.repeat(start[None], series.counts.shape[1], axis=0)
    found = maximise(series, points, likelihood.scale, likelihood.region)
    return found.points, ~(found.decrements < _USABLE)


def _statistics(
    target: CountTarget, points: FloatArray, design: FloatArray, likelihood: IngarchLikelihood
) -> FloatArray:
    """Return the score statistic ``[B, C]`` of each column of `design` ``[T, C]`` beside the parameters at `points`."""
    chunk = max(1, _CELLS // design.size)
    rows = [np.arange(first, min(first + chunk, len(points))) for first in range(0, len(points), chunk)]
    return np.concatenate([_chunk(target, points[some], some, design, likelihood) for some in rows])


def _chunk(
    target: CountTarget, points: FloatArray, rows: IntArray, design: FloatArray, likelihood: IngarchLikelihood
) -> FloatArray:
    predictor, counts = target.rows(rows)
    width = predictor.width
    theta, vectors = points[:, :width], len(points)
    value, slope = predictor.slopes(theta)
    mean, shape = np.exp(target.log_mean(value)), target.distribution.natural(points[:, width:]).T
    towards = mean if target.is_log else np.exp(target.log_exposure)[:, None]
    precision = (~predictor.missing)[:, None] / target.distribution.variance(mean, *shape)
    score = (precision * towards * (counts - mean)).T[:, None, :]  # [n, 1, T]
    weight = (precision * np.square(towards)).T[:, None, :]
    effect = np.broadcast_to(design[:, None, :], (len(design), vectors, design.shape[1]))
    if not likelihood.model.external:
        effect = propagate(effect, *predictor.recursion(theta))
    effect = effect.transpose(1, 0, 2)  # [n, T, C]
    free = np.ones((vectors, width, 1))
    held = likelihood.region.slack(points) < 1e-9
    free[(held[:, :, None] & (likelihood.region.sides[None, :, :width] != 0)).any(axis=1)] = 0.0
    nuisance = slope.transpose(1, 2, 0) * free  # [n, p, T]
    own = nuisance @ (weight * nuisance).transpose(0, 2, 1) + np.eye(width) * (1.0 - free)
    shared = (weight * nuisance) @ effect
    whole = (weight @ np.square(effect))[:, 0]
    left = whole - np.einsum("npc,npc->nc", shared, np.linalg.solve(own, shared))
    seen = left > _SEEN * np.maximum(whole, 1e-300)
    return np.where(seen, np.square((score @ effect)[:, 0]) / np.where(seen, left, 1.0), np.nan)
