from __future__ import annotations

import dataclasses
import traceback
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy

from forecasting.batch.archive import Archive, Stored, schema
from forecasting.batch.archive.connection import Database
from forecasting.batch.records import ForecastRecord, ScoreRecord
from forecasting.errors import ArchiveConflict, ArchiveError, ArchiveUnavailable, InvalidInput
from tests.batch import issues
from tests.batch.postgres import Server

HOSTILE = {
    "quotes": """O'Brien "the" `best`""",
    "sql": "'; DROP TABLE forecasts; --",
    "wildcards": "100%_[a]",
    "markup": "<script>alert(1)</script>",
    "emoji": "\U0001f680 e\u0301\u202e\u0661",
    "control": "a\tb\r\nc\x1b[31m",
    "placeholder": ":series %(series)s ? $1 {0}",
    "long": "x" * 300,
}


@pytest.fixture
def archive(address: str) -> Iterator[Archive]:
    with Archive.open(address) as opened:
        yield opened


def filled(archive: Archive, *names: str) -> list[ForecastRecord]:
    data = [issues.vintage(name) for name in names]
    records = [issues.record(vintage, level=20.0 + k) for k, vintage in enumerate(data)]
    archive.store(archive.begin(issues.run()), data, records)
    return records


def test_what_is_stored_comes_back(archive: Archive) -> None:
    (record,) = filled(archive, "requests")
    (back,) = archive.forecasts()
    assert dataclasses.asdict(back.key) == dataclasses.asdict(record.key)
    assert back.content == record.content
    assert (back.messages, back.cpu, back.levels, back.months) == (
        record.messages,
        record.cpu,
        record.levels,
        record.months,
    )
    for name in ("quantiles", "paths", "mean"):
        assert np.array_equal(getattr(back, name), getattr(record, name))
    (data,) = archive.vintages()
    assert data.digest == issues.vintage().digest
    assert data.as_of == date(2024, 1, 3)


def test_exposure_and_gaps_come_back(archive: Archive) -> None:
    plain = issues.vintage()
    data = dataclasses.replace(
        plain, exposure=np.linspace(1.0, 2.0, plain.n), missing=np.arange(plain.n) == 4, facts="f" * 64
    )
    archive.store(archive.begin(issues.run()), [data], [])
    (back,) = archive.vintages()
    assert np.array_equal(back.exposure, data.exposure)
    assert np.array_equal(back.missing, data.missing)
    assert back.facts == data.facts


def test_issuing_again_is_recognised(archive: Archive) -> None:
    records = filled(archive, "a", "b")
    before = archive.fingerprint()
    data = [issues.vintage("a"), issues.vintage("b")]
    run = archive.begin(issues.run())
    assert archive.store(run, data, [dataclasses.replace(r, cpu=99.0) for r in records]) == Stored(0, 2)
    assert archive.fingerprint() == before
    assert archive.finished(record.key.digest for record in records) == {r.key.digest for r in records}
    assert archive.finished(["0" * 32]) == set()


def test_the_same_counts_are_kept_once_for_all_series_and_days(archive: Archive, address: str) -> None:
    run = archive.begin(issues.run())
    archive.store(run, [issues.vintage(name) for name in "abc"], [])
    archive.store(run, [issues.vintage("a", as_of=date(2024, 2, 1)), issues.vintage("a", as_of=None)], [])
    assert len(list(archive.vintages())) == 3  # what a later release does not change is no news
    with Database(address).reading() as connection:
        assert connection.scalar(sqlalchemy.select(sqlalchemy.func.count()).select_from(schema.observations)) == 1


def test_other_numbers_under_the_same_key_are_an_error(archive: Archive) -> None:
    records = filled(archive, "a")
    before = archive.fingerprint()
    changed = dataclasses.replace(records[0], mean=records[0].mean * 2.0)
    new = issues.record(issues.vintage("new"))
    run = archive.begin(issues.run())
    with pytest.raises(
        ArchiveConflict, match=r"another forecast of 'a' by 'auto' from 2023-12 .*nothing was overwritten"
    ):
        archive.store(run, [issues.vintage("new")], [new, changed])
    assert archive.fingerprint() == before


def test_two_contents_in_one_chunk_conflict(archive: Archive) -> None:
    data = issues.vintage()
    record = issues.record(data)
    twins = [record, dataclasses.replace(record, mean=record.mean * 2.0)]
    with pytest.raises(ArchiveConflict):
        archive.store(archive.begin(issues.run()), [data], twins)
    assert archive.keys().empty


