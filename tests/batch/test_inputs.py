from __future__ import annotations

import datetime as dt
import itertools
import random
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
import sqlalchemy

from forecasting import CountSeries
from forecasting.batch.checks import Checked
from forecasting.batch.config import load_config
from forecasting.batch.inputs import SourceUnavailable, checked_series
from forecasting.batch.staging import NoRoom, Staging
from forecasting.errors import InvalidInput, InvalidLedger, InvalidSeries
from tests.batch.batches import counts, write_batch
from tests.batch.postgres import Server

ROWS = counts(3)
TODAY = dt.date(2024, 6, 15)


def read(config: Path) -> list[Checked]:
    with checked_series(load_config(config), TODAY) as (size, found):
        series = list(found)
    assert size == len(series)
    return series


def values(config: Path) -> dict[str, list[int]]:
    found = {}
    for one in read(config):
        assert isinstance(one.data, CountSeries), one.faults
        found[one.name] = one.data.values.tolist()
    return found


def with_source(config: Path, source: str) -> Path:
    config.write_text(config.read_text().replace('csv = "counts.csv"', source))
    return config


def table() -> pd.DataFrame:
    frame = pd.DataFrame([row.split(",") for row in ROWS], columns=["unique_id", "ds", "y"])
    return frame.assign(y=frame["y"].astype(int), ds=pd.to_datetime(frame["ds"]))


def test_a_shuffled_csv_is_the_same(tmp_path: Path) -> None:
    shuffled = random.Random(1).sample(ROWS, len(ROWS))
    first = values(write_batch(tmp_path / "a", ROWS))
    assert list(first) == ["s000", "s001", "s002"]
    assert first == values(write_batch(tmp_path / "b", shuffled))


def test_parquet(tmp_path: Path) -> None:
    config = write_batch(tmp_path, ROWS)
    table().to_parquet(tmp_path / "counts.parquet")
    assert values(config) == values(with_source(config, 'parquet = "counts.parquet"'))
    (tmp_path / "counts.parquet").write_bytes(b"PAR1 no such thing PAR1")
    with pytest.raises(InvalidSeries, match="no readable Parquet"):
        read(config)


ODD = {
    "binary ids": {"unique_id": [b"a"] * 12},
    "lists": {"unique_id": [["a"]] * 12},
    "bools": {"unique_id": [True] * 12},
    "fractions": {"unique_id": [1.5] * 12},
    "long ids": {"unique_id": ["n" * 2_000_000] * 12},
}


@pytest.mark.parametrize("odd", ODD)
def test_names_of_odd_types_are_refused(odd: str, tmp_path: Path) -> None:
    config = with_source(write_batch(tmp_path, []), 'parquet = "counts.parquet"')
    table()[:12].assign(**ODD[odd]).to_parquet(tmp_path / "counts.parquet")
    words = "2,000,000 characters" if odd == "long ids" else "neither a text nor a whole number; cast the column of ids"
    with pytest.raises(InvalidSeries, match=words):
        read(config)


def test_types_that_say_the_same(tmp_path: Path) -> None:
    config = with_source(write_batch(tmp_path, []), 'parquet = "counts.parquet"')
    frame = table()[:24].assign(unique_id=7)
    for same in (
        frame,
        frame.assign(unique_id=7.0),
        frame.assign(unique_id=" 7 "),
        frame.assign(y=frame["y"].astype(float)),
        frame.assign(y=[Decimal(y).scaleb(0) + Decimal("0.000") for y in frame["y"]]),
        frame.assign(ds=frame["ds"].dt.tz_localize("UTC")),
        frame.assign(ds=frame["ds"].dt.date),
        frame.assign(ds=frame["ds"].dt.to_period("M")),
        frame.assign(ds=frame["ds"] + pd.Timedelta(days=14)),
    ):
        same.to_parquet(tmp_path / "counts.parquet")
        assert values(config) == {"7": frame["y"].tolist()}
    frame.assign(ds=frame["ds"].dt.to_period("Q")).to_parquet(tmp_path / "counts.parquet")
    with pytest.raises(InvalidSeries, match="'ds' has periods of frequency Q-DEC; give months"):
        read(config)


