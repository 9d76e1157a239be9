"""Keys and modifiers of Qt as X11 names (keysym names; shift, lock, control, mod1 to mod5)."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent

from limpet.keysyms import char_keysym, keysym_name, keysym_value
from limpet.records import dataclass

_STATE_NAMES = ("shift", "lock", "control", "mod1", "mod2", "mod3", "mod4", "mod5")
"""X core modifiers by bit (X protocol, SETofKEYBUTMASK)"""

_GROUP_SHIFT, _GROUP_MASK = 13, 3
"""where the XKB group is in the X event state (XKB protocol 17.1.1)"""

_QT_MODIFIERS = (
    (Qt.KeyboardModifier.ShiftModifier, "shift"),
    (Qt.KeyboardModifier.ControlModifier, "control"),
    (Qt.KeyboardModifier.AltModifier, "mod1"),
    (Qt.KeyboardModifier.MetaModifier, "mod4"),
)

_HELD_BY_KEY = {"ISO_Level3_Shift": "mod5", "Mode_switch": "mod5"}
_TOGGLED_BY_KEY = {"Caps_Lock": "lock", "Num_Lock": "mod2"}
_STICKY = frozenset({"lock", "mod2", "mod5"})
"""modifiers that Qt's own flags do not tell"""

_NATIVE_KEYSYM_PLATFORMS = frozenset({"xcb", "wayland"})

_KEYS = {
    Qt.Key.Key_Escape: "Escape",
    Qt.Key.Key_Tab: "Tab",
    Qt.Key.Key_Backtab: "ISO_Left_Tab",
    Qt.Key.Key_Backspace: "BackSpace",
    Qt.Key.Key_Return: "Return",
    Qt.Key.Key_Enter: "KP_Enter",
    Qt.Key.Key_Insert: "Insert",
    Qt.Key.Key_Delete: "Delete",
    Qt.Key.Key_Pause: "Pause",
    Qt.Key.Key_Print: "Print",
    Qt.Key.Key_SysReq: "Sys_Req",
    Qt.Key.Key_Clear: "Clear",
    Qt.Key.Key_Home: "Home",
    Qt.Key.Key_End: "End",
    Qt.Key.Key_Left: "Left",
    Qt.Key.Key_Up: "Up",
    Qt.Key.Key_Right: "Right",
    Qt.Key.Key_Down: "Down",
    Qt.Key.Key_PageUp: "Prior",
    Qt.Key.Key_PageDown: "Next",
    Qt.Key.Key_Shift: "Shift_L",
    Qt.Key.Key_Control: "Control_L",
    Qt.Key.Key_Meta: "Super_L",
    Qt.Key.Key_Alt: "Alt_L",
    Qt.Key.Key_AltGr: "ISO_Level3_Shift",
    Qt.Key.Key_Mode_switch: "Mode_switch",
    Qt.Key.Key_CapsLock: "Caps_Lock",
    Qt.Key.Key_NumLock: "Num_Lock",
    Qt.Key.Key_ScrollLock: "Scroll_Lock",
    Qt.Key.Key_Super_L: "Super_L",
    Qt.Key.Key_Super_R: "Super_R",
    Qt.Key.Key_Hyper_L: "Hyper_L",
    Qt.Key.Key_Hyper_R: "Hyper_R",
    Qt.Key.Key_Menu: "Menu",
    Qt.Key.Key_Help: "Help",
    Qt.Key.Key_Space: "space",
    Qt.Key.Key_Multi_key: "Multi_key",
    Qt.Key.Key_Henkan: "Henkan",
    Qt.Key.Key_Muhenkan: "Muhenkan",
    Qt.Key.Key_Hiragana_Katakana: "Hiragana_Katakana",
    Qt.Key.Key_Zenkaku_Hankaku: "Zenkaku_Hankaku",
    Qt.Key.Key_Eisu_toggle: "Eisu_toggle",
    Qt.Key.Key_Hangul: "Hangul",
    Qt.Key.Key_Hangul_Hanja: "Hangul_Hanja",
    Qt.Key.Key_Back: "XF86Back",
    Qt.Key.Key_Forward: "XF86Forward",
    Qt.Key.Key_Refresh: "XF86Refresh",
    Qt.Key.Key_VolumeDown: "XF86AudioLowerVolume",
    Qt.Key.Key_VolumeUp: "XF86AudioRaiseVolume",
    Qt.Key.Key_VolumeMute: "XF86AudioMute",
    Qt.Key.Key_MediaPlay: "XF86AudioPlay",
    Qt.Key.Key_MediaTogglePlayPause: "XF86AudioPlay",
    Qt.Key.Key_MediaStop: "XF86AudioStop",
    Qt.Key.Key_MediaPrevious: "XF86AudioPrev",
    Qt.Key.Key_MediaNext: "XF86AudioNext",
    Qt.Key.Key_HomePage: "XF86HomePage",
    Qt.Key.Key_Search: "XF86Search",
    Qt.Key.Key_Calculator: "XF86Calculator",
    Qt.Key.Key_LaunchMail: "XF86Mail",
}
"""Keys that are no characters, by their Qt name"""

