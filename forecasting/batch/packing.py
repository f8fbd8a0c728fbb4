"""Whole numbers as few bytes: documented, never pickled.

The layout of an array of int64, all integers little-endian: the letter ``P``; a byte with the order of differences taken
along the last axis (0, 1 or 2); a byte with the number of dimensions; the lengths as uint32; then a zlib stream.  The stream
holds the values, after differences, zig-zag coded (0, -1, 1, -2, ... become 0, 1, 2, 3, ...) as uint64, byte plane by byte
plane: all lowest bytes first.  Several arrays in one column each follow the length of their bytes as uint32.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from forecasting.errors import ArchiveError
from forecasting.kernels.counts import IntArray

_MARK = b"P"
_LARGEST = 2**27
"""Most values an array may claim to hold: a damaged length must not fill the memory."""


def pack(values: IntArray, *, differences: int = 0) -> bytes:
    """Return an array of int64 as bytes.

    Examples
    --------
    >>> unpack(pack(np.array([[3, -1], [2**62, 7]]))).tolist()
    [[3, -1], [4611686018427387904, 7]]
    """
    array = np.asarray(values, dtype=np.int64)
    with np.errstate(over="ignore"):
        for _ in range(differences):
            array = np.diff(array, axis=-1, prepend=np.int64(0))
        coded = ((array << 1) ^ (array >> 63)).astype("<i8")
    planes = np.ascontiguousarray(coded).view(np.uint8).reshape(-1, 8).T.tobytes()
    head = _MARK + struct.pack(f"<BB{array.ndim}I", differences, array.ndim, *array.shape)
    return head + zlib.compress(planes, 9)


def unpack(data: bytes) -> IntArray:
    """Read what `pack` wrote.

    Raises
    ------
    ArchiveError
        If the bytes are damaged.
    """
    try:
        differences, ndim = struct.unpack_from("<BB", data, 1)
        shape = struct.unpack_from(f"<{ndim}I", data, 3)
        size = int(np.prod(shape, dtype=float))
        if data[:1] != _MARK or size > _LARGEST:
            raise ValueError("no packed array")
        reader = zlib.decompressobj()
        planes = reader.decompress(data[3 + 4 * ndim :], 8 * size + 1)
        if not reader.eof:
            raise ValueError("its end is missing")
        coded = np.frombuffer(planes, dtype=np.uint8).reshape(8, size).T.copy().view("<u8").reshape(shape)
    except (struct.error, zlib.error, ValueError) as error:
        raise ArchiveError(f"an archived array cannot be read ({error}): the archive is damaged") from None
    array = ((coded >> np.uint64(1)) ^ (np.uint64(0) - (coded & np.uint64(1)))).astype(np.int64)
    with np.errstate(over="ignore"):
        for _ in range(differences):
            array = np.cumsum(array, axis=-1, dtype=np.int64)
    return array


def pack_many(parts: Sequence[bytes]) -> bytes:
    """Join packed arrays."""
    return b"".join(struct.pack("<I", len(part)) + part for part in parts)


def unpack_many(data: bytes) -> list[bytes]:
    """Split what `pack_many` joined; raises `ArchiveError` where the bytes are damaged."""
    parts, at = [], 0
    while at < len(data):
        (length,) = struct.unpack_from("<I", data, at) if at + 4 <= len(data) else (len(data),)
        at += 4 + length
        if at > len(data):
            raise ArchiveError("an archived column is too short: the archive is damaged")
        parts.append(data[at - length : at])
    return parts
