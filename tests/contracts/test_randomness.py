"""Randomness comes from the caller: `rng` has no default, and a seed is as good as the generator that it seeds."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import forecasting as fc
from forecasting.randomness import named_streams, require_rng

PACKAGE = Path(fc.__file__).parent
OPTIONAL = {"intervention_test"}  # one of its methods draws, the others do not

MONTHS = [f"{year}-{month:02d}" for year in (2021, 2022, 2023) for month in range(1, 13)]
SERIES = fc.CountSeries(MONTHS, np.random.default_rng(1).poisson(11, 36))
EVIDENCE = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
LINE = fc.CountRegression(fc.Intercept() + fc.Trend())
POSTERIOR = LINE.posterior(EVIDENCE, draws=200, rng=3)
FORECAST = LINE.posterior(SERIES, draws=200, rng=3).forecast(6, rng=3)
BACKTEST = fc.backtest({"a": fc.HistoricalMoments(), "b": fc.SeasonalNaive()}, SERIES, horizon=2, origins=4, rng=3)

DRAWS: dict[str, Callable[[Any], Any]] = {
    "auto": lambda rng: fc.auto(SERIES, 3, draws=100, rng=rng).paths,
    "auto of a table": lambda rng: fc.auto(SERIES.to_frame(), 3, draws=100, rng=rng)["y"].paths,
    "forecast of a model": lambda rng: LINE.forecast(SERIES, 3, draws=100, rng=rng).paths,
    "forecast of a fit": lambda rng: LINE.fit(SERIES).forecast(3, draws=100, rng=rng).paths,
    "posterior": lambda rng: LINE.posterior(SERIES, draws=100, rng=rng).draws,
    "forecast of a posterior": lambda rng: POSTERIOR.forecast(2, rng=rng).paths,
    "SARIMA": lambda rng: fc.SARIMA((1, 0, 0)).forecast(SERIES, 2, draws=100, rng=rng).paths,
    "climatology": lambda rng: fc.Climatology().forecast(SERIES, 2, draws=100, rng=rng).paths,
    "reconstruct": lambda rng: fc.reconstruct(POSTERIOR, rng=rng).paths,
    "outlook": lambda rng: fc.outlook(POSTERIOR, [fc.Persist()], horizon=2, rng=rng)["Persist"].paths,
    "changes": lambda rng: fc.changes(SERIES, draws=100, rng=rng).draws,
    "backtest": lambda rng: fc.backtest({"a": fc.HistoricalMoments()}, SERIES, horizon=2, rng=rng).scores["rps"],
    "compare": lambda rng: BACKTEST.compare("a", "b", replications=99, rng=rng).interval,
    "pit test": lambda rng: fc.evaluation.pit_test([([9] * 6, FORECAST)] * 3, replications=99, rng=rng).pvalue,
    "draw": lambda rng: fc.Predictive.draw(FORECAST.months, FORECAST.mean, (), fc.Poisson(), name="y", rng=rng).paths,
    "Poisson": lambda rng: fc.Poisson().sample(np.ones(9), rng=rng),
    "NegativeBinomial": lambda rng: fc.NegativeBinomial().sample(np.ones(9), np.ones(9), rng=rng),
    "ZeroInflated": lambda rng: fc.ZeroInflated(fc.Poisson()).sample(np.ones(9), np.full(9, 0.5), rng=rng),
    "Hurdle": lambda rng: fc.Hurdle(fc.Poisson()).sample(np.ones(9), np.full(9, 0.5), rng=rng),
    "Contaminated": lambda rng: fc.Contaminated(fc.Poisson()).sample(np.ones(9), rng=rng),
    "intervention_test": lambda rng: (
        fc.intervention_test(LINE, SERIES, fc.Step("2022-01"), method="posterior", draws=100, rng=rng).statistic
    ),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_a_seed_gives_what_its_generator_gives(draw: Callable[[Any], Any]) -> None:
    np.testing.assert_array_equal(draw(7), draw(np.random.default_rng(7)))
    np.testing.assert_array_equal(draw(np.int64(7)), draw(7))


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def test_rng_has_no_default_anywhere() -> None:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        for function in functions(path):
            optional = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
            positional = function.args.args[len(function.args.args) - len(function.args.defaults) :]
            named = [argument.arg for argument, default in optional if default is not None]
            if "rng" in [*named, *(argument.arg for argument in positional)]:
                found.append(function.name)
    assert set(found) == OPTIONAL


@pytest.mark.parametrize("wrong", [None, -1, True, 1.0, "1", np.random, [1]])
def test_what_is_neither_is_refused_with_what_to_pass(wrong: object) -> None:
    with pytest.raises(fc.InvalidInput, match=r"pass a seed such as rng=7 or a generator"):
        require_rng(wrong)
    with pytest.raises(fc.InvalidInput, match="rng is required"):
        named_streams(wrong)  # type: ignore[arg-type]
