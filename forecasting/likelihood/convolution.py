"""The tables of a tree of nested totals, convolved from the months up, for many parameter vectors at once.

Every node of the tree carries the distribution of its sum given all that is known inside it, convolved from its children's.
Long tables are kept at few points (`forecasting.kernels.lattice`), and of the transform of a sum only as many frequencies as
are not negligible: a total over large months costs about as much as one over small ones.  Where that does not hold (few
months, cut off within their bulk), tables are complete over the values their nodes may take.  Where a window is unbounded
above, all values past the last limit that matters are one state, "at least `cap`".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from forecasting.distributions import Distribution
from forecasting.kernels import lattice, sums
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.lattice import FINE, Points, Precision
from forecasting.likelihood.factors import Factor, dear, extent, fast, round_up, transform_of
from forecasting.likelihood.tree import Node

_FAR = 3.0  # standard deviations of a sum that cost less than three of sixteen digits
_DAMPING = 9.0  # (minus the tilt) * cap of an unbounded node: wrapped-around sums then stay below 1e-15
_SMOOTH = 1e6  # dispersion of a table that bends no faster than its highest frequency
UNEVEN = 16.0
"""Ratio of dispersions of laws whose tables share their points."""


@dataclass(frozen=True)
class Mass:
    """Distribution of a node's sum for S parameter vectors.

    ``P(first + x_j) = weights[:, j] * exp(scale - tilt * x_j)`` at the J `points`, times the number of values that each stands
    for; `tail` is log P(sum >= cap) of an unbounded node.
    """

    first: int
    points: Points
    weights: FloatArray
    scale: FloatArray
    tilt: FloatArray
    tail: FloatArray | None = None

    def tilted(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the weights ``[S, J]`` under another tilt, and their log scale ``[S]``."""
        change = tilt - self.tilt
        if not change.any():
            return self.weights, self.scale
        exponent = change[:, None] * self.points.x
        top = _peak(exponent)
        exponent -= top[:, None]
        return self.weights * np.exp(exponent, out=exponent), self.scale + top

    def total(self) -> FloatArray:
        """Return the log probability ``[S]`` that everything known inside the node holds."""
        weights, scale = self.tilted(np.zeros_like(self.tilt))
        with np.errstate(divide="ignore"):  # rounding may leave a sum of almost nothing below zero
            inside = np.log(np.maximum(weights.sum(axis=1), 0.0)) + scale
        return inside if self.tail is None else np.asarray(np.logaddexp(inside, self.tail))


def _peak(exponent: FloatArray) -> FloatArray:
    """Return the largest entry of each row; 0 for a table without entries (an unbounded node at its cap)."""
    return exponent.max(axis=1) if exponent.shape[1] else np.zeros(len(exponent))


class Window(NamedTuple):
    """A closed window at its tilt: the transform of its inner sum, or its table where that needs all frequencies.

    The values `skip` to `last`, counted from the least sum of its parts, are within the window's limits.
    """

    tilt: FloatArray
    scale: FloatArray
    skip: int
    last: int
    length: int
    transform: sums.ComplexArray | None
    table: FloatArray | None


