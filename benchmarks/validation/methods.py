"""Ways to forecast, each a function from past counts ``[n]`` to paths ``[S, H]`` of the months after them.

Ours carry the uncertainty of their parameters; *plug-in* is what is usually done with statsmodels: a distribution at the
estimates, as if they were the truth.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from statsmodels.discrete.discrete_model import NegativeBinomial
from statsmodels.genmod.families import Poisson
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.tsa.statespace.sarimax import SARIMAX

import forecasting as fc
from benchmarks.validation.truths import HORIZON, PATHS, negative_binomial
from forecasting.distributions import Distribution
from forecasting.models.base import Model

Array = NDArray[np.float64]
Counts = NDArray[np.int64]
Method = Callable[[Counts, np.random.Generator], Array]

_SEASONAL = 24
"""Months from which on a season is part of the models that are told."""
_AIRLINE = 36


def _ours(choose: Callable[[int], Model]) -> Method:
    def forecast(past: Counts, rng: np.random.Generator) -> Array:
        series = fc.CountSeries(pd.period_range("2010-01", periods=past.size, freq="M"), past)
        found = choose(past.size).forecast(series, HORIZON, draws=PATHS, rng=rng)
        return np.asarray(found.paths, dtype=float)

    return forecast


def _regression(distribution: Distribution) -> Callable[[int], Model]:
    terms = fc.Intercept() + fc.Trend()
    return lambda n: fc.CountRegression(terms + fc.Seasonal(1) if n >= _SEASONAL else terms, distribution)


def _airline(n: int) -> fc.SARIMA:
    return fc.SARIMA((0, 1, 1), (0, 1, 1) if n >= _AIRLINE else (0, 0, 0))


def plug_in(y: Counts, design: Array) -> tuple[Array, float, str]:
    """Return coefficients and over-dispersion by statsmodels, and how the fit went; Poisson where the fit breaks down."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            fit = NegativeBinomial(y, design).fit(disp=0)
            params, outcome = fit.params, "converged" if fit.mle_retvals["converged"] else "not converged"
        except Exception:  # whatever the optimiser raises, it is counted
            params, outcome = np.full(design.shape[1] + 1, np.nan), "failed"
        if not np.isfinite(params).all() or params[-1] <= 0.0:
            params, outcome = np.append(GLM(y, design, family=Poisson()).fit().params, 0.0), "failed"
    return params[:-1], float(params[-1]), outcome


def _plug_in_regression(past: Counts, rng: np.random.Generator) -> Array:
    month = np.arange(past.size + HORIZON) - (past.size - 1) / 2.0
    angle = 2.0 * np.pi * month / 12.0
    wave = [np.cos(angle), np.sin(angle)] if past.size >= _SEASONAL else []
    design = np.column_stack([np.ones(month.size), month, *wave])
    beta, alpha, _ = plug_in(past, design[: past.size])
    mean = np.minimum(np.exp(np.minimum(design[past.size :] @ beta, 20.0)), 1e8)
    return negative_binomial(np.broadcast_to(mean, (PATHS, HORIZON)), alpha, rng).astype(float)


def _plug_in_sarimax(past: Counts, rng: np.random.Generator) -> Array:
    """Normal errors for the counts themselves, rounded, everything below zero clipped."""
    seasonal = (0, 1, 1, 12) if past.size >= _AIRLINE else (0, 0, 0, 0)
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        fit = SARIMAX(past.astype(float), order=(0, 1, 1), seasonal_order=seasonal).fit(disp=0)
        paths = fit.simulate(HORIZON, anchor="end", repetitions=PATHS, rng=rng)
    return np.maximum(np.rint(np.asarray(paths).reshape(HORIZON, PATHS).T), 0.0)


METHODS: dict[str, Method] = {
    "regression": _ours(_regression(fc.NegativeBinomial())),
    "dynamic level": _ours(lambda n: fc.DynamicLevel()),
    "auto": _ours(lambda n: fc.Auto()),
    "autoregression": _ours(lambda n: fc.Autoregression((1,), (1,))),
    "SARIMA": _ours(_airline),
    "zero-inflated regression": _ours(_regression(fc.ZeroInflated())),
    "contaminated regression": _ours(_regression(fc.Contaminated())),
    "plug-in regression": _plug_in_regression,
    "plug-in SARIMAX": _plug_in_sarimax,
}
