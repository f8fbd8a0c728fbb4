from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy

from forecasting.batch.archive import Archive, Stored, schema
from forecasting.batch.archive.connection import Database
from forecasting.batch.archive.rows import forecast_row, observation_row, run_row, vintage_row
from forecasting.batch.records import ForecastRecord, JobKey
from forecasting.batch.scoring import score_archive
from forecasting.errors import ArchiveError
from tests.batch import issues
from tests.batch.postgres import Server

DATA = issues.vintage()
HERE = Path(__file__).parent


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
    del row["marginals"]
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
    assert sorted(versions) == [1, 2]


def test_old_forecasts_are_scored_by_their_quantiles(version_1: str) -> None:
    with Archive.open(version_1) as archive:
        archive.store(1, [issues.vintage(months=25)], [])
        assert score_archive(archive).new == 1
        score = archive.scores().iloc[0]
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
    with pytest.raises(ArchiveError, match="schema version 99, this library reads up to 2: upgrade the library"):
        Archive.open(address)


def test_the_schema_of_a_migrated_archive_is_that_of_a_new_one(version_1: str, request: pytest.FixtureRequest) -> None:
    Archive.open(version_1).close()
    new = f"{version_1}.new"
    if version_1.startswith("postgresql"):
        server: Server = request.getfixturevalue("postgresql")
        new = server.new_database()
    Archive.open(new).close()
    assert described(version_1) == described(new)


def described(address: str) -> dict[str, set[str]]:
    inspector = sqlalchemy.inspect(Database(address).engine)
    return {
        table: {f"{column['name']} {column['type']} {column['nullable']}" for column in inspector.get_columns(table)}
        for table in inspector.get_table_names()
    }


def test_the_key_of_a_job_is_the_same_in_every_version() -> None:
    assert JobKey("s", "m", "2023-12", "v", "p", 3, 1).digest == "211ec31fe6c0167130a6f54af8d00914"
