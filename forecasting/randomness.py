"""The door through which randomness enters: a generator passed by the caller, never a hidden one; streams by name."""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

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


def named_streams(rng: np.random.Generator) -> Callable[..., np.random.Generator]:
    """Return a function that makes the generator of a job from the job's name.

    One draw of `rng` is taken, once; every stream depends on it and on the name alone, so results do not depend on the
    order of the jobs, on the other jobs, or on who runs them.

    Examples
    --------
    >>> first, again = (named_streams(np.random.default_rng(1)) for _ in range(2))
    >>> _ = first("another series", "2023-11").random()
    >>> first("a series", "2023-11").random() == again("a series", "2023-11").random()
    True
    """
    entropy = require_rng(rng).integers(2**32, size=4).tolist()
    kind = type(rng.bit_generator)

    def stream(*name: str) -> np.random.Generator:
        digest = blake2b(repr(name).encode(), digest_size=16).digest()
        words = tuple(np.frombuffer(digest, dtype="<u4").tolist())
        return np.random.Generator(kind(np.random.SeedSequence(entropy, spawn_key=words)))

    return stream
