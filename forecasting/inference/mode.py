"""Modes of log densities by Newton's method on batched finite differences.

All points of a difference stencil, and all trial steps of a line search, are evaluated in one call.  The stencil lives in
coordinates in which the density is locally round, so one step size serves every parameter, and Richardson's extrapolation
brings the derivatives to about nine digits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from forecasting.errors import SamplingError
from forecasting.kernels.counts import FloatArray

LogDensity = Callable[[FloatArray], FloatArray]

Rule = Callable[[LogDensity, FloatArray, FloatArray], tuple[float, FloatArray, FloatArray]]

_ITERATIONS = 100
_DECREMENT = 1e-9  # Newton decrement, twice in a row, at which the climb stops
_ROUGH_DECREMENT = 1e-2  # the same where a rough answer is enough
_CONVERGED = 1e-8  # decrement at which the result counts as a mode
_FLATTEST = 1e-2  # curvature below which a direction counts as flat, in units of `scale`
_LONGEST = 3.0  # longest Newton step, in units of `scale`
_ROUGH = 0.02  # stencil half-width while searching, in local standard deviations
_FINE = 0.08  # wider of the two half-widths of the final, extrapolated stencil
_STEPS = 2.0 ** np.array([1.0, 0.0, -1.0, -2.0, -3.0, -5.0, -8.0, -12.0])
_REACH = 2.0 ** np.array([9.0, 7.0, 5.0, 3.0])  # further steps, along directions so flat that Newton's are cut short


@dataclass(frozen=True)
class Mode:
    """A maximum of a log density.

    Attributes
    ----------
    point : ndarray, [p]
        Where it is.
    value : float
        Log density there.
    gradient : ndarray, [p]
        By finite differences; what is left of it.
    hessian : ndarray, [p, p]
        Second derivatives.
    decrement : float
        Newton decrement: how far, in log density, a quadratic model puts the top above `value`.
    iterations : int
        Newton steps taken.
    converged : bool
        Whether the decrement is below 1e-8, or below rounding: no step can gain more log density than that.
    """

    point: FloatArray
    value: float
    gradient: FloatArray
    hessian: FloatArray
    decrement: float
    iterations: int
    converged: bool


def certain(value: float) -> Mode:
    """Return the mode of a density of no parameters, which has one value."""
    nothing = np.empty(0)
    return Mode(nothing, value, nothing, np.empty((0, 0)), 0.0, 0, True)


def differences(
    density: LogDensity, point: FloatArray, basis: FloatArray, width: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return value, gradient and Hessian of `density` at `point` along the columns of `basis`, by central differences.

    Parameters
    ----------
    density : callable
        ``[S, p] -> [S]``.
    point : ndarray, [p]
        Where.
    basis : ndarray, [p, q]
        Directions.
    width : float
        Step along each of them.

    Returns
    -------
    value : float
    gradient : ndarray, [q]
    hessian : ndarray, [q, q]
        Both with respect to the coordinates along `basis`; no numbers next to the edge of a density.
    """
    q = basis.shape[1]
    stencil, i, j = _stencil(q)
    values = density(point + (stencil * width) @ basis.T)
    centre, plus, minus = values[0], values[1 : q + 1], values[q + 1 : 2 * q + 1]
    with np.errstate(invalid="ignore"):
        gradient = (plus - minus) / (2.0 * width)
        hessian = np.diag((plus + minus - 2.0 * centre) / width**2)
        if i.size:
            two = values[2 * q + 1 : 2 * q + 1 + i.size] + values[2 * q + 1 + i.size :]
            mixed = (two - plus[i] - plus[j] - minus[i] - minus[j] + 2.0 * centre) / (2.0 * width**2)
            hessian[i, j] = hessian[j, i] = mixed
    return float(centre), gradient, hessian


@lru_cache(maxsize=16)
def _stencil(q: int) -> tuple[FloatArray, NDArray[np.int64], NDArray[np.int64]]:
    """Return the points of second differences in q directions, in units of the step, and the pairs of directions."""
    i, j = np.triu_indices(q, 1)
    unit = np.eye(q)
    both = unit[i] + unit[j]
    return np.concatenate([np.zeros((1, q)), unit, -unit, both, -both]), i, j


