"""Months before and after the data, of which nothing is known, say nothing of the others."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import forecasting as fc
from forecasting.constraints import told_months
from forecasting.scenarios.baselines import season_of

COUNTS = [5, 6, 7, 8, 9, 10, 12, 11, 13, 15, 14, 16]


def test_a_longer_window_of_facts_has_the_same_posterior() -> None:
    """A trend was counted from the middle of the window: four unknown years before the facts turned a verdict."""
    ledger = fc.load_ledger().as_of("2023-12-05")
    own, early, late = (
        ledger.evidence("get_lost.desertion_requests", start=start, end=end)
        for start, end in ((None, None), ("2020-01", None), (None, "2025-06"))
    )
    model = fc.CountRegression(fc.Intercept() + fc.Trend())
    alone = model.posterior(own, draws=200, rng=1)
    for longer in (early, late):
        assert told_months(longer).equals(own.months)
        same = model.posterior(longer, draws=200, rng=1)
        assert same.log_evidence == pytest.approx(alone.log_evidence, abs=1e-9)
        np.testing.assert_allclose(same.draws, alone.draws, atol=1e-9)
        assert season_of(longer, pd.Period("2023-09", "M"), fc.Priors())[1] == "8 months; a season needs at least 24"


def test_missing_years_before_a_series_bring_no_season() -> None:
    months = pd.period_range("2010-01", "2020-12", freq="M")
    short = fc.CountSeries(months[-12:], COUNTS)
    long = fc.CountSeries(months, [0] * 120 + COUNTS, missing=[True] * 120 + [False] * 12)
    for model in (fc.DynamicLevel(), fc.LocalLevel()):
        assert model.terms_for(long).families == model.terms_for(short).families
