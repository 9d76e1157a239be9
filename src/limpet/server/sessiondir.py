"""The private directory of each session: its socket, log, process ids, cookie and description; finding and cleaning.

Below the root (`$XDG_RUNTIME_DIR/limpet`, or a private fallback) a session has a folder `session-XXXXXXXX`, mode 0700,
and, once its display number N is known, the symbolic link `N` to it. The folder keeps its name, because the X server
looks at its authority file again and again, and would let anybody in if it vanished. What a killed server left is found
by process id with start time, and by connecting to the socket.
"""

from __future__ import annotations

import contextlib
import enum
import json
import logging
import os
import re
import shutil
import signal
import socket
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import field
from pathlib import Path
from typing import Any

from limpet.config.credentials import Environment
from limpet.errors import ConfigError, ExitCode
from limpet.records import dataclass

log = logging.getLogger("limpet.server.sessiondir")

MAX_SOCKET_PATH = 107
"""bytes: sun_path has 108 with the final NUL"""
END_GRACE_S = 2.0
"""how long a process that was left over may take to end before it is killed"""
PROBE_S = 1.0
"""how long a socket may take to accept a connection"""
_MAX_FILE = 256 * 1024
_PREFIX = "session-"


class State(enum.Enum):
    """What is behind a session's directory."""

    LIVE = "live"
    STARTING = "starting"
    """its process is there, its socket does not answer (yet)"""
    EXITED = "exited"
    """`limpet exit`: the server has ended, its X server and programs run on"""
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """What a session says about itself; `command` is without secrets, `started` in ISO 8601 with time zone."""

    started: str = ""
    name: str = ""
    command: tuple[str, ...] = ()
    listeners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Session:
    """A session found on this machine; `number` is its display's."""

    number: int
    folder: Path
    state: State
    pid: int | None = None
    info: SessionInfo = field(default_factory=SessionInfo)

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def has_socket(self) -> bool:
        """False for a session with `--bind=none`: it has no way in by its number."""
        return self.socket.exists()


class SessionDir:
    """The directory of a session that is ours to serve. Paths are valid from the start, `number` after `settle`."""

    def __init__(self, root: Path, folder: Path, environment: Environment) -> None:
        self.root = root
        self.folder = folder
        self.number: int | None = None
        self._environment = environment
        self._stock_link: Path | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def xauthority(self) -> Path:
        return self.folder / "Xauthority"

    def take_over(self) -> None:
        """Say that this process serves the session: after a fork, the child has another id."""
        _write(self.folder / "pid", _stamp(os.getpid()))

    def record_process(self, pid: int) -> None:
        """Remember a process that must not outlive the session: the X server, an application."""
        descriptor = os.open(self.folder / "processes", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(_stamp(pid))

    def settle(self, number: int) -> None:
        """Take the name of display `number`; what a dead session of that number left is removed.

        Raises `ConfigError` (SERVER_ALREADY_EXISTS) when a session of that number is there.
        """
        with _locked(self.root):
            _clean_number(self.root, number)
            (self.root / str(number)).symlink_to(self.folder.name)
        self.number = number

    def write_info(self, info: SessionInfo) -> None:
        """Describe the session, which is ready, for `limpet list` and for targets; atomically."""
        values = {"started": info.started, "name": info.name, "command": info.command, "listeners": info.listeners}
        _write(self.folder / "info", json.dumps({"version": 1, **values}) + "\n")

    def keep(self, display_pid: int) -> None:
        """The server ends and its X server stays: nothing of the directory is cleaned up while that runs."""
        _write(self.folder / "kept", _stamp(display_pid))

    def point_to_socket(self, path: Path) -> None:
        """Have `:N` find a unix listener that is elsewhere (`--bind=PATH`); the first one counts."""
        if not os.path.lexists(self.socket):
            self.socket.symlink_to(path)

    def announce_to_stock(self, hostname: str = "") -> Path | None:
        """Link the socket to where xpra's clients look for `:N`; None when that place is taken or not private."""
        if self.number is None:
            raise ConfigError("a session without a number cannot be announced", exit_code=ExitCode.INTERNAL_ERROR)
        folder = _stock_folder(self._environment)
        if folder is None:
            return None
        link = folder / f"{hostname or socket.gethostname()}-{self.number}"
        try:
            ensure_private(folder)
            if link.is_symlink() or link.exists():
                if socket_answers(link):
                    log.warning("%s belongs to another server: xpra's clients will not find this one", link)
                    return None
                link.unlink()
            link.symlink_to(self.socket)
        except (OSError, ConfigError) as error:
            log.warning("xpra's clients will not find this session by its number: %s", error)
            return None
        self._stock_link = link
        return link

    def remove(self) -> None:
        """Remove the directory and its names at an orderly end; the log stays as `N.log` beside it."""
        with _locked(self.root):
            if self._stock_link is not None:
                _unlink_if_to(self._stock_link, str(self.socket))
            _remove(self.root, self.folder, self.number)


def create(environment: Environment, roots: Sequence[Path] = ()) -> SessionDir:
    """Make the directory of a new session, after cleaning up behind dead ones.

    Raises `ConfigError` (SOCKET_CREATION_ERROR) when no private place can be had.
    """
    problems = []
    for root in roots or candidate_roots(environment):
        try:
            ensure_private(root)
        except (OSError, ConfigError) as error:
            problems.append(str(error))
            continue
        try:
            session = _create_below(root, environment)
        except OSError as error:
            problems.append(f"{root}: {error.strerror}")
            continue
        if len(os.fsencode(session.socket)) <= MAX_SOCKET_PATH:
            return session
        problems.append(f"{session.socket}: longer than the path of a socket may be")
        session.remove()
    raise ConfigError(
        f"there is no private directory for the session: {'; '.join(problems)}",
        hint="set XDG_RUNTIME_DIR to a directory of your own with mode 0700",
        exit_code=ExitCode.SOCKET_CREATION_ERROR,
    )


def _create_below(root: Path, environment: Environment) -> SessionDir:
    """Raises OSError, and leaves nothing then: the disk may be full."""
    sweep(root, environment)
    with _locked(root):
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=root))
        session = SessionDir(root, folder, environment)
        try:
            session.take_over()
        except OSError:
            shutil.rmtree(folder, ignore_errors=True)
            raise
    return session


