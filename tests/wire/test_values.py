from __future__ import annotations

import enum
from collections import OrderedDict, UserDict, UserList
from typing import Any, NamedTuple

import pytest

from limpet.errors import LimitExceeded, LocalProtocolError, SerializerError
from limpet.limits import DecodeLimits
from limpet.values import WindowId
from limpet.wire.values import build_dict, plain

LIMITS = DecodeLimits(max_integer_keys=3)


def test_builds_a_dict_of_pairs_in_order() -> None:
    assert list(build_dict(["b", 1, "a", 2], LIMITS).items()) == [("b", 1), ("a", 2)]


def test_last_of_equal_keys_counts() -> None:
    assert build_dict(["a", 1, "a", 2], LIMITS) == {"a": 2}


@pytest.mark.parametrize("key", [[], {}, None, 1.0])
def test_refuses_keys_of_other_kinds(key: object) -> None:
    with pytest.raises(SerializerError, match="dict key"):
        build_dict([key, 1], LIMITS)


def test_refuses_a_key_without_value() -> None:
    with pytest.raises(SerializerError, match="no value"):
        build_dict(["a", 1, "b"], LIMITS)


def test_accepts_text_bytes_booleans_and_64_bit_integers_as_keys() -> None:
    pairs: list[Any] = ["a", 0, b"b", 1, True, 2, -(2**63), 3, 2**63 - 1, 4]
    assert build_dict(pairs, LIMITS) == {"a": 0, b"b": 1, True: 2, -(2**63): 3, 2**63 - 1: 4}


@pytest.mark.parametrize("key", [2**63, -(2**63) - 1])
def test_refuses_integer_keys_over_64_bits(key: int) -> None:
    with pytest.raises(SerializerError, match="64 bits"):
        build_dict([key, 1], LIMITS)


def test_bounds_integer_keys_because_a_peer_can_choose_colliding_ones() -> None:
    assert len(build_dict([value for key in range(3) for value in (key, 0)], LIMITS)) == 3
    with pytest.raises(LimitExceeded, match="integer keys"):
        build_dict([value for key in range(4) for value in (key, 0)], LIMITS)


class Colour(enum.IntEnum):
    RED = 3


class Word(str):
    __slots__ = ()


class Blob(bytes):
    __slots__ = ()


class Half(float):
    __slots__ = ()


class Point(NamedTuple):
    x: int
    y: int


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (Colour.RED, 3),
        (WindowId(7), 7),
        (True, True),
        (Half(0.5), 0.5),
        (Word("w"), "w"),
        (Blob(b"b"), b"b"),
        (Point(1, 2), [1, 2]),
        (range(3), [0, 1, 2]),
        (UserList([1]), [1]),
        (OrderedDict(a=1), {"a": 1}),
        (UserDict(a=1), {"a": 1}),
    ],
)
def test_plain_gives_the_built_in_form(value: object, expected: object) -> None:
    result = plain(value)
    assert result == expected
    assert type(result) is type(expected)


def test_plain_refuses_what_has_no_encoding() -> None:
    with pytest.raises(LocalProtocolError, match="object has no encoding"):
        plain(object())
