"""The smallest equivalent system: what the ranges of the months do not say already, and who shares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from forecasting.constraints.linear import Bound, Infeasible, Linear


def reduced(rows: Iterable[Linear], lower: Sequence[int], upper: Sequence[Bound]) -> tuple[Linear, ...]:
    """Return what the ranges do not imply: on free months only, each combination of months once.

    Rows that hold exactly are taken out of others wherever that leaves fewer months in them, which unties the months on either
    side: a known sum inside a longer one, a lower limit since May within the totals of two quarters (an upper limit of April),
    a share of a known total (a range of the part).

    Raises
    ------
    Infeasible
        If a row on no month is left that does not hold, or the limits of a combination of months exclude each other.

    Examples
    --------
    >>> rows = [Linear((1, 2), (1, 1), 251, 251), Linear((0, 1, 2), (1, 1, 1), None, 400)]
    >>> reduced(rows, [0, 0, 0], [200, 200, 200])[1]
    Linear(positions=(0,), coefs=(1,), low=None, high=149, facts=(), compares=False)
    """
    exact = {i: low for i, (low, high) in enumerate(zip(lower, upper, strict=True)) if low == high}
    merged: dict[tuple[tuple[int, ...], tuple[int, ...]], Linear] = {}
    for original in rows:
        row = original.substitute(exact)
        if not row.positions and not row.holds(()):
            raise Infeasible("a constraint on no month does not hold")
        _refuse_crossing(row.low, row.high)
        row = _without_implied(row, lower, upper)
        if row.low is None and row.high is None:
            continue
        key = (row.positions, row.coefs)
        merged[key] = _intersection(merged[key], row) if key in merged else row
    return _sparser(list(merged.values()))


def _without_implied(row: Linear, lower: Sequence[int], upper: Sequence[Bound]) -> Linear:
    ranges = row.ranges(lower, upper)
    low_implied = row.low is None or sum(least for least, _ in ranges) >= row.low
    high_implied = row.high is None or sum(most for _, most in ranges) <= row.high
    return replace(row, low=None if low_implied else row.low, high=None if high_implied else row.high)


def _intersection(one: Linear, other: Linear) -> Linear:
    low = max((row.low for row in (one, other) if row.low is not None), default=None)
    high = min((row.high for row in (one, other) if row.high is not None), default=None)
    _refuse_crossing(low, high)
    return replace(
        one,
        low=low,
        high=high,
        facts=tuple(dict.fromkeys(one.facts + other.facts)),
        compares=one.compares or other.compares,
    )


def _refuse_crossing(low: int | None, high: int | None) -> None:
    if low is not None and high is not None and low > high:
        raise Infeasible("two limits of one combination of months exclude each other")


def _sparser(rows: list[Linear]) -> tuple[Linear, ...]:
    """Add multiples of rows that hold exactly to others as long as a row has fewer months afterwards."""
    changed = True
    while changed:
        changed = False
        for k, row in enumerate(rows):
            for known in rows:
                if known is row or known.low is None or known.low != known.high:
                    continue
                shorter = _eliminated(row, known)
                if len(shorter.positions) < len(row.positions):
                    rows[k] = row = shorter
                    changed = True
    return tuple(rows)


def _eliminated(row: Linear, known: Linear) -> Linear:
    """Return the combination ``a * row - b * known``, a > 0, with the fewest months; the row itself if none has fewer."""
    terms, exact = row.terms, known.terms
    best, fewest = (1, 0), len(terms)
    for i in exact.keys() & terms.keys():
        a, b = abs(exact[i]), terms[i] if exact[i] > 0 else -terms[i]
        left = sum(a * terms.get(j, 0) != b * exact.get(j, 0) for j in terms.keys() | exact.keys())
        if 0 < left < fewest:
            best, fewest = (a, b), left
    a, b = best
    if not b:
        return row
    moved = b * (known.low or 0)
    return Linear.of(
        {j: a * terms.get(j, 0) - b * exact.get(j, 0) for j in terms.keys() | exact.keys()},
        None if row.low is None else a * row.low - moved,
        None if row.high is None else a * row.high - moved,
        row.facts,
        row.compares,
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
