"""`make demo`: an xterm on an encrypted session, seen and used through the client.

With a display the window opens on it and stays until it is closed. Without one, a virtual desktop is started, a
command is typed into the xterm through the client, and a screenshot is saved.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import xcffib.xproto
from PIL import Image

from limpet.keysyms import char_keysym, keysym_name
from limpet.values import Size
from limpet.x11.connection import X11Connection
from limpet.x11.display import Xvfb, XvfbOptions
from limpet.x11.input import Input

WAIT_S = 20.0
POLL_S = 0.05
SETTLE_S = 0.3
KEY_S = 0.01
BACKGROUND = 0x4A6A80
DESKTOP = Size(1024, 700)
T = TypeVar("T")
LIMPET = (sys.executable, "-m", "limpet.cli.main")


class DemoError(Exception):
    """Something the demo waited for did not happen; the text says what and where to look."""


def main() -> int:
    """Run the demo; exit status 0 when the window was seen (and, without a display, used)."""
    parser = argparse.ArgumentParser(description="an xterm in an encrypted session")
    parser.add_argument("--screenshot", type=Path, default=Path("build/demo.png"), help="where to save the picture")
    parser.add_argument("--headless", action="store_true", help="use a virtual desktop even where there is a display")
    arguments = parser.parse_args()
    display = "" if arguments.headless else os.environ.get("DISPLAY", "")
    try:
        with tempfile.TemporaryDirectory(prefix="limpet-demo-") as folder, session(Path(folder)) as (port, key):
            attach = shown("attach", f"tcp:127.0.0.1:{port}", "--tcp-encryption=AES", f"--tcp-encryption-keyfile={key}")
            if display:
                print("The xterm's window opens on your display; close it to end the demo.", flush=True)
                return subprocess.run([*LIMPET, *attach, "--reconnect=no"], check=False).returncode
            headless(Path(folder), attach, arguments.screenshot)
    except (DemoError, subprocess.CalledProcessError) as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    return 0


def shown(*words: str) -> tuple[str, ...]:
    """Print a limpet command line as a person would type it."""
    print(f"$ limpet {shlex.join(words)}", flush=True)
    return words


@contextlib.contextmanager
def session(folder: Path) -> Iterator[tuple[int, Path]]:
    """A running session with an xterm behind AES: its port and its key file; stopped at the end."""
    key = folder / "key.txt"
    key.touch(mode=0o600)
    key.write_text(secrets.token_urlsafe(32))
    start = shown(
        "start",
        "--start=xterm -title limpet-demo",
        "--bind-tcp=127.0.0.1:0",
        "--tcp-encryption=AES",
        f"--tcp-encryption-keyfile={key}",
    )
    done = subprocess.run([*LIMPET, *start], stdout=subprocess.PIPE, text=True, check=True)
    print(done.stdout, end="", flush=True)
    port = re.search(r"tcp 127\.0\.0\.1:(\d+)", done.stdout)
    number = re.search(r"session (:\d+)", done.stdout)
    if port is None or number is None:
        raise DemoError("the session did not say where it listens")
    try:
        yield int(port[1]), key
    finally:
        subprocess.run([*LIMPET, *shown("stop", number[1])], check=True)


def headless(folder: Path, attach: tuple[str, ...], picture: Path) -> None:
    """Start a desktop, attach, type, look."""
    print("There is no display: starting a virtual desktop.", flush=True)
    private = folder / "desktop"
    private.mkdir(mode=0o700)
    desktop = Xvfb.start(XvfbOptions(folder=private, screen=DESKTOP))
    log = folder / "client.log"
    try:
        with log.open("wb") as out:
            client = subprocess.Popen(
                [*LIMPET, *attach], env=environment(desktop.environment()), stdout=out, stderr=out
            )
        try:
            use(desktop, client, folder / "typed", log)
            save(desktop, picture)
        finally:
            client.terminate()
            client.wait(timeout=10)
    finally:
        desktop.stop()
    print(f"screenshot: {picture.resolve()}", flush=True)


def environment(display: Mapping[str, str]) -> dict[str, str]:
    """Ours, with the virtual desktop as the display."""
    kept = {name: value for name, value in os.environ.items() if name not in ("WAYLAND_DISPLAY", "DISPLAY")}
    return {**kept, **display, "QT_QPA_PLATFORM": "xcb"}


def use(desktop: Xvfb, client: subprocess.Popen[bytes], marker: Path, log: Path) -> None:
    """Wait for the window, type a command into it, wait until it has run on the server."""

    def problem(what: str) -> DemoError:
        return DemoError(f"{what}\n{log.read_text(errors='replace')}")

    connection = desktop.connect()
    try:
        paint_background(connection)
        window = wait_for(lambda: find_window(connection, "limpet-demo"), client)
        if window is None:
            raise problem("the xterm's window did not appear")
        print("The window is there; typing into it.", flush=True)
        geometry = connection.reply(connection.core.GetGeometry(window))
        keyboard = Input(connection)
        keyboard.pointer_move(geometry.x + geometry.width // 2, geometry.y + geometry.height // 2)
        connection.core.SetInputFocus(xcffib.xproto.InputFocus.PointerRoot, window, 0)
        connection.sync()
        type_text(keyboard, f"clear; echo 'typed on the client, run on the server'; echo ok > {marker}\n")
        if wait_for(lambda: marker.exists() or None, client) is None:
            raise problem("the command that was typed did not run on the server")
        settle(connection)
        print("The command has run on the server, and its output is on the desktop.", flush=True)
    finally:
        connection.close()


def wait_for(look: Callable[[], T | None], client: subprocess.Popen[bytes]) -> T | None:
    """What `look` finds, as soon as it does; None after `WAIT_S` or when the client has ended."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until and client.poll() is None:
        found = look()
        if found is not None:
            return found
        time.sleep(POLL_S)
    return None


