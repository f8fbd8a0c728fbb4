"""Lists in messages, cut short."""

from __future__ import annotations

from collections.abc import Iterable

_LISTED = 6


def listing(items: Iterable[object]) -> str:
    """Return the first few items, and how many more there are.

    Examples
    --------
    >>> listing("abcdefgh")
    'a, b, c, d, e, f and 2 more'
    """
    texts = [str(item) for item in items]
    more = f" and {len(texts) - _LISTED} more" if len(texts) > _LISTED else ""
    return ", ".join(texts[:_LISTED]) + more
