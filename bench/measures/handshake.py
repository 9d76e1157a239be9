"""Whole logins, one after the other, by the same probe: from connecting to the server's hello, then a goodbye."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.contenders import Endpoint, world
from bench.measures.base import Served, rows
from bench.model import Better, Sample
from bench.probe import Probe, ProbeError

WINDOW_S = 1.5
"""how much time all the logins of one sample take together"""
PAUSE_S = 0.02
"""not counted: the server clears up after the last one"""
MAX_FAILURES = 10


class Handshakes:
    name = "handshake"
    summary = "logins per second, one after the other, from connecting to the server's hello"
    rounds = 3
    rows = rows("handshake", "handshakes", "1/s", better=Better.MORE, digits=1)

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[HandshakeContest]:
        with world() as place:
            endpoints = place.serve_all(contenders, ("tcp", "tls", "aes"), start=["xterm"])
            yield HandshakeContest(Served(place, contenders, endpoints))


class HandshakeContest:
    def __init__(self, served: Served) -> None:
        self.contenders = served.contenders
        self._served = served

    def sample(self, contender: str) -> Sample:
        return {
            f"handshake.{protection}": self._rate(endpoint)
            for protection, endpoint in self._served.of(contender).items()
        }

    def _rate(self, endpoint: Endpoint) -> float:
        count, failures, spent = 0, 0, 0.0
        while spent < WINDOW_S:
            started = time.perf_counter()
            try:
                with Probe(endpoint, self._served.world.folder) as probe:
                    probe.login()
                    spent += time.perf_counter() - started
                count += 1
            except (OSError, ProbeError) as error:
                # xpra 3.1.3: sometimes resets a TLS connection that comes soon after another
                spent += time.perf_counter() - started
                failures += 1
                if failures > MAX_FAILURES:
                    raise SystemExit(f"bench: {endpoint.contender}: logins fail: {error}") from error
            time.sleep(PAUSE_S)
        return count / spent
