"""Addresses of databases: what is taken for one, what of it may be shown, and passwords from the environment.

Nothing is shown because it does not look like a password.  Of an address are shown the parts that are known to be harmless:
driver, user, host, port and database, where the address has the form that these parts have in it, and the query parameters
listed here.  Everything else is ``***``.
"""

from __future__ import annotations

import os
import re
from urllib.parse import unquote_plus

from forecasting.errors import InvalidInput

_HIDDEN = "***"
_NAME = r"\$\{[A-Za-z_][A-Za-z0-9_]*\}"
_VARIABLE = re.compile(rf"{_NAME}", re.ASCII)

_SERVERS = "postgresql|postgres|mysql|mariadb|mssql|oracle|cockroachdb|redshift"
_OTHERS = "bigquery|clickhouse|databricks|db2|duckdb|snowflake|sqlite|trino"
_DRIVER = re.compile(rf"(?:{_SERVERS}|{_OTHERS})(?:\+[a-z][a-z0-9_]{{0,20}})?")
_WORD = rf"(?:[\w.-]|{_NAME})"
_HOST = rf"(?:{_WORD}+|\[[0-9A-Fa-f:.]+\])(?::(?:\w{{1,5}}|{_NAME}))?"
_SERVER = re.compile(
    rf"(?P<driver>(?:{_SERVERS})(?:\+\w+)?)://(?:(?P<user>{_WORD}*)(?P<password>:[^@/?#\s]*)?@)?"
    rf"(?P<place>(?:{_HOST}(?:,{_HOST})*)?(?:/{_WORD}*)?)(?:\?(?P<query>.*))?",
    re.ASCII | re.DOTALL,
)
_HARMLESS = {
    "cache": "shared|private",
    "charset": "ascii|latin1|utf8|utf8mb4",
    "connect_timeout": r"\d{1,4}",
    "immutable": "0|1",
    "mode": "ro|rw|rwc|memory",
    "sslmode": "disable|allow|prefer|require|verify-ca|verify-full",
    "target_session_attrs": "any|read-write|read-only|primary|standby|prefer-standby",
    "timeout": r"\d{1,4}",
    "uri": "true|false",
}
"""Query parameters that are shown, with the values that are."""

_ADDRESS_LIKE = re.compile(
    rf"""[@?"{{}}\x00-\x1f\x7f]     # of a user and a host, of parameters, of a table of settings
    | ://
    | ^-                               # options of psql
    | ^//
    | (?:^|[\s;,&])[A-Za-z][\w\ ]{{0,40}}=  # host=db password=..., Server=db;Pwd=...
    | ^[\w.+-]{{2,}}:                   # a scheme, or host:port
    | ^[A-Za-z]:(?![\\/])              # one letter is a drive, if a folder follows
    | ^(?:{_SERVERS}|sqlite(?=//))(?:\+\w+)?/
    """,
    re.VERBOSE | re.IGNORECASE,
)
_PARTS = re.compile(r"\w{3,}", re.ASCII)  # shorter parts are in the words of any message


def unset_variables(address: str) -> tuple[str, ...]:
    """Return the environment variables that an address names and that are not set."""
    names = (found[2:-1] for found in _VARIABLE.findall(address))
    return tuple(name for name in names if name not in os.environ)


def resolved(address: str) -> str:
    """Return an address with ``${NAME}`` replaced by the environment variable NAME.

    Raises
    ------
    InvalidInput
        If a variable is not set, or the password has an @ in it.
    """
    unset = unset_variables(address)
    if unset:
        raise InvalidInput(f"the environment variable {unset[0]} is not set; set it, or write the address out")
    whole = _VARIABLE.sub(lambda found: os.environ[found[0][2:-1]], address)
    refuse_second_at(whole)
    return whole


def refuse_second_at(address: str) -> None:
    """Raise `InvalidInput` for an @ within a password: others take the rest of it for the host, and tell everybody."""
    behind = address.partition("://")[2].partition("@")[2]
    if "@" in re.split("[/?]", behind, maxsplit=1)[0]:
        raise InvalidInput(f"the password of {masked(address)} has an @ in it; write it as %40")


