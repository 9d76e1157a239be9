"""`make demo`: an xterm in an encrypted session.

Makes a certificate and a password, starts a session that is reached by SSL only, and attaches to it. On a desktop the
xterm's window opens there, and the demo ends with it. Without one the demo starts an X server of its own, types a
command into the xterm through the client, and saves a picture of the screen.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import xcffib

ROOT = Path(__file__).resolve().parent.parent
PICTURE = Path("build", "demo.png")
SCREEN = (1024, 600)
BACKGROUND = 0x2F4858
XTERM = "xterm -fa Monospace -fs 12 -geometry 76x20+60+50"
TYPED = 'echo "This xterm runs on display $DISPLAY" | tee said.txt'
PATIENCE_S = 60.0
END_S = 10.0


class DemoError(Exception):
    """Something did not work; the text says what, and shows the log."""


def say(text: str) -> None:
    print(f"demo: {text}", flush=True)


def limpet(*words: str) -> list[str]:
    """The command, and the line that a user would type."""
    print(f"\n  $ {shlex.join(('limpet', *words))}\n", flush=True)
    return [sys.executable, "-m", "limpet.cli.main", *words]


def environment(**changes: str) -> dict[str, str]:
    sources = os.pathsep.join(filter(None, (str(ROOT / "src"), os.environ.get("PYTHONPATH", ""))))
    return {**os.environ, "PYTHONPATH": sources, **changes}


def wait_for(what: str, probe: Callable[[], bool], *running: Program) -> None:
    """Repeat `probe` until it is true; a program that ends meanwhile is an error."""
    end = time.monotonic() + PATIENCE_S
    while not probe():
        for program in running:
            program.must_run()
        if time.monotonic() > end:
            logs = "".join(program.shown() for program in running)
            raise DemoError(f"{what}: not within {PATIENCE_S:.0f} s{logs}")
        time.sleep(0.05)


class Program:
    """A program in the background, its output in a file; ended with the `with` block."""

    def __init__(self, name: str, command: Sequence[str], folder: Path, env: Mapping[str, str]) -> None:
        self._name = name
        self._log = folder / f"{name}.log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        try:
            self._process.wait(END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def output(self) -> str:
        return self._log.read_text(errors="replace")

    def must_run(self) -> None:
        if self._process.poll() is not None:
            raise DemoError(f"the {self._name} ended with status {self._process.returncode}{self.shown()}")

    def shown(self) -> str:
        return f"\n--- output of the {self._name}:\n{self.output.strip()}"


def prepare(folder: Path) -> None:
    """The certificate and the password of this one session."""
    say("a certificate and a password for this demo only")
    done = subprocess.run(
        limpet("setup-ssl", "cert.pem"),
        cwd=folder,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DemoError(f"setup-ssl failed with status {done.returncode}: {done.stderr.strip()}")
    password = folder / "password.txt"
    password.touch(mode=0o600)
    password.write_text(secrets.token_urlsafe(16))


def start_session(folder: Path) -> Program:
    """The server, ready; it ends with the xterm."""
    say("a session with an xterm, reached by SSL only, and with that password")
    words = limpet(
        *("start", f"--start-child={XTERM}", "--exit-with-children=yes", "--daemon=no"),
        *("--bind-ssl=127.0.0.1:0", "--ssl-cert=cert.pem", "--ssl-auth=file:filename=password.txt"),
    )
    # of its own, so that it does not show up among the user's sessions
    env = environment(XDG_RUNTIME_DIR=str(folder))
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY"):
        env.pop(name, None)
    server = Program("server", words, folder, env)
    try:
        wait_for("the session is ready", lambda: " is running, pid " in server.output, server)
    except DemoError:
        server.__exit__()
        raise
    for line in server.output.splitlines():
        if line.startswith(("limpet: session ", "limpet: listening on ssl ")):
            print(f"  {line}", flush=True)
            if "listening" in line:
                break
    return server


def target_of(server: Program) -> str:
    found = re.search(r"listening on ssl (127\.0\.0\.1:[0-9]+)", server.output)
    if found is None:
        raise DemoError(f"the server does not say where it listens{server.shown()}")
    return f"ssl:{found[1]}"


def attach_words(server: Program) -> list[str]:
    say("a client for it: it checks the certificate and proves that it knows the password")
    return limpet("attach", target_of(server), "--ssl-ca-certs=cert.pem", "--password-file=password.txt")


def on_desktop(folder: Path) -> None:
    """Show the window on the user's own screen until it is closed."""
    with start_session(folder) as server:
        words = attach_words(server)
        say("the xterm is on your screen now; the demo ends when you close it")
        status = subprocess.call(words, cwd=folder, env=environment())
    if status:
        raise DemoError(f"the client ended with status {status}; its message is above")
    say("the session is over")


