"""
From facts to a verdict
=======================

What you have are scattered facts: a total here, a comparison there, never a monthly table. What you want to know: what were the
months, and was the rise more than chance and trend?

Start with an example that has one fact of each kind. On the command line that is ``forecasting facts init mine/``; it writes
``facts.csv``, ``sources.csv``, ``readings.csv`` and a page that explains the format. From Python:
"""

import csv
import tempfile
from pathlib import Path

import forecasting as fc
from forecasting.evidence.example import write_example

folder = Path(tempfile.mkdtemp()) / "mine"
write_example(folder)
ledger = fc.load_ledger(folder)
ledger.facts[["fact_id", "kind", "start", "end", "value", "low", "high", "relation", "against"]]

# %%
# What the facts say of each month
# --------------------------------
#
# Nothing is filled in. A month is exact, lies in a range, or is unknown; the ranges are the tightest that the facts allow.

evidence = ledger.evidence("line.calls")
evidence.ranges()

# %%
axes = evidence.plot()

# %%
# Add a fact of your own
# ----------------------
#
# A row more in ``facts.csv``: a source of the day prints 95 calls for September. In a spreadsheet, import every column as text.

with (folder / "facts.csv").open("a", encoding="utf-8", newline="") as file:
    row = ["E7", "line.calls", "count", "2024-09", "2024-09", "95", "", "", "", "", "calls answered"]
    csv.writer(file).writerow([*row, "bulletin-2025-01", "table 2", "2025-01-15", "", "data", "read in a table"])
evidence = fc.load_ledger(folder).evidence("line.calls")
evidence.ranges().loc["2024-07":"2024-09"]

# %%
# A fact that cannot be true beside the others is told, with a smallest set that cannot hold together:

with (folder / "facts.csv").open("a", encoding="utf-8", newline="") as file:
    row = ["E8", "line.calls", "total", "2024-01", "2024-04", "170", "", "", "", "", "calls answered"]
    csv.writer(file).writerow([*row, "paper-2024-10", "paragraph 5", "2024-10-20", "", "data", "another source"])
try:
    fc.load_ledger(folder).evidence("line.calls").ranges()
except fc.ContradictoryFacts as error:
    print(error)

# %%
# Leave one out, or mark it as ``context``. Here the new one is left out from now on.

evidence = fc.load_ledger(folder).evidence("line.calls", without="E8")

# %%
# What the months were
# --------------------
#
# A model is fitted to exactly these facts; every draw of the months satisfies all of them.

posterior = fc.CountRegression(fc.Intercept() + fc.Trend()).posterior(evidence, rng=1)
months = fc.reconstruct(posterior, rng=1)
months.to_frame().round(1)

# %%
pictured = months.plot()

# %%
# Was the rise a surprise?
# ------------------------
#
# The first quarter against the third. The first sentence is the verdict; the others say what it rests on.

report = fc.jump(evidence, before=("2024-01", "2024-03"), after=("2024-07", "2024-09"), draws=500, rng=1)
print(report.in_words())

# %%
report.table().round(3)

# %%
weighed = report.plot()

# %%
# What comes next
# ---------------

ahead = fc.outlook(posterior, [fc.Persist(), fc.Continue()], horizon=3, rng=1)
print(ahead.in_words())

# %%
# The same as a page with pictures, sources and a checklist, on the command line:
# ``forecasting jump --ledger mine/ --series line.calls --before 2024-01..2024-03 --after 2024-07..2024-09 --output report/``.
