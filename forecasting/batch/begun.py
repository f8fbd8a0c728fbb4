"""Whether a configuration has an archive already: a note beside it, so that a lost archive is missed and not begun anew."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from forecasting.errors import InvalidInput

_TEXT = """\
The archive of {name} has been begun.  Should it ever be missing, `forecasting batch run` ends with an error instead of
beginning another one in silence; `forecasting batch run --create` begins one.
"""


def note_of(config: Path) -> Path:
    """Return the place of the note of a configuration.

    Examples
    --------
    >>> note_of(Path("batch.toml")).name
    'batch.toml.begun'
    """
    return config.with_name(f"{config.name}.begun")


def may_begin(config: Path) -> bool:
    """Return True if a first run may make the archive: there is no note, and there can be one."""
    return not note_of(config).exists() and os.access(config.absolute().parent, os.W_OK)


def remember(config: Path) -> None:
    """Write the note if it is not there; where it cannot be written, for want of a right or of room, nothing is stopped.

    Raises
    ------
    InvalidInput
        If something else stands in its place.
    """
    note = note_of(config)
    if note.is_dir():
        raise InvalidInput(f"{note} is a folder; the note about the archive of {config.name} needs the place")
    if not note.exists():
        with suppress(OSError):
            note.write_text(_TEXT.format(name=config.name), encoding="utf-8")
