"""What can be measured: one file and one line here add a subject."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from bench.measures.attach import Attach
from bench.measures.command import VersionCommand
from bench.measures.handshake import Handshakes
from bench.measures.latency import Latency
from bench.measures.memory import Memory
from bench.measures.packets import Packets
from bench.measures.throughput import Throughput
from bench.model import Measurement

_ALL: tuple[Measurement, ...] = (
    Packets(),
    VersionCommand(),
    Attach(),
    Memory(),
    Handshakes(),
    Latency(),
    Throughput(),
)

MEASUREMENTS: Mapping[str, Measurement] = MappingProxyType({each.name: each for each in _ALL})
"""Name on the command line -> measurement, in the order in which all are done."""
