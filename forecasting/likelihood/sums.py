"""Exact probability of nested totals over unknown months, for many parameter vectors at once.

Every node of the tree carries the distribution of its sum given all that is known inside it, convolved from its children's.
Nothing is cut off: a table is complete over the values its node may take, and where a window is unbounded above, all values
past the last limit that matters are one state, "at least `cap`".
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from forecasting.constraints import Linear
from forecasting.distributions import Distribution
from forecasting.kernels import sums
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.ceilings import HIGHEST, ceilings
from forecasting.likelihood.tree import Node, build_tree

_FAR = 3.0  # standard deviations of a sum that cost less than three of sixteen digits
_COARSE = 256  # points of a table that suffice to place a tilt
_DAMPING = 9.0  # (minus the tilt) * cap of an unbounded node: wrapped-around sums then stay below 1e-15
_FAINT = 1e-4  # an open event with less than this share of what closed windows allow is summed directly
_CHUNK = 1_000_000  # table entries in work at a time


@dataclass(frozen=True)
class Mass:
    """Distribution of a node's sum for S parameter vectors.

    ``P(first + k) = weights[:, k] * exp(scale - tilt * k)``; `tail` is log P(sum >= cap) of an unbounded node.
    """

    first: int
    weights: FloatArray
    scale: FloatArray
    tilt: FloatArray
    tail: FloatArray | None = None

    def tilted(self, tilt: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the weights ``[S, K]`` under another tilt, and their log scale ``[S]``."""
        change = tilt - self.tilt
        if not change.any():
            return self.weights, self.scale
        exponent = change[:, None] * np.arange(self.weights.shape[1])
        top = _peak(exponent)
        return self.weights * np.exp(exponent - top[:, None]), self.scale + top

    def total(self) -> FloatArray:
        """Return the log probability ``[S]`` that everything known inside the node holds."""
        weights, scale = self.tilted(np.zeros_like(self.tilt))
        with np.errstate(divide="ignore"):  # rounding may leave a sum of almost nothing below zero
            inside = np.log(np.maximum(weights.sum(axis=1), 0.0)) + scale
        return inside if self.tail is None else np.asarray(np.logaddexp(inside, self.tail))


def _peak(exponent: FloatArray) -> FloatArray:
    """Return the largest entry of each row; 0 for a table without entries (an unbounded node at its cap)."""
    return exponent.max(axis=1) if exponent.shape[1] else np.zeros(len(exponent))


@lru_cache(maxsize=256)
def _thinned(length: int) -> IntArray:
    """Return the positions of a table that suffice to place a tilt."""
    return np.unique(np.linspace(0, length - 1, min(_COARSE, length)).round().astype(np.int64))


