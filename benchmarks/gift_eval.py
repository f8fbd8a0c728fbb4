"""Rows in the form of GIFT-Eval's ``all_results.csv``, from the forecasts of the last twelve months of a collection.

Metrics are those of GluonTS, aggregated over all series and months: MASE with the mean absolute lag-12 difference of the
training months as scale, the weighted quantile loss over nine deciles, MSIS with 95% intervals.  A series without a scale has
no MASE and no MSIS, a month of zero no MAPE.  What is forecast here is a public half of each collection, and car parts are the
series without gaps; the published rows rest on all series.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from io import StringIO
from typing import Any

import numpy as np

from forecasting.kernels.counts import FloatArray

DATASETS = {"hospital": ("hospital/M/short", "Healthcare"), "carparts": ("car_parts/M/short", "Sales")}
"""Name and domain there of the collections that the benchmark shares with us."""

_DECILES, _MEDIAN, _LOW, _HIGH = slice(3, 12), 7, 1, 13  # places among the levels of `benchmarks.rolling`
_TAU = np.arange(1, 10) / 10.0
_OUTSIDE = 2.0 / 0.05  # what a miss beyond a 95% interval costs, per unit

COLUMNS = (
    *("dataset", "model"),
    *(f"eval_metrics/{name}" for name in ("MSE[mean]", "MSE[0.5]", "MAE[0.5]", "MASE[0.5]", "MAPE[0.5]", "sMAPE[0.5]")),
    *(
        f"eval_metrics/{name}"
        for name in ("MSIS", "RMSE[mean]", "NRMSE[mean]", "ND[0.5]", "mean_weighted_sum_quantile_loss")
    ),
    *("domain", "num_variates", "series", "rests_on"),
)

Sums = dict[str, float]


def sums(truth: FloatArray, quantiles: FloatArray, scale: float) -> Sums:
    """Return what the metrics of one forecast add to those of a collection; `scale` may be zero."""
    median, low, high = quantiles[:, _MEDIAN], quantiles[:, _LOW], quantiles[:, _HIGH]
    error = np.abs(truth - median)
    deciles = quantiles[:, _DECILES]
    pinball = 2.0 * np.abs((truth[:, None] - deciles) * ((truth[:, None] <= deciles) - _TAU))
    interval = high - low + _OUTSIDE * (np.maximum(low - truth, 0.0) + np.maximum(truth - high, 0.0))
    scaled = scale > 0
    positive, either = truth > 0, (truth + np.abs(median)) > 0
    return {
        "months": float(truth.size),
        "counts": float(truth.sum()),
        "absolute": float(error.sum()),
        "squared": float(np.square(error).sum()),
        "pinball": float(pinball.mean(axis=1).sum()),
        "scaled_months": float(truth.size * scaled),
        "scaled": float(error.sum() / scale) if scaled else 0.0,
        "interval": float(interval.sum() / scale) if scaled else 0.0,
        "positive": float(positive.sum()),
        "relative": float((error[positive] / truth[positive]).sum()),
        "symmetric": float((2.0 * error[either] / (truth + np.abs(median))[either]).sum()),
    }


def row(collection: str, model: str, found: Iterable[Sums], rests_on: str) -> dict[str, Any]:
    """Return the row of a model from the sums of its forecasts, one per series."""
    parts = list(found)
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    months = total["months"]
    values = (
        *("", total["squared"] / months, total["absolute"] / months),
        total["scaled"] / total["scaled_months"],
        total["relative"] / total["positive"],
        total["symmetric"] / months,
        total["interval"] / total["scaled_months"],
        *("", "", total["absolute"] / total["counts"], total["pinball"] / total["counts"]),
    )
    dataset, domain = DATASETS[collection]
    return dict(zip(COLUMNS, (dataset, model, *values, domain, 1, len(parts), rests_on), strict=True))


def written(rows: Iterable[dict[str, Any]]) -> str:
    """Return the rows as comma-separated text; the metrics of the mean are empty, since forecasters here give quantiles."""
    text = StringIO()
    table = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()
