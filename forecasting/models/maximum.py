"""Maximum likelihood of models of terms: the search, what is held at a boundary, standard errors, and what to say of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from forecasting.errors import InvalidInput, NotIdentified
from forecasting.kernels.counts import FloatArray
from forecasting.models.base import BayesianModel
from forecasting.models.fit import Fit, standard_errors
from forecasting.models.fittable import Fittable
from forecasting.models.infinity import at_infinity
from forecasting.models.intervals import Profiled, jacobian
from forecasting.reading.arguments import read_choice

_AT_BOUNDARY = 1e-6  # gain in log likelihood below which a folded coordinate is put at zero


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
    work = np.where(density.folded, np.abs(mode.point), mode.point)
    free = np.ones(work.size, dtype=bool)
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
    meaning = density.distribution.parameters.each
    messages = [f"{names[k]} is at its boundary: {meaning[k - density.width].at_zero}" for k in np.flatnonzero(~free)]
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
    table = pd.DataFrame(cov, index=list(names[free]), columns=list(names[free]))
    return Fit(
        model=model,
        density=density,
        work=work,
        params=params,
        cov=table,
        loglik=mode.value,
        nobs=density.nobs,
        converged=mode.converged,
        boundary=tuple(str(name) for name in names[~free]),
        messages=tuple(messages),
        intervals=Profiled(density, work, mode.value, standard_errors(table), density.endless() if runaway else None),
        information=information,
    )


def _observed(density: Fittable, work: FloatArray, free: NDArray[np.bool_], hessian: FloatArray) -> FloatArray:
    slope = jacobian(density, work)[free]
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
    kept = free[: density.width]
    inverse = np.linalg.inv(expected_information(density, work)[1][np.ix_(kept, kept)])
    total, k = np.zeros(hessian.shape), len(inverse)
    total[:k, :k] = inverse
    slope = jacobian(density, work)[free]
    for row in range(k, len(total)):
        total[row, row] = slope[row] ** 2 / -hessian[row, row]
    return total


def expected_information(density: Fittable, work: FloatArray) -> tuple[FloatArray, FloatArray]:
    r"""Return score and expected information of the mean's parameters at `work` ``[p]``: :math:`X'WX`, exact months alone."""
    known = density.data.constraints
    log_mean, gradient = density.log_mean(work, density.data.months)
    rows, mean = gradient[known.exact], np.exp(log_mean[known.exact])
    shape = density.distribution.natural(work[None, density.width :])[0]
    precision = mean / density.distribution.variance(mean, *shape)
    slope = rows.T @ ((known.lower[known.exact] - mean) * precision)
    return np.asarray(slope), np.asarray((rows * (mean * precision)[:, None]).T @ rows)
