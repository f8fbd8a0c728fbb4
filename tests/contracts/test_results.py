"""What every posterior offers, whatever its model; a new model is tried the moment it is registered."""

from __future__ import annotations

import pickle
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import forecasting as fc
from forecasting.constraints import Constraints, Linear
from forecasting.models import BayesianModel, Posterior, known_models
from tests.models import data, toys  # noqa: F401

BAYESIAN = {name: cls for name, cls in known_models().items() if issubclass(cls, BayesianModel)}
Y = data.series(data.drifting(26), missing=(4,))
LEVELLESS = {"sarima"}
each = pytest.mark.parametrize("name", BAYESIAN)
pytestmark = pytest.mark.filterwarnings("ignore::forecasting.SamplingWarning")


def model_of(name: str) -> BayesianModel:
    return BAYESIAN[name](seasonal=(0, 0, 0)) if name == "sarima" else BAYESIAN[name]()


@cache
def posterior_of(name: str) -> Posterior:
    return model_of(name).posterior(Y, draws=200, rng=1)


def partly(upto: int = 23) -> data.Known:
    """Twenty months, of one of which only a range is known."""
    counts, where = data.drifting(20), data.months(20)
    rows = [Linear((t,), (1,), int(y), int(y), (f"y{t}",)) for t, y in enumerate(counts) if t != 9]
    return data.Known(where, Constraints.solve(where, [*rows, Linear((9,), (1,), 20, upto, ("range",))]), "partly")


def test_they_are_found() -> None:
    assert {"regression", "level", "local-level", "ingarch", "sarima", "toy"} <= set(BAYESIAN)


@each
def test_tables_intervals_and_diagnostics(name: str) -> None:
    post = posterior_of(name)
    summary, quantiles = post.summary(), post.quantile([0.05, 0.5, 0.95])
    assert list(summary.index) == list(quantiles.index) == list(post.names)
    np.testing.assert_allclose(summary[["5%", "50%", "95%"]], quantiles)
    equal, shortest = post.conf_int(level=0.8), post.conf_int("hdi", level=0.8)
    assert (equal["lower"] < equal["upper"]).all()
    assert (shortest["upper"] - shortest["lower"] <= equal["upper"] - equal["lower"] + 1e-12).all()
    inside = (post.draws >= shortest["lower"].to_numpy()) & (post.draws <= shortest["upper"].to_numpy())
    assert (inside.mean(axis=0) >= 0.8).all()
    assert list(post.conf_int(names=post.names[:1]).index) == [post.names[0]]
    with pytest.raises(fc.InvalidInput, match="no parameter nothing"):
        post.conf_int(names=["nothing"])
    assert np.isfinite([post.log_evidence, post.khat, post.ess]).all()
    member = post.account.members[0]
    assert (member.name, member.quality) == (type(model_of(name)).__name__, post.quality)


@each
def test_arviz_has_the_log_likelihood_of_each_piece(name: str) -> None:
    pytest.importorskip("arviz_base")
    post = posterior_of(name)
    pieces = post.to_arviz()["log_likelihood"]["y"]
    assert pieces.dims == ("chain", "draw", "piece")
    assert set(pieces["piece"].to_numpy()) <= {str(month) for month in Y.months[~Y.missing]}
    if name not in LEVELLESS:  # its variance and level are integrated out of the whole, and drawn for the pieces
        np.testing.assert_allclose(pieces.sum("piece").to_numpy()[0], post.sample.log_likelihood, rtol=1e-9)


@each
def test_files_give_the_same_posterior_again(name: str, tmp_path: Path) -> None:
    post, file = posterior_of(name), tmp_path / "posterior.parquet"
    post.save(file)
    again = model_of(name).load_posterior(file, Y)
    np.testing.assert_array_equal(again.draws, post.draws)
    assert again.quality == post.quality
    np.testing.assert_array_equal(again.forecast(2, rng=3).paths, post.forecast(2, rng=3).paths)
    with pytest.raises(fc.InvalidInput, match=r"has the draws of .*; give that model and those data"):
        model_of("toy" if name != "toy" else "level").load_posterior(file, Y)
    with pytest.raises(fc.InvalidInput, match=r"give the same distribution|give its own data"):
        model_of(name).load_posterior(file, Y.until(Y.months[-2]))
    with pytest.raises(fc.InvalidInput, match="is not a forecast"):
        fc.Predictive.load(file)


