"""The window manager: ICCCM and EWMH towards the applications, `WindowSink` and methods towards the caller.

Not reparenting: a managed window stays a child of the root, without a frame. All windows are redirected (Composite,
manual), so covered ones keep their pixels.

Single-threaded. `process_events` is called when `fileno()` is readable; no other method waits for an answer of the X
server, so no event is ever left in libxcb's queue by them. A window that vanished meanwhile is WindowGone when the
manager knows already, else the request comes to nothing and `window_removed` follows.
"""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable, Iterable
from typing import Any

import xcffib
import xcffib.damage
import xcffib.xfixes
import xcffib.xproto

from limpet.errors import WindowGone
from limpet.values import Rect, Size, Xid
from limpet.x11.client_messages import ClientMessages
from limpet.x11.connection import X11Connection, XError
from limpet.x11.damage import DamageTracker
from limpet.x11.focus import Focus
from limpet.x11.geometry import Geometry
from limpet.x11.root import RootWindow
from limpet.x11.stacking import Stacking
from limpet.x11.states import OWN_STATES, WindowStates
from limpet.x11.tracked import FIELD_OF_PROPERTY, TrackedWindow, WindowFacts, WindowReader
from limpet.x11.watchers import CursorWatcher, XkbWatcher
from limpet.x11.windows import Bell, WindowInfo, WindowSink

_log = logging.getLogger(__name__)

_EVENT = xcffib.xproto.EventMask
_CONFIG = xcffib.xproto.ConfigWindow
_GEOMETRY = _CONFIG.X | _CONFIG.Y | _CONFIG.Width | _CONFIG.Height | _CONFIG.BorderWidth
_NO_FOCUS = 0  # as focus: keys are dropped; as revert-to: so they are when the window goes
_SYNTHETIC = 0x80
_MAX_PASSES = 4
_MAX_EVENTS = 500


