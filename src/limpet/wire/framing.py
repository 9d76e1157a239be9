"""Records: the 8-byte header, its checks, and the incremental reader that cuts a byte stream into records.

A record is `magic, flags, compression, chunk index, length` (`!BBBBI`) and its payload. The length counts the payload
without cipher padding. See docs/protocol, framing.
"""

from __future__ import annotations

import enum
import struct
from collections import deque
from typing import NamedTuple, Protocol

from limpet.errors import CipherError, ClearRecordError, ExitCode, FramingError, LimitExceeded
from limpet.limits import ABSOLUTE_MAX_RECORD, KIB, WireLimits
from limpet.records import dataclass
from limpet.values import Buffer
from limpet.wire.compression import KNOWN_MARKERS

MAGIC = 0x50
HEADER_SIZE = 8
MAX_CHUNK_INDEX = 15
MAX_CLEAR_RECORD = 64 * KIB
"""A clear record that breaks the encryption rule is read to its end, for its text, up to this length."""
_SMALL_PIECE = 4 * KIB
_FLUSH_PIECES = 64 * KIB

_LAYOUT = struct.Struct("!BBBBI")
_unpack = _LAYOUT.unpack_from


class Flags(enum.IntFlag):
    """The flags byte of a header; none of the serializer bits means bencode."""

    RENCODE = 0x01
    CIPHER = 0x02
    YAML = 0x04
    FLUSH = 0x08
    """The sender has nothing else queued: a hint, main records only."""
    RENCODEPLUS = 0x10


SERIALIZER_FLAGS = int(Flags.RENCODE | Flags.YAML | Flags.RENCODEPLUS)
_ALL_FLAGS = SERIALIZER_FLAGS | int(Flags.CIPHER | Flags.FLUSH)
_CIPHER = int(Flags.CIPHER)


def _flags_possible(flags: int) -> bool:
    serializer = flags & SERIALIZER_FLAGS
    return flags & ~_ALL_FLAGS == 0 and serializer & (serializer - 1) == 0


_POSSIBLE_FLAGS = frozenset(flags for flags in range(256) if _flags_possible(flags))
_CHUNK_FLAGS = frozenset((0, _CIPHER))
"""A raw chunk has no serializer and no flush bit (so do 3.1.3 and 6.x)."""


class Header(NamedTuple):
    """The 8 bytes in front of each payload. `length` excludes cipher padding, 1 to 256 MiB - 1."""

    flags: int
    compression: int
    chunk: int
    """0 for a main record, 1 to 15: a raw chunk that carries that argument of the packet that follows."""
    length: int

    def pack(self) -> bytes:
        return _LAYOUT.pack(MAGIC, self.flags, self.compression, self.chunk, self.length)

    @classmethod
    def parse(cls, data: Buffer) -> Header:
        """Read and check the first 8 bytes of `data`. Raises FramingError, LimitExceeded (over 256 MiB)."""
        magic, flags, compression, chunk, length = _unpack(data)
        if magic != MAGIC:
            raise FramingError(f"not a record: it starts with byte 0x{magic:02x}")
        header = cls(flags, compression, chunk, length)
        header.check()
        return header

    def check(self) -> None:
        """Raise FramingError or LimitExceeded unless every field has a value that some peer may send."""
        if self.flags not in (_CHUNK_FLAGS if self.chunk else _POSSIBLE_FLAGS):
            raise FramingError(f"impossible record flags 0x{self.flags:02x}")
        if self.chunk > MAX_CHUNK_INDEX:
            raise FramingError(f"chunk index {self.chunk} is over {MAX_CHUNK_INDEX}")
        if self.compression not in KNOWN_MARKERS:
            raise FramingError(f"unknown compression marker 0x{self.compression:02x}")
        if self.length == 0:
            raise FramingError("record of length 0")
        if self.length >= ABSOLUTE_MAX_RECORD:
            raise LimitExceeded(f"record of {self.length} bytes is over the absolute limit")


