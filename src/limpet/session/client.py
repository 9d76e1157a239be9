"""The client's side of one connection, from the first byte to the last."""

from __future__ import annotations

import dataclasses
import enum
import functools
import math
from collections.abc import Callable, Mapping, Sequence

from limpet.errors import (
    AuthenticationFailed,
    CipherError,
    ClearRecordError,
    ConnectionClosed,
    DisconnectReason,
    EncryptionRequired,
    ExitCode,
    HandshakeError,
    LimitExceeded,
    LimpetError,
    LocalProtocolError,
    PacketError,
    RemoteProtocolError,
)
from limpet.limits import AFTER_HELLO, BEFORE_HELLO, WireLimits
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.packets.capfields import Spelling
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect, check_version, dialect_of
from limpet.packets.display import Screenshot
from limpet.packets.handshake import Challenge, Disconnect, Hello, Ping
from limpet.packets.schema import Packet, Phase
from limpet.session import encryption
from limpet.session.encryption import Entropy, Strength
from limpet.session.events import Accepted, ChallengeReceived, Event, KeysNeeded, PacketReceived
from limpet.session.link import Link, our_network, printable
from limpet.session.ping import Pinger
from limpet.session.policy import ClientPolicy
from limpet.session.reasons import error_for
from limpet.session.rekey import ClientAes
from limpet.session.talk import Talk
from limpet.values import Buffer, Secret, Side, Wire
from limpet.wire.stream import RawPacket

MAX_INVALID_PACKETS = 64
MAX_TEXT = 256
"""characters of the line that a peer sends which does not speak the protocol"""
TEXT_S = 1.0
"""for the rest of that line"""
CLEAR_VERSION_HINT = (
    "stock xpra servers answer 'version' in clear, however they were started: ask them without the encryption options"
)
SILENT_HINT = "a server without working AES may stay silent (stock xpra 6.4 to 6.5.5 do): use ssl:// with those"


class State(enum.Enum):
    """Where a client connection is; `TRANSITIONS` lists what may follow."""

    IDLE = "not started"
    KEYS = "deriving keys"
    AWAIT_ANSWER = "waiting for a challenge or the server's hello"
    ANSWERING = "the owner answers a challenge"
    TEXT = "the server sends text instead of records"
    SESSION = "packets flow"
    CLOSED = "over"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.IDLE: frozenset({State.KEYS, State.AWAIT_ANSWER, State.CLOSED}),
    State.KEYS: frozenset({State.AWAIT_ANSWER, State.ANSWERING, State.SESSION, State.CLOSED}),
    State.AWAIT_ANSWER: frozenset({State.KEYS, State.ANSWERING, State.TEXT, State.SESSION, State.CLOSED}),
    State.ANSWERING: frozenset({State.AWAIT_ANSWER, State.CLOSED}),
    State.TEXT: frozenset({State.CLOSED}),
    State.SESSION: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


_READING = (State.AWAIT_ANSWER, State.ANSWERING, State.SESSION)


