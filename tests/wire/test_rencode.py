from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given

from limpet.errors import SerializerError
from limpet.limits import DecodeLimits
from limpet.wire import rencode
from tests.wire.strategies import VALUES, as_legacy
from tests.wire.vectors import load, value_of

LIMITS = DecodeLimits()
CASES = load("encoding/rencode.json")["cases"]


@pytest.mark.parametrize("case", CASES, ids=[case["hex"][:16] for case in CASES])
def test_vectors_of_the_original_encoder(case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    assert rencode.dumps(value_of(case["value"])) == data
    assert rencode.loads(data, LIMITS) == value_of(case["decoded"])


@given(VALUES)
def test_round_trip_gives_bytes_for_text(value: Any) -> None:
    assert rencode.loads(rencode.dumps(value), LIMITS) == as_legacy(value)


def test_the_slash_form_of_rencodeplus_is_refused() -> None:
    with pytest.raises(SerializerError, match="legacy rencode"):
        rencode.loads(b"3/abc", LIMITS)


def test_bytes_need_not_be_utf8() -> None:
    assert rencode.loads(b"\x82\xff\x00", LIMITS) == b"\xff\x00"
    assert rencode.loads(b"2:\xff\x00", LIMITS) == b"\xff\x00"


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (1.5, b"\x42" + struct.pack("!f", 1.5)),
        (0.1, b"\x2c" + struct.pack("!d", 0.1)),
        (1e300, b"\x2c" + struct.pack("!d", 1e300)),
    ],
)
def test_floats_are_short_where_that_is_exact(value: float, data: bytes) -> None:
    assert rencode.dumps(value) == data


def test_long_strings_carry_their_length_in_bytes() -> None:
    assert rencode.dumps("\u00e9" * 32) == b"64:" + "\u00e9".encode() * 32
    assert rencode.dumps(bytearray(b"a" * 64)) == b"64:" + b"a" * 64
