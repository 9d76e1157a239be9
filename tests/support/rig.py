"""Servers and clients under test, limpet's and stock ones, started the way their users start them."""

from __future__ import annotations

import itertools
import shlex
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.support import pattern
from tests.support.processes import (
    Running,
    end_left_running,
    environment,
    limpet,
    until,
)
from tests.support.screen import Screen, Seen
from tools import peers

XVFB = "Xvfb -screen 0 1600x1000x24 -nolisten tcp -noreset +extension Composite"
PATTERN_TITLE = "limpet-pattern"
XTERM_TITLE = "xterm"

_tags = itertools.count(1)


class Maker(Protocol):
    """One implementation of both roles: how its commands are typed, and how its server says that it is ready."""

    name: str
    ready: str

    def start(self, options: Sequence[str]) -> tuple[str, ...]: ...

    def attach(self, target: str, options: Sequence[str]) -> tuple[str, ...]: ...

    def command(self, *words: str) -> tuple[str, ...]: ...


class Limpet:
    """The checkout under test."""

    name = "limpet"
    ready = " is running, pid "

    def start(self, options: Sequence[str]) -> tuple[str, ...]:
        return limpet("start", "--daemon=no", *options)

    def attach(self, target: str, options: Sequence[str]) -> tuple[str, ...]:
        return limpet("attach", target, *options)

    def command(self, *words: str) -> tuple[str, ...]:
        return limpet(*words)


class Stock:
    """An xpra made by tools/peers.py."""

    ready = "xpra is ready."
    _SERVER_QUIRKS: Mapping[str, tuple[str, ...]] = {
        # its "video" encoder for webp raises on every frame where windows change fast
        "6.2.5": ("--video-encoders=none",),
    }
    # the helper that shows the progress of the start may end too early, and the client with it
    _CLIENT_QUIRKS: Mapping[str, tuple[str, ...]] = dict.fromkeys(("6.2.5", "6.5.5"), ("--splash=no",))

    def __init__(self, version: str) -> None:
        self.name = version
        self._peer = peers.PEERS[version]

    def start(self, options: Sequence[str]) -> tuple[str, ...]:
        quiet = (*peers.QUIET_SERVER, *self._peer.server_options, *self._SERVER_QUIRKS.get(self.name, ()))
        # without a line of its own it would make sockets in the folders that all sessions of the user share
        bind = () if any(option.startswith("--bind=") for option in options) else ("--bind=none",)
        return self.command("start", f":{peers.free_display()}", f"--xvfb={XVFB}", *bind, *quiet, *options)

    def attach(self, target: str, options: Sequence[str]) -> tuple[str, ...]:
        quiet = (*peers.QUIET_CLIENT, *self._peer.client_options, *self._CLIENT_QUIRKS.get(self.name, ()))
        return self.command("attach", target, *quiet, *options)

    def command(self, *words: str) -> tuple[str, ...]:
        return (str(self._peer.folder / "run-xpra"), *words)


def maker(name: str) -> Maker:
    """`limpet`, or a version of xpra."""
    return Limpet() if name == "limpet" else Stock(name)


@dataclass(frozen=True)
class Done:
    """A command that has ended."""

    status: int
    out: str
    err: str


