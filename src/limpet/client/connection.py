"""One attempt to connect: transport, login, session, end. Knows nothing of windows and of trying again."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import secrets
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from limpet.auth.answer import ChallengeAnswerer, TransportFacts, offered_digests, offered_salt_digests
from limpet.auth.challenge import Offer
from limpet.auth.sources import PasswordRequest, PasswordSources
from limpet.client.plan import ConnectPlan
from limpet.client.reconnect import Ended
from limpet.config.tls import TlsSettings
from limpet.errors import AuthenticationFailed, CipherError, DisconnectReason, ExitCode, HandshakeError, LimpetError
from limpet.limits import HANDSHAKE, WireLimits
from limpet.net.connect import connect
from limpet.net.driver import Driver
from limpet.net.stream import ByteStream, StreamFacts
from limpet.packets.capabilities import ClientHello
from limpet.packets.schema import Packet
from limpet.records import dataclass
from limpet.session.client import ClientSession
from limpet.session.encryption import AesPolicy, derive_keys
from limpet.session.events import (
    Accepted,
    ChallengeReceived,
    Event,
    InvalidPacket,
    KeysNeeded,
    LatencyMeasured,
    PacketReceived,
    Terminated,
    UnknownPacket,
)
from limpet.session.policy import ClientPolicy
from limpet.values import Secret, Wire

if TYPE_CHECKING:
    from limpet.net.tls_config import TlsClientOptions

log = logging.getLogger("limpet.client.connection")

LEAVE_S = 2.0
"""for the goodbye of a user who leaves"""


@dataclass(frozen=True, slots=True)
class Hellos:
    """What the client says of itself. `partial`: what it says before it has proved who it is, None: all at once.

    `request`: what `packets.requests.request_caps` gave, for a connection that wants one answer only.
    """

    full: ClientHello
    partial: ClientHello | None
    limits: WireLimits
    request: dict[str, Wire] | None = None


class ConnectionOwner(Protocol):
    """What a connection tells; all on the event loop, none may block."""

    async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
        """Asked for once the transport is open: the user interface may need some time to know its screens."""

    def accepted(self, event: Accepted, facts: StreamFacts) -> None:
        """The session is on."""

    def received(self, packet: Packet) -> None: ...

    def writable(self) -> None:
        """The connection takes bytes again after it did not."""


class Connection:
    """`run` lasts as long as the connection and returns how it ended.

    `sources` are those of this one login. `legacy`: open with legacy rencode and flat capabilities.
    """

    def __init__(
        self,
        plan: ConnectPlan,
        owner: ConnectionOwner,
        sources: PasswordSources,
        *,
        legacy: bool,
        clock: Callable[[], float] = time.monotonic,
        entropy: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        self._plan = plan
        self._owner = owner
        self._sources = sources
        self._legacy = legacy
        self._clock = clock
        self._entropy = entropy
        self._answerer = ChallengeAnswerer(sources, entropy=entropy, server=str(plan.target), username=plan.username)
        self._session: ClientSession | None = None
        self._driver: Driver[Event] | None = None
        self._facts: StreamFacts | None = None
        self._group: asyncio.TaskGroup | None = None
        self._limit: asyncio.Timeout | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._ended: Terminated | None = None
        self._cause: LimpetError | None = None
        """what the transport said, where that is nearer to the cause than what the session makes of it"""
        self._password_key: Secret | None = None
        self._insisted = False
        self._challenged = False
        self._accepted = False
        self._left = False
        self._unanswered = False
        self._paused: set[str] = set()
        self.latency_s = 0.0
        """of the last ping, 0 before the first"""

    # -- life ----------------------------------------------------------------------------------------------------

    async def run(self) -> Ended:
        """Connect, talk until either side ends, and close. Everything that was started is over then."""
        try:
            async with asyncio.timeout(0 if self._left else None) as limit:
                self._limit = limit
                return await self._connect()
        except TimeoutError:
            if not self._left:
                raise
            return Ended(error=None, reason="left", accepted=self._accepted, by_user=True)
        finally:
            self._limit = None

    async def _connect(self) -> Ended:
        try:
            stream = await connect(self._plan.target, tls_options(self._plan.tls), self._plan.timeout_s)
        except LimpetError as error:
            return Ended(error=error, reason=str(error), by_user=self._left)
        try:
            return await self._talk(stream)
        except LimpetError as error:
            return Ended(error=error, reason=str(error), by_user=self._left)
        finally:
            stream.abort()

    async def _talk(self, stream: ByteStream) -> Ended:
        self._facts = stream.facts
        insist = self._sources.ready
        hellos = await self._owner.hellos(ask_to_be_challenged=insist)
        if self._left:
            return Ended(error=None, reason="left", by_user=True)
        self._insisted = hellos.partial is not None
        async with asyncio.TaskGroup() as group:
            self._group = group
            session = self._make_session(hellos)
            driver: Driver[Event] = Driver(stream, session, self._on_event, self._clock, on_writable=self._on_writable)
            self._session, self._driver = session, driver
            session.start(self._clock())
            driver.start()
            try:
                failure = await driver.wait_closed()
            finally:
                self._group = None
                for task in tuple(self._tasks):
                    task.cancel()
        return self._how_it_ended(failure)

    def _make_session(self, hellos: Hellos) -> ClientSession:
        aes = self._plan.aes
        digests = offered_digests(TransportFacts(encrypted=self._is_tls or aes is not None, local=self._is_local))
        salts = offered_salt_digests()

        def complete(hello: ClientHello) -> ClientHello:
            return dataclasses.replace(hello, digest=digests, salt_digest=salts)

        answer_s = float(self._plan.timeout_s)
        return ClientSession(
            complete(hellos.full),
            ClientPolicy(
                aes=AesPolicy(aes.mode, required=True) if aes is not None else None,
                legacy=self._legacy,
                limits=dataclasses.replace(HANDSHAKE, first_hello_s=answer_s),
                compression_level=self._plan.client.compression_level,
            ),
            entropy=self._entropy,
            partial=complete(hellos.partial) if hellos.partial is not None else None,
            request=hellos.request,
            session_limits=hellos.limits,
        )

    def _how_it_ended(self, failure: Exception | None) -> Ended:
        ended = self._ended
        if ended is None:
            error = failure if isinstance(failure, LimpetError) else _internal(failure)
            return Ended(error=error, reason=str(error), accepted=self._accepted, by_user=self._left)
        error_or_none = self._cause or ended.error
        return Ended(
            error=error_or_none,
            reason=str(error_or_none) if error_or_none is not None else ended.reason,
            text=ended.text,
            accepted=self._accepted,
            unanswered=self._unanswered,
            by_user=self._left,
        )

    # -- what the owner asks -------------------------------------------------------------------------------------

    @property
    def legacy(self) -> bool:
        return self._legacy

    @property
    def peer(self) -> str:
        """For logs."""
        return self._facts.peer if self._facts is not None else str(self._plan.target)

    @property
    def write_buffered(self) -> int:
        return self._driver.write_buffered if self._driver is not None else 0

    @property
    def bytes_received(self) -> int:
        return self._session.bytes_received if self._session is not None else 0

    @property
    def protection(self) -> str:
        """What protects this very connection, for people."""
        tls = self._facts.tls if self._facts is not None else None
        layers = [f"{tls.version} {tls.cipher}{'' if tls.verified else ', unverified'}"] if tls is not None else []
        if self._session is not None and self._session.cipher:
            layers.append(self._session.cipher)
        if layers:
            return " with ".join(layers)
        return "a local socket" if self._facts is not None and self._facts.kind == "unix" else "in clear"

    def send(self, packet: Packet, *, flush: bool = True) -> None:
        """A packet of the session; dropped when the connection is over."""
        if self._session is None or not self._accepted or self._session.closing:
            return
        self._session.send(packet, flush=flush)
        if flush:
            self.flush()

    def flush(self) -> None:
        if self._driver is not None:
            self._driver.flush()

    def set_limits(self, limits: WireLimits) -> None:
        if self._session is not None:
            self._session.set_limits(limits)

    def leave(self) -> None:
        """Say goodbye and close; `run` returns soon, whatever it is doing."""
        self._left = True
        talking = self._session is not None
        if self._session is not None and not self._session.closing:
            self._session.disconnect(DisconnectReason.CLIENT_EXIT)
            self.flush()
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(asyncio.get_running_loop().time() + (LEAVE_S if talking else 0))

    def pause(self, who: str) -> None:
        """Take no more bytes from the server until `resume(who)`."""
        if not self._paused and self._driver is not None:
            self._driver.pause_reading()
        self._paused.add(who)

    def resume(self, who: str) -> None:
        if who in self._paused:
            self._paused.discard(who)
            if not self._paused and self._driver is not None:
                self._driver.resume_reading()

    # -- events --------------------------------------------------------------------------------------------------

    def _on_writable(self, writable: bool) -> None:
        if writable and self._accepted:
            self._owner.writable()

    def _on_event(self, event: Event) -> None:
        match event:
            case PacketReceived(packet=packet):
                self._owner.received(packet)
            case KeysNeeded():
                self._spawn(self._derive(event))
            case ChallengeReceived():
                self._challenged = True
                self._spawn(self._answer(event))
            case Accepted():
                self._on_accepted(event)
            case LatencyMeasured(seconds=seconds):
                self.latency_s = seconds
            case UnknownPacket(name=name):
                log.info("%s: unknown packet %r ignored", self.peer, name)
            case InvalidPacket(detail=detail):
                log.warning("%s: invalid packet ignored: %s", self.peer, detail)
            case Terminated():
                self._on_terminated(event)
            case _:
                log.error("%s: unexpected event %s", self.peer, type(event).__name__)

    def _on_accepted(self, event: Accepted) -> None:
        if self._insisted and not self._challenged and self._session is not None:
            self._session.give_up(
                HandshakeError(
                    f"{self._plan.target} let us in without asking for the password",
                    hint="it may not be the server that you mean; without a password you can connect all the same",
                    exit_code=ExitCode.NO_AUTHENTICATION,
                )
            )
            return
        self._accepted = True
        assert self._facts is not None
        log.info("%s: connected, %s", self.peer, self.protection)
        self._owner.accepted(event, self._facts)

    def _on_terminated(self, event: Terminated) -> None:
        self._ended = event
        self._unanswered = event.unanswered
        failure = self._driver.error if self._driver is not None else None
        if isinstance(failure, LimpetError):
            # e.g. a TLS alert: the server refused our certificate
            self._cause, self._unanswered = failure, False
        error = event.error
        if isinstance(error, AuthenticationFailed) and not error.hint:
            error.hint = self._answerer.failure_hint or "check the password, and the user name (--username=NAME)"
        elif isinstance(error, CipherError) and self._password_key is not None:
            error.hint = "the password is the AES key here: it differs from the server's, or the AES mode does"

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if self._group is None:
            work.close()
            return
        task = self._group.create_task(self._contained(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _contained(self, work: Coroutine[Any, Any, None]) -> None:
        """What fails here ends this connection, with its cause."""
        try:
            await work
        except LimpetError as error:
            if self._session is not None:
                self._session.give_up(error)
            self.flush()
        except Exception as error:
            log.exception("%s: internal error", self.peer)
            if self._driver is not None:
                self._driver.abort(error)

    async def _derive(self, event: KeysNeeded) -> None:
        assert self._session is not None
        try:
            material = await self._key_material()
            keys = await asyncio.to_thread(derive_keys, material, event.requests)
        except LimpetError as error:
            self._session.keys_failed(error)
        else:
            self._session.keys_derived(event.token, keys, self._clock())
        self.flush()

    async def _key_material(self) -> Secret:
        """Asked for at every step of the login, when the password that it is may have been used up."""
        aes = self._plan.aes
        if aes is not None and aes.key is not None:
            return aes.key
        if self._password_key is None:
            self._password_key = await self._sources.key(
                PasswordRequest(str(self._plan.target), self._plan.username, "password, which is the AES key too")
            )
        return self._password_key

    async def _answer(self, event: ChallengeReceived) -> None:
        assert self._session is not None
        offer = Offer(event.server_salt, event.digest, event.salt_digest, event.prompt)
        transport = TransportFacts(encrypted=self._is_tls or event.encrypted, local=self._is_local)
        try:
            answer = await self._answerer.answer(offer, transport, legacy_peer=self._legacy)
        except LimpetError as error:
            self._session.give_up(error)
        else:
            self._session.answer_challenge(
                response=answer.response,
                client_salt=answer.client_salt,
                padding=answer.padding,
                now=self._clock(),
            )
        self.flush()

    @property
    def _is_tls(self) -> bool:
        return self._facts is not None and self._facts.tls is not None

    @property
    def _is_local(self) -> bool:
        return self._facts is not None and is_local(self._facts)


def is_local(facts: StreamFacts) -> bool:
    """Whether nobody but this user and root can be at the other end, so that a clear password would be safe there."""
    return facts.kind == "unix"


def tls_options(settings: TlsSettings | None) -> TlsClientOptions | None:
    """The user's `--ssl-*` values as `net` takes them; None where TLS is not used."""
    if settings is None:
        return None
    # ssl and its helpers are loaded only where TLS is used
    from limpet.net.tls_config import TlsClientOptions

    return TlsClientOptions.from_settings(settings, Path.cwd())


def _internal(failure: Exception | None) -> LimpetError:
    what = f": {type(failure).__name__}" if failure is not None else ""
    return LimpetError(
        f"the connection ended by an internal error{what}",
        hint="-d client shows more",
        exit_code=ExitCode.INTERNAL_ERROR,
    )
