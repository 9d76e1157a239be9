"""A user interface without a display: windows are images in memory. For tests and measurements.

Commands are done in the thread that posts them, so a picture posted is a picture painted.
"""

from __future__ import annotations

import threading
import time
from dataclasses import field, replace

from limpet.client.messages import (
    AskPassword,
    CreateWindow,
    CursorImage,
    DestroyAllWindows,
    DestroyWindow,
    Exited,
    MoveResize,
    Paint,
    PaintDone,
    PaintResult,
    PasswordEntered,
    Quit,
    ScreenInfo,
    ScreensChanged,
    Scroll,
    SetCursor,
    SetIcon,
    ShowStatus,
    UiCommand,
    UiEvent,
    UpdateMetadata,
    WindowMapped,
    WindowProperties,
)
from limpet.client.ui.base import UiEventSink, bounded_rect, pixels_problem, scroll_problem
from limpet.records import dataclass
from limpet.values import PixelFormat, Pixels, Rect, Secret, Size, WindowId

_DESKTOP = Size(1920, 1080)

_BYTES = {
    PixelFormat.BGRX: (0, 1, 2),
    PixelFormat.BGRA: (0, 1, 2, 3),
    PixelFormat.RGBX: (2, 1, 0),
    PixelFormat.RGBA: (2, 1, 0, 3),
    PixelFormat.RGB: (2, 1, 0),
    PixelFormat.BGR: (0, 1, 2),
    PixelFormat.XRGB: (3, 2, 1),
    PixelFormat.ARGB: (3, 2, 1, 0),
}
"""where blue, green, red and alpha are in a pixel"""


@dataclass
class HeadlessWindow:
    """One window: what the server said of it, and its picture (4 bytes per pixel: B, G, R, X or premultiplied A)."""

    window_id: WindowId
    rect: Rect
    override_redirect: bool
    properties: WindowProperties
    icon: Pixels | None
    resize_counter: int = 0
    image: bytearray = field(default_factory=bytearray)
    updates: int = 0
    """complete updates, that is paints with flush 0"""


