"""A value of the wrong type at a public door is refused by an error of the library, or understood; nothing else leaks."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting import evaluation as ev

WRONG: dict[str, Any] = {
    "None": None,
    "list": [1, 2],
    "empty list": [],
    "ragged list": [[1], [2, 3]],
    "pair of objects": (object(), object()),
    "text": "no such thing",
    "empty text": "",
    "bytes": b"2023-09",
    "NaN": float("nan"),
    "infinity": float("inf"),
    "negative": -1,
    "fraction": 1.5,
    "huge": 10**400,
    "complex": 1j,
    "bool": True,
    "NaT": pd.NaT,
    "dict": {"a": 1},
    "object": object(),
    "DataFrame": pd.DataFrame({"a": [1, 2]}),
    "Series": pd.Series([1.0, 2.0]),
    "matrix": np.ones((2, 2)),
    "scalar array": np.array(3),
    "class": fc.Poisson,
    "function": len,
}
NEVER = ("pair of objects", "bytes", "complex", "NaT", "dict", "object", "DataFrame", "class", "function")
MONTHS = pd.period_range("2022-01", periods=24, freq="M")
NEXT = pd.period_range("2024-01", periods=2, freq="M")
SARIMA = fc.SARIMA((0, 1, 1), (0, 0, 0))
SERIES = fc.CountSeries(MONTHS, np.random.default_rng(1).poisson(11, 24))
POISSON = fc.Poisson()
FORECAST = fc.Predictive.draw(NEXT, np.full((100, 2), 4.0), (), POISSON, name="y", rng=1)
TRUTH, PAIRS = [4, 9], [([4, 9], FORECAST)]
FRAME = pd.DataFrame({"unique_id": "y", "ds": MONTHS, "y": np.arange(24)})
DIFFERENCES = pd.DataFrame(
    {"unique_id": "y", "origin": MONTHS[:12], "ds": MONTHS[1:13], "horizon": 1, "difference": np.arange(12) - 5.0}
)
UNIFORMS = np.full((100, 2), 0.5)

TERMS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Step": (fc.Step, {"month": "2023-01"}),
    "Pulse": (fc.Pulse, {"month": "2023-01"}),
    "DecayingPulse": (fc.DecayingPulse, {"month": "2023-01", "decay": 0.5}),
    "Ramp": (fc.Ramp, {"month": "2023-01", "end": "2023-04"}),
    "Trend": (fc.Trend, {"origin": "2023-01"}),
    "Seasonal": (fc.Seasonal, {"harmonics": 1}),
    "Covariate": (fc.Covariate, {"name": "x", "by_month": {"2023-01": 1.0}}),
    "Exposure": (fc.Exposure, {"by_month": "days"}),
    "Intercept": (fc.Intercept, {}),
    "MonthEffects": (fc.MonthEffects, {}),
}

DISTRIBUTIONS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Contaminated": (fc.Contaminated, {"base": POISSON, "share": 0.01}),
    "Hurdle": (fc.Hurdle, {"base": POISSON}),
    "ZeroInflated": (fc.ZeroInflated, {"base": POISSON}),
}

MODELS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Climatology": (fc.Climatology, {"last": 12}),
    "HistoricalMoments": (fc.HistoricalMoments, {"last": 12, "distribution": fc.NegativeBinomial()}),
    "CountRegression": (
        fc.CountRegression,
        {"terms": fc.Intercept(), "distribution": POISSON, "priors": fc.Priors()},
    ),
    "Autoregression": (
        fc.Autoregression,
        {
            "past_counts": (1,),
            "past_means": (),
            "link": "log",
            "terms": fc.Step("2023-01"),
            "distribution": POISSON,
            "presample": "first_year",
            "external": False,
            "priors": fc.Priors(),
        },
    ),
    "DynamicLevel": (
        fc.DynamicLevel,
        {
            "seasonal": 1,
            "trend": False,
            "reversion": False,
            "terms": fc.Step("2023-01"),
            "distribution": POISSON,
            "priors": fc.Priors(),
            "feedback": 0.5,
            "damping": 0.9,
        },
    ),
    "LocalLevel": (
        fc.LocalLevel,
        {
            "seasonal": 1,
            "growth": False,
            "reversion": False,
            "terms": fc.Step("2023-01"),
            "distribution": POISSON,
            "priors": fc.Priors(),
            "damping": 0.9,
        },
    ),
    "ShiftingLevel": (
        fc.ShiftingLevel,
        {"hazard": 0.01, "jump": 0.8, "seasonal": True, "distribution": fc.NegativeBinomial()},
    ),
    "SARIMA": (
        fc.SARIMA,
        {
            "order": (0, 1, 1),
            "seasonal": (0, 0, 0),
            "transform": "log1p",
            "terms": fc.Step("2023-01"),
            "constant": False,
        },
    ),
    "Member": (lambda **parts: fc.Auto((fc.Member(**parts),)), {"name": "a", "model": fc.DynamicLevel(), "prior": 0.5}),
    "Auto": (fc.Auto, {"members": (fc.Member("a", fc.DynamicLevel(), 1.0),), "window": 24}),
    "Priors": (fc.Priors, {"level": 2.0, "dispersion": 0.5}),
    "Priors.from_largest_growth": (fc.Priors.from_largest_growth, {"monthly": 0.3}),
    "Priors.scaled": (fc.Priors().scaled, {"factor": 2.0}),
}

FITTING: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    **{
        f"{type(model).__name__}.forecast": (model.forecast, {"data": SERIES, "horizon": 2, "draws": 100, "rng": 1})
        for model in (
            fc.Climatology(),
            fc.HistoricalMoments(),
            fc.SeasonalNaive(),
            fc.CountRegression(distribution=POISSON),
        )
    },
    "CountRegression.fit": (
        fc.CountRegression(distribution=POISSON).fit,
        {"data": SERIES, "information": "observed"},
    ),
    "CountRegression.posterior": (
        fc.CountRegression(distribution=POISSON).posterior,
        {"data": SERIES, "draws": 100, "rng": 1},
    ),
    "backtest": (
        fc.backtest,
        {
            "models": {"a": fc.SeasonalNaive()},
            "data": SERIES,
            "horizon": 2,
            "origins": 1,
            "step": 1,
            "minimum": 12,
            "keep": False,
            "rng": 1,
        },
    ),
}
SLOW: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    **{
        f"{type(model).__name__}.forecast": (model.forecast, {"data": SERIES, "horizon": 2, "draws": 100, "rng": 1})
        for model in (fc.LocalLevel(), fc.DynamicLevel(), fc.ShiftingLevel(), fc.Autoregression((1,), ()), SARIMA)
    },
    "auto": (fc.auto, {"data": SERIES, "horizon": 2, "draws": 100, "rng": 1}),
    "jump": (
        fc.jump,
        {
            "data": SERIES,
            "before": ("2022-06", "2022-12"),
            "after": ("2023-01", "2023-06"),
            "draws": 100,
            "level": 0.95,
            "horizon": 2,
            "priors": fc.Priors(),
            "rng": 1,
        },
    ),
    "onset": (
        fc.onset,
        {
            "data": SERIES,
            "within": ("2022-06", "2023-06"),
            "trend": True,
            "draws": 100,
            "priors": fc.Priors(),
            "rng": 1,
        },
    ),
    "changes": (
        fc.changes,
        {
            "data": SERIES,
            "most": 3,
            "shortest": 1,
            "distribution": POISSON,
            "draws": 100,
            "priors": fc.Priors(),
            "rng": 1,
        },
    ),
    "intervention_test": (
        fc.intervention_test,
        {
            "model": fc.CountRegression(distribution=POISSON),
            "data": SERIES,
            "term": fc.Step("2023-01"),
            "method": "score",
            "draws": 100,
            "rng": 1,
        },
    ),
    "find_interventions": (
        fc.find_interventions,
        {
            "model": fc.CountRegression(distribution=POISSON),
            "data": SERIES,
            "kinds": (0.0,),
            "replicates": 20,
            "rng": 1,
        },
    ),
}

DATA: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "CountSeries": (
        fc.CountSeries,
        {"months": MONTHS[:2], "values": [1, 2], "missing": [False, False], "unique_id": "y"},
    ),
    "CountSeries.from_frame": (
        fc.CountSeries.from_frame,
        {
            "df": FRAME,
            "unique_id": "y",
            "id_col": "unique_id",
            "time_col": "ds",
            "target_col": "y",
            "allow_missing": False,
            "last_month": "keep",
            "as_of": "2024-06-01",
        },
    ),
    "CountSeries.from_pandas": (
        fc.CountSeries.from_pandas,
        {
            "series": pd.Series([1, 2], MONTHS[:2], name="y"),
            "allow_missing": False,
            "last_month": "keep",
            "as_of": "2024-06-01",
        },
    ),
    "CountSeries.until": (SERIES.until, {"month": "2023-01"}),
    "Problem": (fc.Problem, {"file": "a", "row": 1, "column": "b", "message": "c"}),
    "Revert": (fc.Revert, {"start": "2023-01", "end": "2023-03"}),
    "Shift": (fc.Shift, {"delta": 0.5}),
    "load_counts": (fc.load_counts, {"name": None}),
    "load_ledger": (fc.load_ledger, {"folder": None}),
    "Ledger.as_of": (fc.load_ledger().as_of, {"date": "2023-12-01"}),
    "Ledger.evidence": (
        fc.load_ledger().evidence,
        {"series": "get_lost.desertion_requests", "start": "2023-09", "end": "2023-12", "without": (), "reading": None},
    ),
    "Evidence.until": (fc.load_ledger().evidence("get_lost.desertion_requests").until, {"month": "2023-12"}),
    "Evidence.sum_range": (
        fc.load_ledger().evidence("get_lost.desertion_requests", start="2023-09", end="2023-12").sum_range,
        {"start": "2023-09", "end": "2023-12"},
    ),
}

RESULTS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Predictive": (
        fc.Predictive,
        {
            "months": NEXT,
            "paths": FORECAST.paths,
            "mean": FORECAST.mean,
            "shape": (),
            "distribution": POISSON,
            "name": "y",
        },
    ),
    "Predictive.draw": (
        fc.Predictive.draw,
        {"months": NEXT, "mean": FORECAST.mean, "shape": (), "distribution": POISSON, "name": "y", "rng": 1},
    ),
    "Predictive.coupled": (
        fc.Predictive.coupled,
        {
            "months": NEXT,
            "mean": FORECAST.mean,
            "shape": (),
            "distribution": POISSON,
            "uniforms": UNIFORMS,
            "name": "y",
        },
    ),
    "quantile": (FORECAST.quantile, {"levels": 0.5}),
    "interval": (FORECAST.interval, {"level": 0.9}),
    "cdf": (FORECAST.cdf, {"month": "2024-01", "y": 3}),
    "exceedance": (FORECAST.exceedance, {"month": "2024-01", "y": 3}),
    "pmf": (FORECAST.pmf, {"month": "2024-01", "upto": 5}),
    "logpmf": (FORECAST.logpmf, {"month": "2024-01", "y": 3}),
    "total": (FORECAST.total, {"start": "2024-01", "end": "2024-02"}),
    "ratio": (FORECAST.ratio, {"numerator": ("2024-01", "2024-01"), "denominator": ("2024-01", "2024-02")}),
    "to_frame": (FORECAST.to_frame, {"levels": [0.9]}),
    "in_words": (FORECAST.in_words, {"level": 0.9, "observed": {"2024-01": 3}}),
    "Quantity.interval": (FORECAST.total().interval, {"level": 0.9}),
    "Quantity.quantile": (FORECAST.total().quantile, {"levels": 0.9}),
    "Quantity.exceedance": (FORECAST.total().exceedance, {"x": 3}),
}

EVALUATION: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    **{
        score.__name__: (score, {"observed": TRUTH, "forecast": FORECAST})
        for score in (
            ev.absolute_error,
            ev.dawid_sebastiani,
            ev.energy_score,
            ev.log_score,
            ev.pit_ends,
            ev.rps,
            ev.score_card,
            ev.squared_error,
        )
    },
    **{
        score.__name__: (score, {"observed": TRUTH, "forecast": FORECAST, "level": 0.9})
        for score in (ev.coverage, ev.interval_score, ev.quantile_score)
    },
    **{
        f"closed.{score.__name__}": (score, {"observed": [4], "mean": [4.0], "alpha": 0.1})
        for score in (ev.closed.rps, ev.closed.log_score, ev.closed.dawid_sebastiani)
    },
    "closed.mean_difference": (ev.closed.mean_difference, {"mean": [4.0], "alpha": 0.1}),
    "interval_width": (ev.interval_width, {"forecast": FORECAST, "level": 0.9}),
    "moments": (ev.moments, {"forecast": FORECAST}),
    "variogram_score": (
        ev.variogram_score,
        {"observed": TRUTH, "forecast": FORECAST, "order": 0.5, "weights": np.ones((2, 2))},
    ),
    "crps_from_quantiles": (ev.crps_from_quantiles, {"observed": [4], "quantiles": [[2, 6]], "levels": [0.1, 0.9]}),
    "skill": (ev.skill, {"score": [1.0], "baseline": [2.0]}),
    "null_moments": (ev.null_moments, {"observed": 4, "forecast": FORECAST, "score": "rps", "month": 0}),
    "score_test": (ev.score_test, {"pairs": PAIRS, "score": "rps", "month": 0}),
    "pit_test": (ev.pit_test, {"pairs": PAIRS, "replications": 9, "rng": 1}),
    "marginal_calibration": (ev.marginal_calibration, {"pairs": PAIRS, "counts": [3]}),
    "diebold_mariano": (
        ev.diebold_mariano,
        {"differences": np.random.default_rng(1).normal(size=24), "horizon": 1, "step": 1},
    ),
    "compare": (ev.compare, {"differences": DIFFERENCES, "name": "a", "replications": 19, "rng": 1}),
}

BACKTEST = fc.backtest(
    {"a": fc.SeasonalNaive(), "b": fc.Climatology()}, SERIES, horizon=3, origins=4, minimum=12, totals=(3,), rng=1
)
POSTERIOR = fc.CountRegression(distribution=POISSON).posterior(SERIES, draws=100, rng=1)
LOCAL = fc.LocalLevel(distribution=POISSON).posterior(SERIES, draws=100, rng=1)
FIT = fc.CountRegression(fc.Intercept() + fc.Trend(), POISSON).fit(SERIES)
METHODS: dict[str, tuple[Callable[..., Any], dict[str, Any]]] = {
    "Backtest.pit": (BACKTEST.pit, {"model": "a", "total": 3}),
    "Backtest.compare": (BACKTEST.compare, {"a": "a", "b": "b", "score": "rps", "replications": 9, "rng": 1}),
    "Backtest.by_horizon": (BACKTEST.by_horizon, {"score": "rps"}),
    "Backtest.by_total": (BACKTEST.by_total, {"score": "crps"}),
    "Backtest.common": (BACKTEST.common, {"totals": False}),
    "PIT.histogram": (BACKTEST.pit("a").histogram, {"bins": 4}),
    "Fit.conf_int": (FIT.conf_int, {"method": "wald", "level": 0.9, "names": ["trend"]}),
    "Fit.predict": (FIT.predict, {"months": NEXT, "level": 0.9}),
    "Posterior.conf_int": (POSTERIOR.conf_int, {"method": "hdi", "level": 0.9, "names": ["intercept"]}),
    "Posterior.quantile": (POSTERIOR.quantile, {"levels": [0.5]}),
    "Posterior.components": (POSTERIOR.components, {"months": NEXT}),
    "Posterior.log_mean": (POSTERIOR.log_mean, {"months": NEXT}),
    "Posterior.recurring": (POSTERIOR.recurring, {"months": NEXT}),
    "Posterior.forecast": (POSTERIOR.forecast, {"horizon": 2, "rng": 1}),
    "LocalLevel.components": (LOCAL.components, {"months": NEXT}),
    "LocalLevel.level": (LOCAL.level, {"quantiles": [0.5]}),
    "Quantity.in_words": (FORECAST.total().in_words, {"level": 0.9, "above": 3}),
    "Predictive.load": (fc.Predictive.load, {"path": "no/such.parquet"}),
}

GROUPS = [TERMS, DISTRIBUTIONS, MODELS, DATA, RESULTS, EVALUATION, FITTING, METHODS]
CALLS = {name: call for group in GROUPS for name, call in group.items()}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_value_is_refused_by_the_library_or_understood(name: str) -> None:
    _check(*CALLS[name])


@pytest.mark.parametrize("name", [name for group in (TERMS, DISTRIBUTIONS, MODELS) for name in group])
def test_a_wrong_part_is_refused_when_the_whole_is_made(name: str) -> None:
    call, valid = CALLS[name]
    for argument in valid:
        for kind in NEVER:
            with pytest.raises(fc.ForecastingError):
                _call(call, valid | {argument: WRONG[kind]})


@pytest.mark.slow
@pytest.mark.parametrize("name", SLOW)
def test_a_wrong_value_is_refused_before_or_after_long_work(name: str) -> None:
    _check(*SLOW[name])


def _check(call: Callable[..., Any], valid: dict[str, Any]) -> None:
    if valid.get("path") is None:
        _call(call, valid)  # the table itself is right
    leaks = [
        f"{argument} = {kind}: {leak!r}"
        for argument in valid
        for kind, value in WRONG.items()
        if not (value is None and _may_be_none(call, argument))
        if (leak := _leak(call, valid | {argument: value})) is not None
    ]
    assert not leaks, "\n".join(leaks)


def _leak(call: Callable[..., Any], arguments: dict[str, Any]) -> Exception | None:
    """Return the error that is not the library's, if there is one."""
    try:
        _call(call, arguments)
    except fc.ForecastingError:
        return None
    except Exception as error:
        return error
    return None


def _call(call: Callable[..., Any], arguments: dict[str, Any]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.simplefilter("ignore", fc.ForecastingWarning)
        call(**arguments)


def _may_be_none(call: Callable[..., Any], argument: str) -> bool:
    parameter = inspect.signature(call).parameters.get(argument)
    return parameter is not None and parameter.default is None


def test_one_name_is_one_name() -> None:
    assert FIT.conf_int(names="trend").index.tolist() == ["trend"]
    with pytest.raises(fc.InvalidInput, match="path=\\['a'\\] must be a path"):
        FORECAST.save(["a"])  # type: ignore[arg-type]