class Rig:
    """What one test runs. Relative paths in options are in `folder`."""

    def __init__(self, folder: Path, screen: Screen) -> None:
        self.folder = folder
        self.screen = screen
        self.tag = f"{next(_tags):03}"
        self.title = f"{PATTERN_TITLE}-{self.tag}"
        self.keys = folder / "keys.txt"
        self.typed = folder / "typed.txt"
        self.running: list[Running] = []
        self._names = itertools.count(1)
        self._ports: dict[int, int] = {}

    def port(self, index: int = 0) -> int:
        """A free port; the same for the same index."""
        return self._ports.setdefault(index, peers.free_port())

    def run(self, name: str, command: Sequence[str], extra: Mapping[str, str] | None = None) -> Running:
        running = Running(
            f"{next(self._names)}-{name}", command, environment(self.folder, **(extra or {})), self.folder
        )
        self.running.append(running)
        return running

    def server(
        self, of: Maker, *options: str, programs: bool = True, extra: Mapping[str, str] | None = None
    ) -> Running:
        """Start a session with an xterm and a pattern and wait until it is ready."""
        starts = (f"--start={self.pattern_command()}", "--start=xterm") if programs else ()
        running = self.run(f"server-{of.name}", of.start([*starts, *options]), extra)
        running.says(of.ready)
        return running

    def client(self, of: Maker, target: str, *options: str, extra: Mapping[str, str] | None = None) -> Running:
        shown = {"DISPLAY": self.screen.name, "QT_QPA_PLATFORM": "xcb", **(extra or {})}
        return self.run(f"client-{of.name}", of.attach(target, options), shown)

    def command(self, of: Maker, *words: str, seconds: float = 30, extra: Mapping[str, str] | None = None) -> Done:
        """Run a command to its end."""
        done = subprocess.run(
            of.command(*words),
            cwd=self.folder,
            env=environment(self.folder, **(extra or {})),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        return Done(done.returncode, done.stdout, done.stderr)

    def pattern_command(self) -> str:
        words = (sys.executable, pattern.__file__, "--title", self.title, "--keys", str(self.keys))
        return shlex.join(words)

    def pattern_window(self, *processes: Running) -> Seen:
        return self.screen.wait_for(self.title, *processes)

    def use(self, *processes: Running) -> None:
        """Look at the session's pixels in the client, type into both its windows, and see that it arrives."""
        window = self.pattern_window(*processes)
        self.screen.focus(window)
        self.screen.wait_pattern(window, 0)
        self.screen.type(window, "", "x", "Y")
        until(lambda: self.keys_typed() == ["x", "Y"], f"keys x and Y reach the application; it has {self.keys}")
        # the Shift of the Y is a key like another
        self.screen.wait_pattern(window, len(self.keys_typed(modifiers=True)))
        self.type_into_xterm(*processes)

    def keys_typed(self, *, modifiers: bool = False) -> list[str]:
        keys = self.keys.read_text().split() if self.keys.exists() else []
        return [key for key in keys if "@" not in key and (modifiers or not key.startswith("0x"))]

    def clicks(self) -> list[str]:
        """What the application saw of the pointer: "button1@X,Y"."""
        return [line for line in self.keys.read_text().split() if "@" in line] if self.keys.exists() else []

    def type_into_xterm(self, *processes: Running) -> None:
        """A command typed into the client's xterm runs in the session."""
        text = f"Sealed-{self.tag}!"
        assert self.in_xterm(f"echo '{text}'", *processes) == text

    def in_xterm(self, command: str, *processes: Running) -> str:
        """Run a command by typing it into the client's xterm; what it says."""
        xterm = self.screen.wait_for(XTERM_TITLE, *processes)
        self.typed.unlink(missing_ok=True)
        self.screen.type(xterm, f"{command} >{self.typed.name}", "Return")
        until(
            lambda: self.typed.exists() and self.typed.read_text().endswith("\n"), f"{command} says it in the session"
        )
        return self.typed.read_text().strip()

    def stop(self) -> None:
        """The clients first, so that they do not try to come back."""
        for running in reversed(self.running):
            running.stop()

    def begin_again(self) -> None:
        """End what runs and forget what was typed: another attempt in the same folder, on other ports."""
        self.stop()
        self.keys.unlink(missing_ok=True)
        self.typed.unlink(missing_ok=True)
        self._ports.clear()
        self.screen.wait_gone(self.title)

    def story(self) -> list[tuple[str, str]]:
        """Command and end of the output of everything that ran; a picture of the screen is left as screen.png."""
        self.screen.save(self.folder / "screen.png")
        return [
            (running.name, f"$ {shlex.join(running.command)}\n{running.output[-6000:]}\n-> {running.process.poll()}")
            for running in self.running
        ]


@contextmanager
def rig(folder: Path, screen: Screen) -> Iterator[Rig]:
    made = Rig(folder, screen)
    try:
        yield made
    finally:
        try:
            made.stop()
        finally:
            end_left_running(folder)
            # the screen is everybody's: nothing of ours stays on it
            made.screen.wait_gone(made.title)
