from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from forecasting.batch import monitoring
from forecasting.batch.accounts import complaints
from forecasting.batch.archive import Archive
from forecasting.batch.config import load_config
from forecasting.batch.monitoring import Monitor, _jumps, in_words, monitor
from forecasting.batch.records import ForecastRecord, Vintage
from forecasting.batch.runner import run_batch
from forecasting.batch.scoring import score_archive
from forecasting.errors import InvalidInput
from tests.batch import issues, sites
from tests.batch.batches import FAST, counts, write_batch
from tests.cli.commands import run, run_json

MONTHS = pd.period_range("2019-01", periods=60, freq="M")


@pytest.fixture(scope="module")
def template() -> ForecastRecord:
    return issues.record(issues.vintage(), level=20.0)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive.open(str(tmp_path / "archive.db")) as opened:
        yield opened


def issue(
    archive: Archive, template: ForecastRecord, name: str, values: list[int], origins: list[int], model: str = "auto"
) -> None:
    """Store the forecasts of a series from the months numbered `origins`, and all its counts."""
    records, data = [], []
    for n in [*(origin + 1 for origin in origins), len(values)]:
        data.append(Vintage(name, date(2024, 1, 3), "2019-01", values[:n], [False] * n))
    for origin, known in zip(origins, data, strict=False):
        made = issues.moved(issues.renamed(template, known), str(MONTHS[origin]), known)
        records.append(dataclasses.replace(made, key=dataclasses.replace(made.key, model=model)))
    archive.store(archive.begin(issues.run()), data, records)


def test_newest_counts_are_judged_by_the_last_forecast_before_them(archive: Archive, template: ForecastRecord) -> None:
    issue(archive, template, "monthly", [20] * 29 + [300], [26, 27, 28])
    issue(archive, template, "quarterly", [20] * 27 + [20, 300, 20], [20, 23, 26])
    issue(archive, template, "calm", [20] * 30, [28])
    score_archive(archive)
    jumps = monitor(archive).jumps.set_index("unique_id")
    assert jumps["jumped"].to_dict() == {"monthly": True, "quarterly": True, "calm": False}
    assert jumps["months"].to_dict() == {"monthly": 1, "quarterly": 3, "calm": 1}
    assert jumps["origin"].astype(str).to_dict() == {"monthly": "2021-05", "quarterly": "2021-03", "calm": "2021-05"}
    assert str(jumps.loc["quarterly", "ds"]) == "2021-05"
    scores = (
        archive.scores(["pit_lower"], series="quarterly")
        .set_index(["origin", "ds"])
        .loc[("2021-03", pd.Period("2021-05"))]
    )
    assert jumps.loc["quarterly", "p"] == pytest.approx(2 * 3 * (1 - scores["pit_lower"]))
    assert jumps.loc["monthly", "direction"] == "above"


def test_false_alarms_among_jumps_are_as_rare_as_stated(rng: np.random.Generator) -> None:
    """All series as forecast: in most archives no series is called; the chance of any is at most the rate."""
    number, replications = 200, 150
    table = pd.DataFrame(
        {
            "unique_id": [f"s{k}" for k in range(number)] * replications,
            "model": np.repeat([f"m{k}" for k in range(replications)], number),
            "job": [f"j{k}" for k in range(number * replications)],
            "origin": pd.Period("2023-11", "M"),
            "ds": pd.Period("2023-12", "M"),
            "hindcast": False,
            "y": 1.0,
        }
    )
    width = 1e-4  # of a step of the distribution function
    table["pit_lower"] = np.floor(rng.random(len(table)) / width) * width
    table["pit_upper"] = table["pit_lower"] + width
    any_alarm = _jumps(table, 0.1).groupby("model")["jumped"].any().mean()
    assert 0.0 < any_alarm <= 0.1 + 3 * np.sqrt(0.1 * 0.9 / replications)


def test_the_first_issue_of_a_forecast_counts(archive: Archive, template: ForecastRecord) -> None:
    values = [20] * 30
    issue(archive, template, "requests", values, [27, 28])
    revised = Vintage("requests", date(2024, 2, 3), "2019-01", [25, *values[1:29]], [False] * 29)
    again = issues.moved(issues.renamed(template, revised), str(MONTHS[28]), revised)
    archive.store(archive.begin(issues.run()), [revised], [again])
    score_archive(archive)
    assert monitor(archive).drift["n"].tolist() == [2]


