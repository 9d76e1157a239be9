"""The user interface as the network thread sees it, and the two bounded queues between them.

The network side holds a `Ui` (to `post` commands) and an `EventQueue` (to `drain` events); the user interface holds
the other ends. No Qt and no asyncio here: each end is woken by a callable the other one gives.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

from limpet.client.messages import (
    KeyChanged,
    Paint,
    PointerMoved,
    Quit,
    RoomAvailable,
    Scroll,
    ShowStatus,
    UiCommand,
    UiEvent,
    WheelMoved,
    WindowConfigured,
)
from limpet.values import Pixels, Rect

MAX_COMMANDS = 1024
MAX_PIXEL_BYTES = 64 * 1024 * 1024
MAX_EVENTS = 4096

MAX_WINDOWS = 1024
MAX_COORDINATE = 32767
"""of X11 (16 bits, signed)"""
MAX_WINDOW_PIXELS = 64 * 1024 * 1024
"""256 MiB of picture: more than twice an 8K screen's"""
MAX_ROWSTRIDE = 1024 * 1024
MAX_COPIES = 4096


class Ui(Protocol):
    """A user interface. `run` belongs to the main thread, `post` to any."""

    def run(self) -> int:
        """Show windows until `Quit` (returns its exit code). Sends `ScreensChanged` first and `Exited` last.

        Raises DisplayUnavailable if there is no desktop to show windows on, MissingDependency if Qt is not installed.
        """

    def post(self, command: UiCommand) -> bool:
        """Queue a command; never blocks. False = not taken, the queue is full: post it again after `RoomAvailable`.

        Commands may be posted before `run`. `Quit` and `ShowStatus` are always taken.
        """


class UiEventSink(Protocol):
    """Where a user interface puts its events."""

    def put(self, event: UiEvent) -> None:
        """Queue an event; never blocks."""


class CommandQueue:
    """Commands on their way to the user interface: at most `max_commands` and `max_pixel_bytes` of pixels.

    A single picture larger than `max_pixel_bytes` is taken when no other waits.
    """

    def __init__(self, *, max_commands: int = MAX_COMMANDS, max_pixel_bytes: int = MAX_PIXEL_BYTES) -> None:
        self._max_commands = max_commands
        self._max_pixel_bytes = max_pixel_bytes
        self._lock = threading.Lock()
        self._commands: deque[UiCommand] = deque()
        self._pixel_bytes = 0
        self._refused = False
        self._awake = False
        self._wake: Callable[[], None] | None = None

    def set_wake(self, wake: Callable[[], None] | None) -> None:
        """`wake` is called from the posting thread, once until the next `take`; at once if something waits already."""
        with self._lock:
            self._wake = wake
            self._awake = bool(self._commands) and wake is not None
            call = wake if self._awake else None
        if call is not None:
            call()

    def put(self, command: UiCommand) -> bool:
        """See `Ui.post`."""
        size = _pixel_bytes(command)
        with self._lock:
            if not self._has_room(size) and not isinstance(command, (Quit, ShowStatus)):
                self._refused = True
                return False
            self._commands.append(command)
            self._pixel_bytes += size
            wake = None if self._awake else self._wake
            self._awake = self._awake or wake is not None
        if wake is not None:
            wake()
        return True

    def _has_room(self, size: int) -> bool:
        if len(self._commands) >= self._max_commands:
            return False
        return size == 0 or self._pixel_bytes == 0 or self._pixel_bytes + size <= self._max_pixel_bytes

    def take(self) -> UiCommand | None:
        """The next command, or None: then the next `put` wakes again."""
        with self._lock:
            if not self._commands:
                self._awake = False
                return None
            command = self._commands.popleft()
            self._pixel_bytes -= _pixel_bytes(command)
            return command

    def room_again(self) -> bool:
        """True once after a refusal, when the queue is at most half full: then `RoomAvailable` is due."""
        with self._lock:
            half = len(self._commands) * 2 <= self._max_commands and self._pixel_bytes * 2 <= self._max_pixel_bytes
            if not self._refused or not half:
                return False
            self._refused = False
            return True


