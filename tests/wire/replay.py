"""Replays a recorded conversation of stock peers through the readers, deriving the AES keys on the way.

Used by the tests of `wire`, `packets`, `auth` and `session`: `replay(name)` gives the packets of both directions in the
order in which they crossed the wire.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from limpet.limits import AFTER_HELLO, BEFORE_HELLO
from limpet.values import Secret, Side
from limpet.wire.cipher import AesDecryptor, CipherParams, derive_key
from limpet.wire.framing import Decryptor
from limpet.wire.stream import PacketReader, RawPacket

CAPTURES = Path(__file__).parent.parent / "vectors" / "captures"
KEY = Secret(b"AES key for tests 0123456789")
"""content of the key file of every AES recording"""
_SENDER = {"c2s": Side.CLIENT, "s2c": Side.SERVER}

MakeDecryptor = Callable[[Side, CipherParams], Decryptor]


@dataclass(frozen=True, slots=True)
class Replayed:
    sender: Side
    packet: RawPacket


def names(folder: Path = CAPTURES) -> list[str]:
    """All recordings, e.g. '313s-313c-plain-version'."""
    return sorted(path.name.removesuffix("-index.jsonl") for path in folder.glob("*-index.jsonl"))


def block_of(name: str) -> int:
    """CBC padding block of the peers of a recording: limpet follows the other one."""
    return 32 if "313" in name else 16


def segments(name: str, folder: Path = CAPTURES) -> Iterator[tuple[Side, bytes]]:
    """The reads of the recording proxy, in order."""
    streams = {side: (folder / f"{name}-{side}.bin").read_bytes() for side in _SENDER}
    for line in (folder / f"{name}-index.jsonl").read_text().splitlines():
        row = json.loads(line)
        yield _SENDER[row["d"]], streams[row["d"]][row["o"] : row["o"] + row["n"]]


def text(value: object) -> str:
    """Text that legacy serializers deliver as bytes."""
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def keys_as_text(value: Mapping[Any, Any]) -> dict[str, Any]:
    return {text(key): item for key, item in value.items()}


def encryption_of(caps: object, *, block: int, key: Secret = KEY) -> CipherParams | None:
    """How a peer with these capabilities wants to be sent its records (docs/protocol, encryption); None if in clear."""
    if not isinstance(caps, Mapping):
        return None
    flat = keys_as_text(caps)
    nested = flat.get("encryption")
    if isinstance(nested, Mapping):
        found = keys_as_text(nested)
    else:
        found = {name.removeprefix("cipher."): value for name, value in flat.items() if name.startswith("cipher")}
    if not found.get("cipher"):
        return None
    salt, iv = found["key_salt"], found["iv"]
    derived = derive_key(
        key,
        salt=salt if isinstance(salt, bytes) else salt.encode("latin-1"),
        iterations=found["key_stretch_iterations"],
        key_hash=text(found.get("key_hash", "SHA1")),
        key_size=found.get("key_size", 32),
    )
    return CipherParams(
        mode=text(found.get("mode", "CBC")),
        key=derived,
        iv=iv if isinstance(iv, bytes) else iv.encode("latin-1"),
        padding=text(found.get("padding", "PKCS#7")),
        block=block,
        stream=bool(found.get("stream", True)),
    )


def encryption_in(packet: RawPacket, block: int) -> CipherParams | None:
    """Capabilities come in a hello, or as element 2 of a challenge. Type 1 is the alias of hello (3.1.3 to 6.2)."""
    kind = packet.items[0]
    if kind == 1 or text(kind) == "hello":
        return encryption_of(packet.items[1], block=block)
    if text(kind) == "challenge":
        return encryption_of(packet.items[2], block=block)
    return None


def replay(
    name: str,
    *,
    make_decryptor: MakeDecryptor = lambda _sender, params: AesDecryptor(params),
    cut: Callable[[bytes], Iterator[bytes]] = lambda data: iter((data,)),
    folder: Path = CAPTURES,
) -> Iterator[Replayed]:
    """The packets of recording `name`. `cut` may slice each segment further."""
    readers = {side: PacketReader(BEFORE_HELLO) for side in Side}
    for sender, segment in segments(name, folder):
        for piece in cut(segment):
            readers[sender].receive_data(piece)
            while (packet := readers[sender].next_packet()) is not None:
                readers[sender].set_limits(AFTER_HELLO)
                params = encryption_in(packet, block_of(name))
                if params is not None:
                    readers[sender.other].set_decryptor(make_decryptor(sender.other, params))
                yield Replayed(sender, packet)