def extrapolated(density: LogDensity, point: FloatArray, basis: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return value, gradient and Hessian with the leading error of `differences` removed (Richardson)."""
    value, rough_gradient, rough = differences(density, point, basis, _FINE)
    _, gradient, hessian = differences(density, point, basis, _FINE / 2.0)
    return value, (4.0 * gradient - rough_gradient) / 3.0, (4.0 * hessian - rough) / 3.0


def slopes(function: Callable[[FloatArray], FloatArray], point: FloatArray, width: float) -> FloatArray:
    """Return the derivatives ``[m, p]`` of a function ``[S, p] -> [S, m]`` by central differences, all points in one call."""
    if not point.size:
        return np.zeros((function(point[None]).shape[1], 0))
    steps = width * np.eye(point.size)
    values = function(np.concatenate([point + steps, point - steps]))
    return np.asarray((values[: point.size] - values[point.size :]).T / (2.0 * width))


def inverse_root(hessian: FloatArray, floor: float) -> FloatArray:
    """Return the Cholesky factor B of ``B B' = (-H)^-1``, the eigenvalues of ``-H`` taken absolute and kept above `floor`.

    Eigenvectors alone would serve as well, but their signs depend on the processor, and with them every draw.
    """
    values, vectors = np.linalg.eigh(-hessian)
    upper = np.asarray(np.linalg.qr((vectors / np.sqrt(np.maximum(np.abs(values), floor))).T, mode="r"))
    return np.asarray(upper.T * np.sign(upper.diagonal()))


def find_mode(
    density: LogDensity,
    start: FloatArray,
    scale: FloatArray,
    *,
    free: NDArray[np.bool_] | None = None,
    rough: bool = False,
    endless: bool = False,
) -> Mode:
    """Climb from `start` to a maximum.

    Parameters
    ----------
    density : callable
        ``[S, p] -> [S]``; ``-inf`` and NaN are walls.
    start, scale : ndarray, [p]
        A point of finite density, and the rough size of a sensible step in each coordinate.
    free : ndarray of bool, [p], optional
        Coordinates that may move; the others stay at `start`.
    rough : bool
        Stop within a tenth of a standard deviation of the maximum, which is all that a proposal needs.
    endless : bool
        The maximum may lie at infinity, as that of a likelihood can: also try steps that go there fast.

    Returns
    -------
    Mode
        Gradient and Hessian cover the free coordinates only.
    """
    moving = np.ones(start.size, dtype=bool) if free is None else free
    axes = np.diag(scale)[:, moving]  # all work is done in units of `scale`

    def safe(points: FloatArray) -> FloatArray:
        # NaN from the start: a stencil that reaches into a wall gives NaN derivatives without a warning.
        values = density(points)
        return np.where(np.isfinite(values), values, np.nan)

    point = start.astype(float).copy()
    basis = 0.1 * np.eye(axes.shape[1])
    idle = taken = 0
    noise, enough, patience = 0.0, (_ROUGH_DECREMENT if rough else _DECREMENT), (1 if rough else 2)
    while taken < _ITERATIONS and idle < patience:
        taken += 1
        value, gradient, hessian = _derivatives(safe, point, axes, basis, _differences_with_retreat)
        basis = inverse_root(hessian, _FLATTEST)
        direction = basis @ (basis.T @ gradient)
        direction *= min(1.0, _LONGEST / max(float(np.abs(direction).max(initial=0.0)), 1e-300))
        steps = _STEPS
        if endless:
            longest = float(np.abs(direction).max(initial=0.0))
            steps = np.append(_REACH[_REACH * longest <= _LONGEST], _STEPS)
        trials = point + steps[:, None] * (axes @ direction)
        heights = np.nan_to_num(safe(trials), nan=-np.inf)
        best = int(np.argmax(heights))
        gain = float(heights[best]) - value
        if gain > 0:
            point = trials[best]
        idle = idle + 1 if min(gain, float(gradient @ direction)) < enough else 0
    if not rough:
        # What rounding leaves uncertain: the density at points that differ by far less than any step.
        nearby = axes @ basis @ np.linspace(-1e-9, 1e-9, 8)[None, :].repeat(axes.shape[1], axis=0)
        noise = float(np.ptp(safe(point + nearby.T)))
        point, value, gradient, hessian = _polished(safe, point, axes, basis, _CONVERGED + 10.0 * noise)
    decrement = 0.5 * float(np.sum(np.square(inverse_root(hessian, _FLATTEST).T @ gradient)))
    length = scale[moving]
    return Mode(
        point=point,
        value=value,
        gradient=gradient / length,
        hessian=hessian / np.outer(length, length),
        decrement=decrement,
        iterations=taken,
        converged=bool(decrement < max(_CONVERGED, 10.0 * noise)),
    )


def _polished(
    density: LogDensity, point: FloatArray, axes: FloatArray, basis: FloatArray, loss: float
) -> tuple[FloatArray, float, FloatArray, FloatArray]:
    """Take one more step with accurate derivatives, unless it loses more than rounding can: the rough ones are exhausted."""
    value, gradient, hessian = _derivatives(density, point, axes, basis, _extrapolated_with_retreat)
    root = inverse_root(hessian, _FLATTEST)
    further = point + axes @ (root @ (root.T @ gradient))
    if density(further[None])[0] > value - loss:
        point = further
        value, gradient, hessian = _derivatives(density, point, axes, root, _extrapolated_with_retreat)
    return point, value, gradient, hessian


def _derivatives(
    density: LogDensity, point: FloatArray, axes: FloatArray, basis: FloatArray, rule: Rule
) -> tuple[float, FloatArray, FloatArray]:
    """Return value, gradient and Hessian along `axes`, differenced along ``axes @ basis``."""
    value, gradient, hessian = rule(density, point, axes @ basis)
    try:
        back = np.linalg.inv(basis)
    except np.linalg.LinAlgError:
        raise SamplingError(
            f"the log density is too steep around {np.array2string(point, precision=3)} to find its top; check facts, "
            "terms and priors"
        ) from None
    hessian = back.T @ hessian @ back
    return value, back.T @ gradient, 0.5 * (hessian + hessian.T)


def _extrapolated_with_retreat(
    density: LogDensity, point: FloatArray, basis: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Extrapolate, or next to a wall difference with a stencil narrow enough to miss it."""
    value, gradient, hessian = extrapolated(density, point, basis)
    if np.isfinite(hessian).all():
        return value, gradient, hessian
    return _differences_with_retreat(density, point, basis)


def _differences_with_retreat(
    density: LogDensity, point: FloatArray, basis: FloatArray
) -> tuple[float, FloatArray, FloatArray]:
    """Difference with a narrower stencil where the usual one runs into a wall."""
    for width in (_ROUGH, 0.1 * _ROUGH, 0.01 * _ROUGH):
        value, gradient, hessian = differences(density, point, basis, width)
        if np.isfinite(hessian).all():
            return value, gradient, hessian
    raise SamplingError(
        f"the log density is not finite around {np.array2string(point, precision=3)}; "
        "either the data are impossible under the model there, or a mean is too large for a number: check facts, terms and "
        "priors"
    )
