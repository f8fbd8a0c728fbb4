"""The parameters of a mean as one table: names, priors and transforms, closed under addition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from scipy.special import expit

from forecasting.errors import InvalidInput
from forecasting.inference.priors import Priors
from forecasting.kernels.counts import FloatArray

Theta: TypeAlias = Mapping[str, FloatArray]
"""One array ``[S]`` per parameter, in natural scale."""


def _identity(work: FloatArray) -> FloatArray:
    return work


TRANSFORMS: dict[str, Callable[[FloatArray], FloatArray]] = {"identity": _identity, "exp": np.exp, "logistic": expit}
"""Natural parameter of a working coordinate: any number, a positive one, or a share."""


@dataclass(frozen=True)
class Parameter:
    """One parameter, normal beforehand in its working coordinate.

    Attributes
    ----------
    name : str
        As it appears in tables.
    centre, scale : float
        Mean and standard deviation of the prior of the working coordinate.
    transform : {"identity", "exp", "logistic"}
        Natural parameter as a function of the working coordinate: any number, a positive one, or a share between 0 and 1.
    family : str, optional
        Scale of `Priors` that `scale` is a multiple of, so that it can be overridden by name.
    is_log_rate : bool
        Whether the parameter is added to the log mean, so that its exponential is a factor.

    Raises
    ------
    InvalidInput
        If the name is empty, a number is not finite, the scale is not positive, or transform or family is unknown.

    Examples
    --------
    >>> import forecasting as fc
    >>> fc.Parameter("gain", centre=-1.4, scale=0.4, transform="logistic").name
    'gain'
    """

    name: str
    centre: float = 0.0
    scale: float = 1.0
    transform: str = "identity"
    family: str | None = None
    is_log_rate: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise InvalidInput(f"name={self.name!r} must be the name of a parameter")
        if not (np.isfinite(self.centre) and np.isfinite(self.scale) and self.scale > 0):
            raise InvalidInput(
                f"{self.name}: centre={self.centre!r} and scale={self.scale!r} must be finite numbers, the scale positive"
            )
        if self.transform not in TRANSFORMS:
            raise InvalidInput(
                f"{self.name}: transform={self.transform!r} is unknown; use one of {', '.join(TRANSFORMS)}"
            )
        if self.family is not None and self.family not in vars(Priors()):
            raise InvalidInput(
                f"{self.name}: family={self.family!r} is not a scale of Priors; leave it out, and use scale"
            )


@dataclass(frozen=True)
class Parameters:
    """Several parameters, in order; two tables add up to one.

    Raises
    ------
    InvalidInput
        If one of them is not a `Parameter`, or two have the same name.
    """

    each: tuple[Parameter, ...] = ()

    def __post_init__(self) -> None:
        wrong = [one for one in self.each if not isinstance(one, Parameter)]
        if wrong:
            raise InvalidInput(f"{wrong[0]!r} is not a parameter; give Parameter(name, centre, scale)")
        repeated = {name for name in self.names if self.names.count(name) > 1}
        if repeated:
            raise InvalidInput(f"{', '.join(sorted(repeated))} names two parameters; rename one of them")

    @classmethod
    def of(cls, each: Parameters | Iterable[Parameter]) -> Parameters:
        """Return a table of parameters."""
        return each if isinstance(each, Parameters) else cls(tuple(each))

    def __add__(self, other: Parameters) -> Parameters:
        return Parameters((*self.each, *other.each))

    def __len__(self) -> int:
        return len(self.each)

    @property
    def names(self) -> tuple[str, ...]:
        """Names, in order."""
        return tuple(one.name for one in self.each)

    @property
    def log_rates(self) -> tuple[str, ...]:
        """Names of those that are added to the log mean."""
        return tuple(one.name for one in self.each if one.is_log_rate)

    @property
    def centre(self) -> FloatArray:
        """Prior means of the working coordinates ``[p]``."""
        return np.array([one.centre for one in self.each])

    def scale(self, priors: Priors) -> FloatArray:
        """Return the prior standard deviations of the working coordinates ``[p]``; `priors` has those of the families."""
        return np.array(
            [one.scale if one.family is None else getattr(priors, one.family) * one.scale for one in self.each]
        )

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the natural parameters ``[S, p]`` at working coordinates ``[S, p]``."""
        columns = [TRANSFORMS[one.transform](work[:, k]) for k, one in enumerate(self.each)]
        return np.column_stack(columns) if columns else work

    def named(self, natural: FloatArray) -> Theta:
        """Return natural parameters ``[S, p]`` by name."""
        return dict(zip(self.names, natural.T, strict=True))
