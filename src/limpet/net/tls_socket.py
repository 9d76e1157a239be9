"""TLS over a blocking socket, for a question and its answer: no event loop has to be loaded."""

from __future__ import annotations

import socket
import time
from typing import Self

from limpet.net.tls import RECORD, TlsPipe
from limpet.net.tls_end import TlsEnd
from limpet.values import Buffer


class TlsSocket:
    """Has the methods of a socket that a simple conversation needs. Closing it closes the socket.

    They raise OSError (`ssl.SSLError` and the socket's own time-outs among them) and `TlsError`.
    """

    def __init__(self, lower: socket.socket, pipe: TlsPipe) -> None:
        self._lower = lower
        self._pipe = pipe
        self._plain = memoryview(bytearray(RECORD))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def handshake(self, end: TlsEnd, until: float) -> None:
        """Shake hands by the monotonic time `until`, and let `end` judge the peer."""
        while not self._pipe.handshake():
            self._send()
            self.settimeout(max(0.001, until - time.monotonic()))
            self._receive()
        end.check(self._pipe)
        self._send()

    def settimeout(self, seconds: float) -> None:
        self._lower.settimeout(seconds)

    def sendall(self, data: Buffer) -> None:
        self._pipe.write(data)
        self._send()

    def recv(self, size: int) -> bytes:
        """At least one byte and at most `size`; empty at the orderly end."""
        while True:
            count = self._pipe.read_into(self._plain[:size])
            self._send()
            if count or self._pipe.peer_closed:
                return bytes(self._plain[:count])
            self._receive()

    def close(self) -> None:
        """Say so to the peer, if it still listens."""
        try:
            self._pipe.close()
            self._send()
        except OSError:
            # it is gone: nobody is left to be told
            pass
        finally:
            self._lower.close()

    def _receive(self) -> None:
        data = self._lower.recv(4 * RECORD)
        if data:
            self._pipe.feed(data)
        else:
            self._pipe.feed_eof()

    def _send(self) -> None:
        ciphertext = self._pipe.ciphertext_to_send()
        if ciphertext:
            self._lower.sendall(ciphertext)
