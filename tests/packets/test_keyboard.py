from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.capgroups import Keymap
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.keyboard import KeyAction, KeyboardSync, KeymapChanged, KeyRepeat, LayoutChanged
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, WindowId

W = WindowId(2)
RETURN = KeyAction(window_id=W, name="Return", pressed=True, keyval=65293, string="\r", keycode=36)


def decode(*items: Any) -> Any:
    return packets.decode(Side.CLIENT, Phase.SESSION, items)


def test_keys_of_live_clients() -> None:
    """session-packets.md 6.7."""
    assert decode("key-action", 2, "Return", True, [], 65293, "\r", 36, 0) == RETURN
    assert decode(b"key-action", 2, b"Return", 1, [], 65293, b"\r", 36, 0) == RETURN
    assert packets.encode(RETURN, NESTED_65)[0] == ["key-action", 2, "Return", True, (), 65293, "\r", 36, 0]


def test_keys_in_the_modern_layout() -> None:
    options = {"modifiers": ["shift"], "keyval": 76, "string": "L", b"keycode": 46, "group": 1, "other": 5}
    assert decode("keyboard-event", 2, "L", True, options) == KeyAction(
        window_id=W, name="L", pressed=True, modifiers=("shift",), keyval=76, string="L", keycode=46, group=1
    )
    assert decode("keyboard-event", 2, "L", False) == KeyAction(window_id=W, name="L", pressed=False)
    for wrong in ([2, "L"], [2, "L", True, []], [2, "L", True, {"keyval": "x"}]):
        with pytest.raises(PacketError, match="keyboard-event"):
            decode("keyboard-event", *wrong)


def test_a_key_that_repeats() -> None:
    assert decode("key-repeat", 2, b"l", 108, 46, [b"shift"]) == KeyRepeat(
        window_id=W, name="l", keyval=108, keycode=46, modifiers=("shift",)
    )


def test_a_layout_of_two_to_five_arguments() -> None:
    assert decode("layout-changed", "de") == LayoutChanged(layout="de")
    full = LayoutChanged(layout="de", variant="nodeadkeys", options="caps:none", backend="x11", backend_name="X11")
    assert decode("layout-changed", "de", "nodeadkeys", "caps:none", "x11", "X11") == full
    assert packets.encode(LayoutChanged(layout="de", variant="x"), NESTED_65)[0] == ["layout-changed", "de", "x"]


KEYMAP = Keymap(layout="de", sync=False, keycodes=((65307, "Escape", 9, 0, 0),), x11_keycodes={9: ("Escape", "")})
NESTED = {"layout": "de", "sync": False, "keycodes": [[65307, "Escape", 9, 0, 0]], "x11_keycodes": {9: ["Escape", ""]}}
FLAT = {
    b"xkbmap_layout": b"de",
    b"keyboard_sync": 0,
    b"xkbmap_keycodes": [[65307, b"Escape", 9, 0, 0]],
    b"xkbmap_x11_keycodes": {9: [b"Escape", b""]},
}


def test_a_keymap_in_both_spellings() -> None:
    assert decode("keymap-changed", {"keymap": NESTED}, True) == KeymapChanged(keymap=KEYMAP, force=True)
    assert decode("keymap-changed", FLAT) == KeymapChanged(keymap=KEYMAP)
    assert "keymap" in packets.encode(KeymapChanged(keymap=KEYMAP), NESTED_65)[0][1]  # type: ignore[operator]
    assert "xkbmap_layout" in packets.encode(KeymapChanged(keymap=KEYMAP), FLAT_313)[0][1]  # type: ignore[operator]


def test_the_newest_packet_for_a_keymap() -> None:
    assert decode("keyboard-config", NESTED | {"force": True}) == KeymapChanged(keymap=KEYMAP, force=True)
    lists = Dialect(nested=True, serializer="rencodeplus", version=(6, 6), packet_types=frozenset({"keyboard-config"}))
    items, _ = packets.encode(KeymapChanged(keymap=KEYMAP), lists)
    assert items[0] == "keyboard-config"
    assert decode(*items) == KeymapChanged(keymap=KEYMAP)
    for wrong in ([], ["x"], [{"force": "x"}]):
        with pytest.raises(PacketError, match="keyboard-config"):
            decode("keyboard-config", *wrong)


def test_keyboard_synchronisation() -> None:
    for name in ("set-keyboard-sync-enabled", "keyboard-sync"):
        assert decode(name, 1) == KeyboardSync(enabled=True)
