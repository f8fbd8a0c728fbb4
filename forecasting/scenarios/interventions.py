r"""Did something change in a known month?  Score, likelihood-ratio and Bayesian tests of terms added to a model.

The score statistic asks how steeply the likelihood would rise if the new effects left zero, judged against the information
that is left once the parameters estimated under the null hypothesis have taken their share (Rao 1948; Cox, Hinkley 1974, sec.
9.3).  For an INGARCH model an effect runs on through past means, as Fokianos and Fried (2010, J. Time Series Analysis 31,
210-225) have it, and the information holds the variance of the counts, :math:`1/\mathrm{Var}(y_t)` times the squared slope of
the mean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.special import chdtrc, ndtri

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput
from forecasting.kernels.counts import FloatArray
from forecasting.models.effects import with_factors
from forecasting.models.fit import Fit
from forecasting.models.fittable import Fittable
from forecasting.models.known import partly_known
from forecasting.models.likelihood import LikelihoodModel
from forecasting.models.maximum import expected_information
from forecasting.randomness import Rng, require_rng
from forecasting.reading.arguments import read_choice
from forecasting.scenarios.words import chance, factor, factors
from forecasting.terms import Term, Terms

_FACTORS = {"factor": "estimate", "factor_lower": "lower", "factor_upper": "upper"}
_METHODS = ("score", "lr", "posterior")


@dataclass(frozen=True)
class InterventionTest(Drawable):
    """What the data say about effects added to a model.

    Attributes
    ----------
    term : Terms
        What was added.
    method : {"score", "lr", "posterior"}
    statistic : float
        Score or likelihood-ratio statistic; the log Bayes factor in favour of the effects for ``"posterior"``.
    df : int
        Number of effects.
    p_value : float
        Upper tail probability of the statistic; for ``"posterior"`` the probability of no effect, both models being equally
        likely beforehand.
    effects : pandas.DataFrame
        A row an effect: estimate, lower, upper (95%).  For ``"score"`` one Newton step from zero; for ``"lr"`` maximum
        likelihood with profile limits; for ``"posterior"`` the mean and quantiles.  factor, factor_lower, factor_upper: what
        the mean is multiplied by; NaN with the identity link, where effects are added.
    messages : tuple of str
        What a reader of the numbers should know.
    """

    term: Terms
    method: str
    statistic: float
    df: int
    p_value: float
    effects: pd.DataFrame
    messages: tuple[str, ...]

    def to_frame(self) -> pd.DataFrame:
        """Return the effects with statistic, degrees of freedom and p-value in every row."""
        return self.effects.assign(statistic=self.statistic, df=self.df, p_value=self.p_value)

    def in_words(self) -> str:
        """Return each effect as a factor with its interval, and how sure it is that there is any."""
        said = [_effect(str(name), *row) for name, *row in self.effects.itertuples(name=None)]
        if self.method == "posterior":
            said.append(
                f"The probability of no change is {chance(self.p_value)}, both being equally likely beforehand."
            )
        else:
            said.append(
                f"If nothing had changed, the chance of a statistic this large would be {chance(self.p_value)}."
            )
        return " ".join(said)

    def __repr__(self) -> str:
        name = "log Bayes factor" if self.method == "posterior" else f"{self.method} statistic"
        return f"<InterventionTest of {self.term!r}: {name} {self.statistic:.4g}, df {self.df}, p {self.p_value:.3g}>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.to_frame(), float_format="{:.4g}".format)


def intervention_test(
    model: LikelihoodModel,
    data: Observed,
    term: Term | Terms,
    *,
    method: str = "score",
    draws: int | None = None,
    rng: Rng | None = None,
) -> InterventionTest:
    """Test whether events at known dates changed the mean.

    Parameters
    ----------
    model : Autoregression or CountRegression
        The null hypothesis.
    data : CountSeries or Evidence
        For ``"score"`` every month exactly known or missing.
    term : Term or Terms
        What may have happened, such as ``Step("2023-09")`` or ``Step("2023-09") + Pulse("2024-01")``.
    method : {"score", "lr", "posterior"}
        Score test, which fits the null hypothesis alone; likelihood ratio; Bayes factor from both log evidences.
    draws : int, optional
        For ``"posterior"``: number of draws.
    rng : numpy.random.Generator or int
        Generator or seed; required for ``"posterior"``.

    Raises
    ------
    InvalidInput
        If the method is unknown, the data do not suit it, or the data cannot see the effects.

    Examples
    --------
    >>> import pandas as pd
    >>> import forecasting as fc
    >>> months = pd.period_range("2023-01", periods=8, freq="M")
    >>> series = fc.CountSeries(months, [4, 6, 5, 5, 9, 12, 10, 9])
    >>> test = fc.intervention_test(fc.CountRegression(fc.Intercept(), fc.Poisson()), series, fc.Step("2023-05"))
    >>> round(test.statistic, 3), round(test.p_value, 4)
    (6.667, 0.0098)
    """
    read_choice(method, "method", _METHODS)
    added = Terms.of(term)
    wide = extended(model, added)
    if method == "posterior":
        test = _by_posterior(model, wide, data, added, draws, rng)
    else:
        test = (_by_score if method == "score" else _by_ratio)(model.fit(data), wide, data, added)
    return replace(test, effects=with_factors(test.effects, added.columns() if model.multiplies else (), _FACTORS))


def _effect(name: str, estimate: float, lower: float, upper: float, *factor_and_limits: float) -> str:
    middle, low, high = factor_and_limits
    if np.isfinite(middle):
        return f"{name} multiplies the mean by {factor(middle)} (95% interval {factors(low, high)})."
    return f"{name} adds {estimate:,.3g} (95% interval {lower:,.3g} to {upper:,.3g})."


def extended(model: LikelihoodModel, added: Terms) -> LikelihoodModel:
    """Return the model with further terms."""
    if not isinstance(model, LikelihoodModel):
        raise InvalidInput(f"{type(model).__name__} takes no terms; test with an Autoregression or a CountRegression")
    return model.extended(added)


def _by_score(null: Fit, wide: LikelihoodModel, data: Observed, added: Terms) -> InterventionTest:
    density = wide.likelihood(data)
    at_null = dict(zip(null.density.names, null.work, strict=True))
    work = np.array([at_null.get(name, 0.0) for name in density.names])
    slope, information = score_and_information(density, work)
    mean_names = density.names[: density.width]
    new = np.array([name in added.columns() for name in mean_names])
    kept = np.array([name not in null.boundary and name not in added.columns() for name in mean_names])
    share = np.linalg.solve(information[np.ix_(kept, kept)], information[np.ix_(kept, new)])
    left = information[np.ix_(new, new)] - information[np.ix_(new, kept)] @ share
    _refuse_unseen(np.diag(left), np.diag(information)[new], added, data)
    step = np.linalg.solve(left, slope[new])
    half = float(ndtri(0.975)) * np.sqrt(np.diag(np.linalg.inv(left)))
    statistic = float(slope[new] @ step)
    effects = pd.DataFrame({"estimate": step, "lower": step - half, "upper": step + half}, index=list(added.columns()))
    p_value = float(chdtrc(len(step), statistic))
    return InterventionTest(added, "score", statistic, len(step), p_value, effects, null.messages)


def score_and_information(density: Fittable, work: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the score of the parameters of the mean at `work` ``[p]``, and their expected information."""
    if partly_known(density.data).any():
        raise InvalidInput(
            f"{density.data.name}: a score test needs each month exactly known or missing; use method='lr' or 'posterior'"
        )
    if not density.distribution.orthogonal:
        raise InvalidInput(
            f"a score test needs Poisson() or NegativeBinomial(), not {density.distribution!r}; use method='lr'"
        )
    return expected_information(density, work)