def test_a_failure_may_be_followed_by_success(archive: Archive) -> None:
    data = issues.vintage()
    run = archive.begin(issues.run())
    failure = ForecastRecord.failed(issues.key(data), "SamplingError: no luck")
    assert archive.store(run, [data], [failure]) == Stored(1, 0)
    assert archive.store(run, [data], [failure]) == Stored(0, 1)  # the same failure is one fact
    assert archive.finished([failure.key.digest]) == set()
    assert archive.store(run, [data], [ForecastRecord.failed(issues.key(data), "killed")]) == Stored(1, 0)
    assert archive.store(run, [data], [issues.record(data)]) == Stored(1, 0)
    assert archive.store(run, [data], [ForecastRecord.failed(issues.key(data), "late")]) == Stored(0, 1)
    keys = archive.keys()
    assert keys["attempt"].tolist() == [1, 2, 3]
    assert keys["status"].tolist() == ["failed", "failed", "done"]
    assert [record.status for record in archive.forecasts()] == ["done"]
    assert [record.error for record in archive.forecasts(status="failed")] == ["SamplingError: no luck", "killed"]


def test_forecasts_are_found_by_what_they_are_of(archive: Archive) -> None:
    filled(archive, "a", "b", "c")
    assert [record.key.series for record in archive.forecasts(series=["c", "a"])] == ["a", "c"]
    assert not list(archive.forecasts(model="other"))
    assert not list(archive.forecasts(origin="2024-01"))
    assert len(archive.keys(run=1)) == 3
    assert archive.series() == ["a", "b", "c"]


def test_runs_that_ended_and_runs_that_did_not(archive: Archive) -> None:
    first, second = archive.begin(issues.run()), archive.begin(issues.run(2**70))
    archive.finish(first, {"done": 3})
    archive.finish(first, {"done": 4})
    runs = archive.runs().set_index("id")
    assert runs.loc[first, "summary"] == '{"done": 3}'
    assert runs["finished"].isna().tolist() == [False, True]
    assert int(runs.loc[second, "seed"]) == 2**70


def test_forecasts_need_their_vintage_and_their_run(archive: Archive) -> None:
    data = issues.vintage()
    with pytest.raises(ArchiveError, match="vintage stored before or with them"):
        archive.store(archive.begin(issues.run()), [], [issues.record(data)])
    with pytest.raises(ArchiveError, match="there is no run 77"):
        archive.store(77, [data], [issues.record(data)])
    assert archive.keys().empty
    assert not list(archive.vintages())


