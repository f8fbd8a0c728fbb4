"""How often to difference: once a year for strong seasonality, month on month until the level is stationary."""

from __future__ import annotations

import numpy as np

from forecasting.kernels.counts import FloatArray

PERIOD = 12
_STRONG = 0.64  # Wang, Smith, Hyndman (2006), as in R's nsdiffs
_KPSS = 0.463  # 5% point for a stationary level (Kwiatkowski et al. 1992, table 1)
_SHORTEST = 3 * PERIOD  # months below which the seasons cannot be told from noise
_FEWEST = 10
_YEARS, _TREND, _ROUNDS = 11, 21, 2


def seasonal_strength(z: FloatArray) -> float:
    r"""Return :math:`1 - \mathrm{Var}(R)/\mathrm{Var}(S + R)`, at least 0, of a series with a smooth trend and a slow season.

    A decomposition in the spirit of R's ``stl`` (Cleveland et al. 1990): the season of a month of the year is a weighted mean
    over eleven years, the trend a local line through what the season leaves, over 21 months; tricube weights, two rounds.

    Parameters
    ----------
    z : ndarray, [T]
        Three years or more, complete.
    """
    months = np.arange(len(z))
    trend, line = np.full(len(z), z.mean()), _local_line(len(z))
    season = np.zeros(len(z))
    for _ in range(_ROUNDS):
        for phase in range(PERIOD):
            own = months % PERIOD == phase
            season[own] = _tricube(int(own.sum()), _YEARS) @ (z - trend)[own]
        season -= line @ season
        trend = line @ (z - season)
    rest = z - trend - season
    spread = float(np.var(z - trend))
    return max(0.0, 1.0 - float(np.var(rest)) / spread) if spread > 0 else 0.0


def _tricube(size: int, window: int) -> FloatArray:
    """Return the weights ``[size, size]`` of the `window` nearest points, wider where there are fewer, rows summing to one."""
    distance = np.abs(np.subtract.outer(np.arange(size), np.arange(size))).astype(float)
    reach = np.sort(distance, axis=1)[:, min(window, size) - 1] + max(0.0, (window - size) / 2.0)
    weights = np.maximum(1.0 - (distance / np.maximum(reach, 1.0)[:, None]) ** 3, 0.0) ** 3
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def _local_line(size: int) -> FloatArray:
    """Return the matrix that replaces each point by the local line through its neighbours."""
    weights = _tricube(size, _TREND)
    offset = np.subtract.outer(np.arange(size), np.arange(size)).T.astype(float)
    first = (weights * offset).sum(axis=1, keepdims=True)
    second = (weights * offset**2).sum(axis=1, keepdims=True)
    return np.asarray(weights * (second - offset * first) / (second - first**2))


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
    x = complete(z)
    seasonal = int(len(x) >= _SHORTEST and seasonal_strength(x) > _STRONG)
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
