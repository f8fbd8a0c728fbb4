"""A smallest set of facts that cannot hold together, by implicit hitting sets [1]_.

A *correction set* is a set of facts whose removal leaves the rest satisfiable.  Every contradictory set meets
every correction set; so a smallest set that meets all correction sets found so far is, once it is itself
contradictory, a smallest contradictory set of all.

References
----------
.. [1] Ignatiev, A., Previti, A., Liffiton, M., & Marques-Silva, J. (2015). Smallest MUS extraction with
   minimal hitting set dualization. In Principles and Practice of Constraint Programming (pp. 173-182).
   Springer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np

from forecasting.constraints import Linear, feasible
from forecasting.errors import ContradictoryFacts, TooLarge
from forecasting.evidence.compilation import compiled, span
from forecasting.evidence.fact import Fact


def contradiction(facts: Sequence[Fact]) -> ContradictoryFacts | None:
    """Return the error that names a smallest set of facts that cannot hold together, or None if all can."""
    if not facts:
        return None
    months = span(facts)
    rows = {fact.fact_id: compiled([fact], months) for fact in facts}
    smallest = smallest_conflict(rows, len(months))
    if smallest is None:
        return None
    named = [fact for fact in facts if fact.fact_id in smallest]
    return ContradictoryFacts(
        (fact.fact_id for fact in named),
        f"these facts about {facts[0].series} cannot hold together: "
        + "; ".join(f"{fact.summary}, use={fact.use}" for fact in named)
        + "; leave one out (without=[...]), mark it use=context, or let the later one supersede the earlier",
    )


def smallest_conflict(rows: Mapping[str, Sequence[Linear]], size: int) -> frozenset[str] | None:
    """Return a smallest set of names whose rows no `size` non-negative integers satisfy, or None.

    Examples
    --------
    >>> rows = {"a": [Linear((0,), (1,), 5, 5)], "b": [Linear((0,), (1,), None, 4)], "c": []}
    >>> sorted(smallest_conflict(rows, 1))
    ['a', 'b']
    """

    def hold(names: Iterable[str]) -> bool:
        return feasible([row for name in names for row in rows[name]], size)

    if hold(rows):
        return None
    names = list(rows)
    corrections: list[list[str]] = []
    while True:
        candidate = _smallest_hitting_set(names, corrections)
        if not hold(candidate):
            return frozenset(candidate)
        kept = list(candidate)
        for name in names:
            if name not in kept and hold([*kept, name]):
                kept.append(name)
        corrections.append([name for name in names if name not in kept])


def _smallest_hitting_set(names: Sequence[str], sets: Collection[Collection[str]]) -> list[str]:
    if not sets:
        return []
    from scipy.optimize import Bounds, LinearConstraint, milp

    member = np.array([[name in one for name in names] for one in sets], dtype=np.float64)
    found = milp(
        np.ones(len(names)),
        integrality=np.ones(len(names), dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(member, 1, np.inf),
        options={"mip_rel_gap": 0.0},
    )
    if found.status != 0:
        raise TooLarge(f"the contradictory facts could not be narrowed down ({found.message})")
    return [name for name, chosen in zip(names, found.x > 0.5, strict=True) if chosen]
