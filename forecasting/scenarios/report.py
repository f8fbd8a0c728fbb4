"""The outcome of a jump analysis: a frozen object with table, JSON and plain-words views."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from forecasting.inference.priors import Priors
from forecasting.models import Posterior
from forecasting.scenarios import rates
from forecasting.scenarios.levels import central_interval
from forecasting.scenarios.outlook import Outlook
from forecasting.scenarios.surprise import Surprise
from forecasting.scenarios.windows import Comparison


@dataclass(frozen=True)
class StepEffect:
    """The factor by which the mean changes at a boundary, everything else in the model held.

    Attributes
    ----------
    median, lower, upper : float
        Posterior median and central interval of the factor.
    positive : float
        Posterior probability that it is above 1.
    """

    median: float
    lower: float
    upper: float
    positive: float

    @classmethod
    def of(cls, posterior: Posterior, boundary: pd.Period, level: float) -> StepEffect:
        r"""Return the step :math:`e^\beta` at `boundary` in a model that has one."""
        draws = posterior.draws[:, posterior.names.index(f"step[{boundary}]")]
        low, middle, high = np.exp(central_interval(draws, level))
        return cls(float(middle), float(low), float(high), float((draws > 0).mean()))


@dataclass(frozen=True, eq=False)
class Result:
    """What one baseline says.

    Attributes
    ----------
    name, meaning, terms : str
        The baseline, what it assumes, its formula.
    posterior : Posterior
        Given all facts.
    probability : float
        Posterior probability among the baselines, all equally probable beforehand.
    surprise : Surprise or str
        From the months before the later window alone; or why that is not possible.
    search : float
        Share of replicated periods, one a posterior draw, in which some pair of windows of these lengths rises as much.
    """

    name: str
    meaning: str
    terms: str
    posterior: Posterior
    probability: float
    surprise: Surprise | str
    search: float


@dataclass(frozen=True, eq=False)
class JumpReport:
    """Was the jump a surprise?  Made by `jump`.

    Attributes
    ----------
    series : str
        Name of the series.
    months : pandas.PeriodIndex
        Months of the data.
    as_of : date or None
        The day whose knowledge was used.
    reading : tuple of str
        Alternative readings that were switched on.
    comparison : Comparison
        The windows and what is known of their totals.
    level : float
        Coverage of the intervals.
    observed : DataFrame
        A row per month and a row per day.  `ratio`, of the two windows, as observed.  `exact_lower` to `mid_p_upper`: its exact
        and mid-p intervals, if months are independent Poisson counts.  `window_lower`, `window_upper`: the interval of the
        ratio of the expected totals of the two windows, months as uneven as the facts show them, every stretch of other
        months on a level of its own.  `negative_binomial_lower`, `negative_binomial_upper`: that of another ratio, of the
        level from the later window on over the level of *all* months before it.  `before_exposure`, `after_exposure`: months
        or days of the windows.
    only_windows : bool
        Whether nothing but the two windows is known: both intervals are then the same.
    results : tuple of Result
        One a baseline.
    left_out : dict
        Baselines the data cannot support, with the reason.
    step : StepEffect
        The step over and above the trend.
    sensitivity : DataFrame
        Model probabilities and the step with prior scales halved and doubled.
    known : DataFrame
        Feasible range and posterior of every month.
    outlook : Outlook
        The next months under three scenarios.
    priors : Priors
        Scales of the priors.
    draws : int
        Posterior draws a baseline.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = ["2023-05", "2023-06", "2023-07", "2023-08", "2023-09", "2023-10"]
    >>> series = fc.CountSeries(months, [90, 95, 105, 100, 190, 200])
    >>> windows = ("2023-07", "2023-08"), ("2023-09", "2023-10")
    >>> report = fc.jump(series, *windows, draws=500, rng=np.random.default_rng(1))
    >>> print(report.observed[["ratio", "exact_lower", "exact_upper"]].round(2))
           ratio  exact_lower  exact_upper
    per
    month   1.90         1.60         2.26
    day     1.93         1.63         2.30
    >>> report.table().index.tolist()
    ['constant Poisson', 'constant', 'trend', 'step', 'trend + step']
    """

    series: str
    months: pd.PeriodIndex
    as_of: dt.date | None
    reading: tuple[str, ...]
    comparison: Comparison
    level: float
    observed: pd.DataFrame
    only_windows: bool
    results: tuple[Result, ...]
    left_out: dict[str, str]
    step: StepEffect
    sensitivity: pd.DataFrame
    known: pd.DataFrame
    outlook: Outlook
    priors: Priors
    draws: int

    @property
    def p_value(self) -> float:
        """Exact two-sided p-value of equal Poisson rates a month: the wrong question, quoted everywhere."""
        pair = self.comparison
        if not pair.exact:
            return float(np.nan)
        return rates.p_value(pair.after_range[0], int(pair.before_range[1]), pair.month_exposure)

    def result(self, name: str) -> Result:
        """Return the result of one baseline."""
        return next(result for result in self.results if result.name == name)

    def table(self) -> pd.DataFrame:
        """Return the verdicts, a row a baseline.

        Returns
        -------
        DataFrame
            probability and log_evidence (all facts); median, lower, upper of the predicted ratio, tail and bits (months
            before the later window alone); search (the window was chosen after the fact).
        """
        rows = {}
        tail = (1.0 - self.level) / 2.0
        for result in self.results:
            row: dict[str, float] = {
                "probability": result.probability,
                "log_evidence": result.posterior.log_evidence,
            }
            if isinstance(result.surprise, Surprise):
                points = result.surprise.ratio.quantile([tail, 0.5, 1.0 - tail]).to_numpy()
                row |= {"ratio_lower": points[0], "ratio_median": points[1], "ratio_upper": points[2]}
                row |= {"tail": result.surprise.tail, "bits": result.surprise.bits}
            row["search"] = result.search
            rows[result.name] = row
        columns = [
            "probability",
            "log_evidence",
            "ratio_median",
            "ratio_lower",
            "ratio_upper",
            "tail",
            "bits",
            "search",
        ]
        return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("baseline")

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the draws as plain numbers and strings, ready for JSON; missing numbers are None."""
        pair = self.comparison
        return {
            "series": self.series,
            "as_of": None if self.as_of is None else str(self.as_of),
            "reading": list(self.reading),
            "months": [str(month) for month in self.months],
            "before": {"months": [str(month) for month in pair.before], "total": _range(pair.before_range)},
            "after": {"months": [str(month) for month in pair.after], "total": _range(pair.after_range)},
            "ratio": pair.ratio,
            "ratio_is_exact": pair.exact,
            "level": self.level,
            "observed": _records(self.observed),
            "only_windows": self.only_windows,
            "poisson_p_value": _plain(self.p_value),
            "baselines": [
                {
                    "baseline": result.name,
                    "meaning": result.meaning,
                    "terms": result.terms,
                    **{key: _plain(value) for key, value in self.table().loc[result.name].items()},
                    **_simulated(result, self.draws),
                    "no_forecast_because": result.surprise if isinstance(result.surprise, str) else None,
                    "khat": _plain(result.posterior.khat),
                    "ess": _plain(result.posterior.ess),
                }
                for result in self.results
            ],
            "left_out": dict(self.left_out),
            "window_pairs_searched": pair.pairs(len(self.months)),
            "step_beyond_trend": asdict(self.step),
            "sensitivity": _records(self.sensitivity),
            "known": _records(self.known),
            "outlook": _records(self.outlook.to_frame()),
            "priors": asdict(self.priors),
            "draws": self.draws,
            "in_words": self.in_words(),
        }

    def in_words(self) -> str:
        """Return the verdict as a paragraph."""
        from forecasting.scenarios.wording import paragraph

        return paragraph(self)

    def __repr__(self) -> str:
        pair = self.comparison
        return (
            f"<JumpReport {self.series}: {pair.after[0]}..{pair.after[-1]} over {pair.before[0]}..{pair.before[-1]}, "
            f"ratio {pair.ratio:.3g}>\n{self.table().round(3).to_string()}"
        )

    def _repr_html_(self) -> str:
        return f"<p>{self.in_words()}</p>{self.table().round(3).to_html()}"


