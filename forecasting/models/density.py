"""What the results of a Bayesian model ask of its density, beyond what inference does."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import Distribution
from forecasting.inference.density import Density
from forecasting.inference.priors import Priors
from forecasting.kernels.counts import FloatArray, IntArray


class ModelDensity(Density, Protocol):
    """The log density of a model for one set of data, and the way from parameters to future months.

    Attributes
    ----------
    data : CountSeries or Evidence
        What the model is conditioned on.
    distribution : Distribution
        Conditional distribution of a month given its mean; its shape parameters are the last of `names`.
    priors : Priors
        Scales of the priors.
    log_rates : tuple of str
        Parameters that are added to the log mean, so that their exponential is a factor.
    label : str
        Name of the model.
    costly : bool
        Whether one evaluation takes so long that fewer draws are the better default.
    """

    data: Observed
    distribution: Distribution
    priors: Priors
    log_rates: tuple[str, ...]
    label: str

    @property
    def costly(self) -> bool: ...  # noqa: D102

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the n independent pieces of information."""
        ...

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, n]`` of each piece of information, given those before it."""
        ...

    def simulate(
        self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator
    ) -> tuple[IntArray, FloatArray]:
        """Return one path of the months after the data for each draw, and the mean of each month given the path so far.

        Parameters
        ----------
        work : ndarray, [S, p]
            Draws in working coordinates.
        months : pandas.PeriodIndex
            The H months that follow the data.
        rng : numpy.random.Generator
            Source of randomness.

        Returns
        -------
        paths : int64[S, H]
        mean : float64[S, H]
        """
        ...

    def recurring(self, work: FloatArray, months: pd.PeriodIndex) -> FloatArray:
        """Return season, covariates and exposure of the log mean of any months, ``[S, H]``."""
        ...

    def components(self, work: FloatArray, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return level with events, and the recurring part, of the log mean of some months, each ``[S, H]``."""
        ...

    def continued(self, work: FloatArray, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whose counts come from uniforms ``[S, H]``."""
        ...

    def months(self, work: FloatArray, *, rng: np.random.Generator) -> IntArray:
        """Return every month of the data ``[S, T]``, drawn given the parameters and everything known."""
        ...
