"""Requests that applications send to the root window: ICCCM 4.1.4, EWMH "Root Window Messages"."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import xcffib.xproto

from limpet.values import Rect, Xid
from limpet.x11.atoms import STATE_PREFIX, Atoms
from limpet.x11.properties import ICONIC_STATE
from limpet.x11.tracked import TrackedWindow
from limpet.x11.windows import WindowSink

Data = tuple[int, int, int, int, int]
_REMOVE, _ADD, _TOGGLE = 0, 1, 2


class Manager(Protocol):
    """What these messages cause directly."""

    def close(self, xid: Xid) -> bool: ...
    def frame_extents(self, xid: Xid) -> None: ...
    def move_resize(self, xid: Xid, rect: Rect) -> Rect: ...


class ClientMessages:
    """One method per message type; messages about unknown windows are ignored."""

    def __init__(self, atoms: Atoms, sink: WindowSink, windows: Mapping[Xid, TrackedWindow], manager: Manager) -> None:
        self._atoms = atoms
        self._sink = sink
        self._windows = windows
        self._manager = manager
        self._handlers: dict[int, Callable[[TrackedWindow, Data], None]] = {
            atoms["WM_CHANGE_STATE"]: self._wm_change_state,
            atoms["_NET_WM_STATE"]: self._net_wm_state,
            atoms["_NET_ACTIVE_WINDOW"]: self._net_active_window,
            atoms["_NET_CLOSE_WINDOW"]: self._net_close_window,
            atoms["_NET_WM_MOVERESIZE"]: self._net_wm_moveresize,
            atoms["_NET_MOVERESIZE_WINDOW"]: self._net_moveresize_window,
        }

    def on_ClientMessage(self, event: xcffib.xproto.ClientMessageEvent) -> None:
        if event.format != 32:
            return
        xid = Xid(event.window)
        if event.type == self._atoms["_NET_REQUEST_FRAME_EXTENTS"]:
            self._manager.frame_extents(xid)  # asked for before the window is mapped
            return
        window = self._windows.get(xid)
        handler = self._handlers.get(event.type)
        if window is not None and handler is not None:
            first, second, third, fourth, fifth = event.data.data32
            handler(window, (first, second, third, fourth, fifth))

    def _wm_change_state(self, window: TrackedWindow, data: Data) -> None:
        if data[0] == ICONIC_STATE and window.managed:
            self._sink.state_requested(window.info.xid, frozenset({"HIDDEN"}), frozenset())

    def _net_wm_state(self, window: TrackedWindow, data: Data) -> None:
        action = data[0]
        names = {self._atoms.known_name(atom) for atom in data[1:3] if atom}
        states = {name.removeprefix(STATE_PREFIX) for name in names if name and name.startswith(STATE_PREFIX)}
        states -= {"HIDDEN", "FOCUSED"}  # EWMH: a pager must not ask for these
        if action == _TOGGLE:
            add, remove = states - window.info.states, states & window.info.states
        elif action in (_ADD, _REMOVE):
            add, remove = (states, set[str]()) if action == _ADD else (set[str](), states)
        else:
            return
        if states:
            self._sink.state_requested(window.info.xid, frozenset(add), frozenset(remove))

    def _net_active_window(self, window: TrackedWindow, _data: Data) -> None:
        self._sink.focus_requested(window.info.xid)

    def _net_close_window(self, window: TrackedWindow, _data: Data) -> None:
        self._manager.close(window.info.xid)

    def _net_wm_moveresize(self, window: TrackedWindow, data: Data) -> None:
        x, y, direction, button, source = data
        if direction <= 11:
            self._sink.moveresize_requested(window.info.xid, _signed(x), _signed(y), direction, button, source)

    def _net_moveresize_window(self, window: TrackedWindow, data: Data) -> None:
        """Bits 8 to 11 of the first item tell which of x, y, width, height count."""
        flags = data[0]
        old = window.requested
        self._manager.move_resize(
            window.info.xid,
            Rect(
                _signed(data[1]) if flags & 0x100 else old.x,
                _signed(data[2]) if flags & 0x200 else old.y,
                data[3] if flags & 0x400 else old.width,
                data[4] if flags & 0x800 else old.height,
            ),
        )


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value
