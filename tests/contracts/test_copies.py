"""Errors and results survive pickling, copying and other processes with all that they promise."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
import forecasting.batch
import forecasting.batch.staging
import forecasting.constraints.linear
import forecasting.reading
from forecasting.errors import EngineLost, ForecastingError, InvalidConfiguration

COPIES: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda thing: pickle.loads(pickle.dumps(thing)),
    "deepcopy": copy.deepcopy,
    "copy": copy.copy,
}
MONTHS = pd.period_range("2021-01", periods=36, freq="M")
Y = fc.CountSeries(MONTHS, np.random.default_rng(5).poisson(9, 36), unique_id="calls")
PROBLEM = fc.Problem("facts.csv", 3, "start", "'autumn' is not a month")


# Errors


def every_error(kind: type[BaseException] = ForecastingError) -> Iterator[type[BaseException]]:
    yield kind
    for derived in kind.__subclasses__():
        yield from every_error(derived)


SPECIAL: dict[str, tuple[Any, ...]] = {
    "InvalidLedger": ([PROBLEM, PROBLEM],),
    "InvalidConfiguration": ([PROBLEM],),
    "InvalidTable": (PROBLEM,),
    "ContradictoryFacts": (["F1", "F2"], "F1 and F2 cannot both hold"),
    "NotIdentified": (["trend"], "the data cannot see trend"),
}
"""Arguments of the errors that hold more than a message."""


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
@pytest.mark.parametrize("kind", [*every_error(), fc.ForecastingWarning], ids=lambda kind: kind.__name__)
def test_errors_keep_their_message_and_attributes(kind: type[BaseException], copied: Callable[[Any], Any]) -> None:
    error = kind(*SPECIAL.get(kind.__name__, ("what is wrong; what to do",)))
    error.add_note("of series s1")
    again = copied(error)
    assert type(again) is kind
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    assert again.__notes__ == ["of series s1"]


def test_every_error_with_attributes_is_tried_with_them() -> None:
    own = {kind.__name__ for kind in every_error() if "__init__" in vars(kind)}
    assert own <= set(SPECIAL)
    assert {EngineLost, InvalidConfiguration} < set(every_error())


POOL = """
from concurrent.futures import ProcessPoolExecutor
import forecasting as fc

def fitted(k):
    series = fc.CountSeries([f"2020-{month:02d}" for month in range(1, 13)], [5, 6, 4, 7] * 3)
    step = fc.Step("2019-06") if k == 1 else fc.Step("2020-06")
    return len(fc.CountRegression(fc.Intercept() + step, fc.Poisson()).fit(series).params)

if __name__ == "__main__":
    with ProcessPoolExecutor(1) as pool:
        for job in [pool.submit(fitted, k) for k in range(3)]:
            try:
                print(job.result())
            except fc.NotIdentified as error:
                print(error.terms)