class HeadlessUi:
    """A `Ui` whose `run` waits for `Quit`. `password` answers every `AskPassword` (None cancels)."""

    def __init__(
        self,
        events: UiEventSink,
        *,
        desktop: Size = _DESKTOP,
        password: Secret | None = None,
        auto_map: bool = True,
    ) -> None:
        self._events = events
        self._desktop = desktop
        self._password = password
        self._auto_map = auto_map
        self._changed = threading.Condition(threading.RLock())
        self._windows: dict[WindowId, HeadlessWindow] = {}
        self._commands: list[UiCommand] = []
        self._cursor: CursorImage | None = None
        self._status: str | None = None
        self._quit: Quit | None = None

    # -- Ui ---------------------------------------------------------------------------------------------------

    def run(self) -> int:
        screen = ScreenInfo(
            "headless",
            Rect(0, 0, self._desktop.width, self._desktop.height),
            508,
            286,
            Rect(0, 0, self._desktop.width, self._desktop.height),
        )
        self._events.put(ScreensChanged(self._desktop, (screen,), 96))
        with self._changed:
            self._changed.wait_for(lambda: self._quit is not None)
            code = self._quit.exit_code if self._quit is not None else 0
        self._events.put(Exited(code))
        return code

    def post(self, command: UiCommand) -> bool:
        with self._changed:
            if self._quit is None:
                if not isinstance(command, (Paint, Scroll)):
                    self._commands.append(command)
                self._do(command)
                self._changed.notify_all()
        return True

    # -- for tests --------------------------------------------------------------------------------------------

    @property
    def windows(self) -> dict[WindowId, HeadlessWindow]:
        """The windows as they are now, by id."""
        with self._changed:
            return dict(self._windows)

    @property
    def cursor(self) -> CursorImage | None:
        return self._cursor

    @property
    def status(self) -> str | None:
        return self._status

    @property
    def commands(self) -> tuple[UiCommand, ...]:
        """All commands but pictures, in order."""
        with self._changed:
            return tuple(self._commands)

    def pixels(self, window_id: WindowId) -> Pixels:
        """A copy of the window's picture; KeyError if there is no such window."""
        with self._changed:
            window = self._windows[window_id]
            size = window.rect.size
            has_alpha = window.properties.has_alpha
            pixel_format = PixelFormat.BGRA if has_alpha else PixelFormat.BGRX
            return Pixels(size.width, size.height, pixel_format, size.width * 4, bytes(window.image))

    def inject(self, event: UiEvent) -> None:
        """Do as if the user had done this."""
        self._events.put(event)

    def wait_window(
        self, *, title: str | None = None, window_id: WindowId | None = None, timeout: float = 10.0
    ) -> HeadlessWindow:
        """Wait until a window with this title or id is there; TimeoutError."""

        def find() -> HeadlessWindow | None:
            for window in self._windows.values():
                if title in (None, window.properties.title) and window_id in (None, window.window_id):
                    return window
            return None

        with self._changed:
            if not self._changed.wait_for(lambda: find() is not None, timeout):
                raise TimeoutError(f"no window with title {title!r}, id {window_id}")
            window = find()
            assert window is not None
            return window

    def wait_pixel(self, window_id: WindowId, x: int, y: int, bgr: tuple[int, int, int], timeout: float = 10.0) -> None:
        """Wait until a pixel has this colour; TimeoutError."""

        def there() -> bool:
            window = self._windows.get(window_id)
            if window is None or x >= window.rect.width or y >= window.rect.height:
                return False
            at = (y * window.rect.width + x) * 4
            return tuple(window.image[at : at + 3]) == bgr

        with self._changed:
            if not self._changed.wait_for(there, timeout):
                raise TimeoutError(f"pixel {x},{y} of window {window_id} is not {bgr}")

    def wait_updates(self, window_id: WindowId, count: int, timeout: float = 10.0) -> None:
        """Wait until the window had `count` complete updates since it was created; TimeoutError."""

        def there() -> bool:
            window = self._windows.get(window_id)
            return window is not None and window.updates >= count

        with self._changed:
            if not self._changed.wait_for(there, timeout):
                raise TimeoutError(f"fewer than {count} updates of window {window_id}")

    # -- commands ---------------------------------------------------------------------------------------------

    def _do(self, command: UiCommand) -> None:
        match command:
            case CreateWindow():
                self._create(command)
            case DestroyWindow(window_id):
                self._windows.pop(window_id, None)
            case DestroyAllWindows():
                self._windows.clear()
            case Paint() | Scroll():
                self._events.put(self._draw(command))
            case UpdateMetadata(window_id, properties):
                if window := self._windows.get(window_id):
                    window.properties = properties
            case SetIcon(window_id, icon):
                if window := self._windows.get(window_id):
                    window.icon = icon
            case MoveResize():
                self._move_resize(command)
            case SetCursor(cursor):
                self._cursor = cursor
            case ShowStatus(text):
                self._status = text
            case AskPassword():
                self._events.put(PasswordEntered(command.token, self._password))
            case Quit():
                self._quit = command
            case _:
                pass  # kept in `commands` for the test to look at

    def _create(self, command: CreateWindow) -> None:
        rect = bounded_rect(command.rect)
        window = HeadlessWindow(command.window_id, rect, command.override_redirect, command.properties, command.icon)
        window.image = bytearray(rect.area * 4)
        self._windows[command.window_id] = window
        if self._auto_map:
            self._events.put(WindowMapped(command.window_id, rect, command.properties.states))

    def _move_resize(self, command: MoveResize) -> None:
        window = self._windows.get(command.window_id)
        if window is None:
            return
        rect = command.rect if command.move else replace(command.rect, x=window.rect.x, y=window.rect.y)
        window.resize_counter = command.resize_counter
        self.resize(command.window_id, bounded_rect(rect))

    def resize(self, window_id: WindowId, rect: Rect) -> None:
        """Give the window a new place; the picture keeps what still fits."""
        with self._changed:
            window = self._windows[window_id]
            old, old_width = window.image, window.rect.width
            image = bytearray(rect.area * 4)
            keep = min(old_width, rect.width) * 4
            for row in range(min(window.rect.height, rect.height)):
                image[row * rect.width * 4 : row * rect.width * 4 + keep] = old[
                    row * old_width * 4 : row * old_width * 4 + keep
                ]
            window.image, window.rect = image, rect

    def _draw(self, command: Paint | Scroll) -> PaintDone:
        started = time.perf_counter()
        size = command.rect.size if isinstance(command, Paint) else command.size
        window = self._windows.get(command.window_id)
        result, message = PaintResult.PAINTED, ""
        if window is None:
            result = PaintResult.NO_WINDOW
        else:
            message = _scroll(window, command) if isinstance(command, Scroll) else _paint(window, command)
            result = PaintResult.FAILED if message else PaintResult.PAINTED
        if window is not None and command.flush == 0:
            window.updates += 1
        elapsed = command.decode_us + max(1, round((time.perf_counter() - started) * 1e6))
        return PaintDone(command.window_id, command.sequence, size, elapsed, result, message, command.token)


def _paint(window: HeadlessWindow, command: Paint) -> str:
    pixels, rect = command.pixels, command.rect
    message = pixels_problem(pixels, rect)
    if message:
        return message
    area = rect.intersect(Rect(0, 0, window.rect.width, window.rect.height))
    data, depth, width = memoryview(pixels.data).cast("B"), pixels.format.bytes_per_pixel, window.rect.width
    order = _BYTES[pixels.format]
    for y in range(area.y, area.bottom):
        start = (y - rect.y) * pixels.rowstride + (area.x - rect.x) * depth
        row = data[start : start + area.width * depth]
        at = (y * width + area.x) * 4
        if depth == 4 and order[:3] == (0, 1, 2):
            window.image[at : at + area.width * 4] = row
            continue
        for channel, source in enumerate(order):
            window.image[at + channel : at + area.width * 4 : 4] = bytes(row[source::depth])
    return ""


def _scroll(window: HeadlessWindow, command: Scroll) -> str:
    message = scroll_problem(command)
    if message:
        return message
    before, width = bytes(window.image), window.rect.width
    bounds = Rect(0, 0, width, window.rect.height)
    for copy in command.copies:
        source = copy.rect.intersect(bounds).translate(copy.dx, copy.dy).intersect(bounds).translate(-copy.dx, -copy.dy)
        for y in range(source.y, source.bottom):
            start = (y * width + source.x) * 4
            at = ((y + copy.dy) * width + source.x + copy.dx) * 4
            window.image[at : at + source.width * 4] = before[start : start + source.width * 4]
    return ""
