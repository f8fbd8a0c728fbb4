"""Maximum likelihood of a seasonal ARIMA model: estimates, standard errors, and whether they can be trusted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from forecasting.errors import SamplingError
from forecasting.extras import needed
from forecasting.inference.mode import Mode, certain, find_mode
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import BayesianModel
from forecasting.models.estimates import Estimates
from forecasting.models.sarima.counts import SarimaDensity
from forecasting.models.sarima.density import ArimaDensity, partial
from forecasting.models.sarima.orders import PERIOD
from forecasting.models.sarima.search import inverse_roots, starting_points

BoolArray = NDArray[np.bool_]

_UNIT = 1.0 - 1e-4  # partial autocorrelations beyond this are at the edge
_LOSS = 1e-7  # of log likelihood, that a maximum put on the edge may cost
_NEAR_UNIT = 0.99  # inverse roots beyond this are reported
_SLOPE = 1e-4
_DIFFERENT = 0.5  # starts closer than this, in working coordinates, lead to one maximum


@dataclass(frozen=True, eq=False)
class SarimaFit(Estimates):
    """A seasonal ARIMA model at the maximum of its likelihood.

    Attributes
    ----------
    model : SARIMA
        What was fitted.
    data : CountSeries or Evidence
        To what.
    params : pandas.Series
        ar, ma, sar, sma (signs as in R), regression coefficients, and sigma2, the innovation variance, all on the
        transformed scale.
    cov : pandas.DataFrame
        Covariance of the parameters that are not at a boundary, from the observed information.
    loglik : float
        Log density of the transformed, differenced series: comparable between models with the same transform and the same
        differences only, as in R.
    nobs : int
        Known months less those that differencing consumes.
    converged : bool
        Whether no step can raise the log likelihood by more than 1e-8.
    boundary : tuple of str
        Coefficients of factors with a root on the unit circle, which have no standard error.
    messages : tuple of str
        What a reader of the numbers should know; empty for a regular fit.
    """

    density: SarimaDensity

    def _intervals(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        # Profiles would need the coefficients one at a time, and the search moves partial autocorrelations.
        half = (float(ndtri(0.5 + level / 2.0)) * self.bse).reindex([name for name in wanted if name in self.bse.index])
        estimate = self.params[half.index]
        return pd.DataFrame({"lower": estimate - half, "upper": estimate + half})

    def to_statsmodels(self) -> Any:
        """Return the same model as statsmodels has it, filtered and smoothed at these estimates.

        Its diagnostics, decompositions and plots then speak of this fit.  The series is the transformed one, less the log
        exposure, and regressors are those of `SARIMA.design`; months that are missing stay so.  The start is exactly diffuse.

        Returns
        -------
        statsmodels.tsa.statespace.sarimax.SARIMAXResults
            With the parameters in the order of statsmodels: regression first.

        Raises
        ------
        InvalidInput
            If statsmodels is not installed.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> months = [f"{year}-{month:02d}" for year in range(2018, 2023) for month in range(1, 13)]
        >>> fit = fc.SARIMA(seasonal=(0, 0, 0)).fit(fc.CountSeries(months, np.random.default_rng(1).poisson(20, 60)))
        >>> theirs = fit.to_statsmodels()
        >>> theirs.resid.shape, bool(np.isclose(theirs.params["ma.L1"], fit.params["ma1"]))
        ((60,), True)
        """
        sarimax = needed("statsmodels.tsa.statespace.sarimax", "statsmodels", "to_statsmodels()").SARIMAX
        density = self.density
        values = np.where(density.missing, np.nan, density.filled)
        regressors = pd.DataFrame(density.design, self.data.months, list(density.regressors))
        model = sarimax(
            pd.Series(values, self.data.months, name=self.data.name),
            regressors if density.regressors else None,
            order=density.orders.order,
            seasonal_order=(*density.orders.seasonal, PERIOD),
            use_exact_diffuse=True,
        )
        return model.smooth(self.params[[*density.regressors, *density.names, "sigma2"]].to_numpy())

    def __repr__(self) -> str:
        return (
            f"<{self.density.orders} of {self.data.name}: log likelihood {self.loglik:.2f}, AICc {self.aicc:.2f}, "
            f"{self.nobs} months>"
        )


def maximum_likelihood(model: BayesianModel, density: SarimaDensity, start: FloatArray | None = None) -> SarimaFit:
    """Maximise the likelihood of `model` given its data, from several starts unless one is given."""
    mode = highest(density, [start] if start is not None else _starts(density))
    work = mode.point
    names = (*density.names, *density.regressors, "sigma2")
    beta, covariance, variance = density.regression(work[None])
    boundary = _boundary(density, work)
    messages = _messages(density, work, boundary)
    if not mode.converged:
        messages = ("the search stopped before the maximum of the likelihood was certain", *messages)
    return SarimaFit(
        model=model,
        density=density,
        work=work,
        params=pd.Series(np.r_[density.natural(work[None])[0], beta[0], variance], index=list(names), name="estimate"),
        cov=_covariance(density, mode, boundary, names, covariance[0] * variance[0]),
        loglik=mode.value,
        nobs=density.nobs,
        converged=mode.converged,
        boundary=boundary,
        messages=messages,
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


def at_edge(work: FloatArray) -> BoolArray:
    """Return which coordinates ``[p]`` have a partial autocorrelation of plus or minus one."""
    return np.asarray(np.abs(partial(work)) > _UNIT)


def _starts(density: ArimaDensity) -> list[FloatArray]:
    """Return the conditional estimates and, where it is another point, one near white noise."""
    z = np.where(density.missing, np.nan, density.filled)
    first = starting_points(density, z, [density.orders.factors])[0]
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

    slope = _jacobian(everything, work)
    total = slope @ inner @ slope.T
    total[size : size + k, size : size + k] += regression
    total[-1, -1] += 2.0 * float(everything(work[None])[0, -1]) ** 2 / density.nobs
    index = [name for name in names if name not in boundary]
    kept = np.isin(names, index)
    return pd.DataFrame(total[np.ix_(kept, kept)], index=index, columns=index)


def _jacobian(function: Callable[[FloatArray], FloatArray], point: FloatArray) -> FloatArray:
    """Return the derivatives ``[m, p]`` by central differences, all points in one call."""
    steps = _SLOPE * np.eye(point.size)
    values = function(np.concatenate([point + steps, point - steps]).reshape(-1, point.size)) if point.size else None
    if values is None:
        return np.zeros((function(point[None]).shape[1], 0))
    return np.asarray((values[: point.size] - values[point.size :]).T / (2.0 * _SLOPE))
