"""What a cell of a table says, read by one set of rules wherever it comes from: months, counts, names, delimited text.

Nothing here imports pandas, so that the ledger, the command line and the workers of a batch share it at no cost.
"""

from forecasting.reading.cells import Unreadable, count_in, count_of, is_missing, name_of, number_in
from forecasting.reading.delimited import Delimited, InvalidTable, Row, open_delimited
from forecasting.reading.stamps import month_number, read_day
from forecasting.reading.vectors import entries

__all__ = [
    "Delimited",
    "InvalidTable",
    "Row",
    "Unreadable",
    "count_in",
    "count_of",
    "entries",
    "is_missing",
    "month_number",
    "name_of",
    "number_in",
    "open_delimited",
    "read_day",
]
