r"""What wrappers that treat zeros apart have in common: a base distribution, and one more shape parameter, `zero`.

The working coordinate is the root of its odds, :math:`w=\sqrt{\pi/(1-\pi)}`.  The density is even and smooth in it, so
:math:`\pi=0` is an interior point.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from forecasting.distributions.base import Distribution, Law
from forecasting.distributions.negative_binomial import NegativeBinomial
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray, IntArray, integer_search
from forecasting.parameters import Parameter, Parameters


@dataclass(frozen=True)
class ZeroWrapper(Distribution):
    """A distribution whose zeros are not those of `base`; the last shape parameter is the probability `zero`.

    Parameters
    ----------
    base : Distribution
        Negative binomial unless said otherwise.

    Raises
    ------
    InvalidInput
        If `base` is no distribution, or treats zeros apart itself.
    """

    base: Distribution = field(default_factory=NegativeBinomial)

    zero_family: ClassVar[str]
    """Prior family of the working coordinate of `zero`."""
    no_zero: ClassVar[str]
    """What ``zero = 0`` means."""

    def __post_init__(self) -> None:
        if not isinstance(self.base, Distribution) or isinstance(self.base, ZeroWrapper):
            raise InvalidInput(
                f"base={self.base!r} must be a count distribution that does not treat zeros apart itself, "
                "for example NegativeBinomial() or Poisson()"
            )

    @property
    def signed(self) -> frozenset[str]:
        """Shape parameters that may be negative: those of the base."""
        return self.base.signed

    @property
    def proportions(self) -> frozenset[str]:
        """Those of the base, and `zero`."""
        return self.base.proportions | {"zero"}

    @property
    def centred(self) -> bool:
        """Whether that of the base is."""
        return self.base.centred

    @cached_property
    def parameters(self) -> Parameters:
        r"""Those of the base, and `zero`, :math:`\pi=w^2/(1+w^2)`."""
        zero = Parameter("zero", transform="odds", family=self.zero_family, at_zero=self.no_zero)
        return self.base.parameters + Parameters((zero,))

    def least_dispersion(self, *shape: ArrayLike) -> FloatArray | None:
        """Return that of the base: only zeros differ."""
        return self.base.least_dispersion(*shape[:-1])


def split(shape: tuple[ArrayLike, ...]) -> tuple[tuple[ArrayLike, ...], FloatArray]:
    """Return the shape parameters of the base, and `zero`."""
    return shape[:-1], np.asarray(shape[-1], dtype=float)


def searched(law: Law, guess: IntArray, u: FloatArray, mean: FloatArray, *shape: FloatArray) -> IntArray:
    """Return the quantiles of `law`, whose cdf decides, from a guess; all arguments of one shape."""
    level, *given = (values.ravel() for values in (u, mean, *shape))

    def reaches(y: FloatArray, who: IntArray) -> NDArray[np.bool_]:
        return law.cdf(y, *(values[who] for values in given)) >= level[who]

    return integer_search(reaches, guess.ravel().astype(float)).reshape(u.shape)
