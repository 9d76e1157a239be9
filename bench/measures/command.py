"""Wall time of `version TARGET`, from the start of the process to its end, each contender asking its own server."""

from __future__ import annotations

import resource
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.contenders import Endpoint, world
from bench.measures.base import NAMES, Served, rows
from bench.model import Mark, Row, Sample
from tests.support.processes import environment

MARK = Mark(ratio=0.5)
CANNOT = frozenset({("3.1.3", "aes")})
"""its server answers this request in clear, which its client then refuses"""


class VersionCommand:
    name = "version"
    summary = "wall time of the command `version TARGET`"
    rounds = 9
    rows = (
        *rows("version", "version TARGET", "ms", marks={"tcp": MARK, "tls": MARK}),
        Row("version.cpu", "the same, plain, its processor time", "ms"),
    )

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[VersionContest]:
        with world() as place:
            endpoints = place.serve_all(contenders, ("tcp", "tls", "aes"), start=["xterm"])
            endpoints = {key: endpoint for key, endpoint in endpoints.items() if key not in CANNOT}
            contest = VersionContest(Served(place, contenders, endpoints))
            for name in contenders:
                contest.sample(name)  # files into memory, byte code written
            yield contest


class VersionContest:
    def __init__(self, served: Served) -> None:
        self.contenders = served.contenders
        self._served = served

    def sample(self, contender: str) -> Sample:
        values: dict[str, float] = {}
        for protection, endpoint in self._served.of(contender).items():
            wall, processor = self._time(endpoint)
            values[f"version.{protection}"] = wall
            if protection == "tcp":
                values["version.cpu"] = processor
        return values

    def _time(self, endpoint: Endpoint) -> tuple[float, float]:
        """Wall and processor time in ms."""
        command = self._served.world.maker(endpoint.contender).command(
            "version", endpoint.target, *endpoint.client_options()
        )
        folder = self._served.world.folder
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        started = time.perf_counter()
        done = subprocess.run(
            command, cwd=folder, env=environment(folder), stdin=subprocess.DEVNULL, capture_output=True, check=False
        )
        elapsed = time.perf_counter() - started
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        if done.returncode or not any(line[:1].isdigit() for line in done.stdout.decode().splitlines()):
            what = f"{endpoint.contender}, {NAMES[endpoint.protection]}"
            raise SystemExit(f"bench: {what}: {command} failed ({done.returncode}): {done.stdout!r} {done.stderr!r}")
        processor = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return elapsed * 1000, processor * 1000
