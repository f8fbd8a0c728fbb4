from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path

import numpy as np
import psycopg
import pytest
import sqlalchemy

from forecasting.batch.accounts import complaints, in_words
from forecasting.batch.archive import Archive, Stored, schema
from forecasting.batch.archive.connection import Database
from forecasting.batch.archive.rows import forecast_row, observation_row, run_row, vintage_row
from forecasting.batch.archive.truth import Release
from forecasting.batch.judging import score_forecasts
from forecasting.batch.monitoring import monitor
from forecasting.batch.records import ForecastRecord, JobKey, Roll, Vintage
from forecasting.batch.scoring import Scored, score_archive
from forecasting.errors import ArchiveError
from forecasting.evaluation.judged import SCORES
from tests.batch import issues
from tests.batch.postgres import Server

DATA = issues.vintage()
HERE = Path(__file__).parent
RELEASES: tuple[Release, ...] = ("first", "latest")


@pytest.fixture
def version_2(address: str) -> str:
    """An archive that version 2 has written: forecasts, a failure, a hindcast, revised counts, scores, runs."""
    script = (HERE / f"version_2_{Database(address).engine.dialect.name}.sql").read_text(encoding="utf-8")
    if address.startswith("postgresql"):
        with psycopg.connect(address) as server:
            server.execute(script)
    else:
        with sqlite3.connect(address) as file:
            file.executescript(script)
        file.close()
    return address


def old_record() -> ForecastRecord:
    record = issues.record(DATA)
    return ForecastRecord(
        record.key, "done", record.months, record.levels, record.quantiles, record.paths, record.mean, cpu=1.0
    )


@pytest.fixture
def version_1(address: str) -> str:
    """An archive as version 1 of the schema wrote it: made from its own statements, with a forecast in it."""
    database = Database(address)
    statements = (HERE / f"version_1_{database.engine.dialect.name}.sql").read_text(encoding="utf-8")
    row = forecast_row(old_record(), 1)
    for added in ("marginals", "account", "hindcast"):
        del row[added]
    with database.writing(create=True) as connection:
        for statement in statements.split(";\n"):
            connection.exec_driver_sql(statement)
        connection.execute(sqlalchemy.insert(schema.schema_versions).values(version=1, applied="2024-01-01"))
        for table, values in (
            (schema.runs, run_row(issues.run())),
            (schema.observations, observation_row(DATA)),
            (schema.vintages, vintage_row(DATA, 1, "2024-01-05")),
            (schema.forecasts, row),
        ):
            connection.execute(table.insert().values(values))
    return address


def test_an_old_archive_is_migrated_with_everything_in_it(version_1: str) -> None:
    with Archive.open(version_1) as archive:
        (record,) = archive.forecasts()
        assert record.content == old_record().content
        assert record.marginals == b""
        assert archive.store(1, [DATA], [old_record()]) == Stored(0, 1)
        later = issues.record(DATA, "other")
        assert archive.store(1, [DATA], [later]) == Stored(1, 0)
        assert next(archive.forecasts(model="other")).marginals == later.marginals
    with Database(version_1).reading() as connection:
        versions = connection.execute(sqlalchemy.select(schema.schema_versions.c.version)).scalars().all()
    assert sorted(versions) == [1, 2, 3]


def test_old_forecasts_are_scored_by_their_quantiles(version_1: str) -> None:
    with Archive.open(version_1) as archive:
        archive.store(1, [issues.vintage(months=25)], [])
        assert score_archive(archive).new == 1
        score = archive.scores(list(SCORES)).iloc[0]
    assert score[["log_score", "rps", "dss", "pit_lower", "pit_upper"]].isna().all()
    assert score[["crps", "absolute_error", "interval_score_50", "interval_score_95", "cover_80"]].notna().all()


def test_it_is_still_append_only(version_1: str) -> None:
    with Archive.open(version_1):
        pass
    with pytest.raises(ArchiveError, match="append-only"), Database(version_1).writing() as connection:
        connection.exec_driver_sql("UPDATE forecasts SET marginals = NULL")


