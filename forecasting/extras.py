"""Packages that the library can do without: which extra brings them is said when one is missing."""

from __future__ import annotations

import importlib
from typing import Any

from forecasting.errors import InvalidInput


def needed(module: str, extra: str, purpose: str) -> Any:
    """Return a module of a package that the library can do without.

    Raises
    ------
    InvalidInput
        If it is not installed; says which extra brings it.
    """
    try:
        return importlib.import_module(module)
    except ImportError:
        package = module.partition(".")[0]
        raise InvalidInput(
            f"{purpose} needs the package {package}, which is not installed; "
            f"install it with pip install 'desertion-forecasting[{extra}]'"
        ) from None
