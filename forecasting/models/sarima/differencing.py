"""How often to difference: once a year for strong seasonality, month on month until the level is stationary."""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray
from forecasting.models.sarima.orders import PERIOD

_STRONG = 0.64  # Wang, Smith, Hyndman (2006), as in R's nsdiffs
_KPSS = 0.463  # 5% point for a stationary level (Kwiatkowski et al. 1992, table 1)
_SHORTEST = 3 * PERIOD  # months below which the seasons cannot be told from noise
_FEWEST = 10


def seasonal_strength(z: FloatArray) -> float:
    r"""Return :math:`1 - \mathrm{Var}(R)/\mathrm{Var}(S + R)`, at least 0, of a series with a smooth trend and a fixed season.

    The trend is the centred moving average over a year, the season the mean of what it leaves in each month of the year
    (R's ``nsdiffs`` uses ``stl`` instead; the threshold is the same).  NaN months are left out.

    Parameters
    ----------
    z : ndarray, [T]
        At least three years.
    """
    weights = np.r_[0.5, np.ones(PERIOD - 1), 0.5] / PERIOD
    detrended = z[PERIOD // 2 : -(PERIOD // 2)] - np.convolve(complete(z), weights, mode="valid")
    phase = np.arange(len(detrended)) % PERIOD
    known = np.isfinite(detrended)
    total = np.bincount(phase[known], detrended[known], PERIOD)
    season = total / np.maximum(np.bincount(phase[known], minlength=PERIOD), 1)
    rest = detrended - season[phase]
    spread = float(np.var(detrended[known]))
    return max(0.0, 1.0 - float(np.var(rest[known])) / spread) if spread > 0 else 0.0


def kpss(x: FloatArray) -> float:
    """Return the statistic of Kwiatkowski, Phillips, Schmidt and Shin for a stationary level, Bartlett weights."""
    n = len(x)
    deviation = x - x.mean()
    lags = int(3 * np.sqrt(n) / 13)
    variance = float(deviation @ deviation) / n
    for lag in range(1, lags + 1):
        variance += 2.0 / n * (1.0 - lag / (lags + 1)) * float(deviation[lag:] @ deviation[:-lag])
    sums = np.cumsum(deviation)
    return float(sums @ sums) / (n * n * variance) if variance > 0 else 0.0


def differences(z: FloatArray) -> tuple[int, int]:
    """Return orders d and D of differencing for a series ``[T]`` with NaN where missing.

    D is 1 where the seasonal strength exceeds 0.64, d the number of differences (at most 2) until KPSS at 5% no longer
    objects: the rules of R's ``auto.arima``.  Gaps are interpolated for these two tests alone.
    """
    seasonal = int(len(z) >= _SHORTEST and seasonal_strength(z) > _STRONG)
    x = complete(z)
    if seasonal:
        x = x[PERIOD:] - x[:-PERIOD]
    d = 0
    while d < 2 - seasonal and len(x) > _FEWEST and np.ptp(x) > 0 and kpss(x) > _KPSS:
        x, d = np.diff(x), d + 1
    return d, seasonal


def complete(z: FloatArray) -> FloatArray:
    """Return a series with its gaps interpolated, for tests and screening only."""
    known = np.isfinite(z)
    return np.interp(np.arange(len(z)), np.flatnonzero(known), z[known])
