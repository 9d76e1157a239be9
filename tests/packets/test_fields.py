from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Annotated, Any

import pytest
from hypothesis import given

from limpet.packets import fields
from limpet.packets.dialect import NESTED_65
from limpet.packets.fields import Codec, codec_of
from limpet.values import Rect, Size
from tests.packets.support import text, wire


class Colour(enum.Enum):
    RED = "red"


class Number(enum.Enum):
    ONE = 1


HINTS: tuple[Any, ...] = (
    str,
    bytes,
    bool,
    int,
    fields.U8,
    fields.I64,
    fields.WinId,
    fields.TextMap,
    fields.Data,
    fields.SizePx,
    fields.RectPx,
    fields.Point,
    Colour,
    Number,
    tuple[str, ...],
    tuple[fields.U8, str],
    Mapping[int, str],
    Mapping[str, tuple[bool, ...]],
    fields.SizePx | None,
)


@pytest.mark.parametrize("hint", HINTS, ids=str)
@given(value=wire)
def test_every_loader_raises_value_error_only(hint: Any, value: Any) -> None:
    load = codec_of(hint).load
    try:
        loaded = load(value)
    except ValueError:
        return
    assert loaded is not None


@pytest.mark.parametrize(
    ("hint", "lowest", "highest"),
    [
        (fields.U8, 0, 255),
        (fields.U16, 0, 65535),
        (fields.I16, -32768, 32767),
        (fields.U32, 0, 2**32 - 1),
        (fields.I32, -(2**31), 2**31 - 1),
        (fields.U64, 0, 2**64 - 1),
        (fields.I64, -(2**63), 2**63 - 1),
        (fields.WinId, 1, 2**48 - 1),
        (fields.AnyWinId, -1, 2**48 - 1),
        (int, -(2**63), 2**63 - 1),
    ],
    ids=str,
)
def test_integers_have_a_range(hint: Any, lowest: int, highest: int) -> None:
    load = codec_of(hint).load
    assert load(lowest) == lowest
    assert load(highest) == highest
    for wrong in (lowest - 1, highest + 1, True, False, 1.0, "1", b"1", None, [1]):
        with pytest.raises(ValueError, match="expected an integer"):
            load(wrong)


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        ("é", "é"),
        ("é".encode(), "é"),
        (b"\xe9", "é"),  # not UTF-8: Latin-1
        (b"", ""),
        (bytearray(b"a"), "a"),
        (memoryview(b"a"), "a"),
    ],
)
def test_text_is_utf8_then_latin1(value: Any, loaded: str) -> None:
    """encoding.md 2.6."""
    assert codec_of(str).load(value) == loaded


@given(value=text)
def test_text_survives_as_bytes(value: str) -> None:
    assert fields.load_text(value.encode()) == value


@pytest.mark.parametrize(
    ("value", "loaded"),
    [
        (b"\xff", b"\xff"),
        (bytearray(b"\xff"), b"\xff"),
        (memoryview(b"\xff"), b"\xff"),
        ("\xff", b"\xff"),  # html5: code points 0..255
        ("€", "€".encode()),
    ],
)
def test_bytes_from_text_are_latin1_then_utf8(value: Any, loaded: bytes) -> None:
    """encoding.md 2.6."""
    assert codec_of(bytes).load(value) == loaded


@pytest.mark.parametrize("value", ["\ud800", 1, None, [1]])
def test_bytes_refuse_what_has_no_bytes(value: Any) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the text is Python's for a lone surrogate
        codec_of(bytes).load(value)


def test_pixel_buffers_are_passed_on_without_a_copy() -> None:
    for buffer in (b"abc", bytearray(b"abc"), memoryview(b"abc")):
        assert fields.load_buffer(buffer) is buffer
    assert fields.load_buffer("\xff") == b"\xff"


