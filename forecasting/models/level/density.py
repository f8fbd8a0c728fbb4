r"""Log likelihood and log prior of a dynamic level, and its future months.

Working coordinates: log level before the first month; logit of the gain; growth; logit of the rate of reversion and log of its
anchor; effects; the working shape coordinates of the distribution.  A harmonic is :math:`\tau T^{-1}\{\Phi(z)\}` of its
coordinate z, where T is the cdf of Student's t: its heavy-tailed prior is a standard normal one of z, near which samplers work.
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtr

from forecasting.constraints import Observed, told_months
from forecasting.distributions import Distribution
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.level import Motion, levels
from forecasting.models import moving
from forecasting.models.following import Draw, FollowingDensity
from forecasting.models.known import read_counts
from forecasting.parameters import Parameter, Parameters, declared, log_normal_density
from forecasting.terms import Seasonal

_OWN = (
    Parameter(
        "log_level",
        family=declared(
            "initial",
            0.7,
            "Log level before the first month of a dynamic level, around the log of the mean of the first two years.",
        ),
    ),
    Parameter(
        "gain",
        float(logit(0.2)),
        transform="logistic",
        family=declared("gain", 0.4, "Logit of the gain of a dynamic level, around that of 0.2."),
    ),
)
_ANCHOR = Parameter(
    "log_anchor",
    family=declared("anchor", 0.5, "Log of what a level reverts to, around the log of the mean of what is known."),
)
_HARMONIC = declared(
    "harmonic",
    0.06,
    "Coefficients of the first harmonic of a dynamic level: scale of Student's t with four degrees of freedom, divided by the "
    "root of the number of the harmonic.",
)
_FIRST = 24  # months whose mean is the prior guess of the first level
_NUDGE = 1e-4  # step of numerical slopes, in units of `scale`
_GOLDEN = 0.5 * (np.sqrt(5.0) - 1.0)
_SHAPE_NUDGE = 3e-3  # the same for shape coordinates, which act through second differences


@dataclass(frozen=True)
class Layout:
    """Which working coordinates mean what."""

    growth: bool
    reversion: bool
    effects: int

    @property
    def growth_at(self) -> int:
        """Where the growth stands."""
        return 2

    @property
    def reversion_at(self) -> int:
        """Where the rate of reversion stands; the anchor follows it."""
        return 2 + self.growth

    @property
    def effects_at(self) -> slice:
        """Where harmonics and effects stand."""
        first = 2 + self.growth + 2 * self.reversion
        return slice(first, first + self.effects)

    @property
    def width(self) -> int:
        """Number of coordinates of the mean."""
        return 2 + self.growth + 2 * self.reversion + self.effects


class Settings(moving.Settings, Protocol):
    """What the density asks of the model; see `DynamicLevel`."""

    @property
    def trend(self) -> bool: ...  # noqa: D102
    @property
    def feedback(self) -> float: ...  # noqa: D102
    @property
    def damping(self) -> float | tuple[float, float]: ...  # noqa: D102


class LevelDensity(FollowingDensity):
    """Log likelihood and log prior of a dynamic level."""

    label = "DynamicLevel"

    def __init__(self, model: Settings, data: Observed) -> None:
        self.model, self.data, self.priors = model, data, model.priors
        self.distribution: Distribution = model.distribution
        counts, self._missing = read_counts(data, "a dynamic level")
        self._counts = counts.astype(float)
        self._seen = counts[~self._missing]
        if self._seen.size < 2:
            raise InvalidInput(f"{data.name}: {self._seen.size} known months; a dynamic level needs at least 2")
        self.terms = model.terms_for(data)
        self._design, self._offset = self.terms.design(data.months, origin=told_months(data))
        self.layout = Layout(model.trend, model.reversion, self._design.shape[1])
        effects = [
            replace(one, family=_HARMONIC) if one.family == Seasonal.family else one
            for one in self.terms.parameters(data.months).each
        ]
        own = (
            *_OWN,
            *((moving.GROWTH,) if model.trend else ()),
            *((moving.REVERSION, _ANCHOR) if model.reversion else ()),
        )
        self.parameters = Parameters((*own, *effects)) + self.distribution.parameters
        self.names, self.log_rates, self.folded = (
            self.parameters.names,
            self.parameters.log_rates,
            self.parameters.folded,
        )
        self.scale, self.centre = self.parameters.scale(self.priors), self.parameters.centre
        self._harmonics = np.flatnonzero([family == _HARMONIC for family in self.parameters.families])
        order = np.array([float(self.names[column][3:]) for column in self._harmonics])  # cos3, sin3: the third
        self._harmonic_scale = self.scale[self._harmonics] / np.sqrt(order)
        self.scale[self._harmonics] = 1.0
        # A covariate counts from its mean, so that its origin means nothing to the prior of the level.
        covariate = np.array([family == "covariate" for family in self.terms.families], dtype=bool)
        self._middle = np.where(covariate, self._design.mean(axis=0), 0.0)
        self._design = self._design - self._middle
        shapes = len(self.distribution.shape_names)
        self._place_centre()
        self.start = self.centre.copy()
        mean = np.full(self._seen.size, max(float(self._seen.mean()), 0.1))
        self.start[len(self.start) - shapes :] = 0.7 * self.distribution.start(self._seen.astype(float), mean)

    def _place_centre(self) -> None:
        """Put the prior guesses: the first level near the first months, the anchor near all of them."""
        exposure = np.exp(self._offset[~self._missing])
        overall = float(self._seen.sum() / exposure.sum())
        first = float(self._seen[:_FIRST].sum() / exposure[:_FIRST].sum())
        least = 0.3 / (self._seen.size * float(exposure.mean()))
        self.centre[0] = np.log(max(first, 0.25 * overall, least))
        if self.layout.reversion:
            self.centre[self.layout.reversion_at + 1] = np.log(max(overall, least))

    def natural(self, work: FloatArray) -> FloatArray:
        r"""Return the parameters ``[S, p]`` in the order of `names`; harmonics are :math:`\tau T_4^{-1}\{\Phi(z)\}`."""
        natural = self.parameters.natural(work)
        natural[:, self.layout.effects_at] = self._effects(work)
        return natural

    def _effects(self, work: FloatArray) -> FloatArray:
        """Return the coefficients of harmonics and effects ``[S, k]``."""
        effects = work[:, self.layout.effects_at].copy()
        effects[:, self._harmonics - self.layout.effects_at.start] = self._harmonic_scale * _heavy(
            work[:, self._harmonics]
        )
        return effects

    @property
    def missing(self) -> NDArray[np.bool_]:
        """Months without a count ``[T]``."""
        return self._missing

    def shape(self, work: FloatArray) -> list[FloatArray]:
        """Return one array ``[S]`` per shape parameter of the distribution."""
        return list(self.distribution.natural(work[:, self.layout.width :]).T)

    def _motion(self, work: FloatArray, *, feedback: float = 1.0) -> Motion:
        names, shape = self.distribution.shape_names, self.shape(work)
        dispersion = shape[names.index("alpha")] if "alpha" in names else np.zeros(len(work))
        growth = np.exp(work[:, self.layout.growth_at]) if self.layout.growth else None
        rate = anchor = None
        if self.layout.reversion:
            rate = expit(work[:, self.layout.reversion_at])
            anchor = np.exp(work[:, self.layout.reversion_at + 1])
        return Motion(feedback * expit(work[:, 1]), dispersion, growth, rate, anchor)

    def _path(self, work: FloatArray, effects: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return log factors (season, effects and exposure) ``[T, S]`` and levels ``[T + 1, S]``."""
        log_factors = self._design @ effects.T + self._offset[:, None]
        path = levels(self._counts, self._missing, np.exp(log_factors), np.exp(work[:, 0]), self._motion(work))
        return log_factors, path

    def log_mean(self, work: FloatArray) -> FloatArray:
        r"""Return the log mean :math:`\log\ell_t+\log f_t` ``[S, t]`` of the known months, each given those before it."""
        log_factors, path = self._path(work, self._effects(work))
        return np.asarray((np.log(path[:-1]) + log_factors)[~self._missing].T)

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability of each known month given those before it, ``[S, t]``."""
        with np.errstate(over="ignore", invalid="ignore", under="ignore", divide="ignore"):
            if self._seen.ndim == 1:
                return self.distribution.log_terms(self._seen, self.log_mean(work), *self.shape(work))
            shape = [column[:, None] for column in self.shape(work)]
            return self.distribution.logpmf(self._seen, np.exp(self.log_mean(work)), *shape)

    def with_counts(self, counts: IntArray) -> LevelDensity:
        """Return the same density, prior and all, with other counts: a row of ``[S, T]`` for each parameter vector."""
        other = copy(self)
        other._counts, other._seen = counts.T.astype(float), counts[:, ~self._missing]
        return other

    def means(self, work: FloatArray) -> FloatArray:
        """Return the mean of every month of the data ``[S, T]``, each given the counts before it."""
        log_factors, path = self._path(work, self._effects(work))
        return np.asarray((path[:-1] * np.exp(log_factors)).T)

    def log_prior(self, work: FloatArray) -> FloatArray:
        """Return the log prior density ``[S]``."""
        return log_normal_density(work, self.centre, self.scale, self.folded)

    def curvature(self, work: FloatArray) -> tuple[float, FloatArray, FloatArray]:
        """Return log posterior density, gradient ``[p]`` and positive information ``[p, p]`` at the point ``[p]``."""
        p, width = work.size, self.layout.width
        nudges = _NUDGE * self.scale[:width]
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            log_mean = self.log_mean(np.concatenate([work[None], work + np.eye(width, p) * nudges[:, None]]))
            slopes = (log_mean[1:] - log_mean[0]) / nudges[:, None]
            below, at, above = self._around(log_mean[0], work)
            by_mean = (above - below) / (2.0 * _NUDGE)
            weight = np.maximum((2.0 * at - above - below) / _NUDGE**2, 0.0)
            shaped = [self._shaped(log_mean[0], work, k) for k in range(width, p)]
        gradient, information = np.zeros(p), np.zeros((p, p))
        gradient[:width] = slopes @ by_mean
        information[:width, :width] = (slopes * weight) @ slopes.T
        for k, (slope, curve) in enumerate(shaped, start=width):
            gradient[k], information[k, k] = slope, curve
        precision = 1.0 / np.square(self.scale)
        gradient -= precision * (work - self.centre)
        information += np.diag(precision)
        return float(at.sum() + self.log_prior(work[None])[0]), gradient, information

    def _around(self, log_mean: FloatArray, work: FloatArray) -> FloatArray:
        """Return the log probabilities ``[3, t]`` at slightly lower, the same, and slightly higher log means."""
        near = log_mean + _NUDGE * np.array([[-1.0], [0.0], [1.0]])
        return self.distribution.log_terms(self._seen, near, *(np.repeat(s, 3) for s in self.shape(work[None])))

    def _shaped(self, log_mean: FloatArray, work: FloatArray, k: int) -> tuple[float, float]:
        """Return slope and information of the log likelihood in one working shape coordinate."""
        # Large counts tell the coordinate to about one over their root: a wider stencil would step over the maximum.
        width = 0.05 * (abs(float(work[k])) + float(np.exp(-0.5 * log_mean.max())))
        nudge = min(_SHAPE_NUDGE * float(self.scale[k]), width)
        near = np.repeat(work[None], 3, axis=0)
        near[:, k] += nudge * np.array([-1.0, 0.0, 1.0])
        terms = self.distribution.log_terms(self._seen, np.repeat(log_mean[None], 3, axis=0), *self.shape(near))
        slopes = (terms[2] - terms[0]) / (2.0 * nudge)
        curve = float((2.0 * terms[1] - terms[0] - terms[2]).sum()) / nudge**2
        # Far from the maximum the curvature vanishes or turns; a share of the squared scores keeps steps in bounds
        # (Berndt, Hall, Hall, Hausman 1974, Annals of Economic and Social Measurement 3, 653-665).
        return float(slopes.sum()), max(curve, 0.25 * float(np.square(slopes).sum()))

    def follow(self, work: FloatArray, months: pd.PeriodIndex, draw: Draw) -> None:
        """Go on after the data; each count moves the level of the months after it, by `feedback` times the gain."""
        factors = np.exp(self.recurring(work, months)).T
        motion = self._motion(work, feedback=self.model.feedback)
        level, damping = self._path(work, self._effects(work))[1][-1], _dampings(self.model.damping, len(work))
        for step, factor in enumerate(factors):
            count = draw(step, level * factor)
            if motion.growth is not None:
                motion = motion._replace(growth=motion.growth**damping)
            level = motion.step(level, count.astype(float), 1.0 / factor)

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, effects and exposure of the log mean of any months, ``[S, H]``."""
        design, offset = self.terms.design(months, origin=told_months(self.data))
        return np.asarray(((design - self._middle) @ self._effects(work).T + offset[:, None]).T)


def _dampings(damping: float | tuple[float, float], paths: int) -> FloatArray | float:
    r"""Return the share of growth that each path keeps; of a range :math:`a..b` it is :math:`b-(b-a)u^2`, u evenly spread.

    The multiples of the golden ratio are evenly spread in any number of first paths, so that a pool may take as many as it
    needs (Niederreiter 1992, Random Number Generation and Quasi-Monte Carlo Methods, ch. 3).
    """
    if not isinstance(damping, tuple):
        return damping
    low, high = damping
    spread = (np.arange(1, paths + 1) * _GOLDEN) % 1.0
    return np.asarray(high - (high - low) * np.square(spread))


def _heavy(z: FloatArray) -> FloatArray:
    """Return the quantile of Student's t with four degrees of freedom at the normal probability of z (Shaw 2006, sec. 2)."""
    tail = ndtr(-np.abs(z))
    root = 2.0 * np.sqrt(tail * (1.0 - tail))
    return np.asarray(
        np.sign(z) * 2.0 * np.sqrt(np.maximum(np.cos(np.arccos(np.minimum(root, 1.0)) / 3.0) / root - 1.0, 0.0))
    )
