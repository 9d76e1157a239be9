"""Owners and peers for the tests of sessions: a `Meeting` plays both owners, a `Puppet` is the other end by hand."""

from __future__ import annotations

import dataclasses
from collections.abc import Coroutine, Mapping, Sequence
from typing import Any

from limpet.auth.challenge import Offer
from limpet.auth.digest import CLIENT_DIGESTS
from limpet.auth.module import Authenticator, ModuleSpec
from limpet.auth.registry import build
from limpet.errors import AuthenticationFailed, LimpetError
from limpet.limits import AFTER_HELLO, HANDSHAKE, HandshakeLimits
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.requests import request_caps
from limpet.session import encryption
from limpet.session.client import ClientSession
from limpet.session.encryption import AesPolicy, Strength
from limpet.session.events import (
    ChallengeReceived,
    CheckNeeded,
    EarlyRequest,
    Event,
    KeysNeeded,
    LoginPassed,
    LoginRequested,
    Terminated,
)
from limpet.session.policy import ClientPolicy, ServerPolicy
from limpet.session.server import ServerSession
from limpet.values import Secret, Wire
from limpet.wire.stream import PacketReader, PacketWriter, RawPacket
from tests.auth.support import CLIENT_SALT, TCP, FakeEnv, respond
from tests.session.pair import Pair, counting_entropy

KEY = Secret(b"the key of both")
OTHER_KEY = Secret(b"another key")
PASSWORD = "pa55word"
HELLO = ClientHello(username="joe", digest=CLIENT_DIGESTS, salt_digest=CLIENT_DIGESTS, uuid="abc")


def aes_policy(mode: str | None, *, required: bool = True) -> AesPolicy | None:
    """`mode` "any" leaves it open, None is no AES."""
    if mode is None:
        return None
    return AesPolicy(None if mode == "any" else mode, required=required)


def make_client(
    *,
    aes: str | None = None,
    legacy: bool = False,
    hello: ClientHello = HELLO,
    partial: bool = False,
    request: str = "",
    limits: HandshakeLimits = HANDSHAKE,
    **arguments: Wire,
) -> ClientSession:
    return ClientSession(
        hello,
        ClientPolicy(aes=aes_policy(aes), legacy=legacy, limits=limits),
        entropy=counting_entropy(),
        partial=dataclasses.replace(HELLO, challenge=True) if partial else None,
        request=request_caps(request, **arguments) if request else None,
    )


def make_server(
    *, aes: str | None = None, required: bool = True, private: bool = False, limits: HandshakeLimits = HANDSHAKE
) -> ServerSession:
    policy = ServerPolicy(aes=aes_policy(aes, required=required), private=private, limits=limits)
    return ServerSession(policy, entropy=counting_entropy(99), now=0.0)


def password_module(password: str = PASSWORD) -> Authenticator:
    return build(ModuleSpec("password", {"value": password}), TCP, "joe", FakeEnv())


