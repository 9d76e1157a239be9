"""For tests of the Qt user interface: the process it runs in, and an X11 connection that looks at its windows."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

import xcffib
import xcffib.xfixes
import xcffib.xproto
import xcffib.xtest

from limpet.client.messages import (
    CreateWindow,
    Exited,
    Paint,
    PaintDone,
    Quit,
    ScreensChanged,
    UiCommand,
    WindowMapped,
    WindowProperties,
)
from limpet.values import PixelFormat, Pixels, Rect, WindowId

ROOT = Path(__file__).parents[3]
TIMEOUT_S = 20.0
_MARK = WindowId(999_999)

E = TypeVar("E")


class UiProcess:
    """The user interface in a child process; all waits are for its events."""

    def __init__(self, environment: dict[str, str]) -> None:
        ours, theirs = socket.socketpair()
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.client.ui.host", str(theirs.fileno())],
                pass_fds=(theirs.fileno(),),
                cwd=ROOT,
                env={**kept, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", **environment},
                stderr=subprocess.PIPE,
                text=True,
            )
        self._pipe = Connection(ours.detach())
        self.seen: list[Any] = []

    def post(self, *commands: UiCommand) -> None:
        for command in commands:
            self._pipe.send(command)

    def wait(self, kind: type[E], test: Callable[[E], bool] = lambda _: True) -> E:
        """The first event of this kind, from the ones not waited for yet; what came before it is dropped."""
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            for index, event in enumerate(self.seen):
                if isinstance(event, kind) and test(event):
                    del self.seen[: index + 1]
                    return event
            if not self._pipe.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError(f"no {kind.__name__} came; seen: {self.seen}")
            self.seen.append(self._pipe.recv())

    def settle(self) -> list[Any]:
        """All events up to now, not waited for yet; what was commanded before has reached the X server then.

        The answer to a picture for no window marks the point. It takes two: Qt sends its requests to the X server
        after the commands that wait at one time.
        """
        return self._marked() + self._marked()

    def _marked(self) -> list[Any]:
        self.post(paint(_MARK, Rect(0, 0, 1, 1), (0, 0, 0)))
        events: list[Any] = []
        deadline = time.monotonic() + TIMEOUT_S
        while True:
            while self.seen:
                event = self.seen.pop(0)
                if isinstance(event, PaintDone) and event.window_id == _MARK:
                    return events
                events.append(event)
            if not self._pipe.poll(max(0.0, deadline - time.monotonic())):
                raise TimeoutError("the user interface does not answer")
            self.seen.append(self._pipe.recv())

    def window(self, window_id: int, rect: Rect, **fields: Any) -> WindowMapped:
        """Create a window and wait until it is on the screen. Fields of CreateWindow or of WindowProperties."""
        own = {name: fields.pop(name) for name in ("override_redirect", "place", "icon") if name in fields}
        fields.setdefault("title", f"window {window_id}")
        wid = WindowId(window_id)
        self.post(CreateWindow(wid, rect, properties=WindowProperties(**fields), **own))
        return self.wait(WindowMapped, lambda event: event.window_id == window_id)

    def paint(self, command: Paint) -> PaintDone:
        self.post(command)
        return self.wait(PaintDone, lambda event: event.sequence == command.sequence)

    def quit(self, code: int = 0, errors: str = "") -> int:
        """End it; `errors` is what it must have written to stderr."""
        self.post(Quit(code))
        self.wait(Exited)
        self._pipe.close()
        status = self.process.wait(TIMEOUT_S)
        assert self.process.stderr is not None
        assert self.process.stderr.read() == errors
        return status

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self.process.stderr is not None:
            self.process.stderr.close()
        self._pipe.close()


@contextmanager
def ui_process(environment: dict[str, str]) -> Iterator[UiProcess]:
    """A user interface that has said which screens it has; it must end without a word on stderr."""
    ui = UiProcess(environment)
    try:
        ui.wait(ScreensChanged)
        yield ui
        assert ui.quit() == 0
    finally:
        ui.stop()


def paint(window_id: WindowId, rect: Rect, bgr: tuple[int, int, int], sequence: int = 1, flush: int = 0) -> Paint:
    """A picture of one colour."""
    return Paint(window_id, rect, plain(rect, bgr), sequence, flush)


def plain(rect: Rect, bgr: tuple[int, int, int]) -> Pixels:
    data = bytes((*bgr, 0xFF)) * (rect.width * rect.height)
    return Pixels(rect.width, rect.height, PixelFormat.BGRX, rect.width * 4, data)


def pattern(width: int, height: int) -> Pixels:
    """A picture in which every pixel differs from its neighbours and tells where it is."""
    rows = [
        bytes(b for x in range(width) for b in (x & 0xFF, y & 0xFF, (x * 7 + y * 13) & 0xFF, 0xFF))
        for y in range(height)
    ]
    return Pixels(width, height, PixelFormat.BGRX, width * 4, b"".join(rows))


def rgb_rows(pixels: Pixels) -> list[bytes]:
    """The rows of a BGRX picture with the unused byte zeroed."""
    rows = []
    for y in range(pixels.height):
        row = bytearray(bytes(pixels.data)[y * pixels.rowstride : y * pixels.rowstride + pixels.width * 4])
        row[3::4] = bytes(pixels.width)
        rows.append(bytes(row))
    return rows


class XView:
    """A second X11 connection, to look at windows as the window manager and the user would."""

    def __init__(self, display: str) -> None:
        self.display = display
        self.connection = xcffib.connect(display=display)
        self.core = self.connection.core
        self.screen = self.connection.get_setup().roots[0]
        self.root = self.screen.root
        self.xtest = self.connection(xcffib.xtest.key)
        self._atoms: dict[str, int] = {}

    def close(self) -> None:
        self.connection.disconnect()

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self.core.InternAtom(False, len(name), name).reply().atom
        return self._atoms[name]

    def property(self, window: int, name: str) -> Any:
        return self.core.GetProperty(False, window, self.atom(name), 0, 0, 1 << 20).reply().value

    def text(self, window: int, name: str) -> str:
        return bytes(self.property(window, name).buf()).decode()

    def numbers(self, window: int, name: str) -> list[int]:
        return list(self.property(window, name).to_atoms())

    def atom_names(self, window: int, name: str) -> list[str]:
        return [self.core.GetAtomName(atom).reply().name.to_string() for atom in self.numbers(window, name)]

    def find(self, title: str) -> int:
        """The window with this title (a child of the root: there is no window manager here)."""
        for window in self.core.QueryTree(self.root).reply().children:
            with suppress(xcffib.xproto.WindowError):  # it went after it was listed
                if self.text(window, "_NET_WM_NAME") == title:
                    return int(window)
        raise LookupError(title)

    def rect(self, window: int) -> Rect:
        geometry = self.core.GetGeometry(window).reply()
        place = self.core.TranslateCoordinates(window, self.root, 0, 0).reply()
        return Rect(place.dst_x, place.dst_y, geometry.width, geometry.height)

    def image(self, window: int, rect: Rect) -> list[bytes]:
        """Rows of BGRX pixels as they are on the screen, the unused byte zeroed."""
        reply = self.core.GetImage(
            xcffib.xproto.ImageFormat.ZPixmap, window, rect.x, rect.y, rect.width, rect.height, 0xFFFFFFFF
        ).reply()
        data = bytes(reply.data.buf())
        return rgb_rows(Pixels(rect.width, rect.height, PixelFormat.BGRX, rect.width * 4, data))

    def wait_image(self, window: int, rect: Rect, test: Callable[[list[bytes]], bool]) -> None:
        """Wait until a part of the screen looks as it should, for what Qt paints by itself and does not tell of."""
        deadline = time.monotonic() + TIMEOUT_S
        while not test(self.image(window, rect)):
            if time.monotonic() > deadline:
                raise TimeoutError("the window does not look as it should")

    def pixel(self, window: int, x: int, y: int) -> tuple[int, ...]:
        return tuple(self.image(window, Rect(x, y, 1, 1))[0][:3])

    def move_resize(self, window: int, rect: Rect) -> None:
        mask = xcffib.xproto.ConfigWindow
        self.core.ConfigureWindow(
            window, mask.X | mask.Y | mask.Width | mask.Height, [rect.x, rect.y, rect.width, rect.height]
        )
        self.connection.flush()

    def focus(self, window: int) -> None:
        self.core.SetInputFocus(xcffib.xproto.InputFocus.PointerRoot, window, 0)
        self.connection.flush()

    def set_cardinals(self, window: int, name: str, kind: str, values: list[int]) -> None:
        self.core.ChangeProperty(
            xcffib.xproto.PropMode.Replace, window, self.atom(name), self.atom(kind), 32, len(values), values
        )
        self.connection.flush()

    def ask_close(self, window: int) -> None:
        """What a window manager sends when the user closes a window (ICCCM 4.2.8.1)."""
        data = xcffib.xproto.ClientMessageData.synthetic([self.atom("WM_DELETE_WINDOW"), 0, 0, 0, 0], "I" * 5)
        event = xcffib.xproto.ClientMessageEvent.synthetic(32, window, self.atom("WM_PROTOCOLS"), data)
        self.core.SendEvent(False, window, 0, event.pack())
        self.connection.flush()

    def fake(self, kind: int, detail: int, x: int = 0, y: int = 0) -> None:
        """One event of the XTEST extension."""
        self.xtest.FakeInput(kind, detail, 0, self.root, x, y, 0)
        self.connection.flush()

    def pointer_to(self, x: int, y: int) -> None:
        self.fake(6, 0, x, y)

    def button(self, number: int, *, pressed: bool) -> None:
        self.fake(4 if pressed else 5, number)

    def key(self, keysym: int, *, pressed: bool) -> None:
        self.fake(2 if pressed else 3, self.keycode(keysym))

    def keycode(self, keysym: int) -> int:
        setup = self.connection.get_setup()
        first, count = setup.min_keycode, setup.max_keycode - setup.min_keycode + 1
        reply = self.core.GetKeyboardMapping(first, count).reply()
        for index, value in enumerate(reply.keysyms):
            if value == keysym:
                return int(first + index // reply.keysyms_per_keycode)
        raise LookupError(hex(keysym))

    def cursor(self) -> Any:
        """The pointer's image as it is on the screen."""
        fixes = self.connection(xcffib.xfixes.key)
        fixes.QueryVersion(5, 0).reply()
        return fixes.GetCursorImage().reply()

    def watch_keys(self, window: int) -> None:
        """Get the key events of a window, too."""
        mask = xcffib.xproto
        self.core.ChangeWindowAttributes(window, mask.CW.EventMask, [mask.EventMask.KeyPress])
        self.connection.flush()

    def wait_presses(self, count: int) -> None:
        """Wait until a watched window got so many presses, repeats among them."""
        while count:
            if isinstance(self.connection.wait_for_event(), xcffib.xproto.KeyPressEvent):
                count -= 1