class WindowManager:
    """See the module. The constructor raises DisplayError when another window manager runs; it adopts the windows
    that exist, which are told to the sink by the first `process_events`.
    """

    def __init__(self, connection: X11Connection, sink: WindowSink) -> None:
        self._connection = connection
        self._core = connection.core
        self._sink = sink
        self._windows: dict[Xid, TrackedWindow] = {}
        self._stacking = Stacking(self._core, self._windows)
        self._reader = WindowReader(connection)
        self._damage = DamageTracker(connection)
        self._root = RootWindow(connection)
        self._cursor = CursorWatcher(connection)
        self._xkb = XkbWatcher(connection)
        self._keyboard_changed: Callable[[range | None], None] | None = None
        self._states = WindowStates(connection, self._root)
        self._focus = Focus(connection, self._root, self._states, self._windows)
        self._geometry = Geometry(connection, self._windows, self._stacking, self._damage, sink, self._refresh)
        self._adopted = False
        messages = ClientMessages(connection.atoms, sink, self._windows, self)
        self._handlers: dict[type[Any], Callable[[Any], None]] = {
            xcffib.xproto.MapRequestEvent: self.on_MapRequest,
            xcffib.xproto.MapNotifyEvent: self.on_MapNotify,
            xcffib.xproto.UnmapNotifyEvent: self.on_UnmapNotify,
            xcffib.xproto.DestroyNotifyEvent: self.on_DestroyNotify,
            xcffib.xproto.ReparentNotifyEvent: self.on_ReparentNotify,
            xcffib.xproto.ConfigureRequestEvent: self._geometry.on_ConfigureRequest,
            xcffib.xproto.ConfigureNotifyEvent: self._geometry.on_ConfigureNotify,
            xcffib.xproto.CirculateRequestEvent: self._geometry.on_CirculateRequest,
            xcffib.xproto.PropertyNotifyEvent: self.on_PropertyNotify,
            xcffib.xproto.ClientMessageEvent: messages.on_ClientMessage,
            xcffib.damage.NotifyEvent: self._damage.on_DamageNotify,
            xcffib.xfixes.CursorNotifyEvent: self._cursor.on_CursorNotify,
            XkbWatcher.event_class: self.on_XkbNotify,
        }
        connection.flush()

    # -- events --

    def fileno(self) -> int:
        return self._connection.fileno()

    def process_events(self) -> bool:
        """Handle what arrived. True: there may be more, call again soon (so that a flood of events cannot keep the
        caller's loop). Raises DisplayUnavailable when the X server is gone.
        """
        if not self._adopted:
            self._adopted = True
            self._adopt()
        for count in range(_MAX_PASSES):
            # Settling waits for answers and flushes, and either may read events into libxcb's queue, where the file
            # descriptor does not show them: so a pass without events must be the last thing done.
            if not self._drain() and count:
                return False
            self._settle()
        return True

    def _drain(self) -> bool:
        """Handle up to 500 events; True when there was one."""
        for count in range(_MAX_EVENTS):
            event = self._connection.poll()
            if event is None:
                return count > 0
            if isinstance(event, XError):
                level = logging.DEBUG if event.expected else logging.WARNING
                _log.log(level, "the X server refused a request: %s", event.name)
                continue
            handler = self._handlers.get(type(event))
            if handler is not None:
                handler(event)
        return True

    def _settle(self) -> None:
        """What is done once per batch of events; may wait for answers, and so queue events."""
        for window in [window for window in self._windows.values() if window.dirty]:
            self._refresh(window)
        if self._cursor.changed:
            self._sink.cursor_changed(self._cursor.read())
        for xid, areas in self._damage.take():
            self._report_damage(xid, areas)
        self._flush()

    def _flush(self) -> None:
        if self._stacking.changed:
            self._stacking.changed = False
            managed = [xid for xid, window in self._windows.items() if window.managed]
            self._root.set_client_lists(managed, self._stacking.managed())
        self._connection.flush()

    def _refresh(self, window: TrackedWindow) -> None:
        try:
            changed = self._reader.refresh(window)
        except WindowGone:
            return  # DestroyNotify follows
        if changed:
            self._sink.window_changed(window.info.xid, changed, window.info)

    def _report_damage(self, xid: Xid, areas: Iterable[Rect]) -> None:
        window = self._windows[xid]
        whole = Rect(0, 0, window.info.rect.width, window.info.rect.height)
        clipped = [area.translate(window.border, window.border).intersect(whole) for area in areas]
        rects = [rect for rect in clipped if not rect.empty]
        if rects and window.mapped:
            self._sink.damaged(xid, rects)

    def on_MapRequest(self, event: xcffib.xproto.MapRequestEvent) -> None:
        xid = Xid(event.window)
        window = self._windows.get(xid)
        if window is not None:
            self._show(window)
            return
        try:
            facts = self._reader.read(xid)
        except WindowGone:
            return  # gone before we looked
        if not facts.info.override_redirect:
            self._manage(facts, iconic=facts.info.hints.iconic)
        else:
            self._core.MapWindow(xid)

    def on_MapNotify(self, event: xcffib.xproto.MapNotifyEvent) -> None:
        xid = Xid(event.window)
        window = self._windows.get(xid)
        if window is not None:
            window.mapped = True
            self._damage.add(xid, window.whole)
        elif event.override_redirect and event.event == self._connection.root:
            self._track_unmanaged(xid)

    def on_UnmapNotify(self, event: xcffib.xproto.UnmapNotifyEvent) -> None:
        """A real one withdraws the window unless we caused it; a synthetic one withdraws an iconic window
        (ICCCM 4.1.4).
        """
        window = self._windows.get(Xid(event.window))
        if window is None:
            return
        if event.response_type & _SYNTHETIC:
            if not window.mapped:
                self._withdraw(window)
        elif window.expected_unmaps > 0:
            window.expected_unmaps -= 1
            window.mapped = False
        else:
            self._withdraw(window)

    def on_DestroyNotify(self, event: xcffib.xproto.DestroyNotifyEvent) -> None:
        xid = Xid(event.window)
        if xid in self._windows:
            self._forget(xid, destroyed=True)

    def on_ReparentNotify(self, event: xcffib.xproto.ReparentNotifyEvent) -> None:
        xid = Xid(event.window)
        if event.parent != self._connection.root and xid in self._windows:
            self._forget(xid, destroyed=False)

    def on_PropertyNotify(self, event: xcffib.xproto.PropertyNotifyEvent) -> None:
        xid = Xid(event.window)
        if xid == self._root.check_window:
            self._focus.got_time(event.time)
            return
        window = self._windows.get(xid)
        name = self._connection.atoms.known_name(event.atom)
        if window is not None and name is not None and name in FIELD_OF_PROPERTY:
            window.dirty.add(name)

    def on_XkbNotify(self, event: xcffib.Event) -> None:
        news = self._xkb.decode(event)
        if isinstance(news, Bell):
            self._sink.bell(news)
        elif news is not None and self._keyboard_changed is not None:
            self._keyboard_changed(news.keycodes)

    def watch_keyboard(self, changed: Callable[[range | None], None]) -> None:
        """Call `changed` with the keycodes whose keysyms are new, None for all; it may wait for the X server."""
        self._keyboard_changed = changed

    # -- what the caller asks for --

    def windows(self) -> tuple[WindowInfo, ...]:
        """All windows, in the order they appeared."""
        return tuple(window.info for window in self._windows.values())

    def info(self, xid: Xid) -> WindowInfo:
        """Raises WindowGone."""
        return self._window(xid).info

    def move_resize(self, xid: Xid, rect: Rect) -> Rect:
        """Move and resize a managed window. The rectangle asked of X: its size is within the limits in its hints.

        Override-redirect windows place themselves: theirs is returned unchanged. Raises WindowGone.
        """
        window = self._window(xid)
        if not window.managed:
            return window.info.rect
        applied = self._geometry.configure(window, rect)
        self._flush()
        return applied

    def raise_(self, xid: Xid) -> None:
        """To the top, with the windows that are transient for it; menus and tooltips stay above. Raises WindowGone."""
        self._window(xid)
        self._stacking.raise_(xid)
        self._flush()

    def focus(self, xid: Xid | None) -> None:
        """Give the keyboard focus as ICCCM 4.1.7 says (input hint, WM_TAKE_FOCUS); None: to no window.

        Nothing happens for override-redirect and iconic windows. Raises WindowGone.
        """
        window = None if xid is None else self._window(xid)
        if window is None or (window.managed and not window.info.iconic):
            self._focus.give(window)
            self._flush()

    def close(self, xid: Xid) -> bool:
        """Ask the window to close (WM_DELETE_WINDOW). False: it does not know how, so its client was killed.

        Raises WindowGone.
        """
        window = self._window(xid)
        if "WM_DELETE_WINDOW" not in window.info.protocols:
            self.kill(xid)
            return False
        self._root.send_protocol(xid, "WM_DELETE_WINDOW", 0)
        self._flush()
        return True

    def kill(self, xid: Xid) -> None:
        """End the X connection of the window's application. Raises WindowGone."""
        self._window(xid)
        self._core.KillClient(xid)
        self._flush()

    def set_states(self, xid: Xid, states: Iterable[str]) -> None:
        """Replace the whole of _NET_WM_STATE (names without prefix, see atoms.WINDOW_STATES). HIDDEN and FOCUSED are
        kept as they are: `iconify`, `deiconify` and `focus` rule them. Raises WindowGone.
        """
        window = self._window(xid)
        self._states.write(window, (frozenset(states) - OWN_STATES) | (window.info.states & OWN_STATES))
        self._flush()

    def iconify(self, xid: Xid) -> None:
        """To IconicState (ICCCM 4.1.4): unmapped, HIDDEN. Raises WindowGone."""
        window = self._window(xid)
        if not window.managed or window.info.iconic:
            return
        if window.mapped:
            window.expected_unmaps += 1
            self._core.UnmapWindow(xid)
        self._states.iconic(window)
        self._focus.left(xid)
        self._flush()

    def deiconify(self, xid: Xid) -> None:
        """Back to NormalState. Raises WindowGone."""
        window = self._window(xid)
        if window.info.iconic:
            self._states.normal(window)
            self._core.MapWindow(xid)
            self._flush()

    def refresh(self, xid: Xid) -> None:
        """Report the whole window as damaged with the next events. Raises WindowGone."""
        self._damage.add(xid, self._window(xid).whole)

    def screen_resized(self, size: Size) -> None:
        """Tell the applications the size of the screen (EWMH root properties)."""
        self._root.resized(size)
        self._flush()

    def sync(self) -> None:
        """Wait until the X server has done all that was asked; call `process_events` afterwards."""
        self._connection.sync()

    # -- for ClientMessages --

    def frame_extents(self, xid: Xid) -> None:
        """_NET_REQUEST_FRAME_EXTENTS: we draw no frames."""
        self._root.set_cards(xid, "_NET_FRAME_EXTENTS", "CARDINAL", [0, 0, 0, 0])

    # -- inner parts --

    def _window(self, xid: Xid) -> TrackedWindow:
        window = self._windows.get(xid)
        if window is None:
            raise WindowGone(xid)
        return window

    def _adopt(self) -> None:
        """Windows that were there before us: of an earlier manager, or of applications that were quicker."""
        tree = self._connection.reply(self._core.QueryTree(self._connection.root))
        for child in tree.children:
            xid = Xid(child)
            if xid == self._root.check_window or xid in self._windows:
                continue
            try:
                facts = self._reader.read(xid)
            except WindowGone:
                continue
            if facts.viewable and facts.info.override_redirect and not facts.input_only:
                self._add(facts)
            elif not facts.info.override_redirect and (facts.viewable or facts.iconic):
                self._manage(facts, iconic=facts.iconic and not facts.viewable)

    def _manage(self, facts: WindowFacts, *, iconic: bool) -> None:
        if facts.input_only:
            self._core.MapWindow(facts.info.xid)  # nothing to show
            return
        rect = facts.info.rect
        if facts.border:
            self._core.ConfigureWindow(facts.info.xid, _CONFIG.BorderWidth, [0])
            rect = Rect(rect.x, rect.y, rect.width - 2 * facts.border, rect.height - 2 * facts.border)
        info = dataclasses.replace(facts.info, rect=rect, states=facts.info.states - OWN_STATES)
        window = self._add(dataclasses.replace(facts, info=info, border=0), tell=False)
        self.frame_extents(info.xid)
        if iconic:
            self._states.iconic(window)
        else:
            self._states.normal(window)
            self._core.MapWindow(info.xid)
        self._sink.window_added(window.info)

    def _track_unmanaged(self, xid: Xid) -> None:
        try:
            facts = self._reader.read(xid)
        except WindowGone:
            return
        if not facts.input_only and facts.viewable:
            self._add(facts)

    def _add(self, facts: WindowFacts, *, tell: bool = True) -> TrackedWindow:
        info = facts.info
        window = TrackedWindow(info=info, border=facts.border, mapped=facts.viewable, requested=info.rect)
        self._core.ChangeWindowAttributes(info.xid, xcffib.xproto.CW.EventMask, [_EVENT.PropertyChange])
        # Set between the reading and the selecting, a change would be missed: read once more what may change early.
        window.dirty.update(("WM_NAME", "WM_HINTS", "WM_NORMAL_HINTS", "WM_PROTOCOLS"))
        self._windows[info.xid] = window
        self._stacking.added(info.xid)
        self._damage.watch(info.xid)
        if facts.viewable:
            self._damage.add(info.xid, window.whole)
        if tell:
            self._sink.window_added(info)
        return window

    def _forget(self, xid: Xid, *, destroyed: bool) -> None:
        del self._windows[xid]
        self._stacking.removed(xid)
        self._damage.forget(xid, destroyed=destroyed)
        self._focus.left(xid)
        self._sink.window_removed(xid)

    def _withdraw(self, window: TrackedWindow) -> None:
        if window.managed:
            self._states.withdrawn(window)
        self._forget(window.info.xid, destroyed=False)

    def _show(self, window: TrackedWindow) -> None:
        """The application maps a window that we know: an iconic one comes back."""
        if window.info.iconic:
            self._states.normal(window)
            self._sink.window_changed(window.info.xid, frozenset({"states"}), window.info)
        self._core.MapWindow(window.info.xid)
