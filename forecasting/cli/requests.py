"""What was typed, turned into data, terms, models and scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from forecasting.cli.options import Selection, Table, window
from forecasting.cli.output import tell
from forecasting.cli.program import as_typed
from forecasting.errors import InvalidInput, InvalidWindow

if TYPE_CHECKING:
    from forecasting.constraints import Observed
    from forecasting.models import BayesianModel, CountRegression, Model
    from forecasting.scenarios.assumptions import Scenario
    from forecasting.series import CountSeries
    from forecasting.terms import Terms

TERMS, DISTRIBUTION = "intercept,trend", "negative-binomial"

DISTRIBUTIONS = {
    "negative-binomial": "NegativeBinomial",
    "poisson": "Poisson",
    "zero-inflated": "ZeroInflated",
    "hurdle": "Hurdle",
    "contaminated": "Contaminated",
}


def observed(selection: Selection, table: Table) -> Observed:
    """Return the data: a series of a table where one is named, else facts.

    Raises
    ------
    InvalidInput
        If both are asked for, or the file cannot be used.
    """
    counts = counted(selection, table)
    if counts is not None:
        return counts
    series, ledger = selection.choose(selection.everything())
    return selection.evidence(ledger, series)


def counted(selection: Selection, table: Table) -> CountSeries | None:
    """Return a series of a table where one is named.

    Raises
    ------
    InvalidInput
        If facts are asked for as well, or the file cannot be used.
    """
    if table.csv is None:
        if not table.is_empty:
            raise InvalidInput(
                "--id, --allow-missing, --last-month and the names of columns belong to a table; name it with --csv FILE"
            )
        return None
    if not selection.is_empty:
        raise InvalidInput(
            "--csv is a table of counts; --ledger, --series, --reading and --without belong to a ledger: "
            "use one or the other"
        )
    from forecasting.series.files import Columns, read_counts_file

    counts, notes = read_counts_file(
        table.csv,
        table.unique_id,
        columns=Columns(table.id_col, table.time_col, table.target_col),
        allow_missing=table.allow_missing,
        last_month=table.last_month,
        as_of=selection.as_of,
    )
    for note in notes:
        tell(f"Note: {as_typed(note)}")
    return _within(counts, selection.start, selection.end)


def forecaster(name: str, terms: str, distribution: str) -> Model:
    """Return the model named on the command line.

    Raises
    ------
    InvalidInput
        If terms or a distribution were given to a model other than the regression.
    """
    if name == "regression":
        return regression(parse_terms(terms), distribution)
    if (terms, distribution) != (TERMS, DISTRIBUTION):
        raise InvalidInput(f"--terms and --distribution belong to --model regression, not to {name}; leave them out")
    from forecasting.models import find_model

    return find_model(name)()


def bayesian(name: str, terms: str, distribution: str) -> BayesianModel:
    """Return the model named on the command line, if it has a posterior.

    Raises
    ------
    InvalidInput
        If it has none, or terms or a distribution were given to a model other than the regression.
    """
    model = forecaster(name, terms, distribution)
    from forecasting.models import BayesianModel, known_models

    if isinstance(model, BayesianModel):
        return model
    able = ", ".join(short for short, one in known_models().items() if issubclass(one, BayesianModel))
    raise InvalidInput(f"--model {name} has no posterior, so that no scenario can start from it; use one of {able}")


def _number(text: str) -> float | None:
    """Return a text as a number if it is one."""
    from forecasting.reading import Unreadable, number_in

    try:
        return number_in(text)
    except Unreadable:
        return None


def _within(series: CountSeries, start: str | None, end: str | None) -> CountSeries:
    from forecasting.months import to_month
    from forecasting.series import CountSeries

    first = series.months[0] if start is None else to_month(start)
    last = series.months[-1] if end is None else to_month(end)
    kept = (series.months >= first) & (series.months <= last)
    if not kept.any():
        raise InvalidWindow(
            f"series {series.name!r} has no month in {first}..{last}; it holds {series.months[0]}..{series.months[-1]}"
        )
    return CountSeries(series.months[kept], series.values[kept], series.missing[kept], series.unique_id)


def parse_terms(text: str) -> Terms:
    """Read ``intercept,trend,seasonal:1,step:2023-09`` as terms."""
    from forecasting import terms

    def ramp(argument: str) -> terms.Ramp:
        start, end = window(argument, "ramp")
        return terms.Ramp(start, None if start == end else end)

    known: dict[str, Callable[[str], terms.Term]] = {
        "intercept": lambda _: terms.Intercept(),
        "trend": lambda month: terms.Trend(month) if month else terms.Trend(),
        "seasonal": lambda harmonics: terms.Seasonal(_whole(harmonics or "1", "seasonal")),
        "month-effects": lambda _: terms.MonthEffects(),
        "weekdays": lambda _: terms.Weekdays(),
        "step": terms.Step,
        "pulse": terms.Pulse,
        "ramp": ramp,
        "exposure": lambda _: terms.Exposure("days"),
    }
    total = terms.Terms(())
    for part in text.split(","):
        name, _, argument = part.strip().partition(":")
        if name not in known:
            raise InvalidInput(f"--terms: {part.strip()!r} is no term; use {', '.join(known)}")
        if name in ("step", "pulse", "ramp") and not argument:
            raise InvalidInput(f"--terms: {name} needs a month, for example {name}:2023-09")
        if name == "exposure" and argument != "days":
            raise InvalidInput(f"--terms: {part.strip()!r} is no exposure; the only one here is exposure:days")
        total = total + known[name](argument.strip())
    return total


def parse_scenarios(texts: Iterable[str]) -> list[Scenario]:
    """Read ``persist``, ``continue``, ``revert:2023-06..2023-08`` and ``shift:0.3`` as scenarios."""
    from forecasting import scenarios

    found: list[Scenario] = []
    for text in texts:
        name, _, argument = text.strip().partition(":")
        if name in ("persist", "continue") and not argument:
            found.append(scenarios.Persist() if name == "persist" else scenarios.Continue())
        elif name == "revert" and argument:
            found.append(scenarios.Revert(*window(argument, "--scenario revert")))
        elif name == "shift" and (delta := _number(argument)) is not None:
            found.append(scenarios.Shift(delta))
        else:
            raise InvalidInput(
                f"--scenario {text!r} is no scenario; use persist, continue, revert:2023-06..2023-08 or shift:0.3"
            )
    return found


def regression(terms: Terms, distribution: str) -> CountRegression:
    """Return the model."""
    from forecasting import distributions
    from forecasting.models import CountRegression

    return CountRegression(terms, getattr(distributions, DISTRIBUTIONS[distribution])())


def _whole(text: str, name: str) -> int:
    number = _number(text)
    if number is None or number != int(number):
        raise InvalidInput(f"--terms: {name}:{text} needs a whole number, for example {name}:1")
    return int(number)
