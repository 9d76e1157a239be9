"""Keysyms by name, and where they are on the X server's keyboard; pure but for the table it is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from limpet.keysyms import char_keysym, keysym_value
from limpet.records import dataclass

MODIFIERS = ("shift", "lock", "control", "mod1", "mod2", "mod3", "mod4", "mod5")
"""in the order of the X modifier map and of the bits of a state"""
NUM_LOCK = 0xFF7F
_KEYPAD = range(0xFF80, 0xFFBE)


def keysym_of(name: str, keyval: int = 0) -> int | None:
    """The keysym with that name ("Return", "eacute", "U20AC", "U+20AC", "é"); `keyval` when the name says nothing."""
    value = keysym_value(name)
    if value is None and name.startswith("U+"):
        value = keysym_value("U" + name[2:])
    if value is None and len(name) == 1:
        value = char_keysym(name)
    if value:
        return value
    return keyval if 0 < keyval < 1 << 29 else None


@dataclass(frozen=True, slots=True)
class Place:
    """A key, and whether Shift belongs to the keysym there."""

    keycode: int
    shifted: bool


@dataclass(frozen=True, slots=True)
class Keymap:
    """The first group, first two levels of the core keyboard map, and the modifier map."""

    min_keycode: int
    places: Mapping[int, tuple[Place, ...]]
    symbols: Mapping[int, tuple[int, int]]
    """keycode -> keysyms without and with Shift (0 none)"""
    spare: tuple[int, ...]
    """keycodes without any keysym, to be bound on demand"""
    modifier_keys: Mapping[str, tuple[int, ...]]

    @classmethod
    def build(
        cls, min_keycode: int, per_keycode: int, keysyms: Sequence[int], modifiers: Sequence[Sequence[int]]
    ) -> Keymap:
        """From GetKeyboardMapping and GetModifierMapping."""
        places: dict[int, list[Place]] = {}
        symbols: dict[int, tuple[int, int]] = {}
        spare: list[int] = []
        in_use = {keycode for keycodes in modifiers for keycode in keycodes}
        for index in range(len(keysyms) // per_keycode if per_keycode else 0):
            keycode = min_keycode + index
            row = keysyms[index * per_keycode : (index + 1) * per_keycode]
            if not any(row):
                if keycode not in in_use:
                    spare.append(keycode)
                continue
            plain = row[0]
            shifted = row[1] if len(row) > 1 and row[1] else _upper(plain)
            symbols[keycode] = (plain, shifted)
            if plain:
                places.setdefault(plain, []).append(Place(keycode, False))
            if shifted and shifted != plain:
                places.setdefault(shifted, []).append(Place(keycode, True))
        return cls(
            min_keycode=min_keycode,
            places={keysym: tuple(found) for keysym, found in places.items()},
            symbols=symbols,
            spare=tuple(spare),
            modifier_keys={name: tuple(k for k in keys if k) for name, keys in zip(MODIFIERS, modifiers, strict=True)},
        )

    def find(self, keysym: int, hint: int = 0) -> Place | None:
        """Where the keysym is; the keycode `hint` is preferred among several."""
        found = self.places.get(keysym, ())
        for place in found:
            if place.keycode == hint:
                return place
        return found[0] if found else None

    def modifier_of(self, keycode: int) -> str | None:
        for name, keycodes in self.modifier_keys.items():
            if keycode in keycodes:
                return name
        return None

    def modifier_with(self, keysyms: Iterable[int]) -> str | None:
        """The modifier that has a key with one of these keysyms (Num_Lock is on any of mod1 to mod5)."""
        wanted = set(keysyms)
        for name, keycodes in self.modifier_keys.items():
            if any(wanted.intersection(self.symbols.get(keycode, ())) for keycode in keycodes):
                return name
        return None


def is_letter(keysym: int) -> bool:
    """Whether Lock acts on it: Latin letters with both cases."""
    return _upper(keysym) != keysym or _lower(keysym) != keysym


def is_keypad(keysym: int) -> bool:
    """Whether Num_Lock acts on it (X protocol, section 5: the keypad keysyms)."""
    return keysym in _KEYPAD


def _upper(keysym: int) -> int:
    """The core protocol's rule for a key with one keysym: Latin-1 letters have both cases."""
    if 0x61 <= keysym <= 0x7A or (0xE0 <= keysym <= 0xFE and keysym != 0xF7):
        return keysym - 0x20
    return keysym


def _lower(keysym: int) -> int:
    if 0x41 <= keysym <= 0x5A or (0xC0 <= keysym <= 0xDE and keysym != 0xD7):
        return keysym + 0x20
    return keysym
