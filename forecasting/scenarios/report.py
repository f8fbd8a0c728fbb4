"""The outcome of a jump analysis: a frozen object with table, JSON and plain-words views."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import pandas as pd

from forecasting.display import Drawable, as_html, plain, records
from forecasting.scenarios import rates, verdict, wording
from forecasting.scenarios.findings import Findings, Result
from forecasting.scenarios.fits import step_draws
from forecasting.scenarios.surprise import Surprise, Unforecastable
from forecasting.scenarios.weighing import StepEffect


@dataclass(frozen=True, eq=False)
class JumpReport(Findings, Drawable):
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
    comparison : Windows
        The windows and what is known of their totals.
    level : float
        Coverage of the intervals.
    observed : DataFrame
        One row per month and one per day.  `ratio`, of the two windows, as observed.  `exact_lower` to `mid_p_upper`: its exact
        and mid-p intervals, if months are independent Poisson counts.  `window_lower`, `window_upper`: the interval of the
        ratio of the expected totals of the two windows, months as uneven as the facts show them, every stretch of other
        months on a level of its own.  `difference`, `difference_lower`, `difference_upper`: the count after less that before,
        and the interval of the difference of the expected counts.  `negative_binomial_lower`, `negative_binomial_upper`: the
        interval of another ratio, of the level from the later window on over the level of *all* months before it.
        `before_exposure`, `after_exposure`: months or days of the windows.
    only_windows : bool
        Whether nothing but the two windows is known: both intervals are then the same.
    results : tuple of Result
        One per baseline.
    left_out : dict
        What the data cannot support in any baseline, with the reason; the season before two years are known.
    weighing : Weighing
        Probabilities of the baselines and the Bayes factor of a step; also `step_probability` and `log_bayes_factor`.
    step : StepEffect
        The step at the boundary, averaged over the baselines that have one.
    sensitivity : DataFrame
        The conclusions with one prior scale moved at a time, one row per prior and factor, the first as stated: `prior`,
        `factor`, `scale`, `step_probability`, `log_bayes_factor`, `chance_lower` and `chance_upper` (over the baselines
        without a step), `step_median`, `step_lower`, `step_upper`, and the probability of each baseline.
    known : DataFrame
        Feasible range and posterior of every month.
    onset : OnsetReport
        When a change of level began that is not known beforehand.
    outlook : Outlook
        The next months under three scenarios.
    priors : Priors
        Scales of the priors.
    draws : int
        Posterior draws per baseline.

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
    >>> report.table().index.tolist()[:5]
    ['constant Poisson', 'constant', 'trend', 'wandering', 'reverting']
    """

    @property
    def verdict(self) -> str:
        """The answer in one sentence that begins with Yes, No or Not settled; true under the widest prior scales tried."""
        return verdict.sentence(self)

    @property
    def step_beyond_trend(self) -> StepEffect:
        """The step in the model with a trend as well, and a season where there is one."""
        return StepEffect.of(step_draws(self.fullest, self.comparison), self.level)

    def table(self) -> pd.DataFrame:
        """Return what each baseline says, one row per baseline.

        Returns
        -------
        DataFrame
            `prior`, `probability` and `log_evidence` (all facts); `ratio_median`, `ratio_lower`, `ratio_upper` of the ratio
            predicted from the months before the later window alone, `chance` of a change as unusual either way (the primary
            number), `tail`, the chance of one as large in the same direction, and its `bits`; `search`, the chance that some
            pair of windows changes as much in the same direction (NaN for baselines with a step).
        """
        rows = {}
        tail = (1.0 - self.level) / 2.0
        for result in self.results:
            row: dict[str, float] = {
                "prior": result.prior,
                "probability": result.probability,
                "log_evidence": result.posterior.log_evidence,
            }
            if isinstance(result.surprise, Surprise):
                points = result.surprise.ratio.quantile([tail, 0.5, 1.0 - tail]).to_numpy()
                row |= {"ratio_lower": points[0], "ratio_median": points[1], "ratio_upper": points[2]}
                row |= {"chance": result.surprise.chance, "tail": result.surprise.tail, "bits": result.surprise.bits}
            row["search"] = result.search
            rows[result.name] = row
        columns = [
            *("prior", "probability", "log_evidence", "ratio_median", "ratio_lower", "ratio_upper"),
            *("chance", "tail", "bits", "search"),
        ]
        return pd.DataFrame.from_dict(rows, orient="index").reindex(columns=columns).rename_axis("baseline")

    def to_dict(self) -> dict[str, Any]:
        """Return everything but the draws as plain numbers and strings, ready for JSON; missing numbers are None."""
        pair, table = self.comparison, self.table()
        found = {
            "series": self.series,
            "as_of": self.as_of,
            "reading": self.reading,
            "months": list(self.months),
            "before": {"months": list(pair.before), "total": _range(pair.before_range)},
            "after": {"months": list(pair.after), "total": _range(pair.after_range)},
            "direction": self.direction,
            "verdict": self.verdict,
            "step_probability": self.step_probability,
            "prior_odds_of_step": 1.0,
            "log_bayes_factor": self.log_bayes_factor,
            "primary": "chance: twice the smaller tail of the ratio predicted from the months before, either way",
            "ratio": pair.ratio,
            "ratio_is_exact": pair.exact,
            "level": self.level,
            "observed": records(self.observed.reset_index()),
            "only_windows": self.only_windows,
            "poisson_p_value": self.p_value,
            "baselines": [
                {
                    "baseline": result.name,
                    "meaning": result.meaning,
                    "terms": result.terms,
                    **table.loc[result.name],
                    **_simulated(result, self.draws),
                    "no_forecast_because": result.surprise.reason
                    if isinstance(result.surprise, Unforecastable)
                    else None,
                    "khat": result.posterior.khat,
                    "ess": result.posterior.ess,
                }
                for result in self.results
            ],
            "left_out": self.left_out,
            "window_pairs_searched": pair.pairs(len(self.months)),
            "step": asdict(self.step),
            "step_beyond_trend": asdict(self.step_beyond_trend),
            "sensitivity": records(self.sensitivity),
            "known": records(self.known.rename_axis("month").reset_index()),
            "onset": self.onset.to_dict(),
            "outlook": records(self.outlook.to_frame()),
            "priors": dict(self.priors),
            "prior_ratio": self.prior_ratio,
            "draws": self.draws,
            "in_words": self.in_words(),
        }
        return dict(plain(found))

    def in_words(self) -> str:
        """Return the verdict and what it rests on as a paragraph."""
        return wording.paragraph(self)

    def __repr__(self) -> str:
        pair = self.comparison
        return (
            f"<JumpReport {self.series}: {pair.after[0]}..{pair.after[-1]} over {pair.before[0]}..{pair.before[-1]}, "
            f"ratio {pair.ratio:.3g}>\n{self.verdict}\n{self.table().round(3).to_string()}"
        )

    def _repr_html_(self) -> str:
        return as_html(self.in_words(), self.table().round(3))


def _simulated(result: Result, draws: int) -> dict[str, Any]:
    """Return both tails and what they and a search rest on: how many simulations came so far, out of how many.

    Where none did, a tail is the 95% upper bound 3/n with n parameter draws, and `search_upper_limit` is that of the search.
    """
    told = result.surprise if isinstance(result.surprise, Surprise) else None
    searched = not result.has_step
    return {
        "chance_is_upper_limit": told is not None and not told.resolved,
        "chance_error": told.error if told else None,
        "tail_error": told.in_direction.error if told else None,
        "tail_is_upper_limit": told is not None and not told.in_direction.resolved,
        "tail_reached": told.in_direction.reached if told else None,
        "tail_simulated": told.ratio.draws.size if told and told.in_direction.reached is not None else None,
        "tail_at_least": told.at_least.chance if told else None,
        "tail_at_most": told.at_most.chance if told else None,
        "search_reached": round(result.search * draws) if searched else None,
        "search_simulated": draws if searched else None,
        "search_upper_limit": rates.unseen_bound(draws) if result.search == 0.0 else None,
    }


def _range(limits: tuple[int, float]) -> dict[str, float]:
    return {"low": int(limits[0]), "high": limits[1]}
