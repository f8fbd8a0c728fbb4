"""The exception and warning tree of the library.

Every error says what is wrong, where, and what to do about it.  Anything a caller can mend by changing the request derives
from `InvalidInput`; the command line turns those into exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


class ForecastingError(Exception):
    """Root of every error raised on purpose by this library."""


class InvalidInput(ForecastingError, ValueError):
    """The request or the data cannot be used as given."""


class UnknownSeries(InvalidInput):
    """A series name that the ledger does not hold."""


class InvalidSeries(InvalidInput):
    """Monthly counts with gaps, duplicates or values that are no counts."""


class InvalidWindow(InvalidInput):
    """A window of months that is empty, reversed, overlapping or outside the data."""


@dataclass(frozen=True)
class Problem:
    """One defect of a data file: where it is and what is wrong with it.

    Attributes
    ----------
    file : str
        Name of the file, without its folder.
    row : int
        Line of the file, the header being line 1; 0 when the file as a whole is meant.
    column : str
        Column, or an empty string when the row as a whole is meant.
    message : str
        What is wrong and what would be right.
    """

    file: str
    row: int
    column: str
    message: str

    def __str__(self) -> str:
        """Return ``file:row [column] message``."""
        place = f"{self.file}:{self.row}" if self.row else self.file
        return f"{place} [{self.column}] {self.message}" if self.column else f"{place} {self.message}"


class InvalidLedger(InvalidInput):
    """A ledger of facts with defects; all of them are listed in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the ledger has {len(self.problems)} problem(s):\n{listing}")


class InvalidConfiguration(InvalidInput):
    """A batch configuration with defects; all of them are listed in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        listing = "\n".join(f"  {problem}" for problem in self.problems)
        super().__init__(f"the configuration has {len(self.problems)} problem(s):\n{listing}")


class ContradictoryFacts(InvalidInput):
    """Facts that no vector of monthly counts can satisfy together.

    Attributes
    ----------
    facts : tuple of str
        Identifiers of a smallest set of facts that cannot hold together.
    """

    def __init__(self, facts: Iterable[str], message: str) -> None:
        self.facts = tuple(facts)
        super().__init__(message)


class NotIdentified(InvalidInput):
    """A model with terms that the data cannot tell apart.

    Attributes
    ----------
    terms : tuple of str
        Names of the coefficients that the data cannot see.
    """

    def __init__(self, terms: Iterable[str], message: str) -> None:
        self.terms = tuple(terms)
        super().__init__(message)


class TooLarge(ForecastingError):
    """An exact computation past its stated size."""


class SamplingError(ForecastingError):
    """No sampler reached a posterior sample of acceptable quality."""


class ArchiveError(ForecastingError):
    """The archive of forecasts cannot do what was asked."""


class ArchiveConflict(ArchiveError):
    """A forecast with the key of an archived one and other numbers; nothing was overwritten."""


class ArchiveUnavailable(ArchiveError):
    """The archive cannot be reached or written: lost server, full disk, missing driver; what it holds is consistent."""


class EngineLost(ForecastingError):
    """The cluster that runs the jobs of a batch cannot be reached, or is gone."""


class ForecastingWarning(UserWarning):
    """Root of every warning issued by this library."""
