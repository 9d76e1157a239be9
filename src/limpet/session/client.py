"""The client's side of one connection, from the first byte to the last."""

from __future__ import annotations

import dataclasses
import enum
import math
from collections.abc import Mapping, Sequence

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
from limpet.packets.handshake import Challenge, Disconnect, Hello, Ping, PingEcho
from limpet.packets.schema import Packet, Phase
from limpet.session import encryption
from limpet.session.encryption import Entropy, Strength
from limpet.session.events import (
    Accepted,
    ChallengeReceived,
    Event,
    InvalidPacket,
    KeysNeeded,
    LatencyMeasured,
    PacketReceived,
    UnknownPacket,
)
from limpet.session.link import Link, our_network, printable
from limpet.session.ping import Pinger
from limpet.session.policy import ClientPolicy
from limpet.session.reasons import error_for
from limpet.values import Buffer, Secret, Side, Wire
from limpet.wire.cipher import AesDecryptor, ProbingDecryptor
from limpet.wire.stream import RawPacket

MAX_INVALID_PACKETS = 64


class State(enum.Enum):
    """Where a client connection is; `TRANSITIONS` lists what may follow."""

    IDLE = "not started"
    KEYS = "deriving keys"
    AWAIT_ANSWER = "waiting for a challenge or the server's hello"
    ANSWERING = "the owner answers a challenge"
    SESSION = "packets flow"
    CLOSED = "over"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.IDLE: frozenset({State.KEYS, State.AWAIT_ANSWER, State.CLOSED}),
    State.KEYS: frozenset({State.AWAIT_ANSWER, State.ANSWERING, State.SESSION, State.CLOSED}),
    State.AWAIT_ANSWER: frozenset({State.KEYS, State.ANSWERING, State.SESSION, State.CLOSED}),
    State.ANSWERING: frozenset({State.AWAIT_ANSWER, State.CLOSED}),
    State.SESSION: frozenset({State.CLOSED}),
    State.CLOSED: frozenset(),
}