def is_file_name(text: str) -> bool:
    """Return True unless a text could be meant as the address of a server, whatever its form.

    Examples
    --------
    >>> [is_file_name(text) for text in ("forecasts.db", "data/counts 2023.csv", "C:/forecasts.db", "${HOME}/forecasts.db")]
    [True, True, True, True]
    >>> [is_file_name(text) for text in ("host=db user=u", "postgres:u:p@h", "postgresql:/h/d", "db.example.org:5432/d")]
    [False, False, False, False]
    """
    return not _ADDRESS_LIKE.search(_VARIABLE.sub("x", text))


def refuse_address(text: str, what: str) -> None:
    """Raise `InvalidInput` if a text is the address of a server rather than a file; `what` names it in the message."""
    if not is_file_name(text):
        raise InvalidInput(
            f"{what} looks like the address of a server, not like a file; write postgresql://user:password@host/name, or for "
            "a file ./name, without @ or ? in it"
        )


def masked(address: str) -> str:
    """Return of an address what may be shown.

    Examples
    --------
    >>> masked("postgresql://cron:hunter2@host/counts?sslmode=require&sslpassword=x")
    'postgresql://cron:***@host/counts?sslmode=require&***'
    >>> masked("mssql+pyodbc:///?odbc_connect=DRIVER%3Dx%3BPWD%3Dhunter2"), masked("host=db password=hunter2")
    ('mssql+pyodbc:///?***', '***')
    >>> masked("${FORECASTING_ARCHIVE}"), masked("forecasts.db")
    ('${FORECASTING_ARCHIVE}', 'forecasts.db')
    """
    driver, is_url, rest = address.partition("://")
    if not is_url:
        return address if is_file_name(address) else _HIDDEN
    if not _DRIVER.fullmatch(driver):
        return _HIDDEN
    if driver.startswith("sqlite"):
        path, _, query = rest.partition("?")
        harmless = path.startswith("/") and is_file_name(path.removeprefix("/"))
        return f"{driver}://{path if harmless else _HIDDEN}{_parameters(query)}"
    found = _SERVER.fullmatch(address)
    # An @ that does not end the user's name and password, or a second one, is in the password: nothing is where it seems.
    if found is None or address.count("@") != (found["user"] is not None):
        return f"{driver}://{_HIDDEN}"
    user = "" if found["user"] is None else found["user"] + f":{_HIDDEN}" * (found["password"] is not None) + "@"
    # What follows a colon may be a password without a host.
    place = found["place"] if user else re.sub(r":\w+", f":{_HIDDEN}", found["place"])
    return f"{driver}://{user}{place}{_parameters(found['query'])}"


def scrubbed(message: str, address: str) -> str:
    """Return what a driver said without anything of an address that is not shown.

    Examples
    --------
    >>> scrubbed("no user cron with hunter2 at host", "postgresql://cron:hunter2@host/counts")
    'no user cron with *** at host'
    """
    _, _, password = address.partition("://")[2].rpartition("@")[0].partition(":")
    whole = {password, unquote_plus(password)} - {""}
    forms = (address, unquote_plus(address), unquote_plus(unquote_plus(address)))
    parts = {part for form in forms for part in _PARTS.findall(form)} - set(_PARTS.findall(masked(address)))
    for hidden in (*sorted(whole), *sorted(parts, key=len, reverse=True)):
        message = message.replace(hidden, _HIDDEN)
    return message


def _parameters(query: str | None) -> str:
    """Return the query of an address, with one ``***`` for all that is not known to be harmless."""
    if not query:
        return ""
    pairs = [pair.partition("=") for pair in query.split("&")]
    kept = [f"{name}={value}" for name, _, value in pairs if re.fullmatch(_HARMLESS.get(name, "(?!)"), value)]
    return "?" + "&".join([*kept, *[_HIDDEN] * (len(kept) < len(pairs))])
