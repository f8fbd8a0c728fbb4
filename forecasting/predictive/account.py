"""How a forecast was made: its members with their weights, the quality of their draws, and what was warned of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from forecasting.display import as_html
from forecasting.inference.sampling import Diagnostics


@dataclass(frozen=True)
class AccountMember:
    """A model behind a forecast.

    Attributes
    ----------
    name : str
        Name of the model, or of the member of a pool.
    weight : float
        Share of the forecast that is its own.
    quality : Diagnostics or None
        How good its posterior draws are; None if it draws none.
    log_evidence : float or None
        Log marginal likelihood of what it was conditioned on, if it has one.
    priors : mapping of str to float, or None
        Scales of its priors by family, if they have such scales.
    """

    name: str
    weight: float = 1.0
    quality: Diagnostics | None = None
    log_evidence: float | None = None
    priors: Mapping[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values, the diagnostics beside the name; what there is not is left out."""
        known = {"log_evidence": self.log_evidence, "priors": self.priors}
        quality = {} if self.quality is None else self.quality.to_dict()
        told = {name: value for name, value in known.items() if value is not None}
        return {"name": self.name, "weight": self.weight, **quality, **told}


@dataclass(frozen=True)
class Account:
    """What callers want to know of how a forecast was made.

    Attributes
    ----------
    members : tuple of AccountMember
        One for a model by itself, several for a pool, none for a distribution that no model made.
    warnings : tuple of str
        What was warned of while the forecast was made, by members whose weight matters.

    Examples
    --------
    >>> import forecasting as fc
    >>> counts = [12, 9, 14, 11, 8, 13, 10, 12, 9, 11, 13, 10]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> account = fc.CountRegression(fc.Intercept()).forecast(series, 1, rng=1).account
    >>> account.members[0].name, account.members[0].quality.draws, account.khat < 0.7
    ('CountRegression', 4000, True)
    >>> round(sum(fc.auto(series, 1, rng=1).account.weights.values()), 6)
    1.0
    """

    members: tuple[AccountMember, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def weights(self) -> dict[str, float]:
        """Weight of each member by name."""
        return {member.name: member.weight for member in self.members}

    @property
    def khat(self) -> float | None:
        """The largest Pareto shape of the members that draw; None if none does."""
        return max((member.quality.khat for member in self.members if member.quality), default=None)

    @property
    def ess(self) -> float | None:
        """The smallest effective number of draws of the members that draw; None if none does."""
        return min((member.quality.ess for member in self.members if member.quality), default=None)

    def member(self, name: str, weight: float) -> AccountMember:
        """Return this account, of a model by itself, as that of a member of a pool."""
        only = self.members[0] if len(self.members) == 1 else AccountMember(name)
        return replace(only, name=name, weight=weight)

    def _repr_html_(self) -> str:
        import pandas as pd

        quality = [member.quality.to_dict() if member.quality else {} for member in self.members]
        rows = [
            {"member": one.name, "weight": one.weight} | made for one, made in zip(self.members, quality, strict=True)
        ]
        return as_html("; ".join(self.warnings), pd.DataFrame(rows), index=False, float_format="{:.3g}".format)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values."""
        return {"members": [member.to_dict() for member in self.members], "warnings": list(self.warnings)}
