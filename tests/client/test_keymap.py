"""The local keyboard for the hello."""

from __future__ import annotations

from limpet.client.keymap import MOD_MEANINGS, key_codes, keymap_of, layout_values, us_codes
from limpet.keysyms import keysym_value
from limpet.packets.capfields import Spelling
from limpet.packets.capgroups import Keymap

QUERY = "rules:      evdev\nmodel:      pc105\nlayout:     de,us\nvariant:    nodeadkeys,\noptions:    caps:none\n"
LISTING = """keycode   8 =
keycode  24 = q Q q Q at Greek_OMEGA at
keycode 204 = NoSymbol Alt_L NoSymbol Alt_L
nonsense"""


def test_the_layout_as_setxkbmap_tells_it() -> None:
    keymap = keymap_of(layout_values(QUERY), {})
    assert (keymap.layout, keymap.layouts, keymap.variant, keymap.options) == (
        "de",
        ("de", "us"),
        "nodeadkeys",
        "caps:none",
    )
    assert keymap.query_struct is not None
    assert keymap.query_struct["model"] == "pc105"


def test_key_codes_as_xmodmap_lists_them() -> None:
    codes = key_codes(LISTING)
    assert codes == {
        24: ("q", "Q", "q", "Q", "at", "Greek_OMEGA", "at"),
        204: ("", "Alt_L", "", "Alt_L"),
    }
    keymap = keymap_of({}, codes)
    assert keymap.x11_keycodes == codes
    assert (113, "q", 24, 0, 0) in keymap.keycodes
    assert (81, "Q", 24, 0, 1) in keymap.keycodes


def test_without_either_a_us_keyboard_is_meant() -> None:
    # xpra 3.1.3: takes no key at all from a client without a map
    keymap = keymap_of({}, {})
    assert (keymap.layout, keymap.query_struct, keymap.x11_keycodes) == ("", None, None)
    names = {name for _, name, *_ in keymap.keycodes}
    assert {"a", "A", "1", "exclam", "Return", "F12", "Left", "KP_Enter", "Super_L"} <= names


def test_every_name_is_a_keysym() -> None:
    names = {name for levels in us_codes().values() for name in levels} | set(MOD_MEANINGS)
    assert [name for name in names if keysym_value(name) is None] == []


def test_survives_the_wire_in_both_spellings() -> None:
    keymap = keymap_of(layout_values(QUERY), key_codes(LISTING))
    for spelling in (Spelling.FLAT, Spelling.NESTED):
        assert Keymap.from_wire(keymap.to_wire(spelling)) == keymap


def test_garbage_is_no_layout() -> None:
    assert layout_values("no colon\nempty:\n") == {}
    assert keymap_of(layout_values("Cannot open display"), key_codes("")).layout == ""
