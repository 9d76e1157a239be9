"""Helpers of the network tests: a receiver that records, and pairs of connected streams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from limpet.limits import STREAM, StreamLimits
from limpet.net import tcp
from limpet.net.socket_stream import SocketStream
from limpet.net.stream import ByteStream
from limpet.values import Buffer

T = TypeVar("T")

PATIENCE_S = 20.0
"""longer than anything takes on a busy machine; nothing waits that long unless it fails"""


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine; hanging is failing, and so is an error that only the loop saw."""
    problems: list[dict[str, Any]] = []

    async def bounded() -> T:
        asyncio.get_running_loop().set_exception_handler(lambda _loop, context: problems.append(context))
        async with asyncio.timeout(PATIENCE_S):
            return await coroutine

    result = asyncio.run(bounded())
    assert not problems, problems
    return result


class Recorder:
    """Receiver that keeps what it gets and lets a test wait for a state."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.events: list[object] = []
        self.lost = False
        self.error: Exception | None = None
        self.eof: bool | None = None
        self._changed = asyncio.Event()

    def data_received(self, data: Buffer) -> None:
        assert not self.lost and self.eof is None
        self.data += data
        self._changed.set()

    def eof_received(self, clean: bool) -> None:
        assert not self.lost and self.eof is None
        self.eof = clean
        self._note(("eof", clean))

    def connection_lost(self, exc: Exception | None) -> None:
        assert not self.lost
        self.lost = True
        self.error = exc
        self._note("lost")

    def pause_writing(self) -> None:
        self._note("pause")

    def resume_writing(self) -> None:
        self._note("resume")

    def _note(self, event: object) -> None:
        self.events.append(event)
        self._changed.set()

    async def until(self, condition: Callable[[Recorder], bool]) -> None:
        while not condition(self):
            self._changed.clear()
            await self._changed.wait()


@asynccontextmanager
async def stream_pair(
    limits: StreamLimits = STREAM, close_s: float = 1.0
) -> AsyncIterator[tuple[SocketStream, SocketStream]]:
    """Two connected streams over TCP on loopback; the first with `limits` and `close_s`."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        loop = asyncio.get_running_loop()
        client = asyncio.ensure_future(tcp.connect("127.0.0.1", server.getsockname()[1], timeout=5))
        sock, _ = await loop.sock_accept(server)
        _, accepted = await loop.connect_accepted_socket(
            lambda: SocketStream(tcp.describe, limits=limits, close_s=close_s), sock
        )
        dialled = await client
    try:
        yield accepted, dialled
    finally:
        for stream in (accepted, dialled):
            stream.abort()
            await stream.wait_closed()


@asynccontextmanager
async def stream_and_socket(
    limits: StreamLimits = STREAM, close_s: float = 1.0
) -> AsyncIterator[tuple[SocketStream, socket.socket]]:
    """A stream and the plain non-blocking socket at its other end."""
    ours, theirs = socket.socketpair()
    theirs.setblocking(False)
    loop = asyncio.get_running_loop()
    from limpet.net import unix

    _, stream = await loop.connect_accepted_socket(
        lambda: SocketStream(unix.describe, limits=limits, close_s=close_s), ours
    )
    try:
        yield stream, theirs
    finally:
        theirs.close()
        stream.abort()
        await stream.wait_closed()


async def read_to_end(sock: socket.socket) -> bytes:
    """Everything a non-blocking socket still receives."""
    loop = asyncio.get_running_loop()
    result = bytearray()
    while part := await loop.sock_recv(sock, 1 << 16):
        result += part
    return bytes(result)


def receive_into(stream: ByteStream) -> Recorder:
    recorder = Recorder()
    stream.set_receiver(recorder)
    return recorder