def candidate_roots(environment: Environment) -> list[Path]:
    """Where sessions may be, the best place first; not all of these exist."""
    uid = os.geteuid()
    login_dir = _login_directory()
    roots = []
    if environment.runtime_dir:
        roots.append(Path(environment.runtime_dir, "limpet"))
    elif login_dir.is_dir():
        roots.append(login_dir / "limpet")
    if environment.home:
        roots.append(Path(environment.home, ".limpet", "run"))
    roots.append(Path(tempfile.gettempdir(), f"limpet-{uid}"))
    return list(dict.fromkeys(roots))


def _login_directory() -> Path:
    """systemd's, which `su` and cron do not tell about."""
    return Path(f"/run/user/{os.geteuid()}")


def ensure_private(folder: Path) -> None:
    """Make `folder` (and a missing parent, for ~/.limpet/run) with mode 0700, or check that it is ours alone.

    Raises `ConfigError` when it is a link, somebody else's or open to others, OSError when it cannot be made.
    """
    for path in (folder.parent, folder):
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
    descriptor = _open_folder(folder)
    try:
        found = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if found.st_uid != os.geteuid():
        raise _unsafe(folder, f"it belongs to another user (uid {found.st_uid})")
    if stat.S_IMODE(found.st_mode) & 0o077:
        raise _unsafe(folder, f"others may enter it (mode {stat.S_IMODE(found.st_mode):04o}): chmod 700 {folder}")
    parent = folder.parent.lstat()
    if parent.st_uid not in {os.geteuid(), 0} or (parent.st_mode & 0o022 and not parent.st_mode & stat.S_ISVTX):
        raise _unsafe(folder, f"others may replace it, since they may write to {folder.parent}")


def sweep(root: Path, environment: Environment) -> list[int | None]:
    """Clean up behind the dead sessions of `root`: end what they left running, remove their files.

    Returns their display numbers (None where none was known).
    """
    cleaned: list[int | None] = []
    if not root.is_dir():
        return cleaned
    with _locked(root):
        names = _names(root)
        for folder in sorted(root.glob(f"{_PREFIX}*")):
            if folder.is_symlink() or not folder.is_dir() or _state(folder) is not State.DEAD:
                continue
            number = names.get(folder.name)
            log.info("cleaning up behind a dead session%s", f" :{number}" if number is not None else "")
            _end_processes(folder)
            _unlink_stock(environment, folder)
            _remove(root, folder, number)
            cleaned.append(number)
        for name, number in names.items():
            if not (root / name).is_dir():
                (root / str(number)).unlink(missing_ok=True)
    return cleaned


