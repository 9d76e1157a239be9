"""Typed packets per second, in this process: bytes of the wire to a typed packet, and back."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from bench.model import LIMPET, Better, Mark, Row, Sample
from limpet.limits import AFTER_HELLO
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.pointer import PointerPosition
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, WindowId
from limpet.wire.stream import PacketReader, PacketWriter

COUNT = 10_000
BATCH = 100
"""packets fed at once, as one read from a busy connection brings them"""
MARK = Mark(limit=25_000)


class Packets:
    """xpra has no part in it: what it does inside cannot be seen from outside."""

    name = "packets"
    summary = "typed pointer-position packets per second, decoded and encoded, on one core"
    rounds = 5
    rows = (
        Row("packets.decode", "pointer-position decoded", "1/s", Better.MORE, MARK),
        Row("packets.encode", "pointer-position encoded", "1/s", Better.MORE, MARK),
        Row("packets.decode.legacy", "the same, legacy rencode, decoded", "1/s", Better.MORE, MARK),
        Row("packets.encode.legacy", "the same, legacy rencode, encoded", "1/s", Better.MORE, MARK),
    )

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[PacketsContest]:
        packets.load_all()
        yield PacketsContest([name for name in contenders if name == LIMPET] or [LIMPET])


class PacketsContest:
    def __init__(self, contenders: Sequence[str], count: int = COUNT) -> None:
        self.contenders = contenders
        self._packets = [
            PointerPosition(
                window_id=WindowId(1 + index % 7),
                position=(index % 1600, index * 7 % 1000),
                modifiers=("mod2",) if index % 3 else (),
                buttons=(1,) if index % 5 == 0 else (),
            )
            for index in range(count)
        ]

    def sample(self, contender: str) -> Sample:
        values: dict[str, float] = {}
        for suffix, dialect in (("", NESTED_65), (".legacy", FLAT_313)):
            encoded, data = self._encode(dialect)
            values[f"packets.encode{suffix}"] = encoded
            values[f"packets.decode{suffix}"] = self._decode(data)
        return values

    def _encode(self, dialect: Dialect) -> tuple[float, list[bytes]]:
        writer = PacketWriter(serializer=dialect.serializer)
        out: list[bytes] = []
        started = time.perf_counter()
        for packet in self._packets:
            items, bulk = packets.encode(packet, dialect)
            out.append(b"".join(writer.write(items, bulk=bulk)))
        return len(out) / (time.perf_counter() - started), out

    @staticmethod
    def _decode(data: Sequence[bytes]) -> float:
        batches = [b"".join(data[start : start + BATCH]) for start in range(0, len(data), BATCH)]
        reader = PacketReader(AFTER_HELLO)
        count = 0
        started = time.perf_counter()
        for batch in batches:
            reader.receive_data(batch)
            while (raw := reader.next_packet()) is not None:
                count += packets.decode(Side.CLIENT, Phase.SESSION, raw.items) is not None
        elapsed = time.perf_counter() - started
        assert count == len(data)
        return count / elapsed
