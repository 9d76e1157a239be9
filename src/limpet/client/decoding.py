"""Pictures are decoded by few threads, and come out in the order in which they went in, window by window."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from limpet.picture.decode import DECODERS, Encoded, PictureError, decode
from limpet.records import dataclass
from limpet.values import Pixels, WindowId

THREADS = 2
INLINE_PIXELS = 64 * 1024
"""raw pixels up to here are decoded at once: the way to a thread and back takes longer"""


@dataclass(frozen=True, slots=True)
class Decoded:
    """`pixels` None: `problem` says why. `elapsed_us` is the time of decoding alone."""

    pixels: Pixels | None
    problem: str
    elapsed_us: int


Deliver = Callable[[Decoded], None]


class PictureDecoder:
    """Belongs to the event loop; only the decoding itself leaves it. One for all connections of a client."""

    def __init__(self, *, threads: int = THREADS) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="limpet-decode")
        self._queues: dict[WindowId, deque[_Job]] = {}
        self.waiting_bytes = 0
        """of encoded data that has not been delivered"""
        self.waiting = 0

    def submit(self, window_id: WindowId, picture: Encoded, deliver: Deliver) -> None:
        """`deliver` is called with the result, after those of all earlier pictures of this window."""
        queue = self._queues.get(window_id)
        if queue is None and _is_quick(picture):
            deliver(_decode(picture))
            return
        job = _Job(deliver, len(picture.data))
        self._add(window_id, job)
        future = asyncio.get_running_loop().run_in_executor(self._pool, _decode, picture)
        future.add_done_callback(lambda done: self._finished(window_id, job, done))

    def pass_through(self, window_id: WindowId, deliver: Callable[[], None]) -> None:
        """What needs no decoding, in its place among the pictures of the window."""
        if window_id not in self._queues:
            deliver()
            return
        job = _Job(lambda _: deliver(), 0)
        job.result = Decoded(None, "", 0)
        self._add(window_id, job)

    def close(self) -> None:
        """What runs ends by itself; the rest is dropped."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _add(self, window_id: WindowId, job: _Job) -> None:
        self._queues.setdefault(window_id, deque()).append(job)
        self.waiting += 1
        self.waiting_bytes += job.size

    def _finished(self, window_id: WindowId, job: _Job, done: asyncio.Future[Decoded]) -> None:
        if done.cancelled():
            job.result = Decoded(None, "dropped", 0)
        elif (error := done.exception()) is not None:
            job.result = Decoded(None, f"{type(error).__name__} while decoding", 0)
        else:
            job.result = done.result()
        queue = self._queues[window_id]
        while queue and queue[0].result is not None:
            first = queue.popleft()
            self.waiting -= 1
            self.waiting_bytes -= first.size
            assert first.result is not None
            first.deliver(first.result)
        if not queue:
            del self._queues[window_id]


class _Job:
    __slots__ = ("deliver", "result", "size")

    def __init__(self, deliver: Deliver, size: int) -> None:
        self.deliver = deliver
        self.size = size
        self.result: Decoded | None = None


def _is_quick(picture: Encoded) -> bool:
    """A few raw pixels, or an encoding that is refused by its name."""
    few = picture.width * picture.height <= INLINE_PIXELS
    return (picture.raw and few) or picture.encoding not in DECODERS


def _decode(picture: Encoded) -> Decoded:
    started = time.perf_counter()
    try:
        pixels, problem = decode(picture), ""
    except PictureError as error:
        pixels, problem = None, str(error)
    return Decoded(pixels, problem, max(1, round((time.perf_counter() - started) * 1e6)))
