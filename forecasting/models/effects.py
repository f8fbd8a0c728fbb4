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
