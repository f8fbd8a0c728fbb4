r"""A level that wanders, and now and then jumps: a hidden Markov chain on a grid of log levels.

.. math:: y_t \sim F(e^{x_t + s_t}, \alpha),\qquad
          x_{t+1} = x_t + \begin{cases} q\,\varepsilon_t & \text{with probability } 1 - h \\
          \text{Laplace}(0, b) & \text{with probability } h. \end{cases}

The size q of the steps and the over-dispersion :math:`\alpha` are averaged over grids of values, the season s is that of
`forecasting.kernels.season`, or none: a month is explained with and without it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from forecasting.constraints import Observed
from forecasting.distributions import Contaminated, Distribution
from forecasting.errors import InvalidInput, InvalidSeries
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.hidden import Filtered, filter_levels
from forecasting.kernels.season import Season, centred_year, fit_season
from forecasting.models.base import Model, Prepared, read_draws
from forecasting.models.known import history_of, read_counts, read_dispersed
from forecasting.months import following
from forecasting.predictive import Account, AccountMember, Predictive
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_flag, read_number

_DRAWS = 4000
_SHORTEST = 3
_POINTS = 64
_STEPS = np.array([0.0, 0.03, 0.06, 0.10, 0.16, 0.26])  # q: from a level that stays to one that doubles within a year
_STEPS_PRIOR = np.array([0.18, 0.20, 0.20, 0.18, 0.14, 0.10])
_ALPHAS = np.array([0.003, 0.02, 0.06, 0.15, 0.35, 0.8, 2.0])
_ALPHAS_PRIOR = np.array([0.12, 0.16, 0.20, 0.18, 0.16, 0.11, 0.07])
_MARGIN = 0.7  # of the log level beyond the lowest and highest mean of three months
_ROOM = 1.2  # the same around the mean of all
_LEAST = 0.05  # of a mean
_FINEST = (
    0.35  # a step smaller than this share of the grid's spacing is that share: the chain must be able to leave a point
)
_SHARPEST = 2.5  # the spacing over the coefficient of variation, past which a count would fall between two points
_LARGEST = 25.0  # of a log mean in a forecast


@dataclass(frozen=True)
class ShiftingLevel(Model):
    r"""Count model whose level wanders and may jump for good, with its season; awake a few months after a break.

    Parameters
    ----------
    hazard : float
        Probability of a jump per month; one in twenty years by default.
    jump : float
        Mean absolute size of a jump of the log level: 0.8 is a factor of 2.2.
    seasonal : bool
        Whether a season is looked for, in 18 or more months.
    distribution : Distribution
        Of a count given its mean, with the over-dispersion alpha as its only shape parameter.

    Notes
    -----
    A forecast moves the level on as the past moved it, jumps included; steps other than jumps leave the expected mean where it
    is.  Large calm counts are known to the spacing of the grid only, a sixtieth of the range of the log level: there the
    intervals are wide.

    References
    ----------
    Kitagawa (1987), JASA 82, 1032-1041 (non-Gaussian state space on a grid); Harrison, Stevens (1976), JRSS B 38, 205-247
    (levels that shift).

    Examples
    --------
    >>> import forecasting as fc
    >>> before, after = [300, 310, 295, 305, 290, 312] * 3, [30, 28, 33]
    >>> series = fc.CountSeries([f"{2022 + k // 12}-{k % 12 + 1:02d}" for k in range(21)], before + after)
    >>> forecast = fc.ShiftingLevel().forecast(series, 1, rng=1)
    >>> bool(20 < forecast.quantile(0.5).iloc[0, 0] < 40)  # three months are enough
    True
    """

    hazard: float = 0.004
    jump: float = 0.8
    seasonal: bool = True
    distribution: Distribution = field(default_factory=Contaminated)

    def __post_init__(self) -> None:
        if not 0.0 <= read_number(self.hazard, "hazard") < 1.0:
            raise InvalidInput(f"hazard={self.hazard!r} must be a probability per month, from 0 to below 1")
        if not 0.0 < read_number(self.jump, "jump") < 1.0:
            raise InvalidInput(f"jump={self.jump!r} must lie between 0 and 1: from 1 on the expected level is infinite")
        read_flag(self.seasonal, "seasonal")
        read_dispersed(self.distribution)

    @property
    def priors_in_words(self) -> str:
        """What the priors are."""
        return (
            f"a jump in {self.hazard:g} of the months, its logarithm Laplace with scale {self.jump:g}; size of monthly steps "
            "and over-dispersion on grids with fixed weights"
        )

    def filtered(self, data: Observed, draws: int | None = None) -> FilteredLevel:
        """Return what the months say of the level; scores and forecasts, of `draws` paths, come from it.

        Raises
        ------
        InvalidSeries
            If fewer than three months are known.
        InvalidInput
            If a month is known in part only.
        """
        counts, missing = read_counts(data, "a shifting level")
        if (~missing).sum() < _SHORTEST:
            raise InvalidSeries(f"{data.name}: {(~missing).sum()} known months; a shifting level needs {_SHORTEST}")
        y = counts.astype(float)
        season = fit_season(y, missing) if self.seasonal else None
        positions = np.arange(y.size)
        factors = np.zeros((1, y.size)) if season is None else np.stack([0.0 * y, season.log_factors(positions)])
        grid = _grid(y[~missing])
        alpha = np.maximum(_ALPHAS, ((grid[1] - grid[0]) / _SHARPEST) ** 2)
        mean = np.exp(grid + factors.T[:, :, None, None])  # [T, seasons, 1, G]
        emission = np.zeros((y.size, len(factors), alpha.size, _POINTS))
        emission[~missing] = self.distribution.logpmf(y[~missing, None, None, None], mean[~missing], alpha[:, None])
        found = filter_levels(
            emission.reshape(y.size, -1, _POINTS),
            self._moves(grid),
            np.log(_STEPS_PRIOR)[:, None] + np.log(np.tile(_ALPHAS_PRIOR, len(factors))),
        )
        return FilteredLevel(self, data, found, season, grid, alpha, y, missing, read_draws(draws, _DRAWS))

    def forecast(self, data: Observed, horizon: int, *, draws: int | None = None, rng: Rng) -> Predictive:
        """Return paths whose level goes on to wander and to jump, one draw of the parameters each."""
        return self.filtered(data, draws).forecast(horizon, rng=rng)

    def prepared(self, data: Observed, *, draws: int | None = None, rng: Rng) -> Prepared:
        """Return the filtered level; nothing is drawn before a forecast is."""
        return self.filtered(data, draws)

    def _moves(self, grid: FloatArray) -> FloatArray:
        """Return the transition probabilities ``[K, G, G]``, one matrix for each size of the steps."""
        distance, spacing = np.abs(grid - grid[:, None]), grid[1] - grid[0]
        jumps = _rows(np.exp(-distance / self.jump))
        width = np.maximum(_STEPS, _FINEST * spacing)[:, None, None]
        steps = np.where(
            _STEPS[:, None, None] > 0.0, _rows(np.exp(-0.5 * np.square(distance / width))), np.eye(grid.size)
        )
        return np.asarray((1.0 - self.hazard) * steps + self.hazard * jumps)


@dataclass(frozen=True, eq=False)
class FilteredLevel:
    """A shifting level given its months: one-step scores, and forecasts from its last month.

    Attributes
    ----------
    model : ShiftingLevel
        What was filtered.
    data : CountSeries
        The months.
    found : Filtered
        Log scores, level and parameters.
    season : Season or None
        The season looked for.
    grid, alpha : ndarray, [G] and [7]
        Values of the log level and of the over-dispersion.
    counts, missing : ndarray, [T]
        As read from the data.
    draws : int
        Number of paths of a forecast.
    """

    model: ShiftingLevel
    data: Observed
    found: Filtered
    season: Season | None
    grid: FloatArray
    alpha: FloatArray
    counts: FloatArray
    missing: NDArray[np.bool_]
    draws: int

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Return the log score of each known month ``[t]``, less what fitting the season to all months gained it.

        The gain is the expected information of a month on its log mean times the variance of its log season.
        """
        terms = self.found.log_terms
        if self.season is not None:
            weight = self.found.weight.reshape(len(_STEPS), 2, self.alpha.size).sum(axis=0)
            mean = np.maximum(centred_year(self.counts, self.missing), _LEAST)
            alpha = float(weight.sum(axis=0) @ self.alpha)
            information = mean / (1.0 + alpha * mean)
            terms = terms - weight[1].sum() * self.season.variance(np.arange(terms.size)) * information
        return np.asarray(terms[~self.missing])

    def forecast(self, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        generator, months = require_rng(rng), following(self.data.months, horizon)
        number, ahead = self.draws, len(months)
        joint = (self.found.weight[..., None] * self.found.level).ravel()
        step, scatter, point = np.unravel_index(
            generator.choice(joint.size, number, p=joint / joint.sum()), self.found.level.shape
        )
        has_season, alpha = np.divmod(scatter, self.alpha.size)
        size = _STEPS[step][:, None]
        moves = size * generator.standard_normal((number, ahead)) - 0.5 * np.square(size)
        jumps = generator.random((number, ahead)) < self.model.hazard
        moves[jumps] = generator.laplace(0.0, self.model.jump, int(jumps.sum()))
        within = (self.grid[1] - self.grid[0]) * (generator.random(number) - 0.5)
        log_mean = (self.grid[point] + within)[:, None] + moves.cumsum(axis=1)
        if self.season is not None:
            seasons = self.season.draw(self.counts.size + np.arange(ahead), number, generator)
            log_mean += has_season[:, None] * seasons
        mean = np.exp(np.minimum(log_mean, _LARGEST))
        return Predictive.draw(
            months,
            mean,
            (self.alpha[alpha],),
            self.model.distribution,
            name=self.data.name,
            account=Account((AccountMember("ShiftingLevel"),)),
            history=history_of(self.data),
            rng=generator,
        )


def _grid(known: FloatArray) -> FloatArray:
    """Return log levels that hold every mean of three months, and the mean of all, with room on both sides."""
    smooth = np.convolve(known, np.ones(3) / 3.0, "valid")
    middle = np.log(max(float(known.mean()), _LEAST))
    lowest = min(np.log(max(float(smooth.min()), _LEAST)) - _MARGIN, middle - _ROOM)
    highest = max(np.log(max(float(smooth.max()), 6.0 * _LEAST)) + _MARGIN, middle + _ROOM)
    return np.linspace(lowest, highest, _POINTS)


def _rows(weights: FloatArray) -> FloatArray:
    return np.asarray(weights / weights.sum(axis=-1, keepdims=True))