class Decryptor(Protocol):
    """Decrypts the payloads of records in their order on the wire."""

    def padded_size(self, size: int) -> int:
        """Bytes on the wire after a header whose length field is `size`. Raises CipherError if impossible."""
        ...

    def missing(self, size: int, data: Buffer) -> int:
        """How many bytes more than `data` belong to this record; 0 once `decrypt` may be called.

        Only a decryptor that does not know the padding of its peer ever answers more than 0.
        """
        ...

    def decrypt(self, size: int, data: Buffer) -> bytes:
        """The plain payload. Raises CipherError, always with the same text."""
        ...


class Encryptor(Protocol):
    """Encrypts payloads in the order in which they are written to the wire."""

    def encrypt(self, data: Buffer) -> tuple[int, bytes]:
        """`(length field of the header, bytes on the wire after it)`."""
        ...

    def encrypt_parts(self, data: Buffer) -> tuple[int, list[bytes]]:
        """The same, the bytes as buffers to be written back to back."""
        ...


class Record(NamedTuple):
    """One record, decrypted but not inflated."""

    flags: int
    compression: int
    chunk: int
    """as in the header"""
    payload: bytes
    wire_size: int
    """header, payload and padding"""


@dataclass(frozen=True, slots=True)
class _Progress:
    """A record whose header was read and whose payload is not complete."""

    header: Header
    wanted: int
    clear: bool
    """it has no cipher flag though a decryptor is set"""


