"""
Facts and what they leave open
==============================

What was printed about one series until a day, and the range of each month that follows from all of it together.
"""

import forecasting as fc
from forecasting.figures import facts_figure

ledger = fc.load_ledger().as_of("2023-12-05")
evidence = ledger.evidence("get_lost.desertion_requests")
figure = facts_figure(evidence)

# %%
# The ranges as a table:

evidence.ranges()
