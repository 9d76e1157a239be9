"""Xauthority files (the binary format of libXau's `XauReadAuth`), so that no `xauth` program is needed.

An entry: family, address, display number, protocol name and data; family is a big-endian 16-bit number, the others
are counted by one each.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

from limpet.records import dataclass
from limpet.values import Secret

COOKIE_NAME = b"MIT-MAGIC-COOKIE-1"
COOKIE_SIZE = 16
FAMILY_LOCAL = 256
FAMILY_WILD = 65535
_MAX_FILE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of `xauth list`; empty `number` fits every display."""

    family: int
    address: bytes
    number: bytes
    name: bytes
    data: Secret

    def pack(self) -> bytes:
        fields = (self.address, self.number, self.name, self.data.reveal())
        return struct.pack(">H", self.family) + b"".join(struct.pack(">H", len(field)) + field for field in fields)


def parse(data: bytes) -> Iterator[Entry]:
    """The entries of a file; what follows a cut-off entry is ignored, as libXau does."""
    offset = 0
    while offset + 2 <= len(data):
        (family,) = struct.unpack_from(">H", data, offset)
        offset += 2
        fields: list[bytes] = []
        for _ in range(4):
            if offset + 2 > len(data):
                return
            (length,) = struct.unpack_from(">H", data, offset)
            offset += 2
            if offset + length > len(data):
                return
            fields.append(data[offset : offset + length])
            offset += length
        yield Entry(family, fields[0], fields[1], fields[2], Secret(fields[3]))


def read_cookie(path: Path, number: int) -> Secret | None:
    """The cookie for local display `number`, or None. Raises OSError when the file cannot be read."""
    with path.open("rb") as file:
        data = file.read(_MAX_FILE)
    for entry in parse(data):
        local = entry.family in (FAMILY_LOCAL, FAMILY_WILD)
        if local and entry.name == COOKIE_NAME and entry.number in (b"", str(number).encode()):
            return entry.data
    return None


def write_authority(path: Path, cookie: Secret, *, number: int | None, host: str) -> None:
    """Write (replace) an authority file, mode 0600, atomically.

    One entry names this host, for programs that look it up by name (ssh); the wild one fits when the host name
    changes. `number` None fits every display: the X server reads the file before its number is known.
    """
    shown = b"" if number is None else str(number).encode()
    entries = (
        Entry(FAMILY_LOCAL, host.encode(), shown, COOKIE_NAME, cookie),
        Entry(FAMILY_WILD, b"", shown, COOKIE_NAME, cookie),
    )
    part = path.with_name(path.name + ".new")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(b"".join(entry.pack() for entry in entries))
    part.replace(path)
