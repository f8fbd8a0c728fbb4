"""What the results of a Bayesian model ask of its density, beyond what inference does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.distributions import Law
from forecasting.inference.density import Density
from forecasting.kernels.counts import FloatArray, IntArray
from forecasting.parameters import Priors

Simulated: TypeAlias = tuple[IntArray, FloatArray, tuple[FloatArray, ...]]
"""Paths and means, each ``[S, H]``, and shape parameters."""


class ModelDensity(Density, Protocol):
    """The log density of a model for one set of data, and the way from parameters to future months.

    Attributes
    ----------
    data : CountSeries or Evidence
        What the model is conditioned on.
    distribution : Law
        Conditional distribution of a month given its mean.
    priors : Priors or None
        Scales of the priors; None if the priors have no scales by family.
    log_rates : tuple of str
        Parameters that are added to the log mean, so that their exponential is a factor.
    label : str
        Name of the model.
    costly : bool
        Whether one evaluation takes so long that fewer draws are the better default.
    """

    @property
    def data(self) -> Observed: ...  # noqa: D102
    @property
    def distribution(self) -> Law: ...  # noqa: D102
    @property
    def priors(self) -> Priors | None: ...  # noqa: D102
    @property
    def log_rates(self) -> tuple[str, ...]: ...  # noqa: D102
    @property
    def label(self) -> str: ...  # noqa: D102

    def shape(self, work: FloatArray) -> Sequence[FloatArray]:
        """Return one array ``[S]`` per shape parameter of the distribution, or none where they differ by month."""
        ...

    @property
    def costly(self) -> bool: ...  # noqa: D102

    @property
    def pieces(self) -> tuple[str, ...]:
        """Names of the n independent pieces of information."""
        ...

    def log_terms(self, work: FloatArray) -> FloatArray:
        """Return the log probability ``[S, n]`` of each piece of information, given those before it."""
        ...

    def simulate(self, work: FloatArray, months: pd.PeriodIndex, *, rng: np.random.Generator) -> Simulated:
        """Return one path of the months after the data for each draw, the mean of each month given it, and the shape.

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
        shape : tuple of float64[S] or float64[S, H]
            Shape parameters of the distribution.
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
