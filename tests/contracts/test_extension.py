"""A model of thirty lines from outside of the library can do what those inside can, and is found wherever models are named."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import forecasting as fc
from forecasting.batch.specification import Specification
from forecasting.models import find_model
from forecasting.models.process import ProcessDensity
from tests.cli.commands import run, run_json
from tests.models import data
from tests.models.toys import Toy

Y = data.series(data.drifting(30), missing=(4, 11))
FACTS = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")


@cache
def posterior(kind: str) -> object:
    if kind == "series":
        return Toy().posterior(Y, draws=400, rng=1)
    return Toy().posterior(FACTS, draws=100, rng=1)


@pytest.mark.parametrize("kind", ["series", "facts"])
def test_it_has_forecasts_scenarios_and_reconstructions(kind: str) -> None:
    post = posterior(kind)
    assert post.khat < 0.7
    forecast = post.forecast(3, rng=2)
    assert (forecast.account.members[0].name, forecast.name) == ("Toy", post.name)
    ahead = fc.outlook(post, [fc.Persist(), fc.Continue(), fc.Shift(0.7)], horizon=3, rng=3)
    assert (ahead["Shift(+0.7)"].paths >= ahead["Persist"].paths).all()
    np.testing.assert_allclose(ahead["Continue"].expected, forecast.expected, rtol=0.15)
    months = fc.reconstruct(post, rng=4)
    exact = post.data.constraints.exact
    assert (months.paths[:, exact] == post.data.constraints.lower[exact]).all()
    if kind == "facts":
        assert set(months.total("2023-06", "2023-08").draws) == {305.0}


def test_its_likelihood_is_that_of_the_recursion_written_out() -> None:
    density = Toy(terms=fc.Exposure("days"), distribution=fc.Poisson()).density(Y)
    level, gain, total = 9.0, 0.3, 0.0
    for month, count, missing in zip(Y.months, Y.values, Y.missing, strict=True):
        mean = level * month.days_in_month
        if not missing:
            total += float(fc.Poisson().logpmf(count, mean))
            level += gain * (count / month.days_in_month - level)
    work = np.array([[np.log(9.0), np.log(0.3 / 0.7)]])
    assert density.log_likelihood(work)[0] == pytest.approx(total, rel=1e-12)
    assert density.natural(work)[0].tolist() == pytest.approx([9.0, 0.3])


def test_it_is_pooled_backtested_and_weighed() -> None:
    pooled = fc.Auto((fc.Member("toy", Toy(), 1.0), fc.Member("moments", fc.HistoricalMoments(), 1.0)))
    forecast = pooled.forecast(Y, 2, draws=100, rng=1)
    assert forecast.account.weights["toy"] > 0
    test = fc.backtest({"toy": Toy(), "moments": fc.HistoricalMoments()}, Y, horizon=2, origins=2, rng=1)
    assert set(test.scores["model"]) == {"toy", "moments"}


def test_it_has_its_name_in_configurations_and_on_the_command_line(tmp_path: Path) -> None:
    made = Specification.of("mine", "toy", {"gain": 0.3, "distribution": "Poisson"}, None)
    assert repr(made.build((fc.Exposure("days"),))) == repr(Toy(fc.Exposure("days"), fc.Poisson(), gain=0.3))
    file = tmp_path / "calls.csv"
    rows = [f"calls,{month}-01,{count}" for month, count in zip(Y.months, Y.values, strict=True)]
    file.write_text("\n".join(["unique_id,ds,y", *rows, ""]), encoding="utf-8")
    found = run_json("forecast", "--csv", file, "--model", "toy", "--draws", "100", "--seed", "1")
    assert (found["model"], found["draws"], found["khat"] < 0.7) == ("toy", 100, True)
    ahead = run_json(
        "outlook", "--csv", file, "--model", "toy", "--draws", "100", "--seed", "1", "--scenario", "persist"
    )
    assert (ahead["model"], {row["scenario"] for row in ahead["outlook"]}) == ("toy", {"Persist"})
    without = run("outlook", "--csv", file, "--model", "climatology")
    assert without.exit_code == 2
    assert "has no posterior" in without.stderr
    refused = run("forecast", "--csv", file, "--model", "tow")
    assert refused.exit_code == 2
    assert "'tow' is not a model; use one of" in refused.stderr


def test_another_process_finds_it_by_the_module_that_registers_it() -> None:
    code = (
        "from forecasting.batch.specification import Specification as S; "
        "print(type(S('mine', 'toy', {}, None, 'tests.models.toys').build()).__name__)"
    )
    root = Path(fc.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.strip() == "Toy"


def test_a_module_named_in_the_environment_registers_its_models(monkeypatch: pytest.MonkeyPatch) -> None:
    from forecasting.models import registry

    monkeypatch.setenv(registry.VARIABLE, "tests.models.no_such_module")
    with pytest.raises(fc.InvalidInput, match="cannot be imported"):
        find_model("toy")


def test_what_is_not_a_model_has_no_name() -> None:
    with pytest.raises(fc.InvalidInput, match="belongs to"):
        fc.register_model("SARIMA")(Toy)
    with pytest.raises(fc.InvalidInput, match="is not a model; derive it"):
        fc.register_model("text")(str)  # type: ignore[type-var]

    @dataclass(frozen=True)
    class Needy(Toy):
        need: int = None  # type: ignore[assignment]

    Needy.__dataclass_fields__["need"].default = __import__("dataclasses").MISSING
    with pytest.raises(fc.InvalidInput, match="all have a default"):
        fc.register_model("needy")(Needy)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ((fc.Parameter("level"), fc.Parameter("level")), "names two parameters"),
        ((fc.Parameter("alpha"),), "alpha names two parameters"),
        (("level",), "is not a parameter"),
    ],
)
def test_wrong_parameters_are_refused(parameters: tuple[fc.Parameter, ...], said: str) -> None:
    class Wrong(Toy):
        def parameters(self, data: object) -> tuple[fc.Parameter, ...]:
            return parameters

    with pytest.raises(fc.InvalidInput, match=said):
        ProcessDensity(Wrong(), Y)
