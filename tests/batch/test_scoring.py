from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from datetime import date

import numpy as np
import pandas as pd
import pytest

from forecasting.batch import scoring
from forecasting.batch.archive import Archive
from forecasting.batch.issue import issued
from forecasting.batch.judging import score_forecasts
from forecasting.batch.records import ForecastRecord, Vintage
from forecasting.batch.scoring import Scored, as_backtest, mean_scores, score_archive, score_table
from forecasting.distributions import Poisson
from forecasting.evaluation import (
    coverage,
    crps_from_quantiles,
    dawid_sebastiani,
    interval_score,
    log_score,
    pit_ends,
    rps,
    total_card,
)
from forecasting.evaluation.judged import SCORES
from forecasting.evaluation.origins import seasonal_difference
from forecasting.evaluation.totals import TOTAL_COLUMNS
from forecasting.predictive import Predictive
from tests.batch import issues

COUNTS = np.array([19, np.nan, 60.0])


@pytest.fixture
def archive(address: str) -> Iterator[Archive]:
    with Archive.open(address) as opened:
        yield opened


def released(series: str, as_of: date | None, after: list[float]) -> Vintage:
    """The data of a forecast, and the counts of the months after it; NaN where one is missing."""
    before = issues.vintage(series)
    later = np.array(after, dtype=float)
    missing = np.concatenate([before.missing, np.isnan(later)])
    return Vintage(
        series, as_of, before.first, np.concatenate([before.values, np.nan_to_num(later)]).astype(int), missing
    )


def store(archive: Archive, *data: Vintage, records: tuple[ForecastRecord, ...] = ()) -> None:
    archive.store(archive.begin(issues.run()), data, records)


def test_scores_are_those_of_the_full_forecast() -> None:
    data = issues.vintage()
    forecast = issues.forecast(draws=900)
    record = issued(issues.key(data), forecast, issues.LEVELS)
    scores = {score.month: score for score in score_forecasts([(record, COUNTS)])}
    assert list(scores) == ["2024-01", "2024-03"]  # a month without truth has none
    exact = {
        "log_score": log_score(COUNTS, forecast),
        "rps": rps(COUNTS, forecast),
        "dss": dawid_sebastiani(COUNTS, forecast),
        "crps": crps_from_quantiles(COUNTS, forecast.quantile(issues.LEVELS).to_numpy(), issues.LEVELS),
        "absolute_error": np.abs(COUNTS - forecast.quantile(0.5).to_numpy()[:, 0]),
        **{f"interval_score_{level:.0%}"[:-1]: interval_score(COUNTS, forecast, level) for level in (0.5, 0.8, 0.95)},
        **{f"cover_{level:.0%}"[:-1]: coverage(COUNTS, forecast, level) for level in (0.5, 0.8, 0.95)},
        "pit_lower": pit_ends(COUNTS, forecast)[:, 0],
        "pit_upper": pit_ends(COUNTS, forecast)[:, 1],
    }
    assert set(exact) == set(SCORES)
    for month, position in (("2024-01", 0), ("2024-03", 2)):
        assert scores[month].y == COUNTS[position]
        for name in SCORES:
            assert scores[month].values[name] == pytest.approx(exact[name][position], rel=1e-7, abs=1e-7), name


def test_levels_that_were_not_archived_come_from_the_distribution() -> None:
    forecast = issues.forecast()
    few = issued(issues.key(issues.vintage()), forecast, [0.5])
    many = issued(issues.key(issues.vintage()), forecast, issues.LEVELS)
    for one, other in zip(score_forecasts([(few, COUNTS)]), score_forecasts([(many, COUNTS)]), strict=True):
        for name in set(SCORES) - {"crps"}:
            assert one.values[name] == other.values[name]
    blind = dataclasses.replace(few, marginals=b"")
    values = next(score_forecasts([(blind, COUNTS)])).values
    assert {name for name in SCORES if not np.isnan(values[name])} == {"crps", "absolute_error"}