_KEYPAD = {
    "+": "KP_Add",
    "-": "KP_Subtract",
    "*": "KP_Multiply",
    "/": "KP_Divide",
    ".": "KP_Decimal",
    ",": "KP_Separator",
    "=": "KP_Equal",
}
_KEYPAD_NAVIGATION = frozenset({"Home", "End", "Left", "Up", "Right", "Down", "Prior", "Next", "Insert", "Delete"})

_LAST_F_KEY = 35
_DEAD_FIRST, _DEAD_LAST, _DEAD_KEYSYM = 0x01001250, 0x01001262, 0xFE50
"""Qt numbers dead keys in the order of their keysyms, from dead_grave to dead_horn"""


@dataclass(frozen=True, slots=True)
class KeyFacts:
    """What Qt says of one key event, as plain values."""

    key: int
    """Qt.Key"""
    text: str
    native_keysym: int
    """the keysym where the platform has them, else 0"""
    native_state: int | None
    """X event state before the key where the platform has it, else None"""
    keycode: int
    keypad: bool = False
    modifiers: tuple[str, ...] = ()
    """the modifiers as far as Qt tells them"""


def facts_of(event: QKeyEvent, platform: str) -> KeyFacts:
    """Read an event. On X11 and Wayland the native key is the keysym and the native modifiers the X state."""
    native = platform in _NATIVE_KEYSYM_PLATFORMS
    flags = event.modifiers()
    return KeyFacts(
        key=int(event.key()),
        text=event.text(),
        native_keysym=event.nativeVirtualKey() if native else 0,
        native_state=event.nativeModifiers() if native else None,
        keycode=event.nativeScanCode() if native else 0,
        keypad=bool(flags & Qt.KeyboardModifier.KeypadModifier),
        modifiers=qt_modifier_names(flags),
    )


def qt_modifier_names(flags: Qt.KeyboardModifier) -> tuple[str, ...]:
    """The names of Qt's modifiers: shift, control, mod1 (alt) and mod4 (super)."""
    return tuple(name for flag, name in _QT_MODIFIERS if flags & flag)


def is_release(event: QKeyEvent) -> bool:
    """Did the key come up?"""
    return event.type() == QEvent.Type.KeyRelease


def keysym_of(facts: KeyFacts) -> tuple[str, int]:
    """(keysym name, value) of a key; a keysym without a name is written "0x...", an unknown key ("", 0)."""
    if facts.native_keysym:
        return keysym_name(facts.native_keysym) or f"0x{facts.native_keysym:x}", facts.native_keysym
    name = _name_of(facts)
    return name, (keysym_value(name) or 0) if name else 0


def _name_of(facts: KeyFacts) -> str:
    key = facts.key
    name = _KEYS.get(Qt.Key(key)) if key in _KNOWN else None
    if facts.keypad:
        if name in _KEYPAD_NAVIGATION:
            return f"KP_{name}"
        if len(facts.text) == 1 and (facts.text in _KEYPAD or facts.text in "0123456789"):
            return _KEYPAD.get(facts.text, f"KP_{facts.text}")
    if name is not None:
        return name
    if int(Qt.Key.Key_F1) <= key < int(Qt.Key.Key_F1) + _LAST_F_KEY:
        return f"F{key - int(Qt.Key.Key_F1) + 1}"
    if _DEAD_FIRST <= key <= _DEAD_LAST:
        return keysym_name(key - _DEAD_FIRST + _DEAD_KEYSYM) or ""
    return _character_name(facts)


