"""Random generators: passed by the caller or made from the caller's seed, never hidden; streams derived from names."""

from __future__ import annotations

import reprlib
from collections.abc import Callable
from hashlib import blake2b
from typing import TypeAlias

import numpy as np

from forecasting.errors import InvalidInput

Rng: TypeAlias = np.random.Generator | int
"""A generator, or the seed of one; see `require_rng`."""


def require_rng(rng: object) -> np.random.Generator:
    """Return `rng` if it is a generator, or the generator that an integer seeds.

    The seed n stands for ``np.random.default_rng(n)``: it gives the same numbers in every call, so that calls which must be
    independent of each other share one generator instead.

    Raises
    ------
    InvalidInput
        If it is None or something else; the message shows what to pass.

    Examples
    --------
    >>> require_rng(7).random() == np.random.default_rng(7).random()
    True
    >>> require_rng(None)
    Traceback (most recent call last):
        ...
    forecasting.errors.InvalidInput: rng is required wherever anything is drawn; pass a seed such as rng=7 or a generator
    np.random.default_rng(7), not None
    """
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, int | np.integer) and not isinstance(rng, bool) and rng >= 0:
        return np.random.default_rng(int(rng))
    raise InvalidInput(
        "rng is required wherever anything is drawn; pass a seed such as rng=7 or a generator np.random.default_rng(7), "
        f"not {reprlib.repr(rng)}"
    )


def named_streams(rng: Rng) -> Callable[..., np.random.Generator]:
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
    generator = require_rng(rng)
    entropy = generator.integers(2**32, size=4).tolist()
    kind = type(generator.bit_generator)

    def stream(*name: str) -> np.random.Generator:
        digest = blake2b(repr(name).encode(), digest_size=16).digest()
        words = tuple(np.frombuffer(digest, dtype="<u4").tolist())
        return np.random.Generator(kind(np.random.SeedSequence(entropy, spawn_key=words)))

    return stream
