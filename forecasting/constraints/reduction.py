"""The smallest equivalent system: what the ranges of the months do not say already, and who shares it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from forecasting.constraints.linear import Bound, Infeasible, Linear


def reduced(rows: Iterable[Linear], lower: Sequence[int], upper: Sequence[Bound]) -> tuple[Linear, ...]:
    """Return what the ranges do not imply: on free months only, each combination of months once.

    Known sums inside a longer row are taken out of it, which unties the months on either side.

    Raises
    ------
    Infeasible
        If a row on no month is left that does not hold.

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
        row = _without_implied(row, lower, upper)
        if row.low is None and row.high is None:
            continue
        key = (row.positions, row.coefs)
        merged[key] = _intersection(merged[key], row) if key in merged else row
    sums = [row for row in merged.values() if row.low == row.high]
    return tuple(_without_sums(row, sums) for row in merged.values())


def _without_implied(row: Linear, lower: Sequence[int], upper: Sequence[Bound]) -> Linear:
    ranges = row.ranges(lower, upper)
    low_implied = row.low is None or sum(least for least, _ in ranges) >= row.low
    high_implied = row.high is None or sum(most for _, most in ranges) <= row.high
    return replace(row, low=None if low_implied else row.low, high=None if high_implied else row.high)


def _intersection(one: Linear, other: Linear) -> Linear:
    low = max((row.low for row in (one, other) if row.low is not None), default=None)
    high = min((row.high for row in (one, other) if row.high is not None), default=None)
    if low is not None and high is not None and low > high:
        raise Infeasible("two limits of one combination of months exclude each other")
    return replace(
        one,
        low=low,
        high=high,
        facts=tuple(dict.fromkeys(one.facts + other.facts)),
        compares=one.compares or other.compares,
    )


def _without_sums(row: Linear, sums: Iterable[Linear]) -> Linear:
    """Take each known sum that lies strictly inside the row out of it."""
    for known in sums:
        terms = row.terms
        factor = terms.get(known.positions[0], 0) // known.coefs[0]
        inside = all(terms.get(i) == factor * coef for i, coef in known.terms.items())
        if inside and len(known.positions) < len(terms) and known.low is not None:
            moved = factor * known.low
            row = Linear.of(
                {i: coef for i, coef in terms.items() if i not in known.terms},
                None if row.low is None else row.low - moved,
                None if row.high is None else row.high - moved,
                row.facts,
                row.compares,
            )
    return row


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