@pytest.mark.parametrize("zone", ["Europe/Kyiv", "America/New_York"])
def test_stamps_that_a_zone_has_moved_shift_nothing(zone: str, tmp_path: Path) -> None:
    config = with_source(write_batch(tmp_path, []), 'parquet = "counts.parquet"')
    local = table()[:24]["ds"].dt.tz_localize(zone)
    for moved in (local.dt.tz_convert("UTC"), local.dt.tz_convert("UTC").dt.tz_localize(None)):
        table()[:24].assign(ds=moved).to_parquet(tmp_path / "counts.parquet")
        (found,) = read(config)
        assert "may be the start or the end of a month in another time zone" in found.faults[0]


def test_look_alikes_are_noted(tmp_path: Path) -> None:
    names = ["caf\u00e9", "cafe\u0301", "a b", "a\u00a0b", "a\u200bb", "ab", "C", "c", "d"]
    rows = [f"{name},2022-{month:02d},5" for name in names for month in range(1, 13)]
    found = {one.name: one.notes for one in read(write_batch(tmp_path, rows))}
    assert {name for name, notes in found.items() if not notes} == {"d"}
    assert found["ab"] == ("looks like another series: 'a\\u200bb'",)


def test_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_batch(tmp_path, ROWS)
    expected = values(config)
    with sqlite3.connect(tmp_path / "counts.db") as database:
        table().assign(ds=lambda t: t["ds"].dt.strftime("%Y-%m-%d")).to_sql("counts", database, index=False)
    database.close()
    monkeypatch.setenv("COUNTS", "sqlite:///counts.db")
    query = "SELECT unique_id, ds, y, ':x' AS other FROM counts WHERE y >= 0 AND ds LIKE '20%'"
    with_source(config, f'sql = {{ address = "${{COUNTS}}", query = "{query}" }}')
    assert values(config) == expected
    monkeypatch.setenv("COUNTS", "sqlite:///no/such/folder.db")
    with pytest.raises(InvalidInput, match=r"input.sql at \$\{COUNTS\} failed: there is no such file"):
        read(config)
    monkeypatch.setenv("COUNTS", "nonsense://user:hunter2@host")
    with pytest.raises(InvalidInput, match="cannot be used") as caught:
        read(config)
    assert "hunter2" not in str(caught.value)


QUERY = """
SELECT unique_id, ds, y, ':x' AS other, 10 % 3 AS rest /* 100%s :y %(z)s */ FROM counts  --% a comment
WHERE y >= 0 AND unique_id LIKE 's%' AND ds LIKE '20%%' AND '12:30' <> '%b'
"""


def test_a_query_is_sent_as_it_is_written(tmp_path: Path, postgresql: Server) -> None:
    config = write_batch(tmp_path, ROWS)
    expected = values(config)
    given = config.read_text()
    for address in (f"sqlite:///{tmp_path}/counts.db", postgresql.new_database()):
        engine = sqlalchemy.create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
        table().assign(ds=lambda t: t["ds"].dt.strftime("%Y-%m-%d")).to_sql("counts", engine, index=False)
        engine.dispose()
        address = address.replace("postgresql:", "postgresql+psycopg:")
        source = f"sql = {{ address = '{address}', query = '''{QUERY}''' }}"
        config.write_text(given.replace('csv = "counts.csv"', source))
        assert values(config) == expected


def test_a_database_that_is_away_is_no_fault_of_the_request(tmp_path: Path) -> None:
    address = "postgresql+psycopg://cron:hunter2@127.0.0.1:1/counts?connect_timeout=2"
    config = with_source(write_batch(tmp_path, ROWS), f"sql = {{ address = '{address}', query = 'SELECT 1' }}")
    with pytest.raises(SourceUnavailable, match="cannot be reached") as caught:
        read(config)
    assert "hunter2" not in str(caught.value)
    with sqlite3.connect(tmp_path / "empty.db") as database:
        database.execute("CREATE TABLE other (x)")
    config.write_text(
        config.read_text()
        .replace(address, f"sqlite:///{tmp_path}/empty.db")
        .replace("SELECT 1", "SELECT y FROM counts")
    )
    with pytest.raises(InvalidInput, match=r"no such table.*check the query"):
        read(config)


