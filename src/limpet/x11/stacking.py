"""The order of the windows on the screen, bottom to top."""

from __future__ import annotations

from collections.abc import Mapping

import xcffib.xproto

from limpet.values import Xid
from limpet.x11.tracked import TrackedWindow

_STACK_MODE = xcffib.xproto.ConfigWindow.StackMode
_ABOVE = xcffib.xproto.StackMode.Above


class Stacking:
    """Keeps the order as we cause it. X puts a new window on top."""

    def __init__(self, core: xcffib.xproto.xprotoExtension, windows: Mapping[Xid, TrackedWindow]) -> None:
        self._core = core
        self._windows = windows
        self._order: list[Xid] = []
        self.changed = True
        """there is another set or order of windows since the caller made this false"""

    def added(self, xid: Xid) -> None:
        self._order.append(xid)
        self.changed = True

    def removed(self, xid: Xid) -> None:
        self._order.remove(xid)
        self.changed = True

    def managed(self) -> list[Xid]:
        """Managed windows, bottom to top."""
        return [xid for xid in self._order if self._windows[xid].managed]

    def raise_(self, xid: Xid) -> None:
        """`xid` to the top, above it what is transient for it (dialogs), above that override-redirect windows:
        a menu must not vanish behind the window it belongs to.
        """
        family = self._family(xid)
        popups = [other for other in self._order if not self._windows[other].managed and other not in family]
        moved = [*family, *popups]
        if self._order[-len(moved) :] == moved:
            return
        for other in moved:
            self._core.ConfigureWindow(other, _STACK_MODE, [_ABOVE])
        rest = [other for other in self._order if other not in set(moved)]
        self._order[:] = [*rest, *moved]
        self.changed = True

    def _family(self, xid: Xid) -> list[Xid]:
        """The window and, in their present order, all that are transient for a member."""
        family = [xid]
        grown = True
        while grown:
            grown = False
            for other in self._order:
                window = self._windows[other]
                if other not in family and window.managed and window.info.transient_for in family:
                    family.append(other)
                    grown = True
        return family
