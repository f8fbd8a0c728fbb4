r"""Symmetric tridiagonal systems, many at once: one loop over the rows serves all of them.

A system with diagonal :math:`a_t` and off-diagonal :math:`b_t` is factored as :math:`LDL'`, where L has ones on its diagonal
and :math:`r_t` below it:

.. math:: d_1=a_1,\qquad r_t=b_t/d_t,\qquad d_{t+1}=a_{t+1}-r_t b_t.

LAPACK's ``pttrf`` does this for one system; for thousands of short ones the calls cost more than the arithmetic.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from forecasting.kernels.counts import FloatArray


class Tridiagonal(NamedTuple):
    """Factors of S systems: pivots ``[T, S]`` and ratios ``[T - 1, S]``.

    Examples
    --------
    >>> both = Tridiagonal.factor(np.array([[2.0], [3.0]]), np.array([[1.0]]))
    >>> both.solve(np.array([[4.0], [7.0]]))[:, 0].tolist()
    [1.0, 2.0]
    >>> both.inverse_diagonal()[:, 0].tolist(), round(float(np.exp(both.log_determinant()[0])), 9)
    ([0.6, 0.4], 5.0)
    """

    pivot: FloatArray
    ratio: FloatArray

    @classmethod
    def factor(cls, diagonal: FloatArray, beside: FloatArray) -> Tridiagonal:
        """Factor positive definite systems with diagonals ``[T, S]`` and off-diagonals ``[T - 1, S]``."""
        pivot, ratio = diagonal.copy(), np.empty(beside.shape)
        product = np.empty(diagonal.shape[1])
        for row, off in enumerate(beside):
            np.divide(off, pivot[row], out=ratio[row])
            np.multiply(ratio[row], off, out=product)
            pivot[row + 1] -= product
        return cls(pivot, ratio)

    def solve(self, right: FloatArray) -> FloatArray:
        """Return the solution for right-hand sides ``[T, S]`` or ``[T, k, S]``."""
        forward = self.forward(right)
        forward /= self._aligned(self.pivot, right)
        return self.backward(forward)

    def forward(self, right: FloatArray) -> FloatArray:
        """Return :math:`L^{-1}` times the right-hand sides, ``[T, S]`` or ``[T, k, S]``."""
        result = right.copy()
        product = np.empty(result.shape[1:])
        for row, ratio in enumerate(self.ratio):
            np.multiply(ratio, result[row], out=product)
            result[row + 1] -= product
        return result

    def backward(self, right: FloatArray) -> FloatArray:
        """Return :math:`L'^{-1}` times the right-hand sides, which are overwritten."""
        product = np.empty(right.shape[1:])
        for row in range(len(self.ratio) - 1, -1, -1):
            np.multiply(self.ratio[row], right[row + 1], out=product)
            right[row] -= product
        return right

    def inverse_diagonal(self) -> FloatArray:
        """Return the diagonal of the inverse ``[T, S]``."""
        result = 1.0 / self.pivot
        squared = np.square(self.ratio)
        for row in range(len(self.ratio) - 1, -1, -1):
            result[row] += squared[row] * result[row + 1]
        return result

    def log_determinant(self) -> FloatArray:
        """Return the log determinant ``[S]``."""
        return np.asarray(np.log(self.pivot).sum(axis=0))

    @staticmethod
    def _aligned(rows: FloatArray, right: FloatArray) -> FloatArray:
        return rows if right.ndim == 2 else rows[:, None]
