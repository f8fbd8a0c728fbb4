"""
A step beyond the trend
=======================

The factor on the level in September, over and above a trend, with its interval under three widths of the priors.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import step_figure

evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
windows = ("2023-06", "2023-08"), ("2023-09", "2023-11")
report = fc.jump(evidence, *windows, rng=np.random.default_rng(20231205))
figure = step_figure(report)
