"""The local keyboard for the hello: its layout and its map of key codes, as far as the desktop tells.

On X11 `setxkbmap` tells the layout and `xmodmap` the map; elsewhere it is the map of a US keyboard with 105 keys, since
some servers take no key at all from a client without a map.
"""

from __future__ import annotations

import logging
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence

from limpet.keysyms import keysym_value
from limpet.packets.capgroups import KeyCode, Keymap

log = logging.getLogger("limpet.client.keymap")

TIMEOUT_S = 1.0
MAX_OUTPUT = 256 * 1024
MAX_LEVELS = 8
POINTER_MISSING = ("mod2",)
"""num lock is not among the modifiers of pointer events"""

MOD_MEANINGS = {
    "Shift_L": "shift",
    "Shift_R": "shift",
    "Caps_Lock": "lock",
    "Control_L": "control",
    "Control_R": "control",
    "Alt_L": "mod1",
    "Alt_R": "mod1",
    "Meta_L": "mod1",
    "Meta_R": "mod1",
    "Num_Lock": "mod2",
    "Super_L": "mod4",
    "Super_R": "mod4",
    "Hyper_L": "mod4",
    "Hyper_R": "mod4",
    "ISO_Level3_Shift": "mod5",
    "Mode_switch": "mod5",
}
"""Key name -> modifier name, as X servers have it by default."""

_US_ROWS = (
    (9, "Escape"),
    (10, "1/exclam 2/at 3/numbersign 4/dollar 5/percent 6/asciicircum 7/ampersand 8/asterisk 9/parenleft"),
    (19, "0/parenright minus/underscore equal/plus BackSpace Tab/ISO_Left_Tab"),
    (24, "q/Q w/W e/E r/R t/T y/Y u/U i/I o/O p/P bracketleft/braceleft bracketright/braceright Return Control_L"),
    (38, "a/A s/S d/D f/F g/G h/H j/J k/K l/L semicolon/colon apostrophe/quotedbl grave/asciitilde Shift_L"),
    (51, "backslash/bar z/Z x/X c/C v/V b/B n/N m/M comma/less period/greater slash/question Shift_R KP_Multiply"),
    (64, "Alt_L/Meta_L space Caps_Lock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 Num_Lock Scroll_Lock"),
    (79, "KP_Home/KP_7 KP_Up/KP_8 KP_Prior/KP_9 KP_Subtract KP_Left/KP_4 KP_Begin/KP_5 KP_Right/KP_6 KP_Add"),
    (87, "KP_End/KP_1 KP_Down/KP_2 KP_Next/KP_3 KP_Insert/KP_0 KP_Delete/KP_Decimal ISO_Level3_Shift"),
    (94, "less/greater F11 F12"),
    (104, "KP_Enter Control_R KP_Divide Print/Sys_Req Alt_R/Meta_R Linefeed Home Up Prior Left Right End Down Next"),
    (118, "Insert Delete"),
    (127, "Pause/Break"),
    (133, "Super_L Super_R Menu"),
)
"""First key code and the names from there on, levels separated by `/`: evdev codes of a US keyboard."""


def local_keymap() -> Keymap:
    """Takes some milliseconds: not for an event loop."""
    on_x11 = sys.platform.startswith("linux")
    values = layout_values(_output("setxkbmap", "-query")) if on_x11 else {}
    codes = key_codes(_output("xmodmap", "-pke")) if on_x11 else {}
    return keymap_of(values, codes)


def _output(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.SubprocessError) as error:
        log.debug("the keyboard map is not known: %s", error)
        return ""
    return done.stdout[:MAX_OUTPUT].decode("utf-8", "replace")


def layout_values(query: str) -> dict[str, str]:
    """From lines like `layout:     us`."""
    values: dict[str, str] = {}
    for line in query.splitlines():
        name, colon, value = line.partition(":")
        if colon and value.strip():
            values[name.strip()] = value.strip()
    return values


def key_codes(listing: str) -> dict[int, tuple[str, ...]]:
    """From lines like `keycode  24 = q Q q Q`; levels without a symbol are empty."""
    codes: dict[int, tuple[str, ...]] = {}
    for line in listing.splitlines():
        match = re.fullmatch(r"keycode\s+(\d{1,3}) =\s*(.*)", line.strip())
        if match and match[2]:
            names = match[2].split()[:MAX_LEVELS]
            codes[int(match[1])] = tuple("" if name == "NoSymbol" else name for name in names)
    return codes


def keymap_of(values: Mapping[str, str], codes: Mapping[int, tuple[str, ...]]) -> Keymap:
    """`values` of `layout_values`, `codes` of `key_codes`; either may be empty."""
    layouts = tuple(values.get("layout", "").split(","))
    variants = tuple(values.get("variant", "").split(","))
    known = bool(layouts[0])
    return Keymap(
        layout=layouts[0],
        layouts=layouts if known else (),
        variant=variants[0],
        variants=variants if known else (),
        options=values.get("options", ""),
        layout_groups=known,
        query="".join(f"{name}: {value}\n" for name, value in values.items()),
        query_struct=dict(values) if known else None,
        mod_meanings=MOD_MEANINGS,
        mod_pointermissing=POINTER_MISSING,
        keycodes=_key_list(codes or us_codes()),
        x11_keycodes=dict(codes) if codes else None,
    )


def us_codes() -> dict[int, tuple[str, ...]]:
    """The map of a US keyboard."""
    return {
        first + index: tuple(names.split("/")) for first, row in _US_ROWS for index, names in enumerate(row.split())
    }


def _key_list(codes: Mapping[int, Sequence[str]]) -> tuple[KeyCode, ...]:
    """(keyval, name, key code, group, level); two levels a group, as `xmodmap` lists them."""
    found: list[KeyCode] = []
    for code, names in codes.items():
        for index, name in enumerate(names):
            value = keysym_value(name) if name else None
            if value is not None:
                found.append((value, name, code, min(index // 2, 1), index % 2 + 2 * (index // 4)))
    return tuple(dict.fromkeys(found))
