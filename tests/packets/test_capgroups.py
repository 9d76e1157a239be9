from __future__ import annotations

from typing import Any

import pytest

from limpet.packets.capfields import Spelling
from limpet.packets.capgroups import (
    MIB,
    DisplayCaps,
    EncodingCaps,
    FileCaps,
    Keymap,
    Monitor,
    NetworkCaps,
    NotificationCaps,
)
from limpet.values import Rect, Size


def test_monitors_have_integer_keys() -> None:
    """traps.md 12."""
    caps = {"display": {"monitors": {0: {"geometry": [0, 0, 3, 4], "name": "x", "refresh-rate": 60000}, b"1": {}}}}
    display = DisplayCaps.from_wire(caps)
    assert display.monitors == {0: Monitor(geometry=Rect(0, 0, 3, 4), name="x", refresh_rate=60000), 1: Monitor()}
    assert display.to_wire(Spelling.NESTED)["monitors"] == {
        0: {"geometry": (0, 0, 3, 4), "name": "x", "refresh-rate": 60000},
        1: {},
    }


def test_a_wrong_monitor_list_counts_as_none() -> None:
    assert DisplayCaps.from_wire({"monitors": {"x": {}}, "desktop_size": [1, 2]}) == DisplayCaps(
        desktop_size=Size(1, 2)
    )


def test_the_display_dict_repeats_the_top_level_keys() -> None:
    """hello.md 3.5: 6.5 reads the dict, 6.2 the top level."""
    out = DisplayCaps(desktop_size=Size(1, 2), dpi=96, dpi_x=95).to_wire(Spelling.NESTED)
    assert out == {
        "display": {"desktop_size": (1, 2), "dpi": {"": 96, "x": 95}},
        "desktop_size": (1, 2),
        "dpi": {"": 96, "x": 95},
    }


def test_the_display_wanted_by_313_is_text_and_the_dict_of_6_is_none() -> None:
    assert DisplayCaps.from_wire({b"display": b":7"}).name == ":7"
    assert DisplayCaps.from_wire({"display": {"desktop_size": [1, 2]}}).name == ""


@pytest.mark.parametrize(
    "caps", [{"notifications": True}, {"notifications": {"enabled": True}}, {"notification": True}]
)
def test_notifications_in_every_spelling(caps: Any) -> None:
    assert NotificationCaps.from_wire(caps).enabled


def test_notifications_to_6_are_a_dict() -> None:
    """traps.md 21."""
    out = NotificationCaps(enabled=True).to_wire(Spelling.NESTED)
    assert out == {"notifications": {"enabled": True}, "notification": True}


def test_file_sizes_are_megabytes_from_313_and_bytes_from_6() -> None:
    """session-packets.md 6.13."""
    assert FileCaps.from_wire({"file-size-limit": 100}).max_bytes == 100 * MIB
    assert FileCaps.from_wire({"file": {"size-limit": 1000}}).max_bytes == 1000
    assert FileCaps.from_wire({"max-file-size": 2000, "file-size-limit": 1}).max_bytes == 2000


@pytest.mark.parametrize(
    ("network", "available", "chosen"),
    [
        (NetworkCaps(compressors=("zlib", "lz4")), ("lz4", "zlib"), "lz4"),
        (NetworkCaps(lz4=True, brotli=True), ("brotli", "zlib"), "brotli"),
        (NetworkCaps(zlib=True), ("lz4", "zlib"), "zlib"),
        (NetworkCaps(zstd=True, compressors=("brotli",)), ("zstd", "brotli"), "zstd"),
        (NetworkCaps(compressors=("none", "lzo")), ("lz4", "zlib"), ""),
        (NetworkCaps(), ("lz4",), ""),
    ],
)
def test_the_record_compressor_is_one_both_have(network: NetworkCaps, available: tuple[str, ...], chosen: str) -> None:
    assert network.compressor(available) == chosen


@pytest.mark.parametrize(
    ("caps", "wanted"),
    [
        ({}, False),
        ({"ping": True}, True),
        ({"network": {"pings": 5}}, True),
        ({"network.pings": 5}, True),
        ({"ping-echo-sourceid": 1}, True),
        ({"ping": False}, False),
    ],
)
def test_pings_are_wanted_in_three_spellings(caps: Any, wanted: bool) -> None:
    """hello.md 3.9."""
    assert NetworkCaps.from_wire(caps).wants_pings is wanted


def test_usable_encodings_are_core_or_else_the_user_names() -> None:
    assert EncodingCaps(options=("rgb",), core=("rgb24",)).usable == ("rgb24",)
    assert EncodingCaps(options=("rgb",)).usable == ("rgb",)


def test_one_name_stands_for_a_list_of_names() -> None:
    assert Keymap.from_wire({b"xkbmap_layouts": b"us", "xkbmap_variants": [b"", "nodeadkeys"]}) == Keymap(
        layouts=("us",), variants=("", "nodeadkeys")
    )
    assert Keymap.from_wire({"xkbmap_layouts": 5}) == Keymap()
