"""Pointer and keyboard events, injected by XTEST.

On the window manager's connection, so that a raise or a focus takes effect before the event that follows it; its
`watch_keyboard` is for `keyboard_changed`. No method but `refresh` waits for the X server.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Sequence

from limpet.x11.connection import X11Connection
from limpet.x11.keymap import MODIFIERS, NUM_LOCK, Keymap, Place, is_keypad, is_letter, keysym_of

_log = logging.getLogger(__name__)

_KEY_PRESS, _KEY_RELEASE, _BUTTON_PRESS, _BUTTON_RELEASE, _MOTION = 2, 3, 4, 5, 6
MAX_BUTTON = 9
WHEEL_UP, WHEEL_DOWN, WHEEL_LEFT, WHEEL_RIGHT = 4, 5, 6, 7
_CAPS_LOCK, _SHIFT_LOCK = 0xFFE5, 0xFFE6
_LOCKING = frozenset({_CAPS_LOCK, _SHIFT_LOCK, NUM_LOCK})
_MAX_COORDINATE = 32767


class Input:
    """One pointer and one keyboard, with what we hold down of them."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._xtest = connection.xtest
        self._buttons: set[int] = set()
        self._pressed: dict[int, tuple[int, str]] = {}
        """keycode we hold -> what the caller called the key, so that its release finds it"""
        self._bound: OrderedDict[int, int] = OrderedDict()
        """keysym -> spare keycode bound to it, least recently used first"""
        self._locked: set[str] = set()
        self._keymap = self._read_keymap()
        self.refresh()

    # -- pointer --

    def pointer_move(self, x: int, y: int) -> None:
        """To screen coordinates, in pixels."""
        x, y = (max(-_MAX_COORDINATE, min(_MAX_COORDINATE, value)) for value in (x, y))
        self._xtest.FakeInput(_MOTION, 0, 0, self._connection.root, x, y, 0)
        self._connection.flush()

    def button(self, number: int, pressed: bool) -> None:
        """1 left, 2 middle, 3 right, 4 to 7 the wheel (a press and a release are one notch), 8 back, 9 forward.

        A second press of a pressed button, or release of another, does nothing; so does a number out of range.
        """
        if not 1 <= number <= MAX_BUTTON or pressed == (number in self._buttons):
            return
        self._fake_button(number, pressed)
        self._connection.flush()

    def wheel(self, number: int, notches: int = 1) -> None:
        """`notches` (at most 100) clicks of wheel button 4 up, 5 down, 6 left, 7 right."""
        if not WHEEL_UP <= number <= WHEEL_RIGHT:
            return
        for _ in range(min(notches, 100)):
            self._fake_button(number, True)
            self._fake_button(number, False)
        self._connection.flush()

    # -- keyboard --

    def refresh(self) -> None:
        """Read the keyboard map and the locks anew. Waits for the X server: on a shared connection, call the window
        manager's `process_events` afterwards.
        """
        connection = self._connection
        self._keymap = self._read_keymap()
        state = connection.reply(connection.core.QueryPointer(connection.root)).mask
        self._locked = {name for bit, name in enumerate(MODIFIERS) if state >> bit & 1 and self._is_locking(name)}

    def keyboard_changed(self, keycodes: range | None) -> None:
        """Somebody changed the keyboard (setxkbmap, xmodmap); None: all of it. Our own spare keys are left out."""
        own = keycodes is not None and set(keycodes) <= set(self._bound.values())
        if not own:
            self.refresh()

    def key(self, name: str, keyval: int = 0, keycode_hint: int = 0, *, pressed: bool) -> bool:
        """Press or release the key for a keysym, given by name, else by value. False: no such keysym, nothing done.

        Call `sync_modifiers` with the client's modifiers first. A keysym that needs another Shift than the modifiers
        have gets it for the moment of the press; one that is on no key is put on a spare keycode.
        """
        keysym = keysym_of(name, keyval)
        if keysym is None:
            _log.debug("no keysym for key %r, %d", name, keyval)
            return False
        if not pressed:
            self._release_keysym(keysym, name)
        else:
            place = self._place(keysym, keycode_hint)
            if place is None:
                _log.warning("no spare keycode left for keysym 0x%x", keysym)
                return False
            if place.keycode not in self._pressed:
                self._press(place, keysym, name)
        self._connection.flush()
        return True

    def sync_modifiers(self, names: Sequence[str]) -> None:
        """Make exactly these modifiers active: "shift", "lock", "control", "mod1" ... "mod5" (unknown ones ignored).

        Keys of others are released, locks are toggled by their key.
        """
        wanted = set(names)
        for name in MODIFIERS:
            keycodes = self._keymap.modifier_keys[name]
            held = [keycode for keycode in keycodes if keycode in self._pressed]
            if self._is_locking(name):
                if (name in wanted) != (name in self._locked) and not held:
                    self._tap(keycodes[0])
            elif name in wanted:
                if not held and keycodes:
                    self._fake_key(keycodes[0], True)
                    self._pressed[keycodes[0]] = (self._keymap.symbols.get(keycodes[0], (0, 0))[0], "")
            else:
                for keycode in held:
                    self._fake_key(keycode, False)
                    del self._pressed[keycode]
        self._connection.flush()

    def release_all(self) -> None:
        """Release every key and button that we hold; for a client that went away."""
        for keycode in list(self._pressed):
            self._fake_key(keycode, False)
        self._pressed.clear()
        for number in list(self._buttons):
            self._fake_button(number, False)
        self._connection.flush()

    @property
    def modifiers(self) -> frozenset[str]:
        """The active modifiers, as far as we caused them."""
        held = {name for keycode in self._pressed if (name := self._keymap.modifier_of(keycode)) is not None}
        return frozenset({name for name in held if not self._is_locking(name)} | self._locked)

    # -- inner parts --

    def _place(self, keysym: int, hint: int) -> Place | None:
        """The key for a keysym; one that the present modifiers would spoil goes to a spare keycode."""
        if keysym in self._bound:
            self._bound.move_to_end(keysym)
            return Place(self._bound[keysym], False)
        place = self._keymap.find(keysym, hint)
        if place is None:
            return self._bind(keysym)
        spoiled = not place.shifted and "shift" in self.modifiers and not self._follows_shift(place.keycode)
        return self._bind(keysym) or place if spoiled else place

    def _follows_shift(self, keycode: int) -> bool:
        """Keys for which the level is the business of whoever holds Shift: letters, keypad, keys with one keysym."""
        plain, shifted = self._keymap.symbols[keycode]
        return plain == shifted or is_letter(plain) or is_keypad(plain) or is_keypad(shifted) or plain >= 0xFD00

    def _press(self, place: Place, keysym: int, name: str) -> None:
        modifiers = self.modifiers
        shift = self._keymap.modifier_keys["shift"]
        swapped = is_letter(keysym) and "lock" in modifiers
        if is_keypad(keysym):
            num_lock = self._keymap.modifier_with([NUM_LOCK])
            swapped = num_lock in modifiers
        needs_shift = place.shifted and "shift" not in modifiers and not swapped and bool(shift)
        if needs_shift:
            self._fake_key(shift[0], True)
        self._fake_key(place.keycode, True)
        if needs_shift:
            self._fake_key(shift[0], False)
        self._pressed[place.keycode] = (keysym, name)
        locks = self._keymap.modifier_of(place.keycode)
        if locks is not None and self._is_locking(locks):
            self._locked ^= {locks}

    def _release_keysym(self, keysym: int, name: str) -> None:
        """By name first: the keysym of one key changes when Shift goes up before it ("A" pressed, "a" released)."""
        plain_name = name.lower()
        for keycode, (held_keysym, held_name) in list(self._pressed.items()):
            if (
                keysym == held_keysym
                or (held_name and held_name.lower() == plain_name)
                or keysym in (self._keymap.symbols.get(keycode, ()))
            ):
                self._fake_key(keycode, False)
                del self._pressed[keycode]
                return

    def _bind(self, keysym: int) -> Place | None:
        """Put a keysym on a spare keycode, that of the one used longest ago when all are taken."""
        taken = set(self._bound.values())
        free = [keycode for keycode in self._keymap.spare if keycode not in taken]
        if free:
            keycode = free[0]
        else:
            old = next((known for known, code in self._bound.items() if code not in self._pressed), None)
            if old is None:
                return None
            keycode = self._bound.pop(old)
        self._connection.core.ChangeKeyboardMapping(1, keycode, 2, [keysym, keysym])
        self._bound[keysym] = keycode
        return Place(keycode, False)

    def _is_locking(self, name: str) -> bool:
        keys = self._keymap.modifier_keys[name]
        return bool(keys) and not _LOCKING.isdisjoint(self._keymap.symbols.get(keys[0], ()))

    def _tap(self, keycode: int) -> None:
        self._fake_key(keycode, True)
        self._fake_key(keycode, False)
        name = self._keymap.modifier_of(keycode)
        if name is not None:
            self._locked ^= {name}

    def _fake_key(self, keycode: int, pressed: bool) -> None:
        self._xtest.FakeInput(_KEY_PRESS if pressed else _KEY_RELEASE, keycode, 0, 0, 0, 0, 0)

    def _fake_button(self, number: int, pressed: bool) -> None:
        self._xtest.FakeInput(_BUTTON_PRESS if pressed else _BUTTON_RELEASE, number, 0, 0, 0, 0, 0)
        if pressed:
            self._buttons.add(number)
        else:
            self._buttons.discard(number)

    def _read_keymap(self) -> Keymap:
        connection, core = self._connection, self._connection.core
        low, high = connection.min_keycode, connection.max_keycode
        mapping_cookie, modifier_cookie = core.GetKeyboardMapping(low, high - low + 1), core.GetModifierMapping()
        mapping = connection.reply(mapping_cookie)
        modifiers = connection.reply(modifier_cookie)
        width = modifiers.keycodes_per_modifier
        keys = list(modifiers.keycodes)
        rows = [keys[index * width : (index + 1) * width] for index in range(len(MODIFIERS))]
        keymap = Keymap.build(low, mapping.keysyms_per_keycode, list(mapping.keysyms), rows)
        bound = self._bound.items()
        self._bound = OrderedDict((keysym, code) for keysym, code in bound if keysym in keymap.symbols.get(code, ()))
        return keymap
