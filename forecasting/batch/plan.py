"""What a run would do: the series that it would forecast, what is known already, and what that costs.  Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import pandas as pd

from forecasting.batch.archive import Archive
from forecasting.batch.config import Config
from forecasting.batch.inputs import Part, checked_series
from forecasting.batch.jobs import Planner


@dataclass(frozen=True)
class Plan:
    """What a run would do.

    Attributes
    ----------
    series : int
        Series of the input.
    bad : mapping of str to str
        Those that could not be forecast, with the reason.
    jobs : mapping of str to int
        Forecasts to be made, by the label of their model.
    known : int
        Forecasts that the archive holds already.
    cpu : float or None
        Seconds of CPU that they would take, going by the archived forecasts of the same models; None if there are none.
    """

    series: int
    bad: Mapping[str, str]
    jobs: Mapping[str, int]
    known: int
    cpu: float | None

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON values."""
        return asdict(self)


def plan_batch(config: Config, *, today: date | None = None, part: Part | None = None) -> Plan:
    """Return what `run_batch` would do with the same arguments, and write nothing.

    Raises
    ------
    InvalidInput
        If the input as a whole cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from importlib.resources import files
    >>> from forecasting.batch import load_config
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     quick = {"archive": f"{folder}/forecasts.db", "models": [{"name": "SeasonalNaive"}], "origins": 3}
    ...     plan_batch(load_config(files("forecasting.batch") / "example.toml", **quick))
    Plan(series=2, bad={}, jobs={'SeasonalNaive': 6}, known=0, cpu=None)
    """
    day = date.today() if today is None else today
    planner = Planner(config, day)
    bad: dict[str, str] = {}
    wanted: dict[str, str] = {}
    with checked_series(config, day, part) as (size, series):
        for checked in series:
            if checked.faults:
                bad[checked.name] = "; ".join(checked.faults)
            for _, jobs in planner.jobs(checked):
                wanted |= {job.key.digest: job.key.model for job in jobs}
    left, usual = wanted, pd.Series(dtype=float)
    address = config.address(config.archive)
    if Archive.exists(address):
        with Archive.open(address, create=False) as archive, archive.snapshot() as held:
            known = held.finished(wanted)
            usual = held.keys(status="done").groupby("model")["cpu"].mean()
        left = {digest: model for digest, model in wanted.items() if digest not in known}
    jobs_by_model = dict(sorted(Counter(left.values()).items()))
    cpu = sum(usual.get(model, float("nan")) * number for model, number in jobs_by_model.items())
    return Plan(size, bad, jobs_by_model, len(wanted) - len(left), None if cpu != cpu else cpu)
