"""Rows in the form of a public leaderboard: metrics by their definitions, on forecasts small enough to add up by hand."""

from __future__ import annotations

import csv
from io import StringIO

import numpy as np
import pytest

from benchmarks import gift_eval
from benchmarks.rolling import LEVELS


def metrics(truth: list[list[float]], quantiles: list[np.ndarray], scales: list[float]) -> dict[str, float]:
    found = [gift_eval.sums(np.array(y), q, s) for y, q, s in zip(truth, quantiles, scales, strict=True)]
    row = gift_eval.row("hospital", "ours", found, "a test")
    return {name.removeprefix("eval_metrics/"): value for name, value in row.items()}


def test_metrics_are_those_of_the_definitions() -> None:
    rng = np.random.default_rng(1)
    truth = rng.poisson(3.0, (3, 12)).astype(float)
    quantiles = [np.sort(rng.poisson(3.0, (12, len(LEVELS))), axis=1).astype(float) for _ in range(3)]
    scales = [2.0, 0.0, 1.5]
    found = metrics(truth.tolist(), quantiles, scales)
    q = np.stack(quantiles)
    median = q[:, :, LEVELS.tolist().index(0.5)]
    error = np.abs(truth - median)
    scaled = np.array([0, 2])
    size = np.array(scales)[scaled, None]
    loss = sum(
        (2.0 * ((y - value) * tau if y >= value else (value - y) * (1.0 - tau)))
        for tau in np.arange(1, 10) / 10
        for y, value in zip(truth.ravel(), q[:, :, int(np.argmin(np.abs(LEVELS - tau)))].ravel(), strict=True)
    )
    low, high = (q[:, :, LEVELS.tolist().index(level)][scaled] for level in (0.025, 0.975))
    outside = np.maximum(low - truth[scaled], 0.0) + np.maximum(truth[scaled] - high, 0.0)
    assert found["mean_weighted_sum_quantile_loss"] == pytest.approx(loss / 9 / truth.sum())
    assert found["MASE[0.5]"] == pytest.approx((error[scaled] / size).mean())
    assert found["MSIS"] == pytest.approx(((high - low + 40.0 * outside) / size).mean())
    assert found["ND[0.5]"] == pytest.approx(error.sum() / truth.sum())
    assert found["MSE[0.5]"] == pytest.approx(np.square(error).mean())
    assert found["MAPE[0.5]"] == pytest.approx((error[truth > 0] / truth[truth > 0]).mean())


def test_the_file_has_the_columns_of_the_leaderboard() -> None:
    one = gift_eval.row("carparts", "ours", [gift_eval.sums(np.ones(12), np.ones((12, len(LEVELS))), 1.0)], "a, half")
    read = next(csv.DictReader(StringIO(gift_eval.written([one]))))
    assert (read["dataset"], read["domain"], read["rests_on"]) == ("car_parts/M/short", "Sales", "a, half")
    assert float(read["eval_metrics/MASE[0.5]"]) == 0.0
    assert read["eval_metrics/MSE[mean]"] == ""
