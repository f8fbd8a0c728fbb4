"""Families of parameters that share the scale of their prior; each part of a model declares its own, where it is defined."""

from __future__ import annotations

from dataclasses import dataclass

FAMILIES: dict[str, Family] = {}
"""The families of all parts that are loaded, by name."""


@dataclass(frozen=True)
class Family:
    """A family of parameters.

    Attributes
    ----------
    name : str
        The keyword of `Priors` that overrides its scale.
    scale : float
        Standard deviation of the normal prior by default.
    about : str
        What the standard deviation is of.
    """

    name: str
    scale: float
    about: str


def declared(name: str, scale: float, about: str) -> str:
    """Declare a family of parameters, and return its name; two parts that share one say the same of it."""
    family = Family(name, scale, about)
    if FAMILIES.setdefault(name, family) != family:
        raise ValueError(f"the family {name!r} is declared already, with another scale or meaning")
    return name
