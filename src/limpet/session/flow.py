"""When the next picture of a window may be sent: acknowledgements in, a decision out."""

from __future__ import annotations

from collections import OrderedDict

from limpet.records import dataclass


@dataclass(frozen=True, slots=True)
class FlowLimits:
    """How far a sender may run ahead of the acknowledgements of one window."""

    max_updates: int = 3
    """screen updates under way; more than two hide the round trip, many more only add delay"""
    max_bytes: int = 8 * 1024 * 1024
    expire_s: float = 10.0
    """a draw whose acknowledgement never comes stops counting (a peer that lost a window may not answer)"""


class DrawFlow:
    """Sequence numbers, sizes and times of the unacknowledged draws of one window of one client."""

    def __init__(self, limits: FlowLimits = FlowLimits()) -> None:
        self._limits = limits
        self._sequence = 0
        self._waiting: OrderedDict[int, tuple[float, int]] = OrderedDict()
        self._bytes = 0
        self.latency_s = 0.0
        """smoothed time from draw to acknowledgement; 0 before the first one"""
        self.failures = 0
        """draws that the client could not decode"""

    def next_sequence(self) -> int:
        """Per window, from 1 (docs/protocol: draw)."""
        self._sequence += 1
        return self._sequence

    def sent(self, sequence: int, size: int, now: float) -> None:
        self._waiting[sequence] = (now, size)
        self._bytes += size

    def acknowledged(self, sequence: int, decode_time_us: int, now: float) -> bool:
        """False for an acknowledgement of nothing that is waiting. A negative decode time is a failure."""
        entry = self._waiting.pop(sequence, None)
        if entry is None:
            return False
        when, size = entry
        self._bytes -= size
        if decode_time_us < 0:
            self.failures += 1
        sample = max(0.0, now - when)
        self.latency_s = sample if self.latency_s == 0 else 0.8 * self.latency_s + 0.2 * sample
        return True

    def may_send(self, now: float) -> bool:
        while self._waiting:
            when, size = next(iter(self._waiting.values()))
            if now - when < self._limits.expire_s:
                break
            self._waiting.popitem(last=False)
            self._bytes -= size
        return len(self._waiting) < self._limits.max_updates and self._bytes < self._limits.max_bytes

    @property
    def waiting(self) -> int:
        return len(self._waiting)

    def reset(self) -> None:
        """The window was unmapped: nothing that was sent will be acknowledged for sure."""
        self._waiting.clear()
        self._bytes = 0
