r"""Scales on which counts are roughly normal with constant spread, and the way back.

A transform is g with inverse x; the moments below belong to :math:`X = x(Z)` for a normal Z and are closed forms, so the
expectation of a count never rests on simulation or on a Taylor series (Granger, Newbold 1976, on why the naive
back-transform of a mean is wrong).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray


class Transform(ABC):
    """A strictly increasing function of a count."""

    multiplicative = False
    """Whether a shift of the transformed scale multiplies the counts, so that an exposure makes sense."""

    @abstractmethod
    def forward(self, x: FloatArray) -> FloatArray:
        """Return g(x) for x >= 0."""

    @abstractmethod
    def inverse(self, z: FloatArray) -> FloatArray:
        """Return the x >= 0 with g(x) = z, and 0 where z lies below g(0)."""

    @abstractmethod
    def slope(self, x: FloatArray) -> FloatArray:
        """Return the derivative of g at x > 0."""

    @abstractmethod
    def moments_above(
        self, limit: FloatArray, location: FloatArray, scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return E[X; X > limit] and E[X^2; X > limit] for Z normal with `location` and `scale`, limit >= 0."""


@dataclass(frozen=True)
class Power(Transform):
    r"""The identity (power 1), or :math:`g(x) = a\sqrt{x + c}` (power 2).

    The square root stabilises the variance of a Poisson count, :math:`2\sqrt{x + 3/8}` that of small ones too
    (Anscombe 1948, Biometrika 35).
    """

    power: int = 1
    factor: float = 1.0
    shift: float = 0.0

    def forward(self, x: FloatArray) -> FloatArray:
        """Return g(x)."""
        return np.asarray(self.factor * (np.sqrt(x + self.shift) if self.power == 2 else x))

    def inverse(self, z: FloatArray) -> FloatArray:
        """Return x, 0 where z lies below g(0)."""
        return np.asarray(np.maximum((np.maximum(z, 0.0) / self.factor) ** self.power - self.shift, 0.0))

    def slope(self, x: FloatArray) -> FloatArray:
        """Return the derivative of g."""
        return np.asarray(
            0.5 * self.factor / np.sqrt(x + self.shift) if self.power == 2 else np.full_like(x, self.factor)
        )

    def moments_above(
        self, limit: FloatArray, location: FloatArray, scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the first two moments above `limit`."""
        raw = _normal_moments(self.forward(limit), location, scale, 2 * self.power)
        first, second = (raw[k * self.power] / self.factor ** (k * self.power) for k in (1, 2))
        mass = raw[0]
        return first - self.shift * mass, second - 2.0 * self.shift * first + self.shift**2 * mass


@dataclass(frozen=True)
class Logarithm(Transform):
    """The logarithm of the count plus `shift`."""

    shift: float = 0.0
    multiplicative = True

    def forward(self, x: FloatArray) -> FloatArray:
        """Return g(x)."""
        return np.asarray(np.log(x + self.shift))

    def inverse(self, z: FloatArray) -> FloatArray:
        """Return x, 0 where z lies below g(0); infinite where it overflows."""
        with np.errstate(over="ignore"):
            return np.asarray(np.maximum(np.exp(z) - self.shift, 0.0))

    def slope(self, x: FloatArray) -> FloatArray:
        """Return the derivative of g."""
        return np.asarray(1.0 / (x + self.shift))

    def moments_above(
        self, limit: FloatArray, location: FloatArray, scale: FloatArray
    ) -> tuple[FloatArray, FloatArray]:
        """Return the first two moments above `limit`, infinite where they overflow."""
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            cut = np.log(limit + self.shift)
            mass, first, second = (
                np.exp(k * location + 0.5 * np.square(k * scale)) * ndtr((location + k * scale**2 - cut) / scale)
                for k in (0, 1, 2)
            )
            about_shift = second - 2.0 * self.shift * first + self.shift**2 * mass
        return first - self.shift * mass, np.where(np.isinf(second), np.inf, about_shift)


def _normal_moments(cut: FloatArray, location: FloatArray, scale: FloatArray, highest: int) -> list[FloatArray]:
    """Return E[Z^k; Z > cut] for k = 0 .. `highest`, by integration by parts."""
    z = (cut - location) / scale
    density = scale * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi)
    moments = [ndtr(-z), location * ndtr(-z) + density]
    for k in range(2, highest + 1):
        moments.append(location * moments[-1] + (k - 1) * scale**2 * moments[-2] + cut ** (k - 1) * density)
    return moments


TRANSFORMS: dict[str | None, Transform] = {
    None: Power(),
    "sqrt": Power(2),
    "anscombe": Power(2, 2.0, 0.375),
    "log": Logarithm(),
    "log1p": Logarithm(1.0),
}


def read_transform(name: str | None) -> Transform:
    """Return the transform of that name.

    Raises
    ------
    InvalidInput
        If there is none.
    """
    if (name is not None and not isinstance(name, str)) or name not in TRANSFORMS:
        raise InvalidInput(f"transform={name!r} is unknown; use one of {', '.join(map(repr, TRANSFORMS))}")
    return TRANSFORMS[name]