def test_booleans_are_booleans_or_0_and_1() -> None:
    """hello.md 3.2."""
    load = codec_of(bool).load
    assert [load(value) for value in (True, False, 1, 0)] == [True, False, True, False]
    for wrong in (2, -1, "1", None, 1.0, b""):
        with pytest.raises(ValueError, match="boolean"):
            load(wrong)


def test_dict_keys_become_text() -> None:
    """traps.md 10, 12."""
    assert codec_of(fields.TextMap).load({b"a": 1, "b": 2, 3: 4}) == {"a": 1, "b": 2, "3": 4}


def test_integer_keys_stay_integers() -> None:
    load = codec_of(Mapping[int, str]).load
    assert load({0: "a", b"1": b"b", "2": "c"}) == {0: "a", 1: "b", 2: "c"}
    with pytest.raises(ValueError, match="invalid literal"):
        load({"x": "a"})


def test_sizes_rectangles_and_points() -> None:
    assert codec_of(fields.SizePx).load([3, 4, 5]) == Size(3, 4)
    assert codec_of(fields.RectPx).load((-1, -2, 3, 4)) == Rect(-1, -2, 3, 4)
    assert codec_of(fields.Point).load([-3, 4, 5, 6]) == (-3, 4)
    for hint, wrong in (
        (fields.SizePx, [-1, 2]),
        (fields.SizePx, [1]),
        (fields.SizePx, "ab"),
        (fields.SizePx, [1, 2**16]),
        (fields.RectPx, [1, 2, 3]),
        (fields.RectPx, [1, 2, -3, 4]),
        (fields.Point, [1]),
        (fields.Point, [True, 1]),
        (fields.Point, [2**15, 1]),
        (fields.Point, {0: 1, 1: 2}),
    ):
        with pytest.raises(ValueError, match="expected"):
            codec_of(hint).load(wrong)


def test_fixed_tuples_ignore_more_and_refuse_less() -> None:
    load = codec_of(tuple[fields.U8, str]).load
    assert load([1, b"a", "more"]) == (1, "a")
    for wrong in ([1], "ab", {1: 2}):
        with pytest.raises(ValueError, match="expected a list of 2"):
            load(wrong)


def test_typed_items_are_written_by_their_own_codec() -> None:
    dump = codec_of(tuple[fields.SizePx, ...]).dump
    assert dump is not None
    assert dump((Size(1, 2),), NESTED_65) == [(1, 2)]
    dump = codec_of(Mapping[str, fields.SizePx]).dump
    assert dump is not None
    assert dump({"a": Size(1, 2)}, NESTED_65) == {"a": (1, 2)}


def test_enumerations_by_value() -> None:
    assert codec_of(Colour).load(b"red") is Colour.RED
    assert codec_of(Number).load(1) is Number.ONE
    dump = codec_of(Colour).dump
    assert dump is not None
    assert dump(Colour.RED, NESTED_65) == "red"


def test_octets_are_bounded_and_never_guessed() -> None:
    load = fields.octets(2, 3).load
    assert load("\xff\x00") == load(b"\xff\x00") == load(bytearray(b"\xff\x00")) == b"\xff\x00"
    for wrong in (b"a", b"abcd", "€€", None, [1, 2]):
        with pytest.raises(ValueError):  # noqa: PT011 - Python's own text for what is not Latin-1
            load(wrong)


@pytest.mark.parametrize(
    "hint", [float, "str", list[int], tuple, Annotated[float, 1], tuple[fields.SizePx, int], int | str]
)
def test_a_type_without_a_codec_is_a_declaration_error(hint: Any) -> None:
    with pytest.raises(TypeError):
        codec_of(hint)


def test_lists_and_anything_pass_as_they_came() -> None:
    value = [1, {"a": 2}]
    assert fields.load_list(value) is value
    assert isinstance(fields.ANY, Codec)
    assert fields.ANY.load(value) is value
    with pytest.raises(ValueError, match="expected a list"):
        fields.load_list("ab")
