"""An X display of our own for the windows under test: finding them, looking at their pixels, typing into them."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import xcffib
import xcffib.xproto as xp

from tests.support import pattern
from tests.support.processes import Late, Running, environment, until

TOLERANCE = 24
"""per colour channel, since pictures may come as JPEG"""


@dataclass(frozen=True)
class Seen:
    """A window that is on the screen."""

    xid: int
    title: str
    width: int
    height: int


@dataclass(frozen=True)
class Image:
    """Pixels of 32 bits, blue first, rows one after the other."""

    width: int
    height: int
    data: bytes

    def at(self, x: int, y: int) -> tuple[int, int, int]:
        """Red, green, blue."""
        offset = (y * self.width + x) * 4
        blue, green, red = self.data[offset : offset + 3]
        return red, green, blue


class Screen:
    """A connection to an X display, by its name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._connection = xcffib.connect(name)
        self._core = self._connection.core
        self._root: int = self._connection.get_setup().roots[0].root
        self._utf8_name = int(self._core.InternAtom(False, 12, "_NET_WM_NAME").reply().atom)

    def close(self) -> None:
        self._connection.disconnect()

    def windows(self) -> list[Seen]:
        """All windows with a title that are on the screen, children of others included."""
        return [window for window in self._walk(self._root, 3) if window.title]

    def find(self, title: str) -> Seen | None:
        """The window whose title contains `title`."""
        return next((window for window in self.windows() if title in window.title), None)

    def wait_for(self, title: str, *processes: Running) -> Seen:
        """Wait for the window; gives up when one of `processes` ends."""

        def probe() -> Seen | None:
            found = self.find(title)
            if found is None:
                for process in processes:
                    process.must_run()
            return found

        try:
            return until(probe, f"window {title!r} on {self.name}")
        except Late as error:
            raise Late(f"{error}; windows there: {self.windows()}") from None

    def wait_gone(self, title: str) -> None:
        until(lambda: self.find(title) is None, f"window {title!r} is gone from {self.name}")

    def grab(self, window: Seen) -> Image | None:
        """The window's pixels; None when it is gone or partly off the screen."""
        try:
            reply = self._core.GetImage(
                *(xp.ImageFormat.ZPixmap, window.xid, 0, 0, window.width, window.height, 0xFFFFFFFF)
            ).reply()
        except (xp.MatchError, xp.DrawableError):
            return None
        return Image(window.width, window.height, reply.data.buf())

    def save(self, path: Path) -> None:
        """The whole screen as PNG."""
        from PIL import Image as Picture

        geometry = self._core.GetGeometry(self._root).reply()
        image = self.grab(Seen(self._root, "", geometry.width, geometry.height))
        assert image is not None
        Picture.frombytes("RGB", (image.width, image.height), image.data, "raw", "BGRX").save(path)

    def focus(self, window: Seen) -> None:
        """Raise the window and give it the keyboard, as a user's click on its title bar does."""
        self._core.ConfigureWindow(window.xid, xp.ConfigWindow.StackMode, [xp.StackMode.Above])
        self._core.SetInputFocus(xp.InputFocus.PointerRoot, window.xid, xp.Time.CurrentTime)
        until(lambda: self._core.GetInputFocus().reply().focus == window.xid, f"{window.title} has the focus")

    def type(self, window: Seen, text: str, *keys: str) -> None:
        """Type `text`, then press `keys`, as the keyboard would."""
        self.focus(window)
        if text:
            self._xdotool("type", "--delay", "15", text)
        for key in keys:
            self._xdotool("key", key)

    def click(self, window: Seen, x: int, y: int, button: int = 1) -> None:
        """Press and release a button over the window."""
        self._point(window, x, y)
        self._xdotool("click", str(button))

    def press(self, window: Seen, x: int, y: int, button: int, *, key: str) -> None:
        """Press a button over the window, with a modifier key held for the moment."""
        self._point(window, x, y)
        self._xdotool("keydown", key, "mousedown", str(button), "keyup", key)

    def release(self, button: int) -> None:
        self._xdotool("mouseup", str(button))

    def _point(self, window: Seen, x: int, y: int) -> None:
        self.focus(window)
        place = self._core.TranslateCoordinates(window.xid, self._root, x, y).reply()
        self._xdotool("mousemove", str(place.dst_x), str(place.dst_y))

    def resize(self, window: Seen, width: int, height: int) -> None:
        """As a window manager does when the user drags an edge."""
        self._core.ConfigureWindow(window.xid, xp.ConfigWindow.Width | xp.ConfigWindow.Height, [width, height])
        self._connection.flush()

    def close_window(self, window: Seen) -> None:
        """As the button in the title bar does (ICCCM 4.2.8.1)."""
        protocols, delete = (
            self._core.InternAtom(False, len(name), name).reply().atom for name in ("WM_PROTOCOLS", "WM_DELETE_WINDOW")
        )
        client_message = 33
        event = struct.pack("=BBHII5I", client_message, 32, 0, window.xid, protocols, delete, 0, 0, 0, 0)
        self._core.SendEvent(False, window.xid, 0, event)
        self._connection.flush()

    def on_top(self) -> list[int]:
        """The top-level windows on the screen, with title or without, lowest first."""
        windows = self._core.QueryTree(self._root).reply().children
        return [xid for xid in windows if self._look(xid) is not None]

    def _xdotool(self, *words: str) -> None:
        subprocess.run(
            ["xdotool", *words], env={"DISPLAY": self.name, "PATH": os.environ["PATH"]}, check=True, timeout=30
        )

    def shows_pattern(self, window: Seen, generation: int) -> bool:
        """Whether every cell of the pattern is in the window, each looked at in five places."""
        image = self.grab(window)
        return image is not None and not differences(image, generation)

    def wait_pattern(self, window: Seen, generation: int) -> None:
        try:
            until(lambda: self.shows_pattern(window, generation), f"pattern {generation} in {window.title!r}")
        except Late as error:
            image = self.grab(window)
            raise Late(f"{error}: {differences(image, generation)[:3] if image else 'no pixels'}") from None

    def _walk(self, parent: int, depth: int) -> Iterator[Seen]:
        try:
            children = list(self._core.QueryTree(parent).reply().children)
        except xp.WindowError:
            return
        for xid in children:
            window = self._look(xid)
            if window is not None:
                yield window
                if depth > 1:
                    yield from self._walk(xid, depth - 1)

    def _look(self, xid: int) -> Seen | None:
        """None when it is not on the screen, or went away."""
        try:
            if self._core.GetWindowAttributes(xid).reply().map_state != xp.MapState.Viewable:
                return None
            geometry = self._core.GetGeometry(xid).reply()
            title = self._text(xid, self._utf8_name) or self._text(xid, xp.Atom.WM_NAME)
        except (xp.WindowError, xp.DrawableError):
            return None
        return Seen(xid, title, geometry.width, geometry.height)

    def _text(self, xid: int, atom: int) -> str:
        reply = self._core.GetProperty(False, xid, atom, xp.GetPropertyType.Any, 0, 256).reply()
        return bytes(reply.value.buf()).decode(errors="replace")


