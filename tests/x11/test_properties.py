from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.values import PixelFormat, Size
from limpet.x11.atoms import KNOWN, Atoms
from limpet.x11.properties import MAX_TEXT, ROWS, RawProperty, decode_text, premultiplied
from limpet.x11.windows import SizeHints, WmHints

ATOMS = Atoms(lambda names: tuple(range(1000, 1000 + len(names))), lambda atom: f"foreign {atom}")


def decode(name: str, data: bytes, item_format: int = 32, type_name: str = "") -> Any:
    return ROWS[name].decode(RawProperty(type_name, item_format, data), ATOMS)


def cards(*values: int) -> bytes:
    return struct.pack(f"={len(values)}I", *(value & 0xFFFFFFFF for value in values))


@pytest.mark.parametrize(
    ("data", "type_name", "text"),
    [
        (b"plain", "STRING", "plain"),
        (b"na\xefve", "STRING", "naïve"),
        ("naïve".encode(), "STRING", "naïve"),  # against the rule, and common
        ("☃".encode(), "UTF8_STRING", "☃"),
        (b"a\xffb", "UTF8_STRING", "a\N{REPLACEMENT CHARACTER}b"),
        (b"end\0", "UTF8_STRING", "end"),
        (b"", "STRING", ""),
        (b"plain", "COMPOUND_TEXT", "plain"),
        (b"e\x1b-A\xe9", "COMPOUND_TEXT", "eé"),
        (b"x\x1b%G\xe2\x98\x83\x1b%@y", "COMPOUND_TEXT", "x☃y"),
        (b"x\x1b$(B\x30\x21\x1b(By", "COMPOUND_TEXT", "x\N{REPLACEMENT CHARACTER}y"),
        (b"\x1b", "COMPOUND_TEXT", ""),
    ],
)
def test_text_of_each_type(data: bytes, type_name: str, text: str) -> None:
    assert decode_text(data, type_name) == text


def test_a_title_ends_at_the_first_nul() -> None:
    assert decode("WM_NAME", b"one\0two\0", 8, "STRING") == "one"


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"xterm\0XTerm\0", ("xterm", "XTerm")),
        (b"xterm\0XTerm", ("xterm", "XTerm")),
        (b"alone", ("alone", "")),
        (b"\0", ("", "")),
        (b"", None),
    ],
)
def test_class(data: bytes, value: tuple[str, str] | None) -> None:
    assert decode("WM_CLASS", data, 8, "STRING") == value


def test_command_keeps_its_arguments_apart() -> None:
    assert decode("WM_COMMAND", b"xterm\0-e\0cat x\0", 8, "STRING") == ("xterm", "-e", "cat x")
    assert len(decode("WM_COMMAND", b"x\0" * 2000, 8, "STRING")) == 64


def test_size_hints_take_only_what_the_flags_say() -> None:
    values = [0, 1, 2, 30, 40, 5, 6, 700, 800, 9, 10, 1, 2, 3, 4, 11, 12, 3]
    assert decode("WM_NORMAL_HINTS", cards(*values)) == SizeHints()
    values[0] = 1023
    assert decode("WM_NORMAL_HINTS", cards(*values)) == SizeHints(
        position=(1, 2),
        size=Size(30, 40),
        minimum=Size(5, 6),
        maximum=Size(700, 800),
        increment=Size(9, 10),
        base=Size(11, 12),
        minimum_aspect=(1, 2),
        maximum_aspect=(3, 4),
        gravity=3,
    )


def test_size_hints_of_before_icccm_have_no_base_and_gravity() -> None:
    hints = decode("WM_NORMAL_HINTS", cards(1023, *range(1, 15)))
    assert hints.minimum == Size(5, 6)
    assert (hints.base, hints.gravity) == (None, None)
    assert decode("WM_NORMAL_HINTS", cards(*range(14))) is None


@pytest.mark.parametrize(
    ("index", "value", "field"),
    [
        (5, -1, "minimum"),
        (7, 0, "maximum"),
        (8, 40000, "maximum"),
        (9, 0, "increment"),
        (12, 0, "minimum_aspect"),
        (17, 99, "gravity"),
    ],
)
def test_senseless_size_hints_count_as_not_given(index: int, value: int, field: str) -> None:
    values = [1023, 1, 2, 30, 40, 5, 6, 700, 800, 9, 10, 1, 2, 3, 4, 11, 12, 3]
    values[index] = value
    assert getattr(decode("WM_NORMAL_HINTS", cards(*values)), field) is None


def test_a_maximum_below_the_minimum_does_not_count() -> None:
    hints = decode("WM_NORMAL_HINTS", cards(16 | 32, 0, 0, 0, 0, 100, 100, 50, 500, *[0] * 9))
    assert (hints.minimum, hints.maximum) == (Size(100, 100), None)


