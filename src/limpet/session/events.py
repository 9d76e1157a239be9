"""What a session tells its owner. Events are values; the owner answers by calling the session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TypeAlias

from limpet.auth.module import Attempt, Authenticator
from limpet.errors import LimpetError
from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.dialect import Dialect
from limpet.packets.requests import Request
from limpet.packets.schema import Packet
from limpet.records import dataclass
from limpet.values import Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRequest:
    """One PBKDF2 derivation; every cost in it is already within `limits.HANDSHAKE`."""

    salt: bytes
    iterations: int
    key_hash: str
    key_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class KeysNeeded:
    """Derive a key for each request off the event loop, then call `keys_derived(token, keys, now)`.

    `keys_failed(error, now)` ends the connection when there is no key material.
    """

    token: int
    requests: tuple[KeyRequest, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginRequested:
    """Server: a hello arrived and encryption is satisfied. Answer with `begin_login` or `refuse`."""

    hello: ClientHello
    username: str
    encrypted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckNeeded:
    """Server: `await authenticator.verify(attempt)`, then call `step_passed` or `step_failed`.

    `attempt` is None for a module that asked the client nothing.
    """

    authenticator: Authenticator
    attempt: Attempt | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPassed:
    """Server: every step passed. Answer with `accept`, `answer` (for a request) or `refuse`."""

    hello: ClientHello
    request: Request | None
    caps: Mapping[str, Wire] = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeyShown:
    """Server: the client that was accepted while `key_unproven` holds the AES key: what it wants may take effect."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlyRequest:
    """Server: a request that is served before login (`version`, `connect_test`). Answer with `answer`."""

    hello: ClientHello
    request: Request
    caps: Mapping[str, Wire] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChallengeReceived:
    """Client: the server asks for a proof. Answer with `answer_challenge` or `give_up`."""

    server_salt: bytes
    digest: str
    salt_digest: str
    prompt: str
    encrypted: bool
    """AES is on in both directions"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """Client: the server's hello arrived; `caps` is for display (`info`, `version`), `hello` for use."""

    hello: ServerHello
    caps: Mapping[str, Wire] = field(repr=False)
    dialect: Dialect
    cipher: str
    """`AES-CBC`, `AES-CTR` or empty"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PacketReceived:
    """A packet of the session phase, checked against the packet table."""

    packet: Packet


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownPacket:
    """After login: a name that the packet table does not have; to be logged and ignored."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidPacket:
    """After login: a packet of a known name and wrong shape; logged, ignored, counted by the session."""

    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LatencyMeasured:
    """A ping came back after `seconds`."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminated:
    """The last event. `error` is None for an orderly end; `reason` is the text for people."""

    error: LimpetError | None
    reason: str
    by_peer: bool
    retry_legacy: bool = False
    """Client: the peer gave text or nothing at all to a rencodeplus hello; a legacy one may be understood."""
    unanswered: bool = False
    """Client: the peer gave text or nothing at all to our hello, whichever its spelling."""
    text: str = ""
    """What a peer's `disconnect` said beside its reason; printable."""


Event: TypeAlias = (
    KeysNeeded
    | LoginRequested
    | CheckNeeded
    | LoginPassed
    | KeyShown
    | EarlyRequest
    | ChallengeReceived
    | Accepted
    | PacketReceived
    | UnknownPacket
    | InvalidPacket
    | LatencyMeasured
    | Terminated
)
