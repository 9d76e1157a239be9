"""ICCCM and EWMH properties: one row per property, name -> bound and decoder.

A decoder gets what the application wrote, which may be anything: it returns a value or None, and never raises.
Sizes are bounded before they are read.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Generic, TypeVar

import xcffib.xproto

from limpet.errors import WindowGone
from limpet.records import dataclass
from limpet.values import PixelFormat, Pixels, Size, Xid
from limpet.x11.atoms import STATE_PREFIX, TYPE_PREFIX, Atoms
from limpet.x11.connection import X11Connection
from limpet.x11.windows import MAX_EXTENT, SizeHints, WmHints

T = TypeVar("T")

MAX_TEXT = 4096
MAX_LIST = 64
MAX_ICON_EXTENT = 256
_MAX_ICON_BYTES = 4 * (MAX_ICON_EXTENT * MAX_ICON_EXTENT * 2 + 64)
_REPLY_HEADER = 32

WITHDRAWN_STATE, NORMAL_STATE, ICONIC_STATE = 0, 1, 3


@dataclass(frozen=True, slots=True)
class RawProperty:
    """A property as read. `data` has whole items only; it is cut at the bound of its row."""

    type_name: str
    format: int
    data: bytes

    def cards(self) -> tuple[int, ...]:
        """The 32-bit items; empty for another format."""
        return struct.unpack(f"={len(self.data) // 4}I", self.data) if self.format == 32 else ()


Decoder = Callable[[RawProperty, Atoms], "T | None"]


@dataclass(frozen=True, slots=True)
class PropertyRow(Generic[T]):
    """One property: `decode` gets at most `max_bytes` of it."""

    name: str
    max_bytes: int
    decode: Decoder[T]


# -- decoders --


def decode_text(data: bytes, type_name: str) -> str:
    """ICCCM 2.7.1 text. STRING is Latin-1, but applications put UTF-8 there too, so that is tried where it fits."""
    if type_name == "COMPOUND_TEXT":
        return _compound_text(data)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8" if type_name == "UTF8_STRING" else "latin-1", "replace")
    return text.rstrip("\0")


def _compound_text(data: bytes) -> str:
    """The parts of COMPOUND_TEXT in Latin-1 and UTF-8 (`ESC % G ... ESC % @`); other charsets become U+FFFD."""
    result: list[str] = []
    for part in re.split(rb"(?=\x1b)", data):
        escape = re.match(rb"\x1b%G|\x1b%@|\x1b[()\-][AB]|\x1b[\x20-\x2f]+[\x30-\x7e]", part)
        if escape is None:
            result.append(part.replace(b"\x1b", b"").decode("latin-1"))
            continue
        body = part[escape.end() :]
        if escape.group() == b"\x1b%G":
            result.append(body.decode("utf-8", "replace"))
        elif escape.group()[-1:] in b"AB@" and len(escape.group()) == 3:
            result.append(body.decode("latin-1"))
        else:
            result.append("\N{REPLACEMENT CHARACTER}" * bool(body))
    return "".join(result).rstrip("\0")


def _text(raw: RawProperty, _atoms: Atoms) -> str | None:
    return decode_text(raw.data, raw.type_name).split("\0")[0] if raw.format == 8 else None


def _strings(raw: RawProperty, _atoms: Atoms) -> tuple[str, ...] | None:
    if raw.format != 8 or not raw.data:
        return None
    parts = raw.data.removesuffix(b"\0").split(b"\0")
    return tuple(decode_text(part, raw.type_name) for part in parts[:MAX_LIST])


def _class_instance(raw: RawProperty, _atoms: Atoms) -> tuple[str, str] | None:
    parts = _strings(raw, _atoms)
    if parts is None:
        return None
    return parts[0], parts[1] if len(parts) > 1 else ""


def _atom_names(prefix: str) -> Decoder[tuple[str, ...]]:
    def decode(raw: RawProperty, atoms: Atoms) -> tuple[str, ...] | None:
        if raw.format != 32:
            return None
        names = (atoms.known_name(atom) for atom in raw.cards()[:MAX_LIST])
        return tuple(name.removeprefix(prefix) for name in names if name is not None and name.startswith(prefix))

    return decode


def _card(raw: RawProperty, _atoms: Atoms) -> int | None:
    values = raw.cards()
    return values[0] if values else None


def _window(raw: RawProperty, _atoms: Atoms) -> Xid | None:
    value = _card(raw, _atoms)
    return Xid(value) if value and not value >> 29 else None


def _pid(raw: RawProperty, _atoms: Atoms) -> int | None:
    value = _card(raw, _atoms)
    return value if value and value < 2**31 else None


def _wm_hints(raw: RawProperty, _atoms: Atoms) -> WmHints | None:
    values = raw.cards()
    if len(values) < 8:  # old clients leave out window_group
        return None
    flags = values[0]
    group = values[8] if len(values) > 8 and flags & 64 else 0
    return WmHints(
        input=bool(values[1]) if flags & 1 else None,
        iconic=bool(flags & 2) and values[2] == ICONIC_STATE,
        urgent=bool(flags & 256),
        group=Xid(group) if group and not group >> 29 else None,
    )


def _size_hints(raw: RawProperty, _atoms: Atoms) -> SizeHints | None:
    if raw.format != 32 or len(raw.data) < 15 * 4:  # before ICCCM 1.0 the property had 15 items
        return None
    values = struct.unpack(f"={len(raw.data) // 4}i", raw.data)
    flags = values[0]

    def pair(bit: int, index: int, least: int) -> Size | None:
        if not flags & bit or len(values) < index + 2:
            return None
        width, height = values[index], values[index + 1]
        return Size(width, height) if least <= width <= MAX_EXTENT and least <= height <= MAX_EXTENT else None

    def aspect(index: int) -> tuple[int, int] | None:
        over, under = values[index], values[index + 1]
        return (over, under) if flags & 128 and over > 0 and under > 0 else None

    minimum, maximum = pair(16, 5, 0), pair(32, 7, 1)
    if minimum and maximum and (minimum.width > maximum.width or minimum.height > maximum.height):
        maximum = None
    gravity = values[17] if flags & 512 and len(values) > 17 else None
    return SizeHints(
        position=(values[1], values[2]) if flags & (1 | 4) else None,
        size=pair(2 | 8, 3, 1),
        minimum=minimum,
        maximum=maximum,
        increment=pair(64, 9, 1),
        base=pair(256, 15, 0),
        minimum_aspect=aspect(11),
        maximum_aspect=aspect(13),
        gravity=gravity if gravity is not None and 1 <= gravity <= 10 else None,
    )


def _decorations(raw: RawProperty, _atoms: Atoms) -> bool | None:
    """Motif: flags, functions, decorations, input mode, status; flag 2 says that `decorations` counts."""
    values = raw.cards()
    return bool(values[2]) if len(values) >= 3 and values[0] & 2 else None


def _icon(raw: RawProperty, _atoms: Atoms) -> Pixels | None:
    """The biggest picture of _NET_WM_ICON within 256 by 256: items width, height, ARGB pixels, repeated."""
    if raw.format != 32:
        return None
    best: tuple[int, int, int] | None = None
    offset, count = 0, len(raw.data) // 4
    while offset + 2 <= count:
        width, height = struct.unpack_from("=II", raw.data, offset * 4)
        offset += 2
        if not 0 < width <= MAX_EXTENT or not 0 < height <= MAX_EXTENT or offset + width * height > count:
            break
        fits = width <= MAX_ICON_EXTENT and height <= MAX_ICON_EXTENT
        if fits and (best is None or width * height > best[0] * best[1]):
            best = (width, height, offset)
        offset += width * height
    if best is None:
        return None
    width, height, offset = best
    pixels = premultiplied(raw.data[offset * 4 : (offset + width * height) * 4])
    return Pixels(width, height, PixelFormat.BGRA, width * 4, pixels)


def premultiplied(data: bytes) -> bytes:
    """BGRA pixels with plain alpha -> premultiplied. Costs by the number of translucent pixels."""
    alphas = data[3::4]
    if not alphas.strip(b"\xff"):
        return data
    result = bytearray(data)
    for run in re.finditer(rb"\x00+", alphas):
        result[run.start() * 4 : run.end() * 4] = bytes(4 * (run.end() - run.start()))
    for run in re.finditer(rb"[\x01-\xfe]", alphas):
        start = run.start() * 4
        alpha = result[start + 3]
        for index in range(start, start + 3):
            result[index] = (result[index] * alpha + 127) // 255
    return bytes(result)


# -- the table --

ROWS: Mapping[str, PropertyRow[Any]] = {
    row.name: row
    for row in (
        PropertyRow("WM_NAME", MAX_TEXT, _text),
        PropertyRow("_NET_WM_NAME", MAX_TEXT, _text),
        PropertyRow("WM_ICON_NAME", MAX_TEXT, _text),
        PropertyRow("_NET_WM_ICON_NAME", MAX_TEXT, _text),
        PropertyRow("WM_CLASS", MAX_TEXT, _class_instance),
        PropertyRow("WM_WINDOW_ROLE", MAX_TEXT, _text),
        PropertyRow("WM_CLIENT_MACHINE", MAX_TEXT, _text),
        PropertyRow("WM_COMMAND", MAX_TEXT, _strings),
        PropertyRow("WM_HINTS", 9 * 4, _wm_hints),
        PropertyRow("WM_NORMAL_HINTS", 18 * 4, _size_hints),
        PropertyRow("WM_TRANSIENT_FOR", 4, _window),
        PropertyRow("WM_PROTOCOLS", MAX_LIST * 4, _atom_names("")),
        PropertyRow("WM_STATE", 8, _card),
        PropertyRow("_NET_WM_PID", 4, _pid),
        PropertyRow("_NET_WM_WINDOW_TYPE", MAX_LIST * 4, _atom_names(TYPE_PREFIX)),
        PropertyRow("_NET_WM_STATE", MAX_LIST * 4, _atom_names(STATE_PREFIX)),
        PropertyRow("_NET_WM_ICON", _MAX_ICON_BYTES, _icon),
        PropertyRow("_MOTIF_WM_HINTS", 5 * 4, _decorations),
    )
}


class PropertyReader:
    """Reads properties of windows; requests of one call travel together."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection

    def read(self, xid: Xid, names: Iterable[str]) -> dict[str, Any]:
        """Decoded values by property name, None for one that is missing or garbage.

        Raises WindowGone.
        """
        atoms = self._connection.atoms
        core = self._connection.core
        wanted = [ROWS[name] for name in names]
        cookies = [
            core.GetProperty(False, xid, atoms[row.name], xcffib.xproto.GetPropertyType.Any, 0, row.max_bytes // 4)
            for row in wanted
        ]
        result: dict[str, Any] = {}
        gone: WindowGone | None = None
        for row, cookie in zip(wanted, cookies, strict=True):
            try:
                raw = self._parse(self._connection.raw_reply(cookie, xid))
            except WindowGone as error:  # the others must still be collected, or their replies pile up in libxcb
                gone = error
                continue
            result[row.name] = None if raw is None else row.decode(raw, atoms)
        if gone is not None:
            raise gone
        return result

    def _parse(self, reply: memoryview) -> RawProperty | None:
        item_format = reply[1]
        type_atom, _, count = struct.unpack_from("=III", reply, 8)
        if type_atom == 0 or item_format not in (8, 16, 32):
            return None
        size = count * item_format // 8
        data = bytes(reply[_REPLY_HEADER : _REPLY_HEADER + size])
        return RawProperty(self._connection.atoms.known_name(type_atom) or "", item_format, data)
