"""Memory of an idle server and an idle client: their own process, without X servers and applications."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.contenders import PATTERN_TITLE, World, world
from bench.measures.attach import Eye, start_client
from bench.model import Mark, Row, Sample

SETTLE_S = 3.0
MIB = 1024


class Memory:
    """PSS shares out what several processes map: Python's own pages, mostly, count for little while more of it runs."""

    name = "memory"
    summary = "memory of an idle server and an idle client"
    rounds = 2
    rows = (
        Row("memory.server", "idle server before a client, PSS", "MB", mark=Mark(limit=60), digits=1),
        Row("memory.server.rss", "the same, RSS", "MB", digits=1),
        Row("memory.server.used", "idle server with a client, PSS", "MB", digits=1),
        Row("memory.client", "idle client, PSS", "MB", digits=1),
        Row("memory.client.rss", "the same, RSS", "MB", digits=1),
    )

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[MemoryContest]:
        with world() as place:
            yield MemoryContest(place, contenders)


class MemoryContest:
    """A server of its own for each sample: only a fresh one has had no client."""

    def __init__(self, place: World, contenders: Sequence[str]) -> None:
        self.contenders = contenders
        self._place = place
        self._eye = Eye(place.screen.name)

    def sample(self, contender: str) -> Sample:
        endpoint = self._place.serve(contender, "tcp", start=["xterm", self._place.pattern()])["tcp"]
        try:
            time.sleep(SETTLE_S)
            idle = used(endpoint.server.pid)
            client = start_client(self._place, endpoint)
            try:
                self._eye.wait_pixels(PATTERN_TITLE, client)
                time.sleep(SETTLE_S)
                server, shown = used(endpoint.server.pid), used(client.pid)
            finally:
                client.stop()
        finally:
            endpoint.server.stop()
        self._place.screen.wait_gone(PATTERN_TITLE)
        return {
            "memory.server": idle["Pss"],
            "memory.server.rss": idle["Rss"],
            "memory.server.used": server["Pss"],
            "memory.client": shown["Pss"],
            "memory.client.rss": shown["Rss"],
        }


def used(pid: int) -> dict[str, float]:
    """Rss, Pss and the like in MB of 1024 * 1024 bytes."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    return {name: int(value.split()[0]) / MIB for name, _, value in (line.partition(":") for line in lines)}