class EventQueue:
    """Events on their way to the network: bounded, so that a stalled network cannot eat memory.

    `wake` is called from the user interface's thread, once until the next `drain`, e.g.
    `lambda: loop.call_soon_threadsafe(handle_events)`. Of several motions in a row over one window only the last is
    kept, as of its configurations. In a full queue (`max_events`) motions, wheel clicks and key presses are dropped
    and counted in `dropped`; all else is taken, being bounded by the windows, pictures and keys there are.
    """

    def __init__(self, wake: Callable[[], None], *, max_events: int = MAX_EVENTS) -> None:
        self._wake = wake
        self._max_events = max_events
        self._lock = threading.Lock()
        self._events: deque[UiEvent] = deque()
        self._dropped = 0
        self._awake = False

    @property
    def dropped(self) -> int:
        """How many events were lost to a full queue."""
        return self._dropped

    def put(self, event: UiEvent) -> None:
        with self._lock:
            if self._events and _replaces(event, self._events[-1]):
                self._events[-1] = event
                return
            if len(self._events) >= self._max_events and _can_be_lost(event):
                self._dropped += 1
                return
            self._events.append(event)
            if self._awake:
                return
            self._awake = True
        self._wake()

    def drain(self) -> list[UiEvent]:
        """All that waits, oldest first."""
        with self._lock:
            events = list(self._events)
            self._events.clear()
            self._awake = False
            return events


def _replaces(event: UiEvent, last: UiEvent) -> bool:
    if isinstance(event, PointerMoved):
        return isinstance(last, PointerMoved) and last.window_id == event.window_id and last.buttons == event.buttons
    if isinstance(event, WindowConfigured):
        return isinstance(last, WindowConfigured) and last.window_id == event.window_id
    return isinstance(event, RoomAvailable) and isinstance(last, RoomAvailable)


def _can_be_lost(event: UiEvent) -> bool:
    if isinstance(event, KeyChanged):
        return event.pressed
    return isinstance(event, (PointerMoved, WheelMoved))


def _pixel_bytes(command: UiCommand) -> int:
    return memoryview(command.pixels.data).nbytes if isinstance(command, Paint) else 0


def pixels_problem(pixels: Pixels, rect: Rect) -> str:
    """Why `pixels` cannot be painted at `rect`: another size, too few bytes, an overlapping stride; "" if they can."""
    if rect.empty or not in_range(rect):
        return f"no rectangle for a picture: {rect.width}x{rect.height} at {rect.x},{rect.y}"
    if (pixels.width, pixels.height) != (rect.width, rect.height):
        return f"picture is {pixels.width}x{pixels.height} instead of {rect.width}x{rect.height}"
    row = pixels.width * pixels.format.bytes_per_pixel
    if not row <= pixels.rowstride <= MAX_ROWSTRIDE:
        return f"rowstride {pixels.rowstride} does not fit a row of {row} bytes"
    if memoryview(pixels.data).nbytes < pixels.rowstride * (pixels.height - 1) + row:
        return "picture has too few bytes"
    return ""


def scroll_problem(command: Scroll) -> str:
    """Why these copies cannot be done: too many, or numbers out of range; "" if they can."""
    if len(command.copies) > MAX_COPIES:
        return f"{len(command.copies)} scroll copies are too many"
    for copy in command.copies:
        if copy.rect.empty or not in_range(copy.rect) or max(abs(copy.dx), abs(copy.dy)) > MAX_COORDINATE:
            return f"no scroll copy: {copy}"
    return ""


def in_range(rect: Rect) -> bool:
    """All numbers are what an X11 screen can have."""
    return max(abs(rect.x), abs(rect.y), rect.width, rect.height) <= MAX_COORDINATE


def bounded_rect(rect: Rect) -> Rect:
    """A rectangle a window can have, whatever the peer says: 1x1 up to `MAX_WINDOW_PIXELS`, not far off the screen."""
    width = min(max(rect.width, 1), MAX_COORDINATE)
    height = min(max(rect.height, 1), MAX_COORDINATE, max(1, MAX_WINDOW_PIXELS // width))
    x = min(max(rect.x, -MAX_COORDINATE), MAX_COORDINATE)
    y = min(max(rect.y, -MAX_COORDINATE), MAX_COORDINATE)
    return Rect(x, y, width, height)
