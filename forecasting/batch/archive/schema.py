"""The tables of the archive, and the triggers that keep them append-only.

The forecasts point to the counts they were made from, and scores to the forecasts.  Counts are kept once however many
vintages and series share them.  A finished forecast exists once for each job, a failure once for each different message;
both are enforced by unique indices, so two writers cannot disagree.  A score belongs to a forecast, a month (or the months up
to it, counted together) and a count, and does not know which release the count came from; there is one row for each, so that a
new score is no new column.  What a run found in its input, and what was wrong with it, is kept once for all runs that found the
same.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

VERSION = 3

metadata = MetaData()
_Number = BigInteger().with_variant(Integer, "sqlite")

schema_versions = Table(
    "schema_versions",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("applied", String(32), nullable=False),
)

runs = Table(
    "runs",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("config_digest", Text, nullable=False),
    Column("started", String(32), nullable=False),
    Column("config", Text, nullable=False),
    Column("versions", Text, nullable=False),
    Column("seed", Text, nullable=False),
)

run_ends = Table(
    "run_ends",
    metadata,
    Column("run", ForeignKey("runs.id"), primary_key=True, autoincrement=False),
    Column("finished", String(32), nullable=False),
    Column("summary", Text, nullable=False),
    Column("roll", ForeignKey("rolls.digest")),  # since version 3; None where it is not known
)

rolls = Table(
    "rolls",
    metadata,
    Column("digest", String(32), primary_key=True),
    Column("names", LargeBinary, nullable=False),
)

observations = Table(
    "observations",
    metadata,
    Column("digest", String(64), primary_key=True),
    Column("first", String(7), nullable=False),
    Column("last", String(7), nullable=False),
    Column("n", Integer, nullable=False),
    Column("counts", LargeBinary, nullable=False),
    Column("facts", Text, nullable=False),
)

vintages = Table(
    "vintages",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("series", Text, nullable=False),
    Column("as_of", String(10), nullable=False),  # empty where it is not known
    Column(
        "known", String(10), nullable=False
    ),  # as_of, else the day of the run that brought it; then they are in order of id
    Column("digest", ForeignKey("observations.digest"), nullable=False),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Index("vintages_by_series", "series", "known"),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("id", _Number, primary_key=True),
    Column("run", ForeignKey("runs.id"), nullable=False),
    Column("job", String(32), nullable=False),
    Column("series", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("origin", String(7), nullable=False),
    Column("vintage", ForeignKey("observations.digest"), nullable=False),
    Column("specification", Text, nullable=False),
    Column("horizon", Integer, nullable=False),
    Column("seed", Text, nullable=False),  # a whole number of any size
    Column("status", String(6), nullable=False),
    Column("months", Text, nullable=False),
    Column("levels", Text, nullable=False),
    Column("quantiles", LargeBinary, nullable=False),
    Column("paths", LargeBinary, nullable=False),
    Column("mean", LargeBinary, nullable=False),
    Column("marginals", LargeBinary),  # since version 2
    Column("messages", Text, nullable=False),
    Column("error", Text),
    Column("cpu", Float, nullable=False),
    Column("content", String(32), nullable=False),
    Column("account", Text, nullable=False, server_default="{}"),  # since version 3
    Column("hindcast", Integer, nullable=False, server_default="0"),  # since version 3
    UniqueConstraint("job", "content"),
)
Index(
    "forecasts_done_once",
    forecasts.c.job,
    unique=True,
    sqlite_where=forecasts.c.status == "done",
    postgresql_where=forecasts.c.status == "done",
)
Index("forecasts_by_series", forecasts.c.series, forecasts.c.model, forecasts.c.origin)

scores = Table(
    "scores",
    metadata,
    Column("forecast", ForeignKey("forecasts.id"), primary_key=True, autoincrement=False),
    Column("month", String(7), primary_key=True),
    Column("months", Integer, primary_key=True, autoincrement=False),  # counted together, `month` being the last
    Column("y", BigInteger, primary_key=True, autoincrement=False),
    Column("score", String(32), primary_key=True),
    Column("value", Float),  # None where it cannot be computed
    sqlite_with_rowid=False,
)

PERMANENT = (runs, run_ends, rolls, observations, vintages, forecasts, scores)


def create(connection: Connection) -> None:
    """Create all tables and triggers in an empty database."""
    metadata.create_all(connection)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(_REFUSE)
    guard(connection)


def guard(connection: Connection) -> None:
    """Create the triggers."""
    for statement in _postgresql_guards() if connection.dialect.name == "postgresql" else _sqlite_guards():
        connection.exec_driver_sql(statement)


def _sqlite_guards() -> list[str]:
    return [
        f"CREATE TRIGGER {table.name}_no_{verb} BEFORE {verb} ON {table.name} "
        f"BEGIN SELECT RAISE(ABORT, 'the archive is append-only'); END"
        for table in PERMANENT
        for verb in ("UPDATE", "DELETE")
    ]


_REFUSE = (
    "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the archive is append-only'; END $$"
)


def _postgresql_guards() -> list[str]:
    return [
        f"CREATE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON {table.name} "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        for table in PERMANENT
    ]
