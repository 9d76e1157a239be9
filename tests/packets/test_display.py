from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.capgroups import Monitor
from limpet.packets.dialect import NESTED_65, Dialect
from limpet.packets.display import (
    ConfigureDisplay,
    DesktopResized,
    ForceUngrab,
    Screenshot,
    ServerSettings,
    SettingChange,
)
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Rect, Side

MONITORS = {0: Monitor(geometry=Rect(0, 0, 3, 4), primary=True)}


def decode(*items: Any, side: Side = Side.CLIENT) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_the_servers_screen() -> None:
    assert decode("desktop_size", 1, 2, 3, 4, side=Side.SERVER) == DesktopResized(
        width=1, height=2, max_width=3, max_height=4
    )


def test_the_clients_screen_in_the_legacy_layout() -> None:
    """session-packets.md 6.10."""
    screens = [[":0", 3, 4, 5, 6, [], 0, 0, 3, 4]]
    items = [
        "desktop_size",
        3,
        4,
        screens,
        2,
        ["a", "b"],
        5,
        6,
        96,
        95,
        60,
        {0: {"geometry": [0, 0, 3, 4], "primary": 1}},
    ]
    packet = ConfigureDisplay(
        width=3,
        height=4,
        screen_sizes=(screens[0],),
        desktops=2,
        desktop_names=("a", "b"),
        unscaled_width=5,
        unscaled_height=6,
        dpi_x=96,
        dpi_y=95,
        vrefresh=60,
        monitors=MONITORS,
    )
    assert decode(*items) == packet
    assert decode("desktop_size", 3, 4) == ConfigureDisplay(width=3, height=4)
    assert packets.encode(ConfigureDisplay(width=3, height=4), NESTED_65)[0] == ["desktop_size", 3, 4]


def test_the_clients_screen_in_the_new_layout() -> None:
    options = {
        "desktop-size": [3, 4],
        "desktop-size-unscaled": [5, 6],
        "monitors": {0: {"geometry": [0, 0, 3, 4], "primary": True}},
        "dpi": {"x": 96, "y": 95},
        "vrefresh": 60,
        "desktops": 1,
        "desktop-names": ["a"],
        "icc": {},
    }
    packet = ConfigureDisplay(
        width=3,
        height=4,
        unscaled_width=5,
        unscaled_height=6,
        monitors=MONITORS,
        dpi_x=96,
        dpi_y=95,
        vrefresh=60,
        desktop_names=("a",),
    )
    for name in ("configure-display", "display-configure"):
        assert decode(name, options) == packet
    lists = Dialect(
        nested=True, serializer="rencodeplus", version=(6, 5), packet_types=frozenset({"configure-display"})
    )
    items, _ = packets.encode(packet, lists)
    assert items[0] == "configure-display"
    assert decode(*items) == packet
    assert "desktop-size-unscaled" not in packets.encode(ConfigureDisplay(width=3, height=4), lists)[0][1]  # type: ignore[operator]
    for wrong in ([], [[]], [{}], [{"desktop-size": [1]}], [{"desktop-size": [1, 2], "dpi": 5}]):
        with pytest.raises(PacketError, match="configure-display"):
            decode("configure-display", *wrong)


def test_settings_of_any_shape() -> None:
    """hello.md 3.6."""
    for value in ({}, [1], "x", None, 5):
        assert decode("setting-change", b"xdg-menu", value, side=Side.SERVER) == SettingChange(
            name="xdg-menu", value=value
        )
    assert decode("server-settings", {"a": 1}) == ServerSettings(settings={"a": 1})
    assert decode("server-settings", [["a", 1]]) == ServerSettings(settings={"": [["a", 1]]})


def test_ungrab_with_and_without_a_window() -> None:
    assert decode("force-ungrab", 5) == decode("display-ungrab") == ForceUngrab()


def test_a_screenshot_of_3_1_3_without_windows_has_a_rowstride_of_minus_one() -> None:
    packet = packets.decode(Side.SERVER, Phase.HELLO, ["screenshot", 0, 0, "png", -1, b""])
    assert isinstance(packet, Screenshot)
    assert (packet.width, packet.rowstride, bytes(packet.data)) == (0, -1, b"")
