"""From version 2 of the schema to version 3: scores in long form, accounts instead of sentences, releases in their order.

Version 2 had one column per score; the quality of a fit was told by English messages; one and the same release of a series
could be kept only once a day; and what failed in a run was listed in its summary, again in each run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, text, update

from forecasting.batch.archive import schema
from forecasting.batch.archive.rows import roll_row
from forecasting.batch.records import Roll

_SCORES = (
    *("log_score", "rps", "dss", "crps", "absolute_error"),
    *("interval_score_50", "interval_score_80", "interval_score_95"),
    *("cover_50", "cover_80", "cover_95"),
    *("pit_lower", "pit_upper"),
)
_QUALITY = re.compile(
    r"(?:(?P<name>.*): weight (?P<weight>[\d.]+)(?:, |$))?"
    r"(?:k-hat (?P<khat>\S+), ess (?P<ess>[\d.]+)(?P<annealed>, annealed)?)?"
)
_WARNING = re.compile(r"\w*Warning: |scored by quantiles alone")
_TOGETHER = 500

_HINDCASTS = """
UPDATE forecasts SET hindcast = 1 WHERE EXISTS (
    SELECT 1 FROM vintages JOIN observations ON observations.digest = vintages.digest
    WHERE vintages.series = forecasts.series AND vintages.run <= forecasts.run AND observations.last > forecasts.origin)
"""


def to_3(connection: Connection) -> None:
    """Change the tables and everything in them; the triggers are away while it lasts."""
    _drop_guards(connection)
    schema.rolls.create(connection)
    connection.exec_driver_sql("ALTER TABLE run_ends ADD COLUMN roll VARCHAR(32) REFERENCES rolls (digest)")
    connection.exec_driver_sql("ALTER TABLE forecasts ADD COLUMN account TEXT NOT NULL DEFAULT '{}'")
    connection.exec_driver_sql("ALTER TABLE forecasts ADD COLUMN hindcast INTEGER NOT NULL DEFAULT 0")
    _made_anew(connection, "vintages", _fill_vintages)
    _made_anew(connection, "scores", _fill_scores)
    connection.exec_driver_sql(_HINDCASTS)
    _read_messages(connection)
    _read_summaries(connection)
    schema.guard(connection)


def _drop_guards(connection: Connection) -> None:
    tables = ("runs", "run_ends", "observations", "vintages", "forecasts", "scores")
    if connection.dialect.name == "postgresql":
        statements = [f"DROP TRIGGER {table}_append_only ON {table}" for table in tables]
    else:
        statements = [f"DROP TRIGGER {table}_no_{verb}" for table in tables for verb in ("UPDATE", "DELETE")]
    for statement in statements:
        connection.exec_driver_sql(statement)


def _made_anew(connection: Connection, table: str, fill: Callable[[Connection], None]) -> None:
    connection.exec_driver_sql(f"CREATE TABLE {table}_2 AS SELECT * FROM {table}")
    connection.exec_driver_sql(f"DROP TABLE {table}")
    schema.metadata.tables[table].create(connection)
    fill(connection)
    connection.exec_driver_sql(f"DROP TABLE {table}_2")


def _fill_vintages(connection: Connection) -> None:
    columns = "id, series, as_of, known, digest, run"
    connection.exec_driver_sql(f"INSERT INTO vintages ({columns}) SELECT {columns} FROM vintages_2 ORDER BY id")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(
            "SELECT setval(pg_get_serial_sequence('vintages', 'id'), (SELECT coalesce(max(id), 0) + 1 FROM vintages), false)"
        )


def _fill_scores(connection: Connection) -> None:
    for name in _SCORES:
        connection.exec_driver_sql(
            "INSERT INTO scores (forecast, month, months, y, score, value) "
            f"SELECT forecast, month, 1, y, '{name}', {name} FROM scores_2"
        )


def _read_messages(connection: Connection) -> None:
    table = schema.forecasts
    query = select(table.c.id, table.c.model, table.c.messages).where(table.c.messages != "[]")
    rows = [row for row in connection.execute(query) if json.loads(row.messages)]
    change = update(table).where(table.c.id == bindparam("number"))
    change = change.values(account=bindparam("told"), messages=bindparam("left"))
    for first in range(0, len(rows), _TOGETHER):
        changed = []
        for row in rows[first : first + _TOGETHER]:
            account, left = read_messages(row.model, json.loads(row.messages))
            changed.append({"number": row.id, "told": json.dumps(account, sort_keys=True), "left": json.dumps(left)})
        connection.execute(change, changed)


def read_messages(model: str, messages: Iterable[str]) -> tuple[dict[str, Any], list[str]]:
    """Return the account that the messages of version 2 told in English, and the messages that tell something else.

    Examples
    --------
    >>> read_messages("auto", ["level: weight 0.400, k-hat 0.92, ess 31, annealed", "moments: weight 0.600", "converged"])[1]
    ['converged']
    >>> account, _ = read_messages("CountRegression", ["k-hat 0.31, ess 400"])
    >>> account["members"]
    [{'name': 'CountRegression', 'weight': 1.0, 'method': 'importance', 'khat': 0.31, 'ess': 400.0}]
    """
    account: dict[str, Any] = {"members": [], "warnings": []}
    left = []
    for message in messages:
        found = _QUALITY.fullmatch(message)
        if found is not None and (found["khat"] or found["weight"]):
            member: dict[str, Any] = {"name": found["name"] or model, "weight": float(found["weight"] or 1.0)}
            if found["khat"]:
                khat = float(found["khat"])
                member["method"] = "annealed" if found["annealed"] else "importance"
                member |= {"khat": khat if abs(khat) < float("inf") else None, "ess": float(found["ess"])}
            account["members"].append(member)
        elif _WARNING.match(message):
            account["warnings"].append(message)
        else:
            left.append(message)
    return {name: told for name, told in account.items() if told}, left


def _read_summaries(connection: Connection) -> None:
    """Keep which series were bad; which were good was not archived for each run."""
    ends = schema.run_ends
    for row in connection.execute(select(ends.c.run, ends.c.summary)).all():
        summary = json.loads(row.summary)
        failures = summary.pop("failures", [])
        bad = {one["series"]: one["reason"] for one in failures if not one["model"]}
        good = connection.scalars(
            text("SELECT DISTINCT series FROM forecasts WHERE run <= :run").bindparams(run=row.run)
        ).all()
        kept = roll_row(Roll(tuple(name for name in good if name not in bad), bad))
        known = select(schema.rolls.c.digest).where(schema.rolls.c.digest == kept["digest"])
        if connection.scalar(known) is None:
            connection.execute(insert(schema.rolls).values(kept))
        changed = {"summary": json.dumps(summary, sort_keys=True), "roll": kept["digest"]}
        connection.execute(update(ends).where(ends.c.run == row.run).values(changed))
