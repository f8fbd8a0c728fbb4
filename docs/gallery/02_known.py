"""
Exact months, ranges and their posterior
========================================

Four of eight months were never published. The facts leave each a range; a model with trend and step fills it with
probability. The two windows that are compared are shaded.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import known_figure

evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
windows = ("2023-06", "2023-08"), ("2023-09", "2023-11")
report = fc.jump(evidence, *windows, rng=np.random.default_rng(20231205))
figure = known_figure(report)
