"""What every transport gives to its user: an ordered stream of bytes with callbacks and bounded buffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from limpet.records import dataclass
from limpet.values import Buffer


@dataclass(frozen=True, slots=True)
class TlsFacts:
    """What a finished TLS handshake established."""

    version: str
    """`TLSv1.2` or `TLSv1.3`"""
    cipher: str
    peer_certificate_der: bytes | None
    verified: bool
    """the peer's certificate was checked against a trust store (and, on a client, its name unless switched off)"""
    server_name: str
    """the name that the client asked for (SNI); on a client the name that was checked"""


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """What is known of the two ends of a stream."""

    kind: str
    """`tcp` or `unix`; `ssl` once TLS is on"""
    peer: str
    """for logs: `192.0.2.1:4711`, `[2001:db8::1]:4711` or `unix:pid=12,uid=1000`"""
    local: str
    address: str = ""
    """IP address of the peer without port; empty on unix sockets"""
    peer_uid: int | None = None
    peer_gid: int | None = None
    peer_pid: int | None = None
    loopback: bool = False
    """the peer is on this machine (a loopback address or a unix socket)"""
    tls: TlsFacts | None = None


class Receiver(Protocol):
    """Takes what a stream delivers.

    Order: any number of `data_received`, at most one `eof_received`, then exactly one `connection_lost`.
    """

    def data_received(self, data: Buffer) -> None:
        """Bytes arrived. `data` is a window of a buffer that is used again: copy what is kept after the call."""

    def eof_received(self, clean: bool) -> None:
        """The peer will send no more. `clean` is false when TLS ended without its closing message."""

    def connection_lost(self, exc: Exception | None) -> None:
        """The stream is gone; `exc` is None after an orderly close from either side."""

    def pause_writing(self) -> None:
        """Unsent bytes passed the high water mark."""

    def resume_writing(self) -> None:
        """Unsent bytes fell to the low water mark."""


class ByteStream(Protocol):
    """One open connection. All methods are called on the event loop's thread."""

    @property
    def facts(self) -> StreamFacts: ...

    @property
    def write_buffered(self) -> int:
        """Bytes written and not yet taken by the kernel."""

    @property
    def is_closing(self) -> bool:
        """True from `close()`, `abort()` or the loss of the connection on."""

    def set_receiver(self, receiver: Receiver) -> None:
        """Install or replace the receiver. The first call starts the reading unless `pause_reading` came before it.

        An end that came while nobody listened is told to the new receiver soon afterwards.
        """

    def write(self, buffers: Sequence[Buffer]) -> None:
        """Send `buffers` in order. They belong to the stream from now on: the caller must not change them.

        After `close()` or the loss of the connection the bytes are dropped.
        """

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def close(self) -> None:
        """Send what is buffered, tell the peer the end, and close, all within bounded time. Idempotent.

        Nothing that still arrives is delivered; it is read and dropped, so that a reset does not overtake our last
        bytes.
        """

    def abort(self, exc: Exception | None = None) -> None:
        """Drop everything and close at once; `exc` is what the receiver is told."""

    async def wait_closed(self) -> None:
        """Return when the stream is gone (after `connection_lost`)."""
