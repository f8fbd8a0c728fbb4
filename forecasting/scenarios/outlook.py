"""What comes next under several assumptions about the level, told apart draw by draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import pandas as pd
from numpy.typing import ArrayLike

from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput
from forecasting.months import MonthLike
from forecasting.predictive import Predictive, Quantity
from forecasting.predictive.levels import central
from forecasting.randomness import Rng, require_rng
from forecasting.scenarios.assumptions import Extrapolates, Scenario


@dataclass(frozen=True, eq=False, repr=False)
class Outlook(Drawable):
    """Forecasts of the same H months under several scenarios, paired draw by draw.

    Attributes
    ----------
    name : str
        Name of the series.
    scenarios : mapping of str to Predictive
        By name of the scenario, in the order of the request; read-only.
    """

    name: str
    scenarios: Mapping[str, Predictive]

    def __post_init__(self) -> None:
        object.__setattr__(self, "scenarios", MappingProxyType(dict(self.scenarios)))

    def __reduce__(self) -> tuple[type[Outlook], tuple[str, dict[str, Predictive]]]:
        """Pickle and copy the scenarios as a dictionary: a read-only mapping does neither."""
        return type(self), (self.name, dict(self.scenarios))

    @property
    def months(self) -> pd.PeriodIndex:
        """The H months."""
        return next(iter(self.scenarios.values())).months

    def __getitem__(self, scenario: str) -> Predictive:
        """Return the forecast under one scenario, by name."""
        if scenario not in self.scenarios:
            raise InvalidInput(f"there is no scenario {scenario!r}; there are {', '.join(self.scenarios)}")
        return self.scenarios[scenario]

    def table(self, level: float = 0.9) -> pd.DataFrame:
        """Return mean, median and central interval, a row for each scenario and month.

        Parameters
        ----------
        level : float
            Probability of the interval, strictly between 0 and 1.
        """
        tables = {}
        for name, forecast in self.scenarios.items():
            points = forecast.quantile([0.5, *central(level)]).set_axis(["median", "lower", "upper"], axis=1)
            tables[name] = pd.concat([forecast.expected, points], axis=1)
        return pd.concat(tables, names=["scenario", "ds"])

    def totals(self, level: float = 0.9) -> pd.DataFrame:
        """Return mean, median and central interval of the total of all months, a row for each scenario."""
        rows = {}
        for name, forecast in self.scenarios.items():
            total = forecast.total()
            lower, upper = total.interval(level)
            rows[name] = {"mean": total.mean, "median": total.median, "lower": lower, "upper": upper}
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("scenario")

    def difference(self, a: str, b: str, start: MonthLike | None = None, end: MonthLike | None = None) -> Quantity:
        """Return the total under `a` minus the total under `b`, draw by draw.

        Parameters
        ----------
        a, b : str
            Names of two scenarios.
        start, end : str, Period or date, optional
            Window, both ends included; all months by default, a single month where they are equal.

        Raises
        ------
        InvalidInput
            If a scenario is unknown.
        InvalidWindow
            If the window is reversed or leaves the outlook.

        Examples
        --------
        >>> import numpy as np
        >>> import forecasting as fc
        >>> rng = np.random.default_rng(1)
        >>> series = fc.CountSeries(["2023-08", "2023-09", "2023-10", "2023-11"], [100, 200, 210, 190])
        >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(series, rng=rng)
        >>> ahead = fc.outlook(posterior, [fc.Persist(), fc.Shift(-0.5)], horizon=3, rng=rng)
        >>> more = ahead.difference("Persist", "Shift(-0.5)")
        >>> round(more.median, -1), bool((more.draws >= 0).all())
        (240.0, True)
        """
        one, other = self[a].total(start, end), self[b].total(start, end)
        return Quantity(f"{a} minus {b}, {one.name}", one.draws - other.draws)

    def to_frame(self, levels: ArrayLike = (0.5, 0.8, 0.9), *, model: str | None = None) -> pd.DataFrame:
        """Return `Predictive.to_frame` of every scenario in one long table, with a column scenario."""
        frames = []
        for name, forecast in self.scenarios.items():
            frames.append(forecast.to_frame(levels, model=model))
            frames[-1].insert(1, "scenario", name)
        return pd.concat(frames, ignore_index=True)

    def in_words(self, level: float = 0.9) -> str:
        """Return the total of all months under each scenario as a sentence."""
        parts = []
        for name, forecast in self.scenarios.items():
            total = forecast.total()
            low, high = total.interval(level)
            parts.append(f"{total.median:,.0f} ({low:,.0f} to {high:,.0f}) under {name}")
        span = f"{self.months[0]}..{self.months[-1]}"
        return f"{self.name}, total of {span}, median and {level:.0%} interval: {'; '.join(parts)}."

    def __repr__(self) -> str:
        span = f"{self.months[0]}..{self.months[-1]}"
        return f"Outlook({self.name!r}, {span}: {', '.join(self.scenarios)})"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table(), float_format="{:.1f}".format)


def outlook(post: Extrapolates, scenarios: Sequence[Scenario], horizon: int = 6, *, rng: Rng) -> Outlook:
    """Forecast the months after the data under each of several scenarios.

    Parameters
    ----------
    post : Posterior
        Of a model with a level: a regression, a local or dynamic level, an autoregression, a process of your own.
    scenarios : sequence of Scenario
        For example ``[Persist(), Revert("2023-06", "2023-08"), Continue(), Shift(+0.3)]``.
    horizon : int
        Number of months H.
    rng : numpy.random.Generator or int
        Generator or seed; required; one uniform is drawn for each draw and month, whatever the scenarios.

    Returns
    -------
    Outlook
        One `Predictive` for each scenario, all driven by the same uniforms.

    Raises
    ------
    InvalidInput
        If `post` is not such a posterior, there is no scenario, two are the same, or `horizon` is not a positive
        whole number.
    InvalidWindow
        If a window leaves the data.
    SamplingError
        If the means of a scenario explode.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> rng = np.random.default_rng(1)
    >>> evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
    >>> posterior = fc.CountRegression(fc.Intercept() + fc.Step("2023-09"), fc.Poisson()).posterior(evidence, rng=rng)
    >>> ahead = fc.outlook(posterior, [fc.Persist(), fc.Revert("2023-06", "2023-08")], horizon=3, rng=rng)
    >>> ahead.totals().round(-1).astype(int)
                              mean  median  lower  upper
    scenario
    Persist                    580     580    520    630
    Revert(2023-06..2023-08)   310     300    270    350
    """
    generator = require_rng(rng)
    if not isinstance(post, Extrapolates):
        raise InvalidInput(
            f"an outlook needs the posterior of a model with a level, got {type(post).__name__}; make one, for example with "
            "CountRegression(Intercept() + Trend()).posterior(data, rng=rng)"
        )
    chosen = _read_scenarios(scenarios)
    months = post.future(horizon)
    uniforms = generator.random(post.recurring(months).shape)
    forecasts = {}
    for scenario in chosen:
        mean = scenario.mean(post, months, uniforms)
        forecasts[scenario.name] = Predictive.coupled(months, mean, post.shape, post.distribution, uniforms, post.name)
    return Outlook(post.name, forecasts)


def _read_scenarios(scenarios: Sequence[Scenario]) -> tuple[Scenario, ...]:
    if not isinstance(scenarios, Scenario | Iterable):
        raise InvalidInput(f"scenarios={scenarios!r} must be a list of scenarios, for example [Persist(), Continue()]")
    chosen = (scenarios,) if isinstance(scenarios, Scenario) else tuple(scenarios)
    for scenario in chosen:
        if not isinstance(scenario, Scenario):
            raise InvalidInput(
                f"{scenario!r} is no scenario; use Persist(), Revert(start, end), Continue(), Shift(delta)"
            )
    names = [scenario.name for scenario in chosen]
    if not names:
        raise InvalidInput("there is no scenario; give at least one, for example [Persist(), Continue()]")
    repeated = {name for name in names if names.count(name) > 1}
    if repeated:
        raise InvalidInput(f"{', '.join(sorted(repeated))} is given more than once; give each scenario once")
    return chosen
