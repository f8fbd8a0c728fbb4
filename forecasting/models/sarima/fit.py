"""Maximum likelihood of a seasonal ARIMA model: estimates, standard errors, and whether they can be trusted."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import SamplingError
from forecasting.inference.mode import Mode, certain, find_mode, slopes
from forecasting.kernels.arma import inverse_roots
from forecasting.kernels.conditional_sums import conditional_estimates, working_point
from forecasting.kernels.counts import FloatArray
from forecasting.kernels.differencing import complete
from forecasting.models.base import BayesianModel
from forecasting.models.fit import Fit, standard_errors
from forecasting.models.intervals import Symmetric
from forecasting.models.sarima.counts import SarimaDensity
from forecasting.models.sarima.density import ArimaDensity

_UNIT = 1.0 - 1e-4  # partial autocorrelations beyond this are at the edge
_LOSS = 1e-7  # of log likelihood, that a maximum put on the edge may cost
_NEAR_UNIT = 0.99  # inverse roots beyond this are reported
_NUDGE = 1e-4  # step of the slopes of estimates in working coordinates
_DIFFERENT = 0.5  # starts closer than this, in working coordinates, lead to one maximum


def maximum_likelihood(model: BayesianModel, density: SarimaDensity, start: FloatArray | None = None) -> Fit:
    """Maximise the likelihood of `model` given its data, from several starts unless one is given."""
    if density.hidden is not None:
        raise density.hidden
    mode = highest(density, [start] if start is not None else _starts(density))
    work = mode.point
    names = (*density.names, *density.regressors, "sigma2")
    beta, covariance, variance = density.regression(work[None])
    boundary = _boundary(density, work)
    messages = _messages(density, work, boundary)
    if not mode.converged:
        messages = ("the search stopped before the maximum of the likelihood was certain", *messages)
    params = pd.Series(np.r_[density.natural(work[None])[0], beta[0], variance], index=list(names), name="estimate")
    cov = _covariance(density, mode, boundary, names, covariance[0] * variance[0])
    return Fit(
        model=model,
        density=density,
        work=work,
        params=params,
        cov=cov,
        loglik=mode.value,
        nobs=density.nobs,
        converged=mode.converged,
        boundary=boundary,
        messages=messages,
        # Profiles would need the coefficients one at a time, and the search moves partial autocorrelations.
        intervals=Symmetric(params, standard_errors(cov)),
        as_statsmodels=density.as_statsmodels,
    )


def highest(density: ArimaDensity, starts: list[FloatArray]) -> Mode:
    """Return the highest of the maxima reached from `starts`.

    Raises
    ------
    SamplingError
        If the likelihood has no maximum that can be reached from any of them.
    """
    if not density.orders.size:
        return certain(float(density.profile(np.empty((1, 0)))[0]))
    modes, failure = [], None
    for start in starts:
        try:
            modes.append(_settled(density, find_mode(density.profile, start, density.scale)))
        except SamplingError as error:
            failure = error
    if not modes:
        raise failure or SamplingError("no start was given")
    return max(modes, key=lambda mode: mode.value)


def _settled(density: ArimaDensity, mode: Mode) -> Mode:
    """Return a maximum next to a unit root put on it, where that loses nothing, and the other coordinates at their best.

    The likelihood is flat to the third order there, so Newton's method only creeps up to it.
    """
    edge = at_edge(mode.point)
    if not edge.any():
        return mode
    point = np.where(edge, np.copysign(0.5 * np.pi, np.sin(mode.point)), mode.point)
    value = float(density.profile(point[None])[0])
    if not value > mode.value - _LOSS:
        return mode
    hessian = -np.eye(point.size)
    if edge.all():
        return replace(mode, point=point, value=value, hessian=hessian, decrement=0.0, converged=True)
    rest = find_mode(density.profile, point, density.scale, free=~edge)
    hessian[np.ix_(~edge, ~edge)] = rest.hessian
    return replace(rest, hessian=hessian)


def at_edge(work: FloatArray) -> NDArray[np.bool_]:
    """Return which coordinates ``[p]`` have a partial autocorrelation of plus or minus one."""
    return np.asarray(np.abs(np.sin(work)) > _UNIT)


def _starts(density: ArimaDensity) -> list[FloatArray]:
    """Return the conditional estimates and, where it is another point, one near white noise."""
    z = complete(np.where(density.missing, np.nan, density.filled))
    if density.design.shape[1]:
        known = ~density.missing
        z = z - density.design @ np.linalg.lstsq(density.design[known], z[known], rcond=None)[0]
    series, factors = density.orders.difference(z[:, None])[:, 0], density.orders.factors
    (coefs,), _ = conditional_estimates(series - series.mean(), [factors])
    first = working_point(coefs, factors)
    return [first] if np.abs(first - density.start).max(initial=0.0) < _DIFFERENT else [first, density.start]


def _boundary(density: ArimaDensity, work: FloatArray) -> tuple[str, ...]:
    """Return the coefficients of the factors with a partial autocorrelation of plus or minus one."""
    edges = np.cumsum(density.orders.factors)[:-1]
    names = np.split(np.array(density.names, dtype=object), edges)
    parts = np.split(at_edge(work), edges)
    return tuple(str(name) for group, part in zip(names, parts, strict=True) if part.any() for name in group)


def _messages(density: ArimaDensity, work: FloatArray, boundary: tuple[str, ...]) -> tuple[str, ...]:
    kinds = ("autoregressive", "moving-average", "seasonal autoregressive", "seasonal moving-average")
    found = []
    for kind, sign, coefs in zip(kinds, (-1.0, 1.0, -1.0, 1.0), density.coefficients(work[None]), strict=True):
        largest = float(np.abs(inverse_roots(sign * coefs[0])).max(initial=0.0))
        if largest > _NEAR_UNIT:
            advice = "another difference" if "auto" in kind else "fewer differences"
            found.append(
                f"the {kind} part has an inverse root of {largest:.4f}, near the unit circle; consider {advice}"
            )
    if boundary:
        found.append(f"{', '.join(boundary)}: estimated at the edge of their range, without standard errors")
    return tuple(found)


def _covariance(
    density: ArimaDensity, mode: Mode, boundary: tuple[str, ...], names: tuple[str, ...], regression: FloatArray
) -> pd.DataFrame:
    """Return the inverse of the observed information in natural parameters.

    The profile over coefficients and variance gives the block of the working coordinates; what they imply for the others
    follows from how the closed-form estimates move with them.
    """
    work, size, k = mode.point, density.orders.size, len(density.regressors)
    free = ~at_edge(work)
    inner = np.zeros((size, size))
    hessian = -mode.hessian[np.ix_(free, free)]
    inner[np.ix_(free, free)] = np.linalg.pinv(hessian, hermitian=True)

    def everything(points: FloatArray) -> FloatArray:
        beta, _, variance = density.regression(points)
        return np.hstack([density.natural(points), beta, variance[:, None]])

    slope = slopes(everything, work, _NUDGE)
    total = slope @ inner @ slope.T
    total[size : size + k, size : size + k] += regression
    total[-1, -1] += 2.0 * float(everything(work[None])[0, -1]) ** 2 / density.nobs
    index = [name for name in names if name not in boundary]
    kept = np.isin(names, index)
    return pd.DataFrame(total[np.ix_(kept, kept)], index=index, columns=index)
