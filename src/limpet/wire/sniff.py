"""Tell what a new connection speaks from its first bytes, so that one port can serve several protocols."""

from __future__ import annotations

import enum
import struct

from limpet.errors import FramingError, LimitExceeded
from limpet.values import Buffer
from limpet.wire.framing import HEADER_SIZE, Header

MIN_FIRST_RECORD = 8
"""No first packet is shorter."""


class Kind(enum.Enum):
    """The protocol of the other end."""

    XPRA = "xpra"
    """a record, possibly an encrypted one"""
    TLS = "tls"
    HTTP = "http"
    SSH = "ssh"
    RFB = "rfb"
    RDP = "rdp"
    UNKNOWN = "unknown"


_PREFIXES: tuple[tuple[bytes, Kind], ...] = (
    (b"\x16", Kind.TLS),
    (b"\x03\x00", Kind.RDP),
    (b"SSH-", Kind.SSH),
    (b"RFB ", Kind.RFB),
    *((method + b" ", Kind.HTTP) for method in b"GET HEAD POST PUT DELETE OPTIONS CONNECT TRACE PATCH PRI".split()),
)


def classify(first: Buffer) -> Kind | None:
    """The kind of a connection that starts with `first`; None when more bytes could still decide, at most 8 are needed.

    The answer for a longer input is that for its first 8 bytes.
    """
    data = bytes(first[:HEADER_SIZE])
    if not data:
        return None
    undecided = False
    for prefix, kind in _PREFIXES:
        if data.startswith(prefix):
            return kind
        undecided = undecided or prefix.startswith(data)
    if data[0:1] == b"P":
        if len(data) < HEADER_SIZE:
            return None
        return Kind.XPRA if _first_record(data) else Kind.UNKNOWN
    return None if undecided else Kind.UNKNOWN


def _first_record(data: bytes) -> bool:
    try:
        header = Header.parse(data)
    except (FramingError, LimitExceeded, struct.error):
        return False
    return header.chunk == 0 and header.length >= MIN_FIRST_RECORD
