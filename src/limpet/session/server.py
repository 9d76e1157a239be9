"""The server's side of one connection, from the first byte to the last."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import math
from collections.abc import Iterator, Mapping, Sequence

from limpet.auth.challenge import Accepted, ChallengeChain, Check, Offer
from limpet.auth.digest import SERVER_SALT_SIZE
from limpet.auth.module import Authenticator
from limpet.errors import (
    AuthenticationFailed,
    ConnectionClosed,
    DisconnectReason,
    ExitCode,
    HandshakeError,
    LimitExceeded,
    LimpetError,
    LocalProtocolError,
    PacketError,
    RemoteProtocolError,
    VersionRefused,
)
from limpet.limits import AFTER_HELLO, BEFORE_HELLO
from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect, check_version, dialect_of
from limpet.packets.handshake import Challenge, Disconnect, Hello, Ping
from limpet.packets.requests import requested
from limpet.packets.schema import Packet, Phase
from limpet.session.encryption import EncryptionRefused, Entropy
from limpet.session.events import CheckNeeded, EarlyRequest, Event, KeyShown, LoginPassed, LoginRequested
from limpet.session.link import Link, our_network, printable
from limpet.session.ping import Pinger
from limpet.session.policy import ServerPolicy
from limpet.session.rekey import KeyProof, ServerAes
from limpet.session.talk import Talk
from limpet.values import Buffer, Secret, Side, Wire
from limpet.wire.stream import RawPacket

MAX_INVALID_PACKETS = 16


class State(enum.Enum):
    """Where a server connection is; `TRANSITIONS` lists what may follow."""

    AWAIT_HELLO = "waiting for the first hello"
    KEYS = "deriving keys"
    LOGIN = "the owner assembles the login"
    CHALLENGED = "waiting for the response to a challenge"
    VERIFYING = "the owner verifies a step"
    DECIDING = "the owner decides what the login gets"
    ANSWERED = "a request was answered; the client closes"
    SESSION = "packets flow"
    CLOSED = "over"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.AWAIT_HELLO: frozenset({State.KEYS, State.LOGIN, State.DECIDING, State.CLOSED}),
    State.KEYS: frozenset({State.LOGIN, State.VERIFYING, State.DECIDING, State.CLOSED}),
    State.LOGIN: frozenset({State.CHALLENGED, State.VERIFYING, State.DECIDING, State.CLOSED}),
    State.CHALLENGED: frozenset({State.KEYS, State.VERIFYING, State.DECIDING, State.CLOSED}),
    State.VERIFYING: frozenset({State.CHALLENGED, State.VERIFYING, State.DECIDING, State.CLOSED}),
    State.DECIDING: frozenset({State.ANSWERED, State.SESSION, State.CLOSED}),
    State.ANSWERED: frozenset({State.CLOSED}),
    State.SESSION: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}
_READING = (State.AWAIT_HELLO, State.CHALLENGED, State.ANSWERED, State.SESSION)


class ServerSession:
    """Sans-IO server of one connection.

    The owner feeds bytes and the time, takes events, and answers them:
    `KeysNeeded` -> `keys_derived` / `keys_failed`; `LoginRequested` -> `begin_login` / `refuse`;
    `CheckNeeded` -> `step_passed` / `step_failed`; `LoginPassed` -> `accept` / `answer` / `refuse`. While
    `key_unproven` holds after that, nothing may have an effect before `KeyShown`.
    """

    def __init__(self, policy: ServerPolicy, *, entropy: Entropy, now: float) -> None:
        self._policy = policy
        self._entropy = entropy
        self._link = Link(Side.SERVER, NESTED_65, BEFORE_HELLO)
        self._state = State.AWAIT_HELLO
        self._deadline = now + policy.limits.first_hello_s
        self._total_deadline = now + policy.limits.total_s
        self._pinger = Pinger(interval_s=policy.ping_interval_s, timeout_s=policy.limits.ping_timeout_s)
        self._talk = Talk(self._link, self._pinger, max_invalid=MAX_INVALID_PACKETS)
        iterations = policy.limits.max_iterations_unauthenticated
        self._aes = ServerAes(policy.aes, self._link, entropy, max_iterations=iterations)
        self._proof = KeyProof(policy.aes, self._link)
        self._heard = False
        self._hello: ClientHello | None = None
        self._caps: Mapping[str, Wire] = {}
        self._chain: ChallengeChain | None = None

    # -- what the driver calls -----------------------------------------------------------------------------------

    def receive_data(self, data: Buffer, now: float) -> None:
        if self._link.terminated:
            return
        self._link.feed(data)
        self._advance(now)

    def receive_eof(self, now: float, *, clean: bool) -> None:
        if self._state is State.ANSWERED:
            self._end(None, "request answered", by_peer=True)
            return
        code = ExitCode.CONNECTION_LOST if clean else ExitCode.TRUNCATED
        what = "the client closed the connection" if clean else "the connection was cut"
        self._end(ConnectionClosed(what, ours=False, exit_code=code), what, by_peer=True)

    def data_to_send(self) -> list[Buffer]:
        return self._link.data_to_send()

    def next_event(self) -> Event | None:
        return self._link.next_event()

    def next_timeout(self) -> float | None:
        if self._state is State.CLOSED:
            return None
        when = min(self._deadline, self._total_deadline, self._pinger.next_timeout)
        return None if math.isinf(when) else when

    def handle_timeout(self, now: float) -> None:
        if self._link.terminated:
            return
        if now >= min(self._deadline, self._total_deadline):
            answered = self._state is State.ANSWERED
            self._disconnect(DisconnectReason.DONE if answered else DisconnectReason.LOGIN_TIMEOUT)
        elif self._pinger.lost(now):
            self._disconnect(DisconnectReason.CLIENT_PING_TIMEOUT)
        elif (stamp := self._pinger.due(now)) is not None:
            self._link.send(Ping(time_ms=stamp))

    @property
    def closing(self) -> bool:
        return self._state is State.CLOSED

    @property
    def state(self) -> State:
        return self._state

    @property
    def dialect(self) -> Dialect:
        return self._link.dialect

    @property
    def cipher(self) -> str:
        """`AES-CBC`, `AES-CTR`, or empty while AES is not on in both directions."""
        return self._aes.cipher

    @property
    def key_unproven(self) -> bool:
        """AES is demanded, and nothing that came so far needed the key."""
        return self._proof.outstanding

    @property
    def bytes_received(self) -> int:
        return self._link.received_bytes

    @property
    def bytes_sent(self) -> int:
        return self._link.sent_bytes

    # -- what the owner answers ----------------------------------------------------------------------------------

    def keys_derived(self, token: int, keys: Sequence[Secret], now: float) -> None:
        """The keys for `KeysNeeded`: first the one we encrypt with, then the one we decrypt with."""
        if self._link.terminated or not self._aes.orders.is_last(token):
            return
        self._require(State.KEYS)
        self._aes.install(keys)
        with self._guarded():
            self._after_hello(now)

    def keys_failed(self, error: LimpetError) -> None:
        """There is no usable key material: the connection ends; nothing goes on in clear."""
        if not self._link.terminated:
            self._say_goodbye("encryption key is missing")
            self._end(error, str(error), by_peer=False)

    def begin_login(self, authenticators: Sequence[Authenticator], now: float) -> None:
        """Pass the modules in their order; with none, a client that asked for a challenge gets a fake one."""
        if self._link.terminated:
            return
        self._require(State.LOGIN)
        hello = self._require_hello()
        self._chain = ChallengeChain(
            authenticators,
            client_digests=hello.digest or (),
            client_salt_digests=hello.salt_digest or (),
            private=self._policy.private or bool(self.cipher),
            wants_challenge=hello.challenge and not hello.challenge_response,
        )
        with self._guarded():
            self._next_step(now)

    def step_passed(self, now: float) -> None:
        """The module of the last `CheckNeeded` let the client in."""
        if self._link.terminated:
            return
        self._require(State.VERIFYING)
        self._require_chain().passed()
        with self._guarded():
            self._next_step(now)

    def step_failed(self, error: AuthenticationFailed) -> None:
        """Wrong credential, or the module could not decide: one text for both."""
        if not self._link.terminated:
            self._require(State.VERIFYING)
            self._refuse_login(error)

    @property
    def username(self) -> str:
        """The name that the client claims; empty before its hello."""
        return self._hello.username if self._hello is not None else ""

    @property
    def user(self) -> str:
        """The user name that decides in the login's modules, else empty."""
        return self._chain.user if self._chain is not None else ""

    def accept(self, hello: ServerHello, now: float) -> None:
        """The client is in: send our hello; packets of the session phase follow."""
        if self._link.terminated:
            return
        self._require(State.DECIDING)
        dialect = self._link.dialect
        whole = dataclasses.replace(hello, version=dialect.our_version, network=our_network())
        self._send_hello(whole.to_wire(dialect))
        self._to(State.SESSION)
        if self._proof.outstanding:
            # a client with the key can read our hello and echo this ping
            self._link.send(Ping(time_ms=int(now * 1000)))
            self._deadline = now + self._policy.limits.first_hello_s
        else:
            self._open(now)
        self._advance(now)

    def _open(self, now: float) -> None:
        self._link.reader.set_limits(AFTER_HELLO)
        self._deadline = self._total_deadline = math.inf
        self._pinger.start(now)

    def answer(self, caps: Mapping[str, Wire], now: float) -> None:
        """Answer a request with a hello that holds `caps`; the client closes, or we do after `answered_s`."""
        if self._link.terminated:
            return
        self._require(State.DECIDING)
        self._send_hello(dict(caps))
        self._answered(now)

    def answer_packet(self, packet: Packet, now: float) -> None:
        """Answer a request with a packet of its own (`screenshot`)."""
        if not self._link.terminated:
            self._require(State.DECIDING)
            self._link.send(packet)
            self._answered(now)

    def _answered(self, now: float) -> None:
        """Closing at once would overtake the client: it may still derive the key that our hello asks for."""
        self._to(State.ANSWERED)
        self._deadline = now + self._policy.limits.answered_s
        self._advance(now)

    def refuse(self, reason: DisconnectReason, text: str = "") -> None:
        self._disconnect(reason, text)

    def send(self, packet: Packet, *, flush: bool = True) -> None:
        """A packet of the session phase."""
        if self._link.terminated:
            return
        self._require(State.SESSION)
        self._link.send(packet, flush=flush)

    def disconnect(self, reason: DisconnectReason, text: str = "") -> None:
        self._disconnect(reason, text)

    # -- reading -------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        """Handle packets while the state can take one; what comes early stays in the bounded reader."""
        while self._state in _READING:
            with self._guarded():
                raw = self._link.reader.next_packet()
                if raw is None:
                    return
                self._heard = True
                self._handle_raw(raw, now)
        if self._state is not State.CLOSED and self._link.reader.buffered > BEFORE_HELLO.max_packet:
            self._broken(LimitExceeded("too much data while a hello is being answered"))

    @contextlib.contextmanager
    def _guarded(self) -> Iterator[None]:
        """What the peer did wrong ends the connection, with the reason it may know."""
        try:
            yield
        except RemoteProtocolError as error:
            self._broken(error)
        except AuthenticationFailed as error:
            self._refuse_login(error)
        except HandshakeError as error:
            if isinstance(error, EncryptionRefused):
                reason = error.reason
            elif isinstance(error, VersionRefused):
                reason = DisconnectReason.VERSION_ERROR
            else:
                reason = DisconnectReason.ENCRYPTION_INVALID
            self._say_goodbye(reason.value)
            self._end(error, str(error), by_peer=False)

    def _broken(self, error: RemoteProtocolError) -> None:
        """A record or packet that breaks the rules ends the connection; all cipher failures look the same."""
        if self._heard:
            self._say_goodbye(error.reason.value)
        else:
            self._link.send_text(f"disconnect: {DisconnectReason.PROTOCOL_ERROR.value}\n")
        self._end(error, str(error), by_peer=False)

    def _handle_raw(self, raw: RawPacket, now: float) -> None:
        if self._state is State.SESSION:
            if self._proof.brought_by(raw, Phase.SESSION):
                self._open(now)
                self._link.emit(KeyShown())
            goodbye = self._talk.receive(raw, now)
            if goodbye is not None:
                self._client_disconnects(goodbye)
            return
        if self._hello is None:
            first = NESTED_65 if raw.serializer == NESTED_65.serializer else FLAT_313
            self._link.set_dialect(dataclasses.replace(first, serializer=raw.serializer))
        packet = self._link.decode(raw, Phase.HELLO)
        self._proof.brought_by(raw, Phase.HELLO)
        if isinstance(packet, Disconnect):
            self._client_disconnects(packet)
        elif self._state is State.ANSWERED:
            raise PacketError("a packet after the answer to a request")
        elif isinstance(packet, Hello):
            self._handle_hello(packet, raw, now)
        else:
            raise PacketError(f"{printable(str(raw.items[0]), 40)!r} before login")

    def _client_disconnects(self, packet: Disconnect) -> None:
        reason = printable(packet.reason)
        self._link.send(Disconnect(reason=DisconnectReason.CLIENT_REQUEST.value, extra=()))
        self._end(None, reason, by_peer=True)

    # -- hello, keys, login --------------------------------------------------------------------------------------

    def _handle_hello(self, packet: Hello, raw: RawPacket, now: float) -> None:
        hello = ClientHello.from_wire(packet.caps)
        check_version(hello.version)
        if self._hello is None:
            self._link.set_dialect(dialect_of(hello, serializer=raw.serializer))
        else:
            # a first hello may be partial; what decides how bytes are read and written stays as it was in it
            whole = dialect_of(hello, serializer=raw.serializer)
            self._link.set_dialect(
                dataclasses.replace(self._link.dialect, packet_types=whole.packet_types, metadata=whole.metadata)
            )
        self._link.set_network(hello.network)
        self._hello, self._caps = hello, packet.caps
        self._deadline = now + self._policy.limits.challenge_s
        order = self._aes.offered(hello.encryption)
        if order is None:
            self._after_hello(now)
        else:
            self._to(State.KEYS)
            self._link.emit(order)

    def _after_hello(self, now: float) -> None:
        """Encryption is settled for this hello: go on to the login, or to the step it answers."""
        hello = self._require_hello()
        if self._chain is not None:
            self._response(hello, now)
            return
        request = requested(self._caps)
        if request is not None and request.mode.before_login:
            self._to(State.DECIDING)
            self._link.emit(EarlyRequest(hello=hello, request=request, caps=self._caps))
            return
        self._to(State.LOGIN)
        self._link.emit(LoginRequested(hello=hello, username=hello.username, encrypted=self._link.encrypted_in))

    def _next_step(self, now: float) -> None:
        chain = self._require_chain()
        step = chain.next_step(self._entropy(SERVER_SALT_SIZE))
        if isinstance(step, Accepted):
            self._passed()
        elif isinstance(step, Check):
            self._to(State.VERIFYING)
            self._link.emit(CheckNeeded(authenticator=step.authenticator, attempt=step.attempt))
        else:
            self._send_challenge(step, now)

    def _send_challenge(self, offer: Offer, now: float) -> None:
        """The cipher capabilities go in all three layouts that clients look for (docs/protocol: AES, challenge)."""
        ours = self._aes.ours
        self._link.send(
            Challenge(
                server_salt=offer.server_salt,
                cipher=ours.for_challenge() if ours else {},
                digest=offer.digest,
                salt_digest=offer.salt_digest,
                prompt=offer.prompt,
            )
        )
        self._deadline = now + self._policy.limits.challenge_s
        self._to(State.CHALLENGED)
        self._advance(now)

    def _response(self, hello: ClientHello, now: float) -> None:
        self._require_chain().respond(
            hello.challenge_response or b"", hello.challenge_client_salt or b"", hello.username
        )
        self._to(State.VERIFYING)
        self._next_step(now)

    def _refuse_login(self, error: AuthenticationFailed) -> None:
        if self._chain is not None:
            self._chain.failed()
        self._say_goodbye(DisconnectReason.AUTHENTICATION_FAILED.value)
        self._end(error, str(error), by_peer=False)

    def _passed(self) -> None:
        request = requested(self._caps)
        self._to(State.DECIDING)
        self._deadline = math.inf
        self._link.emit(LoginPassed(hello=self._require_hello(), request=request, caps=self._caps))

    def _send_hello(self, caps: dict[str, Wire]) -> None:
        if (ours := self._aes.ours) is not None:
            ours.write(caps, self._link.dialect)
        self._link.send(Hello(caps=caps))

    # -- ending --------------------------------------------------------------------------------------------------

    def _disconnect(self, reason: DisconnectReason, text: str = "") -> None:
        if not self._link.terminated:
            self._say_goodbye(reason.value, text)
            self._end(None, text or reason.value, by_peer=False)

    def _say_goodbye(self, reason: str, text: str = "") -> None:
        if not self._aes.speechless:
            self._link.send(Disconnect(reason=reason, extra=(text,) if text else ()))

    def _end(self, error: LimpetError | None, reason: str, *, by_peer: bool) -> None:
        self._link.end(error, reason=reason, by_peer=by_peer)
        self._state = State.CLOSED
        self._pinger.stop()

    def _to(self, state: State) -> None:
        if state not in TRANSITIONS[self._state]:
            raise LocalProtocolError(f"from {self._state.name} to {state.name}")
        self._state = state

    def _require(self, state: State) -> None:
        if self._state is not state:
            raise LocalProtocolError(f"called in {self._state.name}, allowed in {state.name}")

    def _require_chain(self) -> ChallengeChain:
        if self._chain is None:
            raise LocalProtocolError("no login was begun")
        return self._chain

    def _require_hello(self) -> ClientHello:
        if self._hello is None:
            raise LocalProtocolError("no hello yet")
        return self._hello
