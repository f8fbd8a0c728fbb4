"""The ratio of the levels of two windows, whatever the other months did.

A step at the boundary compares all months before it with all months after.  Where more is known than the two windows, that is
another question than the ratio of their totals: here every stretch of months outside them has a level of its own.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.kernels.counts import FloatArray
from forecasting.models import Posterior
from forecasting.scenarios.windows import Windows


def level_changes(data: Observed, pair: Windows) -> tuple[pd.Period, ...]:
    """Return the months at which a level of its own begins: the later window, and its neighbours as far as they are known.

    The stretches are what comes before both windows, the earlier window, what is between them, the later window, and what comes
    after.  One of which nothing is known has no level; where only the windows are known, the later one alone is returned.

    Examples
    --------
    >>> import forecasting as fc
    >>> series = fc.CountSeries(["2023-07", "2023-08", "2023-09", "2023-10"], [100, 30, 57, 60])
    >>> pair = Windows.of(series, ("2023-08", "2023-08"), ("2023-09", "2023-09"))
    >>> [str(month) for month in level_changes(series, pair)]
    ['2023-08', '2023-09', '2023-10']
    """
    ends = (pair.before[0], pair.before[-1] + 1, pair.after[0], pair.after[-1] + 1)
    stretch = np.searchsorted([end.ordinal for end in ends], data.months.asi8, side="right")
    starts = [data.months[stretch == k][0] for k in np.unique(stretch[data.constraints.told])]
    return tuple(starts[1:])


def expected_totals(posterior: Posterior, pair: Windows) -> tuple[FloatArray, FloatArray]:
    r"""Return draws ``[S]`` of the expected totals of the earlier and the later window, sums of :math:`\mu_t`."""
    earlier, later = (np.exp(posterior.log_mean(window)).sum(axis=1) for window in (pair.before, pair.after))
    return np.asarray(earlier), np.asarray(later)


def central_interval(draws: FloatArray, level: float) -> tuple[float, float, float]:
    """Return lower limit, median and upper limit of the central interval of `draws`."""
    tail = round((1.0 - level) / 2.0, 12)  # no rounding error may move a quantile by a draw
    low, middle, high = np.quantile(draws, [tail, 0.5, 1.0 - tail], method="inverted_cdf")
    return float(low), float(middle), float(high)
