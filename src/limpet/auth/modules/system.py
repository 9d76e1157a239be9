"""The real `ModuleEnv`: files, programs, users and groups of this machine."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import secrets
import shutil
import signal
import stat
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from limpet.auth.module import FileFacts

READ_TIMEOUT_S = 10.0
"""a directory server or network file system that does not answer refuses the login after this"""

MAX_PROGRAMS = 8
"""programs of the module `exec` at once; others wait their turn within their timeout"""

_CREDENTIAL_PREFIXES = ("XPRA_", "LIMPET_")


def clean_environment(environ: Mapping[str, str], hidden: Collection[str] = ()) -> dict[str, str]:
    """`environ` without credentials: XPRA_*, LIMPET_* and the names in `hidden`."""
    return {
        name: value
        for name, value in environ.items()
        if not name.upper().startswith(_CREDENTIAL_PREFIXES) and name not in hidden
    }


class SystemModuleEnv:
    """`environ`: the server's environment; `base`: the folder that relative paths start from (a daemon leaves it);
    `hidden`: further variables that hold credentials.
    """

    def __init__(self, environ: Mapping[str, str], *, base: Path, hidden: Collection[str] = ()) -> None:
        self._environ = dict(environ)
        self._clean = clean_environment(environ, hidden)
        self._base = base
        self._programs = asyncio.Semaphore(MAX_PROGRAMS)

    def variable(self, name: str) -> str | None:
        return self._environ.get(name)

    def random_bytes(self, size: int) -> bytes:
        return secrets.token_bytes(size)

    def inspect_file(self, path: str) -> FileFacts:
        try:
            facts = self._path(path).stat()
        except OSError as error:
            return FileFacts(error.strerror or str(error))
        if not stat.S_ISREG(facts.st_mode):
            return FileFacts("it is not a regular file")
        if not os.access(self._path(path), os.R_OK):
            return FileFacts("it cannot be read")
        return FileFacts("", facts.st_size, stat.S_IMODE(facts.st_mode))

    def find_program(self, name: str) -> str | None:
        path = str(self._path(name)) if os.sep in name else name
        return shutil.which(path, path=self._environ.get("PATH", os.defpath))

    async def read_file(self, path: str, limit: int) -> bytes:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await asyncio.to_thread(_read_regular, self._path(path), limit)

    async def run(self, command: Sequence[str], timeout_s: float) -> int:
        async with asyncio.timeout(timeout_s), self._programs:
            process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.DEVNULL,
                env=self._clean,
                start_new_session=True,  # so that its children can be killed with it
            )
            try:
                return await process.wait()
            finally:
                if process.returncode is None:
                    with contextlib.suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
                    await process.wait()

    @property
    def own_uid(self) -> int:
        return os.geteuid()

    def uid_of(self, name: str) -> int | None:
        import pwd

        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            return None

    def gid_of(self, name: str) -> int | None:
        import grp

        try:
            return grp.getgrnam(name).gr_gid
        except KeyError:
            return None

    async def groups_of(self, uid: int) -> frozenset[int]:
        return await asyncio.to_thread(_groups_of, uid)

    def _path(self, path: str) -> Path:
        return self._base / Path(path).expanduser()


async def read_secret(path: str, limit: int) -> bytes:
    """The content of a password file of the user at the keyboard: a pipe such as `<(pass show x)` will do, too.

    Raises OSError, also for more than `limit` bytes.
    """
    return await asyncio.to_thread(_read_any, Path(path), limit)


def _read_regular(path: Path, limit: int) -> bytes:
    # O_NONBLOCK: opening a pipe that nobody writes to would hang before it can be seen to be one
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as stream:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file")
        return _bounded(stream.read(limit + 1), limit)


def _read_any(path: Path, limit: int) -> bytes:
    with path.expanduser().open("rb") as stream:
        return _bounded(stream.read(limit + 1), limit)


def _bounded(content: bytes, limit: int) -> bytes:
    if len(content) > limit:
        raise OSError(errno.EFBIG, f"it is larger than {limit} bytes")
    return content


def _groups_of(uid: int) -> frozenset[int]:
    import pwd

    try:
        user = pwd.getpwuid(uid)
    except KeyError:
        return frozenset()
    return frozenset(os.getgrouplist(user.pw_name, user.pw_gid))
