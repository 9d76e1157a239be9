"""How long a login waits for its answer, so that guessing does not pay. No clock: `now` is monotonic seconds.

Each login counts as a failure from the moment it asks for its delay until it succeeds, so many connections at once
gain nothing, and a client that hangs up before the answer has used a guess. A right credential is delayed, never
refused, and by no more than 60 s.

Counted twice: by source and user (by uid on unix sockets), and more loosely by source alone, so that neither a list of
names nor many connections get round it. A source is an IPv4 address or an IPv6 /64. After `free` failures the delay is
1 s and doubles; one failure is forgotten for every `forget_s` seconds without a new one.
"""

from __future__ import annotations

import hashlib
import ipaddress
from typing import TypeAlias

from limpet.auth.module import PeerFacts
from limpet.records import dataclass

FAILURE_ANSWER_S = 1.0
"""the answer to a wrong credential comes no sooner than this after the response"""

MAX_DELAY_S = 60.0
"""longest wait before a credential is looked at"""

MAX_SOURCES = 10_000
"""that failures are remembered of"""

_FIRST_DELAY_S = 1.0

Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Allowance:
    """How many failures cost nothing, and how fast one is forgotten."""

    free: int
    forget_s: float

    @property
    def ceiling(self) -> int:
        """Failures beyond this count no more: the delay has long reached its maximum."""
        return self.free + 7


PER_USER = Allowance(free=5, forget_s=60.0)
PER_SOURCE = Allowance(free=10, forget_s=20.0)


@dataclass(frozen=True, slots=True)
class LoginSource:
    """Who a login is counted against."""

    user_key: Key
    source_key: Key | None

    @classmethod
    def of(cls, facts: PeerFacts, user: str) -> LoginSource:
        """`user` is the name that decides (`ChallengeChain.user`), not any name that the client likes to give."""
        if facts.kind == "unix":
            return cls(("uid", "unknown" if facts.uid is None else str(facts.uid)), None)
        source = _network(facts.address)
        # a fixed size, whatever the peer sends as its name
        name = hashlib.blake2b(user.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
        return cls(("user", source, name), ("source", source))

    @property
    def buckets(self) -> tuple[tuple[Key, Allowance], ...]:
        """The counts that this source falls under."""
        if self.source_key is None:
            return ((self.user_key, PER_USER),)
        return ((self.user_key, PER_USER), (self.source_key, PER_SOURCE))


def _network(address: str) -> str:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


@dataclass(slots=True)
class _Count:
    failures: int
    since: float
    """time of the last failure, or up to which failures have been forgotten"""


class LoginLimiter:
    """Shared by all listeners and connections of a server; holds at most `max_sources` counts."""

    def __init__(self, *, max_sources: int = MAX_SOURCES) -> None:
        self._max_sources = max_sources
        self._counts: dict[Key, tuple[_Count, Allowance]] = {}

    def __len__(self) -> int:
        return len(self._counts)

    def delay(self, source: LoginSource, now: float) -> float:
        """Count one login, and return the seconds, 0 to 60, to wait before its credential is looked at.

        To be called once for each connection, at its first response.
        """
        wait = 0.0
        for key, allowance in source.buckets:
            count = self._current(key, allowance, now)
            over = count.failures - allowance.free
            if over >= 0:
                wait = max(wait, min(MAX_DELAY_S, _FIRST_DELAY_S * 2.0**over))
            count.failures = min(count.failures + 1, allowance.ceiling)
            count.since = max(count.since, now)
        return wait

    def failed(self, source: LoginSource, now: float, *, waited: float = 0.0) -> float:
        """The credential was wrong; return the seconds to wait before saying so.

        `waited` seconds have passed since the response came in.
        """
        for key, allowance in source.buckets:
            count = self._current(key, allowance, now)
            # at least this one: the count of `delay` may have been dropped to make room, or forgotten meanwhile
            count.failures = max(1, count.failures)
            count.since = max(count.since, now)
        return max(0.0, FAILURE_ANSWER_S - waited)

    def succeeded(self, source: LoginSource, now: float) -> None:
        """The whole login has passed (not just its first factor): forget this user's failures from this source.

        What others have tried from the same source stays counted.
        """
        self._counts.pop(source.user_key, None)
        if source.source_key is not None:
            self._undo(source.source_key, PER_SOURCE, now)

    def undecided(self, source: LoginSource, now: float) -> None:
        """The module itself failed, so this was no guess: take the count of `delay` back.

        Only for a login that `delay` has counted, else it would take back somebody's guess.
        """
        for key, allowance in source.buckets:
            self._undo(key, allowance, now)

    def _undo(self, key: Key, allowance: Allowance, now: float) -> None:
        if key not in self._counts:
            return
        count = self._current(key, allowance, now)
        count.failures = max(0, count.failures - 1)
        if count.failures == 0:
            del self._counts[key]

    def _current(self, key: Key, allowance: Allowance, now: float) -> _Count:
        known = self._counts.get(key)
        if known is None:
            if len(self._counts) >= self._max_sources:
                self._make_room(now)
            count = _Count(0, now)
            self._counts[key] = (count, allowance)
            return count
        _decay(known[0], allowance, now)
        return known[0]

    def _make_room(self, now: float) -> None:
        """Drop what is forgotten, then the lightest tenth: who guesses most is remembered longest."""
        for count, allowance in self._counts.values():
            _decay(count, allowance, now)
        lightest = sorted(self._counts, key=lambda key: (self._counts[key][0].failures, self._counts[key][0].since))
        for position, key in enumerate(lightest):
            if self._counts[key][0].failures > 0 and position > self._max_sources // 10:
                break
            del self._counts[key]


def _decay(count: _Count, allowance: Allowance, now: float) -> None:
    forgotten = int(max(0.0, now - count.since) / allowance.forget_s)
    if forgotten > 0:
        count.failures = max(0, count.failures - forgotten)
        count.since += forgotten * allowance.forget_s
