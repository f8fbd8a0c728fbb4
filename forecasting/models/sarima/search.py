"""Choosing the orders: conditional sums of squares rank all candidates, the exact likelihood decides among the best.

Three sieves, each on what the one before left: conditional sums of squares of every candidate at once; the exact likelihood at
those estimates, a lower bound; the maximised likelihood.  From the winner on, neighbouring orders are maximised too until none
is better, as in the stepwise search of Hyndman and Khandakar (2008, J. Statistical Software 27).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput, SamplingError
from forecasting.inference.mode import differences, find_mode, inverse_root
from forecasting.kernels.arma import inverse_roots
from forecasting.kernels.conditional_sums import Factors, conditional_estimates, working_point
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.differencing import PERIOD
from forecasting.models.fit import corrected
from forecasting.models.sarima.density import ArimaDensity
from forecasting.models.sarima.orders import Orders

_SIMPLE = 2  # models of so few coefficients pass the first sieve in any case
_STEPPED, _CLIMBED = 30, 8  # candidates that pass each sieve
# AICc so much above the best after one step, or close to the maximum, can still become the best.
_PROMISING, _LEVEL = 4.0, 0.1
_LONGEST_ROOT = 1.0 / 1.01  # inverse roots beyond this are refused, as by R
_WIDTH, _FLATTEST, _LONGEST_STEP = 0.02, 1e-1, 2.0
_STEPS = np.array([1.0, 0.5, 0.2, 0.05])

Key = tuple[Factors, tuple[str, ...]]
"""Numbers of coefficients and names of the regressors."""


@dataclass(frozen=True)
class Limits:
    """Largest orders that are tried: each of p, q, P, Q, and their sum."""

    p: int = 5
    q: int = 5
    seasonal_p: int = 2
    seasonal_q: int = 2
    total: int = 6

    def factors(self) -> list[Factors]:
        """Return all (p, q, P, Q) within the limits."""
        ranges = [range(k + 1) for k in (self.p, self.q, self.seasonal_p, self.seasonal_q)]
        return [(p, q, r, s) for p, q, r, s in product(*ranges) if p + q + r + s <= self.total]

    def near(self, factors: Factors) -> Iterator[Factors]:
        """Yield the neighbours: one order, both of p and q, or both of P and Q differ by one."""
        highest = (self.p, self.q, self.seasonal_p, self.seasonal_q)
        for step in product((-1, 0, 1), repeat=4):
            if any(step) and not (any(step[:2]) and any(step[2:])):
                p, q, seasonal_p, seasonal_q = (k + s for k, s in zip(factors, step, strict=True))
                other = (p, q, seasonal_p, seasonal_q)
                if min(other) >= 0 and all(k <= top for k, top in zip(other, highest, strict=True)):
                    yield other


@dataclass(eq=False)
class Candidate:
    """One model on trial.

    Attributes
    ----------
    density : ArimaDensity
        Its likelihood.
    work : ndarray, [p]
        Best point so far.
    loglik : float
        Log likelihood there.
    stage : str
        ``"stepped"`` once from the conditional estimates, ``"climbed"`` close to the maximum, ``"maximised"``, or ``"stopped"``
        where the likelihood ends.
    """

    density: ArimaDensity
    work: FloatArray
    loglik: float = -np.inf
    stage: str = "stepped"
    proper: bool = True

    @property
    def aicc(self) -> float:
        """Akaike's criterion corrected; infinite where a root at the unit circle makes the model improper."""
        if not self.proper:
            return float(np.inf)
        return corrected(self.loglik, self.density.orders.size + len(self.density.regressors) + 1, self.density.nobs)

    def step(self) -> None:
        """Take one Newton step, as far along it as the likelihood rises."""
        if not self.work.size:
            self.loglik = float(self.density.profile(self.work[None])[0])
            return
        value, gradient, hessian = differences(self.density.profile, self.work, np.diag(self.density.scale), _WIDTH)
        self.loglik = float(np.nan_to_num(value, nan=-np.inf))
        if np.isfinite(hessian).all():
            root = inverse_root(hessian, _FLATTEST)
            direction = root @ (root.T @ gradient)
            direction /= max(1.0, float(np.abs(direction).max()) / _LONGEST_STEP)
            trials = self.work + _STEPS[:, None] * (self.density.scale * direction)
            heights = np.nan_to_num(self.density.profile(trials), nan=-np.inf)
            if heights.max() > self.loglik:
                self.work, self.loglik = trials[heights.argmax()], float(heights.max())

    def climb(self, *, rough: bool) -> None:
        """Maximise the likelihood from where it stands."""
        if self.work.size:
            try:
                mode = find_mode(self.density.profile, self.work, self.density.scale, rough=rough)
            except SamplingError:  # the likelihood ends at a wall: what was reached so far stands
                self.stage = "stopped"
                return
            if mode.value >= self.loglik:
                self.work, self.loglik = mode.point, mode.value
        self.stage = "climbed" if rough else "maximised"
        self.proper = is_proper(self.density, self.work)


