r"""The predictor of an integer-valued GARCH model, and its exact derivatives, on plain arrays.

.. math:: \nu_t = \beta_0 + \sum_k \beta_k z_{t-i_k} + \sum_l \alpha_l \nu_{t-j_l} + \eta' x_t

with z the (transformed) counts.  Every parameter multiplies something that is data, a value before the sample, or an earlier
predictor, so the predictor and its first derivatives solve one linear recursion with different inputs, and second
derivatives need only its transpose.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray
from forecasting.kernels.recursions import lagged, propagate, propagate_back

PRESAMPLES = ("first_year", "marginal", "iid", "firstobs", "zero")
_YEAR = 12


@dataclass(frozen=True)
class Predictor:
    """The recursion for one pattern of lags, one set of regressors, and one or S series of the same months.

    Parameters are the intercept, a coefficient for each past count, each past mean, each inner and each outer regressor.

    Attributes
    ----------
    z : ndarray, [T, 1] or [T, S]
        Transformed counts; 0 where `missing`.
    missing : ndarray of bool, [T]
        Months without a count, which stand in the recursion with their own predictor.
    past_counts, past_means : tuple of int
        Lags.
    inner : ndarray, [T, r]
        Regressors whose effect runs on through the past means.
    outer : ndarray, [T, m]
        Regressors that act in their own month only.
    presample : str
        One of `PRESAMPLES`: what z and the predictor were before the first month.
    """

    z: FloatArray
    missing: NDArray[np.bool_]
    past_counts: tuple[int, ...]
    past_means: tuple[int, ...]
    inner: FloatArray
    outer: FloatArray
    presample: str

    @property
    def width(self) -> int:
        """Number of parameters."""
        return 1 + len(self._lags) + int(self.inner.shape[1]) + int(self.outer.shape[1])

    @property
    def _mean_slots(self) -> range:
        return range(1 + len(self.past_counts), 1 + len(self.past_counts) + len(self.past_means))

    @property
    def _history(self) -> slice:
        return slice(1, 1 + len(self.past_counts) + len(self.past_means))

    @property
    def _lags(self) -> tuple[int, ...]:
        return (*self.past_counts, *self.past_means)

    @property
    def _reach(self) -> int:
        return max(self._lags, default=0)

    def _before(self) -> FloatArray:
        """Return which lags of a month reach before the first one, ``[T, history]``."""
        return np.asarray(np.arange(len(self.missing))[:, None] < np.array(self._lags, dtype=int)[None, :], dtype=float)

    def recursion(self, theta: FloatArray) -> tuple[list[int], list[FloatArray]]:
        """Return the lags of the predictor itself and their weights: past means, and past counts that are missing."""
        lags = list(self.past_means)
        weights = [theta[None, :, slot] for slot in self._mean_slots]
        if self.missing.any():
            for slot, lag in enumerate(self.past_counts, start=1):
                lags.append(lag)
                weights.append(lagged(self.missing.astype(float), lag)[:, None] * theta[None, :, slot])
        return lags, weights

    def start(self, theta: FloatArray) -> FloatArray:
        """Return the value ``[S]`` of z and the predictor before the first month."""
        if self.presample == "marginal":
            return np.asarray(theta[:, 0] / (1.0 - theta[:, self._history].sum(axis=1)))
        if self.presample == "iid":
            return theta[:, 0]
        return np.broadcast_to(self._observed_start(), theta.shape[:1])

    def _observed_start(self) -> FloatArray:
        observed = self.z[~self.missing]
        if self.presample == "zero":
            return np.zeros(self.z.shape[1])
        return observed[0] if self.presample == "firstobs" else np.asarray(observed[:_YEAR].mean(axis=0))

    def _start_slopes(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return first and second derivatives of `start`, ``[S, p]`` and ``[S, p, p]``."""
        vectors, width = theta.shape
        first, second = np.zeros((vectors, width)), np.zeros((vectors, width, width))
        if self.presample == "iid":
            first[:, 0] = 1.0
        if self.presample == "marginal":
            rest = 1.0 / (1.0 - theta[:, self._history].sum(axis=1))
            first[:, 0] = rest
            first[:, self._history] = (theta[:, 0] * rest**2)[:, None]
            second[:, 0, self._history] = second[:, self._history, 0] = (rest**2)[:, None]
            second[:, self._history, self._history] = (2.0 * theta[:, 0] * rest**3)[:, None, None]
        return first, second

    def value(self, theta: FloatArray) -> FloatArray:
        r"""Return the predictor :math:`\nu_t` ``[T, S]`` at the parameters ``[S, p]``, by the recursion of this module."""
        coefficients = theta[:, self._history.stop :]
        inner = self.inner.shape[1]
        entering = theta[:, 0] + self.inner @ coefficients[:, :inner].T
        for slot, lag in enumerate(self.past_counts, start=1):
            entering[lag:] += self.z[: max(len(self.z) - lag, 0)] * theta[:, slot]
        reach = self._reach
        if reach:
            entering[:reach] += self._before()[:reach] @ theta[:, self._history].T * self.start(theta)
        core = propagate(entering, *self.recursion(theta))
        return core + self.outer @ coefficients[:, inner:].T if self.outer.size else core

    def slopes(self, theta: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the predictor ``[T, S]`` and its first derivatives ``[T, S, p]``."""
        value = self.value(theta)
        coefficients = theta[:, self._history.stop :]
        core = value - self.outer @ coefficients[:, self.inner.shape[1] :].T if self.outer.size else value
        size, vectors = value.shape
        entering = np.zeros((size, vectors, self.width - self.outer.shape[1]))
        entering[:, :, 0] = 1.0
        for slot, lag in enumerate(self._lags, start=1):
            past = self._fed_back(core, slot) if slot in self._mean_slots else self._counted(core, slot)
            entering[:, :, slot] = past
            entering[:lag, :, slot] += self.start(theta)
        entering[:, :, self._history.stop :] = self.inner[:, None, :]
        first, _ = self._start_slopes(theta)
        if first.any():
            reach = self._reach
            weight = self._before()[:reach] @ theta[:, self._history].T
            entering[:reach] += weight[:, :, None] * first[None, :, : entering.shape[2]]
        slope = propagate(entering, *self.recursion(theta))
        if self.outer.size:
            slope = np.concatenate(
                [slope, np.broadcast_to(self.outer[:, None], (size, vectors, self.outer.shape[1]))], 2
            )
        return value, slope

    def _counted(self, core: FloatArray, slot: int) -> FloatArray:
        lag = self.past_counts[slot - 1]
        counts = lagged(np.broadcast_to(self.z, core.shape), lag)
        return counts + self._fed_back(core, slot) if self.missing.any() else counts

    def _fed_back(self, x: FloatArray, slot: int) -> FloatArray:
        """Return the earlier predictors (or derivatives of them, ``[T, S, ...]``) that a history parameter multiplies."""
        lag = self._lags[slot - 1]
        if slot in self._mean_slots:
            return lagged(x, lag)
        return lagged(x * self.missing.reshape(-1, *(1,) * (x.ndim - 1)), lag)

    def curvature(self, theta: FloatArray, slope: FloatArray, gradient: FloatArray) -> FloatArray:
        """Return the sum over months of `gradient` ``[T, S]`` times the second derivatives of the predictor: ``[S, p, p]``."""
        vectors, width = theta.shape
        total = np.zeros((vectors, width, width))
        if not self._lags:
            return total
        inner = width - self.outer.shape[1]
        core = slope[:, :, :inner]
        entering = propagate_back(gradient, *self.recursion(theta))
        for slot in range(1, self._history.stop):
            if slot in self._mean_slots or self.missing.any():
                lag = self._lags[slot - 1]
                source = entering[lag:] if slot in self._mean_slots else entering[lag:] * self.missing[:-lag, None]
                total[:, slot, :inner] += np.einsum("ts,tsp->sp", source, core[: len(core) - lag])
        first, second = self._start_slopes(theta)
        if first.any():
            reach = self._reach
            before = self._before()[:reach]
            share = entering[:reach].T @ before  # [S, history]
            total[:, self._history] += share[:, :, None] * first[:, None, :]
            total += 0.5 * np.einsum("sh,sh->s", share, theta[:, self._history])[:, None, None] * second
        return total + total.transpose(0, 2, 1)


def feed_forward(
    predictor: Predictor,
    theta: FloatArray,
    z: FloatArray,
    core: FloatArray,
    regressors: tuple[FloatArray, FloatArray],
    draw: Callable[[int, FloatArray], FloatArray],
) -> None:
    """Go on with the recursion month by month, feeding back what is drawn.

    Parameters
    ----------
    predictor : Predictor
        Gives the lags.
    theta : ndarray, [S, p]
        Parameters.
    z, core : ndarray, [L, S]
        Transformed counts, and predictors less the outer effects, of the last L months, L being the longest lag.
    regressors : pair of ndarray, [H, r] and [H, m]
        Inner and outer regressors of the months to come.
    draw : callable
        ``draw(month, predictor[S]) -> z[S]``: draws the counts of a month and returns them transformed.
    """
    inner, outer = regressors
    counts, means = predictor.past_counts, predictor.past_means
    first = 1 + len(counts) + len(means)
    inside = theta[:, 0] + inner @ theta[:, first : first + inner.shape[1]].T
    outside = outer @ theta[:, first + inner.shape[1] :].T
    past_z, past_core = list(z), list(core)
    for step in range(len(inner)):
        value = inside[step].copy()
        for slot, lag in enumerate(counts, start=1):
            value += theta[:, slot] * past_z[-lag]
        for slot, lag in enumerate(means, start=1 + len(counts)):
            value += theta[:, slot] * past_core[-lag]
        past_core.append(value)
        past_z.append(draw(step, value + outside[step]))
