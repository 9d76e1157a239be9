"""Write src/limpet/keysyms.py from the X11 headers (Debian: x11proto-dev).

Usage: python tools/gen_keysyms.py [include directory] > src/limpet/keysyms.py

The headers define names and numbers; the output is a compact table of these facts. The header comment
"U+XXXX" marks an exact Unicode equivalent; one in parentheses is approximate and not used.
"""

from __future__ import annotations

import re
import sys
import textwrap
from pathlib import Path

_DEFINE = re.compile(
    r"^#define XK_(?P<name>\w+)\s+0x(?P<value>[0-9a-fA-F]+)\s*(?:/\*(?P<comment>.*?)\*/)?\s*$", re.MULTILINE
)
_XF86 = re.compile(
    r"^#define XF86XK_(?P<name>\w+)\s+(?:0x(?P<value>[0-9a-fA-F]+)|_EVDEVK\(0x(?P<code>[0-9a-fA-F]+)\))", re.MULTILINE
)
_EXACT = re.compile(r"^ ?U\+([0-9A-Fa-f]{4,6}) ")
_EVDEV_BASE = 0x10081000
_UNICODE_BASE = 0x01000000

_MODULE = '''"""X11 keysym names and values, and the characters they stand for.

Names and values are those of the X.Org headers keysymdef.h and XF86keysym.h; characters outside the table follow
the rule of these headers: value 0x01000000 + code point, name "U" + code point in hexadecimal.
Written by tools/gen_keysyms.py: change that, not this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

NO_SYMBOL = 0
"""The keysym of no key."""

_UNICODE_BASE = 0x01000000
_LAST_CODE_POINT = 0x10FFFF
_MAX_NAME = 64


@dataclass(frozen=True, slots=True)
class _Tables:
    values: MappingProxyType[str, int]
    names: MappingProxyType[int, str]
    chars: MappingProxyType[int, str]
    char_values: MappingProxyType[str, int]


def keysym_value(name: str) -> int | None:
    """The number of a keysym name, among them "U20AC" and "0x20ac" as XStringToKeysym; None if it is no such name."""
    value = _tables().values.get(name)
    if value is not None or len(name) > _MAX_NAME:
        return value
    if name.startswith("0x"):
        value = _hex(name[2:])
        return value if value is not None and 0 < value < 1 << 29 else None
    if name.startswith("U"):
        code = _hex(name[1:])
        if code is None or not _is_character(code):
            return None
        return code if code <= 0xFF else _UNICODE_BASE + code
    return None


def keysym_name(value: int) -> str | None:
    """The first name the headers give to a keysym, "UXXXX" for other characters; None for an unknown number."""
    name = _tables().names.get(value)
    if name is None and _is_character(value - _UNICODE_BASE):
        return f"U{value - _UNICODE_BASE:04X}"
    return name


def char_keysym(char: str) -> int:
    """The keysym of one character: the table's where it has one, else the Unicode rule. Control codes: NO_SYMBOL."""
    code = ord(char)
    if not _is_character(code):
        return NO_SYMBOL
    if code <= 0xFF:
        return code
    return _tables().char_values.get(char, _UNICODE_BASE + code)


def keysym_char(value: int) -> str:
    """The character a keysym stands for exactly; empty for function keys, dead keys and the like."""
    if 0x20 <= value <= 0xFF:
        return chr(value) if _is_character(value) else ""
    if _is_character(value - _UNICODE_BASE):
        return chr(value - _UNICODE_BASE)
    return _tables().chars.get(value, "")


def keysym_names() -> tuple[str, ...]:
    """All names of the table."""
    return tuple(_tables().values)


def _is_character(code: int) -> bool:
    return 0x20 <= code <= 0x7E or (0xA0 <= code <= _LAST_CODE_POINT and not 0xD800 <= code <= 0xDFFF)


def _hex(text: str) -> int | None:
    if not 0 < len(text) <= 8 or any(digit not in "0123456789abcdefABCDEF" for digit in text):
        return None
    return int(text, 16)


@cache
def _tables() -> _Tables:
    values: dict[str, int] = {}
    names: dict[int, str] = {}
    chars: dict[int, str] = {}
    char_values: dict[str, int] = {}
    for word in _TABLE.split():
        name, _, number = word.partition("=")
        number, _, code = number.partition("+")
        value = int(number, 16)
        values[name] = value
        names.setdefault(value, name)
        if code:
            chars.setdefault(value, chr(int(code, 16)))
            char_values.setdefault(chr(int(code, 16)), value)
    return _Tables(
        MappingProxyType(values), MappingProxyType(names), MappingProxyType(chars), MappingProxyType(char_values)
    )


# name=value, both as in the headers (value in hexadecimal, canonical name first), +code point where exact and not
# given by the rules above
_TABLE = """
'''


def entries(include: Path) -> list[str]:
    """The words of the table, sorted by value; of several names for one value the undeprecated first."""
    rows: list[tuple[int, bool, str, str]] = []
    for match in _DEFINE.finditer((include / "keysymdef.h").read_text(encoding="utf-8")):
        value, comment = int(match["value"], 16), match["comment"] or ""
        if value == 0xFFFFFF:  # XK_VoidSymbol: no key at all
            continue
        exact = _EXACT.match(comment)
        code = int(exact[1], 16) if exact else 0
        given = value == code <= 0xFF or value - _UNICODE_BASE == code
        deprecated = "deprecated" in comment or "alias" in comment
        rows.append((value, deprecated, match["name"], f"+{code:x}" if code and not given else ""))
    for match in _XF86.finditer((include / "XF86keysym.h").read_text(encoding="utf-8")):
        value = int(match["value"], 16) if match["value"] else _EVDEV_BASE + int(match["code"], 16)
        rows.append((value, False, "XF86" + match["name"], ""))
    rows.sort(key=lambda row: row[:2])
    return [f"{name}={value:x}{code}" for value, _, name, code in rows]


def main() -> None:
    include = Path(sys.argv[1] if len(sys.argv) > 1 else "/usr/include/X11")
    body = textwrap.fill(" ".join(entries(include)), 118, break_long_words=False, break_on_hyphens=False)
    sys.stdout.write(f'{_MODULE}{body}\n"""\n')


if __name__ == "__main__":
    main()
