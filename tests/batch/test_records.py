from __future__ import annotations

import dataclasses
from datetime import datetime

import numpy as np
import pytest

from forecasting.batch.issue import issued
from forecasting.batch.records import ForecastRecord, JobKey, RunRecord, Vintage
from forecasting.errors import InvalidInput
from forecasting.series import CountSeries
from tests.batch import issues

DATA = issues.vintage()


def test_the_key_depends_on_every_field() -> None:
    first = JobKey("a", "b", "2023-12", "v", "s", 3, 1)
    changes = {"series": "b", "model": "a", "origin": "2023-11", "vintage": "w", "specification": "t"}
    others = [dataclasses.replace(first, **{name: value}) for name, value in changes.items()]
    others += [dataclasses.replace(first, horizon=4), dataclasses.replace(first, seed=2)]
    assert len({first.digest, *(other.digest for other in others)}) == 8


def test_keys_that_read_alike_when_joined_differ() -> None:
    one, two = JobKey("a|b", "c", "", "", "", 1, 1), JobKey("a", "b|c", "", "", "", 1, 1)
    assert one.digest != two.digest


@pytest.mark.parametrize("name", ["", "a\0b", "half \ud83d a pair", "x" * 1001])
def test_names_that_no_database_holds_are_refused(name: str) -> None:
    with pytest.raises(InvalidInput, match="is no name"):
        JobKey(name, "m", "2023-12", "v", "s", 1, 1)
    with pytest.raises(InvalidInput, match="is no name"):
        Vintage(name, None, "2023-01", [1], [False])


def test_messages_are_made_storable() -> None:
    failed = ForecastRecord.failed(issues.key(DATA), "bad\0byte \ud83d")
    record = dataclasses.replace(failed, messages=("a\0b",))
    assert record.error == "bad\\x00byte \\ud83d"
    assert record.messages == ("a\\x00b",)


def test_the_digest_of_the_data_is_that_of_what_is_known() -> None:
    same = dataclasses.replace(DATA, series="other", as_of=None)
    assert same.digest == DATA.digest
    assert issues.vintage(add=1).digest != DATA.digest
    assert issues.vintage(first="2021-12").digest != DATA.digest
    assert dataclasses.replace(DATA, facts="f").digest != DATA.digest
    assert dataclasses.replace(DATA, exposure=np.ones(DATA.n)).digest != DATA.digest
    gap = np.arange(DATA.n) == 3
    assert dataclasses.replace(DATA, missing=gap).digest != DATA.digest


def test_a_series_becomes_its_exact_counts() -> None:
    series = CountSeries(["2023-01", "2023-02", "2023-03"], [4, 0, 9], missing=[False, True, False], unique_id="s")
    data = Vintage.of(series)
    assert (data.first, data.last, data.n) == ("2023-01", "2023-03", 3)
    assert data.values.tolist() == [4, 0, 9]
    assert data.missing.tolist() == [False, True, False]


def test_content_is_the_numbers_not_the_circumstances() -> None:
    record = issues.record(DATA)
    assert dataclasses.replace(record, cpu=9.0, messages=("slow",)).content == record.content
    assert dataclasses.replace(record, mean=record.mean + 1e-12).content != record.content
    assert dataclasses.replace(record, paths=record.paths[1:]).content != record.content
    assert dataclasses.replace(record, marginals=b"").content != record.content


def test_records_are_read_only() -> None:
    record = issues.record(DATA)
    for array in (record.quantiles, record.paths, record.mean, DATA.values, DATA.missing):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_at_most_two_hundred_paths_spread_over_the_draws() -> None:
    forecast = issues.forecast(draws=1000)
    record = issued(issues.key(DATA), forecast, issues.LEVELS)
    assert np.array_equal(record.paths, forecast.paths[::5])
    assert issued(issues.key(DATA), issues.forecast(draws=30), issues.LEVELS).paths.shape == (30, 3)
    with pytest.raises(InvalidInput, match="at most 200 paths"):
        dataclasses.replace(record, paths=forecast.paths)


@pytest.mark.parametrize(
    "wrong",
    [
        {"months": ("2024-01",)},
        {"levels": issues.LEVELS[::-1]},
        {"status": "lost"},
        {"status": "failed"},
        {"mean": np.ones(2)},
    ],
    ids=str,
)
def test_records_that_contradict_themselves_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InvalidInput):
        dataclasses.replace(issues.record(DATA), **wrong)


def test_a_run_knows_its_time_zone() -> None:
    with pytest.raises(InvalidInput, match="no time zone"):
        RunRecord("c", datetime(2024, 1, 1), {}, {}, 1)
