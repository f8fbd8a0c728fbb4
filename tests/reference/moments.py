"""Moments of seeded forecasts and of the shipped jump report, so that a change of structure shows if it changes an answer.

``python -m tests.reference.moments`` prints how far the answers of today are from those that are kept, ``--write`` keeps the
answers of today.  Moments and not bits: another processor rounds differently, and a resampled draw may then be another one.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import forecasting as fc
from forecasting.constraints import Constraints, Linear, Observed
from tests.models import data

FILE = Path(__file__).with_suffix(".json")
DRAWS, FEW = 1000, 200
HORIZON = 12

SERIES = data.simulated(60)
GAPS = data.series(data.drifting(36, swing=0.3), missing=(7, 8, 20))
ZEROS = data.series(np.random.default_rng(3).poisson(1.5, 40) * (np.random.default_rng(4).random(40) < 0.6))
FACTS = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
SEASON = fc.Intercept() + fc.Trend() + fc.Seasonal()
STEP = fc.Step("2021-01")


def quarters() -> Observed:
    """Two years known by quarters, and their last month."""
    where, totals = data.months(24, "2022-01"), (31, 44, 39, 52, 61, 48, 66, 71)
    rows = [
        Linear((q, q + 1, q + 2), (1, 1, 1), total, total, (f"Q{q}",))
        for q, total in zip(range(0, 24, 3), totals, strict=True)
    ]
    return data.Known(where, Constraints.solve(where, [*rows, Linear((23,), (1,), 26, 26, ("last",))]), "quarters")


MEMBERS = (
    fc.Member("level", fc.DynamicLevel(seasonal=1), 0.6),
    fc.Member("moments", fc.HistoricalMoments(12, fc.Contaminated()), 0.4),
)
FORECASTS: dict[str, tuple[Any, Observed, int]] = {
    "regression": (fc.CountRegression(SEASON), SERIES, DRAWS),
    "regression, Poisson, exposure": (fc.CountRegression(SEASON + fc.Exposure("days"), fc.Poisson()), SERIES, DRAWS),
    "regression, zero inflated": (fc.CountRegression(fc.Intercept(), fc.ZeroInflated()), ZEROS, DRAWS),
    "regression, hurdle": (fc.CountRegression(fc.Intercept(), fc.Hurdle(fc.Poisson())), ZEROS, DRAWS),
    "regression of facts": (fc.CountRegression(fc.Intercept() + fc.Trend()), FACTS, DRAWS),
    "regression of quarters": (fc.CountRegression(fc.Intercept() + fc.Trend()), quarters(), DRAWS),
    "autoregression": (fc.Autoregression(), SERIES, DRAWS),
    "autoregression, identity": (fc.Autoregression((1,), (1,), "identity"), GAPS, DRAWS),
    "autoregression of facts": (fc.Autoregression((1,), ()), FACTS, FEW),
    "dynamic level": (fc.DynamicLevel(), SERIES, DRAWS),
    "dynamic level, all of it": (fc.DynamicLevel(1, trend=True, reversion=True, terms=STEP), SERIES, DRAWS),
    "dynamic level of facts": (fc.DynamicLevel(), FACTS, FEW),
    "local level": (fc.LocalLevel(), GAPS, DRAWS),
    "local level, all of it": (fc.LocalLevel(1, growth=True, reversion=True, terms=STEP), SERIES, DRAWS),
    "local level of facts": (fc.LocalLevel(), FACTS, DRAWS),
    "shifting level": (fc.ShiftingLevel(), SERIES, DRAWS),
    "sarima": (fc.SARIMA(), SERIES, DRAWS),
    "sarima, gaps": (fc.SARIMA((1, 0, 0), (0, 0, 0), "sqrt", fc.Step("2019-01")), GAPS, DRAWS),
    "climatology": (fc.Climatology(), SERIES, DRAWS),
    "moments": (fc.HistoricalMoments(), SERIES, DRAWS),
    "seasonal naive": (fc.SeasonalNaive(), SERIES, DRAWS),
    "pool": (fc.Auto(MEMBERS), SERIES, DRAWS),
}


def of_forecast(name: str) -> dict[str, float]:
    """Mean of the last month, moments of the total, and the log evidence of one of the forecasts."""
    model, known, draws = FORECASTS[name]
    forecast = model.forecast(known, HORIZON, draws=draws, rng=20231205)
    total = forecast.total()
    low, middle, high = total.quantile([0.05, 0.5, 0.95])
    found = {"month": float(forecast.expected.iloc[-1]), "total": total.mean, "q05": low, "q50": middle, "q95": high}
    evidence = forecast.account.members[0].log_evidence
    return found if evidence is None else found | {"log_evidence": evidence}


def of_jump(report: fc.JumpReport) -> dict[str, float]:
    """The conclusions of a jump report."""
    said = report.to_dict()
    kept = ("step_probability", "log_bayes_factor", "poisson_p_value")
    found = {name: said[name] for name in kept}
    found |= {f"step {name}": said["step"][name] for name in ("median", "lower", "upper", "positive")}
    found |= {row["baseline"]: row["probability"] for row in said["baselines"]}
    return {name: float(value) for name, value in found.items()}


def jump() -> fc.JumpReport:
    """Return the report that `tests/scenarios/test_jump.py` has too."""
    return fc.jump(FACTS, ("2023-06", "2023-08"), ("2023-09", "2023-11"), rng=np.random.default_rng(20231205))


def tolerances(kept: dict[str, float], draws: int) -> dict[str, float]:
    """How far each number of a forecast may be off: four standard errors of so many draws, a count for a quantile."""
    off = 4.0 * (kept["q95"] - kept["q05"]) / 3.29 / np.sqrt(draws)
    allowed = {
        "month": off,
        "total": off,
        "q05": 2.1 * off + 1,
        "q50": 1.3 * off + 1,
        "q95": 2.1 * off + 1,
        "log_evidence": 0.15,
    }
    return {name: allowed[name] for name in kept}


def main(write: bool) -> None:
    computed: dict[str, Callable[[], dict[str, float]]] = {name: (lambda n=name: of_forecast(n)) for name in FORECASTS}
    computed["jump"] = lambda: of_jump(jump())
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}
    made = {}
    for name, compute in computed.items():
        made[name] = compute()
        off = {k: v - kept.get(name, {}).get(k, np.nan) for k, v in made[name].items()}
        print(name, {k: f"{v:.3g}" for k, v in off.items() if v != 0.0} or "unchanged")
    if write:
        FILE.write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main("--write" in sys.argv)
