from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from forecasting.batch.specification import Specification, build, names
from forecasting.distributions import Poisson, ZeroInflated
from forecasting.errors import InvalidInput
from forecasting.models import SARIMA, Autoregression, CountRegression, DynamicLevel, Model
from forecasting.terms import Covariate, Intercept, Step, Terms, Trend


def test_every_model_with_its_defaults() -> None:
    known = names(Model)
    assert {"auto", "countregression", "dynamiclevel", "sarima", "autoregression"} <= set(known)
    for name, cls in known.items():
        assert build(Model, name) == cls()


@pytest.mark.parametrize(
    ("written", "made"),
    [
        ({"name": "sarima", "order": [1, 0, 0], "constant": True}, SARIMA((1, 0, 0), constant=True)),
        (
            {"name": "CountRegression", "terms": ["Trend", {"name": "Step", "month": "2023-09"}]},
            CountRegression(Terms((Trend(), Step("2023-09")))),
        ),
        (
            {"name": "CountRegression", "distribution": {"name": "ZeroInflated", "base": "Poisson"}},
            CountRegression(distribution=ZeroInflated(Poisson())),
        ),
        ({"name": "DynamicLevel", "feedback": 1, "seasonal": 2}, DynamicLevel(feedback=1, seasonal=2)),
        ({"name": "Autoregression", "past_counts": [1], "link": "identity"}, Autoregression((1,), link="identity")),
    ],
)
def test_parameters(written: dict[str, Any], made: Model) -> None:
    assert build(Model, written) == made


def test_priors() -> None:
    assert build(Model, {"name": "CountRegression", "priors": {"trend": 0.1}}).priors.trend == 0.1
    with pytest.raises(InvalidInput, match="no prior scale 'trnd'"):
        build(Model, {"name": "CountRegression", "priors": {"trnd": 0.1}})


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"name": "DynamicLevel", "feedback": "much"}, "feedback='much' must be float"),
        ({"name": "DynamicLevel", "feedback": 2.0}, "between 0 and 1"),
        ({"name": "DynamicLevel", "trend": 1}, "must be bool"),
        ({"name": "SARIMA", "order": [0, 1, 1.5]}, "must be"),
        ({"name": "CountRegression", "terms": [3]}, "no term"),
        ({"name": "CountRegression", "terms": [{"name": "Step"}]}, "Step cannot be made"),
        ({"name": "CountRegression", "priors": 3}, "table of scales"),
        ({}, "no model"),
    ],
)
def test_faults_are_named(written: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        build(Model, written)


def test_known_quantities_join_the_terms() -> None:
    price = Covariate("price", pd.Series([1.0, 2.0], pd.period_range("2023-01", periods=2, freq="M")))
    regression = Specification("r", "CountRegression").build((price,))
    assert isinstance(regression, CountRegression)
    assert Terms.of(regression.terms).terms == (Intercept(), price)
    autoregression = Specification("a", "Autoregression").build((price,))
    assert isinstance(autoregression, Autoregression)
    assert autoregression.terms.terms == (price,)
    with pytest.raises(InvalidInput, match="SeasonalNaive takes no exposure or covariates"):
        Specification("n", "SeasonalNaive").build((price,))


def test_digests() -> None:
    one = Specification("a", "SARIMA", {"order": [0, 1, 1]}, 100)
    assert one.digest() == Specification("b", "sarima", {"order": [0, 1, 1]}, 100).digest()
    others = [
        Specification("a", "SARIMA", {"order": [1, 1, 1]}, 100),
        Specification("a", "SARIMA", {"order": [0, 1, 1]}, 200),
    ]
    assert len({one.digest(), one.digest(library="2"), *(other.digest() for other in others)}) == 4
