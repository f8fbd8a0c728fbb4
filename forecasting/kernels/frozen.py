"""Arrays that stay read-only in copies and pickles, which NumPy makes writeable again."""

from __future__ import annotations

from typing import Any

import numpy as np


class Frozen:
    """An object whose arrays cannot be changed, wherever it was copied to.

    Examples
    --------
    >>> from copy import deepcopy
    >>> class Draws(Frozen):
    ...     def __init__(self, values):
    ...         self.values = np.array(values)
    >>> deepcopy(Draws([1, 2])).values.flags.writeable
    False
    """

    def __setstate__(self, state: dict[str, Any]) -> None:
        _freeze(state.values())
        vars(self).update(state)


def _freeze(values: Any) -> None:
    for value in values:
        if isinstance(value, np.ndarray):
            value.flags.writeable = False
        elif isinstance(value, tuple):
            _freeze(value)
