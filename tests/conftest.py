"""Shared by all tests: a fixed generator, derandomised property tests, pictures without a screen."""

from __future__ import annotations

import gc
import os

# Before NumPy loads: with small matrices and parallel test workers, threads only wait for each other.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["MPLBACKEND"] = "Agg"

import numpy as np
import pytest
from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None, database=None, max_examples=50)
settings.load_profile("reproducible")

# Thousands of collected tests stay until the end: searching them for rubbish took a tenth of the suite.
gc.set_threshold(50_000, 20, 20)


def pytest_collection_finish() -> None:
    gc.freeze()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(20231205)
