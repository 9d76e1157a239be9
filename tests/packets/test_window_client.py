from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import NESTED_65, Dialect
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.packets.window_client import (
    BufferRefresh,
    ConfigureWindow,
    DrawAck,
    Focus,
    MapWindow,
    UnmapWindow,
    WindowState,
)
from limpet.values import Side, WindowId
from tests.packets.support import vector
from tests.packets.test_window import aliases_of

W = WindowId(7)


def decode(*items: Any) -> Any:
    return packets.decode(Side.CLIENT, Phase.SESSION, items)


def test_a_recorded_session_of_a_313_client_decodes() -> None:
    aliases = aliases_of("session-313-server.txt")
    seen = set()
    for items in vector("session-313-client.txt"):
        packet = packets.decode(Side.CLIENT, Phase.SESSION, items, aliases)
        assert packet is not None, items[0]
        seen.add(type(packet).__name__)
    assert seen == {
        "Hello", "Logging", "ClipboardEnableSelections", "SetDeflate", "Ping", "PingEcho", "ConfigureWindow",
        "MapWindow", "InfoRequest", "Focus", "SetClipboardEnabled", "DrawAck", "PointerPosition", "KeyAction",
        "Disconnect",
    }  # fmt: skip


def test_a_recorded_configure_window() -> None:
    aliases = aliases_of("session-313-server.txt")
    first = next(
        packet
        for items in vector("session-313-client.txt")
        if isinstance(packet := packets.decode(Side.CLIENT, Phase.SESSION, items, aliases), ConfigureWindow)
    )
    assert (first.window_id, first.x, first.y, first.width, first.height) == (1, 2587, 1246, 585, 67)
    assert first.client_props["workspace"] == 65535
    assert "encodings.rgb_formats" in first.client_props
    assert first.resize_counter == 0


def test_the_modern_layout_of_configure() -> None:
    """session-packets.md 6.3."""
    packet = decode(
        "window-configure",
        W,
        {
            "geometry": [1, 2, 3, 4],
            "resize-counter": 5,
            "properties": {"workspace": 0},
            "state": {b"maximized": 1},
            "pointer": {"wid": 7, "position": [8, 9, 1, 1], "device-id": 0},
            "modifiers": ["shift"],
            "monitor": 0,
        },
    )
    assert packet == ConfigureWindow(
        window_id=W,
        x=1,
        y=2,
        width=3,
        height=4,
        client_props={"workspace": 0},
        resize_counter=5,
        state=WindowState(maximized=True),
        pointer_window_id=W,
        pointer_position=(8, 9),
        modifiers=("shift",),
    )


def test_the_modern_layout_without_geometry_is_about_the_rest() -> None:
    packet = decode("window-configure", W, {"state": {"iconified": True}})
    assert packet.skip_geometry
    assert packet.state == WindowState(iconified=True)


@pytest.mark.parametrize(
    "options", [[], {"geometry": [1, 2, 3]}, {"geometry": "abcd"}, {"geometry": 5}, {"pointer": []}]
)
def test_a_wrong_modern_layout_is_an_error(options: Any) -> None:
    with pytest.raises(PacketError, match="window-configure"):
        decode("window-configure", W, options)


def test_short_forms_of_the_browser() -> None:
    """html5.md 9.4."""
    assert decode("configure-window", 7, 1, 2, 3, 4, {}, 5) == ConfigureWindow(
        window_id=W, x=1, y=2, width=3, height=4, resize_counter=5
    )
    assert decode("map-window", 7, 1, 2, 3, 4) == MapWindow(window_id=W, x=1, y=2, width=3, height=4)
    assert decode("unmap-window", 7, 1) == UnmapWindow(window_id=W, iconified=True)


@pytest.mark.parametrize("field", [2, 3, 4, 5])
@pytest.mark.parametrize("value", [2**31, -(2**31), 1.5, None, "1"])
def test_geometry_is_bounded(field: int, value: Any) -> None:
    items = ["map-window", 7, 1, 2, 3, 4, {}]
    items[field] = value
    with pytest.raises(PacketError):
        decode(*items)


def test_no_focus_and_all_windows() -> None:
    assert decode("focus", 0, []) == Focus(window_id=WindowId(0))
    assert decode("buffer-refresh", -1, 0, 100) == BufferRefresh(window_id=WindowId(-1))


def test_the_order_of_an_acknowledgement_differs_by_form() -> None:
    """session-packets.md 6.3."""
    ack = DrawAck(sequence=9, window_id=W, width=3, height=4, decode_us=-1, message="bad")
    assert decode("damage-sequence", 9, 7, 3, 4, -1, b"bad") == ack
    for name in ("window-ack", "window-draw-ack"):
        assert decode(name, 7, 3, 4, 9, -1, "bad") == ack
    assert packets.encode(ack, NESTED_65)[0] == ["damage-sequence", 9, 7, 3, 4, -1, "bad"]
    lists = Dialect(nested=True, serializer="rencodeplus", version=(6, 5), packet_types=frozenset({"window-ack"}))
    assert packets.encode(ack, lists)[0] == ["window-ack", 7, 3, 4, 9, -1, "bad"]
    assert decode("damage-sequence", 9, 7, 3, 4, 0).message == ""