def test_drift_is_judged_on_the_month_after_each_origin(archive: Archive, template: ForecastRecord) -> None:
    issue(archive, template, "shifted", [20] * 30 + [60] * 28, list(range(29, 57)))
    issue(archive, template, "calm", template.paths[:60, 0].tolist(), list(range(29, 57)))
    score_archive(archive)
    found = monitor(archive).drift.set_index("unique_id")
    assert found["n"].to_dict() == {"shifted": 28, "calm": 28}
    assert found["drift"].to_dict() == {"shifted": "drifted", "calm": ""}
    assert found.loc["shifted", "leaning"] == "forecasts too low"


def test_fits_that_warn_are_told_from_those_that_do_not() -> None:
    good = {"name": "level", "weight": 0.6, "method": "importance", "khat": 0.31, "ess": 400.0}
    quiet = [good, {**good, "khat": -0.1}, {**good, "weight": 0.001, "khat": 4.0}, {"name": "moments", "weight": 0.4}]
    assert complaints({"members": quiet}) == []
    assert complaints({}) == []
    loud = [{**good, "khat": 0.71}, {**good, "khat": None}, {**good, "method": "annealed"}]
    told = complaints({"members": [*quiet, *loud], "warnings": ["RuntimeWarning: overflow"]})
    assert told == [
        "level: weight 0.600, k-hat 0.71, ess 400",
        "level: weight 0.600, k-hat not finite, ess 400",
        "level: weight 0.600, k-hat 0.31, ess 400, annealed",
        "RuntimeWarning: overflow",
    ]


def test_a_retry_makes_up_for_a_failure(archive: Archive, template: ForecastRecord) -> None:
    data = issues.vintage()
    archive.store(archive.begin(issues.run()), [data], [ForecastRecord.failed(issues.key(data), "SamplingError: no")])
    assert monitor(archive).fits[["status", "notes"]].to_numpy().tolist() == [["failed", ("SamplingError: no",)]]
    archive.store(archive.begin(issues.run()), [data], [issues.renamed(template, data)])
    assert monitor(archive).fits[["status", "notes"]].to_numpy().tolist() == [["done", ()]]


def test_the_table_has_a_row_for_whatever_is_known(archive: Archive) -> None:
    sites.fill(archive)
    found = monitor(archive)
    table = found.table().set_index(["unique_id", "model"])
    assert table.index.is_unique
    assert set(table.index.get_level_values(0)) == {*sites.SERIES, sites.BAD}
    assert table.loc[(sites.DRIFTING, "auto"), ["drift", "jumped", "status"]].tolist() == ["drifted", True, "done"]
    assert table.loc[(sites.NEW, "auto"), ["drift", "jumped", "status"]].tolist() == ["", False, "done"]
    assert table.loc[(sites.BAD, ""), "status"] == "bad data"
    for kind in ("drift", "jumps", "fits"):
        assert all(in_words(kind, row) for row in found.to_dict()[kind])


