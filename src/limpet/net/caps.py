"""How many connections may stand open before they have logged in."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Callable

from limpet.limits import LISTENER, ListenerLimits


def source_of(address: str, uid: int | None = None) -> str:
    """The source that a connection counts for: its IPv4 /24 or IPv6 /64, or its user on a unix socket."""
    if not address:
        return f"uid {uid}"
    ip: ipaddress.IPv4Address | ipaddress.IPv6Address = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    return str(ipaddress.ip_network((ip, 24 if ip.version == 4 else 64), strict=False))


class Slot:
    """The place of one connection; `release()` when it has logged in or is gone. Idempotent."""

    __slots__ = ("_caps", "_source")

    def __init__(self, caps: ConnectionCaps, source: str) -> None:
        self._caps: ConnectionCaps | None = caps
        self._source = source

    def release(self) -> None:
        if self._caps is not None:
            self._caps.give_back(self._source)
            self._caps = None


class ConnectionCaps:
    """Counts the connections not yet logged in, over all listeners of a server.

    `clock` gives monotonic seconds; refusals are reported at most once a second.
    """

    def __init__(self, clock: Callable[[], float], limits: ListenerLimits = LISTENER) -> None:
        self._clock = clock
        self._limits = limits
        self._per_source: Counter[str] = Counter()
        self.total = 0
        self.refused = 0
        """refusals since the last report"""
        self._reported = -1.0

    def admit(self, address: str, uid: int | None = None) -> Slot | None:
        """A slot for a connection from `address` (or of the local user `uid`), or None when there is none left."""
        source = source_of(address, uid)
        if self.total >= self._limits.unauthenticated or self._per_source[source] >= self._limits.per_source:
            self.refused += 1
            return None
        self.total += 1
        self._per_source[source] += 1
        return Slot(self, source)

    def give_back(self, source: str) -> None:
        self.total -= 1
        self._per_source[source] -= 1
        if not self._per_source[source]:
            del self._per_source[source]

    def refusals_to_report(self) -> int:
        """How many refusals a log line should tell now; 0 when the last line is less than a second old."""
        now = self._clock()
        if not self.refused or now - self._reported < 1.0:
            return 0
        self._reported = now
        count, self.refused = self.refused, 0
        return count
