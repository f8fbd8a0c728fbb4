"""Names that look the same and are stored in two ways: one thing to whoever reads them, two to a program."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator


def appearance(name: str) -> str:
    r"""Return what is seen of a name: letters in one form, one space for any white space, nothing for what has no width.

    Examples
    --------
    >>> appearance("cafe\u0301\u00a0\u200bx") == "caf\u00e9 x"
    True
    """
    letters = name if name.isascii() else unicodedata.normalize("NFC", name)
    return " ".join("".join(one for one in letters if unicodedata.category(one) != "Cf").split())


def alike(names: Iterable[str], *, case: bool = True) -> Iterator[tuple[str, str]]:
    """Yield names that look like an earlier one, after that one; without `case` capital letters make no difference.

    Examples
    --------
    >>> list(alike(["north  east", "north east", "North east"])), len(list(alike(["a", "A"], case=False)))
    ([('north  east', 'north east')], 1)
    """
    seen: dict[str, str] = {}
    for name in dict.fromkeys(names):
        looks = appearance(name) if case else appearance(name).casefold()
        first = seen.setdefault(looks, name)
        if first != name:
            yield first, name
