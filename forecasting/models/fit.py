"""Maximum likelihood: estimates, standard errors, intervals and the facts about convergence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import chdtri, ndtri

from forecasting.errors import InvalidInput, NotIdentified, SamplingError
from forecasting.inference.mode import Mode, extrapolated
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import BayesianModel
from forecasting.models.estimates import FACTORS, Estimates
from forecasting.models.fittable import Fittable
from forecasting.models.infinity import at_infinity
from forecasting.predictive.levels import read_level
from forecasting.reading.arguments import read_choice

_AT_BOUNDARY = 1e-6  # gain in log likelihood below which a folded coordinate is put at zero
_FARTHEST = 60  # doublings of the search for an end of a profile interval


@dataclass(frozen=True, eq=False)
class Fit(Estimates):
    """A model at the maximum of its likelihood.

    Attributes
    ----------
    model : BayesianModel
        What was fitted.
    density : Fittable
        Its log likelihood for the data.
    params : pandas.Series
        Estimates in natural scale, one a parameter.
    cov : pandas.DataFrame
        Covariance of the parameters that are not at a boundary.
    loglik : float
        Maximised log likelihood of everything known.
    nobs : int
        Independent pieces of information: exact months, ranges, sums.
    converged : bool
        Whether no step can raise the log likelihood by more than 1e-8.
    boundary : tuple of str
        Parameters estimated at the edge of their range, without standard error: alpha = 0, that is Poisson, or a
        restriction that keeps the model positive or stationary.
    messages : tuple of str
        What a reader of the numbers should know; empty for a regular fit.
    information : str
        Where the standard errors come from, ``"observed"`` or ``"expected"``.
    """

    density: Fittable
    information: str
    mode: Mode

    methods: ClassVar[tuple[str, ...]] = ("profile", "wald")

    @property
    def note(self) -> str:
        """What a reader of the estimates must know about the model."""
        return self.density.note

    @property
    def size(self) -> float:
        """The inverse of alpha: the size of the negative binomial, infinite for Poisson."""
        alpha = float(self.params.get("alpha", 0.0))
        return float(np.inf) if alpha == 0.0 else 1.0 / alpha

    @property
    def estimated(self) -> int:
        """Number of parameters p that criteria count: a negative binomial whose alpha is 0 is a Poisson fit, with one less."""
        return len(self.params) - len(set(self.boundary) & set(self.density.distribution.shape_names))

    def _intervals(self, method: str, level: float, wanted: list[str]) -> pd.DataFrame:
        if method == "wald":
            return self._wald(level).reindex([name for name in wanted if name not in self.boundary])
        ends = [self._profile(self.density.names.index(name), level) for name in wanted]
        return pd.DataFrame(ends, index=wanted, columns=["lower", "upper"])

    def _wald(self, level: float) -> pd.DataFrame:
        z = float(ndtri(0.5 + level / 2.0))
        rows = {}
        for k, name in enumerate(self.density.names):
            if name in self.boundary:
                continue
            slope = self._slope(k)
            half = z * float(self.bse[name]) / slope
            low, high = float(self.work[k]) - half, float(self.work[k]) + half
            least, most = (float(limit[k]) for limit in self.density.limits)
            rows[name] = (self._natural(k, max(low, least)), self._natural(k, min(high, most)))
        return pd.DataFrame.from_dict(rows, orient="index", columns=["lower", "upper"])

    def _natural(self, k: int, value: float) -> float:
        point = self.work.copy()
        point[k] = value
        return float(self.density.natural(point[None])[0, k])

    def _slope(self, k: int) -> float:
        """Return the derivative of a natural parameter with respect to its working coordinate."""
        step = 1e-6 * max(abs(float(self.work[k])), 1e-3)
        return (self._natural(k, self.work[k] + step) - self._natural(k, self.work[k] - step)) / (2.0 * step)

    def _profile(self, k: int, level: float) -> tuple[float, float]:
        """Return where the profile of twice the log likelihood drops by the chi-squared quantile."""
        from scipy.optimize import brentq

        density, drop = self.density, float(chdtri(1, 1.0 - level)) / 2.0
        free = np.arange(self.work.size) != k
        path = {
            float(self.work[k]): (self.work, -drop)
        }  # climbs start from the nearest point known, so that none jumps

        def excess(value: float) -> float:
            if value not in path:
                point = path[min(path, key=lambda known: abs(known - value))][0].copy()
                point[k] = value
                height = float(density.log_likelihood(point[None])[0])
                if free.any():
                    mode = density.maximise(point, free)
                    point, height = mode.point, mode.value
                path[value] = point, self.loglik - height - drop
            return path[value][1]

        def end(direction: float) -> float:
            inner, step = float(self.work[k]), 0.5 * float(self._spread(k))
            limit = float(density.limits[0 if direction < 0 else 1][k])
            for _ in range(_FARTHEST):
                outer = inner + direction * step
                if direction * (outer - limit) >= 0.0:
                    outer = limit
                    if inner == limit or excess(limit) <= 0.0:
                        return self._natural(k, limit)
                try:
                    dropped = excess(outer) > 0.0
                except SamplingError:  # the likelihood is flat up to where it can no longer be computed
                    break
                if dropped:
                    return self._natural(k, float(brentq(excess, inner, outer, xtol=1e-10 * max(1.0, abs(outer)))))
                inner, step = outer, 2.0 * step
            return float(direction * np.inf)

        return end(-1.0), end(1.0)

    def _spread(self, k: int) -> float:
        """Return a rough standard deviation of a working coordinate, to start a search with."""
        curvature = -self._full_hessian()[k, k]
        return (
            float(min(1.0 / np.sqrt(curvature), self.density.scale[k]))
            if curvature > 0
            else float(self.density.scale[k])
        )

    def _full_hessian(self) -> FloatArray:
        basis = np.diag(0.05 * self.density.scale)
        _, _, hessian = extrapolated(self.density.log_likelihood, self.work, basis)
        return hessian / np.outer(np.diag(basis), np.diag(basis))

    def predict(self, months: pd.PeriodIndex | None = None, level: float = 0.95) -> pd.DataFrame:
        """Return the estimated mean of months with its confidence interval (of the mean, not of the count).

        Parameters
        ----------
        months : pandas.PeriodIndex, optional
            Those of the data where left out; a regression takes any months.
        level : float
            Coverage of the interval, formed on the log scale from the covariance of the coefficients.

        Returns
        -------
        DataFrame
            Columns mean, log_mean, log_std_err, lower, upper.
        """
        density = self.density
        where = density.data.months if months is None else months
        names = [name for name in density.names[: density.width] if name not in self.boundary]
        covariance = self.cov.loc[names, names].to_numpy()
        log_mean, gradient = density.log_mean(self.work, where)
        known = gradient[:, [density.names.index(name) for name in names]]
        error = np.sqrt(np.einsum("tp,pq,tq->t", known, covariance, known))
        half = float(ndtri(0.5 + read_level(level) / 2.0)) * error
        shape = density.distribution.natural(self.work[None, density.width :])[0]

        def expected(logs: FloatArray) -> FloatArray:
            return density.distribution.expectation(np.exp(logs), *shape)

        return pd.DataFrame(
            {
                "mean": expected(log_mean),
                "log_mean": log_mean,
                "log_std_err": error,
                "lower": expected(log_mean - half),
                "upper": expected(log_mean + half),
            },
            index=where,
        )

    def in_words(self) -> str:
        """Return the factor of every effect with its 95% interval, a sentence each; the intercept is a level, not an effect."""
        table = self.summary().dropna(subset="factor").drop(index="intercept", errors="ignore")
        said = "{} multiplies the mean by {:.3g} (95% interval {:.3g} to {:.3g})."
        return " ".join(said.format(*row) for row in table[list(FACTORS)].itertuples(name=None))

    def __repr__(self) -> str:
        values = ", ".join(f"{name} {value:.4g}" for name, value in self.params.items())
        return f"<Fit to {self.density.data.name}: {values}; log likelihood {self.loglik:.3f}, AIC {self.aic:.1f}>"


def maximum_likelihood(model: BayesianModel, density: Fittable, information: str) -> Fit:
    """Fit `model` to the data behind `density`; see `CountRegression.fit`."""
    read_choice(information, "information", ("observed", "expected"))
    if density.unseen:
        listing = ", ".join(density.unseen)
        raise NotIdentified(
            density.unseen,
            f"what is known about {density.data.name} cannot tell these terms apart: {listing}. Leave some of them out, "
            "add facts, or use posterior(), where the priors decide what the data cannot",
        )
    mode = density.maximise(density.start)
    work, free = (
        np.where(density.folded, np.abs(mode.point), mode.point),
        np.ones(mode.point.size, dtype=bool),
    )
    for k in np.flatnonzero(density.folded):
        at_zero = work.copy()
        at_zero[k] = 0.0
        if not np.isfinite(density.log_likelihood(at_zero[None])[0]):  # a hurdle that no zero can pass
            continue
        rest = np.arange(work.size) != k
        poisson = density.maximise(at_zero, rest & free)
        if poisson.value > mode.value - _AT_BOUNDARY:
            mode, work, free = poisson, poisson.point.copy(), rest & free
    names = np.array(density.names)
    meaning = density.distribution.at_zero
    messages = [f"{names[k]} is at its boundary: {meaning[k - density.width]}" for k in np.flatnonzero(~free)]
    held = density.boundary(work)
    messages += dict.fromkeys(held.values())
    if held:
        messages.append(f"standard errors of the other parameters are conditional on {', '.join(held)} staying there")
    runaway = at_infinity(density, work, free, mode.hessian)
    if runaway:
        messages.append(runaway)
    elif not mode.converged:
        messages.append(
            f"the search stopped after {mode.iterations} steps with {mode.decrement:.2g} of log likelihood to gain"
        )
    messages += model.remarks(density.data)
    moved = np.array([name not in held for name in names[free]])
    hessian, free = mode.hessian[np.ix_(moved, moved)], free & np.array([name not in held for name in names])
    params = pd.Series(density.natural(work[None])[0], index=list(density.names), name="estimate")
    covariance = _expected if information == "expected" else _observed
    cov = covariance(density, work, free, hessian)
    if not np.isfinite(cov).all():
        messages.append("the likelihood is flat in some direction: standard errors are infinite there")
    return Fit(
        model=model,
        density=density,
        params=params,
        cov=pd.DataFrame(cov, index=list(names[free]), columns=list(names[free])),
        loglik=mode.value,
        nobs=density.nobs,
        converged=mode.converged,
        boundary=tuple(str(name) for name in names[~free]),
        messages=tuple(messages),
        information=information,
        work=work,
        mode=mode,
    )


def _jacobian(density: Fittable, work: FloatArray, free: NDArray[np.bool_]) -> FloatArray:
    """Return the derivatives of the free natural parameters with respect to their working coordinates, a diagonal."""
    step = 1e-6 * np.maximum(np.abs(work), 1e-3)
    up, down = density.natural((work + step)[None])[0], density.natural((work - step)[None])[0]
    return np.asarray(((up - down) / (2.0 * step))[free])


def _observed(density: Fittable, work: FloatArray, free: NDArray[np.bool_], hessian: FloatArray) -> FloatArray:
    slope = _jacobian(density, work, free)
    values, vectors = np.linalg.eigh(-hessian * np.outer(density.scale[free], density.scale[free]))
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = (vectors / np.where(values > 1e-10, values, 0.0)) @ vectors.T
    return np.asarray(inverse * np.outer(density.scale[free] * slope, density.scale[free] * slope))


def _expected(density: Fittable, work: FloatArray, free: NDArray[np.bool_], hessian: FloatArray) -> FloatArray:
    r"""Return block-diagonal expected information inverted: :math:`X'WX` with :math:`W=\mu^2/\mathrm{Var}`, and the shape's."""
    known = density.data.constraints
    if not known.exact.all():
        raise InvalidInput("information='expected' needs every month exactly known; use information='observed'")
    if not density.distribution.orthogonal:
        raise InvalidInput(
            f"information='expected' is not known for {density.distribution!r}; use information='observed'"
        )
    log_mean, gradient = density.log_mean(work, density.data.months)
    mean, rows = np.exp(log_mean), gradient[:, free[: density.width]]
    shape = density.distribution.natural(work[None, density.width :])[0]
    weight = np.square(mean) / density.distribution.variance(mean, *shape)
    inverse = np.linalg.inv((rows * weight[:, None]).T @ rows)
    total, k = np.zeros(hessian.shape), len(inverse)
    total[:k, :k] = inverse
    slope = _jacobian(density, work, free)
    for row in range(k, len(total)):
        total[row, row] = slope[row] ** 2 / -hessian[row, row]
    return total
