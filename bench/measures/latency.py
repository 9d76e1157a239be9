"""Round trip of one small packet on an idle connection: the probe's ping to the server's echo."""

from __future__ import annotations

import statistics
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.contenders import Endpoint, world
from bench.measures.base import Served, rows
from bench.model import Sample
from bench.probe import Probe

PINGS = 100
INTERVAL_S = 0.01


class Latency:
    name = "latency"
    summary = "round trip of one small packet (ping and its echo) on an idle connection"
    rounds = 5
    rows = rows("latency", "packet there and back", "us")

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[LatencyContest]:
        with world() as place:
            endpoints = place.serve_all(contenders, ("tcp", "tls", "aes"), start=["xterm"])
            yield LatencyContest(Served(place, contenders, endpoints))


class LatencyContest:
    def __init__(self, served: Served) -> None:
        self.contenders = served.contenders
        self._served = served

    def sample(self, contender: str) -> Sample:
        return {
            f"latency.{protection}": self._median(endpoint)
            for protection, endpoint in self._served.of(contender).items()
        }

    def _median(self, endpoint: Endpoint) -> float:
        """In us."""
        with Probe(endpoint, self._served.world.folder, ping_interval_s=INTERVAL_S) as probe:
            probe.login()
            probe.run(lambda: len(probe.latencies) >= PINGS)
            return statistics.median(probe.latencies[PINGS // 10 :]) * 1e6
