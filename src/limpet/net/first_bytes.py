"""Waiting for the first bytes of a connection, which tell its protocol."""

from __future__ import annotations

import asyncio

from limpet.errors import ConnectionClosed
from limpet.net.stream import ByteStream
from limpet.values import Buffer
from limpet.wire.sniff import Kind, classify


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
        kind = classify(self._data)
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
