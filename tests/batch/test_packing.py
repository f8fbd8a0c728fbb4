from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from forecasting.batch.packing import pack, pack_many, unpack, unpack_many
from forecasting.errors import ArchiveError

INT64 = st.integers(-(2**63), 2**63 - 1)


@given(arrays(np.int64, st.tuples(st.integers(0, 5), st.integers(0, 9)), elements=INT64), st.integers(0, 2))
def test_any_array_comes_back(values: np.ndarray, differences: int) -> None:
    back = unpack(pack(values, differences=differences))
    assert back.dtype == np.int64
    assert back.shape == values.shape
    assert np.array_equal(back, values)


def test_small_counts_take_little_room() -> None:
    paths = np.random.default_rng(1).poisson(20.0, (200, 12))
    assert len(pack(paths)) < 0.1 * paths.nbytes


def test_the_layout_is_the_documented_one() -> None:
    data = pack(np.array([[3, -1], [-4, 0]]))
    assert data[:3] == b"P\x00\x02"
    assert struct.unpack_from("<2I", data, 3) == (2, 2)
    planes = zlib.decompress(data[11:])
    assert planes == bytes([6, 1, 7, 0]) + bytes(28)


@given(st.binary(max_size=60))
def test_arbitrary_bytes_are_an_error_or_an_array(data: bytes) -> None:
    with suppress(ArchiveError):
        assert unpack(data).dtype == np.int64


@pytest.mark.parametrize("position", range(0, 40, 3))
def test_damaged_bytes_are_an_error_or_another_array(position: int) -> None:
    good = bytearray(pack(np.arange(100).reshape(4, 25)))
    good[position] ^= 0xFF
    with suppress(ArchiveError):
        assert not np.array_equal(unpack(bytes(good)), np.arange(100).reshape(4, 25))


def test_a_length_that_would_fill_the_memory_is_refused() -> None:
    bomb = b"P" + struct.pack("<BB3I", 0, 3, 60000, 60000, 60000) + zlib.compress(bytes(10**6))
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(bomb)


def test_parts_come_back_and_truncation_is_noticed() -> None:
    parts = [pack(np.arange(n)) for n in range(3)]
    joined = pack_many(parts)
    assert unpack_many(joined) == parts
    for end in range(1, len(joined)):
        if end not in np.cumsum([4 + len(part) for part in parts]):
            with pytest.raises(ArchiveError):
                unpack_many(joined[:end])
