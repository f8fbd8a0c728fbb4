"""What other packages make of results, and what is said when they are missing."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from tests.models import data

MONTHS = data.months(84)
PRICE = fc.Covariate("price", pd.Series(data.generator(2).normal(size=96), data.months(96)))
MODELS = [
    fc.SARIMA(),
    fc.SARIMA((1, 0, 0), (0, 1, 1), terms=PRICE),
    fc.SARIMA((2, 0, 1), (0, 0, 0)),
    fc.SARIMA((0, 1, 1), (0, 0, 0), constant=True, terms=PRICE + fc.Exposure("days")),
    fc.SARIMA((0, 0, 0), (0, 0, 0), "sqrt"),
    fc.SARIMA((1, 0, 0), (1, 0, 1)),
]


def counts(gaps: tuple[int, ...]) -> fc.CountSeries:
    values = data.simulated(84, alpha=0.05).values
    return fc.CountSeries(MONTHS, values, np.isin(np.arange(84), gaps), unique_id="calls")


@pytest.mark.parametrize("gaps", [(), (30, 31, 60)], ids=["complete", "gaps"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: str(model.orders))
def test_statsmodels_has_the_same_model(model: fc.SARIMA, gaps: tuple[int, ...]) -> None:
    """The same likelihood without the months that differencing consumes, and the same transformed series."""
    fit = model.fit(counts(gaps))
    theirs = fit.to_statsmodels()
    filtered = theirs.filter_results
    assert filtered.nobs_diffuse == model.orders.lost
    assert float(np.sum(filtered.llf_obs[filtered.nobs_diffuse :])) == pytest.approx(fit.loglik, abs=1e-7)
    np.testing.assert_allclose(np.sort(theirs.params), np.sort(fit.params), rtol=1e-12)
    assert theirs.model.endog_names == "calls"
    assert int(np.isnan(theirs.model.endog).sum()) == len(gaps)


def test_statsmodels_forecasts_what_we_do() -> None:
    """With parameters known nearly exactly, the median of the transformed forecast is their mean."""
    size = 600
    series = fc.CountSeries(data.months(size), data.generator(4).poisson(400, size))
    model = fc.SARIMA((1, 0, 0), (0, 0, 0), "sqrt")
    ahead = model.fit(series).to_statsmodels().forecast(3, exog=np.ones((3, 1)))
    ours = model.forecast(series, 3, rng=data.generator(1)).quantile(0.5)[0.5]
    np.testing.assert_allclose(np.square(ahead.to_numpy()), ours, rtol=0.01)


@pytest.mark.parametrize(
    ("package", "extra", "call"),
    [
        ("statsmodels", "statsmodels", lambda: MODELS[2].fit(counts(())).to_statsmodels()),
        ("arviz_base", "arviz", lambda: fc.CountRegression().posterior(counts(()), draws=100, rng=1).to_arviz()),
    ],
)
def test_a_missing_extra_says_its_name(package: str, extra: str, call: object, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(fc.InvalidInput, match=rf"needs the package {package}, .*desertion-forecasting\[{extra}\]"):
        call()
