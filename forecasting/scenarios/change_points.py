"""How often did the level change, and when?  Every way to cut a series into months of one level is summed over."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from math import comb, log

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from forecasting.constraints import Observed
from forecasting.distributions import Distribution, NegativeBinomial, Poisson
from forecasting.errors import ForecastingWarning, InvalidInput, TooLarge
from forecasting.inference.resampling import systematic
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.kernels.segments import draw_starts, log_prefixes, log_renewals, log_suffixes
from forecasting.models.base import read_draws
from forecasting.models.known import partly_known, read_data
from forecasting.parameters import Priors, read_priors
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_whole
from forecasting.scenarios.changes_report import ChangesReport, steps_of
from forecasting.scenarios.segment_levels import Segments, Shapes
from forecasting.series import listing

_DRAWS = 2000
_MOST = 100
_LONGEST = 1200  # months, as everywhere
_LOCATING, _NODES = 10, 16  # points of the grids that find the over-dispersion, and of the last one
_ROUNDS = 12
_NEGLIGIBLE = 12.0  # log units below the best point at which a grid may end
_STEADY = 0.7  # a grid that keeps so much of its range is not narrowed again
_REACH = 4.5  # standard deviations of its prior that the root of the over-dispersion may reach
_CROWDED = 0.05  # probability of the largest number of changes from which on more of them should be allowed


def changes(
    data: Observed,
    *,
    most: int = 10,
    shortest: int = 1,
    distribution: Distribution | None = None,
    draws: int | None = None,
    priors: Priors | None = None,
    rng: Rng,
) -> ChangesReport:
    r"""Weigh any number of changes of level against none, and say when each of them began.

    Between changes the level is constant; counts are independent given the level.  Nothing is searched or approximated: all
    ways to place the changes are summed over.

    Parameters
    ----------
    data : CountSeries or Evidence
        Complete months; missing months are allowed.  Facts about several months are for `onset`.
    most : int
        Largest number of changes.
    shortest : int
        Months that a level lasts at least.  With 1 a single outlying month can be two changes.
    distribution : Distribution, optional
        `NegativeBinomial()` by default, with one over-dispersion for all months, or `Poisson()`.
    draws : int, optional
        Draws of the level of all months; 2000 by default.  Probabilities do not depend on them.
    priors : Priors, optional
        Scales of the priors: `step`, the standard deviation of the log of the ratio of two levels, and `dispersion`.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    ChangesReport

    Raises
    ------
    InvalidInput
        If `data` is neither a CountSeries nor Evidence, something other than the count of a month is known, or fewer than two
        months are; if the distribution is another one.
    TooLarge
        If there are more than 1,200 months.

    Warns
    -----
    ForecastingWarning
        If `most` changes have a probability above 5%, so that there may be more.

    Notes
    -----
    No change has a probability of one half beforehand, k changes one proportional to :math:`2^{-k}`, and all months in which
    k changes may begin are equally probable.  Levels are independent, around the mean of the known months.  There is no
    season and no trend: a yearly wave or a drift is told as changes.

    References
    ----------
    Fearnhead (2006), Statistics and Computing 16, 203-213.

    Examples
    --------
    >>> import numpy as np
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> level = np.repeat([20.0, 45.0, 12.0], [14, 10, 12])
    >>> counts = np.random.default_rng(5).poisson(level)
    >>> series = fc.CountSeries(pd.period_range("2020-01", periods=36, freq="M"), counts)
    >>> report = fc.changes(series, rng=1)
    >>> int(report.number.idxmax()), [[str(month) for month in months] for months in report.interval(0.9)]
    (2, [['2021-03'], ['2022-01']])
    """
    generator, scales = require_rng(rng), read_priors(priors)
    most, shortest = read_whole(most, "most", 1, _MOST), read_whole(shortest, "shortest")
    number = read_draws(draws, _DRAWS)
    dispersed = _read_dispersed(distribution)
    window, counts, known = _complete(data)
    size = counts.size
    limit = min(most, size // shortest - 1)
    if limit < 1:
        raise InvalidInput(
            f"{data.name}: two levels of at least shortest={shortest} months do not fit into the {size} months from "
            f"{window[0]} to {window[-1]}; give a smaller number"
        )
    cuts = _Cuts.of(Segments(counts, known, shortest), limit, shortest, scales, dispersed=dispersed)
    share = cuts.number
    if share[-1] > _CROWDED and limit == most:
        warnings.warn(
            f"{data.name}: most={most} changes have a probability of {share[-1]:.0%}, so that there may be more; raise most, "
            "or ask a model whose level wanders, such as LocalLevel",
            ForecastingWarning,
            stacklevel=2,
        )
    places = cuts.places()
    modal = int(share.argmax())
    return ChangesReport(
        series=data.name,
        data=data,
        table=pd.DataFrame({"month": window[1:], "probability": np.einsum("n,nki->i", share[1:], places)}),
        number=pd.Series(share, index=pd.RangeIndex(limit + 1, name="changes"), name="probability"),
        log_bayes_factor=cuts.log_bayes_factor,
        steps=steps_of(*cuts.draw(number, generator, modal), window, places),
        places=places,
        draws=cuts.draw(number, generator)[1],
    )


@dataclass(frozen=True, eq=False)
class _Cuts:
    """Evidence of every number of changes at every over-dispersion; ``[A, N + 1]`` with the prior of both at `joint`."""

    segments: Segments
    shapes: Shapes
    logs: FloatArray
    prefixes: FloatArray
    joint: FloatArray

    @classmethod
    def of(cls, segments: Segments, most: int, shortest: int, priors: Priors, *, dispersed: bool) -> _Cuts:
        alpha, log_weights = np.zeros(1), np.zeros(1)
        centre = float(np.log((segments.totals[-1] + 0.5) / segments.months[-1]))
        if dispersed:
            alpha, log_weights = _dispersions(segments, centre, priors)
        shapes = _shapes(centre, priors, alpha)
        logs = segments.log_evidence(shapes)
        prefixes = log_prefixes(logs, most)
        joint = log_weights[:, None] + prefixes[:, :, -1] + log_prior(most, len(segments.totals) - 1, shortest)
        return cls(segments, shapes, logs, prefixes, joint)

    @property
    def number(self) -> FloatArray:
        """Posterior probability of each number of changes ``[N + 1]``."""
        return np.asarray(softmax(self.joint).sum(axis=0))

    @property
    def log_bayes_factor(self) -> float:
        """Log evidence of any change over that of none; their prior odds are even."""
        return float(logsumexp(self.joint[:, 1:]) - logsumexp(self.joint[:, 0]))

    def places(self) -> FloatArray:
        r"""Return where the k-th of n changes begins: ``[N, N, T - 1]``, n and k from 1 and months from the second on.

        :math:`P(\tau_k=i\mid n)=\sum_\alpha P(\alpha\mid n)F_{k-1}(i)B_{n-k}(i)/F_n(T)`, with B the sums over the months
        from i on.
        """
        most = self.joint.shape[1] - 1
        before, after = self.prefixes[:, :, 1:-1], log_suffixes(self.logs, most)[:, :, 1:-1]
        given = softmax(self.joint, axis=0)
        found = np.zeros((most, most, before.shape[2]))
        for n in range(1, most + 1):
            whole = self.prefixes[:, n, -1][:, None, None]
            share = np.exp(before[:, :n] + after[:, n - 1 :: -1][:, :n] - whole)
            found[n - 1, :n] = np.einsum("a,aki->ki", given[:, n], share)
        return found

    def draw(
        self, draws: int, rng: np.random.Generator, changes: int | None = None
    ) -> tuple[NDArray[np.bool_], FloatArray]:
        """Return which months begin a level, and the level of every month, both ``[S, T]``; given `changes` if asked for."""
        joint = self.joint
        if changes is not None:
            joint = np.where(np.arange(joint.shape[1]) == changes, joint, -np.inf)
        cell = systematic(softmax(joint).ravel(), draws, rng)
        which, number = np.unravel_index(cell, joint.shape)
        begins = draw_starts(self.logs, self.prefixes, which, number, rng)
        return begins, self.segments.draw(self.shapes, which, begins, rng)


def log_prior(most: int, months: int, shortest: int) -> FloatArray:
    r"""Return the log prior probability of one way to place each number of changes, 0 to `most`.

    No change has 1/2, k have :math:`2^{-k-1}/(1-2^{-N})`, shared by all :math:`\binom{T-(k+1)(d-1)-1}{k}` ways to cut T
    months into segments of at least d.

    Examples
    --------
    >>> np.exp(log_prior(2, 4, 1)) * [1, 3, 3]
    array([0.5       , 0.33333333, 0.16666667])
    """
    number = np.arange(most + 1)
    ways = [log(comb(months - (k + 1) * (shortest - 1) - 1, k)) for k in number.tolist()]
    share = -(number + 1.0) * np.log(2.0)
    share[1:] -= np.log1p(-(0.5**most))
    return np.asarray(share - ways)


def _shapes(centre: float, priors: Priors, alpha: FloatArray) -> Shapes:
    """Return the priors of a level: the log of the ratio of two has the standard deviation of a step."""
    return Shapes.matched(centre, priors.step / np.sqrt(2.0), alpha)


def _dispersions(segments: Segments, centre: float, priors: Priors) -> tuple[FloatArray, FloatArray]:
    r"""Return a grid of over-dispersions where the posterior has its mass, with the log prior mass of each point.

    The root :math:`\kappa=\sqrt\alpha` has a half-normal prior.  The grid is even in u with :math:`\kappa=\kappa_0\sinh u`,
    since where it is large the relative error of an estimate is the same at any size, and :math:`\kappa_0` is a quarter of the
    coefficient of variation of a Poisson month.  The density is even and smooth in u, so that the trapezoid rule is as good
    as a Gaussian one.
    """
    unit = 0.25 / np.sqrt(1.0 + np.exp(centre))
    log_odds = -np.log(len(segments.totals))
    low, high = 0.0, float(np.arcsinh(_REACH * priors.dispersion / unit))

    def weighted(nodes: FloatArray) -> tuple[FloatArray, FloatArray]:
        kappa = unit * np.sinh(nodes)
        log_density = 0.5 * np.log(2.0 / np.pi) - np.log(priors.dispersion) - 0.5 * np.square(kappa / priors.dispersion)
        weights = log_density + np.log(unit * np.cosh(nodes) * (nodes[1] - nodes[0]))
        weights[0] -= np.log(2.0)
        return np.square(kappa), weights

    for _ in range(_ROUNDS):
        nodes = np.linspace(low, high, _LOCATING)
        alpha, weights = weighted(nodes)
        mass = weights + log_renewals(segments.log_evidence(_shapes(centre, priors, alpha)), log_odds)
        kept = np.flatnonzero(mass > mass.max() - _NEGLIGIBLE)
        before = high - low
        low, high = nodes[max(kept[0] - 1, 0)], nodes[min(kept[-1] + 1, _LOCATING - 1)]
        if high - low > _STEADY * before:
            break
    return weighted(np.linspace(low, high, _NODES))


def _read_dispersed(distribution: Distribution | None) -> bool:
    """Return whether months are negative binomial rather than Poisson."""
    if distribution is None or type(distribution) is NegativeBinomial:
        return True
    if type(distribution) is Poisson:
        return False
    raise InvalidInput(
        f"distribution={distribution!r} has no exact evidence of a segment; use NegativeBinomial() or Poisson()"
    )


def _complete(data: Observed) -> tuple[pd.PeriodIndex, IntArray, NDArray[np.bool_]]:
    """Return months, counts and which are known, from the first known month to the last."""
    partly = partly_known(read_data(data))
    if partly.any():
        raise InvalidInput(
            f"{data.name}: of {listing(data.months[partly])} only a total, an order or a range is known; changes needs each "
            "month known or wholly unknown. Use onset, which dates one change from any facts, or a window of published months"
        )
    exact = data.constraints.exact
    at = np.flatnonzero(exact)
    if at.size < 2:
        raise InvalidInput(
            f"{data.name}: the counts of {at.size or 'no'} month are known; changes of level need at least two"
        )
    inside = slice(at[0], at[-1] + 1)
    window = data.months[inside]
    if len(window) > _LONGEST:
        raise TooLarge(
            f"{data.name}: {len(window):,} months; changes takes at most {_LONGEST:,}, so give a later start"
        )
    known = exact[inside]
    return window, np.where(known, data.constraints.lower[inside], 0).astype(np.int64), known
