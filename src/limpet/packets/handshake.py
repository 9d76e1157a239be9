"""Packets around the login, and those that keep a connection alive (hello.md 3.1, 3.8, 3.9; auth.md 5.2)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I64, Codec, TextMap, load_map, load_text
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, Phase, form
from limpet.values import Side, Wire


def _load_cipher(value: Any) -> Mapping[str, Wire]:
    # xpra 3.1.3 without AES: "" stands here, 6.x sends {} (crypto.md 4.5)
    if isinstance(value, (str, bytes)) and not value:
        return {}
    return load_map(value)


CipherMap = Annotated[Mapping[str, Wire], Codec(_load_cipher)]


@packets.add
@declared
class Hello(Packet):
    """Capabilities of the sender: the first packet of either side.

    A second one after the login is legal and ignored (hello.md 3.1), hence both phases.
    """

    sender = BOTH
    phase = Phase.ANY
    effect = Effect.NONE
    forms = (form("hello", "caps"),)

    caps: TextMap = field(repr=False)
    """may hold the answer to a challenge, which with xor is the password"""


@packets.add
@declared
class Challenge(Packet):
    """The server asks for a proof of identity (auth.md 5.2).

    `server_salt` holds other data for some digests, up to 1023 bytes with 3.1.3. `cipher` is empty without AES, else
    the union of spellings of crypto.md 4.5 (`EncryptionCaps.from_challenge`). Very old servers leave out the last
    three; their defaults `hmac` and `xor` are refused by `auth`.
    """

    sender = Side.SERVER
    phase = Phase.HELLO
    forms = (form("challenge", "server_salt cipher digest salt_digest prompt"),)

    server_salt: bytes
    cipher: CipherMap
    digest: str = "hmac"
    salt_digest: str = "xor"
    prompt: str = "password"


def _unpack_disconnect(args: Sequence[Wire]) -> Mapping[str, Any]:
    # a `disconnect` must never fail to decode: arguments that are no text are shown as such
    texts = [load_text(x) if isinstance(x, (str, bytes, bytearray, memoryview)) else repr(x)[:80] for x in args]
    return {"reason": texts[0] if texts else "", "extra": texts[1:]}


def _pack_disconnect(packet: "Disconnect", _: Dialect) -> Sequence[Wire]:
    return (packet.reason, *packet.extra)


@packets.add
@declared
class Disconnect(Packet):
    """The sender ends the connection and says why (hello.md 3.8). All arguments are text."""

    sender = BOTH
    phase = Phase.ANY
    effect = Effect.NONE
    forms = (
        form("disconnect", "reason extra", unpack=_unpack_disconnect, pack=_pack_disconnect),
        form("connection-close", "reason extra", unpack=_unpack_disconnect, receive=True),
    )

    reason: str
    extra: tuple[str, ...] = ()


@packets.add
@declared
class SslUpgrade(Packet):
    """A wish to turn the running connection into TLS; decoded so that it can be refused, never sent."""

    sender = BOTH
    phase = Phase.HELLO
    effect = Effect.NONE
    forms = (form("ssl-upgrade", "options", receive=True),)

    options: TextMap


@packets.add
@declared
class Ping(Packet):
    """Asks for a `PingEcho` (hello.md 3.9).

    `time_ms` is the sender's monotonic clock; `wall_ms` the server's wall clock, 0 where it is left out; `source` an
    id that comes back in the echo.
    """

    sender = BOTH
    # xpra 3.1.3: its ping of all connections may come before its hello on this one
    phase = Phase.ANY
    effect = Effect.NONE
    forms = (form("ping", "time_ms wall_ms source"),)

    time_ms: I64
    wall_ms: I64 = 0
    source: str = ""


@packets.add
@declared
class PingEcho(Packet):
    """The answer to `Ping` (hello.md 3.9): always six elements with the name, or more.

    `load1`, `load5`, `load15`: load averages times 1000. `latency_ms`: what the answering side measured, -1 unknown.
    """

    sender = BOTH
    effect = Effect.NONE
    forms = (
        form("ping_echo", "time_ms load1 load5 load15 latency_ms source"),
        form("ping-echo", "time_ms load1 load5 load15 latency_ms source", receive=True),
    )

    time_ms: I64
    load1: I64 = 0
    load5: I64 = 0
    load15: I64 = 0
    latency_ms: I64 = -1
    source: str = ""


@packets.add
@declared
class StartupComplete(Packet):
    """The server sent all windows that existed; a client must not wait for it (hello.md 3.1)."""

    sender = Side.SERVER
    forms = (form("startup-complete"),)
