"""Whether an archive still holds what was stored: every digest is computed again, and what is wrong is listed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from forecasting.batch.archive import Contents
from forecasting.errors import ArchiveError
from forecasting.evaluation.judged import SCORES
from forecasting.reading.typed import typed

_TOGETHER = 500


@dataclass(frozen=True)
class Verified:
    """What was looked at, and what is wrong.

    Attributes
    ----------
    runs, forecasts, vintages, scores : int
        How many there are.
    problems : tuple of str
        Empty if everything is as it was stored.
    """

    runs: int
    forecasts: int
    vintages: int
    scores: int
    problems: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)


@typed
def verify(archive: Contents) -> Verified:
    """Check a whole archive.

    Parameters
    ----------
    archive : Archive
        Read only.

    Returns
    -------
    Verified
        With one sentence for each thing that is wrong.

    Examples
    --------
    >>> import tempfile
    >>> from forecasting.batch import Archive
    >>> with tempfile.TemporaryDirectory() as folder, Archive.open(f"{folder}/forecasts.db") as archive:
    ...     verify(archive)
    Verified(runs=0, forecasts=0, vintages=0, scores=0, problems=())
    """
    problems: list[str] = []

    def counted(look: Callable[[], int]) -> int:
        try:
            return look()
        except ArchiveError as error:
            problems.append(str(error))
            return 0

    with archive.snapshot() as held:
        counted(lambda: len(_noted(held.faults(), problems)))
        runs = counted(lambda: len(held.runs()) + 0 * len(held.rolls()))
        forecasts = counted(lambda: _forecasts(held, problems))
        vintages = counted(lambda: sum(1 for _ in held.vintages()))
        scores = counted(lambda: len(held.scored(list(SCORES)[:1])))
    return Verified(runs, forecasts, vintages, scores, tuple(dict.fromkeys(problems)))


def _noted(found: list[str], problems: list[str]) -> list[str]:
    problems += found
    return found


def _forecasts(held: Contents, problems: list[str]) -> int:
    """Read every forecast, those of a damaged part one by one."""
    numbers = held.keys()["id"].tolist()
    for part in _parts(numbers):
        try:
            _read(held, part)
        except ArchiveError:
            for number in part:
                try:
                    _read(held, [number])
                except ArchiveError as error:
                    problems.append(str(error))
    return len(numbers)


def _read(held: Contents, numbers: Iterable[int]) -> None:
    for _ in held.read(numbers):
        pass


def _parts(numbers: list[int]) -> Iterator[list[int]]:
    for first in range(0, len(numbers), _TOGETHER):
        yield numbers[first : first + _TOGETHER]
