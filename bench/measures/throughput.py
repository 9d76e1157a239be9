"""Pixels through the wire: a window of noise, redrawn up to 200 times a second, taken as raw RGB by the probe.

Nothing compresses noise, and the probe asks for none: what arrives is what capture, serializer, cipher and socket of
the server carry, with its own pacing. The probe acknowledges each picture when it is there.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.contenders import PROTECTIONS, Endpoint, World, world
from bench.measures.base import NAMES, Served, rows
from bench.model import Better, Mark, Row, Sample
from bench.probe import Probe
from limpet.packets.draw import Draw
from limpet.packets.schema import Packet
from limpet.packets.window import NewWindow
from tests.support.processes import until

WARM_S = 1.5
"""not counted: stock servers begin slowly and find their pace"""
WINDOW_S = 3.0
MB = 1e6
TICKS = os.sysconf("SC_CLK_TCK")
THREE_TIMES = Mark(ratio=3)


class Throughput:
    name = "throughput"
    summary = "pixels of a window of noise, uncompressed, as fast as the server sends them"
    rounds = 3
    rows = (
        *rows(
            "throughput",
            "pixels",
            "MB/s",
            better=Better.MORE,
            marks={"aes": THREE_TIMES, "tls": THREE_TIMES},
            digits=1,
        ),
        *(
            Row(
                f"throughput.cpu.{each}",
                f"pixels per second of the server's processor time, {NAMES[each]}",
                "MB/s",
                Better.MORE,
                digits=1,
            )
            for each in PROTECTIONS
        ),
    )

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[ThroughputContest]:
        with world() as place:
            endpoints: dict[tuple[str, str], Endpoint] = {}
            drawers: dict[tuple[str, str], int] = {}
            for name in contenders:
                for group in (("tcp", "tls"), ("aes",)):
                    self._add(place, name, group, endpoints, drawers)
            yield ThroughputContest(Served(place, contenders, endpoints), drawers)

    @staticmethod
    def _add(
        place: World,
        name: str,
        group: Sequence[str],
        endpoints: dict[tuple[str, str], Endpoint],
        drawers: dict[tuple[str, str], int],
    ) -> None:
        pid_file = place.folder / f"noise-{name}-{group[0]}.pid"
        made = place.serve_all([name], group, start=[place.noise(pid_file)])
        if made:
            pid = int(until(lambda: pid_file.read_text() if pid_file.exists() else "", f"{pid_file.name} is there"))
            endpoints |= made
            drawers |= dict.fromkeys(made, pid)


class ThroughputContest:
    def __init__(self, served: Served, drawers: Mapping[tuple[str, str], int]) -> None:
        self.contenders = served.contenders
        self._served = served
        self._drawers = drawers

    def sample(self, contender: str) -> Sample:
        values: dict[str, float] = {}
        for protection, endpoint in self._served.of(contender).items():
            rate, per_cpu = self._measure(endpoint, self._drawers[contender, protection])
            values[f"throughput.{protection}"] = rate
            values[f"throughput.cpu.{protection}"] = per_cpu
        return values

    def _measure(self, endpoint: Endpoint, drawer: int) -> tuple[float, float]:
        """MB of pixels per second of wall time, and per second of the server's processor time."""
        with Probe(endpoint, self._served.world.folder) as probe:
            watcher = _Watcher(probe)
            probe.run(lambda: watcher.count > 0)
            os.kill(drawer, signal.SIGCONT)
            try:
                self._wait(probe, WARM_S)
                pixels, used, started = watcher.size, processor_s(endpoint.server.pid), time.perf_counter()
                self._wait(probe, WINDOW_S)
                elapsed = time.perf_counter() - started
                used = processor_s(endpoint.server.pid) - used
                pixels = watcher.size - pixels
            finally:
                os.kill(drawer, signal.SIGSTOP)
            return pixels / MB / elapsed, pixels / MB / max(used, 1 / TICKS)

    @staticmethod
    def _wait(probe: Probe, seconds: float) -> None:
        end = time.monotonic() + seconds
        probe.run(lambda: time.monotonic() >= end)


class _Watcher:
    """Shows every window and acknowledges every picture; counts what arrived for the window of noise."""

    def __init__(self, probe: Probe) -> None:
        self.count = 0
        self.size = 0
        self._probe = probe
        probe.on_packet = self._on_packet

    def _on_packet(self, packet: Packet) -> None:
        if isinstance(packet, NewWindow):
            self._probe.show(packet)
        elif isinstance(packet, Draw):
            self._probe.acknowledge(packet)
            if packet.encoding in ("rgb24", "rgb32"):
                self.count += 1
                self.size += len(packet.data)
            else:
                raise SystemExit(f"bench: the server sends {packet.encoding} and not rgb")


def processor_s(pid: int) -> float:
    """User and system time of all threads of a process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
