"""Posterior draws of a local level: of its path too."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from forecasting.errors import InvalidInput
from forecasting.inference.sampling import sample_posterior
from forecasting.kernels.counts import FloatArray
from forecasting.models.local_level.density import LocalLevelDensity
from forecasting.models.local_level.still import StillDensity
from forecasting.models.results import Posterior
from forecasting.months import asked_months
from forecasting.predictive.levels import level_table

_STILL_DRAWS, _FEW_STILL_DRAWS = 4000, 1000


@dataclass(frozen=True, eq=False, repr=False)
class LocalLevelPosterior(Posterior):
    """Equally weighted posterior draws of a local level and its parameters.

    Attributes
    ----------
    density : LocalLevelDensity
        The log likelihood, the log prior, and the way to future months.
    source : numpy.random.Generator
        Of the numbers that belong to the posterior: the steps of the level after the data in `components`, so that scenarios
        share them, and the draws behind `log_evidence_still`.  It is copied, never moved on.
    """

    density: LocalLevelDensity
    source: np.random.Generator

    def _state(self) -> dict[str, Any]:
        return {"source": self.source.bit_generator.state}

    def components(self, months: pd.PeriodIndex) -> tuple[FloatArray, FloatArray]:
        """Return the two parts of the log mean, each ``[S, H]``: level and events; season, covariates, exposure.

        The level of months after the data has taken its random steps, the same ones in every call.

        Raises
        ------
        InvalidWindow
            If a month is before the data.
        """
        return self.density.parts(self.sample.work, asked_months(months), rng=deepcopy(self.source))

    def continued(self, months: pd.PeriodIndex, uniforms: FloatArray) -> FloatArray:
        """Return the means ``[S, H]`` of the months after the data, whatever their counts."""
        with np.errstate(over="ignore"):
            return np.asarray(np.exp(self.log_mean(months)))

    def level(self, quantiles: Sequence[float] | None = None) -> pd.DataFrame:
        """Return the posterior of the level of each month, on the scale of the counts and without season and exposure.

        Parameters
        ----------
        quantiles : sequence of float, optional
            Quantile levels; one column each.  By default the mean, the median and the limits of 50% and 90% intervals.

        Returns
        -------
        DataFrame
            One row per month of the data.

        Examples
        --------
        >>> import forecasting as fc
        >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 30, 27])
        >>> posterior = fc.LocalLevel().posterior(series, rng=1)
        >>> posterior.level().columns.tolist()
        ['mean', 'lo-90', 'lo-50', 'median', 'hi-50', 'hi-90']
        """
        return level_table(np.exp(self.components(self.months)[0]), self.months, quantiles)

    def one_step_scores(self, last: int | None = None) -> FloatArray:
        """Refuse: given its path, a month says nothing of the months before it."""
        raise InvalidInput(
            f"the posterior of the level of {self.name} knows all months, so it has no scores one month ahead; use "
            "LocalLevel().prepared(data, rng=rng), which is fitted again before each month"
        )

    @cached_property
    def log_evidence_still(self) -> float:
        """Log marginal likelihood of the same model with a level that never moves: noise zero."""
        still = StillDensity(self.density.target)
        draws = _FEW_STILL_DRAWS if self.density.costly else _STILL_DRAWS
        return sample_posterior(still, draws, rng=deepcopy(self.source)).log_evidence

    @property
    def log_bayes_factor(self) -> float:
        """Log Bayes factor of a level that moves, under its prior, against one that never does."""
        return self.log_evidence - self.log_evidence_still