@pytest.mark.parametrize("table", ["runs", "observations", "vintages", "forecasts"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}"])
def test_the_database_itself_refuses_changes(archive: Archive, address: str, table: str, change: str) -> None:
    filled(archive, "a")
    column = {"runs": "seed", "observations": "n", "vintages": "series", "forecasts": "series"}[table]
    with pytest.raises(ArchiveError, match="append-only"), Database(address).writing() as connection:
        connection.exec_driver_sql(change.format(table, column, column))


def test_nor_does_it_replace_or_truncate(archive: Archive, address: str) -> None:
    filled(archive, "a")
    database = Database(address)
    statement = (
        "TRUNCATE forecasts CASCADE"
        if database.engine.dialect.name == "postgresql"
        else "INSERT OR REPLACE INTO forecasts SELECT * FROM forecasts"
    )
    with pytest.raises(ArchiveError, match="append-only"), database.writing() as connection:
        connection.exec_driver_sql(statement)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_names(archive: Archive, name: str) -> None:
    data = issues.vintage(HOSTILE[name])
    record = issues.record(data, HOSTILE[name])
    filled(archive, "bystander")
    archive.store(archive.begin(issues.run()), [data], [record])
    (back,) = archive.forecasts(series=HOSTILE[name], model=HOSTILE[name])
    assert back.key == record.key
    assert [vintage.series for vintage in archive.vintages(series=HOSTILE[name])] == [HOSTILE[name]]
    assert archive.truth(series=[HOSTILE[name]])["unique_id"].unique().tolist() == [HOSTILE[name]]
    assert len(archive.keys()) == 2


def test_scores_belong_to_finished_forecasts_and_are_kept_once(archive: Archive) -> None:
    (record,) = filled(archive, "a")
    values = dict.fromkeys(("log_score", "rps", "dss"), 1.5) | {"rps": np.nan, "dss": np.inf}
    score = ScoreRecord(record.key.digest, "2024-01", 20, values)
    archive.store_scores([score])
    archive.store_scores([score, ScoreRecord(record.key.digest, "2024-01", 21, values)])
    assert archive.scored(["log_score", "rps"])["y"].tolist() == [20, 21]
    assert archive.scored(["log_score", "a new score"]).empty
    scores = archive.scores(list(values))
    assert scores["y"].tolist() == [20, 21]
    assert scores["rps"].isna().all()
    assert np.isposinf(scores["dss"]).all()
    assert (scores["log_score"] == 1.5).all()
    with pytest.raises(ArchiveError, match="no finished forecast has the key"):
        archive.store_scores([ScoreRecord("0" * 32, "2024-01", 20, values)])


def test_many_writers_at_once_do_no_harm(archive: Archive, address: str) -> None:
    """Every writer stores the same forecasts in an order of its own, a chunk at a time."""
    data = [issues.vintage(f"s{k}") for k in range(12)]
    records = [issues.record(vintage) for vintage in data]

    def write(writer: int) -> int:
        order = np.random.default_rng(writer).permutation(len(data))
        with Archive.open(address) as mine:
            run = mine.begin(issues.run(writer))
            parts = [order[first : first + 4] for first in range(0, len(order), 4)]
            return sum(mine.store(run, [data[k] for k in part], [records[k] for k in part]).new for part in parts)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, range(4)))
    keys = archive.keys()
    assert len(keys) == 12
    assert (keys["status"] == "done").all()
    assert len(list(archive.vintages())) == 12


def test_writers_that_disagree_leave_one_of_them_with_an_error(archive: Archive, address: str) -> None:
    data = issues.vintage()
    variants = [issues.record(data), dataclasses.replace(issues.record(data), mean=np.full(3, 5.0))]

    def write(record: ForecastRecord) -> bool:
        with Archive.open(address) as mine:
            try:
                mine.store(mine.begin(issues.run()), [data], [record])
            except ArchiveConflict:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(write, variants)) == [False, True]
    assert len(list(archive.forecasts())) == 1


def test_a_new_archive_that_many_open_at_once_is_made_once(address: str) -> None:
    def make(_: int) -> bool:
        with Archive.open(address) as archive:
            return archive.keys().empty

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(make, range(4)))
    with Database(address).reading() as connection:
        versions = connection.execute(sqlalchemy.select(schema.schema_versions.c.version)).scalars().all()
    assert versions == [schema.VERSION]


def test_passwords_stay_secret(postgresql: Server) -> None:
    address = postgresql.new_database()
    with Archive.open(address) as archive:
        assert "pa55word" not in archive.address
        filled(archive, "a")
        assert not any("pa55word" in str(cell) for cell in archive.runs().to_numpy().ravel())
    wrong = postgresql.address("no_such_database")
    with pytest.raises(ArchiveUnavailable) as caught:
        Archive.open(wrong)
    assert "no_such_database" in str(caught.value)
    assert "pa55word" not in "".join(trace(caught.value))


@pytest.mark.parametrize(
    "address",
    [
        "postgresql://cron:pa55word@127.0.0.1:1/counts?connect_timeout=2",
        "postgresql://cron:pa55word@127.0.0.1:port/counts",
        "mysql://cron:pa55word@host/counts",
        "postgresql://cron@127.0.0.1:1/counts?password=pa55word",
        "postgresql://cron:pa55word@127.0.0.1:1/counts?no_such_option=1",
    ],
)
def test_addresses_that_lead_nowhere_are_named_without_their_password(address: str) -> None:
    with pytest.raises((ArchiveError, InvalidInput)) as caught:
        Archive.open(address)
    assert "pa55word" not in "".join(trace(caught.value))
    assert "cron" in str(caught.value)


@pytest.mark.parametrize("address", ["", "sqlite://", "sqlite:///:memory:", "a\0b"])
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(InvalidInput):
        Archive.open(address)


def test_an_archive_is_not_made_by_reading(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive at"):
        Archive.open(str(tmp_path / "none.sqlite"), create=False)
    assert not list(tmp_path.iterdir())


def trace(error: BaseException) -> list[str]:
    return traceback.format_exception(error)
