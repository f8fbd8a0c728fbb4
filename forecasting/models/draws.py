"""What a posterior says of its parameters: tables, intervals, and data for ArviZ."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from forecasting.extras import needed
from forecasting.inference.sampling import Sample
from forecasting.kernels.counts import FloatArray
from forecasting.models.density import ModelDensity
from forecasting.models.effects import read_names, with_factors
from forecasting.models.storage import write_sample
from forecasting.predictive.levels import central, read_level, read_levels
from forecasting.reading.arguments import read_choice

_FACTORS = {"factor": "50%", "factor 5%": "5%", "factor 95%": "95%"}


class Draws(ABC):
    """Equally weighted draws of named parameters."""

    density: ModelDensity
    sample: Sample

    @property
    @abstractmethod
    def names(self) -> tuple[str, ...]:
        """Names of the p parameters."""

    @property
    @abstractmethod
    def draws(self) -> FloatArray:
        """Draws ``[S, p]`` in natural scale."""

    @property
    def _rows(self) -> pd.Index:
        return pd.Index(self.names, name="parameter")

    def summary(self) -> pd.DataFrame:
        """Return mean, standard deviation and 5, 50, 95% points of every parameter.

        Where a parameter is added to the log mean, `factor` is the median of what it multiplies the mean by, with its 5 and
        95% points.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> series = fc.CountSeries([f"2023-{m:02d}" for m in range(1, 9)], [12, 9, 14, 11, 8, 13, 10, 12])
        >>> posterior = fc.CountRegression(fc.Intercept(), fc.Poisson()).posterior(series, rng=np.random.default_rng(1))
        >>> posterior.summary()["mean"].round(1)  # the log of 11 or so
        parameter
        intercept    2.4
        Name: mean, dtype: float64
        """
        points = np.quantile(self.draws, [0.05, 0.5, 0.95], axis=0)
        table = pd.DataFrame(
            {
                "mean": self.draws.mean(axis=0),
                "sd": self.draws.std(axis=0),
                "5%": points[0],
                "50%": points[1],
                "95%": points[2],
            },
            index=self._rows,
        )
        return with_factors(table, self.density.log_rates, _FACTORS)

    def to_arviz(self) -> Any:
        """Return the draws as ArviZ data: one chain, with the log likelihood of each piece of information.

        The pieces are months that are known exactly, months known within limits, and groups of months that share facts.  They
        are independent given the parameters (and the path of a local level), so that leaving one out is meant as it is done; in
        a model that follows the counts, each month is taken given those before it.

        Raises
        ------
        InvalidInput
            If the package arviz-base is not installed.
        """
        from_dict = needed("arviz_base", "arviz", "to_arviz()").from_dict
        pieces = list(self.density.pieces)
        return from_dict(
            {
                "posterior": {name: self.draws[None, :, k] for k, name in enumerate(self.names)},
                "sample_stats": {
                    "lp": (self.sample.log_likelihood + self.sample.log_prior)[None, :],
                    "log_likelihood": self.sample.log_likelihood[None, :],
                },
                "log_likelihood": {"y": self.density.log_terms(self.sample.work)[None]},
            },
            coords={"piece": pieces},
            dims={"y": ["piece"]},
        )

    def save(self, path: str | PathLike[str]) -> None:
        """Write the draws to a Parquet file, which `load_posterior` of the model reads; needs pyarrow.

        Raises
        ------
        InvalidInput
            If pyarrow is not installed.
        """
        write_sample(path, self.sample, self.density, self.draws, self._state())

    def _state(self) -> dict[str, Any]:
        """Return what has to be kept beside the draws."""
        return {}

    def quantile(self, levels: ArrayLike) -> pd.DataFrame:
        """Return quantiles of every parameter: one row per parameter, one column per level."""
        wanted = read_levels(levels)
        return pd.DataFrame(np.quantile(self.draws, wanted, axis=0).T, index=self._rows, columns=wanted)

    def conf_int(
        self, method: str = "quantile", level: float = 0.95, names: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Return credible intervals of the parameters: one row per parameter, columns lower and upper.

        Parameters
        ----------
        method : {"quantile", "hdi"}
            Between two quantiles with as much probability beyond either, or the shortest interval.
        level : float
            Probability of the interval.
        names : sequence of str, optional
            Parameters wanted; all by default.
        """
        read_choice(method, "method", ("quantile", "hdi"))
        wanted = read_names(names, self.names)
        draws = np.sort(self.draws[:, [self.names.index(name) for name in wanted]], axis=0)
        if method == "quantile":
            ends = np.quantile(draws, central(level), axis=0)
        else:
            inside = max(int(np.ceil(read_level(level) * len(draws))) - 1, 1)
            first = (draws[inside:] - draws[: len(draws) - inside]).argmin(axis=0)
            ends = np.take_along_axis(draws, np.stack([first, first + inside]), axis=0)
        return pd.DataFrame(ends.T, index=wanted, columns=["lower", "upper"])
