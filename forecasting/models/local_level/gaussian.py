r"""The normal approximation of path and coefficients given the parameters: their prior times a quadratic in the log means.

With :math:`\eta=o+a+Db` the log mean of every month, the quadratic has a precision :math:`\lambda_t` for each month and, for
what ties months together, observations :math:`v` of :math:`U'(\eta-o)` with covariance N.  The months alone leave the
precision bordered tridiagonal; the ties are conditioned on afterwards (Woodbury for determinants, kriging for draws: Hoffman,
Ribak 1991, Astrophysical Journal 380, L5-L8).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from forecasting.kernels.counts import FloatArray
from forecasting.kernels.tridiagonal import Tridiagonal
from forecasting.likelihood.surrogate import Ties
from forecasting.models.local_level.path import LevelPath, Motion

_SINGULAR = 1e-10  # share of the largest variance below which a direction of the ties is left as it is
_LOG_TWO_PI = float(np.log(2.0 * np.pi))


class Quadratic(NamedTuple):
    """A quadratic in the log means without offset: precision and precision times location ``[T, S]``, and ties.

    `again` linearises the ties elsewhere, at log means ``[T, S]``, where they are curved too much to be drawn as they are.
    """

    precision: FloatArray
    linear: FloatArray
    ties: Ties | None
    again: Callable[[FloatArray], Ties] | None = None


class Conditional:
    """S normal distributions of path ``[T]`` and coefficients ``[k]``.

    Parameters
    ----------
    prior : LevelPath
        Prior of both.
    effects : ndarray, [T, e]
        Design D of the last e coefficients; the others do not enter the log mean by themselves.
    motion : Motion
        Of each distribution.
    quadratic : Quadratic
        What the data say.
    """

    def __init__(self, prior: LevelPath, effects: FloatArray, motion: Motion, quadratic: Quadratic) -> None:
        self._prior, self._effects, self._motion, self._quadratic = prior, effects, motion, quadratic
        self._still = prior.scale.size - effects.shape[1]
        draws = motion.noise.size
        diagonal, beside, border, corner = prior.precision(motion)
        right, self._right = prior.linear(draws)
        weight = quadratic.precision
        self._tri = Tridiagonal.factor(diagonal + weight, beside)
        right += quadratic.linear
        if effects.shape[1]:
            border[:, self._still :] += effects[:, :, None] * weight[:, None]
            corner[self._still :, self._still :] += np.einsum("te,ts,tf->efs", effects, weight, effects, optimize=True)
            self._right[self._still :] += effects.T @ quadratic.linear
        self._forward = self._tri.forward(right)
        self._coefs = np.empty((0, draws))
        if prior.scale.size:
            reached = self._tri.forward(border)
            scaled = reached / self._tri.pivot[:, None]
            schur = np.moveaxis(corner - np.einsum("tks,tjs->kjs", reached, scaled), 2, 0)
            self._schur = schur
            self._root = np.linalg.cholesky(schur)  # [S, k, k]
            self._border = self._tri.backward(scaled)
            shifted = self._right - np.einsum("tks,ts->ks", self._border, right)
            self._coefs = self._solved(shifted)
        if quadratic.ties is not None:
            self._tie(quadratic.ties)

    def _solved(self, right: FloatArray) -> FloatArray:
        """Return the Schur complement's inverse times ``[k, S]``."""
        return np.asarray(np.linalg.solve(self._schur, right.T[:, :, None])[:, :, 0].T)

    def _assembled(self, normal: FloatArray | None) -> tuple[FloatArray, FloatArray]:
        """Return path and coefficients for standard normal deviations, or their means, before the ties."""
        path, coefs = self._forward / self._tri.pivot, self._coefs
        size, k = len(path), len(coefs)
        if normal is not None:
            path += normal[:size] / np.sqrt(self._tri.pivot)
            if k:
                right = normal[size : size + k].T[:, :, None]
                coefs = coefs + np.linalg.solve(np.swapaxes(self._root, 1, 2), right)[:, :, 0].T
        self._tri.backward(path)
        if k:
            path -= np.einsum("tks,ks->ts", self._border, coefs)
        return path, coefs

    def _tie(self, ties: Ties) -> None:
        """Prepare the conditioning on the ties."""
        loads = ties.loads
        path = self._tri.solve(loads)
        coefs = np.zeros((self._coefs.shape[0], *loads.shape[1:]))
        if coefs.shape[0]:
            coefs[self._still :] = np.einsum("te,trs->ers", self._effects, loads)
            coefs -= np.einsum("tks,trs->krs", self._border, loads)
            solved = np.linalg.solve(self._schur, np.moveaxis(coefs, 2, 0))
            coefs = np.moveaxis(solved, 0, 2)
            path -= np.einsum("tks,krs->trs", self._border, coefs)
        self._gain_path, self._gain_coefs = path, coefs
        reach = path + self._seen(coefs)
        self._own = np.einsum("trs,tqs->srq", loads, reach)
        self._spread = self._own + ties.noise
        self._reach = reach

    def _seen(self, coefs: FloatArray) -> FloatArray:
        """Return what coefficients ``[k, ..., S]`` add to the log means ``[T, ..., S]``."""
        return np.asarray(np.tensordot(self._effects, coefs[self._still :], axes=1))

    def log_mean(self, path: FloatArray, coefs: FloatArray) -> FloatArray:
        """Return the log means without offset ``[T, S]``."""
        return path + self._seen(coefs) if self._effects.shape[1] else path

    def mean(self) -> tuple[FloatArray, FloatArray]:
        """Return the means of path and coefficients."""
        path, coefs = self._assembled(None)
        ties = self._quadratic.ties
        if ties is None:
            return path, coefs
        missed = ties.value.T - np.einsum("trs,ts->sr", ties.loads, self.log_mean(path, coefs))
        return self._moved(path, coefs, np.linalg.solve(self._spread, missed[:, :, None])[:, :, 0])

    def _moved(self, path: FloatArray, coefs: FloatArray, by: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return path and coefficients moved along the gains of the ties by ``[S, R]``."""
        path = path + np.einsum("trs,sr->ts", self._gain_path, by)
        return path, coefs + np.einsum("krs,sr->ks", self._gain_coefs, by)

    @property
    def deviations(self) -> int:
        """Number of standard normal deviations that a draw takes."""
        ties = self._quadratic.ties
        return len(self._forward) + len(self._coefs) + (0 if ties is None else len(ties.value))

    def draw(self, normal: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        r"""Return path ``[T, S]``, coefficients ``[k, S]`` and log density ``[S]`` for deviations ``[deviations, S]``.

        What the ties see, :math:`u=U'(\eta-o)`, is drawn once more given all that is independent of it.  A total is a curved
        function of the log means: its u comes from a normal law found by scoring along the curve (Gauss and Newton).
        """
        path, coefs = self._assembled(normal)
        size = len(path) + len(coefs)
        form = np.einsum("ns,ns->s", normal[:size], normal[:size])
        density = 0.5 * (self._log_determinant() - size * _LOG_TWO_PI - form)
        ties, again = self._quadratic.ties, self._quadratic.again
        if ties is None:
            return path, coefs, density
        values, vectors = np.linalg.eigh(self._own)
        kept = values > _SINGULAR * values[:, -1:]
        inverse = np.where(kept, 1.0 / np.sqrt(np.where(kept, values, 1.0)), 0.0)
        white = vectors * inverse[:, None]  # u = middle + own white w with w standard normal
        apart = np.einsum("trs,ts->sr", ties.loads, self.log_mean(path, coefs) - self.log_mean(*self._assembled(None)))
        before = np.einsum("srq,sr->sq", white, apart)
        along = np.einsum("trs,srq->tqs", self._reach, white)
        rest = self.log_mean(path, coefs) - np.einsum("tqs,sq->ts", along, before)

        def scored(here: Ties) -> tuple[FloatArray, FloatArray]:
            slope = np.einsum("trs,tqs->srq", here.loads, along)
            missed = here.value.T - np.einsum("trs,ts->sr", here.loads, rest)
            scaled = np.linalg.solve(here.noise, np.concatenate([slope, missed[:, :, None]], axis=2))
            precision = np.eye(before.shape[1]) + np.einsum("srq,srp->sqp", slope, scaled[:, :, :-1])
            pull = np.einsum("srq,sr->sq", slope, scaled[:, :, -1])
            return np.linalg.solve(precision, pull[:, :, None])[:, :, 0], precision

        found, precision = scored(ties)
        if again is not None:
            found, precision = scored(again(rest + np.einsum("tqs,sq->ts", along, found)))
        root = np.linalg.cholesky(precision)
        drawn = normal[size:].T
        after = found + np.linalg.solve(np.swapaxes(root, 1, 2), drawn[:, :, None])[:, :, 0]
        before = np.where(kept, before, after)
        density += 0.5 * (np.square(before) - np.square(drawn)).sum(axis=1)
        density += np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        return *self._moved(path, coefs, np.einsum("srq,sq->sr", white, after - before)), density

    def log_determinant(self) -> FloatArray:
        """Return the log determinant ``[S]`` of the precision."""
        total = self._log_determinant()
        if self._quadratic.ties is not None:
            total = total + np.linalg.slogdet(self._spread)[1] - np.linalg.slogdet(self._quadratic.ties.noise)[1]
        return np.asarray(total)

    def _log_determinant(self) -> FloatArray:
        """Return that of the precision without the ties."""
        total = self._tri.log_determinant()
        if self._coefs.size:
            total = total + 2.0 * np.log(np.diagonal(self._root, axis1=1, axis2=2)).sum(axis=1)
        return np.asarray(total)

    def deviation(self) -> FloatArray:
        """Return the standard deviations of the log means ``[T, S]``."""
        variance = self._tri.inverse_diagonal()
        if self._coefs.size:
            loads = -self._border
            loads[:, self._still :] += self._effects[:, :, None]
            half = np.linalg.solve(self._root, np.moveaxis(loads, (2, 1), (0, 1)))
            variance = variance + np.square(half).sum(axis=1).T
        if self._quadratic.ties is not None:
            root = np.linalg.cholesky(self._spread)
            half = np.linalg.solve(root, np.moveaxis(self._reach, (2, 1), (0, 1)))
            variance = variance - np.square(half).sum(axis=1).T
        return np.asarray(np.sqrt(np.maximum(variance, 1e-16)))