def without_desktop(folder: Path, picture: Path) -> None:
    """Show the window on an X server of our own, use it, and save a picture."""
    say("the client gets a screen of its own")
    with own_screen(folder) as (name, screen), start_session(folder) as server:
        env = environment(DISPLAY=name, QT_QPA_PLATFORM="xcb")
        env.pop("WAYLAND_DISPLAY", None)
        with Program("client", attach_words(server), folder, env) as client:
            wait_for("the xterm's window", lambda: screen.shows("xterm"), client, server)
            print(f"  {client.output.strip()}", flush=True)
            say(f"typing into the xterm, through the client: {TYPED}")
            before = screen.pixels()
            screen.type_into("xterm", TYPED)
            said = folder / "said.txt"
            wait_for("the command's output", lambda: said.exists() and said.read_text().endswith("\n"), client, server)
            say(f"it ran in the session: {said.read_text().strip()}")
            screen.wait_settled(before)
            picture.parent.mkdir(parents=True, exist_ok=True)
            screen.save(picture)
            say(f"screenshot of what the client shows: {picture.resolve()}")


class Screen:
    """Our X server's screen, through a connection of our own."""

    def __init__(self, name: str) -> None:
        import xcffib
        import xcffib.xproto

        self._name = name
        self._x = xcffib.xproto
        self._connection: xcffib.Connection = xcffib.connect(name)
        self._core = self._connection.core
        self._root: int = self._connection.get_setup().roots[0].root
        self._core.ChangeWindowAttributes(self._root, self._x.CW.BackPixel, [BACKGROUND])
        self._core.ClearArea(False, self._root, 0, 0, 0, 0)
        self._connection.flush()

    def close(self) -> None:
        self._connection.disconnect()

    def shows(self, title: str) -> bool:
        return self._find(title) is not None

    def type_into(self, title: str, text: str) -> None:
        """As the keyboard would, into the window of that title, with Return at the end."""
        window = self._find(title)
        if window is None:
            raise DemoError(f"there is no window {title!r} any more")
        self._core.SetInputFocus(self._x.InputFocus.PointerRoot, window, self._x.Time.CurrentTime)
        self._connection.flush()
        env = {"DISPLAY": self._name, "PATH": os.environ.get("PATH", os.defpath)}
        for words in (("type", "--delay", "20", text), ("key", "Return")):
            try:
                subprocess.run(["xdotool", *words], env=env, check=True, timeout=PATIENCE_S)
            except (OSError, subprocess.SubprocessError) as error:
                raise DemoError(f"cannot type: {error}; is xdotool installed?") from error

    def pixels(self) -> bytes:
        """Of the whole screen, 32 bits each, blue first."""
        every_plane = 0xFFFFFFFF
        reply = self._core.GetImage(self._x.ImageFormat.ZPixmap, self._root, 0, 0, *SCREEN, every_plane).reply()
        return bytes(reply.data.buf())

    def wait_settled(self, before: bytes) -> None:
        """Until the picture is another than `before` and stays as it is."""
        seen, since = self.pixels(), time.monotonic()
        end = since + PATIENCE_S
        while seen == before or time.monotonic() - since < 0.5:
            if time.monotonic() > end:
                raise DemoError("the client's picture does not settle")
            time.sleep(0.1)
            now = self.pixels()
            if now != seen:
                seen, since = now, time.monotonic()

    def save(self, path: Path) -> None:
        from PIL import Image

        Image.frombytes("RGB", SCREEN, self.pixels(), "raw", "BGRX").save(path)

    def _find(self, title: str) -> int | None:
        """The window on the screen whose title contains `title`."""
        for window in self._core.QueryTree(self._root).reply().children:
            with contextlib.suppress(self._x.WindowError):
                shown = self._core.GetWindowAttributes(window).reply().map_state == self._x.MapState.Viewable
                name = self._core.GetProperty(
                    False, window, self._x.Atom.WM_NAME, self._x.GetPropertyType.Any, 0, 256
                ).reply()
                if shown and title in bytes(name.value.buf()).decode(errors="replace"):
                    return int(window)
        return None


@contextlib.contextmanager
def own_screen(folder: Path) -> Iterator[tuple[str, Screen]]:
    """An X server for this demo: its display name and a connection to it."""
    if shutil.which("Xvfb") is None:
        raise DemoError("Xvfb is not installed: apt-get install xvfb")
    reading, writing = os.pipe()
    size = f"{SCREEN[0]}x{SCREEN[1]}x24"
    process = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp", "-noreset"],
        pass_fds=(writing,),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    try:
        with os.fdopen(reading) as pipe:
            number = pipe.readline().strip()
        if not number:
            raise DemoError("Xvfb did not start; try it by hand: Xvfb -displayfd 1")
        screen = Screen(f":{number}")
        try:
            yield f":{number}", screen
        finally:
            screen.close()
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    parser = argparse.ArgumentParser(description="an xterm in an encrypted session")
    parser.add_argument("--screenshot", type=Path, default=PICTURE, help="where to save the picture")
    parser.add_argument("--headless", action="store_true", help="a screen of its own even where there is a desktop")
    options = parser.parse_args()
    desktop = not options.headless and bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    try:
        with tempfile.TemporaryDirectory(prefix="limpet-demo-") as name:
            folder = Path(name)
            prepare(folder)
            if desktop:
                on_desktop(folder)
            else:
                without_desktop(folder, options.screenshot)
    except DemoError as error:
        print(f"demo: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
