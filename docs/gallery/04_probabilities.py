"""
How probable a step and each baseline are
=========================================

All facts together weigh the baselines, and step against no step. Prior scales moved one at a time show how much of the answer
is theirs.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import probabilities_figure

evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
windows = ("2023-06", "2023-08"), ("2023-09", "2023-11")
report = fc.jump(evidence, *windows, rng=np.random.default_rng(20231205))
figure = probabilities_figure(report)
