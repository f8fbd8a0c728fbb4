"""The likelihood of an INGARCH model: the region of admissible parameters, and the way to its maximum."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, NegativeBinomial, Poisson
from forecasting.errors import InvalidInput
from forecasting.inference.constrained import Region, maximise
from forecasting.inference.mode import Mode, inverse_root
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.ingarch import Predictor
from forecasting.models.infinity import unseen_columns
from forecasting.models.ingarch_target import CountTarget, Slice, transformed
from forecasting.models.known import read_counts
from forecasting.parameters import Parameter, Parameters, declared
from forecasting.terms import Intercept, Terms

_PAST = declared(
    "autoregression",
    0.5,
    "Each coefficient of a past count or past mean, before it is cut to the region of stationarity.",
)
EDGE = 1e-6
"""Distance that is kept from the edge of the stationary region."""

_PERSISTENCE = (0.0, 0.3, 0.6, 0.85)  # sums of the coefficients of past means among which a start is chosen
_LEAST = 0.02  # coefficient of a past count at a start
_LOOSE = 0.2  # standard error of the coefficient of a past mean past which other maxima are looked for
_FLAT = 1e-6  # curvature below which a direction counts as flat, in units of the scale
_ON_SIDE = 1e-9  # slack at which a restriction counts as holding


class Settings(Protocol):
    """What the likelihood asks of the model; see `Autoregression`."""

    @property
    def past_counts(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def past_means(self) -> tuple[int, ...]: ...  # noqa: D102
    @property
    def link(self) -> str: ...  # noqa: D102
    @property
    def effects(self) -> Terms: ...  # noqa: D102
    @property
    def distribution(self) -> Distribution: ...  # noqa: D102
    @property
    def presample(self) -> str: ...  # noqa: D102
    @property
    def external(self) -> bool: ...  # noqa: D102


class IngarchLikelihood:
    """Likelihood of an INGARCH model for one series; see `forecasting.models.fittable.Fittable`.

    Working coordinates are the parameters of the mean in natural scale, and the signed root of alpha.
    """

    def __init__(self, model: Settings, data: Observed) -> None:
        self.model, self.data, self.distribution = model, data, model.distribution
        counts, missing = _read_counts(model, data)
        terms = model.effects
        past = [f"past_count[{lag}]" for lag in model.past_counts] + [f"past_mean[{lag}]" for lag in model.past_means]
        own = Parameters(
            (Parameter("intercept", family=Intercept.family), *(Parameter(name, family=_PAST) for name in past))
        )
        self.parameters = own + terms.parameters(data.months) + model.distribution.parameters
        self.names, self.folded = self.parameters.names, self.parameters.folded
        self.note = f"presample: {model.presample}"
        inner, outer, offset = self.regressors(data.months)
        self.is_log = model.link == "log"
        self.log_rates = terms.columns() if self.is_log else ()
        z = np.where(missing, 0.0, transformed(counts, offset, self.is_log))[:, None]
        predictor = Predictor(z, missing, model.past_counts, model.past_means, inner, outer, model.presample)
        self.target = CountTarget(predictor, counts[:, None], offset, self.is_log, model.distribution)
        self.width, self.history = predictor.width, len(model.past_counts) + len(model.past_means)
        self.scale = self._scale()
        self.region, self._sides = self._admissible()
        self.limits = self._limits()
        self.starts = self._starts()
        self.start: FloatArray = self.starts[0]

    def regressors(self, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return inner and outer regressors of any months, ``[T, r]`` and ``[T, m]``, and the log exposure ``[T]``."""
        design, offset = self.model.effects.design(months, origin=self.data.months)
        if self.model.link == "identity" and (design < 0).any():
            column = self.model.effects.columns()[int((design < 0).any(axis=0).argmax())]
            raise InvalidInput(
                f"the regressor {column} is negative in some month, and the identity link keeps the mean positive only with "
                "regressors of at least 0; shift it, or use link='log'"
            )
        none = design[:, :0]
        return (none, design, offset) if self.model.external else (design, none, offset)

    def _scale(self) -> FloatArray:
        """Return steps of about the size of a standard error of a short series."""
        predictor = self.target.predictor
        observed = predictor.z[~predictor.missing]
        level = 1.0 if self.is_log else max(float(observed.mean()), 1e-3)
        spread = np.concatenate([predictor.inner, predictor.outer], axis=1).std(axis=0)
        units = self.model.effects.units(self.data.months)
        regressors = level / np.where(spread > 1e-9 * units, spread, units)
        return np.concatenate([[level], np.full(self.history, 0.3), regressors, np.full(self.folded.sum(), 0.3)])

    def _admissible(self) -> tuple[Region, list[tuple[tuple[str, ...], str]]]:
        """Return the admissible region and, for each of its sides, the parameters it holds and what it says."""
        size, past = self.scale.size, self.names[1 : 1 + self.history]
        total = np.zeros(size)
        total[1 : 1 + self.history] = 1.0
        sum_says = f"{' + '.join(past)} is at {{}}, the edge of stationarity"
        rows: list[tuple[FloatArray, float, tuple[str, ...], str]] = []
        unit = np.eye(size)
        if self.is_log:
            rows += [(total, 1.0 - EDGE, past, sum_says.format(1)), (-total, 1.0 - EDGE, past, sum_says.format(-1))]
            for slot in range(1, 1 + self.history if self.history > 1 else 1):
                for sign in (1, -1):
                    says = f"{self.names[slot]} is at {sign}, the edge of stationarity"
                    rows.append((sign * unit[slot], 1.0, (self.names[slot],), says))
        else:
            rows.append((total, 1.0 - EDGE, past, sum_says.format(1)))
            for slot in range(self.width):
                says = f"{self.names[slot]} is at 0, where the identity link keeps it so that no mean is negative"
                rows.append((-unit[slot], 0.0, (self.names[slot],), says))
        rows = rows if self.history else [row for row in rows if row[2]]
        sides = np.array([row[0] for row in rows]).reshape(-1, size)
        return Region(sides, np.array([row[1] for row in rows])), [row[2:] for row in rows]

    def _limits(self) -> tuple[FloatArray, FloatArray]:
        low, high = np.full(self.scale.size, -np.inf), np.full(self.scale.size, np.inf)
        low[self.folded] = 0.0
        if not self.is_log:
            low[: self.width] = 0.0
        past = slice(1, 1 + self.history)
        edge = 1.0 if self.is_log and self.history > 1 else 1.0 - EDGE
        low[past], high[past] = (-edge if self.is_log else 0.0), edge
        return low, high

    def _starts(self) -> FloatArray:
        """Return regressions on the past, one for each of a few persistences of the past means, the best first."""
        predictor = replace(self.target.predictor, presample="first_year")
        observed, counts = ~predictor.missing, len(self.model.past_counts)
        points = []
        for persistence in _PERSISTENCE if self.model.past_means else (0.0,):
            theta = np.zeros((1, self.width))
            theta[0, 1 + counts : 1 + self.history] = persistence / max(len(self.model.past_means), 1)
            fixed, slope = predictor.slopes(theta)
            moving = [k for k in range(self.width) if not counts < k <= self.history]
            rows, rest = slope[observed, 0][:, moving], (predictor.z - fixed)[observed, 0]
            ridge = np.diag(0.3 / self.scale[moving])
            ridge[0] = 0.0
            solution = np.linalg.lstsq(np.concatenate([rows, ridge]), np.concatenate([rest, np.zeros(len(ridge))]))[0]
            theta[0, moving] = solution
            points.append(self._inside(theta[0]))
        first = np.array(points)
        mean = np.exp(self.target.log_mean(self.target.predictor.value(first)))
        y = self.target.counts[observed, 0].astype(float)
        shapes = [self.distribution.start(y, np.maximum(m[observed], 0.1)) for m in mean.T]
        work = np.column_stack([first, np.array(shapes).reshape(len(first), -1)])
        return np.asarray(work[np.argsort(-self.log_likelihood(work), kind="stable")])

    def _inside(self, theta: FloatArray) -> FloatArray:
        """Move parameters ``[width]`` inside the region, the intercept making up for what the others lose."""
        predictor, past = self.target.predictor, slice(1, 1 + self.history)
        first, level = theta.copy(), float(predictor.z[~predictor.missing].mean())
        if not self.is_log:
            first[1 + self.history :] = np.maximum(
                first[1 + self.history :], 1e-3 * self.scale[1 + self.history : self.width]
            )
        least = np.full(self.history, -0.9 if self.is_log else 0.0)
        least[: len(self.model.past_counts)] = _LEAST
        first[past] = np.clip(first[past], least, 0.9)
        first[past] *= min(1.0, 0.95 / max(abs(float(first[past].sum())), 1e-300))
        if not np.array_equal(first, theta):
            effects = np.concatenate([predictor.inner, predictor.outer], axis=1) @ first[1 + self.history :]
            first[0] = level * (1.0 - first[past].sum()) - effects.mean()
        if not self.is_log:
            first[0] = max(first[0], 0.05 * level)
        return first

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the parameters ``[S, p]``."""
        return np.column_stack([work[:, : self.width], self.distribution.natural(work[:, self.width :])])

    def log_likelihood(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S]`` of the months observed, each given those before it."""
        return self.target.height(work, np.zeros(len(work), dtype=np.int64))

    def with_counts(self, counts: IntArray) -> IngarchLikelihood:
        """Return the same likelihood with other counts: a row of ``[R, T]`` for each of R series."""
        other, target = copy(self), self.target
        y = np.where(target.predictor.missing[:, None], 0, counts.T)
        z = np.where(target.predictor.missing[:, None], 0.0, transformed(y, target.log_exposure[:, None], self.is_log))
        other.target = replace(target, predictor=replace(target.predictor, z=z), counts=y)
        return other

    def maximise(self, start: FloatArray, free: NDArray[np.bool_] | None = None) -> Mode:
        """Climb from `start` to a maximum in the admissible region, moving the `free` coordinates only."""
        if not isinstance(self.distribution, Poisson | NegativeBinomial):
            raise InvalidInput(
                f"maximum likelihood of an autoregression has derivatives for Poisson() and NegativeBinomial(), not for "
                f"{self.distribution!r}; use posterior()"
            )
        moving = np.ones(start.size, dtype=bool) if free is None else free
        best = self._climb(start, moving)
        held = set(self.boundary(best.point)) & set(self.names[: 1 + self.history])
        if held or (free is None and self._is_loose(best)):  # there may be a higher maximum
            for other in self.starts:
                mode = self._climb(np.where(moving, other, start), moving)
                best = mode if mode.value > best.value else best
        return best

    def _is_loose(self, mode: Mode) -> bool:
        """Return whether the likelihood hardly says how large the coefficients of past means are."""
        means = slice(1 + len(self.model.past_counts), 1 + self.history)
        spread = inverse_root(mode.hessian * np.outer(self.scale, self.scale), _FLAT)[means] * self.scale[means, None]
        return bool((np.square(spread).sum(axis=1) > _LOOSE**2).any())

    def _climb(self, start: FloatArray, moving: NDArray[np.bool_]) -> Mode:
        point = self._admitted(start, moving)
        region = Region(
            self.region.sides[:, moving], self.region.limits - self.region.sides[:, ~moving] @ point[~moving]
        )
        target = Slice(self.target, point, moving)
        if not (
            point[self.width :].any() or moving[self.width :].any()
        ):  # a Poisson likelihood, without shape to look after
            target = Slice(replace(self.target, distribution=Poisson()), point[: self.width], moving[: self.width])
        found = maximise(target, point[None, moving], self.scale[moving], region)
        point[moving] = found.points[0]
        point[: self.width] = np.clip(point[: self.width], *(limit[: self.width] for limit in self.limits))
        return Mode(
            point=point,
            value=float(found.values[0]),
            gradient=found.gradients[0],
            hessian=found.hessians[0],
            decrement=float(found.decrements[0]),
            iterations=found.iterations,
            converged=bool(found.converged[0]),
        )

    def _admitted(self, start: FloatArray, moving: NDArray[np.bool_]) -> FloatArray:
        """Move the history coefficients that may until their sum lies in the region."""
        point, past = start.copy(), slice(1, 1 + self.history)
        total, widest = float(point[past].sum()), 1.0 - 2.0 * EDGE
        loose = np.flatnonzero(moving[past]) + 1
        held = total - float(point[loose].sum())
        if loose.size and abs(total) > widest:
            wanted = np.clip(total, -widest, widest) - held
            # Under the log link each gives way alike; under the identity link none may fall below zero.
            shift = (wanted + held - total) / loose.size
            point[loose] = point[loose] + shift if self.is_log else max(wanted, 0.0) / loose.size
        return point

    def endless(self) -> NDArray[np.bool_]:
        """Return nothing: feedback ties each mean to the counts before."""
        return np.zeros((2, self.start.size), dtype=bool)

    def boundary(self, work: FloatArray) -> dict[str, str]:
        """Return the parameters that a side of the region holds at `work`, each with what the side says."""
        slack = self.region.slack(work[None])[0]
        return {
            name: says
            for room, (held, says) in zip(slack, self._sides, strict=True)
            if room < _ON_SIDE
            for name in held
        }

    def log_mean(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the log mean ``[T]`` of months of the data given those before, and its gradient ``[T, width]``."""
        if not months.isin(self.data.months).all():
            raise InvalidInput(
                "the mean of a month after the data depends on counts that are not known; use forecast(horizon, rng=rng)"
            )
        value, slope = self.target.predictor.slopes(work[None, : self.width])
        log_mean = self.target.log_mean(value)[:, 0]
        gradient = slope[:, 0] if self.is_log else slope[:, 0] / value
        where = self.data.months.get_indexer(months)
        return log_mean[where], gradient[where]

    @property
    def nobs(self) -> int:
        """Number of months observed."""
        return int((~self.target.predictor.missing).sum())

    @cached_property
    def unseen(self) -> tuple[str, ...]:
        """Parameters that the data cannot tell apart: those in the null space of the derivatives at the start."""
        _, slope = self.target.predictor.slopes(self.start[None, : self.width])
        rows = slope[~self.target.predictor.missing, 0]
        rows = rows / np.maximum(np.abs(rows).max(axis=0), 1e-300)
        return unseen_columns(rows, self.names)


def _read_counts(model: Settings, data: Observed) -> tuple[IntArray, NDArray[np.bool_]]:
    """Return counts ``[T]`` and which of them are missing, if the data are a series that the model can see something in."""
    counts, missing = read_counts(data, "an autoregression")
    longest, observed = max((*model.past_counts, *model.past_means), default=0), counts[~missing]
    if longest >= len(counts):
        raise InvalidInput(
            f"{data.name}: the lag of {longest} months is as long as the series of {len(counts)}; use shorter lags"
        )
    if len(observed) < 3 or (observed == observed[0]).all():
        what = (
            "every known count is zero" if not observed.any() else f"{len(observed)} counts, all of them {observed[0]}"
        )
        raise InvalidInput(
            f"{data.name}: {what}; an autoregression needs counts that differ. Use a longer window, or CountRegression"
        )
    return counts, missing