@pytest.mark.parametrize(
    ("values", "hints"),
    [
        ([0, 1, 3, 0, 0, 0, 0, 0, 7], WmHints()),
        ([1, 0, 3, 0, 0, 0, 0, 0, 0], WmHints(input=False)),
        ([1, 1, 0, 0, 0, 0, 0, 0], WmHints(input=True)),
        ([2, 0, 3, 0, 0, 0, 0, 0, 0], WmHints(iconic=True)),
        ([2, 0, 1, 0, 0, 0, 0, 0, 0], WmHints()),
        ([256, 0, 0, 0, 0, 0, 0, 0, 0], WmHints(urgent=True)),
        ([1, 1], None),
    ],
)
def test_wm_hints(values: list[int], hints: WmHints | None) -> None:
    assert decode("WM_HINTS", cards(*values)) == hints


def test_the_group_leader_is_read() -> None:
    assert decode("WM_HINTS", cards(64, *[0] * 7, 77)).group == 77
    assert decode("WM_HINTS", cards(64, *[0] * 7, 0xFFFFFFFF)).group is None


def test_lists_of_atoms_keep_known_names_in_order() -> None:
    names = ("_NET_WM_WINDOW_TYPE_MENU", "WM_NAME", "_NET_WM_WINDOW_TYPE_NORMAL")
    data = cards(*(ATOMS[name] for name in names), 0, 5_000_000)
    assert decode("_NET_WM_WINDOW_TYPE", data) == ("MENU", "NORMAL")
    assert decode("WM_PROTOCOLS", cards(ATOMS["WM_TAKE_FOCUS"], 9, ATOMS["WM_DELETE_WINDOW"])) == (
        "WM_TAKE_FOCUS",
        "WM_DELETE_WINDOW",
    )


@pytest.mark.parametrize(
    ("values", "wanted"), [([2, 0, 0], False), ([2, 0, 1, 0, 0], True), ([1, 1, 0], None), ([2], None)]
)
def test_motif_decorations(values: list[int], wanted: bool | None) -> None:
    assert decode("_MOTIF_WM_HINTS", cards(*values)) is wanted


@pytest.mark.parametrize(("value", "pid"), [(1, 1), (0, None), (2**31, None)])
def test_pid(value: int, pid: int | None) -> None:
    assert decode("_NET_WM_PID", cards(value)) == pid


def test_the_biggest_icon_within_256_is_taken() -> None:
    data = cards(2, 1, 0xFF0000FF, 0xFF00FF00) + cards(300, 1, *[0] * 300) + cards(1, 1, 0xFFFFFFFF)
    icon = decode("_NET_WM_ICON", data)
    assert (icon.width, icon.height, icon.format, icon.rowstride) == (2, 1, PixelFormat.BGRA, 8)
    assert icon.data == bytes([255, 0, 0, 255, 0, 255, 0, 255])


@pytest.mark.parametrize(
    "data", [b"", cards(2), cards(2, 2, 1, 2, 3), cards(0, 5), cards(0xFFFFFFFF, 1), cards(300, 1, *[0] * 300)]
)
def test_a_broken_icon_is_none(data: bytes) -> None:
    assert decode("_NET_WM_ICON", data) is None


def test_an_icon_cut_off_at_the_bound_gives_the_whole_ones_before() -> None:
    icon = decode("_NET_WM_ICON", cards(1, 1, 0xFF112233, 200, 200, 1, 2, 3))
    assert (icon.width, icon.height) == (1, 1)


@given(st.lists(st.tuples(*[st.integers(0, 255)] * 4), max_size=30))
def test_premultiplied_scales_each_colour_by_its_alpha(pixels: list[tuple[int, int, int, int]]) -> None:
    data = premultiplied(b"".join(bytes(pixel) for pixel in pixels))
    for index, (blue, green, red, alpha) in enumerate(pixels):
        expected = [(channel * alpha + 127) // 255 for channel in (blue, green, red)]
        assert list(data[index * 4 : index * 4 + 4]) == [*expected, alpha]


@given(
    st.sampled_from(sorted(ROWS)), st.binary(max_size=300), st.sampled_from([8, 16, 32]), st.sampled_from(["", *KNOWN])
)
def test_whatever_is_in_a_property_decodes_or_is_none(name: str, data: bytes, item_format: int, type_name: str) -> None:
    whole = data[: len(data) // (item_format // 8) * (item_format // 8)]
    decode(name, whole, item_format, type_name)


def test_every_row_has_a_bound_and_an_atom() -> None:
    for row in ROWS.values():
        assert 0 < row.max_bytes <= 1024 * 1024
        assert row.max_bytes % 4 == 0
        assert ATOMS[row.name] > 0
    assert ROWS["WM_NAME"].max_bytes == MAX_TEXT
