"""One session from its directory to its end: X server, server, clean-up. Blocks until the session is over."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import FrameType
from typing import NoReturn

from limpet.allocator import keep_freed_memory
from limpet.auth.limiter import LoginLimiter
from limpet.auth.module import ModuleEnv
from limpet.config.credentials import Environment
from limpet.config.options import Options
from limpet.errors import ExitCode, LimpetError
from limpet.net.offload import Offload
from limpet.records import dataclass
from limpet.server.app import END_SIGNALS, ListenerSetup, Server, ServerSettings
from limpet.server.hello import ServerIdentity, wall_seconds
from limpet.server.listeners import ListenPlan, banner
from limpet.server.login import LoginServices
from limpet.server.sessiondir import SessionDir, SessionInfo
from limpet.server.setup import listener_setup
from limpet.values import Size
from limpet.x11.display import Xvfb, XvfbOptions

COLLECT_EVERY = 10_000
"""new objects between two rounds of the garbage collector, each of which takes about 1 ms then"""
SWITCH_INTERVAL_S = 0.0005
"""the capture thread and the event loop hand over sooner than after Python's 5 ms"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """What `limpet start` has worked out before anything runs."""

    options: Options
    listen: ListenPlan
    environment: Environment
    children: Mapping[str, str]
    """the applications' environment, without DISPLAY"""
    modules: ModuleEnv
    base: Path
    """where relative paths start"""
    command: tuple[str, ...]
    """as typed, without secrets"""
    number: int | None
    """display asked for"""


def run_session(plan: SessionPlan, folder: SessionDir, ready: Callable[[tuple[str, ...]], None]) -> None:
    """Serve until the session ends. `ready` gets the lines for the terminal. Raises `LimpetError`."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    session = plan.options.session
    size = session.resize.size or session.xvfb_geometry
    umask = os.umask(0o077)
    display: Xvfb | None = None
    keep = False
    try:
        with _interrupted_by_signals():
            display = Xvfb.start(XvfbOptions(folder=folder.folder, number=plan.number, screen=size))
            folder.record_process(display.pid)
            folder.settle(display.number)
            keep = asyncio.run(_serve(plan, folder, display, size, ready, umask))
        if keep:
            folder.keep(display.pid)
    finally:
        if not keep:
            if display is not None:
                display.stop()
            folder.remove()


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """Until the server itself listens for them, these signals unwind the start, so that it leaves nothing behind."""

    def interrupt(number: int, _: FrameType | None) -> NoReturn:
        raise LimpetError(f"interrupted by {signal.Signals(number).name}", exit_code=ExitCode.FAILURE)

    before = {number: signal.getsignal(number) for number in END_SIGNALS}
    try:
        for number, handler in before.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, interrupt)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _serve(
    plan: SessionPlan,
    folder: SessionDir,
    display: Xvfb,
    size: Size,
    ready: Callable[[tuple[str, ...]], None],
    umask: int,
) -> bool:
    session = plan.options.session
    setups = tuple(
        listener_setup(
            listener.placed(str(folder.socket)) if listener.bind.path == "auto" else listener,
            plan.base,
            plan.environment,
        )
        for listener in plan.listen.listeners
    )
    settings = ServerSettings(
        identity=_identity(plan, display),
        listeners=setups,
        start=session.start,
        start_child=session.start_child,
        exit_with_children=session.exit_with_children,
        environment={**plan.children, **display.environment()},
        umask=umask,
        resize=session.resize.follow,
        maximum=size,
    )
    services = LoginServices(env=plan.modules, limiter=LoginLimiter(), offload=Offload())
    server = Server(settings, services, display.connect, on_child=folder.record_process)
    # the X server's own process: its end is known sooner than by its connections
    watch = os.pidfd_open(display.pid)
    loop = asyncio.get_running_loop()
    loop.add_reader(watch, server.display_ended)
    try:
        addresses = await server.open_listeners()
        lines = _announce(plan, folder, display, addresses)

        def announce() -> None:
            # what the start needed and the session does not: lower memory, and no collection of it later
            gc.collect()
            gc.freeze()
            gc.set_threshold(COLLECT_EVERY)
            keep_freed_memory()
            ready(lines)

        await server.run(announce)
    finally:
        loop.remove_reader(watch)
        os.close(watch)
    return server.keep_display


def _identity(plan: SessionPlan, display: Xvfb) -> ServerIdentity:
    hostname = socket.gethostname()
    return ServerIdentity(
        uuid=uuid.uuid4().hex,
        hostname=hostname,
        session_name=plan.options.session.session_name or f"{plan.environment.login}@{hostname}{display.display}",
        display=display.display,
        pid=os.getpid(),
        start_time=wall_seconds(),
    )


def _announce(
    plan: SessionPlan, folder: SessionDir, display: Xvfb, addresses: tuple[tuple[str, ListenerSetup], ...]
) -> tuple[str, ...]:
    lines = [banner(setup.plan, address) for address, setup in addresses]
    for address, setup in addresses:
        if setup.plan.bind.kind == "unix":
            folder.point_to_socket(Path(address))
    folder.write_info(
        SessionInfo(
            started=datetime.now().astimezone().isoformat(timespec="seconds"),
            name=plan.options.session.session_name,
            command=plan.command,
            listeners=tuple(lines),
        )
    )
    if os.path.lexists(folder.socket):
        folder.announce_to_stock()
    return (f"session {display.display} is running, pid {os.getpid()}", *lines)