def run_now(work: Coroutine[Any, Any, None]) -> None:
    """A coroutine that waits for nothing."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("the coroutine waits for something")


class Meeting(Pair):
    """Both owners: modules are verified, passwords given, everybody is let in, requests are answered with `answer`."""

    def __init__(
        self,
        client: ClientSession | None = None,
        server: ServerSession | None = None,
        *,
        modules: Sequence[Authenticator] = (),
        passwords: Sequence[str] = (PASSWORD,),
        step: int = 1 << 30,
    ) -> None:
        super().__init__(client or make_client(), server or make_server(), step=step)
        self.client_key = self.server_key = KEY
        self.modules = modules
        self.passwords = passwords
        self.answers = 0
        self.answer: dict[str, Wire] = {"answer": 42, "version": "6.5"}
        self.server_hello = ServerHello(session_name="the session")
        self.on_server = self._server_owner
        self.on_client = self._client_owner

    def begin(self) -> Meeting:
        self.client.start(self.now)
        self.run()
        return self

    def _server_owner(self, event: Event) -> None:
        self.server_events.append(event)
        match event:
            case LoginRequested():
                self.server.begin_login(self.modules, self.now)
            case CheckNeeded(authenticator=module, attempt=attempt):
                try:
                    run_now(module.verify(attempt))
                except AuthenticationFailed as error:
                    self.server.step_failed(error)
                else:
                    self.server.step_passed(self.now)
            case LoginPassed(request=None):
                self.server.accept(self.server_hello, self.now)
            case LoginPassed() | EarlyRequest():
                self.server.answer(self.answer, self.now)

    def _client_owner(self, event: Event) -> None:
        self.client_events.append(event)
        if isinstance(event, ChallengeReceived):
            password = self.passwords[min(self.answers, len(self.passwords) - 1)]
            self.answers += 1
            offer = Offer(event.server_salt, event.digest, event.salt_digest, event.prompt)
            self.client.answer_challenge(
                response=respond(offer, password.encode()),
                client_salt=CLIENT_SALT,
                padding=bytes(32),
                now=self.now,
            )


def names(events: Sequence[Event]) -> list[str]:
    return [type(event).__name__ for event in events]


def ended(events: Sequence[Event]) -> Terminated:
    """The last event, which must be the end."""
    last = events[-1]
    assert isinstance(last, Terminated), names(events)
    return last


def error_of(events: Sequence[Event]) -> LimpetError:
    error = ended(events).error
    assert error is not None, ended(events)
    return error


def drain(session: ClientSession | ServerSession) -> list[Event]:
    """The events that wait."""
    events: list[Event] = []
    while (event := session.next_event()) is not None:
        events.append(event)
    return events


class Puppet:
    """The other end of `session`, moved by the test: it says anything, in clear or encrypted, true or false."""

    def __init__(
        self, session: ClientSession | ServerSession, *, serializer: str = "rencodeplus", key: Secret = KEY
    ) -> None:
        self.session = session
        self.key = key
        self.now = 0.0
        self.reader = PacketReader(AFTER_HELLO)
        self.writer = PacketWriter(serializer=serializer)
        self.events: list[Event] = []
        self._entropy = counting_entropy(55)

    # -- bytes ---------------------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> list[Event]:
        """The session gets `data`; the events that follow, `KeysNeeded` answered with our key."""
        self.session.receive_data(data, self.now)
        return self.pump()

    def say(self, *items: Wire) -> list[Event]:
        return self.feed(self.record(*items))

    def record(self, *items: Wire) -> bytes:
        return b"".join(bytes(part) for part in self.writer.write(items))

    def pump(self) -> list[Event]:
        fresh: list[Event] = []
        while (event := self.session.next_event()) is not None:
            fresh.append(event)
            if isinstance(event, KeysNeeded):
                keys = encryption.derive_keys(self.key, event.requests)
                self.session.keys_derived(event.token, keys, self.now)
        self.events += fresh
        return fresh

    def heard(self) -> list[RawPacket]:
        """The packets that the session sent since the last call."""
        for part in self.session.data_to_send():
            self.reader.receive_data(part)
        packets: list[RawPacket] = []
        while (packet := self.reader.next_packet()) is not None:
            packets.append(packet)
        return packets

    def heard_names(self) -> list[str]:
        return [text(packet.items[0]) for packet in self.heard()]

    # -- capabilities and keys -----------------------------------------------------------------------------------

    def encrypt_for(self, caps: EncryptionCaps, *, block: int = 16, key: Secret | None = None) -> None:
        """From now on write as the session asked for with `caps`."""
        derived = encryption.derive_keys(key or self.key, (encryption.key_request(caps),))[0]
        self.writer.set_encryptor(encryption.encryptor(caps, derived, block=block, entropy=self._entropy))

    def decrypt_as(self, caps: EncryptionCaps, *, block: int = 16) -> None:
        """From now on read what was written as we asked for with `caps`."""
        derived = encryption.derive_keys(self.key, (encryption.key_request(caps),))[0]
        self.reader.set_decryptor(encryption.decryptor(caps, derived, block=block))

    def caps(self, *, mode: str = "CBC", legacy: bool = False, stream: bool = True) -> EncryptionCaps:
        strength = Strength.LEGACY if legacy else Strength.MODERN
        return encryption.fresh_caps(self._entropy, mode=mode, strength=strength, stream=stream)


def text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def client_hello(caps: EncryptionCaps | None = None, dialect: Dialect = NESTED_65, **changes: Any) -> dict[str, Wire]:
    """What a client's hello holds; `changes` are fields of `ClientHello`."""
    hello = dataclasses.replace(HELLO, version=dialect.our_version, **changes)
    wire = hello.to_wire(dialect)
    wire["rencodeplus" if dialect.nested else "rencode"] = True
    if caps is not None:
        caps.write(wire, dialect)
    return wire


def server_hello(caps: EncryptionCaps | None = None, dialect: Dialect = NESTED_65, **extra: Wire) -> dict[str, Wire]:
    wire: dict[str, Wire] = {**ServerHello(version=dialect.our_version).to_wire(dialect), **extra}
    if caps is not None:
        caps.write(wire, dialect)
    return wire


def encryption_in(packet: RawPacket) -> EncryptionCaps:
    """The capabilities in a hello, or in a challenge."""
    if text(packet.items[0]) == "challenge":
        element = packet.items[2]
        assert isinstance(element, Mapping)
        found = EncryptionCaps.from_challenge(element)
    else:
        caps = packet.items[1]
        assert isinstance(caps, Mapping)
        found = EncryptionCaps.read_group(caps)
    assert found is not None
    return found


DIALECTS = {"flat": FLAT_313, "nested": NESTED_65}