class RecordReader:
    """Cuts bytes into records, checks headers and limits, decrypts.

    Memory: at most one packet (`limits.max_packet`) besides what the caller fed and did not take out yet. Time: linear
    in the bytes fed, however small the pieces.
    """

    __slots__ = (
        "_block", "_blocks", "_decryptor", "_held", "_limits", "_packet_bytes", "_pieces", "_pos", "_progress",
        "_queued", "_tail", "refused",
    )  # fmt: skip

    def __init__(self, limits: WireLimits) -> None:
        self._limits = limits
        self._decryptor: Decryptor | None = None
        self._block = b""
        self._pos = 0
        self._blocks: deque[bytes] = deque()
        self._queued = 0
        self._progress: _Progress | None = None
        self._pieces: list[bytes] = []
        self._tail = bytearray()
        self._held = 0
        self._packet_bytes = 0
        self.refused: Record | None = None
        """the clear record that ClearRecordError was raised for, when it was read whole"""

    @property
    def buffered(self) -> int:
        """Bytes fed and not yet returned as a record."""
        partial = HEADER_SIZE + self._held if self._progress is not None else 0
        return len(self._block) - self._pos + self._queued + partial

    def receive_data(self, data: Buffer) -> None:
        block = data if type(data) is bytes else bytes(data)
        if self._pos == len(self._block) and not self._blocks:
            self._block = block
            self._pos = 0
        else:
            self._blocks.append(block)
            self._queued += len(block)

    def peek(self, size: int) -> bytes:
        """The next `size` bytes, or fewer when fewer are there, without taking them; between records only."""
        self._join(size)
        return self._block[self._pos : self._pos + size]

    def set_decryptor(self, decryptor: Decryptor | None) -> None:
        """Takes effect for the next record that was not returned yet, even when part of it is here already."""
        self._unparse()
        self._decryptor = decryptor

    def set_limits(self, limits: WireLimits) -> None:
        """Takes effect like `set_decryptor`."""
        self._unparse()
        self._limits = limits

    def next_record(self) -> Record | None:
        """The next record, or None when more data is needed.

        Raises FramingError, LimitExceeded, CipherError, ClearRecordError; the reader must not be used after that.
        """
        progress = self._progress
        if progress is None:
            if len(self._block) - self._pos < HEADER_SIZE and not self._join(HEADER_SIZE):
                return None
            magic, flags, compression, chunk, length = _unpack(self._block, self._pos)
            if magic != MAGIC:
                raise FramingError(f"not a record: it starts with byte 0x{magic:02x}")
            header = Header(flags, compression, chunk, length)
            wanted, clear = self._admit(header)
            self._pos += HEADER_SIZE
            self._packet_bytes += length
        else:
            header, wanted, clear = progress.header, progress.wanted, progress.clear
        while True:
            data = self._take(wanted)
            if data is None:
                self._progress = _Progress(header, wanted, clear)
                return None
            if clear:
                self.refused = Record(header.flags, header.compression, 0, data, HEADER_SIZE + wanted)
                raise _clear_record()
            decryptor = self._decryptor
            if decryptor is None:
                break
            missing = decryptor.missing(header.length, data)
            if not missing:
                data = decryptor.decrypt(header.length, data)
                break
            self._pieces.append(data)
            self._held = wanted
            wanted += missing
        self._progress = None
        if header.chunk == 0:
            self._packet_bytes = 0
        return Record(header.flags, header.compression, header.chunk, data, HEADER_SIZE + wanted)

    def _admit(self, header: Header) -> tuple[int, bool]:
        """Check a header against limits and encryption: `(bytes to read, is it a forbidden clear record)`."""
        flags, compression, chunk, length = header
        if chunk or not length or flags not in _POSSIBLE_FLAGS or compression not in KNOWN_MARKERS:
            header.check()
        limits = self._limits
        decryptor = self._decryptor
        clear = False
        if flags & _CIPHER:
            if decryptor is None:
                raise CipherError(
                    "encrypted record, but no encryption was agreed on this connection", exit_code=ExitCode.ENCRYPTION
                )
        elif decryptor is not None:
            if chunk or self._packet_bytes or length > MAX_CLEAR_RECORD:
                raise _clear_record()
            clear = True
        if length > limits.max_record:
            raise LimitExceeded(f"record of {length} bytes, limit {limits.max_record}")
        if self._packet_bytes + length > limits.max_packet:
            raise LimitExceeded(f"packet of {self._packet_bytes + length} bytes or more, limit {limits.max_packet}")
        if decryptor is None or clear:
            return length, clear
        return decryptor.padded_size(length), False

    def _join(self, size: int) -> bool:
        """Make the current block hold at least `size` unread bytes; False when there are not enough."""
        while len(self._block) - self._pos < size:
            if not self._blocks:
                return False
            following = self._blocks.popleft()
            self._queued -= len(following)
            self._block = self._block[self._pos :] + following
            self._pos = 0
        return True

    def _take(self, size: int) -> bytes | None:
        """`size` bytes of payload, counting those taken before; None (and all that is there kept) when it is short."""
        start = self._pos
        wanted = size - self._held
        if not self._held and len(self._block) - start >= size:
            self._pos = end = start + size
            return self._block[start:end]
        while True:
            available = len(self._block) - start
            if available >= wanted:
                self._pos = end = start + wanted
                self._keep(self._block[start:end])
                data = b"".join((*self._pieces, self._tail)) if self._tail or len(self._pieces) > 1 else self._pieces[0]
                self._pieces.clear()
                self._tail.clear()
                self._held = 0
                return data
            self._keep(self._block[start:] if start else self._block)
            wanted -= available
            if not self._blocks:
                self._block = b""
                self._pos = 0
                return None
            self._block = self._blocks.popleft()
            self._queued -= len(self._block)
            start = self._pos = 0

    def _keep(self, piece: bytes) -> None:
        """Add to the payload in progress. Small pieces are gathered, so that they cost their bytes and not objects."""
        self._held += len(piece)
        tail = self._tail
        if len(piece) < _SMALL_PIECE:
            tail += piece
            if len(tail) >= _FLUSH_PIECES:
                self._pieces.append(bytes(tail))
                tail.clear()
            return
        if tail:
            self._pieces.append(bytes(tail))
            tail.clear()
        self._pieces.append(piece)

    def _unparse(self) -> None:
        """Put a record in progress back, so that its header is judged again."""
        progress = self._progress
        if progress is None:
            return
        self._packet_bytes -= progress.header.length
        kept = b"".join((progress.header.pack(), *self._pieces, self._tail, self._block[self._pos :]))
        self._progress = None
        self._pieces.clear()
        self._tail.clear()
        self._held = 0
        self._block = kept
        self._pos = 0


def _clear_record() -> ClearRecordError:
    return ClearRecordError("an unencrypted record arrived although encryption is on")
