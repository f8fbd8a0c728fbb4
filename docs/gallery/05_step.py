"""
The step, if there was one
==========================

The factor on the level in September, averaged over the baselines that have a step, with its widest interval as each prior scale
is moved alone.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import step_figure

evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
windows = ("2023-06", "2023-08"), ("2023-09", "2023-11")
report = fc.jump(evidence, *windows, rng=np.random.default_rng(20231205))
figure = step_figure(report)
