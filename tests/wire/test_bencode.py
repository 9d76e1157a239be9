from __future__ import annotations

import enum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import LimitExceeded, LocalProtocolError, ProtocolError, SerializerError
from limpet.limits import DecodeLimits
from limpet.wire import bencode
from tests.wire.strategies import BENCODE_VALUES, as_legacy
from tests.wire.vectors import load, value_of

LIMITS = DecodeLimits()
CASES = load("encoding/bencode.json")["cases"]


def loads(data: bytes | bytearray, limits: DecodeLimits = LIMITS) -> Any:
    return bencode.loads(data, limits)


@pytest.mark.parametrize("case", CASES)
def test_vectors_of_the_original_encoder(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert bencode.dumps(value_of(case["value"])) == data
    assert loads(data) == value_of(case["decoded"])


@given(BENCODE_VALUES)
def test_round_trip_gives_bytes_for_text(value: Any) -> None:
    assert loads(bencode.dumps(value)) == as_legacy(value)


@given(BENCODE_VALUES)
def test_every_proper_prefix_is_refused(value: Any) -> None:
    data = bencode.dumps(value)
    for end in range(len(data)):
        with pytest.raises(ProtocolError):
            loads(data[:end])


@given(st.binary(max_size=200) | st.text("ildue0123456789:-", max_size=60).map(str.encode))
def test_garbage_gives_a_value_or_a_documented_error(data: bytes) -> None:
    try:
        value = loads(data)
    except (SerializerError, LimitExceeded):
        return
    assert as_legacy(value) == loads(bencode.dumps(value))


def test_unicode_strings_are_read() -> None:
    assert loads("u2:\u00e9".encode()) == "\u00e9"
    with pytest.raises(SerializerError, match="UTF-8"):
        loads(b"u1:\xff")


def test_booleans_become_numbers() -> None:
    assert loads(bencode.dumps([True, False])) == [1, 0]


def test_any_buffer_and_subclasses_are_written() -> None:
    class Mode(enum.IntEnum):
        ON = 1

    value: Any = [bytearray(b"a"), memoryview(b"bc"), Mode.ON, ("t",)]
    assert bencode.dumps(value) == b"l1:a2:bci1el1:tee"
    assert loads(bytearray(b"i5e")) == 5


@pytest.mark.parametrize("value", [None, 1.5, [object()], 10**64])
def test_what_has_no_encoding_is_a_local_error(value: Any) -> None:
    with pytest.raises(LocalProtocolError):
        bencode.dumps(value)


@pytest.mark.parametrize("digits", [b"9" * 64, b"-" + b"9" * 64])
def test_integers_of_64_digits_pass(digits: bytes) -> None:
    assert loads(b"i" + digits + b"e") == int(digits)


@pytest.mark.parametrize(
    "data", [b"i" + b"9" * 65 + b"e", b"i-" + b"9" * 65 + b"e", b"i" + b"9" * 9000, b"i" + b"9" * 66]
)
def test_integers_of_65_digits_are_over_the_limit(data: bytes) -> None:
    with pytest.raises(LimitExceeded, match="64 digits"):
        loads(data)


@pytest.mark.parametrize(
    "data",
    [b"", b"ie", b"i-e", b"i1", b"i1_0e", b"i 1e", b"x", b"e", b"5", b"5x", b"5:abc", b"99999999999:", b"l", b"li1e",
     b"i1ee", b"u", b"ux", b"d1:ae", b"dlei1ee", b"ddei1ee"],
)  # fmt: skip
def test_malformed_payloads_are_refused(data: bytes) -> None:
    with pytest.raises(SerializerError):
        loads(data)


def test_depth_32_passes_and_33_does_not() -> None:
    assert isinstance(loads(b"l" * 32 + b"e" * 32), list)
    for data in (b"l" * 33 + b"e" * 33, b"d1:a" * 33, b"l" * 100_000):
        with pytest.raises(LimitExceeded, match="deeper"):
            loads(data)


def test_deep_values_are_not_sent() -> None:
    value: Any = []
    for _ in range(31):
        value = [value]
    assert loads(bencode.dumps(value)) == value
    with pytest.raises(LocalProtocolError, match="deeper"):
        bencode.dumps([value])


def test_objects_are_counted() -> None:
    data = b"li1eli2eee"
    assert loads(data, DecodeLimits(max_objects=4)) == [1, [2]]
    with pytest.raises(LimitExceeded, match="values"):
        loads(data, DecodeLimits(max_objects=3))
