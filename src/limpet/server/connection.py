"""One peer of the server: its session, its login, and the features it gets once it is in.

The dispatcher asks `Access` for the effect of every packet and request; nothing else decides what a peer may do.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import field
from typing import Any, Protocol

from limpet.auth.limiter import FAILURE_ANSWER_S
from limpet.auth.module import ModuleSpec, PeerFacts
from limpet.errors import AuthenticationFailed, DisconnectReason, LimpetError
from limpet.net.driver import Driver
from limpet.net.listener import Accepted
from limpet.packets.capabilities import ClientHello
from limpet.packets.requests import Request
from limpet.packets.schema import Effect, Packet
from limpet.records import dataclass
from limpet.server.access import Access
from limpet.server.features.base import Feature, Handler
from limpet.server.login import Login, LoginServices, refusal
from limpet.session.encryption import AesPolicy
from limpet.session.events import (
    CheckNeeded,
    EarlyRequest,
    Event,
    InvalidPacket,
    KeyShown,
    KeysNeeded,
    LatencyMeasured,
    LoginPassed,
    LoginRequested,
    PacketReceived,
    Terminated,
    UnknownPacket,
)
from limpet.session.policy import ServerPolicy
from limpet.session.server import ServerSession
from limpet.values import Secret, Side, Wire

log = logging.getLogger("limpet.server.connection")

_ANSWER_ONLY = frozenset({Effect.NONE, Effect.VIEW, Effect.INFO})


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """What a listener demands of its connections beyond TLS, which the listener itself sees to."""

    name: str
    """for logs and `info`, as the banner names the listener"""
    aes: AesPolicy | None
    key: Secret | None = field(default=None, repr=False)
    key_from_password: bool = False
    auth: tuple[ModuleSpec, ...] = ()


class Host(Protocol):
    """The server, as one connection sees it."""

    def answer(self, connection: Connection, request: Request, *, early: bool) -> None:
        """Serve a request of the hello; it ends with a call of one of the connection's answers."""

    def greet(self, connection: Connection) -> None:
        """Send our hello and do nothing else: the client has yet to show that it can read it."""

    def join(self, connection: Connection) -> tuple[Feature, ...] | None:
        """Let the client into the session: send our hello, unless `greet` did, and give its features.

        None: refused, and told so.
        """

    def leave(self, connection: Connection) -> None:
        """The connection is over (called for every one that joined)."""


