"""WM_STATE (ICCCM 4.1.3.1) and _NET_WM_STATE (EWMH), which the window manager owns."""

from __future__ import annotations

import dataclasses

from limpet.x11.connection import X11Connection
from limpet.x11.properties import ICONIC_STATE, NORMAL_STATE
from limpet.x11.root import RootWindow
from limpet.x11.tracked import TrackedWindow

OWN_STATES = frozenset({"HIDDEN", "FOCUSED"})
"""what follows from iconifying and focus, and is never asked for"""


class WindowStates:
    """Writes both properties, and keeps WindowInfo in step."""

    def __init__(self, connection: X11Connection, root: RootWindow) -> None:
        self._atoms = connection.atoms
        self._root = root

    def write(self, window: TrackedWindow, states: frozenset[str]) -> None:
        """Names without prefix; KeyError for one that is not in atoms.WINDOW_STATES."""
        values = [self._atoms["_NET_WM_STATE_" + name] for name in sorted(states)]
        self._root.set_cards(window.info.xid, "_NET_WM_STATE", "ATOM", values)
        window.info = dataclasses.replace(window.info, states=states)

    def normal(self, window: TrackedWindow) -> None:
        self._root.set_cards(window.info.xid, "WM_STATE", "WM_STATE", [NORMAL_STATE, 0])
        self.write(window, window.info.states - {"HIDDEN"})

    def iconic(self, window: TrackedWindow) -> None:
        self._root.set_cards(window.info.xid, "WM_STATE", "WM_STATE", [ICONIC_STATE, 0])
        self.write(window, window.info.states | {"HIDDEN"})

    def withdrawn(self, window: TrackedWindow) -> None:
        """Both properties go (ICCCM 4.1.4, EWMH _NET_WM_STATE)."""
        self._root.delete(window.info.xid, "WM_STATE")
        self._root.delete(window.info.xid, "_NET_WM_STATE")
