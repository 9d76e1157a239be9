"""Key names where the system has no keysyms, modifier state, and one release for each press."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from limpet.client.ui.qt_keys import KeyFacts, ModifierTracker, PressedKeys, group_of, keysym_of
from limpet.keysyms import keysym_name

Key = Qt.Key


def facts(
    key: int,
    text: str = "",
    *,
    keypad: bool = False,
    modifiers: tuple[str, ...] = (),
    state: int | None = None,
    keysym: int = 0,
    keycode: int = 0,
) -> KeyFacts:
    return KeyFacts(int(key), text, keysym, state, keycode, keypad, modifiers)


@pytest.mark.parametrize(
    ("key", "text", "keypad", "modifiers", "name"),
    [
        (Key.Key_A, "a", False, (), "a"),
        (Key.Key_A, "A", False, ("shift",), "A"),
        (Key.Key_A, "\x01", False, ("control",), "a"),
        (Key.Key_A, "\x01", False, ("control", "shift"), "A"),
        (Key.Key_Adiaeresis, "ä", False, (), "adiaeresis"),
        (0x20AC, "€", False, (), "EuroSign"),
        (0x416, "ж", False, (), "Cyrillic_zhe"),
        (0, "😀", False, (), "U1F600"),
        (Key.Key_Return, "\r", False, (), "Return"),
        (Key.Key_Enter, "\r", True, (), "KP_Enter"),
        (Key.Key_5, "5", True, (), "KP_5"),
        (Key.Key_Plus, "+", True, (), "KP_Add"),
        (Key.Key_Home, "", True, (), "KP_Home"),
        (Key.Key_Home, "", False, (), "Home"),
        (Key.Key_PageDown, "", False, (), "Next"),
        (Key.Key_Backtab, "", False, ("shift",), "ISO_Left_Tab"),
        (Key.Key_F1, "", False, (), "F1"),
        (Key.Key_F35, "", False, (), "F35"),
        (Key.Key_Dead_Grave, "", False, (), "dead_grave"),
        (Key.Key_Dead_Acute, "", False, (), "dead_acute"),
        (Key.Key_Dead_Circumflex, "", False, (), "dead_circumflex"),
        (Key.Key_Dead_Horn, "", False, (), "dead_horn"),
        (Key.Key_AltGr, "", False, (), "ISO_Level3_Shift"),
        (Key.Key_VolumeUp, "", False, (), "XF86AudioRaiseVolume"),
        (Key.Key_Space, " ", False, (), "space"),
        (Key.Key_unknown, "", False, (), ""),
        (Key.Key_A, "ab", False, (), "a"),
    ],
)
def test_a_key_without_a_keysym_gets_its_x11_name(
    key: int, text: str, keypad: bool, modifiers: tuple[str, ...], name: str
) -> None:
    found, value = keysym_of(facts(key, text, keypad=keypad, modifiers=modifiers))
    assert found == name
    assert (keysym_name(value) or "") == name


def test_a_native_keysym_wins_and_an_unknown_one_is_written_as_a_number() -> None:
    assert keysym_of(facts(Key.Key_A, "a", keysym=0xFE03)) == ("ISO_Level3_Shift", 0xFE03)
    assert keysym_of(facts(Key.Key_A, "a", keysym=0x1FFFFFF0)) == ("0x1ffffff0", 0x1FFFFFF0)


def test_the_state_of_x11_is_named_bit_by_bit() -> None:
    tracker = ModifierTracker()
    assert tracker.before_key(facts(Key.Key_A, state=0xFF)) == (
        "shift", "lock", "control", "mod1", "mod2", "mod3", "mod4", "mod5"
    )  # fmt: skip
    assert tracker.with_flags(("shift",)) == ("shift", "lock", "mod2", "mod5")
    tracker.before_key(facts(Key.Key_A, state=0))
    assert tracker.with_flags(()) == ()


def test_the_group_is_in_the_state() -> None:
    assert group_of(facts(Key.Key_A, state=1 << 13)) == 1
    assert group_of(facts(Key.Key_A)) == 0


def test_level_3_is_held_from_its_press_to_its_release() -> None:
    tracker = ModifierTracker()
    tracker.after_key("ISO_Level3_Shift", pressed=True)
    assert tracker.with_flags(("control",)) == ("control", "mod5")
    tracker.after_key("ISO_Level3_Shift", pressed=False)
    assert tracker.with_flags(()) == ()
    tracker.after_key("ISO_Level3_Shift", pressed=True)
    tracker.lost_focus()
    assert tracker.with_flags(()) == ()


def test_num_lock_goes_on_with_a_press_and_off_with_a_release() -> None:
    tracker = ModifierTracker()
    states = []
    for _ in range(2):
        for pressed in (True, False):
            tracker.after_key("Num_Lock", pressed=pressed)
            states.append(tracker.with_flags(()))
    assert states == [("mod2",), ("mod2",), ("mod2",), ()]


def test_each_press_has_one_release_with_the_same_name() -> None:
    keys = PressedKeys()
    pressed = keys.press(facts(Key.Key_A, "A", keysym=0x41, keycode=38))
    assert pressed is not None
    assert keys.press(facts(Key.Key_A, "A", keysym=0x41, keycode=38)) is None
    assert keys.release(facts(Key.Key_A, "a", keysym=0x61, keycode=38)) == pressed
    assert keys.release(facts(Key.Key_A, "a", keysym=0x61, keycode=38)) is None


def test_keys_without_a_code_are_told_apart_by_their_qt_number() -> None:
    keys = PressedKeys()
    first, second = keys.press(facts(Key.Key_A, "a")), keys.press(facts(Key.Key_B, "b"))
    assert keys.press(facts(Key.Key_unknown)) is None
    assert keys.release_all() == [second, first]
    assert keys.release_all() == []
