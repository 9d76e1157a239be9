"""What a connection is told that is closed before it gets as far as a session (docs/protocol: broken peers)."""

from __future__ import annotations

from limpet.errors import DisconnectReason, ProtocolError
from limpet.wire.framing import Header
from limpet.wire.serializers import SERIALIZERS, by_flags
from limpet.wire.sniff import Kind

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


def refusal_text(kind: Kind) -> bytes:
    """The answer to a protocol that the port does not have."""
    if kind is Kind.HTTP:
        return HTTP_REFUSAL
    return f"disconnect: connection failed, {_TEXTS.get(kind, _TEXTS[Kind.UNKNOWN])}?\n".encode()


def disconnect_record(first_bytes: bytes, reason: DisconnectReason, extra: str = "") -> bytes:
    """A whole unencrypted, uncompressed `disconnect` record in the serializer of the peer's first record.

    `first_bytes` starts with the header of that record.
    """
    try:
        serializer = by_flags(first_bytes[1])
    except ProtocolError:  # one that we do not have: the peer may still find our text in this one
        serializer = SERIALIZERS["rencodeplus"]
    body = serializer.dumps([word for word in ("disconnect", reason.value, extra) if word])
    return Header(flags=serializer.flag, compression=0, chunk=0, length=len(body)).pack() + body