def _character_name(facts: KeyFacts) -> str:
    """By the text typed, or, where control made it a control code, by the key itself."""
    if len(facts.text) == 1 and (value := char_keysym(facts.text)):
        return keysym_name(value) or ""
    if not 0x20 < facts.key < 0x01000000:
        return ""
    char = chr(facts.key)
    value = char_keysym(char if "shift" in facts.modifiers else char.lower()[:1])
    return keysym_name(value) or ""


_KNOWN = frozenset(int(key) for key in _KEYS)


class ModifierTracker:
    """The state of all modifiers, from what key events and pointer events tell of it.

    Qt's flags know shift, control, alt and super; caps lock, num lock and level 3 are remembered from the keys.
    The names are those of the usual XKB map: mod1 alt, mod2 num lock, mod4 super, mod5 level 3.
    """

    def __init__(self) -> None:
        self._sticky: frozenset[str] = frozenset()
        self._unlocking: frozenset[str] = frozenset()

    def before_key(self, facts: KeyFacts) -> tuple[str, ...]:
        """The modifiers as they were before this key."""
        if facts.native_state is None:
            return self.with_flags(facts.modifiers)
        names = tuple(name for bit, name in enumerate(_STATE_NAMES) if facts.native_state & 1 << bit)
        self._sticky = _STICKY & frozenset(names)
        return names

    def after_key(self, name: str, *, pressed: bool) -> None:
        """Remember what this key does to the modifiers that Qt does not tell."""
        if held := _HELD_BY_KEY.get(name):
            self._sticky = self._sticky | {held} if pressed else self._sticky - {held}
        toggled = _TOGGLED_BY_KEY.get(name)
        if toggled is None:
            return
        if not pressed:
            self._sticky -= self._unlocking & {toggled}
            self._unlocking -= {toggled}
        elif toggled in self._sticky:
            self._unlocking |= {toggled}  # a lock goes on with the press and off with the release (XKB 6.3, LockMods)
        else:
            self._sticky |= {toggled}

    def with_flags(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """All modifiers, given those that Qt tells."""
        every = self._sticky.union(names)
        return tuple(name for name in _STATE_NAMES if name in every)

    def lost_focus(self) -> None:
        """Keys are released elsewhere now: level 3 is held no more as far as we know."""
        self._sticky -= {"mod5"}


def group_of(facts: KeyFacts) -> int:
    """The layout group in use, 0 to 3."""
    return 0 if facts.native_state is None else facts.native_state >> _GROUP_SHIFT & _GROUP_MASK


@dataclass(frozen=True, slots=True)
class PressedKey:
    """A key held down, as it was reported when pressed: its release must say the same."""

    name: str
    value: int
    text: str
    keycode: int
    group: int


class PressedKeys:
    """The keys held down in our windows, so that each press has exactly one release."""

    def __init__(self) -> None:
        self._keys: dict[tuple[int, int], PressedKey] = {}

    def press(self, facts: KeyFacts) -> PressedKey | None:
        """The key to report; None if it is held already (a repeat) or none that has a name."""
        name, value = keysym_of(facts)
        slot = _slot(facts)
        if not name or slot in self._keys:
            return None
        key = PressedKey(name, value, facts.text, facts.keycode, group_of(facts))
        self._keys[slot] = key
        return key

    def release(self, facts: KeyFacts) -> PressedKey | None:
        """The key to report; None if it was not pressed here."""
        return self._keys.pop(_slot(facts), None)

    def release_all(self) -> list[PressedKey]:
        """All that were held, last pressed first: modifiers come up last."""
        keys = list(self._keys.values())[::-1]
        self._keys.clear()
        return keys


def _slot(facts: KeyFacts) -> tuple[int, int]:
    """What identifies a key between press and release: its code, where there is one."""
    return (facts.keycode, 0) if facts.keycode else (0, facts.key)
