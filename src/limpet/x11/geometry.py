"""Position, size and order of windows: what applications ask for, what they get, what X says came of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import xcffib.xproto

from limpet.values import Rect, Xid
from limpet.x11.connection import X11Connection
from limpet.x11.damage import DamageTracker
from limpet.x11.root import configure_notify
from limpet.x11.stacking import Stacking
from limpet.x11.tracked import TrackedWindow, outer_rect
from limpet.x11.windows import MAX_EXTENT, WindowSink

_CONFIG = xcffib.xproto.ConfigWindow
_GEOMETRY = _CONFIG.X | _CONFIG.Y | _CONFIG.Width | _CONFIG.Height | _CONFIG.BorderWidth
_SYNTHETIC = 0x80


class Geometry:
    """`refresh` reads the changed properties of a window, so that hints set just before a request count for it."""

    def __init__(
        self,
        connection: X11Connection,
        windows: Mapping[Xid, TrackedWindow],
        stacking: Stacking,
        damage: DamageTracker,
        sink: WindowSink,
        refresh: Callable[[TrackedWindow], None],
    ) -> None:
        self._core = connection.core
        self._windows = windows
        self._stacking = stacking
        self._damage = damage
        self._sink = sink
        self._refresh = refresh

    def configure(self, window: TrackedWindow, rect: Rect) -> Rect:
        """Ask X for `rect`, within the window's hints."""
        size = window.info.size_hints.constrain(rect.size)
        applied = Rect(_clamp(rect.x), _clamp(rect.y), size.width, size.height)
        xid = window.info.xid
        if applied == window.requested:
            # X will not answer a request that changes nothing, the application waits for an answer (ICCCM 4.1.5)
            notice = configure_notify(xid, applied.x, applied.y, applied.width, applied.height, 0)
            self._core.SendEvent(False, xid, xcffib.xproto.EventMask.StructureNotify, notice)
            return applied
        window.requested = applied
        self._core.ConfigureWindow(xid, _GEOMETRY, [applied.x, applied.y, applied.width, applied.height, 0])
        return applied

    def on_ConfigureRequest(self, event: xcffib.xproto.ConfigureRequestEvent) -> None:
        xid = Xid(event.window)
        mask = event.value_mask
        window = self._windows.get(xid)
        if window is None or not window.managed:
            self._pass_on(event)
            return
        if window.dirty:
            self._refresh(window)
        if mask & _GEOMETRY:
            old = window.requested
            wanted = Rect(
                event.x if mask & _CONFIG.X else old.x,
                event.y if mask & _CONFIG.Y else old.y,
                event.width if mask & _CONFIG.Width else old.width,
                event.height if mask & _CONFIG.Height else old.height,
            )
            self.configure(window, wanted)
        if mask & _CONFIG.StackMode:
            if event.stack_mode == xcffib.xproto.StackMode.Above and not mask & _CONFIG.Sibling:
                self._stacking.raise_(xid)
                self._sink.raised(xid)
            else:
                self._restack(event)

    def on_ConfigureNotify(self, event: xcffib.xproto.ConfigureNotifyEvent) -> None:
        window = self._windows.get(Xid(event.window))
        if window is None or event.response_type & _SYNTHETIC:
            return
        rect = outer_rect(event.x, event.y, event.width, event.height, event.border_width)
        window.border = event.border_width
        before = window.info.rect
        if not window.managed:
            window.requested = rect
        if rect == before:
            return
        window.info = dataclasses.replace(window.info, rect=rect)
        self._sink.window_moved(window.info.xid, rect)
        if rect.size != before.size:
            self._damage.add(window.info.xid, window.whole)

    def on_CirculateRequest(self, event: xcffib.xproto.CirculateRequestEvent) -> None:
        xid = Xid(event.window)
        if event.place == xcffib.xproto.Place.OnTop and xid in self._windows:
            self._stacking.raise_(xid)
            self._sink.raised(xid)

    def _pass_on(self, event: xcffib.xproto.ConfigureRequestEvent) -> None:
        """A window that is not managed (yet) gets what it asks for."""
        mask = event.value_mask
        given = (
            (_CONFIG.X, event.x),
            (_CONFIG.Y, event.y),
            (_CONFIG.Width, event.width),
            (_CONFIG.Height, event.height),
            (_CONFIG.BorderWidth, event.border_width),
            (_CONFIG.Sibling, event.sibling),
            (_CONFIG.StackMode, event.stack_mode),
        )
        self._core.ConfigureWindow(event.window, mask, [value for bit, value in given if mask & bit])

    def _restack(self, event: xcffib.xproto.ConfigureRequestEvent) -> None:
        mask = event.value_mask & (_CONFIG.Sibling | _CONFIG.StackMode)
        values = ([event.sibling] if mask & _CONFIG.Sibling else []) + [event.stack_mode]
        self._core.ConfigureWindow(event.window, mask, values)


def _clamp(position: int) -> int:
    return max(-MAX_EXTENT, min(MAX_EXTENT, position))
