r"""The probability of any system of facts as an unbiased estimate, where nothing exact is cheap enough.

Vectors :math:`y_1..y_N` of the months are drawn once, at K parameter vectors (anchors) from laws :math:`q_k` that look ahead
(`lookahead`), and kept.  For any parameters

.. math:: \hat P(\theta)=\frac1N\sum_i\frac{p(y_i\mid\theta)}{\bar q(y_i)},\qquad\bar q=\frac1K\sum_kq_k,

is unbiased for :math:`P(R\mid\theta)`; a vector that met a dead end counts as zero.  The same vectors serve all parameters
(common random numbers), so the estimate is one smooth function of them: climbing it, or weighing draws with it, is as for an
exact likelihood.  Its error is told by the weights: effective vectors, and the standard error of the log.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import logsumexp

from forecasting.constraints import Linear
from forecasting.distributions import Distribution
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.likelihood.draws import pick
from forecasting.likelihood.lookahead import Anchor, Lookahead, anchors
from forecasting.likelihood.polytope import Polytope, Ranges
from forecasting.randomness import named_streams

_ANCHORS = 8  # sixteen are as even, and nearly twice as dear
_VECTORS = 1536
_SEED = 20231205  # of vectors that serve all parameters: with it the estimate is a function of them
_CHUNK = 4_000_000  # entries of a table of vectors by parameters
_REACH = 1.0 - 1e-12  # of an unbounded month


class EstimatedGroup:
    """Months tied together by any system, whose probability is estimated.

    Parameters
    ----------
    rows, months, lower, upper
        As in `forecasting.likelihood.enumeration.ListedGroup`; months may be unbounded.
    vectors : int
        Number of vectors drawn, N.
    seed : int
        Of the drawing, together with what the rows say: the errors of one system are those of all models, and independent of
        the errors of another.
    """

    def __init__(
        self,
        rows: Sequence[Linear],
        months: Sequence[int],
        lower: IntArray,
        upper: FloatArray,
        vectors: int = _VECTORS,
        seed: int = _SEED,
    ) -> None:
        self.months = tuple(months)
        self.facts = tuple(sorted({fact for row in rows for fact in row.facts}))
        self._rows = tuple(rows)
        self._lower, self._upper = lower[list(months)].astype(float), upper[list(months)].astype(float)
        self.number, self._seed = vectors, seed
        self._vectors: IntArray | None = None
        self._log_q = np.zeros(0)

    def anchor(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> None:
        """Draw the vectors anew, at parameter vectors spread over the given ones.

        Parameters
        ----------
        mean : ndarray, [S, m]
            Means of the group's months.
        shape : sequence of ndarray, [S]
            Shape parameters of `distribution`.
        """
        chosen = np.unique(np.linspace(0, len(mean) - 1, _ANCHORS).round().astype(int))
        places = anchors(mean[chosen], [s[chosen] for s in shape], distribution)
        system = Polytope(self._rows, self.months, self._lower, self._ceilings(places))
        laws = [
            Lookahead(system, Anchor(place.mean[system.order], place.shape, place.distribution)) for place in places
        ]
        rng = named_streams(self._seed)(*self._said())
        each = self.number // len(laws)
        parts: list[IntArray] = []
        met: list[Ranges] = []
        for law in laws:
            vectors, log_q, ranges = law.draw(each, rng)
            alive = np.flatnonzero(np.isfinite(log_q))
            ranges.keep(alive)
            parts.append(vectors[alive])
            met.append(ranges)
        together, ranges = np.concatenate(parts), Ranges.joined(met)
        densities = [law.log_density(together, ranges) for law in laws]
        self._log_q = logsumexp(densities, axis=0) - np.log(len(laws)) + np.log(each * len(laws))
        self._vectors = np.empty_like(together)
        self._vectors[:, system.order] = together

    def _said(self) -> tuple[str, ...]:
        rows = sorted(str((row.positions, row.coefs, row.low, row.high)) for row in self._rows)
        return str(self.months), *rows, str(self._lower.tolist()), str(self._upper.tolist())

    def _ceilings(self, places: Sequence[Anchor]) -> FloatArray:
        """Return upper limits ``[m]``: where there is none, far beyond the months' own laws and what lower limits ask for."""
        asked = max((row.low or 0) / min(abs(coef) for coef in row.coefs) for row in self._rows)
        reach = [place.distribution.quantile(_REACH, place.mean, *place.shape) for place in places]
        return np.where(np.isinf(self._upper), 4.0 * np.max(reach, axis=0) + max(asked, 0.0) + 16.0, self._upper)

    def log_probability(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        r"""Return the log of the estimate ``[S]``, :math:`\log\frac1N\sum_ip(y_i\mid\theta)/\bar q(y_i)`.

        The first call draws the vectors unless `anchor` has.
        """
        return np.concatenate([logsumexp(part, axis=1) for part in self._parts(mean, shape, distribution)])

    def log_weights(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> FloatArray:
        """Return the log weights ``[S, N]`` of the vectors, whose sum is the estimate."""
        return np.concatenate(list(self._parts(mean, shape, distribution)))

    def sample(
        self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution, rng: np.random.Generator
    ) -> IntArray:
        """Return one vector ``[S, m]`` for each parameter vector, with probability proportional to its weight."""
        vectors = self._anchored(mean, shape, distribution)
        chosen = [
            pick(np.exp(part - part.max(axis=1, keepdims=True)), rng) for part in self._parts(mean, shape, distribution)
        ]
        return vectors[np.concatenate(chosen)]

    def _anchored(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> IntArray:
        """Return the vectors ``[N, m]``, drawn at these parameters if there are none yet."""
        if self._vectors is None:
            self.anchor(mean, shape, distribution)
        return self._vectors if self._vectors is not None else np.zeros((0, len(self.months)), dtype=np.int64)

    def _parts(self, mean: FloatArray, shape: Sequence[FloatArray], distribution: Distribution) -> list[FloatArray]:
        vectors = self._anchored(mean, shape, distribution)
        size = max(1, _CHUNK // max(len(vectors), 1))
        known = [np.unique(vectors[:, c], return_inverse=True) for c in range(len(self.months))]
        parts = []
        for start in range(0, len(mean), size):
            here = slice(start, start + size)
            columns = [s[here, None] for s in shape]
            total = np.tile(-self._log_q, (len(mean[here]), 1))
            for c, (points, place) in enumerate(known):
                total += distribution.logpmf(points, mean[here, c, None], *columns)[:, place]
            parts.append(total)
        return parts


def effective(log_weights: FloatArray) -> FloatArray:
    """Return the effective number ``[S]`` of month vectors with log weights ``[S, N]``."""
    with np.errstate(invalid="ignore"):
        found = np.exp(2.0 * logsumexp(log_weights, axis=1) - logsumexp(2.0 * log_weights, axis=1))
    return np.nan_to_num(found)


def log_error(log_weights: FloatArray, number: int) -> FloatArray:
    """Return the standard error ``[S]`` of the log of an estimate from `number` vectors, of which these have a weight."""
    share = 1.0 / np.maximum(effective(log_weights), 1e-300)
    return np.sqrt(np.maximum(share - 1.0 / number, 0.0))