class Evaluation:
    """The tables of a tree for one set of parameter vectors.

    Parameters
    ----------
    root : Node
        The tree.
    mean : ndarray, [S, m]
        Means of the months below `root`, in the order of ``root.months``.
    shape : sequence of ndarray, [S]
        Shape parameters.
    distribution : Distribution
        Of a month given its mean.
    """

    def __init__(self, root: Node, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> None:
        self.root = root
        self._mean = mean
        self._shape = shape
        self._distribution = distribution
        self._windows: dict[tuple[int, ...], Mass] = {}
        # Months with the same mean in every draw (a constant model has only such) share one table.
        first: dict[bytes, int] = {}
        alike = [first.setdefault(mean[:, c].tobytes(), c) for c in range(mean.shape[1])]
        self._column = dict(zip(root.months, alike, strict=True))
        self._tables = self._log_tables()

    def mass(self, node: Node, tilt: FloatArray | None = None) -> Mass:
        """Return the distribution of a node's sum; `tilt` is the parent's wish."""
        wish = np.zeros(len(self._mean)) if tilt is None else tilt
        if not node.children:
            return self._month(node, wish)
        if node.months not in self._windows:
            self._windows[node.months] = self._window(node, wish)
        return self._windows[node.months]

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
        table = self._tables[self._key(node)]
        exponent = table + tilt[:, None] * np.arange(table.shape[1])
        scale = _peak(exponent)
        tail = None
        if node.open:
            mean = self._mean[:, self._column[node.months[0]]]
            tail = self._distribution.log_interval(np.array(node.cap), np.array(np.inf), mean, *self._shape)
        exponent -= scale[:, None]
        return Mass(node.low, np.exp(exponent, out=exponent), scale, tilt, tail)

    def _key(self, leaf: Node) -> tuple[int, int, int]:
        """Return what tells the table of one month from another's: its mean and its range."""
        return self._column[leaf.months[0]], leaf.low, leaf.last

    def _log_tables(self) -> dict[tuple[int, int, int], FloatArray]:
        """Return the log probabilities ``[S, K]`` of every month; months of one range share the costly part."""
        ranges: dict[tuple[int, int], set[int]] = {}
        for leaf in self.root.leaves():
            column, low, last = self._key(leaf)
            ranges.setdefault((low, last), set()).add(column)
        tables: dict[tuple[int, int, int], FloatArray] = {}
        for (low, last), members in ranges.items():
            columns = sorted(members)
            shape = [s[:, None, None] for s in self._shape]
            points = np.arange(low, last + 1, dtype=float)
            values = self._distribution.logpmf(points, self._mean[:, columns, None], *shape)
            tables |= {(column, low, last): values[:, k] for k, column in enumerate(columns)}
        return tables

    def _window(self, node: Node, wish: FloatArray) -> Mass:
        if node.open:
            return self._open_window(node)
        tilt = self._placed(node, wish)
        children = self._distinct(node, tilt)
        tables, scale = _normalised(children, tilt)
        first = sum(mass.first * times for mass, times in children)
        widest = sum((weights.shape[1] - 1) * times for weights, times in tables)
        skip, last = node.low - first, min(node.last - first, widest)
        length = sums.alias_free(skip, last, widest)
        table = sums.invert(sums.product_transform(tables, length), length)[:, skip : last + 1]
        return Mass(node.low, table, scale - tilt * skip, tilt)

    def _open_window(self, node: Node) -> Mass:
        """Return the sums below `cap` one by one, and all others as what the children allow less what the table holds.

        Closed windows inside are evaluated at a tilt of their own: the damping that keeps wrapped-around sums small here would
        leave nothing but rounding of their upper values.  Neither is that rounding cut off at zero, so that it cancels in
        sums.
        """
        children = self._distinct(node, np.zeros(len(self._mean)))
        everything = np.sum([mass.total() * times for mass, times in children], axis=0)
        first = sum(mass.first * times for mass, times in children)
        tilt = np.full(len(self._mean), -_DAMPING / node.cap)
        last = node.last - first
        if last < 0:  # the floors of the children alone pass the cap
            return Mass(node.low, np.zeros((len(tilt), 0)), np.zeros(len(tilt)), tilt, everything)
        tables, scale = _normalised(children, tilt)
        length = sums.alias_free(0, 4 * node.cap, 0)
        table = sums.transformed_back(sums.product_transform(tables, length), length)[:, : last + 1]
        held = Mass(first, table, scale, tilt)
        skip = node.low - first
        tail = everything + np.log(np.maximum(-np.expm1(held.total() - everything), 1e-300))
        return Mass(node.low, table[:, skip:], scale - tilt * skip, tilt, tail)

    def _distinct(self, node: Node, tilt: FloatArray) -> list[tuple[Mass, int]]:
        """Return the tables of a window's children and how often each occurs."""
        children: dict[tuple[int, ...], tuple[Mass, int]] = {}
        for child in node.children:
            key = child.months if child.children else self._key(child)
            mass, times = children.get(key) or (self.mass(child, tilt), 0)
            children[key] = (mass, times + 1)
        return list(children.values())

    def _placed(self, node: Node, wish: FloatArray) -> FloatArray:
        """Return the parent's tilt where it leaves the sum within the node's limits, else one that brings it there."""

        def inside(tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
            return self._inner_moments(node, tilt, who)

        everyone = np.arange(wish.size)
        mean, variance = inside(wish, everyone)
        target = np.clip(mean, node.low, node.high)
        far = everyone[np.abs(target - mean) > _FAR * np.sqrt(variance)]
        tilt = wish.copy()
        if far.size:
            tilt[far] = sums.tilt_to(target[far], inside, wish[far], far)
        return tilt

    def _inner_moments(self, node: Node, tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return mean and variance of the sum of a window's children under a tilt, before its own limits apply."""
        mean, variance = np.zeros(tilt.size), np.zeros(tilt.size)
        leaves = Counter(self._key(child) for child in node.children if not child.children)
        for (column, low, last), times in leaves.items():
            chosen = _thinned(last - low + 1)
            log_p = self._tables[column, low, last][np.ix_(who, chosen)]
            m, v = sums.tilted_moments(log_p, (low + chosen).astype(float), tilt)
            mean, variance = mean + times * m, variance + times * v
        for child in node.children:
            if child.children:
                m, v = self._limited_moments(child, tilt, who)
                mean, variance = mean + m, variance + v
        return mean, variance

    def _limited_moments(self, node: Node, tilt: FloatArray, who: IntArray) -> tuple[FloatArray, FloatArray]:
        """Return roughly the mean and variance of a window's sum within its limits: a bell cut off d deviations away."""
        mean, variance = self._inner_moments(node, tilt, who)
        nearest = np.clip(mean, node.low, node.high)
        distance = np.square(nearest - mean) / np.maximum(variance, 1e-12)
        return nearest, variance / (1.0 + distance)


def _normalised(
    children: Sequence[tuple[Mass, int]], tilt: FloatArray
) -> tuple[list[tuple[FloatArray, int]], FloatArray]:
    """Return the children's tables under `tilt`, each with sum one, and the log scale ``[S]`` of their product."""
    tables, scale = [], np.zeros(len(tilt))
    for mass, times in children:
        weights, log_scale = mass.tilted(tilt)
        total = np.maximum(weights.sum(axis=1), 1e-300)
        tables.append((weights / total[:, None], times))
        scale += times * (log_scale + np.log(total))
    return tables, scale


class SumGroup:
    """Months tied together by nested totals.

    Parameters
    ----------
    rows, months, lower, upper
        As in `forecasting.likelihood.tree.build_tree`.
    """

    def __init__(self, rows: Sequence[Linear], months: Sequence[int], lower: IntArray, upper: FloatArray) -> None:
        self._given = (tuple(rows), lower, upper)
        self.root = build_tree(rows, months, lower, upper)
        self.months = self.root.months

    @property
    def width(self) -> int:
        """Entries of the tables of all months, for one parameter vector."""
        return width(self.root)

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        r"""Return the log probability ``[S]`` that the months satisfy every total and limit.

        At a total s it is :math:`e^{-\lambda s}\prod_t M_t(\lambda)\,P_\lambda(s)` for any tilt :math:`\lambda` (Esscher 1932).

        Parameters
        ----------
        mean : ndarray, [S, m]
            Means of the group's months, in the order of `months`.
        shape : sequence of ndarray, [S]
            Shape parameters of `distribution`.
        """
        result, faint = np.empty(len(mean)), np.zeros(len(mean), dtype=np.bool_)
        for part in chunks(self.root, np.arange(len(mean))):
            tables = Evaluation(self.root, mean[part], [s[part] for s in shape], distribution)
            result[part] = tables.mass(self.root).total()
            faint[part] = ~(result[part] > tables.closed(self.root) + math.log(_FAINT))
        rare = np.flatnonzero(faint)
        limits = ceilings(self.root, mean[rare], [s[rare] for s in shape], distribution)
        for limit in np.unique(limits[limits <= HIGHEST]):
            far = self.bounded(float(limit))
            for part in chunks(far, rare[limits == limit]):
                tables = Evaluation(far, mean[part], [s[part] for s in shape], distribution)
                result[part] = tables.mass(far).total()
        return result

    def bounded(self, ceiling: float) -> Node:
        """Return the tree with every unbounded month limited by `ceiling`."""
        rows, lower, upper = self._given
        return build_tree(rows, self.months, lower, upper, ceiling=ceiling)


def width(root: Node) -> int:
    """Return the number of entries in the tables of all months of a tree."""
    return sum(leaf.last - leaf.low + 1 for leaf in root.leaves())


def chunks(root: Node, who: IntArray) -> Iterator[IntArray]:
    """Yield the draws `who` in parts small enough for the tables of `root` to stay in cache."""
    size = max(1, _CHUNK // (4 * width(root)))
    return (who[start : start + size] for start in range(0, len(who), size))