def _refuse_unseen(left: FloatArray, whole: FloatArray, added: Terms, data: Observed) -> None:
    hidden = [name for name, rest, all_of in zip(added.columns(), left, whole, strict=True) if not rest > 1e-9 * all_of]
    if hidden:
        raise InvalidInput(
            f"{data.name} cannot see {', '.join(hidden)}: no month observed would differ, or a term of the model does the "
            "same; choose another month or leave that term out"
        )


def _by_ratio(null: Fit, wide: LikelihoodModel, data: Observed, added: Terms) -> InterventionTest:
    fit, names = wide.fit(data), list(added.columns())
    statistic, df = max(2.0 * (fit.loglik - null.loglik), 0.0), len(names)
    p_value, messages = float(chdtrc(df, statistic)), (*null.messages, *fit.messages)
    if not wide.multiplies:
        messages = (*messages, "the identity link keeps effects at 0 or above: only a rise can be found")
        if df == 1:  # half of the null distribution is at zero (Self, Liang 1987, JASA 82, case 5)
            p_value = 0.5 * p_value if statistic > 0 else 1.0
    limits = fit.conf_int(names=names)
    effects = limits.assign(estimate=fit.params[names])[["estimate", "lower", "upper"]]
    return InterventionTest(added, "lr", statistic, df, p_value, effects, tuple(dict.fromkeys(messages)))


def _by_posterior(
    model: LikelihoodModel,
    wide: LikelihoodModel,
    data: Observed,
    added: Terms,
    draws: int | None,
    rng: Rng | None,
) -> InterventionTest:
    generator, names = require_rng(rng), list(added.columns())
    null = model.posterior(data, draws=draws, rng=generator)
    posterior = wide.posterior(data, draws=draws, rng=generator)
    values = posterior.draws[:, [posterior.names.index(name) for name in names]]
    lower, upper = np.quantile(values, [0.025, 0.975], axis=0)
    effects = pd.DataFrame({"estimate": values.mean(axis=0), "lower": lower, "upper": upper}, index=names)
    gain = posterior.log_evidence - null.log_evidence
    nothing = float(np.exp(-np.logaddexp(0.0, gain)))
    return InterventionTest(added, "posterior", gain, len(names), nothing, effects, ())
