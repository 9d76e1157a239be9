"""Cursor pictures (XFixes), bells and changes of the keyboard (XKB)."""

from __future__ import annotations

import struct

import xcffib
import xcffib.xkb

from limpet.records import dataclass
from limpet.values import PixelFormat, Pixels, Xid
from limpet.x11.connection import RequestFailed, X11Connection
from limpet.x11.windows import Bell, CursorImage

_MAX_CURSOR = 512
_CURSOR_HEADER = 32
_USE_CORE_KEYBOARD = 0x100
_NEW_KEYBOARD_NOTIFY, _MAP_NOTIFY, _BELL_NOTIFY = 0, 1, 8
_NEW_KEYBOARD_MASK, _MAP_MASK, _BELL_MASK = 0x1, 0x2, 0x100
_KEY_SYMS, _MODIFIER_MAP = 0x2, 0x4
_MAP_PARTS = _KEY_SYMS | _MODIFIER_MAP


class CursorWatcher:
    """Tells that the shown cursor changed, and reads its picture."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self.changed = True
        connection.xfixes.SelectCursorInput(connection.root, 1)

    def on_CursorNotify(self, _event: xcffib.Event) -> None:
        self.changed = True

    def read(self) -> CursorImage | None:
        """The cursor shown now; None when the server has no picture of it."""
        self.changed = False
        connection = self._connection
        try:
            reply = connection.raw_reply(connection.xfixes.GetCursorImageAndName())
        except RequestFailed:
            return None
        _, _, width, height, hot_x, hot_y, serial, _, name_size = struct.unpack_from("=hhHHHHIIH", reply, 8)
        size = width * height * 4
        if not 0 < width <= _MAX_CURSOR or not 0 < height <= _MAX_CURSOR or len(reply) < _CURSOR_HEADER + size:
            return None
        data = bytes(reply[_CURSOR_HEADER : _CURSOR_HEADER + size])  # 32-bit ARGB, premultiplied: BGRA in memory
        name = bytes(reply[_CURSOR_HEADER + size : _CURSOR_HEADER + size + name_size]).decode("latin-1")
        return CursorImage(Pixels(width, height, PixelFormat.BGRA, width * 4, data), hot_x, hot_y, serial, name)


@dataclass(frozen=True, slots=True)
class KeyboardChange:
    """Keycodes whose keysyms changed; None: perhaps all of them, or the modifiers."""

    keycodes: range | None


class XkbWatcher:
    """Selects bells and changes of the keyboard, and decodes them.

    All XKB events share one event number with the kind in their second byte; xcffib takes each for the first kind,
    so they are decoded here. A client that uses XKB gets no MappingNotify for a new keyboard (XKB protocol, 4.4).
    """

    event_class = xcffib.xkb.NewKeyboardNotifyEvent

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        connection.xkb.SelectEvents(
            _USE_CORE_KEYBOARD, _NEW_KEYBOARD_MASK | _MAP_MASK | _BELL_MASK, 0, _NEW_KEYBOARD_MASK | _BELL_MASK,
            _MAP_PARTS, _MAP_PARTS, [],
        )  # fmt: skip

    def decode(self, event: xcffib.Event) -> Bell | KeyboardChange | None:
        data = bytes(xcffib.ffi.buffer(event.unpacker.cdata, 32))
        kind = data[1]
        if kind == _NEW_KEYBOARD_NOTIFY:
            return KeyboardChange(None)
        if kind == _MAP_NOTIFY:
            changed, first, count = int.from_bytes(data[10:12], "little"), data[16], data[17]
            return KeyboardChange(None if changed & _MODIFIER_MAP else range(first, first + count))
        return self._bell(data) if kind == _BELL_NOTIFY else None

    def _bell(self, data: bytes) -> Bell:
        bell_class, bell_id, percent, pitch, duration, name, window = struct.unpack_from("=BBBHHII", data, 9)
        return Bell(
            xid=Xid(window) or None,
            percent=percent,
            pitch=pitch,
            duration_ms=duration,
            bell_class=bell_class,
            bell_id=bell_id,
            name=self._connection.atoms.name(name) or "",
        )