def differences(image: Image, generation: int) -> list[str]:
    """The places where `image` is not the pattern."""
    if (image.width, image.height) != (pattern.WIDTH, pattern.HEIGHT):
        return [f"size {image.width}x{image.height} and not {pattern.WIDTH}x{pattern.HEIGHT}"]
    wrong = []
    for row in range(pattern.ROWS):
        for column in range(pattern.COLUMNS):
            wanted = pattern.colour(generation, column, row)
            for dx, dy in ((20, 20), (8, 8), (31, 8), (8, 31), (31, 31)):
                x, y = column * pattern.CELL + dx, row * pattern.CELL + dy
                found = image.at(x, y)
                if max(abs(a - b) for a, b in zip(wanted, found, strict=True)) > TOLERANCE:
                    wrong.append(f"at {x},{y} {found} and not {wanted}")
    return wrong


@contextmanager
def x_server(folder: Path, size: str = "1600x1000x24") -> Iterator[str]:
    """An Xvfb without window manager on a free display; its name."""
    reading, writing = os.pipe()
    with (folder / "xvfb.log").open("wb") as log:
        process = subprocess.Popen(
            ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
            env=environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            pass_fds=(writing,),
            start_new_session=True,
        )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        assert number, (folder / "xvfb.log").read_text()
        yield f":{number}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def screen(folder: Path) -> Iterator[Screen]:
    with x_server(folder) as name:
        found = Screen(name)
        try:
            yield found
        finally:
            found.close()
