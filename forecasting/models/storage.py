"""Posteriors as Parquet files: one row per draw; anything that reads Parquet reads them.

The file has the draws, not the model: reading one asks for the model and the data again, and checks that they are the same.
"""

from __future__ import annotations

from dataclasses import asdict, replace
from os import PathLike
from typing import Any

import numpy as np

from forecasting.errors import InvalidInput
from forecasting.inference.mode import Mode
from forecasting.inference.sampling import Diagnostics, Sample
from forecasting.kernels.counts import FloatArray
from forecasting.models.density import ModelDensity
from forecasting.predictive.parquet import read_columns, write_columns

_KIND = "posterior"
_SAME = 1e-8  # relative difference of a log likelihood that is computed again
_TRIED = 20  # draws at which it is


def write_sample(
    path: str | PathLike[str], sample: Sample, density: ModelDensity, draws: FloatArray, state: dict[str, Any]
) -> None:
    """Write draws in natural scale and in working coordinates, with the diagnostics; `state` is kept beside them.

    Raises
    ------
    InvalidInput
        If pyarrow is not installed.
    """
    columns = {name: draws[:, k] for k, name in enumerate(density.names)}
    columns |= {f"work[{k}]": sample.work[:, k] for k in range(sample.work.shape[1])}
    columns |= {"log_likelihood": sample.log_likelihood, "log_prior": sample.log_prior}
    described = {
        "kind": _KIND,
        "model": density.label,
        "series": density.data.name,
        "names": list(density.names),
        "log_evidence": sample.log_evidence,
        "quality": asdict(sample.quality),
        "mode": {name: np.asarray(value).tolist() for name, value in asdict(sample.mode).items()},
        "state": state,
    }
    write_columns(path, columns, described)


def read_state(path: str | PathLike[str]) -> dict[str, Any]:
    """Return what was kept beside the draws of a file."""
    state: dict[str, Any] = read_columns(path, _KIND)[1]["state"]
    return state


def read_sample(path: str | PathLike[str], density: ModelDensity) -> tuple[Sample, dict[str, Any]]:
    """Return the draws of a file, and what was kept beside them.

    Raises
    ------
    InvalidInput
        If there is no such file, or its draws are not those of this model given these data.
    """
    columns, found = read_columns(path, _KIND)
    wanted = (density.label, density.data.name, list(density.names))
    if (found["model"], found["series"], found["names"]) != wanted:
        raise InvalidInput(
            f"{path} has the draws of {', '.join(found['names'])} of a {found['model']} for {found['series']}; give that model "
            "and those data"
        )
    width = sum(name.startswith("work[") for name in columns)
    log_likelihood = columns["log_likelihood"]
    work = np.column_stack([np.empty((len(log_likelihood), 0)), *(columns[f"work[{k}]"] for k in range(width))])
    mode: dict[str, Any] = {
        name: np.array(value) if isinstance(value, list) else value for name, value in found["mode"].items()
    }
    quality = Diagnostics(**found["quality"])
    if quality.khat is None:  # not a number of JSON: no weights were needed, or they were beyond judgement
        quality = replace(quality, khat=-np.inf if quality.method == "exact" else np.inf)
    sample = Sample(work, log_likelihood, columns["log_prior"], found["log_evidence"], quality, Mode(**mode))
    if work.shape[1] != density.start.size:
        raise InvalidInput(
            f"{path} has {work.shape[1]} coordinates, and the model has {density.start.size}; give its own data"
        )
    again = density.log_likelihood(work[:_TRIED]) + density.log_prior(work[:_TRIED])
    before = (sample.log_likelihood + sample.log_prior)[:_TRIED]
    if not np.allclose(again, before, rtol=_SAME, atol=_SAME):
        raise InvalidInput(
            f"{path}: the draws have other probabilities under this model and these data than when they were saved; give the "
            "same distribution, terms, priors and data"
        )
    return sample, found["state"]
