"""The session's desktop: the X display behind one face, with window ids of the wire in front.

Everything here runs on the event loop but `render` and `screenshot`, which hand their work to one thread that owns
its own X connection. Whoever wants to know what happens is an observer.
"""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import field
from typing import Protocol, TypeVar

from limpet.errors import DisplayError, DisplayUnavailable, WindowGone
from limpet.records import dataclass
from limpet.values import PixelFormat, Pixels, Rect, Size, WindowId, Xid
from limpet.x11.capture import Capturer
from limpet.x11.connection import X11Connection
from limpet.x11.input import Input
from limpet.x11.manager import WindowManager
from limpet.x11.randr import ScreenControl
from limpet.x11.windows import Bell, CursorImage, WindowInfo

log = logging.getLogger("limpet.server.desktop")

T = TypeVar("T")


class DesktopObserver(Protocol):
    """What one client (or anything else) is told; must not block."""

    def window_added(self, window: DesktopWindow) -> None: ...

    def window_removed(self, window: DesktopWindow) -> None: ...

    def window_changed(self, window: DesktopWindow, changed: frozenset[str]) -> None:
        """`changed`: names of fields of `WindowInfo`, never `rect`."""

    def window_moved(self, window: DesktopWindow) -> None: ...

    def damaged(self, window: DesktopWindow, rects: Sequence[Rect]) -> None: ...

    def raised(self, window: DesktopWindow) -> None: ...

    def cursor_changed(self, cursor: CursorImage | None) -> None: ...

    def bell(self, window: DesktopWindow | None, bell: Bell) -> None: ...

    def screen_resized(self, size: Size) -> None: ...

    def moveresize_requested(self, window: DesktopWindow, x: int, y: int, direction: int, button: int) -> None: ...


@dataclass(slots=True, eq=False)
class DesktopWindow:
    """One window as the desktop knows it now."""

    id: WindowId
    info: WindowInfo
    expected: deque[Rect] = field(default_factory=lambda: deque(maxlen=64), repr=False)
    """geometries that a client asked for: their echoes from the X server are no changes of the server's"""


