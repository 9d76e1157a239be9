"""A byte stream protected by TLS on top of any other byte stream."""

from __future__ import annotations

import asyncio
import dataclasses
import ssl
from collections.abc import Sequence

from limpet.errors import ExitCode, LimitExceeded, TlsError
from limpet.limits import HANDSHAKE, STREAM, StreamLimits
from limpet.net.stream import ByteStream, Receiver, StreamFacts
from limpet.net.tls import RECORD, TlsPipe, TlsTruncated
from limpet.net.tls_end import NotTls, Seen, TlsEnd
from limpet.net.write_queue import WriteQueue
from limpet.values import Buffer


class TlsStream:
    """`ByteStream` over another one. Made by `start_tls`."""

    def __init__(self, lower: ByteStream, pipe: TlsPipe, end: TlsEnd, limits: StreamLimits = STREAM) -> None:
        self._lower = lower
        self._pipe = pipe
        self._end = end
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self.facts: StreamFacts = lower.facts
        self._receiver: Receiver | None = None
        self._seen = Seen()
        self._ready: asyncio.Future[None] = self._loop.create_future()
        self._plain = memoryview(bytearray(2 * RECORD))
        self._queue = WriteQueue()
        """plaintext that waits for the lower stream to take more"""
        self._lower_full = False
        self._told_to_pause = False
        self._reading_paused = False
        self._pumping = False
        self._lower_eof = False
        self._eof_told = False
        self._ending: bool | ssl.SSLError | None = None
        """how the peer's side ended once it did: cleanly or not, or by an error"""
        self._closing = False
        self._lost = False
        self._error: Exception | None = None

    # --- ByteStream ---

    @property
    def write_buffered(self) -> int:
        return self._queue.size + self._lower.write_buffered

    @property
    def is_closing(self) -> bool:
        return self._closing or self._lost

    def set_receiver(self, receiver: Receiver) -> None:
        self._receiver = receiver
        if self._lost:
            self._loop.call_soon(receiver.connection_lost, self._error)
            return
        self._eof_told = False
        if not self._reading_paused:
            self.resume_reading()

    def write(self, buffers: Sequence[Buffer]) -> None:
        if self._closing or self._lost:
            return
        self._queue.extend(buffers)
        self._pump_out()
        if self._lower_full:
            unsent = self.write_buffered
            if unsent > self._limits.max_unsent:
                self.abort(LimitExceeded(f"{self.facts.peer} does not read: {unsent} bytes wait to be sent"))
            elif not self._told_to_pause and self._receiver is not None:
                self._told_to_pause = True
                self._receiver.pause_writing()

    def pause_reading(self) -> None:
        self._reading_paused = True
        self._lower.pause_reading()

    def resume_reading(self) -> None:
        self._reading_paused = False
        self._lower.resume_reading()
        # What was decrypted or received before comes as it would from a socket: not from inside this call.
        self._loop.call_soon(self._pump_in)

    def close(self) -> None:
        if self._closing or self._lost:
            return
        self._closing = True
        self._lower_full = False
        self._pump_out()
        self._pipe.close()
        self._send()
        self._lower.close()

    def abort(self, exc: Exception | None = None) -> None:
        self._closing = True
        self._lower.abort(exc)

    async def wait_closed(self) -> None:
        await self._lower.wait_closed()

    # --- handshake, called by start_tls ---

    async def handshake(self, first_bytes: Buffer) -> None:
        """Shake hands; `first_bytes` were read from the lower stream before. Raises `TlsError`."""
        self._lower.set_receiver(self)
        self._lower.resume_reading()
        if first_bytes:
            self.data_received(first_bytes)
        elif not self._ready.done():
            self._shake()
        await self._ready

    def _shake(self) -> None:
        try:
            if self._seen.not_tls:
                raise NotTls
            done = self._pipe.handshake()
            self._seen.handshake_done = done
            if done:
                self._end.check(self._pipe)
        except (ssl.SSLError, TlsError, NotTls) as exc:
            # OpenSSL has queued the alert that tells the peer why; a check of ours ends with close_notify.
            self._pipe.close()
            self._send()
            self._lower.close()
            self._not_ready(exc)
            return
        self._send()
        if done:
            # Bytes after the handshake stay where they are until there is a receiver.
            self._lower.pause_reading()
            self.facts = dataclasses.replace(self.facts, kind="ssl", tls=self._pipe.facts())
            if not self._ready.done():
                self._ready.set_result(None)

    def _not_ready(self, exc: Exception) -> None:
        self._lost = True
        if not self._ready.done():
            self._ready.set_exception(exc if isinstance(exc, TlsError) else self._end.explain(exc, self._seen))
            self._ready.exception()  # seen: whoever waited may have been cancelled

    # --- Receiver of the lower stream ---

    def data_received(self, data: Buffer) -> None:
        if self._lost:
            return
        self._pipe.feed(data)
        if self._seen.handshake_done:
            self._pump_in()
        else:
            self._seen.add(data)
            self._shake()

    def eof_received(self, clean: bool) -> None:
        if self._lost:
            return
        self._lower_eof = True
        self._pipe.feed_eof()
        if self._seen.handshake_done:
            self._pump_in()
        else:
            self._shake()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._lost:
            return
        if self._seen.handshake_done:
            self._tell_lost(exc)
        else:
            self._not_ready(exc or ConnectionAbortedError("closed by us"))

    def pause_writing(self) -> None:
        self._lower_full = True

    def resume_writing(self) -> None:
        self._lower_full = False
        self._pump_out()
        if self._told_to_pause and not self._lower_full and self._receiver is not None:
            self._told_to_pause = False
            self._receiver.resume_writing()

    # --- inside ---

    def _send(self) -> None:
        ciphertext = self._pipe.ciphertext_to_send()
        if ciphertext:
            self._lower.write([ciphertext])

    def _pump_out(self) -> None:
        """Encrypt as long as the lower stream takes it: a long queue does not hold up the loop."""
        queue = self._queue
        while queue and not self._lower_full:
            self._pipe.write(queue.next_piece())
            self._send()

    def _pump_in(self) -> None:
        """Decrypt and deliver until nothing is left or nobody wants more."""
        if self._pumping or self._lost or self._receiver is None:
            return
        self._pumping = True
        try:
            while not (self._reading_paused or self.is_closing or self._receiver is None):
                size = self._decrypt()
                if size:
                    self._deliver(size)
                else:
                    break
        finally:
            self._pumping = False
        self._send()  # an answer to a key update, or an alert

    def _decrypt(self) -> int:
        """Fill the buffer as far as the ciphertext goes; 0 at the end of it, which is told if it is the last."""
        if self._ending is None and (size := self._read()):
            return size
        if isinstance(self._ending, bool):
            self._tell_eof(self._ending)
        elif self._ending is not None:
            self._fail(self._end.explain(self._ending, self._seen))
        return 0

    def _read(self) -> int:
        """Decrypt into the buffer; notes an end of the stream, which the bytes before it go ahead of."""
        plain, size = self._plain, 0
        try:
            while len(plain) - size >= RECORD:
                count = self._pipe.read_into(plain[size:])
                if not count:
                    break
                size += count
        except TlsTruncated:
            self._ending = False
        except ssl.SSLError as exc:
            self._ending = exc
        else:
            if self._pipe.peer_closed:
                self._ending = True
        return size

    def _deliver(self, size: int) -> None:
        receiver = self._receiver
        assert receiver is not None
        data = self._plain[:size]
        if len(self._plain) - size < RECORD and len(self._plain) < self._limits.read_buffer:
            self._plain = memoryview(bytearray(min(len(self._plain) * 4, self._limits.read_buffer)))
        receiver.data_received(data)

    def _tell_eof(self, clean: bool) -> None:
        if not self._eof_told and self._receiver is not None:
            self._eof_told = True
            self._receiver.eof_received(clean)

    def _fail(self, error: TlsError) -> None:
        """The stream is broken: tell the peer by the alert that OpenSSL queued, and the receiver at once."""
        self._closing = True
        self._send()
        self._lower.close()
        self._tell_lost(error)

    def _tell_lost(self, exc: Exception | None) -> None:
        self._lost = True
        self._error = exc
        self._queue.clear()
        if self._receiver is not None:
            self._receiver.connection_lost(exc)


async def start_tls(
    lower: ByteStream,
    context: ssl.SSLContext,
    end: TlsEnd,
    *,
    server_side: bool,
    server_hostname: str | None = None,
    first_bytes: Buffer = b"",
    timeout: float = HANDSHAKE.tls_s,
) -> TlsStream:
    """Protect `lower` with TLS and return the stream inside, its reading paused until it has a receiver.

    `first_bytes` were read from `lower` before. Raises `TlsError`; `lower` is closed then, after the alert that tells
    the peer why.
    """
    pipe = TlsPipe(context, server_side=server_side, server_hostname=server_hostname)
    stream = TlsStream(lower, pipe, end)
    try:
        async with asyncio.timeout(timeout):
            await stream.handshake(first_bytes)
    except TimeoutError as exc:
        lower.abort()
        raise TlsError(
            f"{lower.facts.peer}: the TLS handshake was not finished within {timeout:g} s",
            hint="" if server_side else "does this port speak SSL/TLS? --timeout=SECONDS waits longer",
            exit_code=ExitCode.TIMEOUT,
        ) from exc
    except asyncio.CancelledError:
        lower.abort()
        raise
    return stream