@each
def test_scores_one_month_ahead(name: str) -> None:
    if name == "local-level":
        with pytest.raises(fc.InvalidInput, match="knows all months"):
            posterior_of(name).one_step_scores()
        return
    scores = posterior_of(name).one_step_scores()
    assert scores.shape == ((~Y.missing).sum(),)
    assert np.isfinite(scores[-12:]).all()


@each
def test_scenarios_and_reconstructions_or_the_reason(name: str) -> None:
    post = posterior_of(name)
    months = fc.reconstruct(post, rng=1)
    assert (months.paths[:, ~Y.missing] == Y.values[~Y.missing]).all()
    assert np.ptp(months.paths[:, 4]) > 3
    scenarios = [fc.Persist(), fc.Shift(0.5), fc.Revert("2018-03", "2018-08"), fc.Continue()]
    if name in LEVELLESS:
        with pytest.raises(fc.InvalidInput, match="no level apart from its past"):
            fc.outlook(post, scenarios, rng=1)
        return
    ahead = fc.outlook(post, scenarios, horizon=3, rng=1)
    assert (ahead["Shift(+0.5)"].paths >= ahead["Persist"].paths).all()
    middle = ahead["Continue"].quantile(0.5).to_numpy() - post.forecast(3, rng=1).quantile(0.5).to_numpy()
    assert np.abs(middle).max() <= 6


@each
def test_results_survive_pickling(name: str) -> None:
    again = pickle.loads(pickle.dumps(posterior_of(name)))
    np.testing.assert_array_equal(again.forecast(2, rng=3).paths, posterior_of(name).forecast(2, rng=3).paths)


@each
def test_facts_or_the_reason(name: str, tmp_path: Path) -> None:
    if name in LEVELLESS:
        with pytest.raises(fc.InvalidInput, match="totals are not sums, needs each month known"):
            model_of(name).posterior(partly(), draws=100, rng=1)
        return
    model = fc.Autoregression((1,), ()) if name == "ingarch" else model_of(name)
    post = model.posterior(partly(), draws=100, rng=1)
    drawn = fc.reconstruct(post, rng=2).paths[:, 9]
    assert set(drawn) <= {20, 21, 22, 23}
    assert len(set(drawn)) > 1
    assert fc.outlook(post, [fc.Persist()], horizon=2, rng=1)["Persist"].paths.shape == (100, 2)
    assert post.to_arviz()["log_likelihood"]["y"].shape[:2] == (1, 100)
    post.save(tmp_path / "facts.parquet")
    again = model.load_posterior(tmp_path / "facts.parquet", partly())
    np.testing.assert_array_equal(fc.reconstruct(again, rng=2).paths[:, 9], drawn)
    np.testing.assert_array_equal(again.forecast(2, rng=3).paths, post.forecast(2, rng=3).paths)
    with pytest.raises(fc.InvalidInput, match=r"give the same distribution|give that model and its own data"):
        model.load_posterior(tmp_path / "facts.parquet", partly(upto=24))


@pytest.mark.parametrize("name", ["regression", "ingarch", "sarima"])
def test_fits_offer_the_same(name: str) -> None:
    model = {"regression": fc.CountRegression(), "ingarch": fc.Autoregression((1,), ()), "sarima": model_of("sarima")}[
        name
    ]
    fit = model.fit(Y)
    wald = fit.conf_int("wald", level=0.8)
    assert list(wald.columns) == ["lower", "upper"]
    assert list(fit.conf_int(names=[fit.params.index[0]]).index) == [fit.params.index[0]]
    assert fit.summary()[["estimate", "std_err", "lower", "upper"]].shape == (len(fit.params), 4)
    assert fit.aicc > fit.aic
    assert fit.data is fit.density.data
    first = fit.params.index[0]  # there are levels here, and no effect
    assert f"{first} is {fit.params[first]:.3g} (95% interval " in fit.in_words()
    if name == "sarima":
        with pytest.raises(fc.InvalidInput, match="no mean apart from its past months"):
            fit.predict()
    else:
        assert (fit.predict()["lower"] < fit.predict()["upper"]).all()
        with pytest.raises(fc.InvalidInput, match="no counterpart in statsmodels"):
            fit.to_statsmodels()
    with pytest.raises(fc.InvalidInput, match=r"method='bootstrap' is unknown; use .*'wald'"):
        fit.conf_int("bootstrap")