class Connection:
    """See the module. `run` lasts as long as the connection."""

    def __init__(
        self,
        accepted: Accepted,
        protection: Protection,
        host: Host,
        services: LoginServices,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._accepted = accepted
        self._host = host
        self._services = services
        self._clock = clock
        stream = accepted.stream
        self.facts = stream.facts
        self.protection = protection
        self.access = Access()
        self.hello: ClientHello | None = None
        self.latency_s = 0.0
        self.since = clock()
        self.joined = False
        self._failure_logged = False
        self._request: Request | None = None
        tls = stream.facts.tls is not None
        aes = protection.aes
        if aes is not None and tls:
            # TLS alone satisfies a demand for encryption; AES inside it is honoured when it is offered
            aes = AesPolicy(aes.mode, required=False)
        self.session = ServerSession(
            ServerPolicy(aes=aes, private=tls or stream.facts.kind == "unix"),
            entropy=secrets.token_bytes,
            now=clock(),
        )
        self._login = Login(
            services,
            protection.auth,
            _peer_facts(accepted, encrypted=tls or (aes is not None and aes.required)),
            key=protection.key,
            key_from_password=protection.key_from_password,
        )
        self._driver: Driver[Event] | None = None
        self._features: tuple[Feature, ...] = ()
        self._handlers: dict[type[Packet], Handler] = {}
        self._group: asyncio.TaskGroup | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    # -- life ----------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until the connection is closed; everything it started is over then."""
        try:
            async with asyncio.TaskGroup() as group:
                self._group = group
                driver: Driver[Event] = Driver(
                    self._accepted.stream,
                    self.session,
                    self._on_event,
                    self._clock,
                    on_writable=self._on_writable,
                )
                self._driver = driver
                driver.start(self._accepted.first_bytes)
                await driver.wait_closed()
                self._stop_features()
                for task in tuple(self._tasks):
                    task.cancel()
        finally:
            self._group = None
            self._stop_features()
            self._accepted.stream.abort()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` in this connection's task group; it is cancelled when the connection ends."""
        if self._group is None:
            work.close()
            return
        task = self._group.create_task(self._contained(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _contained(self, work: Coroutine[Any, Any, None]) -> None:
        """A failing feature closes its connection, never the server."""
        try:
            await work
        except Exception:
            log.exception("%s: internal error, closing the connection", self.peer)
            self.disconnect(DisconnectReason.SERVER_ERROR)

    @property
    def peer(self) -> str:
        """For logs."""
        return self.facts.peer

    @property
    def age_s(self) -> float:
        """Seconds since the connection was accepted."""
        return self._clock() - self.since

    @property
    def protection_now(self) -> str:
        """What protects this very connection, for logs."""
        tls = self.facts.tls
        layers = [f"{tls.version} {tls.cipher}"] if tls is not None else []
        if self.session.cipher:
            layers.append(self.session.cipher)
        return " with ".join(layers) or ("a local socket" if self.facts.kind == "unix" else "in clear")

    def encryption_info(self) -> dict[str, Wire]:
        """For `info`: `cipher` is `AES` while AES is on, as stock servers have it."""
        tls = self.facts.tls
        info: dict[str, Wire] = {"": bool(tls or self.session.cipher)}
        if self.session.cipher:
            info["cipher"], info["mode"] = self.session.cipher.split("-", 1)
        if tls is not None:
            info["tls"] = {"version": tls.version, "cipher": tls.cipher, "client-certificate": tls.verified}
        return info

    @property
    def write_buffered(self) -> int:
        return self._driver.write_buffered if self._driver is not None else 0

    def send(self, packet: Packet, *, flush: bool = True) -> None:
        """A packet of the session phase; dropped when the connection is over."""
        if self.joined and not self.session.closing:
            self.session.send(packet, flush=flush)
            if flush:
                self.flush()

    def flush(self) -> None:
        """Hand what the session queued to the socket."""
        if self._driver is not None:
            self._driver.flush()

    def answer(self, caps: Mapping[str, Wire]) -> None:
        """The answer to a request of the hello."""
        self.session.answer(caps, self._clock())

    def answer_packet(self, packet: Packet) -> None:
        """The same, by a packet of its own."""
        self.session.answer_packet(packet, self._clock())

    def disconnect(self, reason: DisconnectReason, text: str = "") -> None:
        if not self.session.closing:
            self.session.disconnect(reason, text)
            self.flush()

    # -- events --------------------------------------------------------------------------------------------------

    def _on_writable(self, writable: bool) -> None:
        if writable:
            for feature in self._features:
                feature.writable()

    def _on_event(self, event: Event) -> None:
        match event:
            case PacketReceived(packet=packet):
                self._dispatch(packet)
            case KeysNeeded():
                self.spawn(self._derive(event))
            case LoginRequested(hello=hello):
                self.hello = hello
                self._begin_login(hello)
            case CheckNeeded():
                self.spawn(self._check(event))
            case EarlyRequest(hello=hello, request=request):
                self.hello = hello
                self._host.answer(self, request, early=True)
            case LoginPassed():
                self._passed(event)
            case KeyShown():
                # a client that shows it by its goodbye wants no windows; what it asked for is still done
                if self._request is not None or not self.session.closing:
                    self._enter()
            case LatencyMeasured(seconds=seconds):
                self.latency_s = seconds if self.latency_s == 0 else 0.8 * self.latency_s + 0.2 * seconds
            case UnknownPacket(name=name):
                log.info("%s: unknown packet %r ignored", self.peer, name)
            case InvalidPacket(detail=detail):
                log.warning("%s: invalid packet ignored: %s", self.peer, detail)
            case Terminated():
                self._terminated(event)
            case _:
                log.error("%s: unexpected event %s", self.peer, type(event).__name__)

    def _begin_login(self, hello: ClientHello) -> None:
        try:
            modules = self._login.modules(hello.username)
        except LimpetError as error:
            self._log_failure(error)
            self.spawn(self._refuse_late())
            return
        self.session.begin_login(modules, self._clock())

    def _log_failure(self, error: LimpetError) -> None:
        """Once for each connection, with who and where from."""
        if not self._failure_logged:
            self._failure_logged = True
            user = self.session.user or self.session.username
            hint = f" ({error.hint})" if error.hint else ""
            log.warning("%s: login failed for user %r: %s%s", self.peer, user[:64], error, hint)

    async def _refuse_late(self) -> None:
        """A module that cannot be set up answers no sooner than one that refuses: the time must not tell them apart."""
        await self._services.sleep(FAILURE_ANSWER_S)
        if not self.session.closing:
            self.session.refuse(DisconnectReason.AUTHENTICATION_FAILED)
            self.flush()

    async def _derive(self, event: KeysNeeded) -> None:
        try:
            keys = await self._login.derive(event.requests, self.session.username)
        except LimpetError as error:
            log.warning("%s: no encryption key: %s", self.peer, error)
            self.session.keys_failed(error)
        else:
            self.session.keys_derived(event.token, keys, self._clock())
        self.flush()

    async def _check(self, event: CheckNeeded) -> None:
        try:
            await self._login.verify(event.authenticator, event.attempt, self.session.user)
        except AuthenticationFailed as error:
            self._log_failure(error)
            if not self.session.closing:
                self.session.step_failed(refusal(error))
        else:
            self.session.step_passed(self._clock())
        self.flush()

    def _passed(self, event: LoginPassed) -> None:
        self._login.passed()
        self.hello, self._request = event.hello, event.request
        if not self.session.key_unproven or self._changes_nothing(event.request):
            self._enter()
        elif event.request is not None and event.request.mode.closes is not Side.SERVER:
            # its answer is a hello, and the client would take ours for it
            log.warning("%s: request %s needs a login on this listener", self.peer, event.request.mode.name)
            self.session.refuse(DisconnectReason.PERMISSION_ERROR, "the AES key alone is not enough for this request")
        else:
            self._host.greet(self)

    @staticmethod
    def _changes_nothing(request: Request | None) -> bool:
        """An answer that only those can read who have the key, and nothing else."""
        return request is not None and request.mode.effect in _ANSWER_ONLY

    def _enter(self) -> None:
        """The client is who it should be: serve what it came for."""
        self._accepted.slot.release()
        request = self._request
        if request is not None:
            if self.access.permits(request.mode.effect):
                self._host.answer(self, request, early=False)
            else:
                log.warning("%s: request %s is not permitted", self.peer, request.mode.name)
                self.session.refuse(DisconnectReason.PERMISSION_ERROR)
            return
        features = self._host.join(self)
        if features is None:
            return
        self.joined = True
        self._features = features
        self._handlers = {entry.packet: entry for feature in features for entry in feature.handlers()}
        for feature in features:
            feature.start()

    def _dispatch(self, packet: Packet) -> None:
        if not self.access.permits(packet.effect):
            log.info("%s: %s is not permitted", self.peer, type(packet).__name__)
            return
        entry = self._handlers.get(type(packet))
        if entry is None:
            log.debug("%s: nothing here handles %s", self.peer, type(packet).__name__)
            return
        entry.handle(packet)

    def _terminated(self, event: Terminated) -> None:
        who = "the client" if event.by_peer else "the server"
        if isinstance(event.error, AuthenticationFailed):
            # what the login itself found wrong: no response, no digest in common
            self._log_failure(event.error)
        elif event.error is not None:
            log.warning("%s: connection ended: %s", self.peer, event.error)
        else:
            log.info("%s: connection ended by %s: %s", self.peer, who, event.reason)
        self._stop_features()

    def _stop_features(self) -> None:
        features, self._features = self._features, ()
        self._handlers = {}
        for feature in features:
            feature.stop()
        if self.joined:
            self.joined = False
            self._host.leave(self)


def _peer_facts(accepted: Accepted, *, encrypted: bool) -> PeerFacts:
    facts = accepted.stream.facts
    return PeerFacts(
        kind=facts.kind,
        address=facts.address,
        uid=facts.peer_uid,
        gid=facts.peer_gid,
        pid=facts.peer_pid,
        encrypted=encrypted,
        verified_certificate=facts.tls is not None and facts.tls.verified,
        loopback=facts.loopback,
        socket_path=facts.local if facts.kind == "unix" else "",
    )
