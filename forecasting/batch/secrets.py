"""Addresses that may hold a password: taken from the environment, masked wherever they are shown or stored."""

from __future__ import annotations

import os
import re

from forecasting.errors import InvalidInput

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_PASSWORD = re.compile(r"(://[^:@/\s]*):.*@", re.DOTALL)
_PARAMETER = re.compile(r"([?&][^=&]*(?:pass|pwd|secret|token|key)[^=&]*)=[^&]*", re.IGNORECASE)


def unset_variables(address: str) -> tuple[str, ...]:
    """Return the environment variables that an address names and that are not set."""
    return tuple(name for name in _VARIABLE.findall(address) if name not in os.environ)


def resolved(address: str) -> str:
    """Return an address with ``${NAME}`` replaced by the environment variable NAME.

    Raises
    ------
    InvalidInput
        If a variable is not set.
    """
    unset = unset_variables(address)
    if unset:
        raise InvalidInput(f"the environment variable {unset[0]} is not set; set it, or write the address out")
    return _VARIABLE.sub(lambda found: os.environ[found[1]], address)


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
