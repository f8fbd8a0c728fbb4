"""When did it begin?  The month of a step that is not known beforehand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from scipy.special import logsumexp

from forecasting.constraints import Observed
from forecasting.distributions import NegativeBinomial
from forecasting.errors import InvalidInput, InvalidWindow
from forecasting.inference.priors import Priors, read_priors
from forecasting.models import CountRegression
from forecasting.models.base import read_draws
from forecasting.models.known import read_data
from forecasting.months import Window, month_range, read_window
from forecasting.randomness import Rng, named_streams, require_rng
from forecasting.reading.arguments import read_flag
from forecasting.scenarios.baselines import season_of
from forecasting.scenarios.onset_sampling import Onsets, sample_onsets
from forecasting.scenarios.weighing import StepEffect
from forecasting.scenarios.words import chance, factor, factors, listed
from forecasting.terms import Intercept, Terms, Trend

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_DRAWS = 4000
_BLUE = "#0072b2"
_LEVEL = 0.95
_FOR, _AGAINST = 20.0, 1.0 / 3.0  # Bayes factors from which the facts are said to speak for a step, or against one


@dataclass(frozen=True, eq=False)
class OnsetReport:
    """The month of a step, its size, and whether there was one.  Made by `onset`.

    Attributes
    ----------
    series : str
        Name of the series.
    table : DataFrame
        One row per candidate month: `month` and `probability`, that a step began there if there was one.
    log_bayes_factor : float
        Natural logarithm of how much more probable all facts are with a step in one of the months, each as probable as the
        others beforehand, than without one.  The search over the months is paid for.
    effect : StepEffect
        The step, averaged over the months and the kinds of level; 95% interval.
    levels : DataFrame
        One row per kind of level: `log_bayes_factor` of a step against none on that level, and its posterior `probability`.
    khat : float
        Largest Pareto shape of the importance weights; below 0.7 they can be trusted.

    Examples
    --------
    >>> import forecasting as fc
    >>> counts = [20, 17, 22, 19, 21, 18, 41, 38, 45, 40, 37, 44]
    >>> series = fc.CountSeries([f"2023-{month:02d}" for month in range(1, 13)], counts)
    >>> [str(month) for month in fc.onset(series, trend=False, rng=1).interval(0.9)]
    ['2023-07']
    """

    series: str
    table: pd.DataFrame
    log_bayes_factor: float
    effect: StepEffect
    levels: pd.DataFrame
    khat: float

    @property
    def direction(self) -> Literal["rise", "fall"]:
        """Which way the step more probably went."""
        return "rise" if self.effect.positive >= 0.5 else "fall"

    @property
    def step_probability(self) -> float:
        """Posterior probability of a step in one of the months; it was one half beforehand."""
        return float(1.0 / (1.0 + np.exp(-self.log_bayes_factor)))

    def interval(self, level: float = 0.9) -> pd.PeriodIndex:
        """Return the smallest set of months that holds the onset with probability `level`, if there was a step.

        Parameters
        ----------
        level : float
            Strictly between 0 and 1.

        Returns
        -------
        PeriodIndex
            In the order of time; the months need not be neighbours.
        """
        if not 0.0 < level < 1.0:
            raise InvalidInput(f"level={level!r} must lie between 0 and 1, for example 0.9")
        ranked = self.table.sort_values("probability", ascending=False, kind="stable")
        enough = int(np.searchsorted(np.cumsum(ranked["probability"].to_numpy(float)), level - 1e-12)) + 1
        return pd.PeriodIndex(ranked["month"].iloc[:enough].sort_values(), freq="M")

    def in_words(self) -> str:
        """Return what the facts say of the onset as a paragraph."""
        return (
            f"{self._verdict()} {self._odds()} If there was one, it {self.when()}; the level changed by a factor of "
            f"{factor(self.effect.median)} ({_LEVEL:.0%} interval {factors(self.effect.lower, self.effect.upper)})."
        )

    def when(self) -> str:
        """Return when the step began, if there was one, as words that follow its name."""
        best = self.table.iloc[int(self.table["probability"].to_numpy(float).argmax())]
        return (
            f"most probably began in {best['month']:%B %Y} ({chance(float(best['probability']))}), and with 90% in "
            f"{_spans(self.interval(0.9))}"
        )

    def _verdict(self) -> str:
        if self.log_bayes_factor > np.log(
            _FOR
        ):  # by chance alone at most once in twenty: its expectation is 1 without a step
            return "The facts speak for a step."
        if self.log_bayes_factor < np.log(_AGAINST):
            return "The facts speak against a step."
        return "The facts do not settle whether there was a step."

    def _odds(self) -> str:
        size = float(np.exp(min(abs(self.log_bayes_factor), 700.0)))
        times = f"{size:,.0f}" if size >= 10.0 else f"{size:.1f}"
        side = "more" if self.log_bayes_factor > 0 else "less"
        return (
            f"They are {times} times {side} probable with a step in one of {len(self.table)} months than without one, the "
            f"search over the months paid for: a probability of {chance(self.step_probability)} from even odds."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers and strings, ready for JSON."""
        rows = zip(self.table["month"], self.table["probability"], strict=True)
        return {
            "series": self.series,
            "log_bayes_factor": self.log_bayes_factor,
            "step_probability": self.step_probability,
            "prior_odds_of_step": 1.0,
            "direction": self.direction,
            "effect": {name: float(getattr(self.effect, name)) for name in ("median", "lower", "upper", "positive")},
            "months": [{"month": str(month), "probability": float(share)} for month, share in rows],
            **{f"set_{level:.0%}": [str(month) for month in self.interval(level)] for level in (0.5, 0.9)},
            "levels": self.levels.reset_index().to_dict("records"),
            "khat": self.khat if np.isfinite(self.khat) else None,
            "in_words": self.in_words(),
        }

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw the probability of each month; the smallest 90% set is filled.

        Parameters
        ----------
        ax : matplotlib Axes, optional
            Where to draw; new axes by default.
        """
        if ax is None:
            from matplotlib.figure import Figure

            ax = Figure(figsize=(5.2, 2.6), layout="constrained").subplots()
        inside = self.table["month"].isin(self.interval(0.9)).to_numpy(bool)
        places, heights = np.arange(len(self.table)), self.table["probability"].to_numpy(float)
        for which, filling in ((inside, _BLUE), (~inside, "none")):
            ax.bar(places[which], heights[which], width=0.8, color=filling, edgecolor=_BLUE)
        labelled = places[:: max(1, len(places) // 6)]
        ax.set_xticks(labelled, [str(self.table["month"].iloc[place]) for place in labelled])
        ax.set(ylabel="probability of the onset", title=f"When the step began, if there was one: {self.series}")
        return ax

    def __repr__(self) -> str:
        months = self.interval(0.9)
        return (
            f"<OnsetReport {self.series}: 90% in {_spans(months)}, log Bayes factor of a step {self.log_bayes_factor:+.1f}, "
            f"factor {factor(self.effect.median)}>"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.in_words()}</p>{self.table.to_html(index=False, float_format='{:.3f}'.format)}"


def onset(
    data: Observed,
    within: Window | None = None,
    trend: bool = True,
    *,
    draws: int | None = None,
    priors: Priors | None = None,
    rng: Rng,
) -> OnsetReport:
    """Weigh a step at an unknown month against none, and say when it began.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known of the months: counts, totals, bounds, orderings.
    within : tuple of (start, end), optional
        Months at which the step may begin, both ends included; by default every month after the first of which something is
        known, up to the last.
    trend : bool
        Whether a steady trend is tried beside a constant level; both are then equally probable beforehand.
    draws : int, optional
        Weighted draws in all; 4000 by default.
    priors : Priors, optional
        Scales of the priors.
    rng : numpy.random.Generator or int
        Generator or seed; required.

    Returns
    -------
    OnsetReport

    Raises
    ------
    InvalidWindow
        If `within` leaves the months between the first and the last of which something is known.
    InvalidInput
        If `data` is neither a CountSeries nor Evidence, or too little is known.

    Notes
    -----
    From two years on every level has a yearly wave, as in `jump`.  Source: Fearnhead (2006), Statistics and Computing 16; here
    for one change, and any facts.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"2023-{month:02d}" for month in range(1, 13)]
    >>> series = fc.CountSeries(months, [20, 17, 22, 19, 21, 18, 41, 38, 45, 40, 37, 44])
    >>> report = fc.onset(series, trend=False, rng=1)
    >>> [str(month) for month in report.interval(0.9)], report.direction
    (['2023-07'], 'rise')
    >>> bool(report.log_bayes_factor > np.log(20))
    True
    """
    stream, scales = named_streams(require_rng(rng)), read_priors(priors)
    read_flag(trend, "trend")
    candidates = _candidates(read_data(data), within)
    number = read_draws(draws, _DRAWS)
    season, _ = season_of(data, candidates[len(candidates) // 2], scales)
    kinds: dict[str, tuple[Any, ...]] = {"constant": (), **({"trend": (Trend(),)} if trend else {})}
    found: dict[str, tuple[float, Onsets]] = {}
    for name, terms in kinds.items():
        model = CountRegression(Terms((Intercept(), *terms, *season)), NegativeBinomial(), scales)
        null = model.posterior(data, draws=draws, rng=stream(name, "no step"))
        found[name] = (
            null.log_evidence,
            sample_onsets(model, data, candidates, null.sample.mode.point, number, stream(name, "step")),
        )
    return _report(data.name, candidates, found)


def _report(series: str, candidates: pd.PeriodIndex, found: dict[str, tuple[float, Onsets]]) -> OnsetReport:
    r"""Average over the levels: :math:`\sum_k\pi_kC^{-1}\sum_\tau Z_{k\tau}` with a step, :math:`\sum_k\pi_kZ_k` without."""
    without = np.array([null for null, _ in found.values()])
    by_month = np.array([drawn.log_evidence for _, drawn in found.values()])
    with_step = logsumexp(by_month, axis=1) - np.log(len(candidates))
    shares = np.exp(with_step - logsumexp(with_step))
    month = np.exp(logsumexp(by_month, axis=0) - logsumexp(by_month))
    steps = np.concatenate([drawn.step for _, drawn in found.values()])
    weights = np.concatenate([share * drawn.weights for share, (_, drawn) in zip(shares, found.values(), strict=True)])
    joint = np.logaddexp(with_step, without)
    levels = pd.DataFrame(
        {"log_bayes_factor": with_step - without, "probability": np.exp(joint - logsumexp(joint))},
        index=pd.Index(list(found), name="level"),
    )
    return OnsetReport(
        series=series,
        table=pd.DataFrame({"month": candidates, "probability": month}),
        log_bayes_factor=float(logsumexp(with_step) - logsumexp(without)),
        effect=StepEffect.of(steps, _LEVEL, weights),
        levels=levels,
        khat=max(drawn.khat for _, drawn in found.values()),
    )


def _candidates(data: Observed, within: Window | None) -> pd.PeriodIndex:
    """Return the months at which a step may begin: later than the first of which something is known, and not after the last."""
    known = (data.constraints.lower > 0) | np.isfinite(data.constraints.upper)
    for row in data.constraints.linear:
        known[list(row.positions)] = True
    places = np.flatnonzero(known)
    if places.size < 2:
        raise InvalidInput(
            f"{data.name}: something is known of {places.size or 'no'} month; an onset needs at least two"
        )
    every = data.months[places[0] + 1 : places[-1] + 1]
    if within is None:
        return every
    wanted = month_range(*read_window(within, "within"))
    if wanted[0] < every[0] or wanted[-1] > every[-1]:
        raise InvalidWindow(
            f"within={wanted[0]}..{wanted[-1]} leaves the months at which a step can be seen in {data.name}, "
            f"{every[0]}..{every[-1]}; choose a window inside"
        )
    return wanted


def _spans(months: pd.PeriodIndex) -> str:
    """Return months as words, neighbours together, such as ``2023-05 to 2023-07 and 2023-09``."""
    numbers = months.asi8
    breaks = np.flatnonzero(np.diff(numbers) > 1) + 1
    runs = np.split(np.arange(numbers.size), breaks)
    return listed([str(months[run[0]]) if run.size == 1 else f"{months[run[0]]} to {months[run[-1]]}" for run in runs])
