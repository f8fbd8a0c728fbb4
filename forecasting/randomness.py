"""The door through which randomness enters: a generator passed by the caller, never a hidden one."""

from __future__ import annotations

import numpy as np

from forecasting.errors import InvalidInput


def require_rng(rng: object) -> np.random.Generator:
    """Return `rng` if it is a generator.

    Raises
    ------
    InvalidInput
        If it is missing or something else; the message shows what to pass.

    Examples
    --------
    >>> require_rng(None)
    Traceback (most recent call last):
        ...
    forecasting.errors.InvalidInput: rng is required wherever anything is drawn; pass rng=np.random.default_rng(seed), not None
    """
    if not isinstance(rng, np.random.Generator):
        raise InvalidInput(
            f"rng is required wherever anything is drawn; pass rng=np.random.default_rng(seed), not {rng!r}"
        )
    return rng
