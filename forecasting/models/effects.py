"""Effects as factors: what a coefficient of the log mean multiplies the mean by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput


def with_factors(table: pd.DataFrame, log_rates: Iterable[str], columns: Mapping[str, str]) -> pd.DataFrame:
    """Return the table with the exponential of some columns beside them, in the rows that are log rates.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per parameter.
    log_rates : iterable of str
        Parameters that are added to the log mean; the others have no factor (NaN).
    columns : mapping of str to str
        New column to the column it is the exponential of.

    Examples
    --------
    >>> table = pd.DataFrame({"estimate": [0.5, 0.1]}, index=["step[2023-09]", "alpha"])
    >>> with_factors(table, ["step[2023-09]"], {"factor": "estimate"}).round(2)
                   estimate  factor
    step[2023-09]       0.5    1.65
    alpha               0.1     NaN
    """
    rates = table.index.isin(list(log_rates))
    with np.errstate(over="ignore"):
        return table.assign(**{new: np.exp(table[old].where(rates)) for new, old in columns.items()})


def effects_in_words(table: pd.DataFrame, factors: Sequence[str], plain: Sequence[str], interval: str) -> str:
    """Return the factor of every effect with its limits, a sentence each; of a model without effects, the parameters.

    The intercept is a level, not an effect.

    Parameters
    ----------
    table : pandas.DataFrame
        One row per parameter, from `with_factors`.
    factors, plain : sequence of str
        Columns of middle, lower and upper limit: of factors, and of the parameters themselves.
    interval : str
        What the limits are, such as ``95% interval``.

    Examples
    --------
    >>> table = pd.DataFrame({"m": [0.5, 0.1], "l": [0.2, 0.0], "u": [0.8, 0.3]}, index=["step[2023-09]", "alpha"])
    >>> table = with_factors(table, ["step[2023-09]"], {"fm": "m", "fl": "l", "fu": "u"})
    >>> effects_in_words(table, ["fm", "fl", "fu"], ["m", "l", "u"], "95% interval")
    'step[2023-09] multiplies the mean by 1.65 (95% interval 1.22 to 2.23).'
    >>> effects_in_words(table.tail(1), ["fm", "fl", "fu"], ["m", "l", "u"], "95% interval")
    'alpha is 0.1 (95% interval 0 to 0.3).'
    """
    effects = table[list(factors)].dropna(subset=factors[0]).drop(index="intercept", errors="ignore")
    verb, rows = ("is", table[list(plain)]) if effects.empty else ("multiplies the mean by", effects)
    return " ".join(
        f"{name} {verb} {middle:.3g}" + (f" ({interval} {low:.3g} to {high:.3g})." if np.isfinite(low) else ".")
        for name, middle, low, high in rows.itertuples(name=None)
    )


def read_names(names: Sequence[str] | None, known: Sequence[str]) -> list[str]:
    """Return the parameters that are asked for, one or several, in the order of the `known` ones; all by default.

    Raises
    ------
    InvalidInput
        If one of them does not exist.
    """
    if names is None:
        return list(known)
    is_list = isinstance(names, Iterable) and not isinstance(names, str) and getattr(names, "ndim", 1) > 0
    asked = list(names) if is_list else [names]
    unknown = [name for name in asked if not isinstance(name, str) or name not in known]
    if unknown:
        raise InvalidInput(f"there is no parameter {', '.join(map(str, unknown))}; there are {', '.join(known)}")
    return [name for name in known if name in asked]
