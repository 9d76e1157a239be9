"""TLS as a sans-IO object: ciphertext and plaintext in, plaintext and ciphertext out (RFC 8446, RFC 5246).

asyncio's own TLS cannot tell a cut connection from an orderly end; this one can.
"""

from __future__ import annotations

import ssl

from limpet.errors import ExitCode, TlsError
from limpet.net.stream import TlsFacts
from limpet.values import Buffer

RECORD = 16 * 1024
"""most plaintext in one TLS record (RFC 8446 section 5.1)"""


class TlsTruncated(TlsError):
    """The stream ended without close_notify."""

    exit_code = ExitCode.TRUNCATED


def is_eof(exc: Exception) -> bool:
    """Whether `exc` says that the stream ended in the middle."""
    # Before Python 3.11.4 this cause has no class of its own.
    return isinstance(exc, ssl.SSLEOFError) or (
        isinstance(exc, ssl.SSLError) and exc.reason == "UNEXPECTED_EOF_WHILE_READING"
    )


class TlsPipe:
    """One TLS connection without its socket.

    Every method may leave ciphertext for the peer: collect it with `ciphertext_to_send()` after each call, also after
    one that raised (an alert tells the peer the cause). Failures are `ssl.SSLError`, for the caller to explain, or
    `TlsTruncated`.
    """

    def __init__(self, context: ssl.SSLContext, *, server_side: bool, server_hostname: str | None = None) -> None:
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._object = context.wrap_bio(self._incoming, self._outgoing, server_side, server_hostname)
        self._server_name = server_hostname or ""
        self.handshake_done = False
        self.peer_closed = False
        """the peer sent close_notify"""
        self._closed = False

    def feed(self, ciphertext: Buffer) -> None:
        """Take bytes from the wire (copied)."""
        self._incoming.write(ciphertext)

    def feed_eof(self) -> None:
        """The wire ended: a read that finds no close_notify before it raises `TlsTruncated`."""
        self._incoming.write_eof()

    def handshake(self) -> bool:
        """Go on with the handshake; true when it is done."""
        if not self.handshake_done:
            try:
                self._object.do_handshake()
            except ssl.SSLWantReadError:
                return False
            self.handshake_done = True
        return True

    def read_into(self, buffer: memoryview) -> int:
        """Decrypt at most one record into `buffer` (not empty; 16 KiB or more for speed); its size.

        0 means that more ciphertext is needed or, with `peer_closed`, that nothing will come.
        """
        if self.peer_closed:
            return 0
        size = 0
        try:
            # With a buffer `read` returns how much it filled; 0 after close_notify.
            size = self._object.read(len(buffer), buffer)  # type: ignore[assignment]  # typeshed: str
            self.peer_closed = size == 0
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # the same once we have sent ours
            self.peer_closed = True
        except ssl.SSLError as exc:
            if not is_eof(exc):
                raise
            raise TlsTruncated("the connection was cut: it ended without TLS's closing message") from exc
        return size

    def write(self, plaintext: Buffer) -> None:
        """Encrypt all of `plaintext` (which must not be empty). The handshake must be done."""
        view = memoryview(plaintext)
        while view:
            view = view[self._object.write(view) :]

    def ciphertext_to_send(self) -> bytes:
        """What the wire is to get now; empty when there is nothing."""
        return self._outgoing.read() if self._outgoing.pending else b""

    def close(self) -> None:
        """Queue close_notify, once. Plaintext of the peer may still be read afterwards."""
        if self._closed or not self.handshake_done:
            return
        self._closed = True
        try:
            self._object.unwrap()
        except ssl.SSLError:
            # It wants the peer's close_notify too, which the wire is not waited for; after a fatal error there is
            # nothing to close.
            return

    def facts(self) -> TlsFacts:
        """What the handshake, which must be done, established."""
        cipher = self._object.cipher()
        certificate = self._object.getpeercert(binary_form=True)
        checked = self._object.context.verify_mode is not ssl.CERT_NONE
        return TlsFacts(
            version=self._object.version() or "",
            cipher=cipher[0] if cipher else "",
            peer_certificate_der=certificate,
            verified=checked and certificate is not None,
            server_name=self._server_name,
        )

    def peer_certificate(self) -> ssl._PeerCertRetDictType:
        """The verified certificate of the peer in the form of `ssl.SSLSocket.getpeercert`; empty when not verified."""
        return self._object.getpeercert() or {}