def test_a_failed_migration_leaves_the_old_archive(version_1: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from forecasting.batch.archive import migrations

    step = migrations.STEPS[1]

    def half(connection: sqlalchemy.Connection) -> None:
        step(connection)
        connection.exec_driver_sql("SELECT no_such_column FROM forecasts")

    monkeypatch.setitem(migrations.STEPS, 1, half)
    with pytest.raises(ArchiveError):
        Archive.open(version_1)
    monkeypatch.undo()
    with Archive.open(version_1) as archive:
        assert len(archive.keys()) == 1


def test_an_archive_of_a_newer_library_is_left_alone(address: str) -> None:
    Archive.open(address).close()
    with Database(address).writing() as connection:
        connection.execute(sqlalchemy.insert(schema.schema_versions).values(version=99, applied="2030-01-01"))
    with pytest.raises(ArchiveError, match="schema version 99, this library reads up to 3: upgrade the library"):
        Archive.open(address)


@pytest.fixture
def new(address: str, request: pytest.FixtureRequest) -> str:
    """A new archive in a database of the same kind."""
    beside = f"{address}.new"
    if address.startswith("postgresql"):
        server: Server = request.getfixturevalue("postgresql")
        beside = server.new_database()
    Archive.open(beside).close()
    return beside


def test_the_schema_of_a_migrated_archive_is_that_of_a_new_one(version_1: str, new: str) -> None:
    Archive.open(version_1).close()
    assert described(version_1) == described(new)


def test_so_is_that_of_version_2(version_2: str, new: str) -> None:
    Archive.open(version_2).close()
    assert described(version_2) == described(new)


def described(address: str) -> dict[str, set[str]]:
    inspector = sqlalchemy.inspect(Database(address).engine)
    return {
        table: {f"{column['name']} {column['type']} {column['nullable']}" for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }


def test_version_2_keeps_its_forecasts_and_releases(version_2: str) -> None:
    with Archive.open(version_2) as archive:
        forecasts = list(archive.forecasts())  # each is what its digest says
        assert [(one.key.model, one.key.origin, one.hindcast) for one in forecasts] == [
            ("CountRegression", "2023-12", False),
            ("auto", "2023-11", True),
            ("auto", "2023-12", False),
        ]
        assert archive.keys(status="failed")["error"].tolist() == ["SamplingError: no luck"]
        assert [vintage.n for vintage in archive.vintages(series="courts")][-2:] == [25, 26]
        truth = {release: archive.truth(series="courts", release=release).tail(2)["y"].tolist() for release in RELEASES}
        assert truth == {"first": [25, 21], "latest": [28, 21]}
        changed = Vintage("courts", date(2024, 4, 5), "2022-01", [7], [False])
        archive.store(1, [changed], [])  # numbers go on where they were
        assert archive.truth(series="courts").iloc[0]["y"] == 7


def test_version_2_keeps_its_scores(version_2: str) -> None:
    """The scores, computed anew from the archived forecasts, are those that were stored."""
    with Archive.open(version_2) as archive:
        stored = archive.scores(list(SCORES))
        assert len(stored) == 10
        assert score_archive(archive) == Scored(new=0, known=10, pending=2, failed=3)
        records = {record.key.digest: record for record in archive.forecasts()}
        for row in stored.to_dict("records"):
            record = records[row["job"]]
            counts = [row["y"] if month == str(row["ds"]) else np.nan for month in record.months]
            (anew,) = score_forecasts([(record, counts)])
            assert {name: row[name] for name in SCORES} == pytest.approx(anew.values, rel=1e-7, abs=1e-9)


def test_the_sentences_of_version_2_become_accounts(version_2: str) -> None:
    with Archive.open(version_2) as archive:
        keys = archive.keys(status="done").set_index(["model", "origin"])
        pool, alone = keys.loc[("auto", "2023-12")], keys.loc[("CountRegression", "2023-12")]
        assert in_words(pool["account"]) == [
            "level: weight 0.600, k-hat 0.92, ess 31, annealed",
            "moments: weight 0.400",
            "RuntimeWarning: overflow",
        ]
        assert complaints(pool["account"]) == [in_words(pool["account"])[0], "RuntimeWarning: overflow"]
        assert (in_words(alone["account"]), alone["messages"]) == (["k-hat 0.31, ess 400"], ("converged",))
        assert complaints(alone["account"]) == []


def test_the_failures_of_version_2_are_kept_once(version_2: str) -> None:
    with Archive.open(version_2) as archive:
        runs = archive.runs()
        assert runs["roll"].isna().tolist() == [False, False, True]
        assert runs["roll"].nunique() == 1
        assert all("failures" not in summary for summary in runs["summary"].dropna())
        (roll,) = archive.rolls().values()
        assert roll == Roll(("courts", "fresh"), {"gappy": "no count for 2022-03"})
        assert monitor(archive).to_dict()["fits"][-1]["notes"] == ("no count for 2022-03",)


def test_a_migrated_version_2_is_append_only(version_2: str) -> None:
    Archive.open(version_2).close()
    for table in schema.PERMANENT:
        with pytest.raises(ArchiveError, match="append-only"), Database(version_2).writing() as connection:
            connection.exec_driver_sql(f"DELETE FROM {table.name}")


def test_the_key_of_a_job_is_the_same_in_every_version() -> None:
    assert JobKey("s", "m", "2023-12", "v", "p", 3, 1).digest == "211ec31fe6c0167130a6f54af8d00914"
