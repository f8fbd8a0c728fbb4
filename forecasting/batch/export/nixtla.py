"""The wide frame of Nixtla's libraries: ``unique_id, ds``, and for each model its mean and the ends of its intervals."""

from __future__ import annotations

from itertools import groupby

import pandas as pd

from forecasting.batch.export.selection import Selection
from forecasting.batch.records import ForecastRecord
from forecasting.errors import InvalidInput


def nixtla_frame(selection: Selection) -> pd.DataFrame:
    """Return forecasts as a wide frame.

    Parameters
    ----------
    selection : Selection
        Forecasts.  If they are from several origins there is a column ``cutoff``, the last month of the data.

    Returns
    -------
    pandas.DataFrame
        ``unique_id``; ``ds``, the first day of the month; ``<Model>``, the mean; ``<Model>-lo-90``, ``<Model>-hi-90`` and so on
        for every pair of archived quantile levels that bounds a central interval.  Missing where a model has no forecast.

    Raises
    ------
    InvalidInput
        If two columns would have the same name.
    """
    key = ["unique_id", "cutoff", "ds"]
    order = ["model", "unique_id", "origin"]
    by_model = Selection(selection.archive, selection.keys.sort_values(order, kind="stable"))
    models = [
        pd.concat([_columns(record) for record in records]).set_index(key)
        for _, records in groupby(by_model.records(), key=lambda record: record.key.model)
    ]
    frame = pd.concat(models, axis=1).sort_index().reset_index()
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise InvalidInput(f"a model has a name that makes two columns {str(twice[0])!r}; rename it, or choose models")
    return frame if frame["cutoff"].nunique() > 1 else frame.drop(columns="cutoff")


def _columns(record: ForecastRecord) -> pd.DataFrame:
    name = record.key.model
    month = pd.Period(record.key.origin, "M").to_timestamp()
    columns = {
        "unique_id": record.key.series,
        "cutoff": month,
        "ds": pd.PeriodIndex(record.months, freq="M").to_timestamp(),
        name: record.mean,
    }
    at = dict(zip(record.levels, record.quantiles, strict=True))
    for low, lower in reversed(at.items()):
        upper = next((values for high, values in at.items() if low < 0.5 and abs(low + high - 1.0) < 1e-9), None)
        if upper is not None:
            level = f"{100.0 * (1.0 - 2.0 * low):.6g}"
            columns |= {f"{name}-lo-{level}": lower, f"{name}-hi-{level}": upper}
    return pd.DataFrame(columns)
