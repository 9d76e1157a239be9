"""The server: one desktop, its listeners, its connections, its applications; from start to end."""

from __future__ import annotations

import asyncio
import functools
import logging
import signal
import time
from collections.abc import Callable, Mapping
from dataclasses import field

from limpet import __version__
from limpet.allocator import give_back_memory
from limpet.errors import ConfigError, DisconnectReason, DisplayUnavailable, LimpetError
from limpet.net.caps import ConnectionCaps
from limpet.net.listener import Accepted, Listener, ListenerPolicy
from limpet.net.registry import TRANSPORTS
from limpet.packets.capabilities import ClientHello
from limpet.packets.requests import Request
from limpet.records import dataclass
from limpet.server.children import Children, split_command
from limpet.server.connection import Connection, Protection
from limpet.server.desktop import Desktop
from limpet.server.features.base import Feature, FeatureContext
from limpet.server.features.registry import FEATURES
from limpet.server.hello import ServerIdentity, server_hello, wall_seconds
from limpet.server.listeners import ListenerPlan
from limpet.server.login import LoginServices
from limpet.server.render import encodings
from limpet.server.requests import ANSWERS
from limpet.server.sharing import admit
from limpet.session.server import State
from limpet.values import Size, Wire
from limpet.x11.connection import X11Connection

log = logging.getLogger("limpet.server")

DISCONNECT_GRACE_S = 1.0
END_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
"""each ends the session in order; SIGHUP comes when the terminal of `--daemon=no` is closed"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerSetup:
    """One listener, ready to be opened."""

    plan: ListenerPlan
    policy: ListenerPolicy
    protection: Protection


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerSettings:
    """What a server is told at its start. `screen` is the most that the virtual screen can have."""

    identity: ServerIdentity
    listeners: tuple[ListenerSetup, ...]
    start: tuple[str, ...] = ()
    start_child: tuple[str, ...] = ()
    exit_with_children: bool = False
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    """of the applications, complete"""
    umask: int = 0o077
    """of the applications: the user's own"""
    resize: bool = True
    maximum: Size = Size(3840, 2160)