def _simulated(result: Result, draws: int) -> dict[str, Any]:
    """Return what a tail and a search rest on: how many simulations reached the observed ratio, out of how many.

    Where none did, `tail` is the 95% upper bound 3/n with n parameter draws, and `search_upper_limit` is that of the search.
    """
    told = result.surprise if isinstance(result.surprise, Surprise) else None
    counted = told is not None and told.reached is not None
    return {
        "tail_error": _plain(told.tail_error) if told else None,
        "tail_is_upper_limit": told is not None and not told.resolved,
        "tail_reached": told.reached if told else None,
        "tail_simulated": told.ratio.draws.size if told and counted else None,
        "search_reached": round(result.search * draws),
        "search_simulated": draws,
        "search_upper_limit": rates.unseen_bound(draws) if result.search == 0.0 else None,
    }


def _range(limits: tuple[int, float]) -> dict[str, float | None]:
    return {"low": int(limits[0]), "high": _plain(limits[1])}


def _plain(value: object) -> Any:
    """Return a number or string as JSON can hold it; None for what is missing or infinite."""
    if isinstance(value, (pd.Period, pd.Timestamp)):
        return str(value.date() if isinstance(value, pd.Timestamp) else value)
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return value


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    flat = table if isinstance(table.index, pd.RangeIndex) else table.reset_index()
    names = ["month" if name == "index" else str(name) for name in flat.columns]
    return [
        {name: _plain(value) for name, value in zip(names, row, strict=True)}
        for row in flat.itertuples(index=False, name=None)
    ]
