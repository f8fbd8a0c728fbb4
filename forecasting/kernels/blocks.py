r"""Sums over long runs of integers from few values: a smooth sequence is a polynomial on each dyadic block.

A block of :math:`n = 16\cdot 2^k` consecutive integers is represented by the values of a sequence at 16 of them.  Linear
functionals of the interpolating polynomial, and the sum of squares of its running sums, are then *exact* sums over all n
integers.  They come by doubling: a polynomial on a block is a polynomial on each half, so the weights at level k follow from
those at level k - 1, down to 16 integers where every value is at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from forecasting.kernels.counts import FloatArray, IntArray

NODES = 16


@dataclass(frozen=True)
class Block:
    r"""Weights of a block of `size` integers :math:`i = 0, \ldots, n-1` for values p at `nodes`.

    With running sums :math:`c_i = \sum_{j\le i} p_j`:

    Attributes
    ----------
    size : int
        Number n of integers.
    nodes : int64[16]
        Where values are needed; symmetric in the block, close to Chebyshev's points.
    total : float64[16]
        :math:`\sum_i p_i` is ``total @ p``.
    linear : float64[16]
        :math:`\sum_i c_i` is ``linear @ p``.
    square : float64[16, 16]
        :math:`\sum_i c_i^2` is ``p @ square @ p``.
    left, right : float64[16, 16]
        Values at the nodes of the two halves (of the block itself at level 0).
    rest : float64[2, 16]
        Coefficients of the two highest degrees: how far the block is from being resolved; zero at level 0.
    """

    size: int
    nodes: IntArray
    total: FloatArray
    linear: FloatArray
    square: FloatArray
    left: FloatArray
    right: FloatArray
    rest: FloatArray

    def at(self, points: IntArray) -> FloatArray:
        """Return the matrix ``[P, 16]`` that takes values at `nodes` to those at P of the integers."""
        return _interpolation(self.nodes, points, self.size)


@lru_cache(maxsize=64)
def block(level: int) -> Block:
    """Return the weights of a block of ``16 * 2**level`` integers.

    Examples
    --------
    >>> million = block(16)
    >>> round(float(million.total @ (2.0 * million.nodes + 1.0)) / million.size**2, 12)
    1.0
    """
    if level == 0:
        running = np.tri(NODES)
        identity = np.eye(NODES)
        nodes = np.arange(NODES, dtype=np.int64)
        ones = np.ones(NODES)
        return Block(NODES, nodes, ones, ones @ running, running.T @ running, identity, identity, np.zeros((2, NODES)))
    half = block(level - 1)
    size = 2 * half.size
    nodes = _chebyshev(size)
    left = _interpolation(nodes, half.nodes, size)
    right = _interpolation(nodes, half.nodes + half.size, size)
    before, inside = half.total @ left, half.linear @ right
    square = left.T @ half.square @ left + right.T @ half.square @ right
    square += half.size * np.outer(before, before) + np.outer(before, inside) + np.outer(inside, before)
    return Block(
        size,
        nodes,
        before + half.total @ right,
        half.linear @ left + inside + half.size * before,
        square,
        left,
        right,
        _highest(nodes, size),
    )


def descend(p: FloatArray, level: int, *, place: float = np.inf, mass: float = np.inf) -> tuple[FloatArray, float, int]:
    """Halve a block down to the 16 counts that hold the count at `place`, or the one where the sum reaches `mass`.

    Returns their probabilities, the sum of those before them, and the place of the first.
    """
    before, first = 0.0, 0
    while level:
        weights, half = block(level), block(level - 1)
        left = weights.left @ p
        sum_left = float(half.total @ left)
        level -= 1
        if place >= first + half.size and mass > before + sum_left:
            before, first, p = before + sum_left, first + half.size, weights.right @ p
        else:
            p = left
    return p, before, first


def _chebyshev(size: int) -> IntArray:
    """Return 16 distinct integers of 0..size-1 next to Chebyshev's extreme points, symmetric."""
    angles = np.pi * np.arange(NODES // 2) / (NODES - 1)
    lower = np.rint((size - 1) * (1.0 - np.cos(angles)) / 2.0).astype(np.int64)
    for k in range(1, len(lower)):
        lower[k] = max(lower[k], lower[k - 1] + 1)
    return np.concatenate([lower, size - 1 - lower[::-1]])


def _scaled(points: IntArray, size: int) -> FloatArray:
    return np.asarray(2.0 * points / (size - 1) - 1.0)


def _interpolation(nodes: IntArray, points: IntArray, size: int) -> FloatArray:
    """Return the matrix that takes values at `nodes` to values of their polynomial at `points` (Lagrange)."""
    x, z = _scaled(nodes, size), _scaled(points, size)
    apart = x[:, None] - x
    np.fill_diagonal(apart, 1.0)
    factors = (z[:, None, None] - x) / apart
    factors[:, np.arange(NODES), np.arange(NODES)] = 1.0
    return np.asarray(factors.prod(axis=2))


def _highest(nodes: IntArray, size: int) -> FloatArray:
    """Return the two highest coefficients of the orthonormal polynomials on `nodes`, scaled to the size of a value."""
    basis, _ = np.linalg.qr(np.polynomial.chebyshev.chebvander(_scaled(nodes, size), NODES - 1))
    return np.asarray(basis[:, -2:].T / np.sqrt(NODES))
