"""The smallest equivalent system: what the ranges of the months do not say already, and who shares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from forecasting.constraints.linear import Bound, Infeasible, Linear


def normalised(rows: Iterable[Linear]) -> tuple[Linear, ...]:
    """Return the rows in normal form, without those on no month.

    Raises
    ------
    Infeasible
        If a row on no month does not hold.
    """
    normal = [row.substitute({}) for row in rows]
    if any(not row.positions and not row.holds(()) for row in normal):
        raise Infeasible("a constraint on no month does not hold")
    return tuple(row for row in normal if row.positions)


def reduced(rows: Iterable[Linear], lower: Sequence[int], upper: Sequence[Bound]) -> tuple[Linear, ...]:
    """Return what the ranges do not imply: on free months only, each combination of months once."""
    exact = {i: low for i, (low, high) in enumerate(zip(lower, upper, strict=True)) if low == high}
    merged: dict[tuple[tuple[int, ...], tuple[int, ...]], Linear] = {}
    for original in rows:
        row = _without_implied(original.substitute(exact), lower, upper)
        if row.low is None and row.high is None:
            continue
        key = (row.positions, row.coefs)
        merged[key] = _intersection(merged[key], row) if key in merged else row
    return tuple(merged.values())


def _without_implied(row: Linear, lower: Sequence[int], upper: Sequence[Bound]) -> Linear:
    ranges = row.ranges(lower, upper)
    low_implied = row.low is None or sum(least for least, _ in ranges) >= row.low
    high_implied = row.high is None or sum(most for _, most in ranges) <= row.high
    return replace(row, low=None if low_implied else row.low, high=None if high_implied else row.high)


def _intersection(one: Linear, other: Linear) -> Linear:
    lows = [row.low for row in (one, other) if row.low is not None]
    highs = [row.high for row in (one, other) if row.high is not None]
    return replace(
        one,
        low=max(lows, default=None),
        high=min(highs, default=None),
        facts=tuple(dict.fromkeys(one.facts + other.facts)),
        compares=one.compares or other.compares,
    )


def groups(rows: Iterable[Linear]) -> Iterator[tuple[list[int], list[Linear]]]:
    """Yield the sets of months that share rows, directly or through others, each with its rows."""
    found: list[tuple[set[int], list[Linear]]] = []
    for row in rows:
        touching = [group for group in found if not group[0].isdisjoint(row.positions)]
        found = [group for group in found if group[0].isdisjoint(row.positions)]
        months = set(row.positions).union(*(members for members, _ in touching))
        found.append((months, [*(other for _, others in touching for other in others), row]))
    for members, tied in found:
        yield sorted(members), tied
