"""Parameters as one table: names, priors and transforms, closed under addition."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.parameters.families import FAMILIES
from forecasting.parameters.priors import Priors

Theta: TypeAlias = Mapping[str, FloatArray]
"""One array ``[S]`` per parameter, in natural scale."""


def _identity(work: FloatArray) -> FloatArray:
    return work


def _share_of_odds(work: FloatArray) -> FloatArray:
    odds = np.square(work)
    return np.asarray(odds / (1.0 + odds))


_EVEN: dict[str, Callable[[FloatArray], FloatArray]] = {"size": np.abs, "square": np.square, "odds": _share_of_odds}

TRANSFORMS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "identity": _identity,
    "exp": np.exp,
    "logistic": expit,
    **_EVEN,
}
"""Natural parameter of a working coordinate."""

_LOG_ROOT_TWO_PI = 0.5 * np.log(2.0 * np.pi)


@dataclass(frozen=True)
class Parameter:
    """One parameter, normal beforehand in its working coordinate.

    Attributes
    ----------
    name : str
        As it appears in tables.
    centre, scale : float
        Mean and standard deviation of the prior of the working coordinate.
    transform : {"identity", "exp", "logistic", "size", "square", "odds"}
        Natural parameter as a function of the working coordinate w: any number; a positive one; a share between 0 and 1; or,
        the same for w and -w, so that the prior is half-normal and 0 is an inner point, its size, its square, or the share
        with the odds of its square.
    family : str, optional
        Scale of `Priors` that `scale` is a multiple of, so that it can be overridden by name.
    is_log_rate : bool
        Whether the parameter is added to the log mean, so that its exponential is a factor.
    unit : float
        Change of what the parameter multiplies that counts as one to the prior.
    at_zero : str
        What it means, in words, that the estimate is zero.

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
    unit: float = 1.0
    at_zero: str = ""

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
        if self.family is not None and self.family not in FAMILIES:
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
            raise InvalidInput(
                f"{', '.join(sorted(repeated))} names two parameters; rename the covariate or the parameter of that name"
            )

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
    def families(self) -> tuple[str | None, ...]:
        """Families of their priors."""
        return tuple(one.family for one in self.each)

    @property
    def folded(self) -> NDArray[np.bool_]:
        """Which working coordinates ``[p]`` live on the half line, the density being even in them."""
        return np.array([one.transform in _EVEN for one in self.each], dtype=bool)

    @property
    def centre(self) -> FloatArray:
        """Prior means of the working coordinates ``[p]``."""
        return np.array([one.centre for one in self.each])

    def scale(self, priors: Priors) -> FloatArray:
        """Return the prior standard deviations of the working coordinates ``[p]``; `priors` has those of the families."""
        of_family = [1.0 if one.family is None else priors[one.family] for one in self.each]
        return np.array([scale * one.scale / one.unit for one, scale in zip(self.each, of_family, strict=True)])

    def natural(self, work: FloatArray) -> FloatArray:
        """Return the natural parameters ``[S, p]`` at working coordinates ``[S, p]``."""
        result = np.empty((len(work), len(self.each)))
        for k, one in enumerate(self.each):
            result[:, k] = TRANSFORMS[one.transform](work[:, k])
        return result

    def named(self, natural: FloatArray) -> Theta:
        """Return natural parameters ``[S, p]`` by name."""
        return dict(zip(self.names, natural.T, strict=True))


def log_normal_density(x: FloatArray, centre: FloatArray, scale: FloatArray, folded: NDArray[np.bool_]) -> FloatArray:
    r"""Return the log density ``[S]`` of independent normal coordinates, the folded ones on the half line.

    .. math:: -\tfrac12\sum_j\{(\theta_j-c_j)/s_j\}^2-\sum_j\log(s_j\sqrt{2\pi})+q\log 2,\quad q\ \text{of them folded}

    Parameters
    ----------
    x : ndarray, [S, p]
        Points; folded coordinates may have either sign.
    centre, scale : ndarray, [p]
        Mean and standard deviation.
    folded : ndarray of bool, [p]
        Coordinates restricted to the half line, where the density is twice as high.
    """
    z = (x - centre) / scale
    constant = np.sum(np.log(scale)) + x.shape[1] * _LOG_ROOT_TWO_PI - np.log(2.0) * np.sum(folded)
    density: FloatArray = -0.5 * np.einsum("sp,sp->s", z, z) - constant
    return density