class ClientSession:
    """Sans-IO client of one connection.

    `start` sends the first hello. Events are answered: `KeysNeeded` -> `keys_derived` / `keys_failed`,
    `ChallengeReceived` -> `answer_challenge` / `give_up`. `Accepted` means that the session is on.

    `partial`: a first hello that asks to be challenged (`challenge=True`) and holds a few base keys only, so that
    nothing more is said before login. `request`: what `packets.requests.request_caps` gave.
    """

    def __init__(
        self,
        hello: ClientHello,
        policy: ClientPolicy,
        *,
        entropy: Entropy,
        partial: ClientHello | None = None,
        request: Mapping[str, Wire] | None = None,
        session_limits: WireLimits = AFTER_HELLO,
    ) -> None:
        self._hello = hello
        self._policy = policy
        self._partial = partial
        self._request = dict(request or {})
        self._entropy = entropy
        self._session_limits = session_limits
        self._link = Link(Side.CLIENT, FLAT_313 if policy.legacy else NESTED_65, BEFORE_HELLO)
        self._state = State.IDLE
        self._deadline = math.inf
        self._pinger = Pinger(interval_s=policy.ping_interval_s, timeout_s=policy.limits.ping_timeout_s)
        self._talk = Talk(self._link, self._pinger, max_invalid=MAX_INVALID_PACKETS)
        self._aes = _aes_of(policy, self._link, entropy)
        self._heard = False
        self._heard_encrypted = False
        self._then: Callable[[float], None] | None = None
        self._held: RawPacket | None = None
        self._challenges = 0

    # -- what the driver calls -----------------------------------------------------------------------------------

    def receive_data(self, data: Buffer, now: float) -> None:
        if self._link.terminated:
            return
        self._link.feed(data)
        if self._state is State.TEXT:
            self._read_text()
        else:
            self._advance(now)

    def receive_eof(self, now: float, *, clean: bool) -> None:
        if self._link.terminated:
            return
        if (text := self._link.reader.clear_text()) is not None:
            self._end_with_text(text)
            return
        if self._link.reader.buffered and self._state in _READING and self._held is None:
            what = "the connection was cut in the middle of a packet"
            error = ConnectionClosed(what, ours=False, exit_code=ExitCode.TRUNCATED)
            self._end(error, what, by_peer=True)
            return
        if not self._heard:
            how = "the server closed the connection" if clean else "the connection was cut"
            what = f"{how} without an answer"
            refusal = _no_answer(what, self._aes is not None)
            if not clean:
                refusal.exit_code = ExitCode.TRUNCATED
            self._end(refusal, what, by_peer=True, unanswered=True)
            return
        what = "the server closed the connection" if clean else "the connection was cut"
        code = ExitCode.CONNECTION_LOST if clean else ExitCode.TRUNCATED
        self._end(ConnectionClosed(what, ours=False, exit_code=code), what, by_peer=True)

    def data_to_send(self) -> list[Buffer]:
        return self._link.data_to_send()

    def next_event(self) -> Event | None:
        return self._link.next_event()

    def next_timeout(self) -> float | None:
        if self._state is State.CLOSED:
            return None
        when = min(self._deadline, self._pinger.next_timeout)
        return None if math.isinf(when) else when

    def handle_timeout(self, now: float) -> None:
        if self._link.terminated:
            return
        if self._state is State.TEXT:
            if now >= self._deadline:
                self._end_with_text(self._link.reader.clear_text() or "")
        elif now >= self._deadline:
            error = _no_answer("the server does not answer", self._aes is not None and not self._heard)
            error.hint = error.hint or ("" if self._heard else "--timeout=SECONDS waits longer")
            error.exit_code = ExitCode.TIMEOUT
            self._end(error, str(error), by_peer=False)
        elif self._pinger.lost(now):
            what = "the server does not respond any more"
            self._end(ConnectionClosed(what, ours=True, exit_code=ExitCode.TIMEOUT), what, by_peer=False)
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
        """`AES-CBC`, `AES-CTR`, or empty while AES is not on in every direction that is used."""
        return self._aes.cipher if self._aes is not None else ""

    @property
    def bytes_received(self) -> int:
        return self._link.received_bytes

    @property
    def bytes_sent(self) -> int:
        return self._link.sent_bytes

    # -- what the owner calls ------------------------------------------------------------------------------------

    def start(self, now: float) -> None:
        """Send the first hello (after deriving our key, when AES is demanded)."""
        self._require(State.IDLE)
        self._deadline = now + self._policy.limits.first_hello_s
        if self._aes is None:
            self._send_first_hello(now)
        else:
            self._need_keys(self._aes.begin(), self._send_first_hello)

    def keys_derived(self, token: int, keys: Sequence[Secret], now: float) -> None:
        """The keys for `KeysNeeded`, in the order of its requests."""
        if self._link.terminated or self._aes is None or not self._aes.orders.is_last(token):
            return
        self._require(State.KEYS)
        self._aes.install(keys)
        then, self._then = self._then, None
        if then is not None:
            then(now)
        self._advance(now)

    def keys_failed(self, error: LimpetError) -> None:
        """There is no usable key material: the connection ends."""
        self._end(error, str(error), by_peer=False)

    def answer_challenge(self, *, response: bytes, client_salt: bytes, padding: bytes, now: float) -> None:
        """Send the hello again, whole, with the proof (docs/protocol: authentication exchange)."""
        if self._link.terminated:
            return
        self._require(State.ANSWERING)
        if self._aes is not None:
            self._aes.answering()
        self._to(State.AWAIT_ANSWER)
        limits = self._policy.limits
        self._deadline = now + max(limits.first_hello_s, limits.verdict_s)
        self._send_hello(
            dataclasses.replace(
                self._hello,
                challenge_response=response,
                challenge_client_salt=client_salt,
                challenge_padding=padding,
            )
        )
        self._advance(now)

    def give_up(self, error: LimpetError) -> None:
        """End without an answer: no password, or one that must not be sent over this connection."""
        self._end(error, str(error), by_peer=False)

    def send(self, packet: Packet, *, flush: bool = True) -> None:
        if self._link.terminated:
            return
        self._require(State.SESSION)
        self._link.send(packet, flush=flush)

    def set_limits(self, limits: WireLimits) -> None:
        """After `Accepted`: the desktop turned out larger or smaller."""
        self._session_limits = limits
        if self._state is State.SESSION:
            self._link.reader.set_limits(limits)

    def disconnect(self, reason: DisconnectReason = DisconnectReason.CLIENT_EXIT) -> None:
        """Say goodbye and close; in clear only if no encryption was asked for."""
        if self._link.terminated:
            return
        if self._state is State.SESSION or (self._heard and self._aes is None):
            self._link.send(Disconnect(reason=reason.value, extra=()))
        self._end(None, reason.value, by_peer=False)

    # -- reading -------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        while self._state in _READING and not (self._state is State.ANSWERING and self._held is not None):
            try:
                held, self._held = self._held, None
                raw = held or self._link.reader.next_packet()
                if raw is None:
                    return
                self._heard = True
                self._heard_encrypted = self._heard_encrypted or raw.encrypted
                self._handle_raw(raw, now)
            except ClearRecordError as error:
                self._clear_record(error)
            except RemoteProtocolError as error:
                self._broken(error, now)
            except HandshakeError as error:
                self._end(error, str(error), by_peer=False)
        waiting = self._state in (State.KEYS, State.ANSWERING)
        if waiting and self._link.reader.buffered > self._session_limits.max_packet:
            self._broken(LimitExceeded("too much data while a hello is being answered"), now)

    def _read_text(self) -> None:
        """Peers that could not read our first record answer in plain text (docs/protocol: broken peers): one line."""
        text = self._link.reader.clear_text() or ""
        if "\n" in text or len(text) > MAX_TEXT:
            self._end_with_text(text)

    def _end_with_text(self, text: str) -> None:
        shown = printable(text.partition("\n")[0], MAX_TEXT)
        self._end(HandshakeError(f"the server answered with text: {shown!r}"), shown, by_peer=True, unanswered=True)

    def _clear_record(self, error: ClearRecordError) -> None:
        """Encryption is on and a clear record came: show a `disconnect`'s text, believe nothing of it."""
        if self._heard_encrypted:
            self._end(error, str(error), by_peer=False)
            return
        goodbye = _goodbye_in(error, self._link)
        refusal = goodbye or encryption.stays_clear("an unencrypted record")
        if goodbye is None and self._request.get("request") == "version":
            refusal.hint = CLEAR_VERSION_HINT
        self._end(refusal, str(refusal), by_peer=goodbye is not None)

    def _broken(self, error: RemoteProtocolError, now: float) -> None:
        if self._link.reader.clear_text() is not None:
            self._to(State.TEXT)
            self._deadline = now + TEXT_S
            self._read_text()
        elif self._aes is not None and not self._heard_encrypted:
            wrong = CipherError(
                "the server's first encrypted record does not decrypt: its key differs from ours, or its AES mode",
                hint="use the same key file on both sides (--encryption-keyfile) and the same mode",
            )
            self._end(wrong, str(wrong), by_peer=False)
        else:
            # between a hello and its answer the server has no key of ours to read more than that hello
            if self._state is State.SESSION or self._aes is None:
                self._link.send(Disconnect(reason=DisconnectReason.PROTOCOL_ERROR.value, extra=()))
            self._end(error, str(error), by_peer=False)

    def _handle_raw(self, raw: RawPacket, now: float) -> None:
        if self._state is State.SESSION:
            goodbye = self._talk.receive(raw, now)
            if goodbye is not None:
                self._server_disconnects(goodbye)
            return
        packet = self._link.decode(raw, Phase.HELLO)
        if isinstance(packet, Disconnect):
            self._server_disconnects(packet)
        elif self._state is State.ANSWERING and not isinstance(packet, Ping):
            # it waits for the answer; only a goodbye does not
            self._held = raw
        elif isinstance(packet, Challenge):
            self._handle_challenge(packet, now)
        elif isinstance(packet, Hello):
            self._handle_hello(packet, raw, now)
        elif isinstance(packet, Screenshot) and self._request.get("request") == "screenshot":
            # the one request that no hello answers (docs/protocol: request modes)
            self._link.emit(PacketReceived(packet=packet))
        elif not isinstance(packet, Ping):
            raise PacketError(f"{printable(str(raw.items[0]), 40)!r} before the server's hello")

    def _server_disconnects(self, packet: Disconnect) -> None:
        reason = printable(packet.reason)
        text = printable(" ".join(packet.extra))
        error = error_for(reason, text)
        if error is None and self._state is not State.SESSION and not self._request:
            error = HandshakeError(f"the server ended the connection: {text or reason}")
        self._end(error, reason, by_peer=True, text=text)

    # -- challenge and hello -------------------------------------------------------------------------------------

    def _handle_challenge(self, packet: Challenge, now: float) -> None:
        self._challenges += 1
        if self._challenges > self._policy.limits.max_challenges:
            raise AuthenticationFailed(f"the server sent {self._challenges} challenges: too many")
        if self._aes is None:
            self._emit_challenge(packet, now)
        else:
            order = self._aes.challenged(EncryptionCaps.from_challenge(packet.cipher))
            self._need_keys(order, functools.partial(self._emit_challenge, packet))

    def _emit_challenge(self, challenge: Challenge, now: float) -> None:
        self._to(State.ANSWERING)
        # a person may have to type: the server's own limit applies, ours starts again with the answer
        self._deadline = now + self._policy.limits.total_s
        self._link.emit(
            ChallengeReceived(
                server_salt=challenge.server_salt,
                digest=challenge.digest,
                salt_digest=challenge.salt_digest,
                prompt=printable(challenge.prompt),
                encrypted=bool(self.cipher),
            )
        )

    def _handle_hello(self, packet: Hello, raw: RawPacket, now: float) -> None:
        hello = ServerHello.from_wire(packet.caps)
        if hello.version or not self._request:
            # 3.1.3 and 6.2.5 answer `id` and `info` without their version, and nothing follows that depends on it
            check_version(hello.version)
            self._link.set_dialect(dialect_of(hello, serializer=raw.serializer))
            self._link.set_network(hello.network)
        self._link.reader.set_limits(self._session_limits)
        if self._aes is None:
            self._enter_session(hello, packet.caps, now)
        elif self._request and hello.encryption is None:
            # xpra 3.1.3 and 6.2.5 answer `info` encrypted and without a key for us: there is nothing more to say
            self._link.muted = True
            self._enter_session(hello, packet.caps, now)
        else:
            order = self._aes.greeted(hello.encryption, self._link.dialect)
            self._need_keys(order, functools.partial(self._enter_session, hello, packet.caps))

    def _enter_session(self, hello: ServerHello, caps: Mapping[str, Wire], now: float) -> None:
        self._to(State.SESSION)
        self._deadline = math.inf
        self._pinger.start(now)
        self._link.emit(Accepted(hello=hello, caps=caps, dialect=self._link.dialect, cipher=self.cipher))

    # -- writing -------------------------------------------------------------------------------------------------

    def _send_first_hello(self, _: float) -> None:
        self._to(State.AWAIT_ANSWER)
        self._send_hello(self._partial or self._hello)

    def _send_hello(self, hello: ClientHello) -> None:
        dialect = self._link.dialect
        network = dataclasses.replace(our_network(), compression_level=self._policy.compression_level)
        caps = dataclasses.replace(hello, version=dialect.our_version, network=network).to_wire(dialect)
        caps.update(self._request)
        if self._aes is not None:
            # 5.x reads either spelling, 6.x the nested one, 3.1.3 the flat one
            self._aes.ours.write(caps, Spelling.FLAT if self._policy.legacy else Spelling.BOTH)
        self._link.send(Hello(caps=caps))

    def _need_keys(self, order: KeysNeeded, then: Callable[[float], None]) -> None:
        """Order keys; `then` goes on once they are there."""
        self._to(State.KEYS)
        self._then = then
        self._link.emit(order)

    # -- ending --------------------------------------------------------------------------------------------------

    def _end(
        self, error: LimpetError | None, reason: str, *, by_peer: bool, unanswered: bool = False, text: str = ""
    ) -> None:
        self._link.end(
            error,
            reason=reason,
            by_peer=by_peer,
            retry_legacy=unanswered and not self._policy.legacy,
            unanswered=unanswered,
            text=text,
        )
        self._state = State.CLOSED
        self._pinger.stop()

    def _to(self, state: State) -> None:
        if state not in TRANSITIONS[self._state]:
            raise LocalProtocolError(f"from {self._state.name} to {state.name}")
        self._state = state

    def _require(self, state: State) -> None:
        if self._state is not state:
            raise LocalProtocolError(f"called in {self._state.name}, allowed in {state.name}")


