"""Estimates that the likelihood has at infinity: separation, as when a calendar month with an effect was never counted."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from forecasting.kernels.counts import FloatArray
from forecasting.models.fittable import Fittable

_SOME = 1e-6  # of a unit step: less is rounding of the linear program
_FLAT = 1e-3  # curvature in units of `scale` below which a direction may lead to infinity
_AWAY = 1.0  # way from the start, in units of `scale`, that a search which runs off has gone
_FURTHER = np.array([[1.0], [3.0], [10.0], [30.0]])  # points at which a likelihood that never falls is looked at
_TAKES_PART = 0.05  # share of the largest movement below which a coefficient does not count as moving


def at_infinity(density: Fittable, work: FloatArray, free: NDArray[np.bool_], hessian: FloatArray) -> str:
    """Name the coefficients that run off to infinity, in one sentence; empty if none does.

    The search has gone the way of the separation, so that is looked for where it went along flat directions: if the likelihood
    falls nowhere further along it, there is no maximum (Albert, Anderson 1984, Biometrika 71, 1-10).

    Parameters
    ----------
    density : Fittable
        The likelihood.
    work : ndarray, [p]
        Where the search stopped.
    free : ndarray of bool, [p]
        Coordinates that moved.
    hessian : ndarray, [q, q]
        Second derivatives in the free coordinates.
    """
    scale = density.scale[free]
    curvature, axes = np.linalg.eigh(-hessian * np.outer(scale, scale))
    flat = axes[:, curvature < _FLAT]
    way = flat @ (flat.T @ ((work - density.start)[free] / scale))
    length = float(np.abs(way).max(initial=0.0))
    if length < _AWAY:
        return ""
    direction = np.zeros(work.size)
    direction[free] = scale * way / length
    with np.errstate(over="ignore", invalid="ignore"):
        heights = density.log_likelihood(np.concatenate([work[None], work + _FURTHER * direction]))
    if not (heights[1:] >= heights[0] - 1e-12 * (1.0 + abs(heights[0]))).all():
        return ""
    names = np.array(density.names)[free]
    runs = [
        f"{', '.join(names[moving])} to {infinity}"
        for moving, infinity in (
            (way < -_TAKES_PART * length, "minus infinity"),
            (way > _TAKES_PART * length, "plus infinity"),
        )
        if moving.any()
    ]
    return (
        f"the likelihood has no maximum (separation): {' and '.join(runs)}. The estimates and standard errors there are where "
        "the search stopped; use posterior(), whose priors keep them finite, or leave the terms out"
    )


def unseen_columns(rows: FloatArray, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the columns of `rows` ``[U, k]``, of sizes near one, that take part in their null space."""
    _, sizes, directions = np.linalg.svd(rows)
    rank = int(np.sum(sizes > 1e-9 * max(float(sizes.max(initial=0.0)), 1e-300)))
    hidden = np.abs(directions[rank:]).max(axis=0, initial=0.0) > 1e-6
    return tuple(name for name, is_hidden in zip(names, hidden, strict=False) if is_hidden)


def endless_ends(zero: FloatArray, counted: FloatArray) -> NDArray[np.bool_]:
    """Return which coefficients can go to minus and to plus infinity without any loss of likelihood, ``[2, p]``.

    Parameters
    ----------
    zero, counted : ndarray, [., p]
        Rows of the design of months with the count 0, whose means may vanish, and of all others that anything is known of.
    """
    from scipy.optimize import linprog

    size = zero.shape[1]
    ends = np.zeros((2, size), dtype=bool)
    for k in range(size):
        for row, sign in enumerate((1.0, -1.0)):
            found = linprog(
                sign * np.eye(size)[k],
                A_ub=zero,
                b_ub=np.zeros(len(zero)),
                A_eq=counted,
                b_eq=np.zeros(len(counted)),
                bounds=(-1.0, 1.0),
            )
            ends[row, k] = found.status == 0 and float(found.fun or 0.0) < -_SOME
    return ends