class Desktop:
    """See the module. `connect` opens a new connection to the X server; `on_lost` is called once when it is gone."""

    def __init__(
        self,
        connect: Callable[[], X11Connection],
        *,
        on_lost: Callable[[DisplayUnavailable], None],
    ) -> None:
        self._connect = connect
        self._on_lost = on_lost
        self._lost = False
        self._closed = False
        self._process_due = False
        self._loop = asyncio.get_running_loop()
        self._observers: list[DesktopObserver] = []
        self._by_xid: dict[Xid, DesktopWindow] = {}
        self._by_id: dict[WindowId, DesktopWindow] = {}
        self._next_id = 1
        self.cursor: CursorImage | None = None
        self.focused: WindowId | None = None
        self._connection = connect()
        self._screen_connection = connect()
        self.screen = ScreenControl(self._screen_connection)
        self._manager = WindowManager(self._connection, self)
        # the manager's connection: a key must not overtake the focus that was set before it
        self.input = Input(self._connection)
        self._manager.watch_keyboard(self.input.keyboard_changed)
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="limpet-capture")
        self._capture_connection = connect()
        self._capturer = Capturer(self._capture_connection)
        self._fds = (self._manager.fileno(),)
        self._loop.add_reader(self._fds[0], self._process)
        self._process()

    # -- life ----------------------------------------------------------------------------------------------------

    async def close(self) -> None:
        """Let go of the X server; its applications and windows stay."""
        self._closed = True
        self._loop.remove_reader(self._fds[0])
        self._observers.clear()
        await self._loop.run_in_executor(self._worker, self._close_capture)
        self._worker.shutdown(wait=True)
        for connection in (self._connection, self._screen_connection):
            with contextlib.suppress(DisplayUnavailable):
                connection.close()

    def _close_capture(self) -> None:
        with contextlib.suppress(DisplayUnavailable):
            self._capturer.close()
            self._capture_connection.close()

    def _process(self) -> None:
        self._process_due = False
        try:
            more = self._manager.process_events()
        except DisplayUnavailable as error:
            self.lost(error)
        else:
            if more:
                self._process_soon()

    def _process_soon(self) -> None:
        """Requests that are sent may read events on the way, which the file descriptor then does not show."""
        if not self._process_due and not self._lost:
            self._process_due = True
            self._loop.call_soon(self._process_again)

    def _process_again(self) -> None:
        if self._process_due and not self._lost and not self._closed:
            self._process()

    @contextlib.contextmanager
    def _watching(self) -> Iterator[None]:
        """An X server that went away ends the session; a window that vanished is an event that follows."""
        try:
            yield
        except DisplayUnavailable as error:
            self.lost(error)
        except WindowGone as error:
            log.debug("%s", error)
        except DisplayError as error:
            # refused by the X server: what was wanted does not happen, and the session goes on
            log.warning("%s", error)
        self._process_soon()

    def lost(self, error: DisplayUnavailable) -> None:
        if not self._lost and not self._closed:
            self._lost = True
            self._loop.remove_reader(self._fds[0])
            self._on_lost(error)

    # -- looking -------------------------------------------------------------------------------------------------

    def observe(self, observer: DesktopObserver) -> None:
        self._observers.append(observer)

    def forget(self, observer: DesktopObserver) -> None:
        if observer in self._observers:
            self._observers.remove(observer)

    @property
    def windows(self) -> tuple[DesktopWindow, ...]:
        """In the order of their ids, oldest first."""
        return tuple(self._by_id[key] for key in sorted(self._by_id))

    def window(self, window_id: WindowId) -> DesktopWindow | None:
        return self._by_id.get(window_id)

    def window_of(self, xid: Xid | None) -> DesktopWindow | None:
        return None if xid is None else self._by_xid.get(xid)

    async def in_capture_thread(self, work: Callable[[Capturer], T]) -> T:
        """Run `work` in the thread that owns the capturer. Raises `WindowGone`, `DisplayUnavailable`."""
        try:
            return await self._loop.run_in_executor(self._worker, work, self._capturer)
        except DisplayUnavailable as error:
            self.lost(error)
            raise

    async def screenshot(self) -> Pixels:
        """The part of the screen that windows cover; empty (0 by 0) without windows."""

        def shoot(capturer: Capturer) -> Pixels | None:
            bounds = capturer.visible_bounds()
            return None if bounds.empty else capturer.screenshot(bounds)

        shot = await self.in_capture_thread(shoot)
        return shot if shot is not None else Pixels(0, 0, PixelFormat.BGRX, 0, b"")

    # -- acting --------------------------------------------------------------------------------------------------

    def configure(self, window: DesktopWindow, rect: Rect, *, by: DesktopObserver, tell: bool = True) -> None:
        """The client of observer `by` moved or resized its window; the application may constrain it, which all are
        told. With `tell` the others are told in any case: pointer positions count from where the window is.
        """
        if window.info.override_redirect or window.info.rect == rect:
            return
        with self._watching():
            applied = self._manager.move_resize(window.info.xid, rect)
            if applied == rect:
                window.expected.append(rect)
                window.info = dataclasses.replace(window.info, rect=rect)
                if tell:
                    for observer in self._others(by):
                        observer.window_moved(window)
            else:
                self._moved(window, applied)

    def raise_window(self, window: DesktopWindow) -> None:
        with self._watching():
            self._manager.raise_(window.info.xid)

    def focus(self, window: DesktopWindow | None) -> None:
        with self._watching():
            self._manager.focus(window.info.xid if window is not None else None)
            self.focused = window.id if window is not None else None

    def close_window(self, window: DesktopWindow) -> None:
        """Ask the application; one that does not know the question is ended."""
        with self._watching():
            self._manager.close(window.info.xid)

    def kill_window(self, window: DesktopWindow) -> None:
        with self._watching():
            self._manager.kill(window.info.xid)

    def _others(self, by: DesktopObserver | None) -> list[DesktopObserver]:
        return [observer for observer in self._observers if observer is not by]

    def set_iconic(self, window: DesktopWindow, iconic: bool, *, by: DesktopObserver | None = None) -> None:
        """Observers but `by` are told."""
        with self._watching():
            if iconic:
                self._manager.iconify(window.info.xid)
            else:
                self._manager.deiconify(window.info.xid)
            self._states_written(window, by)

    def set_states(self, window: DesktopWindow, states: frozenset[str], *, by: DesktopObserver | None = None) -> None:
        """Observers but `by` are told."""
        with self._watching():
            self._manager.set_states(window.info.xid, states)
            self._states_written(window, by)

    def _states_written(self, window: DesktopWindow, by: DesktopObserver | None) -> None:
        """What we write ourselves, the manager does not tell."""
        states = self._manager.info(window.info.xid).states
        if states != window.info.states:
            window.info = dataclasses.replace(window.info, states=states)
            for observer in self._others(by):
                observer.window_changed(window, frozenset({"states"}))

    def move_pointer(self, x: int, y: int) -> None:
        with self._watching():
            self.input.pointer_move(x, y)

    def press_button(self, button: int, pressed: bool) -> None:
        with self._watching():
            self.input.button(button, pressed)

    def press_key(self, keysym_name: str, keyval: int, keycode: int, pressed: bool) -> None:
        with self._watching():
            self.input.key(keysym_name, keyval, keycode, pressed=pressed)

    def sync_modifiers(self, names: Sequence[str]) -> None:
        with self._watching():
            self.input.sync_modifiers(names)

    def release_all(self) -> None:
        """Nothing stays pressed when a client leaves."""
        with self._watching():
            self.input.release_all()

    def resize_screen(self, size: Size) -> Size:
        """Within what the X server can do; observers are told. Returns the size it has now."""
        applied = self.screen.size()
        with self._watching():
            applied = self.screen.resize(size)
            self._manager.screen_resized(applied)
            for observer in tuple(self._observers):
                observer.screen_resized(applied)
        return applied

    @property
    def screen_size(self) -> Size:
        return self.screen.size()

    # -- WindowSink ----------------------------------------------------------------------------------------------

    def window_added(self, info: WindowInfo) -> None:
        window = DesktopWindow(WindowId(self._next_id), info)
        self._next_id += 1
        self._by_xid[info.xid] = window
        self._by_id[window.id] = window
        log.debug("window %i is %s %r", window.id, info.rect, info.title)
        for observer in tuple(self._observers):
            observer.window_added(window)

    def window_removed(self, xid: Xid) -> None:
        window = self._by_xid.pop(xid, None)
        if window is None:
            return
        del self._by_id[window.id]
        if self.focused == window.id:
            self.focused = None
        for observer in tuple(self._observers):
            observer.window_removed(window)

    def window_changed(self, xid: Xid, changed: frozenset[str], info: WindowInfo) -> None:
        window = self._by_xid.get(xid)
        if window is None:
            return
        window.info = info
        for observer in tuple(self._observers):
            observer.window_changed(window, changed)

    def window_moved(self, xid: Xid, rect: Rect) -> None:
        window = self._by_xid.get(xid)
        if window is not None:
            self._moved(window, rect)

    def _moved(self, window: DesktopWindow, rect: Rect) -> None:
        if rect in window.expected:
            while window.expected.popleft() != rect:
                pass
            return
        if window.info.rect == rect:
            return
        window.info = dataclasses.replace(window.info, rect=rect)
        for observer in tuple(self._observers):
            observer.window_moved(window)

    def damaged(self, xid: Xid, rects: Sequence[Rect]) -> None:
        window = self._by_xid.get(xid)
        if window is not None:
            for observer in tuple(self._observers):
                observer.damaged(window, rects)

    def raised(self, xid: Xid) -> None:
        window = self._by_xid.get(xid)
        if window is not None:
            for observer in tuple(self._observers):
                observer.raised(window)

    def focus_requested(self, xid: Xid) -> None:
        """Granted: a client sees it as a raise, and gives its native window the focus or not."""
        window = self._by_xid.get(xid)
        if window is not None:
            self.raise_window(window)
            self.raised(xid)

    def state_requested(self, xid: Xid, add: frozenset[str], remove: frozenset[str]) -> None:
        """Granted: the client shows the window so, and sends the geometry that follows from it."""
        window = self._by_xid.get(xid)
        if window is None:
            return
        if "HIDDEN" in add:
            self.set_iconic(window, True)
        else:
            self.set_states(window, (window.info.states | add) - remove)

    def moveresize_requested(self, xid: Xid, x: int, y: int, direction: int, button: int, source: int) -> None:
        window = self._by_xid.get(xid)
        if window is not None:
            for observer in tuple(self._observers):
                observer.moveresize_requested(window, x, y, direction, button)

    def cursor_changed(self, cursor: CursorImage | None) -> None:
        self.cursor = cursor
        for observer in tuple(self._observers):
            observer.cursor_changed(cursor)

    def bell(self, bell: Bell) -> None:
        window = self.window_of(bell.xid)
        for observer in tuple(self._observers):
            observer.bell(window, bell)
