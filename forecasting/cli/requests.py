"""What was typed, turned into data, terms, models and scenarios."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from forecasting.cli.options import Selection, Table, window
from forecasting.errors import InvalidInput, InvalidSeries, InvalidWindow

if TYPE_CHECKING:
    import pandas as pd

    from forecasting.constraints import Observed
    from forecasting.models import CountRegression, Model
    from forecasting.scenarios.outlook import Scenario
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
FORECASTERS = {
    "regression": "CountRegression",
    "auto": "Auto",
    "level": "DynamicLevel",
    "local-level": "LocalLevel",
    "shifting-level": "ShiftingLevel",
    "ingarch": "Autoregression",
    "sarima": "SARIMA",
    "climatology": "Climatology",
    "moments": "HistoricalMoments",
    "seasonal-naive": "SeasonalNaive",
}
"""Models that `forecast` knows by a short name; all but the regression stand as they are by default."""


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
        if table.unique_id is not None or table.allow_missing:
            raise InvalidInput("--id and --allow-missing belong to a table; name it with --csv FILE")
        return None
    if not selection.is_empty:
        raise InvalidInput(
            "--csv is a table of counts; --ledger, --series, --as-of, --reading and --without belong to a ledger: "
            "use one or the other"
        )
    from forecasting.series import CountSeries

    counts = CountSeries.from_frame(_read(table.csv), table.unique_id, allow_missing=table.allow_missing)
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
    from forecasting import models

    model: Model = getattr(models, FORECASTERS[name])()
    return model


def _read(file: str) -> pd.DataFrame:
    import pandas as pd

    try:
        table = pd.read_csv(file, dtype=str, encoding="utf-8-sig", keep_default_na=False)
    except UnicodeDecodeError:
        raise InvalidSeries(f"{file} is not UTF-8; save it as CSV UTF-8") from None
    except OSError as error:
        raise InvalidSeries(f"{file} cannot be read: {error.strerror}; check the path") from None
    except pd.errors.EmptyDataError:
        raise InvalidSeries(f"{file} is empty; the first line names the columns unique_id, ds, y") from None
    except (pd.errors.ParserError, ValueError) as error:
        raise InvalidSeries(f"{file} is no valid CSV: {error}; give every row as many cells as the header") from None
    absent = [name for name in ("ds", "y") if name not in table]
    if absent:
        raise InvalidSeries(
            f"{file} has no column {' and no column '.join(map(repr, absent))}, only {', '.join(table.columns)}; "
            "its first line must name the columns unique_id, ds and y, separated by commas"
        )
    table["y"] = [_number(cell) for cell in table["y"]]
    return table


def _number(cell: str) -> Any:
    """Return a cell as a number where it is one, None where it is empty, and else as it is."""
    text = cell.strip()
    for convert in (int, float):
        try:
            return convert(text)
        except ValueError:
            continue
    return text or None


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
        elif name == "shift" and isinstance(_number(argument), int | float):
            found.append(scenarios.Shift(_number(argument)))
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
    if not isinstance(number, int):
        raise InvalidInput(f"--terms: {name}:{text} needs a whole number, for example {name}:1")
    return number
