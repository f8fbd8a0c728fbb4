"""No secret is shown, wherever in whatever form of address it stands."""

from __future__ import annotations

import json
import random
import string
import traceback
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from forecasting.batch.archive import Archive
from forecasting.batch.archive.connection import Database
from forecasting.batch.config import load_config
from forecasting.batch.inputs import checked_series
from forecasting.batch.secrets import is_file_name, masked, resolved, scrubbed
from forecasting.errors import ForecastingError, InvalidConfiguration, InvalidInput
from tests.batch.batches import FAST
from tests.batch.test_inputs import TODAY
from tests.cli.commands import run
from tests.evidence.ledgers import SERIES

FORMS = [
    "postgresql://u:{}@host/d",
    "postgresql+psycopg://u:{}@host:5432/d?sslmode=require",
    "postgresql://:{}@host/d",
    "postgresql://u:{}@h1:5432,h2/d",
    "postgresql://u:12?{}@host/d",
    "postgresql://u:a/{}@host/d",
    "postgresql://u:a@{}@host/d",
    "postgresql://u:a#{}@host/d",
    "postgresql://u:a b{}@host/d",
    "postgresql://host/d?bogus={}",
    "postgresql://host/d?sslmode={}",
    "postgresql://host/d?sslmode=require&{}=1",
    "postgresql://host/d?{}",
    "postgresql://host/d?user=u&password={}",
    "postgresql://u:x{}",
    "postgresql://u:1{}/d",
    "postgres:u:{}@host/d",
    "postgresql:/u:{}@host/d",
    "postgresql//u:{}@host/d",
    "postgresql:///u:{}@host/d",
    "//u:{}@host/d",
    "u:{}@host/d",
    "host=db dbname=x user=u password={}",
    "host = db password = {}",
    "password={}",
    "Server=db;Database=x;Uid=u;Pwd={};",
    "dbname=x\tpassword={}",
    "host: db password: {}",
    '{{"host": "db", "password": "{}"}}',
    "mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BSERVER%3Dh%3BUID%3Du%3BPWD%3D{}",
    "mssql+pyodbc://u:{}@host/d?driver=ODBC+Driver+18",
    "bigquery://project?credentials_base64={}",
    "snowflake://u:{}@account/d",
    "databricks://token:{}@host",
    "nonsense://u:{}@host/d",
    "jdbc:postgresql://host/d?user=u&password={}",
    "{}://u@host/d",
    "sqlite:///u:{}@host/d",
    "sqlite:///counts.db?key={}",
    "sqlite://u:{}@host/d",
    "db.example.org:5432/d?password={}",
    "forecasts.db?{}",
]


def secrets() -> Iterator[str]:
    rng = random.Random(20240101)
    letters = string.ascii_letters + string.digits
    marks = ["", "%40", "%3A", "%2F", ";", "=", "&x=", "!", "$", "'", "~", "*", "(", "\u00e9"]
    for _ in range(60):
        yield "".join(rng.choice(letters) for _ in range(7)) + rng.choice(marks) + "".join(rng.choices(letters, k=7))


def parts(secret: str) -> tuple[str, str]:
    return secret[:7], secret[-7:]


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_a_secret_is_shown(form: str) -> None:
    for secret in secrets():
        shown = masked(form.format(secret))
        assert not any(part in shown for part in parts(secret)), (form, secret)


