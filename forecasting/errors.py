"""The exception and warning tree of the library.

Every error says what is wrong, where, and what to do about it.  Anything a caller can mend by changing the request derives
from `InvalidInput`; the command line turns those into exit code 2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


class ForecastingError(Exception):
    """Root of every error raised on purpose by this library.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.load_ledger().evidence("get_lost.requests")
    ... except fc.ForecastingError as error:  # whatever this library refuses, and nothing else
    ...     print(type(error).__name__)
    UnknownSeries
    """

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep the message and every attribute in pickles and copies, whatever the arguments of the constructor are."""
        return _rebuilt, (type(self), self.args, vars(self))


def _rebuilt(kind: type[ForecastingError], args: tuple[Any, ...], attributes: dict[str, Any]) -> ForecastingError:
    error = kind.__new__(kind, *args)
    vars(error).update(attributes)
    return error


class InvalidInput(ForecastingError, ValueError):
    """The request or the data cannot be used as given.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.Climatology(last=1)
    ... except fc.InvalidInput as error:
    ...     print(error)
    last=1 must be a whole number of at least 2
    """


class UnknownSeries(InvalidInput):
    """A series name that the ledger does not hold.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.load_ledger().evidence("get_lost.desertions")
    ... except fc.UnknownSeries as error:
    ...     print(str(error).split("; ")[0])
    no facts about 'get_lost.desertions'
    """


class InvalidSeries(InvalidInput):
    """Monthly counts with gaps, duplicates or values that are no counts.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.CountSeries(["2024-01", "2024-02"], [12, -3])
    ... except fc.InvalidSeries as error:
    ...     print(error)
    series 'y': 2024-02 is -3 (negative); counts are whole numbers from 0 to 10^9
    """


class InvalidWindow(InvalidInput):
    """A window of months that is empty, reversed, overlapping or outside the data.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.Revert("2023-09", "2023-06")
    ... except fc.InvalidWindow as error:
    ...     print(error)
    the window 2023-09..2023-06 ends before it starts; swap the two months
    """


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

    Examples
    --------
    >>> import forecasting as fc
    >>> print(fc.Problem("facts.csv", 12, "start", "'autumn' is not a month; write it as YYYY-MM"))
    facts.csv:12 [start] 'autumn' is not a month; write it as YYYY-MM
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
    """A ledger of facts with defects; all of them are listed in `problems`.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     fc.load_ledger("a_folder_without_files")
    ... except fc.InvalidLedger as error:
    ...     for problem in error.problems:
    ...         print(problem)
    facts.csv cannot be read from a_folder_without_files: No such file or directory; check the path
    sources.csv cannot be read from a_folder_without_files: No such file or directory; check the path
    """

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

    Examples
    --------
    >>> import forecasting as fc
    >>> ledger = fc.load_ledger()
    >>> misprint = ledger.entries[0].model_copy(update={"fact_id": "F001-again", "value": 578, "low": 578, "high": 578})
    >>> try:
    ...     fc.Ledger((*ledger.entries, misprint), ledger.origins).evidence(misprint.series).check()
    ... except fc.ContradictoryFacts as error:
    ...     print(error.facts)
    ('F001', 'F001-again')
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

    Examples
    --------
    >>> import forecasting as fc
    >>> series = fc.CountSeries(["2023-09", "2023-10", "2023-11"], [184, 218, 175])
    >>> try:
    ...     fc.CountRegression(fc.Intercept() + fc.Step("2023-09")).fit(series)  # all months have the step
    ... except fc.NotIdentified as error:
    ...     print(error.terms)
    ('intercept', 'step[2023-09]')
    """

    def __init__(self, terms: Iterable[str], message: str) -> None:
        self.terms = tuple(terms)
        super().__init__(message)


class TooLarge(ForecastingError):
    """An exact computation past its stated size.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> month = pd.period_range("2024-01", periods=1, freq="M")
    >>> forecast = fc.Predictive(month, [[10**9]], [[1e9]], (), fc.Poisson(), "y")
    >>> try:
    ...     forecast.pmf("2024-01")  # a probability for each of a thousand million counts
    ... except fc.TooLarge as error:
    ...     print(str(error).split("; ")[1])
    ask for quantile() or exceedance() instead, or pass a smaller upto
    """


class SamplingError(ForecastingError):
    """No sampler reached a posterior sample of acceptable quality.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> month = pd.period_range("2024-01", periods=1, freq="M")
    >>> try:
    ...     fc.Predictive(month, [[9]], [[float("inf")]], (), fc.Poisson(), "y")
    ... except fc.SamplingError as error:
    ...     print(str(error).split("; ")[0])
    2024-01 has a mean above 10^15 or no number: the parameters explode
    """


class ArchiveError(ForecastingError):
    """The archive of forecasts cannot do what was asked.

    Examples
    --------
    >>> import forecasting as fc
    >>> [error.__name__ for error in (fc.ArchiveConflict, fc.ArchiveUnavailable) if issubclass(error, fc.ArchiveError)]
    ['ArchiveConflict', 'ArchiveUnavailable']
    """


class ArchiveConflict(ArchiveError):
    """A forecast with the key of an archived one and other numbers; nothing was overwritten.

    Examples
    --------
    >>> import forecasting as fc
    >>> try:
    ...     raise fc.ArchiveConflict("requests, auto, 2023-11: archived with other numbers")
    ... except fc.ArchiveError as error:  # one clause for every failure of the archive
    ...     print(error)
    requests, auto, 2023-11: archived with other numbers
    """


class ArchiveUnavailable(ArchiveError):
    """The archive cannot be reached or written: lost server, full disk, missing driver; what it holds is consistent.

    Examples
    --------
    >>> import forecasting as fc
    >>> from forecasting.batch.archive import Archive
    >>> try:
    ...     Archive.open("sqlite:///no/such/folder/forecasts.db")
    ... except fc.ArchiveUnavailable as error:
    ...     print(str(error).split("; ")[0])
    the archive sqlite:///no/such/folder/forecasts.db cannot be used: unable to open database file
    """


class EngineLost(ForecastingError):
    """The cluster that runs the jobs of a batch cannot be reached, or is gone."""


class ForecastingWarning(UserWarning):
    """Root of every warning issued by this library.

    Examples
    --------
    >>> import warnings
    >>> import forecasting as fc
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fc.ForecastingWarning)  # what the library would warn of stops the program
    ...     evidence = fc.load_ledger().evidence("get_lost.desertion_requests")
    """


class SamplingWarning(ForecastingWarning):
    """Posterior draws whose quality should be checked before their numbers are used.

    Examples
    --------
    >>> import warnings
    >>> import numpy as np
    >>> import forecasting as fc
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("error", fc.SamplingWarning)  # no answer instead of a doubtful one
    ...     series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
    ...     posterior = fc.CountRegression().posterior(series, rng=np.random.default_rng(1))
    >>> posterior.khat < 0.7
    True
    """
