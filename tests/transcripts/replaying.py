"""Recorded bytes against our own sessions: randomness and keys are those of the recording, so that the rest fits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from limpet.auth.challenge import Offer
from limpet.auth.module import Authenticator, ModuleSpec
from limpet.auth.registry import build
from limpet.errors import AuthenticationFailed, RemoteProtocolError
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.session import encryption
from limpet.session.client import ClientSession
from limpet.session.encryption import IV_ALPHABET, AesPolicy, Entropy
from limpet.session.events import (
    ChallengeReceived,
    CheckNeeded,
    EarlyRequest,
    Event,
    KeysNeeded,
    LoginPassed,
    LoginRequested,
)
from limpet.session.policy import ClientPolicy, ServerPolicy
from limpet.session.server import ServerSession
from limpet.values import Secret, Side, Wire
from limpet.wire.stream import RawPacket
from tests.auth.support import CLIENT_SALT, TCP, FakeEnv, respond
from tests.session.actors import run_now, text
from tests.wire.replay import CAPTURES, KEY, names, replay, segments

RECORDED = Path(__file__).parent / "recorded"
PASSWORD = "thepassword"
_HELLO_ALIAS = 1


@dataclass(frozen=True)
class Recording:
    """One conversation by its name, with what passed as far as it decodes."""

    folder: Path
    name: str

    def __str__(self) -> str:
        return self.name

    def packets(self, side: Side) -> list[RawPacket]:
        found: list[RawPacket] = []
        # a recording may end with what no reader takes; what comes before it counts
        with contextlib.suppress(RemoteProtocolError):
            found.extend(item.packet for item in replay(self.name, folder=self.folder) if item.sender is side)
        return found

    def announced(self, side: Side) -> list[EncryptionCaps]:
        """How `side` wanted to be spoken to, in the order in which it said so."""
        found = []
        for packet in self.packets(side):
            element: Wire = None
            if packet.items[0] == _HELLO_ALIAS or text(packet.items[0]) == "hello":
                element = packet.items[1]
                caps = EncryptionCaps.read_group(element) if isinstance(element, Mapping) else None
            elif text(packet.items[0]) == "challenge":
                element = packet.items[2]
                caps = EncryptionCaps.from_challenge(element) if isinstance(element, Mapping) else None
            else:
                continue
            if caps is not None:
                found.append(caps)
        return found

    def salts(self) -> list[bytes]:
        """Of the server's challenges."""
        found = []
        for packet in self.packets(Side.SERVER):
            if text(packet.items[0]) == "challenge":
                salt = packet.items[1]
                assert isinstance(salt, bytes)
                found.append(salt)
        return found

    def data(self, side: Side) -> Iterator[bytes]:
        return (segment for sender, segment in segments(self.name, self.folder) if sender is side)


def recordings(folder: Path) -> list[Recording]:
    return [Recording(folder, name) for name in names(folder)]


def entropy(announced: Sequence[EncryptionCaps], salts: Sequence[bytes] = ()) -> Entropy:
    """Gives a session the IVs, key salts and challenges of a recording."""
    caps, challenges = list(announced), list(salts)
    pending: list[bytes] = []

    def draw(size: int) -> bytes:
        if size == 16 and caps:
            following = caps.pop(0)
            pending.append(following.key_salt)
            return bytes(IV_ALPHABET.index(letter) for letter in following.iv)
        if pending:
            return pending.pop()
        return challenges.pop(0) if challenges else bytes(size)

    return draw


def derived(caps: EncryptionCaps, key: Secret = KEY) -> Secret:
    return encryption.derive_keys(key, (encryption.key_request(caps),))[0]


class ServerReplay:
    """Our server, fed with what a recorded client sent to a recorded server."""

    def __init__(
        self, recording: Recording, *, aes: AesPolicy | None, modules: Sequence[Authenticator], key: Secret = KEY
    ) -> None:
        announced = recording.announced(Side.SERVER)
        self.recording = recording
        self.modules = modules
        self.key = key
        self.events: list[Event] = []
        self.session = ServerSession(
            ServerPolicy(aes=aes, private=False), entropy=entropy(announced, recording.salts()), now=0.0
        )
        self._ours = announced

    def run(self, step: int = 1 << 30) -> ServerReplay:
        for segment in self.recording.data(Side.CLIENT):
            for start in range(0, len(segment), step):
                self.session.receive_data(segment[start : start + step], 0.0)
                self._answer()
        self.session.receive_eof(0.0, clean=True)
        self._answer()
        return self

    def _answer(self) -> None:
        session = self.session
        while (event := session.next_event()) is not None:
            self.events.append(event)
            match event:
                case KeysNeeded(token=token, requests=requests):
                    # the recorded server may have asked for another hash or fewer iterations than we would
                    theirs = encryption.derive_keys(self.key, requests[:1])[0]
                    ours = derived(self._ours.pop(0), self.key) if self._ours else Secret(bytes(32))
                    session.keys_derived(token, (theirs, ours), 0.0)
                case LoginRequested():
                    session.begin_login(self.modules, 0.0)
                case CheckNeeded(authenticator=module, attempt=attempt):
                    try:
                        run_now(module.verify(attempt))
                    except AuthenticationFailed as error:
                        session.step_failed(error)
                    else:
                        session.step_passed(0.0)
                case LoginPassed(request=None):
                    session.accept(ServerHello(), 0.0)
                case EarlyRequest() | LoginPassed():
                    session.answer({}, 0.0)


class ClientReplay:
    """Our client, fed with what a recorded server sent to a recorded client."""

    def __init__(
        self,
        recording: Recording,
        *,
        mode: str | None = None,
        legacy: bool = False,
        request: Mapping[str, Wire] | None = None,
        key: Secret = KEY,
    ) -> None:
        announced = recording.announced(Side.CLIENT)
        self.recording = recording
        self.key = key
        self.events: list[Event] = []
        self.session = ClientSession(
            ClientHello(username="root", digest=("hmac+sha512",), salt_digest=("hmac+sha512",)),
            ClientPolicy(aes=AesPolicy(mode, required=True) if mode else None, legacy=legacy),
            entropy=entropy(announced),
            request=request,
        )
        self._ours = announced

    def run(self, step: int = 1 << 30) -> ClientReplay:
        self.session.start(0.0)
        self._answer()
        for segment in self.recording.data(Side.SERVER):
            for start in range(0, len(segment), step):
                self.session.receive_data(segment[start : start + step], 0.0)
                self._answer()
        self.session.receive_eof(0.0, clean=True)
        self._answer()
        return self

    def _answer(self) -> None:
        session = self.session
        while (event := session.next_event()) is not None:
            self.events.append(event)
            match event:
                case KeysNeeded(token=token, requests=requests):
                    keys = list(encryption.derive_keys(self.key, requests))
                    # one of ours is the first of all, and the second after a challenge
                    if len(requests) == 2 or len(self.events) == 1:
                        keys[-1] = derived(self._ours.pop(0), self.key) if self._ours else keys[-1]
                    session.keys_derived(token, keys, 0.0)
                case ChallengeReceived():
                    offer = Offer(event.server_salt, event.digest, event.salt_digest, event.prompt)
                    session.answer_challenge(
                        response=respond(offer, PASSWORD.encode()), client_salt=CLIENT_SALT, padding=b"", now=0.0
                    )


def password_module(password: str = PASSWORD) -> Authenticator:
    return build(ModuleSpec("password", {"value": password}), TCP, "root", FakeEnv())


__all__ = ["CAPTURES", "RECORDED", "ClientReplay", "Recording", "ServerReplay", "recordings"]
