"""The vectors that a system of rows allows, as the months are fixed one after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from forecasting.constraints import Linear
from forecasting.kernels.counts import FloatArray, IntArray

_SWEEPS = 2  # of bound propagation after each month


class Polytope:
    """Rows ``low <= matrix @ y <= high`` and ranges over m months, in the order in which months are drawn.

    Months that comparisons share come first (given the record month, the others have limits of their own), then the calendar.

    Parameters
    ----------
    rows : sequence of Linear
        The system.
    months : sequence of int
        Positions of the months.
    lower, upper : ndarray, [m]
        Ranges of the months, `upper` finite.
    """

    def __init__(self, rows: Sequence[Linear], months: Sequence[int], lower: FloatArray, upper: FloatArray) -> None:
        compared = dict.fromkeys(months, 0)
        for row in rows:
            if any(coef < 0 for coef in row.coefs):
                for position in row.positions:
                    compared[position] += 1
        self.order = np.array(sorted(range(len(months)), key=lambda c: (-max(compared[months[c]] - 1, 0), c)))
        place = {months[c]: k for k, c in enumerate(self.order)}
        self.matrix = np.zeros((len(rows), len(months)))
        for r, row in enumerate(rows):
            self.matrix[r, [place[i] for i in row.positions]] = row.coefs
        self.low = np.array([-np.inf if row.low is None else row.low for row in rows], dtype=float)
        self.high = np.array([np.inf if row.high is None else row.high for row in rows], dtype=float)
        self.equality = self.low == self.high
        self.lower, self.upper = lower[self.order].astype(float), upper[self.order].astype(float)
        self._inside = [np.flatnonzero(line) for line in self.matrix]

    def ranges(self, number: int) -> Ranges:
        """Return the ranges of `number` vectors of which no month is fixed yet."""
        return Ranges(self, number)

    def most_probable(self, mean: FloatArray, excess: FloatArray) -> tuple[FloatArray, FloatArray]:
        r"""Return the most probable point x ``[m]`` of the system, months taken as continuous, and the tilt of each row.

        A month of mean :math:`\mu` and variance :math:`\mu+a\mu^2` has mean x after a tilt by
        :math:`\eta(x)=\log(x/\mu)-\log((1+ax)/(1+a\mu))`, and the point minimises the sum of :math:`\int_\mu^x\eta`; there
        :math:`\eta=A'\lambda` for the months between their limits, with multipliers only of rows that bind.
        """
        from scipy.optimize import Bounds, LinearConstraint, lsq_linear, minimize

        least, most = np.maximum(self.lower, 0.02), np.maximum(self.upper, 0.03)
        scale = np.sqrt(mean * (1.0 + excess * mean))

        def eta(x: FloatArray) -> FloatArray:
            return np.log(x / mean) - np.log1p(excess * x) + np.log1p(excess * mean)

        def cost(z: FloatArray) -> tuple[float, FloatArray]:
            x = np.clip(mean + scale * z, least, most)
            ratio = (1.0 + excess * x) * (np.log1p(excess * x) - np.log1p(excess * mean)) / np.maximum(excess, 1e-9)
            value = float(np.sum(x * np.log(x / mean) - np.where(excess > 1e-9, ratio, x - mean)))
            return value, scale * eta(x)

        start = np.clip(mean, least, most)
        offset = self.matrix @ mean
        limits = [
            LinearConstraint(self.matrix[some] * scale, (self.low - offset)[some], (self.high - offset)[some])
            for some in (self.equality, ~self.equality)
            if some.any()
        ]
        found = minimize(
            cost,
            (start - mean) / scale,
            jac=True,
            method="SLSQP",
            bounds=Bounds((least - mean) / scale, (most - mean) / scale),
            constraints=limits,
            options={"maxiter": 100, "ftol": 1e-9},
        )
        x = np.clip(mean + scale * found.x, least, most) if np.isfinite(found.x).all() else start
        inner = (x > least * (1 + 1e-6) + 1e-6) & (x < most * (1 - 1e-6) - 1e-6)
        slack = 1e-3 * np.maximum(1.0, np.abs(self.matrix) @ x)
        total = self.matrix @ x
        at_low, at_high = np.abs(total - self.low) < slack, np.abs(total - self.high) < slack
        binding = np.flatnonzero(at_low | at_high)
        tilts = np.zeros(len(self.low))
        if len(binding) and inner.any():
            # A lower limit pushes upwards (a positive tilt), an upper one downwards.
            least_tilt = np.where(at_high[binding], -np.inf, 0.0)
            most_tilt = np.where(at_low[binding], np.inf, 0.0) + 1e-12
            tilts[binding] = lsq_linear(
                self.matrix[np.ix_(binding, inner)].T * scale[inner, None],
                (eta(x) * scale)[inner],
                bounds=(least_tilt, most_tilt),
            ).x
        return x, tilts


class Ranges:
    """What the months of N vectors can still be, given those fixed so far."""

    def __init__(self, system: Polytope, number: int) -> None:
        self._system = system
        self._lower = np.tile(system.lower, (number, 1))
        self._upper = np.tile(system.upper, (number, 1))
        self._seen: list[tuple[FloatArray, FloatArray]] = []
        self.dead = np.zeros(number, dtype=np.bool_)

    def open(self, t: int) -> tuple[FloatArray, FloatArray]:
        """Return the range ``[N]`` of month t; that of a dead vector is its lower end."""
        least = self._lower[:, t].copy()
        self._seen.append((least, np.maximum(self._upper[:, t], least)))
        return self._seen[t]

    def seen(self, t: int) -> tuple[FloatArray, FloatArray]:
        """Return the range of month t when it was drawn."""
        return self._seen[t]

    def fix(self, t: int, values: FloatArray) -> None:
        """Set month t and narrow the others by every row."""
        self._lower[:, t] = self._upper[:, t] = values
        for _ in range(_SWEEPS):
            for r in range(len(self._system.low)):
                self._narrow(r, t)
        self.dead |= (self._lower > self._upper).any(axis=1)

    def _narrow(self, r: int, t: int) -> None:
        system = self._system
        inside = system._inside[r]
        if inside[-1] < t:  # it was looked at when its last month was fixed
            return
        if inside[-1] == t:
            total = self._lower[:, inside] @ system.matrix[r, inside]
            self.dead |= (total < system.low[r]) | (total > system.high[r])
            return
        coefs = system.matrix[r, inside]
        ends = self._lower[:, inside] * coefs, self._upper[:, inside] * coefs
        least, most = np.minimum(*ends), np.maximum(*ends)
        slack_above = (system.high[r] - least.sum(axis=1))[:, None] + least  # most that each term may be
        slack_below = (system.low[r] - most.sum(axis=1))[:, None] + most
        for k, column in enumerate(inside):
            if column <= t:
                continue
            coef = coefs[k]
            above, below = slack_above[:, k] / coef, slack_below[:, k] / coef
            if coef < 0:
                above, below = below, above
            np.minimum(self._upper[:, column], np.floor(above + 1e-9), out=self._upper[:, column])
            np.maximum(self._lower[:, column], np.ceil(below - 1e-9), out=self._lower[:, column])

    def keep(self, alive: IntArray) -> None:
        """Forget all vectors but those numbered `alive`."""
        self._seen = [(least[alive], most[alive]) for least, most in self._seen]
        self._lower, self._upper, self.dead = self._lower[alive], self._upper[alive], self.dead[alive]

    @classmethod
    def joined(cls, parts: Sequence[Ranges]) -> Ranges:
        """Return the ranges of several sets of vectors of one system."""
        whole = cls(parts[0]._system, 0)
        whole._seen = [
            (np.concatenate([p._seen[t][0] for p in parts]), np.concatenate([p._seen[t][1] for p in parts]))
            for t in range(len(parts[0]._seen))
        ]
        return whole
