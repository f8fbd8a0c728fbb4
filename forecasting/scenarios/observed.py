"""The two windows as they were observed: ratio and difference per month and per day, with their intervals."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import NegativeBinomial
from forecasting.models import CountRegression, Posterior
from forecasting.months import days_in
from forecasting.parameters import Priors
from forecasting.scenarios import rates
from forecasting.scenarios.fits import step_draws
from forecasting.scenarios.levels import central_interval, expected_totals, level_changes
from forecasting.scenarios.weighing import StepEffect
from forecasting.scenarios.windows import Windows
from forecasting.terms import Exposure, Intercept, Step, Terms


def observed(
    data: Observed,
    pair: Windows,
    priors: Priors,
    level: float,
    draws: int | None,
    stream: Callable[..., np.random.Generator],
) -> tuple[pd.DataFrame, bool]:
    """Return the table, and whether nothing but the two windows is known.

    Exact intervals exist only where both totals are exact.  The intervals for uneven months come from negative binomials with
    a level per stretch of months (`level_changes`), and with one level before and one after the boundary.

    Parameters
    ----------
    data : CountSeries or Evidence
        What is known.
    pair : Windows
        The windows.
    priors : Priors
        Scales of the priors.
    level : float
        Coverage of the intervals.
    draws : int, optional
        Posterior draws per fit.
    stream : callable
        Gives the generator of a name.

    Returns
    -------
    table : DataFrame
        Rows ``month`` and ``day``; see `JumpReport`.
    only_windows : bool
    """
    boundary = pair.after[0]
    changes = level_changes(data, pair)
    only_windows = changes == (boundary,)
    units = {"month": (pair.month_exposure, ()), "day": (pair.day_exposure, (Exposure("days"),))}
    rows = {}
    for unit, (exposure, terms) in units.items():

        def levels(
            steps: tuple[pd.Period, ...], name: str, unit: str = unit, terms: tuple[Exposure, ...] = terms
        ) -> Posterior:
            model = CountRegression(Terms((Intercept(), *map(Step, steps), *terms)), NegativeBinomial(), priors)
            return model.posterior(data, draws=draws, rng=stream("observed", unit, name))

        at_boundary = levels((boundary,), "boundary")
        by_window = at_boundary if only_windows else levels(changes, "windows")
        effect = StepEffect.of(step_draws(at_boundary, pair), level)
        lengths = [
            len(window) if unit == "month" else int(days_in(window).sum()) for window in (pair.before, pair.after)
        ]
        rows[unit] = {
            "ratio": pair.ratio / exposure,
            **_exact(pair, exposure, level),
            **_of_windows(by_window, pair, exposure, lengths, level),
            "negative_binomial_lower": effect.lower,
            "negative_binomial_upper": effect.upper,
            "before_exposure": lengths[0],
            "after_exposure": lengths[1],
        }
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis("per"), only_windows


def _exact(pair: Windows, exposure: float, level: float) -> dict[str, float]:
    exact = midp = (np.nan, np.nan)
    if pair.exact:
        totals = (pair.after_range[0], int(pair.before_range[1]))
        exact = rates.exact_interval(*totals, exposure, level)
        midp = rates.mid_p_interval(*totals, exposure, level)
    return {"exact_lower": exact[0], "exact_upper": exact[1], "mid_p_lower": midp[0], "mid_p_upper": midp[1]}


def _of_windows(
    posterior: Posterior, pair: Windows, exposure: float, lengths: list[int], level: float
) -> dict[str, float]:
    earlier, later = expected_totals(posterior, pair)
    ratio = central_interval(later / earlier / exposure, level)
    difference = central_interval(later / lengths[1] - earlier / lengths[0], level)
    counts = [sum(ends) / 2.0 for ends in (pair.before_range, pair.after_range)]
    return {
        "window_lower": ratio[0],
        "window_upper": ratio[2],
        "difference": counts[1] / lengths[1] - counts[0] / lengths[0],
        "difference_lower": difference[0],
        "difference_upper": difference[2],
    }