class Server:
    """Also the `Host` of its connections and the `SessionControl` of their features."""

    def __init__(
        self,
        settings: ServerSettings,
        services: LoginServices,
        connect_display: Callable[[], X11Connection],
        *,
        on_child: Callable[[int], None] = lambda pid: None,  # noqa: ARG005 - nothing to remember
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._services = services
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._ended = asyncio.Event()
        self._failure: LimpetError | None = None
        self.keep_display = False
        self._connections: set[Connection] = set()
        self._clients: list[Connection] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._listeners: list[tuple[Listener, ListenerSetup]] = []
        self.desktop = Desktop(connect_display, on_lost=self._display_lost)
        self.children = Children(
            settings.environment,
            umask=settings.umask,
            on_last_exit=self._last_child_exited,
            on_started=on_child,
        )

    @property
    def identity(self) -> ServerIdentity:
        return self._settings.identity

    # -- life ----------------------------------------------------------------------------------------------------

    async def open_listeners(self) -> tuple[tuple[str, ListenerSetup], ...]:
        """Bind everything; the addresses as they are now. Raises `ListenFailed`, `ConfigError`."""
        caps = ConnectionCaps(self._clock)
        for setup in self._settings.listeners:
            listener = await TRANSPORTS[setup.plan.bind.kind].listen(
                setup.plan.bind, setup.policy, caps, functools.partial(self._accepted, setup)
            )
            self._listeners.append((listener, setup))
        return self._addresses()

    def _addresses(self) -> tuple[tuple[str, ListenerSetup], ...]:
        return tuple((address, setup) for listener, setup in self._listeners for address in listener.addresses)

    async def run(self, ready: Callable[[], None]) -> None:
        """Serve until told to end. Raises what ended the session, if that was an error.

        `ready` is called once the listeners accept and the applications were started.
        """
        signals = [number for number in END_SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]  # nohup
        for number in signals:
            self._loop.add_signal_handler(number, self.shutdown_by_signal, number.name)
        serving = [
            self._loop.create_task(listener.serve(), name=f"listener {listener.addresses}")
            for listener, _ in self._listeners
        ]
        try:
            await self._start_programs()
            ready()
            await self._ended.wait()
        finally:
            for number in signals:
                self._loop.remove_signal_handler(number)
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            await self._close_connections()
            if not self.keep_display:
                await self.children.stop()
            await self.desktop.close()
            self._services.offload.close()
        if self._failure is not None:
            raise self._failure

    async def _start_programs(self) -> None:
        for text in self._settings.start:
            await self.children.start(split_command(text), waited_for=False)
        for text in self._settings.start_child:
            await self.children.start(split_command(text), waited_for=True)

    async def _close_connections(self) -> None:
        reason = DisconnectReason.SERVER_EXIT if self.keep_display else DisconnectReason.SERVER_SHUTDOWN
        for connection in tuple(self._connections):
            connection.disconnect(reason)
        if self._tasks:
            _, late = await asyncio.wait(tuple(self._tasks), timeout=DISCONNECT_GRACE_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def shutdown_by_signal(self, name: str) -> None:
        log.info("got %s", name)
        self.shutdown(keep_display=False)

    def shutdown(self, *, keep_display: bool) -> None:
        self.keep_display = keep_display
        self._ended.set()

    def display_ended(self) -> None:
        """The X server's process is gone; its connections say so too, in their own time."""
        self._display_lost(DisplayUnavailable("its process ended"))

    def _display_lost(self, error: DisplayUnavailable) -> None:
        if self._ended.is_set():
            return
        self._failure = DisplayUnavailable(
            f"the X server of display {self.identity.display} is gone: the session ends",
            hint="start the session again",
        )
        log.debug("%s", error)
        self._ended.set()

    def _last_child_exited(self) -> None:
        if self._settings.exit_with_children:
            log.info("the last program of --start-child has ended: the session ends")
            self._ended.set()

    # -- connections ---------------------------------------------------------------------------------------------

    def _accepted(self, setup: ListenerSetup, accepted: Accepted) -> None:
        connection = Connection(accepted, setup.protection, self, self._services, clock=self._clock)
        self._connections.add(connection)
        task = self._loop.create_task(self._serve(connection), name=f"connection {connection.peer}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, connection: Connection) -> None:
        """One failing connection never ends the server."""
        try:
            await connection.run()
        except Exception:
            log.exception("%s: internal error", connection.peer)
        finally:
            self._connections.discard(connection)
            self.leave(connection)

    def answer(self, connection: Connection, request: Request, *, early: bool) -> None:
        log.info("%s: request %s%s", connection.peer, request.mode.name, " before login" if early else "")
        ANSWERS[request.mode.name](self, connection, request)

    def greet(self, connection: Connection) -> None:
        if (hello := connection.hello) is not None:
            wanted = hello.display.desktop_size if hello.wants_windows and self._settings.resize else None
            self._accept(connection, hello, wanted or self.desktop.screen_size)

    def _accept(self, connection: Connection, hello: ClientHello, screen: Size) -> None:
        maximum = self._settings.maximum
        screen = Size(min(screen.width, maximum.width), min(screen.height, maximum.height))
        connection.session.accept(
            server_hello(self.identity, hello, screen=screen, maximum=maximum, encodings=encodings()), self._clock()
        )

    def join(self, connection: Connection) -> tuple[Feature, ...] | None:
        """Share where both sides want to, else the newcomer takes over, or is refused (docs/protocol: sharing)."""
        hello = connection.hello
        if hello is None:
            return None
        if not self._make_room(connection, hello):
            return None
        if hello.wants_windows and self._settings.resize and (size := hello.display.desktop_size):
            self.desktop.resize_screen(size)
        if connection.session.state is not State.SESSION:
            self._accept(connection, hello, self.desktop.screen_size)
        self._clients.append(connection)
        log.info(
            "%s: %s joined, user %r, %s",
            connection.peer,
            "a client" if hello.wants_windows else "a command client",
            connection.session.username[:64],
            connection.protection_now,
        )
        context = FeatureContext(
            hello=hello,
            dialect=connection.session.dialect,
            send=connection.send,
            desktop=self.desktop,
            spawn=connection.spawn,
            clock=self._clock,
            write_buffered=lambda: connection.write_buffered,
            host=self,
            log=lambda text: log.info("%s: %s", connection.peer, text),
            resize_screen=self._settings.resize,
        )
        return tuple(row.make(context) for row in FEATURES if row.wanted(hello))

    def _make_room(self, newcomer: Connection, hello: ClientHello) -> bool:
        admission = admit(hello, [(client, client.hello) for client in self._clients if client.hello is not None])
        for client in admission.replaced:
            client.disconnect(DisconnectReason.NEW_CLIENT, "new connection from the same uuid")
        for client in admission.dropped:
            client.disconnect(DisconnectReason.NEW_CLIENT)
        if not admission.admitted:
            newcomer.session.refuse(DisconnectReason.SESSION_BUSY)
        return admission.admitted

    def leave(self, connection: Connection) -> None:
        if connection in self._clients:
            self._clients.remove(connection)
            if not self._clients:
                give_back_memory()
            log.info("%s: left", connection.peer)

    def detach_all(self, reason: DisconnectReason) -> int:
        clients = tuple(self._clients)
        for client in clients:
            client.disconnect(reason)
        return len(clients)

    # -- what clients ask of the whole ---------------------------------------------------------------------------

    async def start_program(self, command: tuple[str, ...] | None, text: str, *, waited_for: bool) -> None:
        try:
            await self.children.start(command or split_command(text), waited_for=waited_for)
        except ConfigError as error:
            log.warning("%s", error)

    def control(self, words: tuple[str, ...]) -> tuple[int, str]:
        match words:
            case ("start", *command) if command:
                task = self._loop.create_task(self.start_program(tuple(command), "", waited_for=False))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
                return 0, f"starting {command[0]}"
            case ("help", *_) | ():
                return 0, "commands: help, start COMMAND [ARGUMENTS], windows"
            case ("windows",):
                return 0, "\n".join(
                    f"{window.id} {window.info.title!r} {window.info.rect}" for window in self.desktop.windows
                )
            case _:
                return 127, f"unknown command {words[0][:64]!r}; try: help"

    def info(self) -> dict[str, Wire]:
        identity = self.identity
        screen = self.desktop.screen_size
        return {
            "server": {
                "limpet": __version__,
                "pid": identity.pid,
                "uuid": identity.uuid,
                "start_time": int(identity.start_time),
                "elapsed_time": int(wall_seconds() - identity.start_time),
                "mode": "limpet",
            },
            "session": {"name": identity.session_name, "type": "limpet seamless"},
            "display": {"name": identity.display, "size": [screen.width, screen.height]},
            "clients": {
                "": len(self._clients),
                **{str(index): _client_info(client) for index, client in enumerate(self._clients)},
            },
            "listeners": {
                str(index): {"address": address, "protection": setup.protection.name}
                for index, (address, setup) in enumerate(self._addresses())
            },
            "windows": {
                str(window.id): {
                    "title": window.info.title,
                    "geometry": [
                        window.info.rect.x,
                        window.info.rect.y,
                        window.info.rect.width,
                        window.info.rect.height,
                    ],
                    "class-instance": list(window.info.class_instance or ()),
                    "override-redirect": window.info.override_redirect,
                }
                for window in self.desktop.windows
            },
            "commands": {
                str(child.pid): {"command": list(child.command), "waited-for": child.waited_for}
                for child in self.children.running
            },
        }


def _client_info(client: Connection) -> dict[str, Wire]:
    facts, session = client.facts, client.session
    return {
        "peer": facts.peer,
        "type": facts.kind,
        "user": session.user or session.username,
        "encryption": client.encryption_info(),
        "latency_ms": int(client.latency_s * 1000),
        "bytes-received": session.bytes_received,
        "bytes-sent": session.bytes_sent,
        "version": ".".join(map(str, session.dialect.version)),
        "connected_s": int(client.age_s),
    }