"""


def test_one_bad_series_does_not_end_a_pool_of_processes(tmp_path: Path) -> None:
    script = tmp_path / "pool.py"
    script.write_text(POOL, encoding="utf-8")
    root = str(Path(fc.__file__).parents[1])
    run = subprocess.run(
        [sys.executable, str(script)],
        capture_output=True,
        check=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONPATH": root},
    )
    assert run.stdout.split("\n") == ["2", "('intercept', 'step[2019-06]')", "2", ""]


# Results


@cache
def results() -> dict[str, Any]:
    ledger = fc.load_ledger()
    evidence = ledger.as_of("2023-12-05").evidence("get_lost.desertion_requests")
    terms = fc.Intercept() + fc.Covariate(
        "hours", pd.Series(np.arange(48.0), pd.period_range("2021-01", periods=48, freq="M"))
    )
    line = fc.CountRegression(terms + fc.Exposure("days") + fc.Step("2022-01"))
    posterior = line.posterior(Y, draws=100, rng=1)
    facts = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(evidence, draws=100, rng=1)
    pooled = fc.auto(Y, 3, draws=100, rng=1)
    arima = fc.SARIMA((1, 0, 0), (0, 0, 0))
    models = {"moments": fc.HistoricalMoments(), "season": fc.SeasonalNaive()}
    backtest = fc.backtest(models, Y, horizon=2, origins=9, keep=True, rng=1)
    return {
        "CountSeries": Y,
        "Ledger": ledger,
        "Evidence": evidence,
        "Fact": ledger.entries[0],
        "Source": ledger.origins[0],
        "Constraints": evidence.constraints,
        "terms": terms
        + fc.Trend()
        + fc.Seasonal(2)
        + fc.MonthEffects()
        + fc.Pulse("2022-01")
        + fc.DecayingPulse("2022-01"),
        "distributions": (fc.ZeroInflated(), fc.Hurdle(fc.Poisson()), fc.Contaminated(), fc.NegativeBinomial()),
        "models": (line, fc.Auto(), fc.Autoregression(), fc.DynamicLevel(), fc.Climatology(), arima, fc.Priors()),
        "Fit": line.fit(Y),
        "Fit of an autoregression": fc.Autoregression().fit(Y),
        "Fit of a SARIMA": arima.fit(Y),
        "Posterior": posterior,
        "Posterior of facts": facts,
        "Posterior of a SARIMA": arima.posterior(Y, draws=100, rng=1),
        "Posterior of a level": fc.DynamicLevel(seasonal=0).posterior(Y, draws=100, rng=1),
        "Reconstruction": fc.reconstruct(facts, rng=1),
        "Predictive": posterior.forecast(4, rng=1),
        "Predictive of rounded normals": arima.forecast(Y, 2, draws=100, rng=1),
        "PooledForecast": pooled,
        "Forecasts": fc.auto(Y.to_frame(), 2, draws=100, rng=1),
        "Quantity": pooled.total(),
        "ChangesReport": fc.changes(Y, draws=100, rng=1),
        "Outlook": fc.outlook(posterior, [fc.Persist()], horizon=2, rng=1),
        "InterventionTest": fc.intervention_test(fc.CountRegression(fc.Intercept()), Y, fc.Step("2022-01")),
        "Backtest": backtest,
        "Comparison": backtest.compare("moments", "season", replications=99, rng=1),
        "DieboldMariano": fc.evaluation.diebold_mariano(np.arange(12.0), 1),
        "PIT": backtest.pit("moments"),
        "CalibrationTest": fc.evaluation.score_test([([9, 9, 9, 9], posterior.forecast(4, rng=1))]),
    }


def arrays(thing: Any, seen: set[int]) -> Iterator[np.ndarray[Any, Any]]:
    """Yield every array that a result shows, in order; what starts with an underscore is its own affair."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, np.ndarray):
        yield thing
    elif isinstance(thing, dict):
        for name, value in thing.items():
            if not str(name).startswith("_"):
                yield from arrays(value, seen)
    elif isinstance(thing, tuple | list):
        for value in thing:
            yield from arrays(value, seen)
    elif type(thing).__module__.startswith("forecasting") and hasattr(thing, "__dict__"):
        yield from arrays(vars(thing), seen)


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_results_say_the_same_after_copying(copied: Callable[[Any], Any]) -> None:
    for name, result in results().items():
        again = copied(result)
        assert type(again) is type(result), name
        assert repr(again) == repr(result), name
        before, after = (list(arrays(one, set())) for one in (result, again))
        assert len(after) == len(before), name
        for one, other in zip(before, after, strict=True):
            np.testing.assert_array_equal(one, other, err_msg=name)
            if not one.flags.writeable:
                assert not other.flags.writeable, name


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_copies_can_be_worked_with(copied: Callable[[Any], Any]) -> None:
    found = {name: (result, copied(result)) for name, result in results().items()}
    for name in ("Posterior", "Posterior of a SARIMA", "Posterior of a level"):
        one, other = (posterior.forecast(2, rng=3) for posterior in found[name])
        np.testing.assert_array_equal(one.paths, other.paths)
    for name in ("Predictive", "PooledForecast", "Predictive of rounded normals"):
        one, other = (forecast.to_frame() for forecast in found[name])
        pd.testing.assert_frame_equal(one, other)
    for name in ("Fit", "Fit of an autoregression", "Fit of a SARIMA"):
        one, other = (fit.params for fit in found[name])
        pd.testing.assert_series_equal(one, other)
    one, other = (ledger.evidence("get_lost.desertion_requests").ranges() for ledger in found["Ledger"])
    pd.testing.assert_frame_equal(one, other)
    one, other = (backtest.table() for backtest in found["Backtest"])
    pd.testing.assert_frame_equal(one, other)
