"""A server without X: real options, plans, listeners and connections; what a client gets in the end is a small double.

And clients of it: limpet's own connection, over real sockets. Time-outs of the guess limit pass at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from limpet.auth.limiter import LoginLimiter, LoginSource
from limpet.auth.modules.system import SystemModuleEnv
from limpet.client.connection import Connection as ClientConnection
from limpet.client.connection import Hellos
from limpet.client.passwords import password_sources
from limpet.client.plan import ConnectPlan, plan_connection
from limpet.client.reconnect import Ended
from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.redact import redacted
from limpet.config.schema import Scope
from limpet.errors import DisconnectReason
from limpet.limits import AFTER_HELLO
from limpet.net.caps import ConnectionCaps
from limpet.net.endpoint import parse_target
from limpet.net.listener import Accepted, Listener
from limpet.net.offload import Offload
from limpet.net.registry import TRANSPORTS
from limpet.net.stream import StreamFacts
from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.handshake import StartupComplete
from limpet.packets.requests import MODES, Request
from limpet.packets.schema import Packet
from limpet.server.app import ListenerSetup
from limpet.server.connection import Connection
from limpet.server.features.base import Feature
from limpet.server.listeners import ListenPlan, PlanContext, plan_listeners
from limpet.server.login import LoginServices
from limpet.server.setup import listener_setup
from limpet.session import events
from limpet.session.server import State
from limpet.values import Side, Size

WAIT_S = 20.0
"""longer than anything here takes, so that what hangs fails"""


class VirtualTime:
    """Sleeping moves it and takes no time."""

    def __init__(self) -> None:
        self.now = time.monotonic()
        self.slept = 0.0

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept += seconds
        await asyncio.sleep(0)


class Watched(LoginLimiter):
    """A limiter that knows how many answers were looked at."""

    looked_at = 0

    def delay(self, source: LoginSource, now: float) -> float:
        self.looked_at += 1
        return super().delay(source, now)


class WatchedEnv(SystemModuleEnv):
    """Knows how often a module reached out for what decides."""

    asked = 0

    async def read_file(self, path: str, limit: int) -> bytes:
        self.asked += 1
        return await super().read_file(path, limit)

    async def run(self, command: Sequence[str], timeout_s: float) -> int:
        self.asked += 1
        return await super().run(command, timeout_s)


@dataclass
class Host:
    """What connections ask of a server; each thing that happens is noted."""

    answered: list[str] = field(default_factory=list)
    greeted: int = 0
    joined: int = 0
    left: int = 0

    def answer(self, connection: Connection, request: Request, *, early: bool) -> None:
        self.answered.append(request.mode.name)
        if request.mode.closes is Side.CLIENT:
            connection.answer({"version": "6.5", "answer": request.mode.name})
        else:
            connection.session.refuse(DisconnectReason.DONE, request.mode.name)

    def greet(self, connection: Connection) -> None:
        self.greeted += 1
        _accept(connection)

    def join(self, connection: Connection) -> tuple[Feature, ...] | None:
        self.joined += 1
        if connection.session.state is not State.SESSION:
            _accept(connection)
        return (_Welcome(connection),)

    def leave(self, connection: Connection) -> None:
        self.left += 1

    @property
    def happened(self) -> int:
        """Everything that a stranger must not bring about."""
        return self.joined + len(self.answered)


def _accept(connection: Connection) -> None:
    hello = ServerHello(uuid="house", start_time=1, actual_desktop_size=Size(800, 600), windows=True)
    connection.session.accept(hello, time.monotonic())


class _Welcome:
    """The one feature: a packet, which a client that is in can read."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def handlers(self) -> Iterable[Any]:
        return ()

    def start(self) -> None:
        self._connection.send(StartupComplete())

    def writable(self) -> None:
        """Sends nothing more."""

    def stop(self) -> None:
        """Holds nothing."""


