from __future__ import annotations

import random
import tracemalloc
import zlib
from typing import Any

import lz4.block
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import FramingError, LimitExceeded, LocalProtocolError, SerializerError
from limpet.limits import MIB
from limpet.wire import compression
from limpet.wire.compression import COMPRESSORS, available, choose, compress, inflate, name_of

NAMES = [row.name for row in COMPRESSORS]
NOISE = random.Random(1).randbytes(20_000)


def test_all_are_available_in_order_of_preference() -> None:
    assert available() == ("lz4", "zstd", "brotli", "zlib")


def test_a_missing_library_is_not_available(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compression, "find_spec", lambda module: None if module == "brotli" else module)
    assert available() == ("lz4", "zstd", "zlib")
    assert choose({"brotli"}, (6, 2)) == ""


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=2000) | st.binary(max_size=10).map(lambda part: part * 500), level=st.integers(1, 9))
def test_round_trip(name: str, data: bytes, level: int) -> None:
    marker, packed = compress(name, level, data)
    assert marker & 0x0F == level
    assert name_of(marker) == name
    assert inflate(marker, packed, len(data)) == data
    assert inflate(marker, memoryview(bytearray(packed)), len(data) + 10) == data


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "data", [b"ab", bytes(3 * MIB), NOISE, b"text " * 1000], ids=["short", "bomb", "noise", "text"]
)
def test_the_limit_is_exact(name: str, data: bytes) -> None:
    marker, packed = compress(name, 1, data)
    assert inflate(marker, packed, len(data)) == data
    with pytest.raises(LimitExceeded, match=f"{name} data inflates to more than {len(data) - 1}"):
        inflate(marker, packed, len(data) - 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_bomb_costs_no_more_memory_than_the_limit_allows(name: str) -> None:
    marker, packed = compress(name, 9, bytes(64 * MIB))
    tracemalloc.start()
    try:
        with pytest.raises(LimitExceeded):
            inflate(marker, packed, MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MIB


@pytest.mark.parametrize("name", NAMES)
def test_cut_extended_and_foreign_data_is_damaged(name: str) -> None:
    data = b"some text, some more text " * 40
    marker, packed = compress(name, 1, data)
    cut = [packed[:end] for end in range(len(packed))]
    for bad in (*cut, packed + b"x", packed * 2, b"\xff" * 40, b"\x00" * 40, NOISE):
        with pytest.raises((SerializerError, LimitExceeded)):
            inflate(marker, bad, len(data))


@pytest.mark.parametrize("name", NAMES)
@given(data=st.binary(max_size=100))
def test_garbage_never_exceeds_the_limit(name: str, data: bytes) -> None:
    marker = next(row.marker for row in COMPRESSORS if row.name == name) | 1
    try:
        size = len(inflate(marker, data, 500))
    except (SerializerError, LimitExceeded):
        return
    assert size <= 500


def test_lz4_has_its_size_little_endian_in_front() -> None:
    marker, packed = compress("lz4", 1, b"a" * 300)
    assert marker == 0x11
    assert packed[:4] == (300).to_bytes(4, "little")
    assert lz4.block.decompress(packed[4:], uncompressed_size=300) == b"a" * 300


def test_lz4_that_lies_about_its_size_allocates_nothing() -> None:
    tracemalloc.start()
    try:
        with pytest.raises(SerializerError):
            inflate(0x11, (60 * MIB).to_bytes(4, "little") + b"\x10a", 64 * MIB)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MIB


@pytest.mark.parametrize("size", [299, 301])
def test_lz4_with_a_wrong_size_is_damaged(size: int) -> None:
    _, packed = compress("lz4", 1, b"a" * 300)
    with pytest.raises(SerializerError):
        inflate(0x11, size.to_bytes(4, "little") + packed[4:], 1000)


def test_zstd_frames_without_a_content_size_are_bounded_too() -> None:
    data = b"zstd " * 5000
    packed = zstandard.ZstdCompressor(write_content_size=False).compress(data)
    assert inflate(0x81, packed, len(data)) == data
    for limit in (0, 100, len(data) - 1):
        with pytest.raises(LimitExceeded):
            inflate(0x81, packed, limit)
    for bad in (packed[:-1], packed + b"x" * 100, packed + b"x", packed[:20]):
        with pytest.raises(SerializerError):
            inflate(0x81, bad, 10 * len(data))


def test_zstd_windows_over_8_mib_are_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=24, write_content_size=False)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    packed = stream.compress(b"a" * 100) + stream.flush()
    with pytest.raises(LimitExceeded, match="window"):
        inflate(0x81, packed, MIB)


def test_zlib_is_an_rfc_1950_stream() -> None:
    marker, packed = compress("zlib", 1, b"abc")
    assert marker == 0x01
    assert zlib.decompress(packed) == b"abc"


def test_uncompressed_data_is_bounded_and_not_copied() -> None:
    data = b"abc"
    assert inflate(0, data, 3) is data
    assert inflate(0, bytearray(data), 3) == data
    with pytest.raises(LimitExceeded):
        inflate(0, data, 2)


@pytest.mark.parametrize(("marker", "text"), [(0x21, "lzo"), (0x31, "unknown"), (0x91, "unknown"), (0xF0, "unknown")])
def test_lzo_and_unknown_markers_are_refused(marker: int, text: str) -> None:
    with pytest.raises(FramingError, match=text):
        inflate(marker, b"abc", 100)


def test_no_compression_has_no_name() -> None:
    assert name_of(0) == ""


@pytest.mark.parametrize(("name", "level"), [("lzo", 1), ("", 1), ("LZ4", 1), ("lz4", 0), ("lz4", 10)])
def test_compressing_with_what_does_not_exist_is_a_local_error(name: str, level: int) -> None:
    with pytest.raises(LocalProtocolError):
        compress(name, level, b"abc")


@pytest.mark.parametrize(
    ("offered", "version", "expected"),
    [
        ({"lz4", "zlib", "lzo", "brotli"}, (3, 1, 3), "lz4"),
        ({"zlib"}, (3, 1, 3), "zlib"),
        ({"zlib", "lzo"}, (5, 0), "zlib"),
        ({"zlib"}, (6, 0), ""),
        ({"zstd"}, (3, 1, 3), ""),
        ({"zstd", "brotli"}, (6, 5, 5), "brotli"),
        ({"zstd", "brotli"}, (6, 6), "zstd"),
        ({"zstd", "lz4"}, (6, 6), "lz4"),
        ({"lzo"}, (3, 1, 3), ""),
        (set(), (6, 5), ""),
    ],
)
def test_a_peer_is_sent_what_its_generation_knows(offered: Any, version: tuple[int, ...], expected: str) -> None:
    assert choose(offered, version) == expected