class Evaluation:
    """The tables of a tree for one set of parameter vectors.

    Parameters
    ----------
    root : Node
    mean : ndarray, [S, m]
        Means of the months below `root`, in the order of ``root.months``.
    shape : sequence of ndarray, [S]
    distribution : Distribution
    every : bool
        Whether tables hold every value, as drawing needs; they always do in an unbounded tree.
    precision : Precision
    """

    def __init__(
        self,
        root: Node,
        mean: FloatArray,
        shape: Sequence[FloatArray],
        distribution: Distribution,
        *,
        every: bool = False,
        precision: Precision = FINE,
    ) -> None:
        self.root, self._precision = root, precision
        self._mean = mean
        self._shape = shape
        self._distribution = distribution
        dispersion = None if every or root.open else distribution.least_dispersion(*shape)
        self._floor = None if dispersion is None else rounded(float(np.min(dispersion)), root)
        self._windows: dict[tuple[int, ...], Window] = {}
        self._tilted: dict[tuple[int, ...], tuple[FloatArray, list[Factor], FloatArray]] = {}
        self._open: dict[tuple[int, ...], Mass] = {}
        self._samples: dict[tuple[int, ...], tuple[Window, Mass]] = {}
        self._below: dict[tuple[int, ...], dict[tuple[int, int], tuple[list[int], IntArray]]] = {}
        # Months with the same mean in every draw (a constant model has only such) share one table.
        first: dict[bytes, int] = {}
        alike = [first.setdefault(mean[:, c].tobytes(), c) for c in range(mean.shape[1])]
        self._column = dict(zip(root.months, alike, strict=True))
        self._ranges: dict[tuple[int, int], list[int]] = {}
        for leaf in root.leaves():
            columns = self._ranges.setdefault((leaf.low, leaf.last), [])
            if (column := self._column[leaf.months[0]]) not in columns:
                columns.append(column)
        self._tables: dict[tuple[int, int, Points], FloatArray] = {}

    def mass(self, node: Node, tilt: FloatArray | None = None, longest: float = math.inf) -> Mass:
        """Return the distribution of a node's sum at points no more than `longest` apart; `tilt` is the parent's wish."""
        wish = np.zeros(len(self._mean)) if tilt is None else tilt
        if not node.children:
            return self._month(node, wish)
        if node.open:
            if node.months not in self._open:
                self._open[node.months] = self._open_window(node)
            return self._open[node.months]
        if node.months not in self._windows:
            self._windows[node.months] = self._window(node, wish)
        return self._sampled(node, self._windows[node.months], longest)

    def placed(self, node: Node) -> FloatArray:
        """Return a tilt ``[S]`` that brings the sum of a closed window's parts within its limits."""
        return self._placed(node, np.zeros(len(self._mean)))[0]

    def closed(self, node: Node) -> FloatArray:
        """Return the log probability ``[S]`` of what months and windows with an upper limit say below `node`.

        What an open window takes from it is found as a complement, whose digits depend on the share that is left.
        """
        if not node.open:
            return self.mass(node).total()
        total = np.zeros(len(self._mean))
        for child in node.children:
            total += self.closed(child)
        return total

    def _month(self, node: Node, tilt: FloatArray) -> Mass:
        column, low, last = self._column[node.months[0]], node.low, node.last
        points, logs = self._logs(low, last, 1.0)
        exponent = logs[:, self._ranges[low, last].index(column)] + tilt[:, None] * points.x
        scale = _peak(exponent)
        tail = None
        if node.open:
            tail = self._distribution.log_interval(
                np.array(node.cap), np.array(np.inf), self._mean[:, column], *self._shape
            )
        exponent -= scale[:, None]
        return Mass(low, points, np.exp(exponent, out=exponent), scale, tilt, tail)

    def _logs(self, low: int, last: int, longest: float) -> tuple[Points, FloatArray]:
        """Return points of a month's range, and log probabilities times weights ``[S, c, J]`` of all months with that range."""
        if self._floor is None or longest == 1.0:
            points = lattice.every(last - low + 1)
        else:
            points = lattice.panels(low, last, self._floor, longest, self._precision)
        key = (low, last, points)
        if key not in self._tables:
            shape = [s[:, None, None] for s in self._shape]
            means = self._mean[:, self._ranges[low, last], None]
            logs = self._distribution.logpmf(low + points.x, means, *shape)
            self._tables[key] = logs if points.every else logs + np.log(points.weights)
        return points, self._tables[key]

    def _leaves(self, node: Node) -> dict[tuple[int, int], tuple[list[int], IntArray]]:
        """Return the months right below a window by their ranges: places among all months of the range, and how often."""
        if node.months in self._below:
            return self._below[node.months]
        found: dict[tuple[int, int], Counter[int]] = {}
        for child in node.children:
            if not child.children:
                key = child.low, child.last
                place = self._ranges[key].index(self._column[child.months[0]])
                found.setdefault(key, Counter())[place] += 1
        below = {key: (list(counted), np.array(list(counted.values()))) for key, counted in found.items()}
        self._below[node.months] = below
        return below

    def _months(self, node: Node, tilt: FloatArray, longest: float) -> tuple[list[Factor], FloatArray]:
        """Return the months right below a window under `tilt`, and the log scale ``[S]`` of their product."""
        leaves = [(self._logs(*key, longest), *which) for key, which in self._leaves(node).items()]
        known = self._tilted.get(node.months)
        if known and known[0] is tilt and all(a.points is b[0][0] for a, b in zip(known[1], leaves, strict=True)):
            return known[1], known[2]
        factors, scale = [], np.zeros(len(tilt))
        for (points, logs), places, times in leaves:
            exponent = logs[:, places]
            exponent += tilt[:, None, None] * points.x
            top = exponent.max(axis=2, keepdims=True)
            exponent -= top
            table = np.exp(exponent, out=exponent)
            mass = table.sum(axis=2, keepdims=True)
            table /= mass
            scale += (top + np.log(mass))[:, :, 0] @ times
            factors.append(Factor.cut(points, table, times, self._precision.nothing))
        self._tilted[node.months] = (tilt, factors, scale)
        return factors, scale

    def _parts(self, node: Node, tilt: FloatArray, longest: float) -> tuple[list[Factor], FloatArray]:
        """Return months and windows right below a window under `tilt`, and the log scale ``[S]`` of their product."""
        months, scale = self._months(node, tilt, longest)
        factors = list(months)
        for child in node.children:
            if child.children:
                mass = self.mass(child, tilt, longest)
                weights, log_scale = mass.tilted(tilt)
                total = np.maximum(weights.sum(axis=1), 1e-300)
                table, shift = (weights / total[:, None])[:, None], mass.first - child.low
                once = np.ones(1, dtype=np.int64)
                factors.append(Factor.cut(mass.points, table, once, self._precision.nothing, shift))
                scale = scale + log_scale + np.log(total) + tilt * shift
        return factors, scale

    def _window(self, node: Node, wish: FloatArray) -> Window:
        tilt, variance = self._placed(node, wish)
        window = self._transformed(node, tilt, variance)
        # Laws with two bumps may hold next to nothing three deviations from their mean.
        poor = np.flatnonzero(self._sampled(node, window, math.inf).weights.sum(axis=1) < self._precision.poor)
        if not poor.size:
            return window
        inside = set(node.months)  # windows below follow the new tilt
        self._windows = {months: kept for months, kept in self._windows.items() if not inside.issuperset(months)}
        return self._transformed(node, *self._placed(node, tilt, poor))

    def _transformed(self, node: Node, tilt: FloatArray, variance: FloatArray) -> Window:
        """Return a window under a tilt, from as few frequencies as its parts allow."""
        precision = self._precision
        first, deviation = sum(child.low for child in node.children), math.sqrt(max(float(variance.min()), 1e-3))
        limits = node.low - first, int(node.high) - first
        longest = lattice.longest_panel(precision.band / deviation, precision)
        while longest > 1.0:
            factors, scale = self._parts(node, tilt, longest)
            length, skip, last = extent(factors, *limits)
            number = round_up(lattice.highest(longest, precision) * length / (2.0 * np.pi))
            if number > length // 2 or dear(factors, number, length):
                break
            transform = transform_of(factors, number, length)
            left = float(np.abs(transform[:, -2 - number // 16 :]).max())
            if left < precision.gone:
                return Window(tilt, scale, skip, last, length, transform, None)
            months = sum(int(factor.times.sum()) for factor in factors)
            halvings = math.ceil(math.log2(left / precision.gone) / months)  # a cut-off table falls by a power
            longest /= 2.0 ** max(1, halvings)
        factors, scale = self._parts(node, tilt, 1.0)
        length, skip, last = extent(factors, *limits)
        start = sum(factor.least * int(factor.times.sum()) for factor in factors)
        tables = [(factor.table[:, c], int(times)) for factor in factors for c, times in enumerate(factor.times)]
        table = sums.invert(sums.product_transform(tables, length), length)[:, skip - start : last + 1 - start]
        return Window(tilt, scale, skip, last, length, None, table)

    def _sampled(self, node: Node, window: Window, longest: float) -> Mass:
        """Return the distribution of a closed window's sum within its limits."""
        values = window.last - window.skip + 1
        first = window.skip + sum(child.low for child in node.children)
        points = lattice.every(values)
        turn = 2.0j * np.pi / window.length
        transform = window.transform
        if (
            transform is not None and self._floor is not None
        ):  # what has no higher frequencies bends no faster than they
            highest = float((transform.shape[1] - 1) * turn.imag)
            cap = min(longest, lattice.longest_panel(2.0 * highest, self._precision))
            points = lattice.panels(first, first + values - 1, _SMOOTH, cap, self._precision)
        known = self._samples.get(node.months)
        if known and known[0] is window and known[1].points is points:
            return known[1]
        if window.table is not None:
            table = window.table
        elif transform is not None:
            draws, number = transform.shape
            turned = transform * np.exp(turn * window.skip * np.arange(number))
            if points.every and fast(values, number, window.length, draws):
                table = sums.transformed_back(turned, window.length)[:, :values]
            else:
                turned[:, 1:] *= 2.0
                table = turned.view(np.float64) @ lattice.waves(points, number, window.length).T / window.length
            table = np.maximum(table, 0.0) * points.weights
        mass = Mass(first, points, table, window.scale - window.tilt * window.skip, window.tilt)
        self._samples[node.months] = (window, mass)
        return mass

    def _open_window(self, node: Node) -> Mass:
        """Return the sums below `cap` one by one, and all others as what the children allow less what the table holds.

        Closed windows inside are evaluated at a tilt of their own: the damping that keeps wrapped-around sums small here would
        leave nothing but rounding of their upper values.  Neither is that rounding cut off at zero, so that it cancels in
        sums.
        """
        children = self._distinct(node)
        everything = np.sum([mass.total() * times for mass, times in children], axis=0)
        first = sum(mass.first * times for mass, times in children)
        tilt = np.full(len(self._mean), -_DAMPING / node.cap)
        last = node.last - first
        if last < 0:  # the floors of the children alone pass the cap
            none = np.zeros((len(tilt), 0))
            return Mass(node.low, lattice.every(0), none, np.zeros(len(tilt)), tilt, everything)
        tables, scale = [], np.zeros(len(tilt))
        for mass, times in children:
            weights, log_scale = mass.tilted(tilt)
            total = np.maximum(weights.sum(axis=1), 1e-300)
            tables.append((weights / total[:, None], times))
            scale += times * (log_scale + np.log(total))
        length = sums.alias_free(0, 4 * node.cap, 0)
        table = sums.transformed_back(sums.product_transform(tables, length), length)[:, : last + 1]
        held = Mass(first, lattice.every(table.shape[1]), table, scale, tilt)
        skip = node.low - first
        tail = everything + np.log(np.maximum(-np.expm1(held.total() - everything), 1e-300))
        kept = table[:, skip:]
        return Mass(node.low, lattice.every(kept.shape[1]), kept, scale - tilt * skip, tilt, tail)

    def _distinct(self, node: Node) -> list[tuple[Mass, int]]:
        """Return the untilted tables of an open window's children and how often each occurs."""
        children: dict[tuple[int, ...], tuple[Mass, int]] = {}
        for child in node.children:
            key = child.months if child.children else (self._column[child.months[0]], child.low, child.last)
            mass, times = children.get(key) or (self.mass(child), 0)
            children[key] = (mass, times + 1)
        return list(children.values())

    def _placed(self, node: Node, wish: FloatArray, moved: IntArray | None = None) -> tuple[FloatArray, FloatArray]:
        """Return the parent's tilt where it leaves the sum within the node's limits, else one that brings it there.

        Those numbered `moved` are brought there in any case.  The variance ``[S]`` of the sum under the tilt, before the node's
        limits apply, comes with it.
        """

        def inside(tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
            return self._inner_moments(node, tilt, who)

        everyone = np.arange(wish.size)
        mean, variance = self._moments_of_windows(node, wish, everyone)
        mean += sum(child.low for child in node.children if not child.children)
        for factor in self._months(node, wish, math.inf)[0]:
            powers = factor.table @ factor.powers
            mean += powers[:, :, 0] @ factor.times
            variance += np.maximum(powers[:, :, 1] - np.square(powers[:, :, 0]), 0.0) @ factor.times
        target = np.clip(mean, node.low, node.high)
        far = everyone[np.abs(target - mean) > _FAR * np.sqrt(variance)] if moved is None else moved
        if not far.size:
            return wish, variance
        tilt = wish.copy()
        tilt[far] = sums.tilt_to(target[far], inside, wish[far], far)
        variance[far] = inside(tilt[far], far)[1]
        return tilt, variance

    def _inner_moments(self, node: Node, tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of the sum of a window's children under a tilt, before its own limits apply."""
        mean, variance = self._moments_of_windows(node, tilt, who)
        for (low, last), (places, times) in self._leaves(node).items():
            points, logs = self._logs(low, last, math.inf)
            exponent = logs[who[:, None], places]
            exponent += tilt[:, None, None] * points.x
            exponent -= exponent.max(axis=2, keepdims=True)
            weight = np.exp(exponent, out=exponent)
            powers = weight @ np.stack([np.ones_like(points.x), points.x, np.square(points.x)], axis=1)
            m = powers[:, :, 1] / powers[:, :, 0]
            mean += (low + m) @ times
            variance += np.maximum(powers[:, :, 2] / powers[:, :, 0] - np.square(m), 0.0) @ times
        return mean, variance

    def _moments_of_windows(self, node: Node, tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return roughly mean and variance of the windows right below a window, each a bell cut off d deviations away."""
        mean, variance = np.zeros(tilt.size), np.zeros(tilt.size)
        for child in node.children:
            if child.children:
                own, spread = self._inner_moments(child, tilt, who)
                nearest = np.clip(own, child.low, child.high)
                mean += nearest
                variance += spread / (1.0 + np.square(nearest - own) / np.maximum(spread, 1e-12))
        return mean, variance


def rounded(dispersion: float, root: Node) -> float:
    """Return a dispersion rounded down to a power of two; what is too small to matter for any count is zero."""
    return float(2.0 ** math.floor(math.log2(dispersion))) if dispersion * root.last > 1.0 / UNEVEN else 0.0
