"""Tables of parameters add up, and the scales of their priors are those that each part declares."""

from __future__ import annotations

import numpy as np
import pytest

import forecasting as fc
from forecasting.parameters import Parameter, Parameters, declared
from forecasting.parameters.families import FAMILIES
from forecasting.parameters.table import TRANSFORMS
from tests.models import data


def test_tables_add_up() -> None:
    first, second = Parameters((Parameter("a", 0.5, 2.0, "exp"),)), Parameters((Parameter("b", transform="odds"),))
    both = first + second
    assert both.names == ("a", "b")
    assert both.folded.tolist() == [False, True]
    assert both.centre.tolist() == [0.5, 0.0]
    assert both.scale(fc.Priors()).tolist() == [2.0, 1.0]
    np.testing.assert_allclose(both.natural(np.array([[0.0, -2.0]])), [[1.0, 0.8]])
    with pytest.raises(fc.InvalidInput, match="a names two parameters"):
        both + first


@pytest.mark.parametrize("name", TRANSFORMS)
def test_folded_coordinates_are_those_of_even_transforms(name: str) -> None:
    work = np.linspace(-3.0, 3.0, 13)[:, None]
    table = Parameters((Parameter("a", transform=name),))
    assert table.folded[0] == np.array_equal(table.natural(work), table.natural(-work))


def test_a_unit_divides_the_scale_of_the_family() -> None:
    one = Parameter("a", scale=3.0, family="trend", unit=2.0)
    assert Parameters((one,)).scale(fc.Priors(trend=0.5)).tolist() == [0.75]


def test_a_family_of_ones_own_is_overridden_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(FAMILIES, "memory", FAMILIES["gain"])  # taken back when the test ends
    monkeypatch.delitem(FAMILIES, "memory")
    assert declared("memory", 0.4, "Logit of the share that is kept.") == "memory"
    assert declared("memory", 0.4, "Logit of the share that is kept.") == "memory"
    with pytest.raises(ValueError, match="declared already"):
        declared("memory", 0.5, "Logit of the share that is kept.")
    table = Parameters((Parameter("kept", transform="logistic", family="memory"),))
    assert table.scale(fc.Priors()).tolist() == [0.4]
    assert table.scale(fc.Priors(memory=0.2)).tolist() == [0.2]
    assert fc.Priors().to_frame().loc["memory", "of"].startswith("Logit")


def test_priors_are_values() -> None:
    assert fc.Priors(trend=0.1) == fc.Priors() != fc.Priors(trend=0.2)
    assert len({fc.Priors(), fc.Priors(step=1), fc.Priors(step=2)}) == 2
    assert repr(fc.Priors(step=2, trend=0.1)) == "Priors(step=2.0)"
    with pytest.raises(AttributeError, match="cannot be changed"):
        fc.Priors().trend = 0.2  # type: ignore[misc]
    with pytest.raises(AttributeError, match="no prior scale 'tren'"):
        _ = fc.Priors().tren
    with pytest.raises(fc.InvalidInput, match="no prior scale 'tren'; there are anchor, "):
        fc.Priors(tren=0.2)


def test_every_parameter_of_every_model_has_a_scale_that_its_priors_move() -> None:
    series = data.series(data.drifting(30))
    for model in (fc.CountRegression, fc.DynamicLevel, fc.LocalLevel, fc.Autoregression):
        density, wide = (model(priors=priors).density(series) for priors in (fc.Priors(), fc.Priors().scaled(2.0)))
        moved = wide.scale / density.scale
        harmonics = [name[:3] in ("cos", "sin") for name in density.names] if model is fc.DynamicLevel else False
        assert (np.isclose(moved, 2.0) | harmonics).all(), model  # harmonics are measured in their scale
