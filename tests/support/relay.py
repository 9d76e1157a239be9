"""A TCP relay between client and server that can cut, or alter, what the server says."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

CHUNK = 1 << 16


class Relay:
    """Listens on loopback and passes every connection on to `port`.

    `limit`: bytes from the server after which a connection is closed as if the server had done so in order (a plain
    FIN); `alter`: index of a byte from the server that is changed on its way. Both count for each connection anew.
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

    def cut(self, *, reset: bool = False) -> None:
        """Close all connections towards both sides: by FIN, or as a broken link by RST."""
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    if reset:
                        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                        sock.close()
                    else:
                        sock.shutdown(socket.SHUT_RDWR)
            self._open.clear()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join(5)

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
                for source, sink, from_server in ((client, server, False), (server, client, True)):
                    thread = threading.Thread(target=self._pump, args=(source, sink, from_server), daemon=True)
                    self._threads.append(thread)
                    thread.start()

    def _pump(self, source: socket.socket, sink: socket.socket, from_server: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while data := source.recv(CHUNK):
                if from_server:
                    data = self._changed(data, passed)
                passed += len(data)
                sink.sendall(data)
                if from_server and passed == self._limit:
                    break
        for sock in (source, sink):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _changed(self, data: bytes, begin: int) -> bytes:
        if self._limit is not None:
            data = data[: self._limit - begin]
        if self._alter is not None and begin <= self._alter < begin + len(data):
            changed = bytearray(data)
            changed[self._alter - begin] ^= 0x55
            return bytes(changed)
        return data


@contextlib.contextmanager
def relay(port: int, *, limit: int | None = None, alter: int | None = None) -> Iterator[Relay]:
    made = Relay(port, limit=limit, alter=alter)
    try:
        yield made
    finally:
        made.close()
