"""Intervals and tests for the ratio of two Poisson rates, exact given the sum of both counts.

They answer how far two *Poisson* totals differ.  Monthly counts of people vary more than Poisson and drift, so the answer is
exact for the wrong question; it is shown because it is what is usually quoted.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.special import betainc, betaincinv, betaln, xlog1py, xlogy

from forecasting.errors import InvalidInput

_HALVINGS = 200


def _check(after: int, before: int, exposure: float, level: float) -> None:
    if min(after, before) < 0 or after != int(after) or before != int(before):
        raise InvalidInput(f"the counts {after!r} and {before!r} must be whole and not negative")
    if not (np.isfinite(exposure) and exposure > 0):
        raise InvalidInput(f"the ratio of exposures {exposure!r} must be positive and finite")
    if not 0.0 < level < 1.0:
        raise InvalidInput(f"level={level!r} must lie between 0 and 1, for example 0.95")


def exact_interval(after: int, before: int, exposure: float = 1.0, level: float = 0.95) -> tuple[float, float]:
    """Return the central exact confidence interval of the rate ratio after / before.

    Given their sum, the later count is binomial with success probability r e / (1 + r e), where r is the rate ratio and e
    the ratio of exposures (Przyborowski, Wilenski 1940; Clopper, Pearson 1934).

    Parameters
    ----------
    after, before : int
        Counts.
    exposure : float
        Exposure of the later window over that of the earlier one.
    level : float
        Coverage, at least.

    Returns
    -------
    lower, upper : float
        0 and infinity where a count is zero.

    Examples
    --------
    >>> [round(end, 3) for end in exact_interval(577, 305)]
    [1.644, 2.181]
    """
    _check(after, before, exposure, level)
    alpha = 1.0 - level
    low = float(betaincinv(after, before + 1, alpha / 2.0)) if after > 0 else 0.0
    high = float(betaincinv(after + 1, before, 1.0 - alpha / 2.0)) if before > 0 else 1.0
    return _ratio(low, exposure), _ratio(high, exposure)


def mid_p_interval(after: int, before: int, exposure: float = 1.0, level: float = 0.95) -> tuple[float, float]:
    """Return the mid-p confidence interval of the rate ratio: half of the observed outcome's probability counts.

    Arguments and result as in `exact_interval`; shorter, and close to the nominal coverage on average (Lancaster 1961).
    """
    _check(after, before, exposure, level)
    tail = (1.0 - level) / 2.0
    low = _solve(lambda p: _mid_p(after, before, p) - tail) if after > 0 else 0.0
    high = _solve(lambda p: tail - _mid_p(before, after, 1.0 - p)) if before > 0 else 1.0
    return _ratio(low, exposure), _ratio(high, exposure)


def unseen_bound(draws: int) -> float:
    """Return the 95% upper limit 3/n of a chance that none of n independent draws showed (Hanley, Lippman-Hand 1983).

    Examples
    --------
    >>> unseen_bound(4000)
    0.00075
    """
    return min(3.0 / draws, 1.0)


def p_value(after: int, before: int, exposure: float = 1.0) -> float:
    """Return the central two-sided exact p-value of equal rates: twice the smaller tail, at most 1.

    The tails are those of the binomial law of `exact_interval` (Przyborowski, Wilenski 1940).

    Examples
    --------
    >>> f"{p_value(577, 305):.2g}"
    '3.6e-20'
    """
    _check(after, before, exposure, 0.5)
    p = exposure / (1.0 + exposure)
    upper = float(betainc(after, before + 1, p)) if after > 0 else 1.0
    lower = float(betainc(before, after + 1, 1.0 - p)) if before > 0 else 1.0
    return min(1.0, 2.0 * min(upper, lower))


def _mid_p(x: int, others: int, p: float) -> float:
    """Return P(X > x) + P(X = x) / 2 for X binomial(x + others, p)."""
    n = x + others
    log_choose = -np.log(n + 1.0) - betaln(x + 1.0, others + 1.0)
    at = float(np.exp(log_choose + xlogy(x, p) + xlog1py(others, -p)))
    return float(betainc(x, others + 1, p)) - 0.5 * at if x > 0 else 1.0 - 0.5 * at


def _solve(gap: Callable[[float], float]) -> float:
    """Return the root in (0, 1) of an increasing function, by bisection."""
    low, high = 0.0, 1.0
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if gap(middle) > 0 else (middle, high)
    return 0.5 * (low + high)


def _ratio(p: float, exposure: float) -> float:
    return float(np.inf) if p >= 1.0 else p / (1.0 - p) / exposure
