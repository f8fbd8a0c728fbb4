"""A regression as an autoregression without lags: the same model, with the derivatives that the other has."""

from __future__ import annotations

from forecasting.errors import InvalidInput
from forecasting.models.autoregression import Autoregression
from forecasting.models.regression import CountRegression
from forecasting.terms import Intercept, Terms


def as_autoregression(model: object) -> Autoregression:
    """Return an autoregression as it is, and a regression with an intercept as one without lags.

    Raises
    ------
    InvalidInput
        If a regression has no intercept, or the model is something else.
    """
    if isinstance(model, Autoregression):
        return model
    if not isinstance(model, CountRegression):
        raise InvalidInput(f"{type(model).__name__} takes no terms; search with an Autoregression or a CountRegression")
    terms = Terms.of(model.terms).terms
    if not any(isinstance(term, Intercept) for term in terms):
        raise InvalidInput("the search needs a regression with an intercept; add Intercept() to its terms")
    rest = tuple(term for term in terms if not isinstance(term, Intercept))
    return Autoregression((), (), terms=Terms(rest), distribution=model.distribution, priors=model.priors)
