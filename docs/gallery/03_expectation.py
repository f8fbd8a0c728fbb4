"""
The ratio each baseline expected
================================

How much larger than the summer could the autumn have been expected to be, from the months before it alone? The line is what
came; the shaded parts of each distribution, beyond it and as far out on the other side, are the chance of a change as unusual.
"""

import numpy as np

import forecasting as fc
from forecasting.figures import expectation_figure

evidence = fc.load_ledger().as_of("2023-12-05").evidence("get_lost.desertion_requests")
windows = ("2023-06", "2023-08"), ("2023-09", "2023-11")
report = fc.jump(evidence, *windows, rng=np.random.default_rng(20231205))
figure = expectation_figure(report)
