"""Text that no spreadsheet takes for a formula.

Excel, LibreOffice and Google Sheets run a cell that starts with ``=``, ``+``, ``-``, ``@``, a tab or a line break as a formula,
quoted or not.  The rule here: a text that starts with one of these, or with an apostrophe, is written with one apostrophe
before it; whoever reads such a file takes one leading apostrophe away where there is one.  Every text comes back as it was.
Numbers are no text and are left alone; Parquet files hold the names as they are.
"""

from __future__ import annotations

_RISKY = (
    *("=", "+", "-", "@", "\t", "\r", "\n", "'"),
    *("\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}"),
    *("\N{FULLWIDTH HYPHEN-MINUS}", "\N{FULLWIDTH COMMERCIAL AT}"),
)


def escaped(text: str) -> str:
    """Return a text as it is written to a CSV file.

    Examples
    --------
    >>> escaped("=1+1"), escaped("requests"), escaped("'s")
    ("'=1+1", 'requests', "''s")
    """
    return f"'{text}" if text.startswith(_RISKY) else text