def test_columns_by_other_names(tmp_path: Path) -> None:
    names = '[input.columns]\nunique_id = "id"\nds = "month"\ny = "count"'
    config = write_batch(tmp_path, ROWS, header="id,month,count", columns=names)
    assert len(values(config)) == 3
    config = write_batch(tmp_path, ROWS, header="id,month,y", columns=names)
    with pytest.raises(
        InvalidSeries, match=r"column 'count' is missing; its columns.* are 'id', 'month', 'y'; name columns in"
    ):
        read(config)


@pytest.mark.parametrize("source", ["csv", "parquet", "sql"])
def test_a_table_without_names_is_one_series_as_on_the_command_line(source: str, tmp_path: Path) -> None:
    config, one = write_batch(tmp_path, ROWS), table().query("unique_id == 's001'").drop(columns="unique_id")
    expected = values(config)["s001"]
    if source == "csv":
        one.to_csv(tmp_path / "counts.csv", index=False)
    elif source == "parquet":
        one.to_parquet(tmp_path / "one.parquet")
        with_source(config, 'parquet = "one.parquet"')
    else:
        with sqlite3.connect(tmp_path / "one.db") as database:
            one.assign(ds=one["ds"].astype(str)).to_sql("one", database, index=False)
        with_source(config, f'sql = {{address = "sqlite:///{tmp_path}/one.db", query = "SELECT ds, y FROM one"}}')
    assert values(config) == {"y": expected}
    config.write_text(config.read_text() + '\n[input.columns]\nunique_id = "station"\n')
    with pytest.raises(InvalidSeries, match="'station' is missing"):
        read(config)


def test_chosen_series(tmp_path: Path) -> None:
    config = write_batch(tmp_path, ROWS, columns='series = ["s002", "s009"]')
    found = {one.name: one.faults for one in read(config)}
    assert found == {
        "s002": (),
        "s009": ("the input has no rows for it; check the name, or take it out of input.series",),
    }


def test_facts(tmp_path: Path) -> None:
    names = '["get_lost.desertion_requests", "get_lost.share_abroad", "nothing"]'
    config = with_source(write_batch(tmp_path, []), f'facts = "shipped"\nseries = {names}')
    found = {one.name: one for one in read(config)}
    assert found["get_lost.desertion_requests"].data is not None
    assert "no facts that can be used as data" in found["get_lost.share_abroad"].faults[0]
    assert "no facts about 'nothing'" in found["nothing"].faults[0]
    with pytest.raises(InvalidLedger):
        read(with_source(write_batch(tmp_path, []), 'facts = "no-folder"'))


def test_the_shipped_table(tmp_path: Path) -> None:
    config = with_source(write_batch(tmp_path, []), 'csv = "shipped"')
    assert {name: len(counts) for name, counts in values(config).items()} == {"tornadoes": 78, "tornadoes_1950s": 72}


def test_bad_rows_harm_their_series_alone(tmp_path: Path) -> None:
    rows = [*ROWS, "bad,2023-01", "bad,2023-02,1,1", "short,2023-01,4", ",2023-01,4", "\t,,", ""]
    found = {one.name: one.faults for one in read(write_batch(tmp_path, rows))}
    assert {name for name, faults in found.items() if not faults} == {"s000", "s001", "s002"}
    line = len(ROWS) + 2
    assert f"line {line} has 2 cells where the header has 3" in found["bad"][0]
    assert f"line {line + 1} has 4 cells where the header has 3" in found["bad"][1]
    assert "is no name" in found[""][0]


def test_names_that_are_trouble_elsewhere(tmp_path: Path) -> None:
    names = ["<script>alert(1)</script>", "'; DROP TABLE forecasts; --", "../../etc/passwd", "=1+1", "\U0001f600" * 300]
    rows = [f'"{name}",2023-{month:02d},{month}' for name in names for month in range(1, 13)]
    assert set(values(write_batch(tmp_path, rows))) == set(names)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"unique_id,ds,y\n", "has no rows"),
        (b"unique_id,ds,y\n" + b"0" * 2**21, "line has more than|has more than 1,048,576 characters"),
        (b"\xff\xfe\x00", "is UTF-16, not CSV"),
        (b"unique_id,ds,y\na,2023-01,\xff", "is not UTF-8"),
        (b"unique_id,ds\na,2023-01", "'y' is missing"),
        (b"unique_id,ds,y,y\n", "'y' is there twice"),
        (b'unique_id,ds,y\n"a,2023-01,3\n', "is not valid CSV"),
        (b'unique_id,ds,y\n"a"b,2023-01,3\n', "counts.csv:2 is not valid CSV"),
        (b"unique_id,ds,y\na,2023-01," + b"9" * 200_000, "field larger than"),
    ],
)
def test_hostile_csv(tmp_path: Path, content: bytes, words: str) -> None:
    config = write_batch(tmp_path, [])
    (tmp_path / "counts.csv").write_bytes(content)
    with pytest.raises(InvalidSeries, match=words):
        read(config)


