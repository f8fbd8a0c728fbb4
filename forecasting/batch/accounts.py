"""How a forecast was made, as JSON values: its members, their weights, the quality of their draws, and warnings.

An account has ``members``, each with ``name`` and ``weight`` and, where draws of parameters were taken, ``method``, ``khat``
(null where it is not finite) and ``ess``; and ``warnings``, texts.  What is empty is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from forecasting.inference.psis import KHAT_LIMIT

_NEGLIGIBLE = 0.01
"""Weight of a member of a pool whose fit does not matter."""

Account = Mapping[str, Any]


def account_of(label: str, forecast: Any, posterior: Any = None, warnings: Sequence[str] = ()) -> dict[str, Any]:
    """Return the account of a forecast.

    Parameters
    ----------
    label : str
        Name of the model.
    forecast : Predictive
        The forecast; a pool knows its members.
    posterior : object, optional
        Draws of the parameters of the only model, with their ``quality``.
    warnings : sequence of str
        Heard while it was made.

    Examples
    --------
    >>> account_of("constant", None, warnings=["RuntimeWarning: overflow"])
    {'warnings': ['RuntimeWarning: overflow']}
    """
    weights = getattr(forecast, "weights", None)
    members = []
    if posterior is not None:
        members = [{"name": label, "weight": 1.0, **_quality(posterior)}]
    elif weights is not None:
        posteriors = forecast.posteriors
        members = [
            {"name": str(name), "weight": float(weight), **(_quality(posteriors[name]) if name in posteriors else {})}
            for name, weight in weights.items()
        ]
    told = {"members": members, "warnings": list(warnings)}
    return {name: parts for name, parts in told.items() if parts}


def _quality(posterior: Any) -> dict[str, Any]:
    found = posterior.quality
    return {"method": found.method, "khat": found.khat if np.isfinite(found.khat) else None, "ess": found.ess}


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
    return (f"{member['name']}: " if number > 1 else "") + ", ".join(parts)
