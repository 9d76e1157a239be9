"""Programs under test: started in a folder of their own, waited for by what they show, ended on every path."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 30.0
"""longer than anything takes on a busy machine; nothing waits that long unless it fails"""
POLL_S = 0.03
_END_GRACE_S = 8.0
_MARK = "LIMPET_TEST_FOLDER"
"""environment variable by which everything that a test started, however deep, is found again"""

T = TypeVar("T")


class Late(AssertionError):
    """Something did not happen in time, or can no longer happen."""


def until(probe: Callable[[], T | None], what: str, seconds: float = PATIENCE_S) -> T:
    """Repeat `probe` until it gives something true, and return that. Raises `Late` naming `what`."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        if time.monotonic() > end:
            raise Late(f"{what}: not within {seconds:.0f} s")
        time.sleep(POLL_S)


class Running:
    """A program that was started; its standard output and errors are in one file."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def says(self, text: str, seconds: float = PATIENCE_S) -> None:
        """Wait until `text` is in its output."""

        def probe() -> bool:
            ended = self.process.poll()
            if text in self.output:
                return True
            if ended is not None:
                raise Late(f"{self.name} ended with status {ended} and did not say {text!r}")
            return False

        until(probe, f"{self.name} says {text!r}", seconds)

    def ends(self, seconds: float = PATIENCE_S) -> int:
        """Wait for its end; the exit status."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Late(f"{self.name} still runs after {seconds:.0f} s") from None

    def must_run(self) -> None:
        if self.process.poll() is not None:
            raise Late(f"{self.name} ended with status {self.process.returncode}")

    def kill(self) -> None:
        """SIGKILL to the process alone, as the kernel does when memory is short."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to the whole group when that does not help."""
        self.process.terminate()
        try:
            self.process.wait(_END_GRACE_S)
        except subprocess.TimeoutExpired:
            os.killpg(self.pid, signal.SIGKILL)
            self.process.wait()


def environment(folder: Path, **extra: str) -> dict[str, str]:
    """A user's environment with a home and a runtime folder below `folder`, and no display unless given."""
    home, runtime = folder / "home", folder / "run"
    home.mkdir(exist_ok=True, parents=True)
    runtime.mkdir(mode=0o700, exist_ok=True)
    return {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(runtime),
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "SHELL": "/bin/sh",
        "USER": "root" if os.geteuid() == 0 else os.environ.get("USER", "user"),
        "PYTHONPATH": f"{ROOT / 'src'}",
        _MARK: str(folder),
        **extra,
    }


def limpet(*words: str) -> tuple[str, ...]:
    """The command `limpet` of this checkout, whether it is installed or not."""
    return (sys.executable, "-m", "limpet.cli.main", *words)


def left_running(folder: Path) -> list[tuple[int, str]]:
    """Id and command of every process that a program of `folder` started and that is still there.

    Known by the mark in its environment, by its home, or (an X server, whose environment is a minimal one) by a path
    below `folder` on its command line.
    """
    marks = {f"{_MARK}={folder}".encode(), f"HOME={folder / 'home'}".encode()}
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            words = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            x_server = "Xvfb" in words and f"{folder}/" in words
            if x_server or marks & set((process / "environ").read_bytes().split(b"\0")):
                found.append((int(process.name), words.strip()))
    return found


def end_left_running(folder: Path) -> None:
    """Kill what is still there."""
    for pid, _ in left_running(folder):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    until(lambda: not left_running(folder), "killed processes are gone")
