"""A TCP relay between client and server that can cut, or alter, what the server says."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

CHUNK = 1 << 16
TLS_HEADER = 5


class Relay:
    """Listens on loopback and passes every connection on to `port`.

    `limit`: bytes from the server after which a connection is closed as if the server had done so in order (a plain
    FIN); `alter`: number of the TLS record from the server, from 1, whose last byte is changed on its way. Both count
    for each connection anew.
    """

    def __init__(self, port: int, *, limit: int | None = None, alter: int | None = None) -> None:
        self._target = port
        self._limit = limit
        self._alter = alter
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def cut(self) -> None:
        """Close all connections towards both sides by a plain FIN."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)
        for sock in self._open:
            sock.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                try:
                    server = socket.create_connection(("127.0.0.1", self._target))
                except OSError:
                    client.close()
                    continue
                with self._lock:
                    self._open += [client, server]
                for source, sink, change in (
                    (client, server, None),
                    (server, client, _Change(self._limit, self._alter)),
                ):
                    thread = threading.Thread(target=_pump, args=(source, sink, change), daemon=True)
                    self._threads.append(thread)
                    thread.start()


class _Change:
    """What happens to the server's bytes on one connection."""

    def __init__(self, limit: int | None, alter: int | None) -> None:
        self._limit = limit
        self._alter = alter
        self._passed = 0
        self._header = bytearray()
        self._left = 0
        self._record = 0
        self.over = False

    def __call__(self, data: bytes) -> bytes:
        if self._alter is not None:
            data = self._altered(data)
        if self._limit is not None:
            data = data[: self._limit - self._passed]
            self._passed += len(data)
            self.over = self._passed == self._limit
        return data

    def _altered(self, data: bytes) -> bytes:
        result = bytearray(data)
        for index, byte in enumerate(data):
            if self._left:
                self._left -= 1
                if not self._left and self._record == self._alter:
                    result[index] ^= 0x55
                continue
            self._header.append(byte)
            if len(self._header) == TLS_HEADER:
                self._left = int.from_bytes(self._header[3:], "big")
                self._record += 1
                self._header.clear()
        return bytes(result)


def _pump(source: socket.socket, sink: socket.socket, change: _Change | None) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK):
            sink.sendall(change(data) if change is not None else data)
            if change is not None and change.over:
                break
    for sock in (source, sink):
        with contextlib.suppress(OSError):
            sock.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def relay(port: int, *, limit: int | None = None, alter: int | None = None) -> Iterator[Relay]:
    made = Relay(port, limit=limit, alter=alter)
    try:
        yield made
    finally:
        made.close()
