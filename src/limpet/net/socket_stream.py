"""`ByteStream` over an asyncio socket transport."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence

from limpet.errors import LimitExceeded
from limpet.limits import HANDSHAKE, STREAM, StreamLimits
from limpet.net.stream import Receiver, StreamFacts
from limpet.net.write_queue import WriteQueue
from limpet.values import Buffer


class SocketStream(asyncio.BufferedProtocol):
    """One connected stream socket.

    Reads go into one buffer that grows with the traffic up to `limits.read_buffer`; writes are handed to the kernel
    at once and wait here, bounded, when it takes no more.
    """

    def __init__(
        self,
        describe: Callable[[asyncio.BaseTransport], StreamFacts],
        on_made: Callable[[SocketStream], None] | None = None,
        *,
        limits: StreamLimits = STREAM,
        close_s: float = HANDSHAKE.close_s,
    ) -> None:
        self._describe = describe
        self._on_made = on_made
        self._limits = limits
        self._close_s = close_s
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self.facts: StreamFacts
        self._receiver: Receiver | None = None
        self._buffer = memoryview(bytearray(limits.first_read_buffer))
        self._queue = WriteQueue()
        self._blocked = False
        """the transport holds bytes that the kernel did not take"""
        self._told_to_pause = False
        self._reading_paused = False
        self._eof = False
        self._closing = False
        self._finished = False
        """our end of the stream is shut"""
        self._error: Exception | None = None
        self._lost = False
        self._closed = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._close_started = 0.0
        self._unsent_at_check = 0

    # --- ByteStream ---

    @property
    def write_buffered(self) -> int:
        return 0 if self._lost else self._queue.size + self._transport.get_write_buffer_size()

    @property
    def is_closing(self) -> bool:
        return self._closing or self._lost

    def set_receiver(self, receiver: Receiver) -> None:
        self._receiver = receiver
        if self._lost:
            self._loop.call_soon(receiver.connection_lost, self._error)
        elif self._eof:
            self._loop.call_soon(self._tell_eof, receiver)
        elif not self._reading_paused:
            self._transport.resume_reading()

    def write(self, buffers: Sequence[Buffer]) -> None:
        if self._closing or self._lost:
            return
        self._queue.extend(buffers)
        if not self._blocked:
            self._push()
        unsent = self.write_buffered
        if unsent > self._limits.high_water:
            if unsent > self._limits.max_unsent:
                self.abort(LimitExceeded(f"{self.facts.peer} does not read: {unsent} bytes wait to be sent"))
            elif not self._told_to_pause and self._receiver is not None:
                self._told_to_pause = True
                self._receiver.pause_writing()

    def pause_reading(self) -> None:
        self._reading_paused = True
        if not self.is_closing and not self._eof:
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        self._reading_paused = False
        if not self.is_closing and not self._eof and self._receiver is not None:
            self._transport.resume_reading()

    def close(self) -> None:
        if self._closing or self._lost:
            return
        self._closing = True
        self._close_started = self._loop.time()
        self._unsent_at_check = self.write_buffered
        self._timer = self._loop.call_later(self._close_s, self._check_close)
        if not self._queue:
            self._finish()

    def abort(self, exc: Exception | None = None) -> None:
        if self._lost:
            return
        self._closing = True
        if self._error is None:
            self._error = exc
        self._queue.clear()
        self._transport.abort()

    async def wait_closed(self) -> None:
        await asyncio.shield(self._closed)

    # --- asyncio.BufferedProtocol ---

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        # We hold the queue ourselves: the transport is to report as soon as the kernel takes less than all.
        transport.set_write_buffer_limits(high=0)
        self.facts = self._describe(transport)
        if self._on_made is not None:
            self._on_made(self)
        # Python 3.11 starts reading after this call whatever we say here, hence one turn of the loop later.
        self._loop.call_soon(self._hold_until_wanted)

    def _hold_until_wanted(self) -> None:
        if self._receiver is None or self._reading_paused:
            self._transport.pause_reading()

    def get_buffer(self, sizehint: int) -> memoryview:
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        if self._closing:
            return
        data = self._buffer[:nbytes]
        if nbytes == len(self._buffer) and nbytes < self._limits.read_buffer:
            self._buffer = memoryview(bytearray(min(nbytes * 4, self._limits.read_buffer)))
        if self._receiver is None:
            raise RuntimeError("bytes arrived before there was a receiver")
        self._receiver.data_received(data)

    def eof_received(self) -> bool:
        self._eof = True
        if self._finished:
            return False
        if not self._closing and self._receiver is not None:
            self._tell_eof(self._receiver)
        return True

    def _tell_eof(self, receiver: Receiver) -> None:
        # A later receiver may have taken over, or the stream may be gone, between scheduling and now.
        if receiver is self._receiver and not self.is_closing:
            receiver.eof_received(True)

    def pause_writing(self) -> None:
        self._blocked = True

    def resume_writing(self) -> None:
        self._blocked = False
        self._push()
        if self._closing:
            if not self._queue:
                self._finish()
        elif self._told_to_pause and self.write_buffered <= self._limits.low_water and self._receiver is not None:
            self._told_to_pause = False
            self._receiver.resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._queue.clear()
        if self._error is None:
            self._error = exc
        if self._timer is not None:
            self._timer.cancel()
        if not self._closed.done():
            self._closed.set_result(None)
        if self._receiver is not None:
            self._receiver.connection_lost(self._error)

    # --- inside ---

    def _push(self) -> None:
        queue, transport = self._queue, self._transport
        while queue and not self._blocked:
            transport.write(queue.next_piece())

    def _finish(self) -> None:
        """Everything is with the transport: tell the peer the end and wait for its own."""
        if self._finished:
            return
        self._finished = True
        if self._eof:
            self._transport.close()
            return
        try:
            self._transport.write_eof()
        except OSError:  # the peer is gone already: there is nobody to tell
            self._transport.abort()
            return
        # Reading on keeps the kernel from answering late bytes with a reset, which would discard our last words.
        self._transport.resume_reading()

    def _check_close(self) -> None:
        """Once per `close_s` while closing: go on only as long as the peer still takes bytes."""
        unsent = self.write_buffered
        late = self._loop.time() - self._close_started > self._limits.max_close_s
        if unsent == 0 or unsent >= self._unsent_at_check or late:
            self._transport.abort()
            return
        self._unsent_at_check = unsent
        self._timer = self._loop.call_later(self._close_s, self._check_close)