def _no_answer(what: str, silent_to_aes: bool) -> LimpetError:
    return HandshakeError(what, hint=SILENT_HINT if silent_to_aes else "")


def _aes_of(policy: ClientPolicy, link: Link, entropy: Entropy) -> ClientAes | None:
    if policy.aes is None:
        return None
    strength = Strength.LEGACY if policy.legacy else Strength.MODERN
    return ClientAes(policy.aes, link, entropy, strength=strength, max_iterations=policy.limits.max_iterations)


def _goodbye_in(error: ClearRecordError, link: Link) -> LimpetError | None:
    """What a clear `disconnect` says, as an error whatever it says; None for any other record."""
    try:
        packet = link.decode(error.packet, Phase.HELLO) if isinstance(error.packet, RawPacket) else None
    except PacketError:
        packet = None
    if not isinstance(packet, Disconnect):
        return None
    said = error_for(printable(packet.reason), printable(" ".join(packet.extra))) or EncryptionRequired(
        f"the server answered in clear and ended the connection: {printable(packet.reason)}",
        exit_code=ExitCode.SERVER_REFUSES_ENCRYPTION,
    )
    # xpra 6.5.5 does not answer an encrypted hello, and says `login timeout` in clear after 20 s
    said.hint = said.hint or SILENT_HINT
    return said
