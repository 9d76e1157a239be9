"""Unix sockets: private by file permission, the peer's user told by the kernel."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import socket
import stat
import struct
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from limpet.errors import ConnectionFailed, ExitCode, ListenFailed
from limpet.limits import LISTENER
from limpet.net.socket_stream import SocketStream
from limpet.net.stream import StreamFacts
from limpet.net.tcp import reason

MAX_PATH = 107
"""bytes that fit into `sun_path` (unix(7)), the final zero not counted"""
LOCK_S = 2.0
"""how long to wait for another process that makes a socket in the same directory"""
_UCRED = struct.Struct("3i")


def describe(transport: asyncio.BaseTransport) -> StreamFacts:
    """The user and process at the other end, as the kernel knows them (unix(7): SO_PEERCRED)."""
    sock: socket.socket = transport.get_extra_info("socket")
    local = os.fsdecode(transport.get_extra_info("sockname") or transport.get_extra_info("peername") or "")
    if sys.platform != "linux":  # no uid: a module that relies on it must refuse
        return StreamFacts(kind="unix", peer="unix", local=local, loopback=True)
    pid, uid, gid = _UCRED.unpack(sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _UCRED.size))
    return StreamFacts(
        kind="unix",
        peer=f"unix:pid={pid},uid={uid}",
        local=local,
        peer_uid=uid,
        peer_gid=gid,
        peer_pid=pid,
        loopback=True,
    )


class UnixSocket:
    """A listening socket and its file at `path`, mode 0600."""

    def __init__(self, path: Path, sock: socket.socket) -> None:
        self.path = path
        self.socket = sock
        self._identity = _identity(path)

    def remove(self) -> None:
        """Delete the file unless another server put its own in this place."""
        with contextlib.suppress(FileNotFoundError):
            if _identity(self.path) == self._identity:
                self.path.unlink()


def _identity(path: Path) -> tuple[int, int]:
    found = path.lstat()
    return found.st_dev, found.st_ino


def bind(path: Path) -> UnixSocket:
    """Listen at `path`. A missing directory is made with mode 0700; a dead socket in the way is replaced.

    Blocks for at most `LOCK_S`. Raises `ListenFailed` when the directory is not safe, when something else than a
    socket is in the way, or (exit code `SERVER_ALREADY_EXISTS`) when somebody answers there.
    """
    size = len(os.fsencode(path))
    if size > MAX_PATH:
        raise ListenFailed(
            f"the socket path {path} is too long ({size} bytes, at most {MAX_PATH})", hint="choose a shorter directory"
        )
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path.parent) as directory:
            _check_directory(path.parent, os.fstat(directory))
            _clear_way(path)
            return UnixSocket(path, _listen(path))
    except OSError as exc:
        raise ListenFailed(f"cannot make the socket {path}: {reason(exc)}") from exc


@contextlib.contextmanager
def _locked(directory: Path) -> Iterator[int]:
    """The open directory, locked: two starting servers must not take each other's new socket for a dead one."""
    import fcntl  # not on Windows, where clients run as well

    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        until = time.monotonic() + LOCK_S
        while True:
            try:
                fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise ListenFailed(f"another process keeps {directory} locked") from None
                time.sleep(0.02)
        yield fd
    finally:
        os.close(fd)


def _check_directory(directory: Path, found: os.stat_result) -> None:
    if found.st_uid not in (os.geteuid(), 0):
        raise ListenFailed(
            f"the directory {directory} belongs to another user (uid {found.st_uid})",
            hint="a socket must be in a directory of your own with mode 0700",
        )
    # In a sticky directory (/tmp) nobody else can remove or replace our file, which itself is private.
    if found.st_mode & 0o022 and not found.st_mode & stat.S_ISVTX:
        raise ListenFailed(
            f"others may write to the directory {directory} (mode {stat.S_IMODE(found.st_mode):o})",
            hint=f"chmod 700 {directory}",
        )


def _clear_way(path: Path) -> None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        what = "a symbolic link" if stat.S_ISLNK(found.st_mode) else "a file that is not a socket"
        raise ListenFailed(f"{path} is {what}: not replaced", hint="remove it, or choose another path")
    if found.st_uid != os.geteuid():
        raise ListenFailed(f"the socket {path} belongs to another user (uid {found.st_uid})")
    if is_alive(path):
        raise ListenFailed(
            f"a server listens at {path} already",
            hint="stop it first, or choose another path",
            exit_code=ExitCode.SERVER_ALREADY_EXISTS,
        )
    path.unlink()


def is_alive(path: Path) -> bool:
    """Whether some process listens at the socket `path`; false if there is none. Raises OSError when it cannot tell."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except BlockingIOError:  # its queue is full: busy, so alive
            return True
    return True


def _listen(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        before = os.umask(0o177)
        try:
            sock.bind(os.fspath(path))
        finally:
            os.umask(before)
        sock.listen(LISTENER.backlog)
    except OSError:
        sock.close()
        raise
    return sock


async def connect(path: Path, *, timeout: float) -> SocketStream:
    """Connect to the socket at `path`. Raises `ConnectionFailed`. The stream reads once it has a receiver."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout):
            _, stream = await loop.create_unix_connection(lambda: SocketStream(describe), os.fspath(path))
    except TimeoutError as exc:
        raise ConnectionFailed(f"the server at {path} did not answer within {timeout:g} s") from exc
    except OSError as exc:
        raise ConnectionFailed(f"cannot connect to the socket {path}: {reason(exc)}", hint=_hint(exc)) from exc
    return stream


def _hint(exc: OSError) -> str:
    if isinstance(exc, FileNotFoundError):
        return "no session has this socket; `limpet list` shows those that run"
    if isinstance(exc, ConnectionRefusedError):
        return "its server is gone; `limpet list` shows the sessions that run"
    if exc.errno in (errno.EACCES, errno.EPERM):
        return "the session belongs to another user"
    return ""