def find_sessions(environment: Environment, roots: Sequence[Path] = ()) -> list[Session]:
    """All sessions of this user, by number; dead ones too. Looks, and changes nothing."""
    found: dict[int, Session] = {}
    for root in roots or candidate_roots(environment):
        if not _ours(root):
            continue
        for name, number in _names(root).items():
            folder = root / name
            if not folder.is_dir():
                continue
            state = _state(folder)
            pid, _ = _read_stamp(folder / ("kept" if state is State.EXITED else "pid"))
            session = Session(number, folder, state, pid, _read_info(folder / "info"))
            known = found.get(number)
            if known is None or known.state is State.DEAD:
                found[number] = session
    return [found[number] for number in sorted(found)]


def find_stock_socket(environment: Environment, number: int, hostname: str = "") -> Path | None:
    """The socket of a stock server for display `number` that answers, or None."""
    name = f"{hostname or socket.gethostname()}-{number}"
    # $XDG_RUNTIME_DIR says where this user's sessions are, as in `candidate_roots`: no others are looked for then
    folders = [Path(environment.runtime_dir or _login_directory(), "xpra"), Path("/run/xpra")]
    folders += [Path(environment.home, ".xpra")] if environment.home else []
    for folder in folders:
        path = folder / name
        with contextlib.suppress(OSError):
            # a socket of somebody else's would get our password
            if path.stat().st_uid in {os.geteuid(), 0} and socket_answers(path):
                return path
    return None


def wait_removed(socket_path: Path, seconds: float) -> bool:
    """Wait until the session that owns the socket has removed its directory; False when it still has not.

    True at once for a socket that is none of a session's own.
    """
    folder = socket_path.parent
    if not folder.name.startswith(_PREFIX):
        return True
    until = time.monotonic() + seconds
    while folder.exists():
        if time.monotonic() >= until:
            return False
        time.sleep(0.02)
    return True


def socket_answers(path: Path) -> bool:
    """Whether somebody accepts connections at the unix socket `path`."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_S)
        try:
            probe.connect(os.fspath(path))
        except (TimeoutError, BlockingIOError):
            return True  # its queue is full: somebody is there
        except OSError:
            return False
    return True


# -- process ids -------------------------------------------------------------------------------------------------------


def process_start(pid: int) -> str | None:
    """When the process started, in the kernel's own words, so that a reused id is noticed; None: no such process."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    except FileNotFoundError:
        return None if Path("/proc/self").exists() else _start_elsewhere(pid)
    except (ProcessLookupError, PermissionError):
        return None
    state, start = fields[0], fields[19]
    return None if state in {b"Z", b"X"} else start.decode("ascii")


