"""Takes the recording account's home out of a recording: every record is opened, changed, and sealed again.

    python -m tests.transcripts.clean FOLDER NAME...

writes the recordings of FOLDER anew. `/root` becomes `/home` in every payload; records before the first change stay as
they were, byte by byte. The index gets one line for each record, at the time of the read that completed it.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from limpet.limits import AFTER_HELLO, DecodeLimits
from limpet.values import Side
from limpet.wire import compression
from limpet.wire.cipher import AesDecryptor, AesEncryptor, CipherParams
from limpet.wire.framing import Flags, Header, Record, RecordReader
from limpet.wire.serializers import by_flags
from limpet.wire.stream import RawPacket
from tests.wire.replay import block_of, encryption_in, segments

WAYS = {Side.CLIENT: "c2s", Side.SERVER: "s2c"}
HOME = re.compile(rb"(?<![/\w])/(?:root|work)(?!\w)")
"""at the start of a path; `tcp://root@...` is none"""


class Direction:
    """One direction: reads records as they were recorded, writes them as they shall be."""

    def __init__(self) -> None:
        self.reader = RecordReader(AFTER_HELLO)
        self.out = bytearray()
        self._encryptor: AesEncryptor | None = None

    def switch(self, params: CipherParams) -> None:
        self.reader.set_decryptor(AesDecryptor(params))
        self._encryptor = AesEncryptor(params)

    def write(self, record: Record, plain: bytes) -> None:
        """`plain` is the payload, inflated."""
        clean = HOME.sub(b"/home", plain)
        payload, marker = record.payload, record.compression
        if clean != plain:
            payload = clean
            if marker:
                marker, payload = compression.compress(compression.name_of(marker), marker & 15, clean)
        length = len(payload)
        if record.flags & Flags.CIPHER:
            assert self._encryptor is not None
            length, payload = self._encryptor.encrypt(payload)
        self.out += Header(record.flags, marker, record.chunk, length).pack() + payload


def clean(folder: Path, name: str) -> None:
    ways = {side: Direction() for side in Side}
    times = [json.loads(line)["t"] for line in (folder / f"{name}-index.jsonl").read_text().splitlines()]
    index = []
    for when, (sender, segment) in zip(times, list(segments(name, folder)), strict=True):
        way = ways[sender]
        way.reader.receive_data(segment)
        while (record := way.reader.next_record()) is not None:
            plain = record.payload
            if record.compression:
                plain = compression.inflate(record.compression, plain, AFTER_HELLO.max_inflated)
            start = len(way.out)
            way.write(record, plain)
            index.append({"t": when, "d": WAYS[sender], "o": start, "n": len(way.out) - start})
            if not record.chunk and (params := _switch(record, plain, block_of(name))) is not None:
                ways[sender.other].switch(params)
    for side, way in ways.items():
        assert way.reader.buffered == 0, f"{name}: {side} ends within a record"
        (folder / f"{name}-{WAYS[side]}.bin").write_bytes(way.out)
    (folder / f"{name}-index.jsonl").write_text("".join(json.dumps(row) + "\n" for row in index))


def _switch(record: Record, plain: bytes, block: int) -> CipherParams | None:
    items = by_flags(record.flags).loads(plain, DecodeLimits())
    return encryption_in(RawPacket(items, "", False, "", 0), block)  # type: ignore[arg-type]


def main(arguments: Sequence[str]) -> int:
    for name in arguments[1:]:
        clean(Path(arguments[0]), name)
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