@pytest.mark.parametrize("form", FORMS)
def test_nothing_of_a_secret_is_told_or_kept(form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever becomes of the address: as the archive, the input or any other key, written out or in a variable."""
    secret = next(secrets())
    address = form.format(secret)
    monkeypatch.setenv("SOMEWHERE", address)
    monkeypatch.setattr("forecasting.batch.archive.connection._CONNECT", 1)
    told: list[str] = []
    for archive, source in (
        (address, 'csv = "counts.csv"'),
        ("${SOMEWHERE}", 'csv = "counts.csv"'),
        ("a.db", f"sql = {{ address = {json.dumps(address)}, query = 'SELECT 1' }}"),
        ("a.db", "sql = { address = '${SOMEWHERE}', query = 'SELECT 1' }"),
        *(("a.db", f"{kind} = {json.dumps(address)}") for kind in ("csv", "parquet", "facts", "sql")),
        ("a.db", f'csv = "counts.csv"\ncolumns = {json.dumps(address)}'),
    ):
        for more in ("", *(f"{key} = {json.dumps(address)}" for key in ("report", "workers", "last_month", "horizon"))):
            written = f"seed = 1\narchive = {json.dumps(archive)}\n{more}\n[input]\n{source}\n{FAST}"
            if more[:4] != "last":
                written = "last_month = 'drop'\n" + written
            told += outcomes(tmp_path, written, run=not more and "host" not in archive + address)
    assert told
    for text in told:
        assert not any(part in text for part in parts(secret)), text
    assert [file.name for file in tmp_path.iterdir() if file.name not in ("a.db", "batch.toml")] == []


def outcomes(folder: Path, written: str, *, run: bool) -> Iterator[str]:
    """Yield everything that is said about a configuration, and what would be archived of it."""
    (folder / "batch.toml").write_text(written, encoding="utf-8")
    try:
        config = load_config(folder / "batch.toml")
        yield from (repr(config), json.dumps(config.public))
        if run:
            with checked_series(config, TODAY) as (_, series):
                list(series)
    except ForecastingError as error:
        yield from chain(error)


def chain(error: BaseException | None) -> Iterator[str]:
    """Yield an error and all that it came from, whether or not it is usually shown."""
    while error is not None:
        yield "".join(traceback.format_exception_only(error)) + repr(vars(error))
        error = error.__cause__ or error.__context__


def test_what_is_harmless_is_shown() -> None:
    for address in (
        "postgresql://host/d",
        "postgresql+psycopg://cron@db.example.org:5433/counts_2024?sslmode=require&connect_timeout=10",
        "postgresql://${USER}@${HOST}:${PORT}/${NAME}",
        "sqlite:///folder/forecasts.db?mode=ro",
        "sqlite:////srv/for casts/d.db",
        "${ARCHIVE}",
    ):
        assert masked(address) == address
    assert masked("postgresql://cron:${PASSWORD}@[::1]:5432/d") == "postgresql://cron:***@[::1]:5432/d"


@pytest.mark.parametrize(
    "name", ["a.db", "./host=db/a.db", "../x y.csv", "/srv/a-b_c/(1)/a.db", "C:\\a.db", "\u03b1.db", "12:30.db/.."]
)
def test_names_of_files(name: str) -> None:
    assert is_file_name(name) or name.startswith("12:")


@pytest.mark.parametrize("address", [form for form in FORMS if "://" not in form])
def test_an_address_is_never_taken_for_a_file(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InvalidInput, match="looks like the address of a server") as caught:
        Archive.open(address.format("hunter2"))
    assert not any("hunter2" in text for text in chain(caught.value))
    assert not list(tmp_path.iterdir())


def test_what_a_driver_says_is_scrubbed() -> None:
    for form in FORMS:
        for secret in secrets():
            address = form.format(secret)
            told = f"cannot connect to {address} or {quote(address)}"
            assert not any(part in scrubbed(told, address) for part in parts(secret)), (form, secret)
    assert scrubbed("no such column: y", "postgresql://cron:hunter2@host/counts") == "no such column: y"


def test_unset_variables_are_named() -> None:
    with pytest.raises(InvalidInput, match="FORECASTING_NOT_SET is not set"):
        resolved("postgresql://cron:${FORECASTING_NOT_SET}@host/db")


@pytest.mark.parametrize("address", ["p://u:${FORECASTING_SECRET}@h/d", "p://u:a@b@h/d", "p://u:a/b@c@h?x=1"])
def test_a_password_with_an_at_is_refused_and_not_shown(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORECASTING_SECRET", "hunter@2")
    with pytest.raises(InvalidInput, match=r"the password of postgresql://\*\*\* has an @ in it; write it as %40"):
        resolved(address.replace("p:", "postgresql:"))
    assert resolved("p://u:a%40b@h/d?mail=a@b") == "p://u:a%40b@h/d?mail=a@b"


def test_a_key_that_holds_an_address_is_not_quoted(tmp_path: Path) -> None:
    (tmp_path / "batch.toml").write_text("horizon = ['postgresql://u:hunter2@h/d']\nseed = 'u:hunter2@h'\n")
    with pytest.raises(InvalidConfiguration) as caught:
        load_config(tmp_path / "batch.toml")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "address",
    [
        "sqlite+pysqlcipher://:{}@/x.db?cipher=aes",
        "sqlite://user:{}@host/x.db",
        "sqlite:///x.db?key={}",
        "sqlite+pysqlite:///x.db",
        "sqlite:///file:x.db?mode=rwc&uri=true",
    ],
)
def test_an_archive_in_sqlite_is_a_plain_file(address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password, a host and a driver were left out without a word, and a file in clear text made in another folder."""
    monkeypatch.chdir(tmp_path)
    for secret in secrets():
        with pytest.raises(InvalidInput, match="an archive in SQLite is a plain file") as error:
            Database(address.format(secret))
        assert not any(part in str(error.value) for part in parts(secret))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("form", ["https://user:{}@host/x", "s3://key:{}@bucket/x", "https://host/x?token={}"])
@pytest.mark.parametrize(
    "command",
    [
        ("forecast", "--csv"),
        ("facts", "--ledger"),
        ("batch", "run"),
        ("facts", SERIES, "--as-of", "2023-12-05", "--picture"),
    ],
    ids=lambda command: command[-1],
)
def test_an_address_is_never_a_path(
    form: str, command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    secret = next(secrets())
    found = run(*command, form.format(secret))
    assert found.exit_code == 2
    assert "is the address of a server, not a path" in found.stderr
    assert not any(part in found.output for part in parts(secret))
    assert list(tmp_path.iterdir()) == []
