"""Waiting for the first bytes of a connection and telling its protocol from them."""

from __future__ import annotations

import asyncio
import enum

from limpet.errors import ConnectionClosed
from limpet.net.stream import ByteStream
from limpet.values import Buffer

ENOUGH = 8
"""bytes after which every connection is classified"""


class Kind(enum.Enum):
    XPRA = "xpra"
    TLS = "tls"
    HTTP = "http"
    SSH = "ssh"
    RFB = "rfb"
    RDP = "rdp"
    UNKNOWN = "unknown"


_PREFIXES = (
    (b"\x16", Kind.TLS),
    (b"SSH-", Kind.SSH),
    (b"RFB ", Kind.RFB),
    (b"\x03\x00", Kind.RDP),
    *((method + b" ", Kind.HTTP) for method in (b"GET", b"POST", b"PUT", b"PATCH", b"HEAD", b"OPTIONS", b"DELETE")),
)


def classify(first: bytes) -> Kind | None:
    """The protocol of a connection that starts with `first`; None while more bytes are needed (at most 8)."""
    head = first[:ENOUGH]
    open_ended = False
    for prefix, kind in _PREFIXES:
        if head.startswith(prefix[:ENOUGH]):
            return kind
        if prefix.startswith(head):
            open_ended = True
    if open_ended:
        return None
    return Kind.XPRA if head.startswith(b"P") else Kind.UNKNOWN


class FirstBytes:
    """Receiver of a stream until its protocol is known; then the stream is left with its reading paused."""

    def __init__(self, stream: ByteStream) -> None:
        self._stream = stream
        self._data = bytearray()
        self._result: asyncio.Future[tuple[Kind, bytes]] = asyncio.get_running_loop().create_future()
        stream.set_receiver(self)
        stream.resume_reading()

    async def wait(self) -> tuple[Kind, bytes]:
        """The protocol and all bytes read so far. Raises `ConnectionClosed` when the peer leaves before that."""
        return await self._result

    def data_received(self, data: Buffer) -> None:
        self._data += data
        kind = classify(bytes(self._data[:ENOUGH]))
        if kind is not None:
            self._stream.pause_reading()
            if not self._result.done():
                self._result.set_result((kind, bytes(self._data)))

    def eof_received(self, clean: bool) -> None:
        if self._data and not self._result.done():
            self._result.set_result((Kind.UNKNOWN, bytes(self._data)))
        self._fail("the peer closed the connection before it said anything")

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail("the connection was lost before the peer said anything")

    def pause_writing(self) -> None:
        pass  # nothing is written before the protocol is known

    def resume_writing(self) -> None:
        pass

    def _fail(self, message: str) -> None:
        if not self._result.done():
            self._result.set_exception(ConnectionClosed(message, ours=False))
            self._result.exception()  # seen: a task that was cancelled meanwhile does not ask for it
