"""What one peer understands: which form a packet takes on the way to it, and how capabilities are spelled.

A value on the connection, never a global: one server serves old and new peers at once.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

from limpet.errors import VersionRefused
from limpet.records import dataclass

Version = tuple[int, ...]

OLDEST: Version = (3, 0)
"""6.x refuses older peers as "too old"; 3.1.3 would take 0.14.10, which nobody can test any more (hello.md 3.3)."""

CIPHER_BLOCK_CHANGED: Version = (6, 2)
"""CBC records are padded to 32 bytes by peers before this version, to 16 from it on (crypto.md 4.6)."""

NESTED_SINCE: Version = (5,)
"""First version that reads nested capabilities (crypto.md 4.1, last row)."""

VERSION_FOR_NESTED = "6.5"
"""What we call ourselves towards 6.x and the browser client: old peers gate features on the version (hello.md 3.3), and
6.5 is the newest whose wire we know; 6.x pads CBC by 16 because of it."""

VERSION_FOR_FLAT = "3.1.3"
"""What we call ourselves towards flat peers, which know no other (hello.md 3.3, last line)."""

_NUMBERS = re.compile(r"[0-9]{1,9}(?![0-9])")
MAX_VERSION_TEXT = 64


def parse_version(text: str) -> Version:
    """The leading numbers of "6.5.5-r0", "6.5" or "3.1.3"; empty where it does not start with a number."""
    numbers: list[int] = []
    for part in text[:MAX_VERSION_TEXT].strip().split(".")[:4]:
        match = _NUMBERS.match(part)
        if match is None:
            break
        numbers.append(int(match.group()))
        if match.end() != len(part):
            break
    return tuple(numbers)


def check_version(version: str) -> Version:
    """The peer's version as numbers; VersionRefused if it is missing or older than 3.0 (hello.md 3.3)."""
    numbers = parse_version(version)
    if not numbers:
        raise VersionRefused("the peer's hello has no usable version", hint="it is not an xpra or limpet peer")
    if numbers < OLDEST:
        raise VersionRefused(
            f"the peer's version {'.'.join(map(str, numbers))} is too old",
            hint="use xpra 3.1 or newer, or limpet, at the other end",
        )
    return numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """What one peer understands."""

    nested: bool
    """True: capabilities as nested dicts (6.x); False: flat dotted keys (3.1.3)."""
    serializer: str
    """Name of the serializer we write: the one the peer used (encoding.md 2.1)."""
    version: Version
    html5: bool = False
    packet_types: frozenset[str] = frozenset()
    """Names of the newer packet forms the peer listed; none: every packet goes out in its legacy form."""
    metadata: frozenset[str] | None = None
    """Names of window metadata the client asked for; None: all."""

    @property
    def cipher_block(self) -> int:
        """Size in bytes that CBC records are padded to: 32 before 6.2, 16 from 6.2 and for the browser."""
        return 16 if self.html5 or self.version >= CIPHER_BLOCK_CHANGED else 32

    @property
    def our_version(self) -> str:
        """The version we tell this peer."""
        return VERSION_FOR_NESTED if self.nested else VERSION_FOR_FLAT


FLAT_313 = Dialect(nested=False, serializer="rencode", version=(3, 1, 3))
"""What a client assumes of a server that answered the legacy first hello, until its hello is there."""

NESTED_65 = Dialect(nested=True, serializer="rencodeplus", version=(6, 5))
"""What a client assumes of an unknown server before its hello."""


class HelloFacts(Protocol):
    """The part of a hello that decides the dialect."""

    @property
    def version(self) -> str: ...
    @property
    def packet_types(self) -> Sequence[str]: ...
    @property
    def client_type(self) -> str: ...
    @property
    def metadata_supported(self) -> Sequence[str]: ...


def _metadata(supported: Sequence[str]) -> frozenset[str] | None:
    names = frozenset(supported)
    if "size-hints" in names:
        # xpra 3.1.3 and 6.2.5 list the old name and are sent the new key
        names |= {"size-constraints"}
    return names or None


def dialect_of(hello: HelloFacts, serializer: str) -> Dialect:
    """The dialect of a peer from its hello and the serializer of the record that carried it.

    Legacy rencode and bencode mean the flat form (hello.md 3.2). rencodeplus means the nested one, except from 4.x,
    which writes rencodeplus and reads flat keys. Raises VersionRefused.
    """
    version = check_version(hello.version)
    return Dialect(
        nested=serializer == "rencodeplus" and version >= NESTED_SINCE,
        serializer=serializer,
        version=version,
        html5=hello.client_type.upper().startswith("HTML5"),
        packet_types=frozenset(hello.packet_types),
        metadata=_metadata(hello.metadata_supported),
    )
