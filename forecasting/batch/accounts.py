"""How a forecast was made, as JSON values: its members, their weights, the quality of their draws, and warnings.

An account has ``members``, each with ``name`` and ``weight`` and, where draws of parameters were taken, ``method``, ``khat``
(null where it is not finite), ``ess`` and, where the likelihood is an estimate, ``months_effective``; and ``warnings``, texts.
What is empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecasting import predictive
from forecasting.inference.psis import KHAT_LIMIT
from forecasting.inference.sampling import Diagnostics

_NEGLIGIBLE = 0.01
"""Weight of a member of a pool whose fit does not matter."""

Account = Mapping[str, Any]


def account_of(label: str, made: predictive.Account, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the account of a forecast as it is archived; a model by itself has the name `label`.

    Examples
    --------
    >>> account_of("constant", predictive.Account(), ["RuntimeWarning: overflow"])
    {'warnings': ['RuntimeWarning: overflow']}
    """
    alone = len(made.members) == 1
    members = [
        {"name": label if alone else one.name, "weight": one.weight, **_quality(one.quality)}
        for one in made.members
        if one.quality or not alone
    ]
    told = {"members": members, "warnings": list(warnings)}
    return {name: parts for name, parts in told.items() if parts}


def _quality(found: Diagnostics | None) -> dict[str, Any]:
    if found is None:
        return {}
    told = {"method": found.method, "khat": found.khat if np.isfinite(found.khat) else None, "ess": found.ess}
    return told if found.months_effective is None else told | {"months_effective": found.months_effective}


def in_words(account: Account) -> list[str]:
    """Return an account as lines for people.

    Examples
    --------
    >>> level = {"name": "level", "weight": 0.4, "method": "annealed", "khat": 0.92, "ess": 31.0}
    >>> in_words({"members": [level, {"name": "moments", "weight": 0.6}], "warnings": ["RuntimeWarning: overflow"]})
    ['level: weight 0.400, k-hat 0.92, ess 31, annealed', 'moments: weight 0.600', 'RuntimeWarning: overflow']
    """
    members = account.get("members", ())
    return [*(_told(member, len(members)) for member in members), *account.get("warnings", ())]


def complaints(account: Account) -> list[str]:
    """Return what is wrong with a fit, as lines for people: draws in doubt, a sampler that had to be replaced, warnings.

    Examples
    --------
    >>> level = {"name": "level", "weight": 0.4, "method": "importance", "khat": 0.92, "ess": 31.0}
    >>> complaints({"members": [level, {**level, "weight": 0.001}]})
    ['level: weight 0.400, k-hat 0.92, ess 31']
    """
    members = account.get("members", ())
    doubted = [_told(member, len(members)) for member in members if _doubtful(member)]
    return [*doubted, *account.get("warnings", ())]


def _doubtful(member: Mapping[str, Any]) -> bool:
    if member["weight"] < _NEGLIGIBLE or member.get("method", "exact") == "exact":
        return False
    khat = member.get("khat")
    return khat is None or khat > KHAT_LIMIT or member["method"] == "annealed"


def _told(member: Mapping[str, Any], number: int) -> str:
    parts = [f"weight {member['weight']:.3f}"] if number > 1 else []
    if "method" in member:
        khat = member.get("khat")
        parts.append(f"k-hat {'not finite' if khat is None else format(khat, '.2f')}, ess {member['ess']:.0f}")
        parts += ["annealed"] if member["method"] == "annealed" else []
        parts += [f"{member['months_effective']:.0f} vectors of months"] if "months_effective" in member else []
    return (f"{member['name']}: " if number > 1 else "") + ", ".join(parts)
