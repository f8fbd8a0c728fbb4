"""Facts as linear constraints on the months of a window, and the part of them that a shorter window keeps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

import pandas as pd

from forecasting.constraints import Linear
from forecasting.evidence.fact import Fact


def span(facts: Iterable[Fact]) -> pd.PeriodIndex:
    """Return the months from the first to the last that any of the facts mentions."""
    months = [month for fact in facts for month in (fact.start, fact.end, *fact.compared)]
    return pd.period_range(min(months), max(months), freq="M")


def compiled(facts: Iterable[Fact], months: pd.PeriodIndex) -> tuple[Linear, ...]:
    r"""Return the constraints of all facts, :math:`l\le\sum_t c_t y_t\le u`, positions counted from the first of `months`."""
    return tuple(row for fact in facts for row in _rows(fact, months[0].ordinal))


def _rows(fact: Fact, origin: int) -> Iterator[Linear]:
    window = [month.ordinal - origin for month in fact.months]
    against = [month.ordinal - origin for month in fact.compared]
    identity = (fact.fact_id,)
    match fact.kind:
        case "order":
            sign = 1 if fact.relation in ("highest", "above") else -1
            for other in against:
                if other != window[0]:
                    yield Linear.of({window[0]: sign, other: -sign}, 1, None, identity, compares=True)
        case "ratio":
            if fact.low is not None:
                yield Linear.of(_difference(window, against, fact.low), 0, None, identity, compares=True)
            if fact.high is not None:
                yield Linear.of(_difference(window, against, fact.high), None, 0, identity, compares=True)
        case "bound" | "rounded":
            yield Linear.of(dict.fromkeys(window, 1), _int(fact.low), _int(fact.high), identity)
        case "count" | "total":
            yield Linear.of(dict.fromkeys(window, 1), _int(fact.value), _int(fact.value), identity)


def _difference(numerator: list[int], denominator: list[int], ratio: Fraction) -> dict[int, int]:
    """Return the whole-numbered terms of numerator - ratio * denominator; the windows may overlap."""
    terms = dict.fromkeys(numerator, ratio.denominator)
    for position in denominator:
        terms[position] = terms.get(position, 0) - ratio.numerator
    return terms


def _int(number: Fraction | None) -> int | None:
    return None if number is None else int(number)


def cut(rows: Iterable[Linear], inside: range, exact: Mapping[int, int]) -> tuple[Linear, ...]:
    """Return what the rows say about the positions `inside` alone, counted from the first of them.

    Exact months outside are taken out of sums.  Sums that still cross the boundary are dropped, and so are
    orderings and ratios with a month outside: they would carry what happened there into the window.
    """
    outside = {position: value for position, value in exact.items() if position not in inside}
    kept = (row if row.compares else row.substitute(outside) for row in rows)
    return tuple(
        Linear.of(
            {position - inside.start: coef for position, coef in row.terms.items()},
            row.low,
            row.high,
            row.facts,
            row.compares,
        )
        for row in kept
        if row.positions and all(position in inside for position in row.positions)
    )
