"""What one end of a TLS connection knows and judges, however its bytes travel."""

from __future__ import annotations

from typing import Protocol

from limpet.errors import TlsError
from limpet.limits import KIB
from limpet.net.tls import TlsPipe
from limpet.records import dataclass
from limpet.values import Buffer

_TLS_RECORD_TYPES = (0x15, 0x16)
"""alert and handshake: what the first record of a handshake can be"""
_TEXT = 1 * KIB


class TlsEnd(Protocol):
    """What differs between the two ends: how to judge the peer and how to name a failure."""

    def explain(self, exc: Exception, seen: Seen) -> TlsError:
        """The error that tells the user what went wrong and what to do."""

    def check(self, pipe: TlsPipe) -> None:
        """Judge the peer after the handshake. Raises `TlsError`."""


@dataclass
class Seen:
    """What came from the peer, for naming a failure."""

    size: int = 0
    """bytes received so far"""
    head: bytes = b""
    """the first of them"""
    handshake_done: bool = False

    def add(self, data: Buffer) -> None:
        self.size += len(data)
        if len(self.head) < _TEXT:
            self.head += bytes(data[: _TEXT - len(self.head)])

    @property
    def not_tls(self) -> bool:
        return bool(self.head) and self.head[0] not in _TLS_RECORD_TYPES


class NotTls(Exception):
    """The peer's first bytes are no TLS record."""
