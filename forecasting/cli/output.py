"""What commands print and write."""

from __future__ import annotations

import json
import sys
import textwrap
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from forecasting.display import chance, plain
from forecasting.errors import ForecastingWarning, InvalidInput

if TYPE_CHECKING:
    from matplotlib.figure import Figure


SCHEMA = 1
"""Version of the JSON objects that commands print; it rises when a key changes its meaning or goes."""


def tell(text: str) -> None:
    """Report progress on standard error."""
    click.echo(text, err=True)


def say_json(found: dict[str, Any]) -> None:
    """Print one JSON object with the version of its layout; text that the stream cannot hold is escaped."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    click.echo(to_json({"schema": SCHEMA, **found}, ascii_only=not encoding.lower().startswith("utf")))


def say_chances(words: str, chances: Iterable[tuple[str, float]]) -> None:
    """Print a paragraph, and below it a line with a bar for each chance."""
    click.echo(f"{textwrap.fill(words, 100)}\n")
    for label, share in chances:
        click.echo(f"{label}  {chance(share):>14}  {'#' * round(40 * share)}".rstrip())


def write_picture(figure: Figure, picture: str) -> None:
    """Write a figure as SVG."""
    from forecasting.figures import svg

    write(Path(picture), svg(figure))
    tell(f"picture: {picture}")


def to_json(found: dict[str, Any], *, ascii_only: bool = False) -> str:
    """Return a JSON object; numbers that are missing or infinite are null, months and dates are text."""
    return json.dumps(plain(found), ensure_ascii=ascii_only, allow_nan=False, indent=2)


@contextmanager
def noting() -> Iterator[list[str]]:
    """Collect what the library warns of, each once; whatever else warns goes its usual way."""
    notes: list[str] = []
    with warnings.catch_warnings():
        shown = warnings.showwarning

        def note(message: Warning | str, category: type[Warning], *where: Any, **further: Any) -> None:
            if not issubclass(category, ForecastingWarning):
                shown(message, category, *where, **further)
            elif str(message) not in notes:
                notes.append(str(message))

        warnings.simplefilter("always", ForecastingWarning)
        warnings.showwarning = note
        yield notes


def write(path: Path, text: str) -> None:
    """Write a file, making its folder.

    Raises
    ------
    InvalidInput
        If it cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8", newline="\n")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written ({error.strerror}); choose another place") from None


def place_of(path: str, option: str) -> Path:
    """Return the path that an option names; an address, which may hold a password, is refused and not shown."""
    from forecasting.reading.arguments import read_path

    return read_path(path, option)
