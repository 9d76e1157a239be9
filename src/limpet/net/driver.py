"""Pumps bytes between a stream and a session; the same for server and client."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from limpet.net.stream import ByteStream
from limpet.values import Buffer

log = logging.getLogger("limpet.net.driver")

EventT = TypeVar("EventT")
EventT_co = TypeVar("EventT_co", covariant=True)


class SessionLike(Protocol[EventT_co]):
    """A sans-IO conversation: bytes in, events and bytes out. Times are absolute seconds of one monotonic clock."""

    @property
    def closing(self) -> bool: ...

    def receive_data(self, data: Buffer, now: float) -> None: ...

    def receive_eof(self, now: float, *, clean: bool) -> None: ...

    def data_to_send(self) -> list[Buffer]: ...

    def next_event(self) -> EventT_co | None: ...

    def next_timeout(self) -> float | None: ...

    def handle_timeout(self, now: float) -> None: ...


class Driver(Generic[EventT]):
    """Runs one session over one stream until either ends.

    The owner gets each event by `on_event`, in order, on the event loop; it may call any method of the session or of
    the driver there. After it queued something into the session at any other time it calls `flush()`.
    `on_writable(False)` tells that the peer takes bytes slower than they come, `on_writable(True)` that it caught up.
    """

    def __init__(
        self,
        stream: ByteStream,
        session: SessionLike[EventT],
        on_event: Callable[[EventT], None],
        clock: Callable[[], float] = time.monotonic,
        *,
        on_writable: Callable[[bool], None] | None = None,
    ) -> None:
        self.stream = stream
        self.session = session
        self.error: Exception | None = None
        """why the connection ended, if not in order; final once `wait_closed()` returned"""
        self._on_event = on_event
        self._on_writable = on_writable
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self._pumping = False
        self._pump_again = False
        self._ended = False
        """the session knows of the end of the stream"""

    def start(self, first_bytes: Buffer = b"") -> None:
        """Take over the stream. `first_bytes` were read from it before (by the sniffer) and are fed first."""
        self.stream.set_receiver(self)
        self.stream.resume_reading()
        if first_bytes:
            self.data_received(first_bytes)
        else:
            self._pump()

    def flush(self) -> None:
        """Deliver what the session has to say: its events, its bytes, its next time-out."""
        self._pump()

    @property
    def write_buffered(self) -> int:
        """Bytes written and not yet taken by the kernel."""
        return self.stream.write_buffered

    def pause_reading(self) -> None:
        """Stop taking bytes from the peer; events of bytes already taken still come (at most one read of them)."""
        self.stream.pause_reading()

    def resume_reading(self) -> None:
        self.stream.resume_reading()

    def close(self) -> None:
        """Send what waits, then close; bounded in time."""
        self._pump()
        self.stream.close()

    def abort(self, exc: Exception | None = None) -> None:
        """Close at once."""
        self._note(exc)
        self.stream.abort(exc)

    async def wait_closed(self) -> Exception | None:
        """Wait until the stream is gone and the session knows; returns `error`."""
        await asyncio.shield(self._closed)
        return self.error

    # --- Receiver ---

    def data_received(self, data: Buffer) -> None:
        try:
            self.session.receive_data(data, self._clock())
        except Exception as exc:  # noqa: BLE001 - told by _fail
            self._fail(exc)
            return
        self._pump()

    def eof_received(self, clean: bool) -> None:
        self._end(clean)
        # What the session still had to say is written; nothing more can come.
        self.stream.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self._note(exc)
        self._end(exc is None)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._closed.done():
            self._closed.set_result(None)

    def pause_writing(self) -> None:
        if self._on_writable is not None:
            self._on_writable(False)

    def resume_writing(self) -> None:
        if self._on_writable is not None:
            self._on_writable(True)

    # --- inside ---

    def _fail(self, exc: Exception) -> None:
        """A mistake of ours ends this connection and no other."""
        log.error("%s: internal error, closing", self.stream.facts.peer, exc_info=exc)
        self.abort(exc)

    def _note(self, exc: Exception | None) -> None:
        if self.error is None:
            self.error = exc

    def _end(self, clean: bool) -> None:
        if not self._ended:
            self._ended = True
            self.session.receive_eof(self._clock(), clean=clean)
            self._pump()

    def _pump(self) -> None:
        """Events to the owner, bytes to the stream, until the session is quiet."""
        if self._pumping:
            self._pump_again = True
            return
        self._pumping = True
        try:
            self._pump_once()
            while self._pump_again:
                self._pump_again = False
                self._pump_once()
        except Exception as exc:  # noqa: BLE001 - told by _fail
            self._fail(exc)
        finally:
            self._pumping = False
        if self.session.closing:
            self.stream.close()
        self._arm()

    def _pump_once(self) -> None:
        session = self.session
        self._send()
        while (event := session.next_event()) is not None:
            self._on_event(event)
        self._send()

    def _send(self) -> None:
        buffers = self.session.data_to_send()
        if buffers:
            self.stream.write(buffers)

    def _arm(self) -> None:
        """Keep one timer. A timer that is early finds nothing due and arms itself again: cheaper than moving it."""
        due = None if self._closed.done() else self.session.next_timeout()
        if due is None:
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None or due < self._timer_at:
            if self._timer is not None:
                self._timer.cancel()
            self._timer_at = due
            self._timer = self._loop.call_later(max(0.0, due - self._clock()), self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        due = self.session.next_timeout()
        now = self._clock()
        if due is not None and due <= now:
            try:
                self.session.handle_timeout(now)
            except Exception as exc:  # noqa: BLE001 - told by _fail
                self._fail(exc)
                return
            self._pump()
        else:
            self._arm()