def _start_elsewhere(pid: int) -> str | None:
    """Without /proc only whether the process is there can be told."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        return "?"
    return "?"


def _stamp(pid: int) -> str:
    return f"{pid} {process_start(pid) or '-'}\n"


def _read_stamp(path: Path) -> tuple[int | None, str]:
    line = _read(path).splitlines()[:1]
    return _parse_stamp(line[0]) if line else (None, "")


def _parse_stamp(line: str) -> tuple[int | None, str]:
    match = re.fullmatch(r"([1-9][0-9]{0,9}) (\S{1,32})", line, re.ASCII)
    return (int(match[1]), match[2]) if match else (None, "")


def _runs(pid: int | None, start: str) -> bool:
    return pid is not None and process_start(pid) == start


def _state(folder: Path) -> State:
    runs = _runs(*_read_stamp(folder / "pid"))
    path = folder / "socket"
    # at a path of the user's choice another server may answer by now
    if (runs or not path.is_symlink()) and socket_answers(path):
        return State.LIVE
    if runs:
        # with --bind=none there is no socket to ask: the description is written when the listeners are open
        ready = not os.path.lexists(path) and (folder / "info").exists()
        return State.LIVE if ready else State.STARTING
    return State.EXITED if _runs(*_read_stamp(folder / "kept")) else State.DEAD


def _end_processes(folder: Path) -> None:
    """End what a dead session recorded: TERM to each group, KILL after two seconds."""
    stamps = [_parse_stamp(line) for line in _read(folder / "processes").splitlines()]
    left = [(pid, start) for pid, start in stamps if pid is not None and _runs(pid, start)]
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid, _ in left:
            _signal(pid, number)
        until = time.monotonic() + END_GRACE_S
        while left and time.monotonic() < until:
            time.sleep(0.02)
            left = [(pid, start) for pid, start in left if _runs(pid, start)]


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if os.getpgid(pid) == pid:
            os.killpg(pid, number)
        else:
            os.kill(pid, number)


# -- files -------------------------------------------------------------------------------------------------------------


def _open_folder(folder: Path) -> int:
    try:
        return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError as error:
        raise _unsafe(folder, f"it is not a directory, or a link: {error.strerror}") from error


def _unsafe(folder: Path, problem: str) -> ConfigError:
    return ConfigError(
        f"{folder} cannot hold a session: {problem}",
        hint="a session's directory must be yours, with mode 0700",
        exit_code=ExitCode.SOCKET_CREATION_ERROR,
    )


def _ours(root: Path) -> bool:
    try:
        found = root.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


@contextlib.contextmanager
def _locked(root: Path) -> Iterator[None]:
    """No other limpet makes, names or removes a session below `root` meanwhile."""
    import fcntl  # not on Windows, whose clients import this module for targets

    descriptor = _open_folder(root)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _names(root: Path) -> dict[str, int]:
    """Folder -> display number, by the links below `root`."""
    names = {}
    for path in root.iterdir():
        if path.is_symlink() and re.fullmatch(r"[0-9]{1,5}", path.name, re.ASCII):
            target = os.fspath(path.readlink())
            if re.fullmatch(rf"{_PREFIX}[A-Za-z0-9_]+", target, re.ASCII):
                names[target] = int(path.name)
    return names


def _clean_number(root: Path, number: int) -> None:
    """Make the name `number` free; raises when a session that is not dead has it."""
    link = root / str(number)
    if not link.is_symlink() and not link.exists():
        return
    folder = root / link.readlink() if link.is_symlink() else link
    if link.is_symlink() and folder.is_dir() and _state(folder) is not State.DEAD:
        raise ConfigError(
            f"there is a session :{number} already",
            hint=f"'limpet attach :{number}' shows it, 'limpet stop :{number}' ends it",
            exit_code=ExitCode.SERVER_ALREADY_EXISTS,
        )
    if not link.is_symlink():
        raise ConfigError(
            f"{link} is in the way", hint="it is none of limpet's: remove it", exit_code=ExitCode.SOCKET_CREATION_ERROR
        )
    if folder.is_dir():
        _end_processes(folder)
        _remove(root, folder, number)
    link.unlink(missing_ok=True)


def _remove(root: Path, folder: Path, number: int | None) -> None:
    if number is not None:
        _unlink_if_to(root / str(number), folder.name)
        with contextlib.suppress(OSError):
            (folder / "server.log").rename(root / f"{number}.log")
    shutil.rmtree(folder, ignore_errors=True)


def _unlink_if_to(link: Path, target: str) -> None:
    with contextlib.suppress(OSError):
        if os.fspath(link.readlink()) == target:
            link.unlink()


def _stock_folder(environment: Environment) -> Path | None:
    """Where stock clients of this user look first (docs/protocol: command line, 7.7)."""
    if environment.runtime_dir:
        return Path(environment.runtime_dir, "xpra")
    login_dir = _login_directory()
    if login_dir.is_dir():
        return login_dir / "xpra"
    return Path(environment.home, ".xpra") if environment.home else None


def _unlink_stock(environment: Environment, folder: Path) -> None:
    stock = _stock_folder(environment)
    if stock is not None and stock.is_dir():
        for path in stock.iterdir():
            _unlink_if_to(path, str(folder / "socket"))


def _write(path: Path, text: str) -> None:
    """Replace the file atomically, mode 0600."""
    part = path.with_name(f"{path.name}.new")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def _read(path: Path) -> str:
    """At most 256 KiB of a file; empty when it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_MAX_FILE).decode("utf-8", "replace")
    except OSError:
        return ""


def _read_info(path: Path) -> SessionInfo:
    try:
        values = json.loads(_read(path) or "{}")
    except (ValueError, RecursionError):
        return SessionInfo()
    if not isinstance(values, dict):
        return SessionInfo()
    return SessionInfo(
        started=_text(values.get("started")),
        name=_text(values.get("name")),
        command=_texts(values.get("command")),
        listeners=_texts(values.get("listeners")),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(_text(item) for item in value) if isinstance(value, list) else ()
