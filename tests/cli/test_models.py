from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest

from forecasting import CountRegression, CountSeries, Intercept, Poisson, Trend, auto, onset
from tests.cli.commands import run, run_json

COUNTS = [3, 5, 4, 8, 9, 12, 10, 15, 14, 18, 20, 19]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "counts.csv"
    rows = [f"requests,2023-{month:02d}-01,{count}" for month, count in enumerate(COUNTS, 1)]
    file.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8-sig")
    return file


def test_fit_agrees_with_the_library(table: Path) -> None:
    found = run_json("fit", "--csv", table, "--distribution", "poisson", "--level", "0.9")
    months = [f"2023-{month:02d}" for month in range(1, 13)]
    fit = CountRegression(Intercept() + Trend(), Poisson()).fit(CountSeries(months, COUNTS))
    estimates = {row["name"]: row["estimate"] for row in found["params"]}
    assert estimates == pytest.approx(dict(fit.params))
    assert found["aic"] == pytest.approx(fit.aic)
    assert found["converged"] is True
    wide = run_json("fit", "--csv", table, "--distribution", "poisson")
    assert wide["params"][1]["lower"] < found["params"][1]["lower"]
    assert "profile likelihood, 95%" in run("fit", "--csv", table).stdout


def test_fit_on_facts_is_the_default() -> None:
    found = run_json("fit", "--terms", "intercept")
    assert (found["series"], found["as_of"]) == ("get_lost.desertion_requests", "2023-12-05")
    assert found["loglik"] == pytest.approx(-29.363, abs=0.0005)


def test_forecast_is_repeatable_and_drawn(table: Path, tmp_path: Path) -> None:
    request = ("forecast", "--csv", table, "--horizon", 2, "--draws", 200, "--seed", 3)
    found = run_json(*request, "--picture", tmp_path / "fan.svg")
    assert [row["ds"] for row in found["forecast"]] == ["2024-01-01", "2024-02-01"]
    assert found == run_json(*request)
    assert all(row["lo-90"] <= row["median"] <= row["hi-90"] for row in found["forecast"])
    ET.fromstring((tmp_path / "fan.svg").read_text(encoding="utf-8"))
    assert "2024-02" in run(*request).stdout


def test_forecast_by_a_named_model(table: Path) -> None:
    request = ("forecast", "--csv", table, "--horizon", 3, "--draws", 200, "--seed", 3)
    pooled = run_json(*request, "--model", "auto")
    assert pooled["model"] == "auto"
    assert sum(pooled["weights"].values()) == pytest.approx(1.0)
    months = [f"2023-{month:02d}" for month in range(1, 13)]
    ahead = auto(CountSeries(months, COUNTS, unique_id="requests"), 3, draws=200, rng=np.random.default_rng(3))
    assert [row["mean"] for row in pooled["forecast"]] == pytest.approx(list(ahead.expected))
    assert "moments of the last year" in run(*request, "--model", "auto").stdout
    for name in ("level", "moments", "climatology"):
        assert len(run_json(*request, "--model", name)["forecast"]) == 3


def test_draws_are_by_default_those_of_python(table: Path) -> None:
    months = [f"2023-{month:02d}" for month in range(1, 13)]
    series = CountSeries(months, COUNTS, unique_id="requests")
    found = run_json("onset", "--csv", table, "--seed", 3, "--no-trend", "--no-wandering")
    report = onset(series, trend=False, wandering=False, rng=np.random.default_rng(3))
    assert found["months"] == report.to_dict()["months"]
    ahead = run_json("forecast", "--csv", table, "--horizon", 1, "--seed", 3)
    assert ahead["draws"] == ahead["provenance"]["draws"] == 4000
    assert "--draws" not in ahead["provenance"]["command"]


def test_terms_belong_to_the_regression(table: Path) -> None:
    refused = run("forecast", "--csv", table, "--model", "auto", "--terms", "intercept")
    assert refused.exit_code == 2
    assert "belong to --model regression" in refused.stderr


def test_outlook_under_chosen_scenarios(table: Path, tmp_path: Path) -> None:
    found = run_json(
        *("outlook", "--csv", table, "--draws", 200, "--horizon", 1, "--picture", tmp_path / "next.svg"),
        *("--scenario", "revert:2023-01..2023-03", "--scenario", "shift:0.5", "--scenario", "persist"),
    )
    names = [row["scenario"] for row in found["totals"]]
    assert names == ["Revert(2023-01..2023-03)", "Shift(+0.5)", "Persist"]
    means = dict(zip(names, (row["mean"] for row in found["totals"]), strict=True))
    assert means["Shift(+0.5)"] > means["Persist"] > means["Revert(2023-01..2023-03)"]
    ET.fromstring((tmp_path / "next.svg").read_text(encoding="utf-8"))


def test_terms_by_name(table: Path) -> None:
    terms = "intercept,trend:2023-06,step:2023-09,pulse:2023-04,exposure:days"
    found = run_json("fit", "--csv", table, "--terms", terms)
    assert [row["name"] for row in found["params"]][:4] == [
        "intercept",
        "trend",
        "step[2023-09]",
        "pulse[2023-04]",
    ]
    more = run_json("fit", "--csv", table, "--terms", "intercept,seasonal:1,ramp:2023-03..2023-06")
    assert {"cos1", "sin1"} < {row["name"] for row in more["params"]}


def test_months_can_be_missing_and_cut(tmp_path: Path) -> None:
    file = tmp_path / "gaps.csv"
    file.write_text("ds,y\n2023-01,5\n2023-02,\n2023-03,7\n2023-04,6\n2023-05,9\n", encoding="utf-8")
    assert run("fit", "--csv", file).exit_code == 2
    found = run_json("fit", "--csv", file, "--allow-missing", "--terms", "intercept", "--end", "2023-04")
    assert found["months"] == ["2023-01", "2023-04"]
    assert np.exp(found["params"][0]["estimate"]) == pytest.approx(6.0, rel=1e-3)


def test_one_of_several_series(tmp_path: Path) -> None:
    file = tmp_path / "two.csv"
    file.write_text("unique_id,ds,y\n1,2023-01,5\n1,2023-02,6\n2,2023-01,7\n2,2023-02,9\n", encoding="utf-8")
    assert run("fit", "--csv", file).exit_code == 2
    assert run_json("fit", "--csv", file, "--id", "2", "--terms", "intercept")["series"] == "2"
