"""Addresses that may hold a password: taken from the environment, masked wherever they are shown or stored."""

from __future__ import annotations

import os
import re

from forecasting.errors import InvalidInput

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"(://[^:@/\s]*):.*@", re.DOTALL)
_TWO_HOSTS = re.compile(r"://[^@]*@[^/?]*@")
_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*)=[^&]*", re.IGNORECASE)


def unset_variables(address: str) -> tuple[str, ...]:
    """Return the environment variables that an address names and that are not set."""
    return tuple(name for name in _VARIABLE.findall(address) if name not in os.environ)


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
    whole = _VARIABLE.sub(lambda found: os.environ[found[1]], address)
    refuse_second_at(whole)
    return whole


def refuse_second_at(address: str) -> None:
    """Raise `InvalidInput` for an @ within a password: others take the rest of it for the host, and tell everybody."""
    if _TWO_HOSTS.search(address):
        raise InvalidInput(f"the password of {masked(address)} has an @ in it; write it as %40")


def masked(address: str) -> str:
    """Return an address fit to be shown: passwords and secret parameters are replaced by ``***``.

    Examples
    --------
    >>> masked("postgresql://cron:pa@ss@host/counts?sslmode=require&sslpassword=x")
    'postgresql://cron:***@host/counts?sslmode=require&sslpassword=***'
    >>> masked("${FORECASTING_ARCHIVE}")
    '${FORECASTING_ARCHIVE}'
    """
    return _PARAMETER.sub(r"\1=***", _PASSWORD.sub(r"\1:***@", address))
