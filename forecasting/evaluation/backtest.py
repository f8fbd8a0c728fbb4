"""Rolling-origin backtests: every model refitted at each origin on what was known then, scored on what came."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import pandas as pd

from forecasting.constraints import Observed
from forecasting.display import Drawable, as_html
from forecasting.errors import InvalidInput
from forecasting.evaluation.card import score_card
from forecasting.evaluation.comparison import Comparison, compare
from forecasting.evaluation.judged import INTERVALS
from forecasting.evaluation.judged import MEAN_SCORES as SCORES
from forecasting.evaluation.origins import read_histories, read_origins, seasonal_scale, truth
from forecasting.evaluation.pit import PIT
from forecasting.evaluation.totals import TOTAL_INTERVALS, TOTAL_SCORES, read_totals, total_card
from forecasting.months import MonthLike, following
from forecasting.predictive import Predictive
from forecasting.randomness import Rng, named_streams
from forecasting.reading.arguments import read_flag, read_whole

KEY = ["unique_id", "origin", "horizon"]
SCALED = ("scaled_rps", "scaled_crps", "scaled_absolute_error")
TOTAL_KEY = ["unique_id", "origin", "total"]
_TOTAL_SCORES = [*TOTAL_SCORES, "scaled_crps", *TOTAL_INTERVALS]
TOTAL_ROW = ["unique_id", "model", "origin", "total", "y", *_TOTAL_SCORES, "pit_lower", "pit_upper"]
IN_TABLE = ("crps", "cover_90")
"""What the table of models shows of each total."""


class Forecaster(Protocol):
    """Anything with the verb that all models of the library share."""

    def forecast(self, data: Any, horizon: int, *, rng: Rng) -> Predictive:
        """Return the predictive distribution of the months after the data."""
        ...


Forecast = Callable[..., Predictive]
"""A plain function ``f(data, horizon, *, rng) -> Predictive``."""


@dataclass(frozen=True, eq=False, repr=False)
class Backtest(Drawable):
    """Scores of several models at several origins of one or many series.

    Attributes
    ----------
    scores : pandas.DataFrame
        A row a series, model, origin and month ahead: ``unique_id, model, origin, horizon, ds, y`` (NaN where the month has
        no exact count, and then every score too); ``log_score, rps, dss, crps, absolute_error`` (see `score_card`);
        ``scaled_...``, the same divided by the mean absolute lag-12 difference of the training months, NaN where that is
        zero; ``cover_50, cover_80, cover_95``; ``pit_lower, pit_upper``.
    failed : pandas.DataFrame
        One row per forecast that failed: ``unique_id, model, origin, message``; the origin is NaT if the series could not
        be read.
    models : tuple of str
        Names of the models, in the order given.
    forecasts : dict
        By (unique_id, model, origin) where the backtest was asked to keep them, else empty.
    totals : pandas.DataFrame
        One row per series, model, origin and total of the first months: ``unique_id, model, origin, total`` (its number of
        months), ``y`` (NaN where one of them has no exact count, and then every score too); ``crps, absolute_error``;
        ``scaled_crps``, divided by the scale of the months and their number; ``cover_50, cover_80, cover_90, cover_95``;
        ``pit_lower, pit_upper``; see `total_card`.

    Examples
    --------
    >>> import numpy as np
    >>> import forecasting as fc
    >>> months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
    >>> models = {"moments": fc.HistoricalMoments(), "season": fc.SeasonalNaive()}
    >>> series = fc.CountSeries(months, [5, 3, 4, 6] * 6)
    >>> result = fc.backtest(models, series, horizon=2, origins=3, rng=np.random.default_rng(1))
    >>> result.by_horizon("absolute_error").round(1)
             moments  season  n
    horizon
    1            0.3     0.0  3
    2            1.7     0.0  3
    """

    scores: pd.DataFrame
    failed: pd.DataFrame
    models: tuple[str, ...]
    forecasts: Mapping[tuple[str, str, pd.Period], Predictive]
    totals: pd.DataFrame = field(default_factory=lambda: _joined([], TOTAL_ROW))

    @property
    def failures(self) -> pd.DataFrame:
        """How often each model failed, by message."""
        return self.failed.groupby(["model", "message"], sort=True).size().rename("count").reset_index()

    def common(self, *, totals: bool = False) -> pd.DataFrame:
        """Return the rows that every model forecast and that have a count, of months or of totals: the only fair comparison."""
        scores, key = (self.totals, TOTAL_KEY) if read_flag(totals, "totals") else (self.scores, KEY)
        known = scores[scores["y"].notna()]
        everyone = known.groupby(key)["model"].transform("size") == len(self.models)
        return known[everyone]

    def table(self) -> pd.DataFrame:
        """Return mean scores by model on the months that all models have.

        Returns
        -------
        pandas.DataFrame
            Indexed by model: ``n``, months in common; ``own``, months this model was scored on; ``failed``, its failed
            forecasts; mean scores and coverage; ``n_scaled``, months in common with a scale; of the totals of 3 months mean
            score and coverage ``total_3_crps`` and ``total_3_cover_90``, and so on (see `by_total` for the others).
        """
        common = self.common()
        groups = common.groupby("model")
        own = self.scores[self.scores["y"].notna()].groupby("model").size()
        table = pd.DataFrame({"n": groups.size(), "own": own, "failed": self.failed.groupby("model").size()})
        table = table.reindex(self.models).fillna(0).astype(int)
        table[[*SCORES, *SCALED, *INTERVALS]] = groups[[*SCORES, *SCALED, *INTERVALS]].mean()
        table["n_scaled"] = groups["scaled_rps"].count().reindex(self.models).fillna(0).astype(int)
        for total, rows in self.common(totals=True).groupby("total"):
            table[[f"total_{total}_{score}" for score in IN_TABLE]] = rows.groupby("model")[list(IN_TABLE)].mean()
        return table.rename_axis("model")

    def in_words(self, score: str = "rps") -> str:
        """Return the models in the order of a mean score, as a sentence, and what central 80% intervals held.

        Whether a difference is more than luck is what `compare` answers.

        Examples
        --------
        >>> import forecasting as fc
        >>> months = [f"{year}-{month:02d}" for year in (2022, 2023) for month in range(1, 13)]
        >>> models = {"moments": fc.HistoricalMoments(), "season": fc.SeasonalNaive()}
        >>> print(fc.backtest(models, fc.CountSeries(months, [5, 3, 4, 6] * 6), horizon=1, rng=1).in_words())
        Mean rps on 3 months that all models have, best first: season 0.467, moments 0.767. Central 80% intervals hold
        100% (season), 100% (moments).
        """
        column, table = self._column(score), self.table()
        upwards = not column.startswith("cover")
        table = table.loc[table[column].sort_values(ascending=upwards, kind="stable").index]
        ranked = ", ".join(f"{name} {value:,.3g}" for name, value in table[column].items())
        held = ", ".join(f"{share:.0%} ({name})" for name, share in table["cover_80"].items())
        return (
            f"Mean {score} on {int(table['n'].iloc[0]):,} months that all models have, "
            f"{'best' if upwards else 'largest'} first: {ranked}. Central 80% intervals hold {held}."
        )

    def by_horizon(self, score: str = "rps") -> pd.DataFrame:
        """Return the mean of a score by months ahead: a column a model and ``n``, months that all models have."""
        return self._means(self.common(), "horizon", self._column(score))

    def by_total(self, score: str = "crps") -> pd.DataFrame:
        """Return the mean of a score of totals by their number of months: a column a model and ``n``, totals that all have.

        Examples
        --------
        >>> import forecasting as fc
        >>> months = [f"{year}-{month:02d}" for year in (2021, 2022, 2023) for month in range(1, 13)]
        >>> series = fc.CountSeries(months, [5, 3, 4, 6] * 9)
        >>> models = {"moments": fc.HistoricalMoments(), "season": fc.SeasonalNaive()}
        >>> fc.backtest(models, series, origins=1, rng=1).by_total("cover_90")
               moments  season  n
        total
        3          1.0     1.0  1
        6          1.0     1.0  1
        12         1.0     1.0  1
        """
        return self._means(self.common(totals=True), "total", self._total_column(score))

    def _means(self, common: pd.DataFrame, by: str, column: str) -> pd.DataFrame:
        table = common.groupby([by, "model"])[column].mean().unstack("model")
        table = table.reindex(columns=list(self.models)).rename_axis(columns=None)
        table["n"] = common[common["model"] == self.models[0]].groupby(by)[column].count()
        return table

    def compare(
        self, a: str, b: str, score: str = "rps", *, total: int | None = None, replications: int = 999, rng: Rng
    ) -> Comparison:
        """Return score of `a` minus score of `b` on the months both have, with its uncertainty; below 0, `a` is better.

        With `total` the score is that of the totals of so many months.  See `forecasting.evaluation.comparison.compare`.
        """
        column, key = (self._column(score), KEY) if total is None else (self._total_column(score), TOTAL_KEY)
        pair = [self._of(name, total).set_index(key)[column].dropna() for name in (a, b)]
        ours, theirs = (values.loc[pair[0].index.intersection(pair[1].index)] for values in pair)
        # Two scores that are both infinite are equal, not incomparable.
        differences = (ours - theirs).where(ours != theirs, 0.0).rename("difference").rename_axis(KEY).reset_index()
        what = score if total is None else f"{score} of {total} months"
        return compare(differences, f"{what}, {a} minus {b}", replications=replications, rng=rng)

    def pit(self, model: str, total: int | None = None) -> PIT:
        """Return the probability integral transforms of a model: all series, origins and months ahead, or totals of months."""
        rows = self._of(model, total)
        unit = "months" if total is None else f"totals of {total} months"
        return PIT(rows["pit_lower"].to_numpy(dtype=float), rows["pit_upper"].to_numpy(dtype=float), unit)

    def _of(self, model: str, total: int | None = None) -> pd.DataFrame:
        if not isinstance(model, str) or model not in self.models:
            raise InvalidInput(f"there is no model {model!r}; the backtest has {', '.join(self.models)}")
        rows = self.scores if total is None else self.totals[self.totals["total"] == read_whole(total, "total")]
        if total is not None and rows.empty:
            scored = ", ".join(map(str, self.totals["total"].unique())) or "none"
            raise InvalidInput(f"no totals of {total!r} months were scored; the backtest has totals of {scored} months")
        return rows[rows["model"] == model]

    def _total_column(self, score: str) -> str:
        if not isinstance(score, str) or score not in _TOTAL_SCORES:
            raise InvalidInput(f"there is no score {score!r} of totals; choose one of {', '.join(_TOTAL_SCORES)}")
        return score

    def _column(self, score: str) -> str:
        if not isinstance(score, str) or score not in (*SCORES, *SCALED, *INTERVALS):
            raise InvalidInput(
                f"there is no score {score!r}; choose one of {', '.join([*SCORES, *SCALED, *INTERVALS])}"
            )
        return score

    def __repr__(self) -> str:
        series = self.scores["unique_id"].nunique()
        return f"<Backtest of {', '.join(self.models)}: {series} series, {len(self.failed)} forecasts failed>"

    def _repr_html_(self) -> str:
        return as_html(repr(self), self.table(), float_format="{:.4g}".format)


def backtest(
    models: Mapping[str, Forecaster | Forecast],
    data: Observed | Iterable[Observed] | pd.DataFrame,
    *,
    horizon: int = 12,
    origins: int | Sequence[MonthLike] = 3,
    step: int | None = None,
    minimum: int = 6,
    totals: Sequence[int] | None = None,
    keep: bool = False,
    rng: Rng,
) -> Backtest:
    """Forecast from several origins with what was known then, and score what came.

    Parameters
    ----------
    models : mapping of str to model
        Models of the library, or functions ``f(data, horizon, *, rng) -> Predictive``.
    data : CountSeries or Evidence, several of them, or a long table
        Months that are not known exactly train the models as they are, and are not scored.  Of a table, as
        `CountSeries.from_frame` takes it, every series that can be read; the others are rows of `failed`, without an origin.
    horizon : int
        Months of each forecast.
    origins : int or sequence of months
        How many origins a series, the last one `horizon` months before its end; or the last known month of each.
    step : int, optional
        Months between origins; the horizon by default, so that no month is forecast twice.
    minimum : int
        Fewest months before an origin; an origin with fewer counts as a failure of every model.
    totals : sequence of int, optional
        Numbers of first months whose total is scored too; by default 3, 6 and 12, as far as the horizon reaches.
    keep : bool
        Keep the forecasts; some 50 KB for each 1,000 paths of 3 months.
    rng : numpy.random.Generator or int
        Generator or seed; required.  Each series, model and origin has a stream of its own, by name.

    Returns
    -------
    Backtest
        A model that fails is recorded there with the message, and the backtest goes on.

    Raises
    ------
    InvalidInput
        If the request is wrong: no model, no series, or numbers out of range.

    Warns
    -----
    ForecastingWarning
        If some series of a table cannot be read.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> import forecasting as fc
    >>> def last_mean(data, horizon, *, rng):
    ...     mean = np.full((200, horizon), data.values[-12:].mean())
    ...     months = pd.period_range(data.months[-1] + 1, periods=horizon)
    ...     return fc.Predictive.draw(months, mean, (), fc.Poisson(), name=data.name, rng=rng)
    >>> series = fc.CountSeries(pd.period_range("2020-01", periods=48, freq="M"), [5, 3, 4, 6] * 12)
    >>> result = fc.backtest({"last 12": last_mean}, series, horizon=6, origins=2, rng=np.random.default_rng(1))
    >>> result.table()[["n", "own", "failed"]]
             n  own  failed
    model
    last 12  12   12       0
    """
    stream, kept_too = named_streams(rng), read_flag(keep, "keep")
    if not isinstance(models, Mapping):
        raise InvalidInput(
            f"models is {type(models).__name__}, not a mapping; give models by name, even a single one: {{name: model}}"
        )
    if not models:
        raise InvalidInput("a backtest needs at least one model, as {name: model}")
    ahead, fewest = read_whole(horizon, "horizon"), read_whole(minimum, "minimum")
    pace = ahead if step is None else read_whole(step, "step")
    verbs = {name: _verb(name, model) for name, model in models.items()}
    sizes = read_totals(totals, ahead)
    cards: list[pd.DataFrame] = []
    sums: list[pd.DataFrame] = []
    failed: list[tuple[str, str, Any, str]] = []
    kept: dict[tuple[str, str, pd.Period], Predictive] = {}
    histories, unusable = read_histories(data)
    failed += [(name, model, pd.NaT, message) for name, message in unusable.items() for model in verbs]
    for history in histories:
        for origin in read_origins(history.months, origins, pace, ahead):
            observed = truth(history, origin, ahead)
            for name, forecast in verbs.items():
                job = history.name, name, origin
                try:
                    training = _training(history, origin, fewest)
                    issued = forecast(training, ahead, rng=stream(history.name, name, str(origin)))
                    cards.append(_card(issued, training, observed, job))
                    sums.append(_sums(issued, training, observed, job, sizes))
                except Exception as error:  # one bad series must not end, or hide in, a run of thousands
                    failed.append((*job, f"{type(error).__name__}: {error}"))
                else:
                    if kept_too:
                        kept[job] = issued
    columns = ["unique_id", "model", *KEY[1:], "ds", "y", *SCORES, *SCALED, *INTERVALS, "pit_lower", "pit_upper"]
    return Backtest(
        _joined(cards, columns),
        pd.DataFrame(failed, columns=["unique_id", "model", "origin", "message"]),
        tuple(verbs),
        kept,
        _joined(sums, TOTAL_ROW),
    )


def _joined(cards: list[pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    return pd.concat(cards, ignore_index=True)[columns] if cards else pd.DataFrame(columns=columns)


def _verb(name: str, model: Forecaster | Forecast) -> Forecast:
    found = getattr(model, "forecast", model)
    if not callable(found) or isinstance(model, type):
        raise InvalidInput(f"the model {name!r} has no method forecast(data, horizon, rng=...) and is no such function")
    return found


def _training(history: Observed, origin: pd.Period, fewest: int) -> Observed:
    if origin > history.months[-1]:
        raise InvalidInput(f"the origin {origin} lies after the last month of the series")
    before = int((history.months <= origin).sum())
    if before < fewest:
        raise InvalidInput(f"fewer than {fewest} months before the origin")
    return history.until(origin)


def _card(
    issued: Predictive, training: Observed, observed: np.ndarray[Any, Any], job: tuple[str, str, Any]
) -> pd.DataFrame:
    expected = following(training.months, len(observed))
    if not issued.months.equals(expected):
        raise InvalidInput("the forecast does not cover the months that were asked for")
    card = score_card(observed, issued)
    scale = seasonal_scale(training)
    for name in SCALED:
        card[name] = card[name.removeprefix("scaled_")] / scale
    card["unique_id"], card["model"], card["origin"] = job
    card["horizon"], card["ds"] = np.arange(1, len(card) + 1), expected
    return card


def _sums(
    issued: Predictive,
    training: Observed,
    observed: np.ndarray[Any, Any],
    job: tuple[str, str, Any],
    sizes: tuple[int, ...],
) -> pd.DataFrame:
    card = total_card(observed, issued, sizes)
    card["scaled_crps"] = card["crps"] / (card["total"] * seasonal_scale(training))
    card["unique_id"], card["model"], card["origin"] = job
    return card
