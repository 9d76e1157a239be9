from __future__ import annotations

import enum
import math
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import LimitExceeded, LocalProtocolError, ProtocolError, SerializerError
from limpet.limits import DecodeLimits
from limpet.wire import rencodeplus
from tests.wire.strategies import VALUES
from tests.wire.vectors import load, value_of

LIMITS = DecodeLimits()
CASES = load("encoding/rencodeplus.json")["cases"]


def loads(data: bytes, limits: DecodeLimits = LIMITS) -> Any:
    return rencodeplus.loads(data, limits)


@pytest.mark.parametrize("case", CASES, ids=[case["hex"][:16] for case in CASES])
def test_vectors_of_the_original_encoder(case: dict[str, Any]) -> None:
    value, data = value_of(case["value"]), bytes.fromhex(case["hex"])
    assert rencodeplus.dumps(value) == data
    decoded = loads(data)
    assert decoded == value
    assert type(decoded) is type(value)


@given(VALUES)
def test_round_trip(value: Any) -> None:
    assert loads(rencodeplus.dumps(value)) == value


@given(VALUES)
def test_every_proper_prefix_is_refused(value: Any) -> None:
    data = rencodeplus.dumps(value)
    for end in range(len(data)):
        with pytest.raises(ProtocolError):
            loads(data[:end])


@given(st.binary(max_size=200))
def test_garbage_gives_a_value_or_a_documented_error(data: bytes) -> None:
    try:
        value = loads(data)
    except (SerializerError, LimitExceeded):
        return
    again = loads(rencodeplus.dumps(value))
    assert again == value or "nan" in repr(value)


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_reads_any_buffer_and_returns_real_bytes(wrap: Any) -> None:
    assert type(loads(wrap(b"\xc1\x32/ab"))[0]) is bytes


@pytest.mark.parametrize("buffer", [b"xyz", bytearray(b"xyz"), memoryview(b"xyz"), memoryview(b"_xyz")[1:]])
def test_writes_any_buffer(buffer: Any) -> None:
    assert loads(rencodeplus.dumps([buffer])) == [b"xyz"]


def test_a_buffer_counts_in_bytes_not_in_items() -> None:
    words = memoryview(struct.pack("=4I", 1, 2, 3, 4)).cast("I")
    assert loads(rencodeplus.dumps(words)) == bytes(words)


def test_a_strided_buffer_is_refused() -> None:
    with pytest.raises(LocalProtocolError, match="contiguous"):
        rencodeplus.dumps(memoryview(b"abcdef")[::2])


def test_float32_is_read() -> None:
    assert loads(b"\x42" + struct.pack("!f", 1.5)) == 1.5


def test_nan_passes() -> None:
    assert math.isnan(loads(rencodeplus.dumps(math.nan)))


def test_tuples_and_subclasses_are_sent_as_plain_values() -> None:
    class Mode(enum.IntEnum):
        ON = 1

    assert loads(rencodeplus.dumps((Mode.ON, (), {"k": Mode.ON}))) == [1, [], {"k": 1}]


def test_lone_surrogates_become_question_marks() -> None:
    assert loads(rencodeplus.dumps("a\udcff")) == "a?"


def test_a_big_integer_ends_at_the_first_terminator() -> None:
    assert loads(b"\xc2\x3d12\x7f\x01") == [12, 1]
    assert loads(b"\x3d-9223372036854775809\x7f") == -(2**63) - 1


@pytest.mark.parametrize("digits", [b"9" * 64, b"-" + b"9" * 64, b"0" * 64])
def test_integers_of_64_digits_pass(digits: bytes) -> None:
    assert loads(b"\x3d" + digits + b"\x7f") == int(digits)


@pytest.mark.parametrize(
    "data", [b"\x3d" + b"9" * 65 + b"\x7f", b"\x3d-" + b"9" * 65 + b"\x7f", b"\x3d" + b"9" * 5000, b"\x3d" + b"9" * 66]
)
def test_integers_of_65_digits_are_over_the_limit(data: bytes) -> None:
    with pytest.raises(LimitExceeded, match="64 digits"):
        loads(data)


@pytest.mark.parametrize("digits", [b"", b"-", b"1_0", b" 1", b"+1", b"1.0", b"0x1", b"--1", b"\xd9\xa1"])
def test_integers_that_are_not_decimal_are_refused(digits: bytes) -> None:
    with pytest.raises(SerializerError, match="decimal"):
        loads(b"\x3d" + digits + b"\x7f")


def test_an_integer_cut_short_is_refused() -> None:
    with pytest.raises(SerializerError, match="inside an integer"):
        loads(b"\x3d123")