def is_proper(density: ArimaDensity, work: FloatArray) -> bool:
    """Return whether no root lies at the unit circle that should not.

    Autoregressive roots there call for a difference; complex or negative roots of the moving average cancel them and fit
    noise.  A moving average with the root one undoes a difference: a fixed level, slope or season, which is a model like any
    other and stays.
    """
    ar, ma, seasonal, _ = density.coefficients(work[None])
    return not (
        (np.abs(inverse_roots(-ar[0])) > _LONGEST_ROOT).any()
        or (np.abs(inverse_roots(-seasonal[0])) > _LONGEST_ROOT).any()
        or any(abs(r) > _LONGEST_ROOT and (r.real < 0 or abs(r.imag) > 1e-3) for r in inverse_roots(ma[0]))
    )


@dataclass(eq=False)
class Search:
    """A search among models of the same differences and regressors.

    Parameters
    ----------
    z : ndarray, [T]
        Transformed series, NaN where missing.
    designs : dict
        Names and columns ``[T, k]`` of the regressors, without and (where there is a choice) with a constant.
    differences : tuple of int
        d and D.
    limits : Limits
    title : str
        Name of the series.
    """

    z: FloatArray
    designs: dict[tuple[str, ...], FloatArray]
    differences: tuple[int, int]
    limits: Limits
    title: str
    tried: dict[Key, Candidate] = field(default_factory=dict)

    def run(self) -> list[Candidate]:
        """Return all candidates that reached the exact likelihood, the best first."""
        starts = self._estimated()
        for place, key in enumerate(starts):
            if place < _STEPPED or sum(key[0]) <= _SIMPLE:
                self._try(key, starts[key])
        for candidate in self._best()[:_CLIMBED]:
            candidate.climb(rough=True)
        best = None
        while best is not (best := self._best()[0]):
            for key in self._neighbours(best, starts):
                candidate = self.tried[key] if key in self.tried else self._try(key, starts[key])
                if candidate.stage == "stepped" and candidate.aicc < best.aicc + _PROMISING:
                    candidate.climb(rough=True)
        for candidate in self._best():
            if candidate.aicc < best.aicc + _LEVEL:
                candidate.climb(rough=False)
        if not np.isfinite(self._best()[0].aicc):
            raise InvalidInput(f"{self.title}: no seasonal ARIMA model fits; use a longer series or lower differences")
        return self._best()

    def _density(self, names: tuple[str, ...], factors: Factors) -> ArimaDensity:
        (p, q, seasonal_p, seasonal_q), (d, seasonal_d) = factors, self.differences
        orders = Orders((p, d, q), (seasonal_p, seasonal_d, seasonal_q))
        return ArimaDensity(self.z, self.designs[names], names, orders, self.title)

    def _estimated(self) -> dict[Key, FloatArray]:
        """Return the conditional estimates of every candidate, in the order of the criterion these give."""
        rows: dict[Key, tuple[float, FloatArray]] = {}
        for names in self.designs:
            plain = self._density(names, (0, 0, 0, 0))
            width, n = len(names), plain.nobs
            room = len(self.z) - plain.orders.lost
            families = [
                f
                for f in self.limits.factors()
                if sum(f) + width + 3 < n and max(f[0] + PERIOD * f[2], f[1] + PERIOD * f[3]) < room
            ]
            if not families:
                continue
            coefs, squares = conditional_estimates(plain.residual, families)
            for c, f, s in zip(coefs, families, squares, strict=True):
                score = corrected(-0.5 * n * np.log(max(s, 1e-300)), sum(f) + width + 1, n)
                rows[f, names] = score, working_point(c, f)
        if not rows:
            raise InvalidInput(f"{self.title}: too few known months to choose a model from; give at least six")
        return {key: rows[key][1] for key in sorted(rows, key=lambda key: rows[key][0])}

    def _try(self, key: Key, start: FloatArray) -> Candidate:
        factors, names = key
        self.tried[key] = candidate = Candidate(self._density(names, factors), start)
        candidate.step()
        return candidate

    def _best(self) -> list[Candidate]:
        return sorted(self.tried.values(), key=lambda c: c.aicc)

    def _neighbours(self, best: Candidate, starts: dict[Key, FloatArray]) -> list[Key]:
        """Return the candidates next to `best`: with other orders, or with its orders and another constant."""
        own = best.density.orders.factors
        near = [own, *(f for f in self.limits.near(own))]
        return [(f, names) for names in self.designs for f in near if (f, names) in starts]


def table(candidates: list[Candidate]) -> pd.DataFrame:
    """Return a row a candidate, the best first: model, constant, loglik, aicc and how far it was followed."""
    return pd.DataFrame(
        {
            "model": [str(c.density.orders) for c in candidates],
            "regressors": [" ".join(c.density.regressors) for c in candidates],
            "loglik": [c.loglik for c in candidates],
            "aicc": [c.aicc for c in candidates],
            "stage": [c.stage for c in candidates],
        }
    )
