"""What a connection is told that is closed before it gets as far as a session (docs/protocol: broken peers)."""

from __future__ import annotations

import struct

from limpet.errors import DisconnectReason
from limpet.net.first_bytes import Kind

_HTTP_TEXT = b"this port speaks xpra's protocol, not HTTP\n"
HTTP_REFUSAL = (
    b"HTTP/1.1 400 Bad request\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_HTTP_TEXT), _HTTP_TEXT)
)

_TEXTS = {
    Kind.SSH: "this port does not speak SSH",
    Kind.RFB: "this port does not speak RFB",
    Kind.RDP: "this port does not speak RDP",
    Kind.TLS: "this port does not speak SSL/TLS",
    Kind.UNKNOWN: "this port speaks xpra's protocol only",
}

_RENCODE = 0x01
_RENCODEPLUS = 0x10


def refusal_text(kind: Kind) -> bytes:
    """The answer to a protocol that the port does not have."""
    if kind is Kind.HTTP:
        return HTTP_REFUSAL
    return f"disconnect: connection failed, {_TEXTS.get(kind, _TEXTS[Kind.UNKNOWN])}?\n".encode()


def disconnect_record(first_bytes: bytes, reason: DisconnectReason, extra: str = "") -> bytes:
    """A whole unencrypted, uncompressed `disconnect` record in the serializer of the peer's first record.

    `first_bytes` starts with the header of that record. All texts together stay below 64 bytes each, where every
    serializer has its shortest form.
    """
    flags = first_bytes[1] if len(first_bytes) > 1 else 0
    words = [word.encode("ascii")[:63] for word in ("disconnect", reason.value, extra) if word]
    if flags & (_RENCODEPLUS | _RENCODE):
        # Both have lists of n < 64 items as 192 + n and texts of n < 64 bytes as 128 + n.
        body = bytes((192 + len(words),)) + b"".join(bytes((128 + len(word),)) + word for word in words)
    else:
        body = b"l" + b"".join(b"%d:%b" % (len(word), word) for word in words) + b"e"
    return struct.pack(">cBBBI", b"P", flags & (_RENCODEPLUS | _RENCODE), 0, 0, len(body)) + body