def test_pending_months_wait_for_their_counts(archive: Archive) -> None:
    data = issues.vintage()
    store(archive, data, records=(issues.record(data),))
    assert score_archive(archive) == Scored(new=0, known=0, pending=3, failed=0)
    assert score_table(archive)["status"].tolist() == ["pending"] * 3
    store(archive, released("requests", date(2024, 2, 3), [21]))
    assert score_table(archive)["status"].tolist() == ["unscored", "pending", "pending"]
    assert score_archive(archive) == Scored(new=1, known=0, pending=2, failed=0)
    table = score_table(archive)
    assert table["status"].tolist() == ["scored", "pending", "pending"]
    assert table["horizon"].tolist() == [1, 2, 3]
    assert table.loc[table["status"] == "pending", ["y", *SCORES]].isna().all(axis=None)
    store(archive, released("requests", date(2024, 4, 3), [21, np.nan, 25]))
    assert score_archive(archive) == Scored(new=1, known=1, pending=1, failed=0)
    assert score_archive(archive) == Scored(new=0, known=2, pending=1, failed=0)


def test_first_release_and_latest_are_kept_apart(archive: Archive) -> None:
    data = issues.vintage()
    store(archive, data, records=(issues.record(data),))
    store(archive, released("requests", date(2024, 5, 3), [30, 21, 22]))  # the later one is stored first
    store(archive, released("requests", date(2024, 2, 3), [20]))
    assert score_archive(archive) == Scored(new=4, known=0, pending=0, failed=0)
    first, latest = (score_table(archive, release=release) for release in ("first", "latest"))
    assert first["y"].tolist() == [20, 21, 22]
    assert latest["y"].tolist() == [30, 21, 22]
    assert first["log_score"].iloc[0] != latest["log_score"].iloc[0]
    assert first["log_score"].iloc[1:].tolist() == latest["log_score"].iloc[1:].tolist()
    on_the_day = score_table(archive, release=date(2024, 3, 1))
    assert on_the_day["y"].iloc[0] == 20
    assert on_the_day["status"].tolist() == ["scored", "pending", "pending"]


def test_totals_are_scored_once_all_of_their_months_have_a_count(archive: Archive) -> None:
    data, horizon = issues.vintage(), 7
    record = issues.record(data, horizon=horizon)
    store(archive, data, records=(record,))
    names = TOTAL_COLUMNS
    store(archive, released("requests", date(2024, 3, 3), [20, 21]))
    score_archive(archive)
    assert archive.scores(names, total=True).empty
    store(archive, released("requests", date(2024, 7, 3), [20, 21, 22, np.nan, 23, 24]))
    score_archive(archive)
    store(archive, released("requests", date(2024, 8, 3), [25, 21, 22, 20, 23, 24]))
    score_archive(archive)
    kept = archive.scores(names, total=True)
    assert kept[["months", "y"]].to_numpy().tolist() == [[3, 63], [3, 68], [6, 130], [6, 135]]
    months = pd.PeriodIndex(record.months, freq="M")
    paths = Predictive(months, record.paths, np.ones(record.paths.shape), (), Poisson(), "y")
    for counts, rows in (([20, 21, 22, 20, 23, 24, np.nan], kept[::2]), ([25, 21, 22, 20, 23, 24, np.nan], kept[1::2])):
        card = total_card(counts, paths)
        np.testing.assert_allclose(rows[list(names)].to_numpy(), card[list(names)].to_numpy(), rtol=1e-12)
    first, latest = (as_backtest(archive, release=release) for release in ("first", "latest"))
    assert first.totals["y"].tolist() == [63, 130]
    assert latest.totals["y"].tolist() == [68, 135]
    assert latest.by_total()["auto"].tolist() == kept["crps"][1::2].tolist()
    table = mean_scores(archive)
    pd.testing.assert_frame_equal(table, latest.table())
    assert {"total_3_crps", "total_6_cover_90"} <= set(table)
    score_archive(archive)
    pd.testing.assert_frame_equal(archive.scores(names, total=True), kept)


def test_a_revision_back_to_an_earlier_count_needs_no_new_score(archive: Archive) -> None:
    data = issues.vintage()
    store(archive, data, records=(issues.record(data),))
    for month, count in ((2, 20), (3, 25), (4, 20)):
        store(archive, released("requests", date(2024, month, 3), [count]))
        score_archive(archive)
    assert archive.scores(["rps"])["y"].tolist() == [20, 25]
    assert score_table(archive)["y"].iloc[0] == 20


