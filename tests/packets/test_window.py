from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.packets.window import (
    ConfigureOverrideRedirect,
    NewWindow,
    SizeConstraints,
    WindowIcon,
    WindowKind,
    WindowMetadata,
    WindowMetadataChanged,
    WindowMoveResize,
    WindowResized,
)
from limpet.values import Side, Size, WindowId
from tests.packets.support import vector

W = WindowId(0x600030)


def decode(*items: Any) -> Any:
    return packets.decode(Side.SERVER, Phase.SESSION, items)


def aliases_of(name: str) -> dict[int, str]:
    hello = next(items for items in vector(name) if items[0] in (b"hello", 1))
    return {number: key.decode() for key, number in hello[1][b"aliases"].items()}


def test_a_recorded_session_of_a_313_server_decodes() -> None:
    """encoding.md 2.7: the types are integers, because that client announced aliases."""
    aliases = aliases_of("session-313-client.txt")
    seen = set()
    for items in vector("session-313-server.txt")[1:]:
        packet = packets.decode(Side.SERVER, Phase.SESSION, items, aliases)
        assert packet is not None, items[0]
        seen.add(type(packet).__name__)
    assert seen == {
        "NewWindow", "WindowIcon", "StartupComplete", "ServerEvent", "PingEcho", "Ping", "Cursor", "Draw",
        "InfoResponse", "Disconnect", "SetDeflate", "SettingChange",
    }  # fmt: skip


def test_a_recorded_new_window() -> None:
    aliases = aliases_of("session-313-client.txt")
    windows = [
        packet
        for items in vector("session-313-server.txt")
        if isinstance(packet := packets.decode(Side.SERVER, Phase.SESSION, items, aliases), NewWindow)
    ]
    terminal = windows[1]
    assert (terminal.window_id, terminal.x, terminal.y, terminal.width, terminal.height) == (2, 0, 0, 484, 316)
    assert terminal.kind is WindowKind.NORMAL
    assert terminal.metadata.title == "peerterm"
    assert terminal.metadata.class_instance == ("xterm", "XTerm")
    assert terminal.metadata.window_type == ("NORMAL",)
    assert terminal.metadata.xid == 0x20000C
    assert terminal.metadata.pid == 17977
    assert terminal.metadata.size_constraints == SizeConstraints(
        base_size=Size(4, 4), increment=Size(6, 13), gravity=1, minimum_size=Size(10, 17)
    )


@pytest.mark.parametrize(("name", "kind"), [
    ("new-window", WindowKind.NORMAL),
    ("new-override-redirect", WindowKind.OVERRIDE_REDIRECT),
])  # fmt: skip
def test_the_legacy_name_tells_the_kind(name: str, kind: WindowKind) -> None:
    packet = decode(name, W, 1, 2, 3, 4, {"title": "t"}, {})
    assert packet == NewWindow(window_id=W, x=1, y=2, width=3, height=4, metadata=WindowMetadata(title="t"), kind=kind)
    assert packets.encode(packet, NESTED_65)[0] == [name, W, 1, 2, 3, 4, {"title": "t"}, {}]


def test_a_tray_has_no_position() -> None:
    packet = NewWindow(window_id=W, width=3, height=4, metadata=WindowMetadata(tray=True), kind=WindowKind.TRAY)
    items = ["new-tray", W, 3, 4, {"tray": True}]
    assert packets.encode(packet, NESTED_65)[0] == items
    assert decode(*items) == packet


@pytest.mark.parametrize(
    ("metadata", "kind"),
    [
        ({}, WindowKind.NORMAL),
        ({"override-redirect": True}, WindowKind.OVERRIDE_REDIRECT),
        ({b"tray": 1}, WindowKind.TRAY),
        ({"tray": False}, WindowKind.NORMAL),
    ],
)
def test_the_metadata_tells_the_kind_of_a_modern_window(metadata: Any, kind: WindowKind) -> None:
    """session-packets.md 6.1."""
    assert decode("window-create", W, 1, 2, 3, 4, metadata, {}).kind is kind


def test_a_modern_window_without_an_id_is_an_error() -> None:
    with pytest.raises(PacketError, match="window-create: window_id: missing"):
        decode("window-create")


def test_an_xid_is_text_for_313_and_a_number_for_6() -> None:
    """traps.md 67."""
    metadata = WindowMetadata(xid=0x20000C)
    assert metadata.to_wire(FLAT_313) == {"xid": "0x20000c"}
    assert metadata.to_wire(NESTED_65) == {"xid": 0x20000C}
    for value in ("0x20000c", b"0x20000c", "2097164", 0x20000C):
        assert WindowMetadata.from_wire({"xid": value}) == metadata
    for value in ("window", "0x" + "1" * 20, -1, 2**48, None, True):
        assert WindowMetadata.from_wire({"xid": value}).xid is None


def test_only_metadata_that_the_client_supports_is_sent() -> None:
    """session-packets.md 6.2."""
    dialect = Dialect(
        nested=True, serializer="rencodeplus", version=(6, 5), metadata=frozenset({"title", "size-constraints"})
    )
    metadata = WindowMetadata(title="t", pid=5, size_constraints=SizeConstraints(minimum_size=Size(1, 2)))
    packet = WindowMetadataChanged(window_id=W, metadata=metadata)
    assert packets.encode(packet, dialect)[0] == [
        "window-metadata",
        W,
        {"title": "t", "size-constraints": {"minimum-size": (1, 2)}},
    ]


def test_a_resize_counter_may_be_missing() -> None:
    assert decode("window-move-resize", W, 1, 2, 3, 4) == WindowMoveResize(window_id=W, x=1, y=2, width=3, height=4)
    assert decode("window-resized", W, 3, 4, 9) == WindowResized(window_id=W, width=3, height=4, resize_counter=9)
    assert decode("configure-override-redirect", W, -1, 2, 3, 4) == ConfigureOverrideRedirect(
        window_id=W, x=-1, y=2, width=3, height=4
    )


@pytest.mark.parametrize("window_id", [0, -1, 2**48, True, "1", None])
def test_a_new_window_needs_an_id(window_id: Any) -> None:
    with pytest.raises(PacketError, match="window_id"):
        decode("new-window", window_id, 1, 2, 3, 4, {}, {})


def test_big_window_ids_pass() -> None:
    """traps.md 11."""
    assert decode("lost-window", 2**48 - 1).window_id == 2**48 - 1


def test_a_big_icon_goes_as_a_raw_chunk() -> None:
    icon = WindowIcon(window_id=W, width=64, height=64, encoding="BGRA", data=bytes(64 * 64 * 4))
    assert packets.encode(icon, NESTED_65)[1] == 5
    assert decode("window-icon", 1, 0, 0, b"default", b"") == WindowIcon(
        window_id=WindowId(1), width=0, height=0, encoding="default", data=b""
    )
