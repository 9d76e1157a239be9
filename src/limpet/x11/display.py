"""Life cycle of the virtual X server: start, readiness, death, stop.

The server gets its own cookie file, no TCP, and an own session, so that neither a signal to our terminal nor our death
ends it; `stop()` does. It keeps its abstract socket: clients try that one first, so whoever else could take its name
would get their cookie; and it is what keeps two servers, each looking for a free number, from taking the same one.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from limpet.errors import DisplayUnavailable, ExitCode
from limpet.records import dataclass
from limpet.values import Secret, Size
from limpet.x11.connection import X11Connection, socket_addresses, socket_path
from limpet.x11.xauthority import COOKIE_SIZE, write_authority

DEFAULT_SCREEN = Size(3840, 2160)
MAX_SCREEN = Size(16384, 16384)
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/X11R6/bin"
START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 3.0
_LOG_TAIL = 2000


@dataclass(frozen=True, slots=True)
class XvfbOptions:
    """How to start the server.

    `folder` must exist and be private: cookie file ("Xauthority") and log ("Xvfb.log") go there. `number` None lets
    the X server choose a free display.
    """

    folder: Path
    number: int | None = None
    screen: Size = DEFAULT_SCREEN
    dpi: int = 96
    program: str = "Xvfb"
    search_path: str = SEARCH_PATH
    environment: Mapping[str, str] | None = None
    """the whole environment of the X server; None: a minimal one (it runs xkbcomp through a shell)"""
    start_timeout_s: float = START_TIMEOUT_S


class Xvfb:
    """A running Xvfb. `process` tells its death; all methods block, none for longer than its timeout."""

    def __init__(self, process: subprocess.Popen[bytes], number: int, authority: Path, cookie: Secret) -> None:
        self.process = process
        self.number = number
        self.authority = authority
        self._cookie = cookie

    @classmethod
    def start(cls, options: XvfbOptions) -> Xvfb:
        """Start the server and wait until it answers (0.1 to 0.3 s). Raises DisplayUnavailable."""
        program = shutil.which(options.program, path=options.search_path)
        if program is None:
            raise DisplayUnavailable(
                f"{options.program} is not installed", hint="install it: apt install xvfb", exit_code=ExitCode.VFB_ERROR
            )
        if options.number is not None:
            _refuse_taken(options.number)
        cookie = Secret(os.urandom(COOKIE_SIZE))
        authority = options.folder / "Xauthority"
        host = socket.gethostname()
        write_authority(authority, cookie, number=None, host=host)
        log = options.folder / "Xvfb.log"
        reader, writer = os.pipe()
        try:
            process = _spawn(program, options, authority, log, writer)
        except OSError as error:
            os.close(reader)
            raise DisplayUnavailable(f"{program} could not be started: {error.strerror}") from error
        finally:
            os.close(writer)
        try:
            number = _wait_ready(process, reader, options, log)
        except BaseException:
            _end(process)
            raise
        finally:
            os.close(reader)
        write_authority(authority, cookie, number=number, host=host)
        return cls(process, number, authority, cookie)

    @property
    def display(self) -> str:
        """The value of DISPLAY, like `:7`."""
        return f":{self.number}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process.poll() is None

    def environment(self) -> dict[str, str]:
        """What an application needs to reach this display."""
        return {"DISPLAY": self.display, "XAUTHORITY": str(self.authority)}

    def connect(self) -> X11Connection:
        """A new connection. Raises DisplayUnavailable."""
        return X11Connection.open(self.display, cookie=self._cookie)

    def wait(self, timeout_s: float | None = None) -> int | None:
        """The exit status of the server once it ended, None after `timeout_s`. Blocks: call it in a thread."""
        try:
            return self.process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """End the server: TERM, then KILL after 3 s. Removes what a killed one leaves. Safe to call twice."""
        killed = _end(self.process)
        if killed:
            remove_leftovers(self.number)


def remove_leftovers(number: int) -> None:
    """Remove socket and lock file of a display whose server is dead (killed servers leave them)."""
    lock = _lock_path(number)
    holder = _lock_holder(lock)
    if holder is not None and _pid_exists(holder):
        return
    lock.unlink(missing_ok=True)
    if not _answers(number):
        socket_path(number).unlink(missing_ok=True)


def _spawn(program: str, options: XvfbOptions, authority: Path, log: Path, ready_fd: int) -> subprocess.Popen[bytes]:
    screen = f"{options.screen.width}x{options.screen.height}x24"
    command = [program]
    if options.number is not None:
        command.append(f":{options.number}")
    command += ["-displayfd", str(ready_fd), "-auth", str(authority), "-screen", "0", screen]
    command += ["-dpi", str(options.dpi), "-nolisten", "tcp", "-noreset"]
    command += ["+extension", "Composite", "+extension", "RANDR", "+extension", "RENDER"]
    environment = {"PATH": options.search_path, "LANG": "C.UTF-8"}
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment if options.environment is None else dict(options.environment),
            cwd="/",
            pass_fds=(ready_fd,),
            start_new_session=True,
        )


def _wait_ready(process: subprocess.Popen[bytes], reader: int, options: XvfbOptions, log: Path) -> int:
    """The display number that the server writes when it accepts connections."""
    deadline = time.monotonic() + options.start_timeout_s
    received = b""
    while not received.endswith(b"\n"):
        left = deadline - time.monotonic()
        readable, _, _ = select.select([reader], [], [], max(0.0, left))
        if not readable:
            raise DisplayUnavailable(
                f"{options.program} did not become ready within {options.start_timeout_s:g} s{_said(log)}"
            )
        chunk = os.read(reader, 64)
        if not chunk:
            status = process.wait(STOP_TIMEOUT_S)
            raise _start_failure(options, status, log)
        received += chunk
    return int(received)


def _start_failure(options: XvfbOptions, status: int, log: Path) -> DisplayUnavailable:
    said = _said(log)
    if "already active" in said and options.number is not None:
        return _taken(options.number)
    return DisplayUnavailable(f"{options.program} ended with status {status} instead of starting{said}")


def _said(log: Path) -> str:
    """The end of the server's own messages, for an error text."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG_TAIL))
        text = file.read(_LOG_TAIL).decode("utf-8", "replace").strip()
    return f": {' / '.join(text.splitlines())}" if text else ""


def _taken(number: int) -> DisplayUnavailable:
    return DisplayUnavailable(
        f"display :{number} is in use",
        hint="choose another number, or give none and a free one is taken",
        exit_code=ExitCode.SERVER_ALREADY_EXISTS,
    )


def _refuse_taken(number: int) -> None:
    if not 0 <= number <= 59535:
        raise DisplayUnavailable(f"display number {number} is out of range", hint="use 0 to 59535")
    if _answers(number):
        raise _taken(number)


def _answers(number: int) -> bool:
    for address in socket_addresses(number):
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            if probe.connect_ex(address) == 0:
                return True
    return False


def _lock_path(number: int) -> Path:
    return Path(f"/tmp/.X{number}-lock")  # noqa: S108 - fixed by the X server


def _lock_holder(lock: Path) -> int | None:
    try:
        text = lock.read_bytes()[:32].strip()
    except FileNotFoundError:
        return None
    return int(text) if text.isdigit() else None


def _pid_exists(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def _end(process: subprocess.Popen[bytes]) -> bool:
    """TERM, wait, KILL; True when it had to be killed or had died by a signal."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode == -signal.SIGKILL
