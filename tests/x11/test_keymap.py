from __future__ import annotations

import pytest

from limpet.x11.keymap import NUM_LOCK, Keymap, Place, is_keypad, is_letter, keysym_of

SHIFT_L = 0xFFE1
# keycodes 8...: nothing, a/A, 1/!, a with one keysym, KP_Home/KP_7, Shift_L, Num_Lock, nothing but a modifier
ROWS = [[0, 0], [97, 65], [49, 33], [98, 0], [0xFF95, 0xFFB7], [SHIFT_L, 0], [NUM_LOCK, 0], [0, 0]]
MODIFIERS = [[13, 0], [0, 0], [15, 0], [0, 0], [14, 0], [0, 0], [0, 0], [0, 0]]
KEYMAP = Keymap.build(8, 2, [keysym for row in ROWS for keysym in row], MODIFIERS)


@pytest.mark.parametrize(
    ("name", "keyval", "keysym"),
    [
        ("Return", 0, 0xFF0D),
        ("eacute", 0, 0xE9),
        ("XF86AudioMute", 0, 0x1008FF12),
        ("U20AC", 0, 0x10020AC),
        ("U+4E00", 0, 0x1004E00),
        ("U263A", 0, 0x100263A),
        ("é", 0, 0xE9),
        ("☃", 0, 0x1002603),
        ("", 0xFF0D, 0xFF0D),
        ("nonsense", 97, 97),
        ("nonsense", 0, None),
        ("nonsense", -1, None),
        ("nonsense", 1 << 29, None),
        ("U110000", 0, None),
        ("U+D800", 0, None),
        ("\n", 0, None),
    ],
)
def test_keysyms_by_name_or_value(name: str, keyval: int, keysym: int | None) -> None:
    assert keysym_of(name, keyval) == keysym


@pytest.mark.parametrize(
    ("keysym", "place"),
    [
        (97, Place(9, False)),
        (65, Place(9, True)),
        (33, Place(10, True)),
        (66, Place(11, True)),  # a key with one letter has its capital too (X protocol, section 5)
        (0xFFB7, Place(12, True)),
        (0x20AC, None),
    ],
)
def test_where_keysyms_are(keysym: int, place: Place | None) -> None:
    assert KEYMAP.find(keysym) == place


def test_a_hint_counts_only_among_the_keys_that_have_it() -> None:
    twice = Keymap.build(8, 1, [97, 97, 98], [[]] * 8)
    assert twice.find(97, 9) == Place(9, False)
    assert twice.find(97, 10) == Place(8, False)


def test_keys_without_keysym_are_spare_unless_they_are_modifiers() -> None:
    assert KEYMAP.spare == (8,)


def test_modifiers_are_found_by_key_and_by_keysym() -> None:
    assert KEYMAP.modifier_of(13) == "shift"
    assert KEYMAP.modifier_of(9) is None
    assert KEYMAP.modifier_with([NUM_LOCK]) == "mod2"
    assert KEYMAP.modifier_with([0x1234]) is None


def test_an_empty_map_has_nothing() -> None:
    empty = Keymap.build(8, 0, [], [[]] * 8)
    assert (empty.spare, empty.find(97)) == ((), None)


def test_letters_and_keypad() -> None:
    assert [is_letter(ord(char)) for char in "aZé1÷×ß"] == [True, True, True, False, False, False, False]
    assert [is_keypad(value) for value in (0xFFB7, 0xFF95, 0xFF50, 97)] == [True, True, False, False]
