"""Models of terms that maximum likelihood can fit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Self

from forecasting.constraints import Observed
from forecasting.models.base import BayesianModel
from forecasting.models.fit import Fit
from forecasting.models.fittable import Fittable
from forecasting.models.maximum import maximum_likelihood
from forecasting.terms import Term, Terms


class LikelihoodModel(BayesianModel):
    """A model with terms, and with a likelihood that has a maximum."""

    terms: Terms | Term | None

    @property
    @abstractmethod
    def multiplies(self) -> bool:
        """Whether an effect multiplies the mean; if not, it adds to it and is never below zero."""

    @abstractmethod
    def likelihood(self, data: Observed) -> Fittable:
        """Return the log likelihood for `data`, in coordinates in which its maximum is looked for."""

    def extended(self, added: Terms) -> Self:
        """Return the same model with further terms."""
        return replace(self, terms=Terms.of(self.terms) + added)  # type: ignore[type-var]

    def fit(self, data: Observed, *, information: str = "observed") -> Fit:
        """Maximise the likelihood; see the model for what it needs."""
        return maximum_likelihood(self, self.likelihood(data), information)
