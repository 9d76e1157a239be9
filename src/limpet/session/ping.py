"""Pings of one side of a connection: when to send one, what an echo means, when the peer is lost."""

from __future__ import annotations

import math


class Pinger:
    """Times are monotonic seconds; on the wire a ping carries whole milliseconds."""

    def __init__(self, *, interval_s: float, timeout_s: float, max_outstanding: int = 64) -> None:
        self._interval_s = interval_s
        self._timeout_s = timeout_s
        self._max_outstanding = max_outstanding
        self._next = math.inf
        self._sent: dict[int, float] = {}

    def start(self, now: float) -> None:
        """The first ping goes out one interval from now."""
        self._next = now + self._interval_s

    def stop(self) -> None:
        self._next = math.inf
        self._sent.clear()

    @property
    def next_timeout(self) -> float:
        oldest = min(self._sent.values(), default=math.inf)
        return min(self._next, oldest + self._timeout_s)

    def due(self, now: float) -> int | None:
        """The time value of the ping to send now, or None."""
        if now < self._next:
            return None
        self._next = now + self._interval_s
        if len(self._sent) >= self._max_outstanding:
            return None
        stamp = int(now * 1000)
        self._sent.setdefault(stamp, now)
        return stamp

    def lost(self, now: float) -> bool:
        """Whether a ping has been waiting for its echo longer than the timeout."""
        oldest = min(self._sent.values(), default=math.inf)
        return now >= oldest + self._timeout_s

    def echoed(self, stamp: int, now: float) -> float | None:
        """Round trip in seconds; None for an echo of nothing that we sent."""
        sent = self._sent.pop(stamp, None)
        if sent is None:
            return None
        for older in [key for key, when in self._sent.items() if when < sent]:
            # a later echo proves the peer alive: what came before it is not waited for any more
            del self._sent[older]
        return max(0.0, now - sent)
