"""What the command line, a batch and the checklist say of the draws of a model is the same for every model, and true."""

from __future__ import annotations

import inspect
import json
from dataclasses import is_dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forecasting as fc
from forecasting import models
from forecasting.batch.accounts import account_of, complaints
from forecasting.cli.requests import forecaster
from forecasting.display import plain
from forecasting.models import known_models
from forecasting.report import checklist
from tests.cli.commands import run_json
from tests.models import toys  # noqa: F401
from tests.models.data import months

COUNTS = np.random.default_rng(4).poisson(12, 30)
SERIES = fc.CountSeries(months(30), COUNTS, unique_id="calls")
QUALITY = ("draws", "khat", "ess", "method")
DRAWN = {"regression", "level", "local-level", "ingarch", "sarima", "toy"}
every_model = pytest.mark.parametrize("name", known_models())


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("quality") / "calls.csv"
    rows = [f"calls,{month}-01,{count}" for month, count in zip(SERIES.months, COUNTS, strict=True)]
    file.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8")
    return file


@cache
def printed(table: Path, name: str) -> dict[str, Any]:
    return run_json("forecast", "--csv", table, "--model", name, "--draws", "200", "--seed", "5", "--horizon", "2")


def said(found: dict[str, Any]) -> dict[str, str]:
    return {item.number: " ".join(item.answers) for item in checklist(found)}


def test_every_model_has_a_name_on_the_command_line() -> None:
    shipped = (one for one in vars(models).values() if inspect.isclass(one) and issubclass(one, models.Model))
    assert {one for one in shipped if is_dataclass(one) and not inspect.isabstract(one)} <= set(known_models().values())


@every_model
@pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")
def test_command_line_batch_and_python_agree(table: Path, name: str) -> None:
    model, found = forecaster(name, "intercept,trend", "negative-binomial"), printed(table, name)
    forecast = model.forecast(SERIES, 2, draws=200, rng=5)
    account = account_of(name, forecast.account)
    assert found["draws"] == len(forecast.paths)
    assert [row["median"] for row in found["forecast"]] == forecast.quantile(0.5)[0.5].tolist()
    assert (found.get("ess") is not None) == (name in DRAWN)
    if name in DRAWN:
        drawn = model.posterior(SERIES, draws=200, rng=np.random.default_rng(5))
        assert {key: found[key] for key in QUALITY} == plain({key: getattr(drawn.quality, key) for key in QUALITY})
        told = {key: found[key] for key in ("method", "khat", "ess")}
        assert account["members"] == [{"name": name, "weight": 1.0, **told}]
    else:
        kept = ("weight", "method", "khat", "ess")
        told = [{"name": row["member"]} | {key: row[key] for key in kept if key in row} for row in found["members"]]
        assert account.get("members", []) == told
        assert found["weights"] == (forecast.account.weights if name == "auto" else {})
        assert [row["member"] for row in found["members"]] == list(found["weights"])


@every_model
def test_the_checklist_says_what_was_drawn(table: Path, name: str) -> None:
    found = printed(table, name)
    answers = said(found)
    if name in DRAWN:
        assert f"200 draws, at least {found['ess']:,.0f} of them effective" in answers["B2"]
        assert f"largest k-hat {found['khat']:.2f}" in answers["B2"]
        assert "uncertainty of the parameters included" in answers["14"]
        assert "no priors" not in answers["B1"]
    elif name == "auto":
        both = [row for row in found["members"] if "ess" in row]
        assert [row["member"] for row in both] == ["level and season", "level that grows"]
        assert f"(level and season, level that grows), at least {min(row['ess'] for row in both):,.0f}" in answers["B2"]
        assert f"largest k-hat {max(row['khat'] for row in both):.2f}" in answers["B2"]
        assert answers["B1"].count("gain 0.4") == 2
    else:
        assert answers["B2"] == "This model draws no posterior."
        assert ("no priors" in answers["B1"]) == (name != "shifting-level")
        assert ("uncertainty of the parameters" in answers["14"]) == (name == "shifting-level")
    assert ("jump in 0.004 of the months" in answers["B1"]) == (name == "shifting-level")
    assert (name == "sarima") == ("uniform over the stationary and invertible region" in answers["B1"])


def test_a_model_without_weights_is_still_said_to_draw() -> None:
    """k-hat of a SARIMA without coefficients is minus infinity, null in JSON."""
    found = {"series": "calls", "model": "sarima", "forecast": [], "draws": 200, "khat": None, "ess": 200.0}
    assert said(found)["B2"] == "200 draws, at least 200 of them effective."


def test_draws_without_weights_are_no_complaint() -> None:
    """Without coefficients there is nothing to weigh, and k-hat is minus infinity."""
    model = fc.SARIMA((0, 1, 0), (0, 0, 0))
    forecast = model.forecast(SERIES, 2, draws=200, rng=5)
    assert complaints(account_of("sarima", forecast.account)) == []


def test_doubtful_members_are_a_weakness() -> None:
    members = [{"member": "level", "weight": 0.4, "khat": 0.93, "ess": 40.0, "priors": {"gain": 0.4}}]
    found = {"series": "calls", "model": "auto", "forecast": [], "draws": 200, "members": members}
    assert "the slower sampler was used: level." in said(found)["17"]


def test_warnings_become_notes(tmp_path: Path) -> None:
    file = tmp_path / "burst.csv"
    counts = [0] * 33 + [500, 520, 480]
    rows = [f"burst,{month}-01,{count}" for month, count in zip(months(36), counts, strict=True)]
    file.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8")
    found = run_json("forecast", "--csv", file, "--model", "ingarch", "--horizon", "3", "--seed", "1")
    assert any("that of a few exploding draws" in note for note in found["messages"])
    assert json.dumps(found)
