"""An example ledger to start from: one fact of each kind, with the page that explains the format."""

from __future__ import annotations

from importlib import resources
from os import PathLike
from pathlib import Path

from forecasting.errors import InvalidInput

FILES = ("facts.csv", "sources.csv", "readings.csv", "README.md")


def write_example(folder: str | PathLike[str]) -> list[Path]:
    """Write the example into a folder, which is made if need be, and return the files.

    Raises
    ------
    InvalidInput
        If one of the files is there already: nothing is overwritten.  Or if the folder cannot be written.
    """
    home = Path(folder)
    there = [name for name in FILES if (home / name).exists()]
    if there:
        raise InvalidInput(f"{home} holds {', '.join(there)} already; name another folder")
    template = resources.files("forecasting.evidence") / "template"
    try:
        home.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            (home / name).write_bytes((template / name).read_bytes())
    except OSError as error:
        raise InvalidInput(f"{home} cannot be written: {error.strerror}; name another folder") from None
    return [home / name for name in FILES]