def test_series_are_read_in_parts(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    sites.fill(archive)
    whole = monitor(archive)
    monkeypatch.setattr(monitoring, "_TOGETHER", 3)
    parts = monitor(archive)
    for kind in ("drift", "jumps", "fits"):
        pd.testing.assert_frame_equal(getattr(parts, kind), getattr(whole, kind))


def test_an_empty_archive_has_nothing_to_say(archive: Archive) -> None:
    found = monitor(archive)
    assert isinstance(found, Monitor)
    assert found.table().empty
    assert found.to_dict()["judged"] == {"drift": 0, "jumps": 0, "fits": 0}


@pytest.mark.parametrize("given", [{"rate": 0.0}, {"alarm": 1.0}, {"rate": float("nan")}])
def test_rates_are_between_0_and_1(archive: Archive, given: dict[str, float]) -> None:
    with pytest.raises(InvalidInput, match=r"between 0 and 1|one number"):
        monitor(archive, **given)


def test_commands_report_and_monitor(tmp_path: Path) -> None:
    rows = [*counts(2), "gappy,2022-01,3", "gappy,2022-03,4"]
    config = write_batch(tmp_path, rows, "origins = 3", FAST)
    assert run("batch", "run", config).exit_code == 1
    assert run("batch", "score", config).exit_code == 0
    told = run_json("batch", "monitor", config)
    assert told["judged"] == {"drift": 2, "jumps": 2, "fits": 3}
    assert [row["unique_id"] for row in told["fits"]] == ["gappy"]
    said = run("batch", "monitor", config)
    assert said.exit_code == 0
    assert "gappy: bad data: " in said.stdout
    assert run_json("batch", "report", config)["series"] == 2
    assert (tmp_path / "report" / "index.html").is_file()
    assert run("batch", "report", config, "--output", tmp_path / "other").exit_code == 0
    assert len(list((tmp_path / "other" / "series").iterdir())) == 2
    assert [run("batch", "monitor", config, "--fail-on", kind).exit_code for kind in ("any", "fits", "drift")] == [
        1,
        1,
        0,
    ]
    refused = run("batch", "monitor", config, "--release", "soon", "--json")
    assert refused.exit_code == 2
    assert "soon" in json.loads(refused.stdout)["error"]["message"]


def test_commands_need_an_archive(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(1))
    for name in ("report", "monitor"):
        found = run("batch", name, config)
        assert found.exit_code == 3
        assert "the first run makes one" in found.stderr


def test_counts_that_no_longer_come_are_missed(tmp_path: Path) -> None:
    """Three series; then one stops, one leaves, and one goes on; then all stop."""
    config = write_batch(tmp_path, [], models='[[models]]\nname = "SeasonalNaive"\n')
    config.write_text(config.read_text().replace("as_of = 2024-03-31\n", ""))

    def month(today: date, **last: int) -> None:
        rows = [f"{name},{MONTHS[t]},{t % 5}" for name, end in last.items() for t in range(end)]
        (tmp_path / "counts.csv").write_text("\n".join(["unique_id,ds,y", *rows, ""]))
        run_batch(load_config(config), today=today)

    def absent() -> dict[str, list[tuple[str, str]]]:
        with Archive.open(str(tmp_path / "archive.db")) as archive:
            told = monitor(archive).to_dict()
        return {kind: [(row["unique_id"], in_words(kind, row)) for row in told[kind]] for kind in ("stale", "gone")}

    month(date(2021, 1, 5), goes=24, left=24, stops=24, other=24)
    assert absent() == {"stale": [], "gone": []}
    month(date(2021, 3, 5), goes=26, stops=24, other=26)
    late, gone = absent()["stale"], absent()["gone"]
    assert late == [("stops", "stale: the newest count is of 2020-12, 2 months older than it should be")]
    assert gone == [("left", "gone: run 1 was the last that found it in the input; the newest count is of 2020-12")]
    month(date(2021, 8, 5), goes=26, other=26)
    assert [name for name, _ in absent()["stale"]] == ["goes", "other"]
    assert [name for name, _ in absent()["gone"]] == ["left", "stops"]
    told = run("batch", "monitor", config)
    assert "series that have left the input: 2\n  left: gone: run 1" in told.stdout
    assert run("batch", "monitor", config, "--fail-on", "stale", "--stale", "9").exit_code == 0
    assert run("batch", "monitor", config, "--fail-on", "gone").exit_code == 1
    assert run_json("batch", "report", config)["attention"] == 4


def test_hindcasts_are_told_apart(tmp_path: Path) -> None:
    config = write_batch(tmp_path, counts(2), "origins = 3", FAST)
    config.write_text(config.read_text().replace("as_of = 2024-03-31\n", ""))
    run_batch(load_config(config), today=date(2024, 1, 5))
    later = [*counts(2), "s000,2024-01,500", "s001,2024-01,500"]
    (tmp_path / "counts.csv").write_text("\n".join(["unique_id,ds,y", *later, ""]))
    run_batch(load_config(config, origins=1), today=date(2024, 2, 5))
    models = {row["hindcast"]: row["n"] for row in run_json("batch", "score", config)["models"]}
    assert models == {False: 2, True: 2 * (3 + 2)}
    said = run("batch", "score", config).stdout
    assert said.index("issued in time: mean scores") < said.index(
        "hindcasts, issued when the counts could be known: mean"
    )
    with Archive.open(str(tmp_path / "archive.db")) as archive:
        found = monitor(archive)
    assert found.drift[["n", "hindcasts"]].to_numpy().tolist() == [[3, 2]] * 2
    assert found.jumps["hindcast"].tolist() == [False, False]