@pytest.mark.parametrize(
    "data", [b"5", b"5x", b"5:", b"5:abc", b"99999999999:", b"9999999999:a", b"12345678901/", b"1 :a"]
)
def test_impossible_string_lengths_are_refused(data: bytes) -> None:
    with pytest.raises(SerializerError):
        loads(data)


@pytest.mark.parametrize("code", [45, 46, 47, 58])
def test_unused_type_bytes_are_refused(code: int) -> None:
    with pytest.raises(SerializerError, match=f"invalid type byte {code}"):
        loads(bytes((code,)))


@pytest.mark.parametrize("data", [b"\x7f", b"\xc1\x7f", b"\x67\x81a\x7f"])
def test_a_terminator_in_place_of_a_value_is_refused(data: bytes) -> None:
    with pytest.raises(SerializerError, match="terminator"):
        loads(data)


def test_bytes_after_the_value_are_refused() -> None:
    with pytest.raises(SerializerError, match="after the value"):
        loads(b"\x01\x02")


def test_text_must_be_utf8() -> None:
    with pytest.raises(SerializerError, match="UTF-8"):
        loads(b"\x81\xff")
    with pytest.raises(SerializerError, match="UTF-8"):
        loads(b"1:\xff")


@pytest.mark.parametrize("data", [b"\x67\xc1\x01\x02", b"\x67\x66\x02", b"\x67\x45\x01", b"\x3c\x81a\x7f"])
def test_impossible_dicts_are_refused(data: bytes) -> None:
    with pytest.raises(SerializerError, match="dict"):
        loads(data)


@pytest.mark.parametrize("opening", [b"\xc1", b"\x3b", b"\xc2\x00", b"\x3b\x00"])
def test_depth_32_passes_and_33_does_not(opening: bytes) -> None:
    closing = b"\x7f" if opening[0] == 0x3B else b""
    value = loads(opening * 31 + b"\xc0" + closing * 31)
    for _ in range(31):
        value = value[-1]
    assert value == []
    assert isinstance(loads(opening * 32 + b"\x00" + closing * 32), list)
    with pytest.raises(LimitExceeded, match="deeper than 32"):
        loads(opening * 33 + b"\x00" + closing * 33)


def test_depth_counts_dicts_too() -> None:
    assert loads(b"\x67\x81a" * 32 + b"\x01")
    with pytest.raises(LimitExceeded, match="deeper"):
        loads(b"\x67\x81a" * 33 + b"\x01")


def test_100_000_levels_cost_an_error_and_not_the_stack() -> None:
    with pytest.raises(LimitExceeded, match="deeper"):
        loads(b"\xc1" * 100_000)


@pytest.mark.parametrize(
    ("data", "objects"),
    [
        (b"\xc3\x01\x02\x03", 4),
        (b"\x3b\x01\x02\x03\x7f", 4),
        (b"\x3b\xc1\x01\xc0\x3b\x7f\x7f", 5),
        (b"\x3b\x3b\x01\x7f\x02\x7f", 4),
        (b"\xc2\x67\x81a\x01\x02", 5),
        (b"\x3c\x81a\x3b\x01\x7f\x81b\x67\x01\x01\x7f", 8),
    ],
)
def test_objects_are_counted_exactly(data: bytes, objects: int) -> None:
    assert loads(data, DecodeLimits(max_objects=objects))
    for fewer in range(objects):
        with pytest.raises(LimitExceeded, match="values"):
            loads(data, DecodeLimits(max_objects=fewer))


def test_200_000_objects_pass_and_one_more_does_not() -> None:
    assert len(loads(b"\x3b" + b"\x00" * 199_999 + b"\x7f")) == 199_999
    with pytest.raises(LimitExceeded, match="200000 values"):
        loads(b"\x3b" + b"\x00" * 200_000 + b"\x7f")


@pytest.mark.parametrize("value", [10**64, -(10**63), [object()], {None: 1}, {(1,): 1}, {1.5: 1}, {1, 2}])
def test_what_has_no_encoding_is_a_local_error(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        rencodeplus.dumps(value)


@pytest.mark.parametrize("wrap", [lambda inner: [inner], lambda inner: {"k": inner}])
def test_deep_values_are_not_sent(wrap: Any) -> None:
    value: Any = 1
    for _ in range(32):
        value = wrap(value)
    assert loads(rencodeplus.dumps(value)) == value
    with pytest.raises(LocalProtocolError, match="deeper"):
        rencodeplus.dumps(wrap(value))