def find_window(connection: X11Connection, title: str) -> int | None:
    """A mapped top-level window whose WM_NAME is `title`."""
    tree = connection.reply(connection.core.QueryTree(connection.root))
    for child in tree.children:
        attributes = connection.reply(connection.core.GetWindowAttributes(child))
        name = connection.reply(
            connection.core.GetProperty(False, child, xcffib.xproto.Atom.WM_NAME, xcffib.xproto.Atom.Any, 0, 64)
        )
        if attributes.map_state == xcffib.xproto.MapState.Viewable and title in name.value.to_string():
            return int(child)
    return None


def type_text(keyboard: Input, text: str) -> None:
    """Press and release the key of each character."""
    for char in text:
        name = "Return" if char == "\n" else keysym_name(char_keysym(char)) or ""
        keyboard.key(name, pressed=True)
        keyboard.key(name, pressed=False)
        # two presses of one key within a millisecond look like an auto-repeat to Qt, and no finger does that
        time.sleep(KEY_S)


def settle(connection: X11Connection) -> None:
    """Return when the desktop has looked the same for a moment."""
    last = b""
    while (now := pixels(connection)) != last:
        last = now
        time.sleep(SETTLE_S)


def paint_background(connection: X11Connection) -> None:
    """A plain colour, so that the window's edges are seen."""
    core = connection.core
    core.ChangeWindowAttributes(connection.root, xcffib.xproto.CW.BackPixel, [BACKGROUND])
    core.ClearArea(False, connection.root, 0, 0, 0, 0)
    connection.sync()


def pixels(connection: X11Connection) -> bytes:
    """The desktop as it is now, BGRX."""
    size = connection.initial_screen_size
    image = connection.reply(
        connection.core.GetImage(
            xcffib.xproto.ImageFormat.ZPixmap, connection.root, 0, 0, size.width, size.height, 0xFFFFFFFF
        )
    )
    return bytes(image.data)


def save(desktop: Xvfb, picture: Path) -> None:
    """Save the desktop as PNG."""
    picture.parent.mkdir(parents=True, exist_ok=True)
    connection = desktop.connect()
    try:
        size = connection.initial_screen_size
        data = pixels(connection)
    finally:
        connection.close()
    Image.frombytes("RGB", (size.width, size.height), data, "raw", "BGRX").save(picture)


if __name__ == "__main__":
    sys.exit(main())