class House:
    """`async with House(folder, "--bind-tcp=127.0.0.1:0 ...")`; raises what planning and set-up raise."""

    def __init__(self, folder: Path, words: str | Sequence[str], variables: Mapping[str, str] | None = None) -> None:
        self.folder = folder
        self.time = VirtualTime()
        self.limiter = Watched()
        self.host = Host()
        self.env = WatchedEnv(variables or {}, base=folder)
        self.environment = Environment(home=str(folder))
        typed = ["start", *(words.split() if isinstance(words, str) else words)]
        self.plan: ListenPlan = plan_listeners(
            parse_words(typed[1:], "start", Scope.START).options,
            PlanContext(self.environment, self.env, folder, ("limpet", *redacted(typed))),
        )
        self.setups = tuple(listener_setup(plan, folder, self.environment) for plan in self.plan.listeners)
        self.events: list[events.Event] = []
        self.connections = 0
        self._listeners: list[tuple[Listener, ListenerSetup]] = []
        self._stack = contextlib.AsyncExitStack()
        self._idle = asyncio.Event()
        self._open: set[Connection] = set()

    async def __aenter__(self) -> Self:
        self.services = LoginServices(
            env=self.env, limiter=self.limiter, offload=Offload(), clock=self.time.clock, sleep=self.time.sleep
        )
        self._stack.callback(self.services.offload.close)
        self._group = asyncio.TaskGroup()
        await self._stack.enter_async_context(self._group)
        caps = ConnectionCaps(time.monotonic)
        for setup in self.setups:
            listener = await TRANSPORTS[setup.plan.bind.kind].listen(
                setup.plan.bind, setup.policy, caps, functools.partial(self._accepted, setup)
            )
            self._listeners.append((listener, setup))
        self._serving = [self._group.create_task(listener.serve()) for listener, _ in self._listeners]
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._serving:
            task.cancel()
        await self._stack.aclose()

    def _accepted(self, setup: ListenerSetup, accepted: Accepted) -> None:
        self.connections += 1
        connection = Connection(accepted, setup.protection, self.host, self.services)
        self._open.add(connection)
        self._idle.clear()
        self._group.create_task(self._run(connection))

    async def _run(self, connection: Connection) -> None:
        try:
            await connection.run()
        finally:
            self._open.discard(connection)
            if not self._open:
                self._idle.set()

    async def quiet(self) -> None:
        """Until all that came has gone."""
        if self._open:
            await self._idle.wait()

    def address(self, index: int = -1) -> str:
        """`host:port` or the path of a listener; the last one, usually the only one."""
        return self._listeners[index][0].addresses[0]

    def address_of(self, kind: str) -> str:
        (found,) = [listener for listener, setup in self._listeners if setup.plan.bind.kind == kind]
        return found.addresses[0]


@dataclass
class Visit:
    """How it went for a client."""

    ended: Ended
    accepted: bool
    delivered: tuple[Packet, ...]

    @property
    def inside(self) -> bool:
        """It got our hello and a packet of the session."""
        return self.accepted and bool(self.delivered)

    @property
    def error(self) -> Exception | None:
        return self.ended.error


class Visitor:
    """A client: logs in, waits for the first packet of the session, leaves. Also the owner of its connection."""

    def __init__(self, plan: ConnectPlan, *, legacy: bool = False, request: dict[str, Any] | None = None) -> None:
        self._plan = plan
        self._request = request
        self._accepted = False
        self._delivered: list[Packet] = []
        self.connection = ClientConnection(plan, self, password_sources(plan.passwords, None), legacy=legacy)

    async def visit(self) -> Visit:
        async with asyncio.timeout(WAIT_S):
            ended = await self.connection.run()
        return Visit(ended, self._accepted, tuple(self._delivered))

    async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
        full = ClientHello(username=self._plan.username, uuid="visitor")
        partial = ClientHello(username=self._plan.username, challenge=True) if ask_to_be_challenged else None
        if self._request is not None:
            partial = None
        return Hellos(full=full, partial=partial, limits=AFTER_HELLO, request=self._request)

    def accepted(self, event: events.Accepted, facts: StreamFacts) -> None:
        self._accepted = True
        if self._request is not None and MODES[str(self._request["request"])].closes is Side.CLIENT:
            self.connection.leave()

    def received(self, packet: Packet) -> None:
        self._delivered.append(packet)
        self.connection.leave()

    def writable(self) -> None:
        """Has nothing to write."""


def client_plan(folder: Path, words: Sequence[str]) -> ConnectPlan:
    """From what a user types behind `limpet attach`."""
    parsed = parse_words(list(words), "attach", Scope.ATTACH)
    return plan_connection(parsed.options, parse_target(parsed.arguments[0]), Environment(), base=folder)


async def visit(folder: Path, *words: str, **how: Any) -> Visit:
    return await Visitor(client_plan(folder, words), **how).visit()


@contextlib.asynccontextmanager
async def house(folder: Path, words: str | Sequence[str], **variables: str) -> AsyncIterator[House]:
    async with House(folder, words, variables) as opened:
        yield opened
        async with asyncio.timeout(WAIT_S):
            await opened.quiet()
