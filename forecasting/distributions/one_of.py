"""One of several laws in each draw: what a pool of unlike forecasts has for a month."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from forecasting.distributions.base import Law, Mixture
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.randomness import Rng


@dataclass(frozen=True)
class OneOf(Law):
    """The law whose number stands in the first shape parameter; each law has columns of its own after it.

    Parameters
    ----------
    laws : tuple of Law
        Two or more.

    Examples
    --------
    >>> import forecasting as fc
    >>> either = OneOf((fc.Poisson(), fc.NegativeBinomial()))
    >>> either.shape_names
    ('law', '1.alpha')
    >>> either.variance([4.0, 4.0], [0, 1], [0.0, 0.5]).tolist()  # 4, and 4 + 0.5 * 16
    [4.0, 12.0]
    """

    laws: tuple[Law, ...]

    @property
    def shape_names(self) -> tuple[str, ...]:
        """The number of the law, and the shape parameters of all."""
        return ("law", *(f"{k}.{name}" for k, law in enumerate(self.laws) for name in law.shape_names))

    @property
    def signed(self) -> frozenset[str]:
        """Those of all."""
        return frozenset(f"{k}.{name}" for k, law in enumerate(self.laws) for name in law.signed)

    @property
    def proportions(self) -> frozenset[str]:
        """Those of all."""
        return frozenset(f"{k}.{name}" for k, law in enumerate(self.laws) for name in law.proportions)

    def shapes(self, number: int, shape: Sequence[FloatArray], rows: int) -> list[FloatArray]:
        """Return shape parameters of the law of that `number` as `rows` of shape parameters of this one."""
        full = [np.full(rows, float(number))]
        for k, law in enumerate(self.laws):
            full += list(shape) if k == number else [np.zeros(rows)] * len(law.shape_names)
        return full

    def expectation(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the mean of the count."""
        return self._each("expectation", (), mean, *shape)

    def logpmf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the log probability of the counts `y`."""
        return self._each("logpmf", (y,), mean, *shape)

    def cdf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y <= y)."""
        return self._each("cdf", (y,), mean, *shape)

    def sf(self, y: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return P(Y > y)."""
        return self._each("sf", (y,), mean, *shape)

    def log_interval(self, low: ArrayLike, high: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return log P(low <= Y <= high)."""
        return self._each("log_interval", (low, high), mean, *shape)

    def quantile(self, u: ArrayLike, mean: ArrayLike, *shape: ArrayLike) -> IntArray:
        """Return the smallest y with P(Y <= y) >= u."""
        return self._each("quantile", (u,), mean, *shape).astype(np.int64)

    def variance(self, mean: ArrayLike, *shape: ArrayLike) -> FloatArray:
        """Return the variance."""
        return self._each("variance", (), mean, *shape)

    def sample(self, mean: FloatArray, *shape: FloatArray, rng: Rng) -> IntArray:
        """Return one draw for each element of `mean`."""
        return self._each("sample", (), mean, *shape, rng=rng).astype(np.int64)

    def mixture(self, mean: FloatArray, *shape: FloatArray) -> Mixture:
        """Return the average probabilities over the draws, law by law, so that each keeps its fast way."""
        parts: list[tuple[float, Mixture]] = []
        for k, (law, own) in enumerate(zip(self.laws, self._split(shape[1:]), strict=True)):
            draws = (shape[0] if shape[0].ndim == 1 else shape[0][0]) == k
            if draws.any():
                own_draws = (values[..., draws] for values in own)
                parts.append((float(draws.mean()), law.mixture(mean[:, draws], *own_draws)))
        return lambda y: sum((share * pmf(y) for share, pmf in parts), start=np.zeros((len(y), len(mean))))

    def _each(
        self, what: str, given: tuple[ArrayLike, ...], mean: ArrayLike, *shape: ArrayLike, **kept: Rng
    ) -> FloatArray:
        """Return the elements of a function of every law, each from the law that it has."""
        arrays = np.broadcast_arrays(*(np.asarray(values, dtype=float) for values in (*given, mean, *shape)))
        first, which = arrays[: len(given) + 1], arrays[len(given) + 1]
        result = np.empty(which.shape)
        for k, (law, own) in enumerate(zip(self.laws, self._split(arrays[len(given) + 2 :]), strict=True)):
            mine = which == k
            if mine.any():
                result[mine] = getattr(law, what)(*(values[mine] for values in (*first, *own)), **kept)
        return result

    def _split(self, shape: Sequence[FloatArray]) -> list[Sequence[FloatArray]]:
        ends = np.cumsum([len(law.shape_names) for law in self.laws])
        return [shape[end - len(law.shape_names) : end] for law, end in zip(self.laws, ends, strict=True)]