def test_a_count_withdrawn_later_keeps_its_last_value(archive: Archive) -> None:
    data = issues.vintage()
    store(archive, data, records=(issues.record(data),))
    store(archive, released("requests", date(2024, 2, 3), [20]), released("requests", date(2024, 3, 3), [np.nan, 21]))
    assert score_table(archive)["y"].tolist()[:2] == [20, 21]


def test_comparisons_are_on_common_support_and_failures_count(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = {}
    for k, name in enumerate(("a", "b", "c")):
        data = kept[name] = issues.vintage(name)
        good = issues.record(data, "good", level=22.0 + k)
        poor = issues.record(data, "poor", level=80.0)
        failure = ForecastRecord.failed(issues.key(data, "poor"), "SamplingError: no luck")
        store(archive, data, records=(good, failure if name == "b" else poor))
    store(archive, released("a", date(2024, 4, 3), [20, 21, 22]), released("b", date(2024, 4, 3), [20, 21, 22]))
    store(archive, released("c", date(2024, 2, 3), [20]))
    assert score_archive(archive) == Scored(new=3 + 3 + 3 + 2, known=0, pending=2 + 2, failed=3)
    result = as_backtest(archive)
    table = result.table()
    assert table["n"].tolist() == [4, 4]  # three months of a, one of c
    assert table["own"].tolist() == [7, 4]
    assert table["failed"].tolist() == [0, 1]
    assert result.failed[["unique_id", "model", "message"]].to_numpy().tolist() == [
        ["b", "poor", "SamplingError: no luck"]
    ]
    monkeypatch.setattr(scoring, "_SERIES", 1)
    pd.testing.assert_frame_equal(mean_scores(archive), table)
    assert table.loc["good", "rps"] < table.loc["poor", "rps"]
    common = score_table(archive).query("model == 'good' and unique_id != 'b' and status == 'scored'")
    assert table.loc["good", "rps"] == pytest.approx(common["rps"].mean())
    scale = seasonal_difference(kept["a"].values.astype(float))
    assert table.loc["good", "scaled_rps"] == pytest.approx(common["rps"].mean() / scale)
    assert result.pit("good").n == 7
    rows = score_table(archive).query("unique_id == 'b' and model == 'poor'")
    assert rows["status"].tolist() == ["failed"] * 3
    assert rows["ds"].astype(str).tolist() == ["2024-01", "2024-02", "2024-03"]


def test_a_failure_that_was_made_up_for_is_none(archive: Archive) -> None:
    data = issues.vintage()
    store(archive, data, records=(ForecastRecord.failed(issues.key(data), "killed"),))
    assert score_archive(archive).failed == 3
    store(archive, data, records=(issues.record(data),))
    assert score_archive(archive) == Scored(new=0, known=0, pending=3, failed=0)
    assert len(score_table(archive)) == 3


def test_the_first_issue_is_the_one_that_is_compared(archive: Archive) -> None:
    data, revised = issues.vintage(), issues.vintage(add=4)
    store(archive, data, records=(issues.record(data),))
    store(archive, revised, records=(issues.record(revised, level=90.0),))
    store(archive, released("requests", date(2024, 2, 3), [21]))
    score_archive(archive)
    assert len(score_table(archive)) == 6
    result = as_backtest(archive)
    assert result.scores["vintage"].unique().tolist() == [data.digest]
    assert result.table()["n"].tolist() == [1]


def test_an_empty_archive_has_nothing_to_score(archive: Archive) -> None:
    assert score_archive(archive) == Scored(0, 0, 0, 0)
    assert score_table(archive).empty
    assert mean_scores(archive).empty
    assert archive.truth().empty


def test_truth_is_by_series_month_and_release(archive: Archive) -> None:
    store(archive, issues.vintage("b"), released("a", None, [7]))
    truth = archive.truth()
    assert truth["unique_id"].unique().tolist() == ["a", "b"]
    assert isinstance(truth["ds"].dtype, pd.PeriodDtype)
    row = truth[truth["ds"] == pd.Period("2024-01", "M")].iloc[0]
    assert (row["unique_id"], row["y"]) == ("a", 7)
    assert row["known"] == "2024-01-05"  # the day of the run stands for an unknown as-of