def test_a_missing_file(tmp_path: Path) -> None:
    config = write_batch(tmp_path, [])
    (tmp_path / "counts.csv").unlink()
    with pytest.raises(InvalidSeries, match=r"counts\.csv cannot be read from .*: No such file"):
        read(config)


def test_a_day_that_has_not_come(tmp_path: Path) -> None:
    config = write_batch(tmp_path, ROWS)
    config.write_text(config.read_text().replace("2024-03-31", "2099-01-01"))
    with pytest.raises(InvalidInput, match="later than today"):
        read(config)


def test_staging_keeps_what_it_is_given() -> None:
    cells = ["text", 3, 2.5, None, 2**70, float("nan"), True, dt.date(2023, 9, 1), b"x"]
    with Staging(1) as staging:
        staging.add(("a", (cell,)) for cell in cells)
        staging.add_fault("a", "a fault")
        (raw,) = staging
        assert len(staging) == 1
    kept = ["text", 3, 2.5, None, float("inf"), None, "True", "2023-09-01", "b'x'"]
    assert [row[0] for row in raw.rows] == kept
    assert raw.faults == ("a fault",)


def test_staging_does_not_keep_endless_series() -> None:
    with Staging(1) as staging:
        staging.add(("a", (k,)) for k in range(20_000))
        staging.add([("b", (1,))])
        sizes = [(raw.name, len(raw.rows), raw.size) for raw in staging]
    assert sizes == [("a", 5000, 20_000), ("b", 1, 1)]


def test_rows_beyond_the_limit_are_counted_and_not_kept() -> None:
    rng = random.Random(5)
    names = [rng.choice("aaab") + "x" * (k % 997 == 0) for k in range(40_000)]
    with Staging(1) as staging:
        staging.add((name, (k,)) for k, name in enumerate(names))
        staging.add_fault("a", "one more")
        found = {raw.name: raw for raw in staging}
        (rows,) = staging._database.execute("SELECT COUNT(*) FROM rows").fetchone()
    assert rows == sum(min(5000, names.count(name)) for name in found)
    for name, raw in found.items():
        assert raw.size == names.count(name) + (name == "a")
        assert [row[0] for row in raw.rows] == [k for k, own in enumerate(names) if own == name][:5000]


def test_a_table_of_something_else_is_refused_while_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("forecasting.batch.staging._MOST_IN_VAIN", 20_000)
    read: list[int] = []

    def endless() -> Iterator[tuple[str, tuple[int]]]:
        for k in itertools.count():
            read.append(k)
            yield "sensor", (k,)

    with Staging(1) as staging, pytest.raises(InvalidSeries, match="for example of 'sensor'; give one row per month"):
        staging.add(endless())
    assert len(read) <= 40_000


def test_long_texts_are_cut_and_endless_ones_refused() -> None:
    with Staging(1) as staging:
        staging.add([("n" * 5000, ("1" * 5000,))])
        (raw,) = staging
        assert (len(raw.name), len(raw.rows[0][0])) == (1001, 101)
        for name, cell in (("n" * 2_000_000, 1), ("n", "1" * 2_000_000)):
            with pytest.raises(InvalidSeries, match="more than 1,048,576 characters"):
                staging.add([(name, (cell,))])


def test_a_full_disk_of_temporary_files() -> None:
    with Staging(2) as staging:
        staging._database.execute("PRAGMA max_page_count = 20")  # the database may not grow past 80 kB
        with pytest.raises(NoRoom, match="point TMPDIR to a folder with room"):
            staging.add((f"s{k}", ("2023-01", k)) for k in range(100_000))
