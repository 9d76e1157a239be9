"""Keyboard focus: the four input models of ICCCM 4.1.7, _NET_ACTIVE_WINDOW and the state FOCUSED."""

from __future__ import annotations

from collections.abc import Mapping

from limpet.values import Xid
from limpet.x11.connection import X11Connection
from limpet.x11.root import RootWindow
from limpet.x11.states import WindowStates
from limpet.x11.tracked import TrackedWindow

_NO_FOCUS = 0  # as focus: keys are dropped; as revert-to: so they are when the window goes


class Focus:
    """Gives the focus without waiting: WM_TAKE_FOCUS needs the server's time, and is sent when that arrives."""

    def __init__(
        self,
        connection: X11Connection,
        root: RootWindow,
        states: WindowStates,
        windows: Mapping[Xid, TrackedWindow],
    ) -> None:
        self._core = connection.core
        self._root = root
        self._states = states
        self._windows = windows
        self._focused: Xid | None = None
        self._take_focus: Xid | None = None

    def give(self, window: TrackedWindow | None) -> None:
        """To a managed, mapped window, or to none."""
        self._take_focus = None
        if window is None:
            self._core.SetInputFocus(_NO_FOCUS, _NO_FOCUS, 0)
            self._set(None)
            return
        xid = window.info.xid
        if window.info.hints.input is not False:
            self._core.SetInputFocus(_NO_FOCUS, xid, 0)
        if "WM_TAKE_FOCUS" in window.info.protocols:
            self._take_focus = xid
            self._root.request_time()
        self._set(xid)

    def got_time(self, time: int) -> None:
        """The server's time, as asked for by `give`; only the window focused last is still told."""
        xid, self._take_focus = self._take_focus, None
        if xid is not None:
            self._root.send_protocol(xid, "WM_TAKE_FOCUS", time)

    def left(self, xid: Xid) -> None:
        """The window was iconified, or is gone."""
        if self._take_focus == xid:
            self._take_focus = None
        if self._focused == xid:
            self._set(None)

    def _set(self, xid: Xid | None) -> None:
        if xid == self._focused:
            return
        for other, states in ((self._focused, frozenset[str]()), (xid, frozenset({"FOCUSED"}))):
            window = self._windows.get(other) if other is not None else None
            if window is not None:
                self._states.write(window, (window.info.states - {"FOCUSED"}) | states)
        self._focused = xid
        self._root.set_active(xid)
