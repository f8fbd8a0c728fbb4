"""Sample paths as a long table."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from forecasting.batch.export.selection import Selection


def path_parts(selection: Selection) -> Iterator[pd.DataFrame]:
    """Yield a table a forecast: ``unique_id, model, cutoff, ds, sample_id, y``.

    Equal ``sample_id`` within a forecast is one joint path over its months; ``cutoff`` is the last month of the data, and
    both dates are the first day of their month.
    """
    for record in selection.records():
        number, horizon = record.paths.shape
        yield pd.DataFrame(
            {
                "unique_id": record.key.series,
                "model": record.key.model,
                "cutoff": pd.Period(record.key.origin, "M").to_timestamp(),
                "ds": np.tile(pd.PeriodIndex(record.months, freq="M").to_timestamp().to_numpy(), number),
                "sample_id": np.repeat(np.arange(number, dtype=np.int32), horizon),
                "y": record.paths.ravel(),
            }
        )
