"""The applications that run in a session: started with a clean environment, reaped, ended with it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shlex
import signal
from collections.abc import Callable, Mapping

from limpet.errors import ConfigError, ExitCode
from limpet.records import dataclass

log = logging.getLogger("limpet.server.children")

TERM_GRACE_S = 3.0


@dataclass(frozen=True, slots=True)
class ChildInfo:
    """What `info` and the state file say of one application."""

    pid: int
    command: tuple[str, ...]
    waited_for: bool


def split_command(text: str) -> tuple[str, ...]:
    """A command line as a shell would split it; no shell runs it. Raises `ConfigError`."""
    try:
        words = tuple(shlex.split(text))
    except ValueError as error:
        raise ConfigError(f"--start={text!r}: {error}", hint="quote the command as for a shell") from None
    if not words:
        raise ConfigError("--start: the command is empty")
    return words


class Children:
    """Starts and reaps applications. `on_last_exit` is called when the last waited-for one has ended, `on_started`
    with the pid of each.
    """

    def __init__(
        self,
        environment: Mapping[str, str],
        *,
        umask: int,
        on_last_exit: Callable[[], None],
        on_started: Callable[[int], None],
    ) -> None:
        self._environment = dict(environment)
        self._umask = umask
        self._on_last_exit = on_last_exit
        self._on_started = on_started
        self._running: dict[int, tuple[asyncio.subprocess.Process, ChildInfo]] = {}
        self._watchers: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> tuple[ChildInfo, ...]:
        return tuple(info for _, info in self._running.values())

    async def start(self, command: tuple[str, ...], *, waited_for: bool) -> ChildInfo:
        """`waited_for`: a `--start-child`, which `--exit-with-children` waits for.

        Its own session (so that ending it ends what it started), no descriptors of ours, no input.
        Raises `ConfigError` when the program cannot be started.
        """
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=self._environment,
                stdin=asyncio.subprocess.DEVNULL,
                umask=self._umask,
                start_new_session=True,
                close_fds=True,
            )
        except (OSError, ValueError) as error:
            # ValueError: a NUL or what no file name can hold, which a client may send
            why = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(
                f"--start: cannot run {command[0]!r}: {why}",
                hint="install it on the server, or give its full path",
                exit_code=ExitCode.FILE_NOT_FOUND,
            ) from None
        info = ChildInfo(process.pid, command, waited_for)
        self._running[process.pid] = (process, info)
        self._on_started(process.pid)
        log.info("started %s, pid %i", command[0], process.pid)
        watcher = asyncio.get_running_loop().create_task(self._watch(process, info), name=f"child {process.pid}")
        self._watchers.add(watcher)
        watcher.add_done_callback(self._watchers.discard)
        return info

    async def _watch(self, process: asyncio.subprocess.Process, info: ChildInfo) -> None:
        status = await process.wait()
        del self._running[process.pid]
        log.info("%s, pid %i, ended with status %i", info.command[0], info.pid, status)
        if info.waited_for and not any(other.waited_for for other in self.running):
            self._on_last_exit()

    async def stop(self) -> None:
        """TERM to each process group, KILL after `TERM_GRACE_S`; returns when all are reaped, or cannot be ended."""
        _signal_groups(tuple(self._running), signal.SIGTERM)
        if self._watchers:
            _, late = await asyncio.wait(tuple(self._watchers), timeout=TERM_GRACE_S)
            if late:
                _signal_groups(tuple(self._running), signal.SIGKILL)
                _, late = await asyncio.wait(late, timeout=TERM_GRACE_S)
            for task in late:
                task.cancel()
            for info in self.running:
                log.warning("%s, pid %i, does not end", info.command[0], info.pid)


def _signal_groups(pids: tuple[int, ...], number: signal.Signals) -> None:
    for pid in pids:
        # not permitted: it runs as another user (sudo)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, number)