class _Pending(enum.Enum):
    """What the keys being derived are for."""

    FIRST_HELLO = enum.auto()
    CHALLENGE = enum.auto()
    SERVER_HELLO = enum.auto()


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
        self._heard = False
        self._heard_encrypted = False
        self._our_caps: EncryptionCaps | None = None
        self._their_caps: EncryptionCaps | None = None
        self._pending_caps: EncryptionCaps | None = None
        self._our_key: Secret | None = None
        self._decryptor: ProbingDecryptor | AesDecryptor | None = None
        self._key_token = 0
        self._pending: _Pending | None = None
        self._challenge: Challenge | None = None
        self._challenges = 0
        self._server_hello: tuple[ServerHello, Mapping[str, Wire]] | None = None
        self._invalid = 0

    # -- what the driver calls -----------------------------------------------------------------------------------

    def receive_data(self, data: Buffer, now: float) -> None:
        if self._link.terminated:
            return
        self._link.feed(data)
        self._advance(now)

    def receive_eof(self, now: float, *, clean: bool) -> None:
        if self._link.terminated:
            return
        if not self._heard:
            what = "the server closed the connection without an answer"
            self._end(self._no_answer(what), what, by_peer=True, unanswered=True)
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
        if now >= self._deadline:
            error = self._no_answer("the server does not answer")
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
        """`AES-CBC`, `AES-CTR`, or empty while AES is not on in both directions."""
        both = self._link.encrypted_in and self._link.encrypted_out
        return f"AES-{self._our_caps.mode}" if both and self._our_caps else ""

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
        if self._policy.aes is None:
            self._send_first_hello()
            return
        self._our_caps = self._fresh_caps()
        self._need_keys(_Pending.FIRST_HELLO, (self._our_caps,))

    def keys_derived(self, token: int, keys: Sequence[Secret], now: float) -> None:
        if self._link.terminated or token != self._key_token:
            return
        self._require(State.KEYS)
        pending, self._pending = self._pending, None
        if pending is _Pending.FIRST_HELLO:
            self._set_decryptor(keys[0])
            self._send_first_hello()
        elif pending is _Pending.CHALLENGE:
            self._set_encryptor(keys[0])
            self._our_key = keys[1]
            self._emit_challenge(now)
        else:
            self._set_encryptor(keys[0])
            self._enter_session(now)
        self._advance(now)

    def keys_failed(self, error: LimpetError) -> None:
        """There is no usable key material: the connection ends."""
        self._end(error, str(error), by_peer=False)

    def answer_challenge(self, *, response: bytes, client_salt: bytes, padding: bytes, now: float) -> None:
        """Send the hello again, whole, with the proof (docs/protocol: authentication exchange)."""
        if self._link.terminated:
            return
        self._require(State.ANSWERING)
        if self._our_key is not None:
            self._our_caps = self._pending_caps
            self._set_decryptor(self._our_key)
            self._our_key = None
        self._to(State.AWAIT_ANSWER)
        self._deadline = now + self._policy.limits.first_hello_s
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
        if self._state is State.SESSION or (self._heard and self._policy.aes is None):
            self._link.send(Disconnect(reason=reason.value, extra=()))
        self._end(None, reason.value, by_peer=False)

    # -- reading -------------------------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        while self._state in (State.AWAIT_ANSWER, State.SESSION):
            try:
                raw = self._link.reader.next_packet()
                if raw is None:
                    self._check_text()
                    return
                self._heard = True
                self._heard_encrypted = self._heard_encrypted or raw.encrypted
                self._handle_raw(raw, now)
            except ClearRecordError as error:
                self._clear_record(error)
            except RemoteProtocolError as error:
                self._broken(error)
            except HandshakeError as error:
                self._end(error, str(error), by_peer=False)
        waiting = self._state in (State.KEYS, State.ANSWERING)
        if waiting and self._link.reader.buffered > self._session_limits.max_packet:
            self._broken(LimitExceeded("too much data while a hello is being answered"))

    def _check_text(self) -> None:
        """Peers that could not read our first record answer in plain text (docs/protocol: broken peers)."""
        if self._heard:
            return
        text = self._link.reader.clear_text()
        if text is not None:
            shown = printable(text)
            error = HandshakeError(f"the server answered with text: {shown!r}")
            self._end(error, shown, by_peer=True, unanswered=True)

    def _clear_record(self, error: ClearRecordError) -> None:
        """Encryption is on and a clear record came: show a `disconnect`'s text, believe nothing of it."""
        packet: Packet | None = None
        if isinstance(error.packet, RawPacket):
            try:
                packet = self._link.decode(error.packet, Phase.HELLO)
            except PacketError:
                packet = None
        if self._heard_encrypted:
            self._end(error, str(error), by_peer=False)
        elif isinstance(packet, Disconnect):
            known = error_for(printable(packet.reason), printable(" ".join(packet.extra)))
            said = known or EncryptionRequired(
                f"the server answered in clear and ended the connection: {printable(packet.reason)}",
                exit_code=ExitCode.SERVER_REFUSES_ENCRYPTION,
            )
            self._end(said, str(said), by_peer=True)
        else:
            refusal = encryption.stays_clear("an unencrypted record")
            self._end(refusal, str(refusal), by_peer=False)

    def _broken(self, error: RemoteProtocolError) -> None:
        self._check_text()
        if self._link.terminated:
            return
        if self._policy.aes is not None and not self._heard_encrypted:
            wrong = CipherError(
                "the server's first encrypted record does not decrypt: its key differs from ours, or its AES mode",
                hint="use the same key file on both sides (--tcp-encryption-keyfile) and the same mode",
            )
            self._end(wrong, str(wrong), by_peer=False)
            return
        if self._link.encrypted_out or self._policy.aes is None:
            self._link.send(Disconnect(reason=DisconnectReason.PROTOCOL_ERROR.value, extra=()))
        self._end(error, str(error), by_peer=False)

    def _handle_raw(self, raw: RawPacket, now: float) -> None:
        phase = Phase.SESSION if self._state is State.SESSION else Phase.HELLO
        try:
            packet = self._link.decode(raw, phase)
        except PacketError as error:
            if phase is Phase.HELLO:
                raise
            self._invalid += 1
            if self._invalid > MAX_INVALID_PACKETS:
                raise
            self._link.emit(InvalidPacket(detail=str(error)))
            return
        if isinstance(packet, Disconnect):
            self._server_disconnects(packet)
        elif phase is Phase.SESSION:
            self._handle_session(packet, raw, now)
        elif isinstance(packet, Challenge):
            self._handle_challenge(packet, now)
        elif isinstance(packet, Hello):
            self._handle_hello(packet, raw, now)
        elif isinstance(packet, Screenshot) and self._request.get("request") == "screenshot":
            # the one request that no hello answers (docs/protocol: request modes)
            self._link.emit(PacketReceived(packet=packet))
        elif not isinstance(packet, Ping):
            raise PacketError(f"{printable(str(raw.items[0]), 40)!r} before the server's hello")

    def _handle_session(self, packet: Packet | None, raw: RawPacket, now: float) -> None:
        if packet is None:
            self._link.emit(UnknownPacket(name=printable(str(raw.items[0]), 64)))
        elif isinstance(packet, Ping):
            self._link.send(PingEcho(time_ms=packet.time_ms, source=packet.source))
        elif isinstance(packet, PingEcho):
            if (seconds := self._pinger.echoed(packet.time_ms, now)) is not None:
                self._link.emit(LatencyMeasured(seconds=seconds))
        elif isinstance(packet, (Hello, Challenge)):
            self._link.emit(InvalidPacket(detail=f"a second {type(packet).__name__.lower()} after login"))
        else:
            self._link.emit(PacketReceived(packet=packet))

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
        self._challenge = packet
        if self._policy.aes is None:
            self._emit_challenge(now)
            return
        self._their_caps = self._read_their_caps(EncryptionCaps.from_challenge(packet.cipher), "a challenge")
        self._pending_caps = self._fresh_caps()
        self._need_keys(_Pending.CHALLENGE, (self._their_caps, self._pending_caps))

    def _emit_challenge(self, now: float) -> None:
        challenge, self._challenge = self._challenge, None
        if challenge is None:
            raise LocalProtocolError("no challenge to answer")
        self._to(State.ANSWERING)
        # a person may have to type: the server's own limit applies, ours starts again with the answer
        self._deadline = now + self._policy.limits.total_s
        self._link.emit(
            ChallengeReceived(
                server_salt=challenge.server_salt,
                digest=challenge.digest,
                salt_digest=challenge.salt_digest,
                prompt=printable(challenge.prompt),
                encrypted=self._link.encrypted_in and self._link.encrypted_out,
            )
        )

    def _handle_hello(self, packet: Hello, raw: RawPacket, now: float) -> None:
        hello = ServerHello.from_wire(packet.caps)
        self._server_hello = (hello, packet.caps)
        if hello.version or not self._request:
            # 3.1.3 and 6.2.5 answer `id` and `info` without their version, and nothing follows that depends on it
            check_version(hello.version)
            self._link.set_dialect(dialect_of(hello, serializer=raw.serializer))
            self._link.set_network(hello.network)
        self._link.reader.set_limits(self._session_limits)
        if self._policy.aes is None:
            self._enter_session(now)
            return
        self._their_caps = self._read_their_caps(hello.encryption, "its hello has no cipher")
        if isinstance(self._decryptor, ProbingDecryptor):
            self._decryptor.settle(self._link.dialect.cipher_block)
        self._need_keys(_Pending.SERVER_HELLO, (self._their_caps,))

    def _enter_session(self, now: float) -> None:
        if self._server_hello is None:
            raise LocalProtocolError("no server hello")
        hello, caps = self._server_hello
        self._to(State.SESSION)
        self._deadline = math.inf
        self._pinger.start(now)
        self._link.emit(Accepted(hello=hello, caps=caps, dialect=self._link.dialect, cipher=self.cipher))

    def _read_their_caps(self, caps: EncryptionCaps | None, where: str) -> EncryptionCaps:
        policy = self._policy.aes
        if caps is None or policy is None:
            raise encryption.stays_clear(where)
        encryption.check_caps(caps, policy, max_iterations=self._policy.limits.max_iterations)
        return caps

    # -- writing -------------------------------------------------------------------------------------------------

    def _send_first_hello(self) -> None:
        self._to(State.AWAIT_ANSWER)
        self._send_hello(self._partial or self._hello)

    def _send_hello(self, hello: ClientHello) -> None:
        dialect = self._link.dialect
        network = dataclasses.replace(our_network(), compression_level=self._policy.compression_level)
        caps = dataclasses.replace(hello, version=dialect.our_version, network=network).to_wire(dialect)
        caps.update(self._request)
        if self._our_caps is not None:
            # 5.x reads either spelling, 6.x the nested one, 3.1.3 the flat one
            self._our_caps.write(caps, Spelling.FLAT if self._policy.legacy else Spelling.BOTH)
        self._link.send(Hello(caps=caps))

    def _fresh_caps(self) -> EncryptionCaps:
        policy = self._policy.aes
        if policy is None:
            raise LocalProtocolError("no AES policy")
        strength = Strength.LEGACY if self._policy.legacy else Strength.MODERN
        return encryption.fresh_caps(self._entropy, mode=policy.mode or "CBC", strength=strength)

    def _need_keys(self, pending: _Pending, caps: tuple[EncryptionCaps, ...]) -> None:
        self._to(State.KEYS)
        self._pending = pending
        self._key_token += 1
        self._link.emit(
            KeysNeeded(token=self._key_token, requests=tuple(encryption.key_request(each) for each in caps))
        )

    def _set_decryptor(self, key: Secret) -> None:
        """Until a record tells which padding block the server uses, both are tried."""
        if self._our_caps is None:
            raise LocalProtocolError("no encryption capabilities of our own")
        settled = self._settled_block()
        if settled is None:
            self._decryptor = encryption.probing_decryptor(self._our_caps, key)
        else:
            self._decryptor = encryption.decryptor(self._our_caps, key, block=settled)
        self._link.reader.set_decryptor(self._decryptor)
        self._link.encrypted_in = True

    def _settled_block(self) -> int | None:
        if self._server_hello is not None:
            return self._link.dialect.cipher_block
        settled = self._decryptor.settled if isinstance(self._decryptor, ProbingDecryptor) else None
        return settled.block if settled is not None else None

    def _set_encryptor(self, key: Secret) -> None:
        if self._their_caps is None:
            raise LocalProtocolError("no encryption capabilities of the server")
        block = self._settled_block() or (32 if self._policy.legacy else 16)
        self._link.writer.set_encryptor(encryption.encryptor(self._their_caps, key, block=block, entropy=self._entropy))
        self._link.encrypted_out = True

    # -- ending --------------------------------------------------------------------------------------------------

    def _no_answer(self, what: str) -> LimpetError:
        hint = ""
        if self._policy.aes is not None:
            hint = "a server without working AES may stay silent (stock xpra 6.4 to 6.5.5 do): use ssl:// with those"
        return HandshakeError(what, hint=hint)

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
