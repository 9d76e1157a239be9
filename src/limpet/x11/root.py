"""The root window as its window manager keeps it: the claim on it, and the EWMH root properties."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import xcffib.xproto

from limpet.errors import DisplayError
from limpet.values import Size, Xid
from limpet.x11.atoms import KNOWN
from limpet.x11.connection import RequestFailed, X11Connection

NAME = b"limpet"
_EVENT = xcffib.xproto.EventMask
_CW = xcffib.xproto.CW
_REPLACE = xcffib.xproto.PropMode.Replace
_APPEND = xcffib.xproto.PropMode.Append
_MANUAL = 1
_LEFT_PTR = 68  # glyph of the cursor font; its mask is the next one
_NOT_SUPPORTED = frozenset({"_NET_WM_SYNC_REQUEST", "_NET_WM_PING"})


class RootWindow:
    """Becomes the window manager of the screen on construction. Raises DisplayError when there is another."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._core = connection.core
        self._atoms = connection.atoms
        self._xid = connection.root
        self._redirect()
        self.check_window = self._make_check_window()
        self._announce()
        self.resized(connection.initial_screen_size)
        self._set_cursor()

    def _redirect(self) -> None:
        connection = self._connection
        owner = connection.reply(self._core.GetSelectionOwner(self._atoms["WM_S0"])).owner
        mask = _EVENT.SubstructureRedirect | _EVENT.SubstructureNotify | _EVENT.PropertyChange
        try:
            if owner:
                raise RequestFailed("WM_S0 has an owner", name="AccessError")
            connection.check(self._core.ChangeWindowAttributesChecked(self._xid, _CW.EventMask, [mask]))
            connection.check(connection.composite.RedirectSubwindowsChecked(self._xid, _MANUAL))
        except RequestFailed as error:
            raise DisplayError(
                f"another window manager or compositor runs on display {connection.display}",
                hint="end it, or start on a display of its own",
            ) from error

    def _make_check_window(self) -> Xid:
        """Never mapped; carries _NET_SUPPORTING_WM_CHECK and owns WM_S0 (ICCCM 4.3)."""
        xid = Xid(self._connection.generate_id())
        self._core.CreateWindow(
            0, xid, self._xid, -1, -1, 1, 1, 0, xcffib.xproto.WindowClass.InputOnly, 0,
            _CW.OverrideRedirect | _CW.EventMask, [1, _EVENT.PropertyChange],
        )  # fmt: skip
        return xid

    def _announce(self) -> None:
        atoms, check = self._atoms, self.check_window
        for window in (self._xid, check):
            self.set_cards(window, "_NET_SUPPORTING_WM_CHECK", "WINDOW", [check])
        self._change(check, "_NET_WM_NAME", "UTF8_STRING", 8, NAME)
        self._change(check, "WM_CLASS", "STRING", 8, NAME + b"\0" + NAME + b"\0")
        supported = [atoms[name] for name in KNOWN if name.startswith("_NET_") and name not in _NOT_SUPPORTED]
        self.set_cards(self._xid, "_NET_SUPPORTED", "ATOM", supported)
        self.set_cards(self._xid, "_NET_NUMBER_OF_DESKTOPS", "CARDINAL", [1])
        self.set_cards(self._xid, "_NET_CURRENT_DESKTOP", "CARDINAL", [0])
        self.set_cards(self._xid, "_NET_DESKTOP_VIEWPORT", "CARDINAL", [0, 0])
        self.set_active(None)
        self._core.SetSelectionOwner(check, atoms["WM_S0"], 0)
        message = client_message(self._xid, atoms["MANAGER"], (0, atoms["WM_S0"], check, 0, 0))
        self._core.SendEvent(False, self._xid, _EVENT.StructureNotify, message)

    def _set_cursor(self) -> None:
        """An arrow; the server's own default is the X of bare servers."""
        font, cursor = self._connection.generate_id(), self._connection.generate_id()
        self._core.OpenFont(font, 6, "cursor")
        self._core.CreateGlyphCursor(cursor, font, font, _LEFT_PTR, _LEFT_PTR + 1, 0, 0, 0, 65535, 65535, 65535)
        self._connection.xfixes.SetCursorName(cursor, 8, "left_ptr")
        self._core.ChangeWindowAttributes(self._xid, _CW.Cursor, [cursor])
        self._core.FreeCursor(cursor)
        self._core.CloseFont(font)

    # -- properties --

    def resized(self, size: Size) -> None:
        """The screen has another size (EWMH: geometry and work area)."""
        self.set_cards(self._xid, "_NET_DESKTOP_GEOMETRY", "CARDINAL", [size.width, size.height])
        self.set_cards(self._xid, "_NET_WORKAREA", "CARDINAL", [0, 0, size.width, size.height])

    def set_active(self, xid: Xid | None) -> None:
        self.set_cards(self._xid, "_NET_ACTIVE_WINDOW", "WINDOW", [xid or 0])

    def set_client_lists(self, in_order: Sequence[Xid], stacking: Sequence[Xid]) -> None:
        """Managed windows: oldest first, and bottom to top."""
        self.set_cards(self._xid, "_NET_CLIENT_LIST", "WINDOW", in_order)
        self.set_cards(self._xid, "_NET_CLIENT_LIST_STACKING", "WINDOW", stacking)

    def set_cards(self, window: Xid, name: str, type_name: str, values: Sequence[int]) -> None:
        self._change(window, name, type_name, 32, struct.pack(f"={len(values)}I", *values))

    def delete(self, window: Xid, name: str) -> None:
        self._core.DeleteProperty(window, self._atoms[name])

    def _change(self, window: Xid, name: str, type_name: str, item_format: int, data: bytes) -> None:
        atoms = self._atoms
        count = len(data) * 8 // item_format
        self._core.ChangeProperty(_REPLACE, window, atoms[name], atoms[type_name], item_format, count, data)

    def request_time(self) -> None:
        """Cause a PropertyNotify on `check_window`, which carries the server's time (ICCCM 2.1)."""
        atoms = self._atoms
        self._core.ChangeProperty(_APPEND, self.check_window, atoms["_LIMPET_TIME"], atoms["CARDINAL"], 32, 0, b"")

    def send_protocol(self, window: Xid, name: str, time: int) -> None:
        """A WM_PROTOCOLS message (ICCCM 4.2.8)."""
        message = client_message(window, self._atoms["WM_PROTOCOLS"], (self._atoms[name], time, 0, 0, 0))
        self._core.SendEvent(False, window, 0, message)


def client_message(window: Xid, type_atom: int, data: tuple[int, int, int, int, int]) -> bytes:
    """A ClientMessage event of format 32, ready for SendEvent."""
    return struct.pack("=BBHII5I", 33, 32, 0, window, type_atom, *data)


def configure_notify(window: Xid, x: int, y: int, width: int, height: int, border: int) -> bytes:
    """A synthetic ConfigureNotify (ICCCM 4.1.5), ready for SendEvent."""
    return struct.pack("=BBHIIIhhHHHBx4x", 22, 0, 0, window, window, 0, x, y, width, height, border, 0)
