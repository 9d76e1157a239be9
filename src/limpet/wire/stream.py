"""Packets <-> bytes: records, raw chunks, compression, encryption and serializers put together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from limpet.errors import (
    CipherError,
    ClearRecordError,
    FramingError,
    LimitExceeded,
    LocalProtocolError,
    RemoteProtocolError,
    SerializerError,
)
from limpet.limits import ABSOLUTE_MAX_RECORD, KIB, WireLimits
from limpet.records import dataclass
from limpet.values import Buffer, Wire
from limpet.wire import compression
from limpet.wire.framing import MAGIC, MAX_CHUNK_INDEX, Decryptor, Encryptor, Flags, Header, Record, RecordReader
from limpet.wire.serializers import SERIALIZERS, by_flags

MAX_CLEAR_TEXT = KIB
MIN_COMPRESS = 378
"""Shorter main packets go uncompressed: they would not shrink."""
JOIN_BELOW = 64 * KIB
"""Payloads shorter than this are joined with their header; longer ones stay a buffer of their own."""
_CIPHER = int(Flags.CIPHER)
_FLUSH = int(Flags.FLUSH)


@dataclass(frozen=True, slots=True)
class RawPacket:
    """A packet as it came: a list, its type first (str, bytes or an integer alias)."""

    items: list[Wire]
    serializer: str
    """'rencodeplus', 'rencode' or 'bencode'"""
    encrypted: bool
    compression: str
    """of the main record: '', 'zlib', 'lz4', 'brotli' or 'zstd'"""
    size: int
    """bytes on the wire: headers, chunks, padding"""


class PacketReader:
    """Bytes to packets. Bounded in memory by its limits, in time linear in what it is fed."""

    __slots__ = ("_chunks", "_encrypted", "_failure", "_inflated", "_limits", "_records", "_size", "_started", "_text")

    def __init__(self, limits: WireLimits) -> None:
        self._limits = limits
        self._records = RecordReader(limits)
        self._encrypted = False
        self._chunks: dict[int, bytes] = {}
        self._inflated = 0
        self._size = 0
        self._started = False
        self._text: bytearray | None = None
        self._failure: RemoteProtocolError | None = None

    @property
    def buffered(self) -> int:
        """Bytes held of packets that were not returned: inflated chunks, and what was fed and not read."""
        return self._records.buffered + self._inflated

    def receive_data(self, data: Buffer) -> None:
        """Add bytes in the order of the stream. A dead reader drops them (but see `clear_text`)."""
        if self._text is not None:
            self._text += data[: MAX_CLEAR_TEXT - len(self._text)]
        elif self._failure is None:
            self._records.receive_data(data)

    def set_decryptor(self, decryptor: Decryptor | None) -> None:
        """From the next record on. Once set, a record without the cipher flag raises ClearRecordError."""
        self._encrypted = decryptor is not None
        self._records.set_decryptor(decryptor)

    def set_limits(self, limits: WireLimits) -> None:
        """From the next record on."""
        self._limits = limits
        self._records.set_limits(limits)

    def clear_text(self) -> str | None:
        """What the peer sent when its very first bytes were not a record: printable text, at most 1 KiB; else None.

        Servers without a common serializer, and other programs, answer with a line of text (docs/protocol, framing).
        """
        if self._text is None:
            return None
        return "".join(char for char in self._text.decode(errors="replace") if char.isprintable() or char == "\n")

    def next_packet(self) -> RawPacket | None:
        """The next packet, or None when more data is needed.

        Raises FramingError, CipherError, ClearRecordError, SerializerError, LimitExceeded. The reader is dead then:
        every further call raises the same error.
        """
        if self._failure is not None:
            raise self._failure
        try:
            if not self._started and not self._start():
                return None
            while (record := self._records.next_record()) is not None:
                self._size += record.wire_size
                if record.chunk:
                    self._add_chunk(record)
                else:
                    return self._packet(record)
        except ClearRecordError as error:
            self._failure = error
            if self._records.refused is not None:
                error.packet = self._clear_packet(self._records.refused)
            raise
        except RemoteProtocolError as error:
            self._failure = error
            self._chunks.clear()
            raise
        return None

    def _start(self) -> bool:
        """Look at the first byte of the stream; False when there is none yet."""
        first = self._records.peek(1)
        if not first:
            return False
        self._started = True
        if first[0] != MAGIC:
            self._text = bytearray(self._records.peek(MAX_CLEAR_TEXT))
            raise FramingError(f"the peer does not speak the protocol: its first byte is 0x{first[0]:02x}")
        return True

    def _inflate(self, record: Record) -> bytes:
        """The payload of `record`, counted against the limit of the packet."""
        left = self._limits.max_inflated - self._inflated
        if record.compression == 0:
            plain = record.payload
            if len(plain) > left:
                raise LimitExceeded(f"packet of more than {self._limits.max_inflated} bytes")
        else:
            plain = compression.inflate(record.compression, record.payload, left)
        self._inflated += len(plain)
        return plain

    def _add_chunk(self, record: Record) -> None:
        index = record.chunk
        if index in self._chunks:
            raise FramingError(f"chunk {index} twice in one packet")
        if len(self._chunks) >= self._limits.max_chunks:
            raise LimitExceeded(f"more than {self._limits.max_chunks} chunks in one packet")
        try:
            self._chunks[index] = self._inflate(record)
        except RemoteProtocolError as error:
            _conceal(error, record)
            raise

    def _packet(self, record: Record) -> RawPacket:
        serializer = by_flags(record.flags)
        name = compression.name_of(record.compression)
        try:
            items = serializer.loads(self._inflate(record), self._limits.decode)
            if not isinstance(items, list) or not items:
                raise SerializerError("a packet that is not a list, or an empty one")
            if self._chunks:
                self._place_chunks(items)
        except RemoteProtocolError as error:
            _conceal(error, record)
            raise
        packet = RawPacket(items, serializer.name, bool(record.flags & _CIPHER), name, self._size)
        self._inflated = 0
        self._size = 0
        return packet

    def _place_chunks(self, items: list[Any]) -> None:
        """Put the raw chunks where the main record left empty strings for them."""
        for index, chunk in self._chunks.items():
            if index >= len(items):
                raise FramingError(f"chunk {index} for a packet of {len(items)} items")
            if items[index] not in (b"", "", None, False):
                raise FramingError(f"chunk {index} for an item that is not empty")
            items[index] = chunk
        self._chunks.clear()

    def _clear_packet(self, record: Record) -> RawPacket | None:
        self._size = record.wire_size
        try:
            return self._packet(record)
        except RemoteProtocolError:
            return None  # The clear record is refused all the same; it just has no text to show.


def _conceal(error: RemoteProtocolError, record: Record) -> None:
    """In an encrypted record all that can go wrong after the header is one error: it may be a wrong key, and the kinds
    of damage must not tell an attacker anything about the plain text. Returns when the record is clear.
    """
    if record.flags & _CIPHER:
        from limpet.wire.cipher import UNDECIPHERABLE  # with all that belongs to it: for those who meet it only

        raise CipherError(UNDECIPHERABLE) from error


class PacketWriter:
    """Packets to bytes. What it returns must be written in the order of the calls: ciphers are chained."""

    __slots__ = ("_compressor", "_encryptor", "_serializer", "chunks", "flush_flag", "level")

    def __init__(self, *, serializer: str = "rencodeplus") -> None:
        self.serializer = serializer
        self._compressor = ""
        self.level = 0
        """compression level 1 to 10; 0 switches compression off"""
        self.chunks = True
        """the peer takes raw chunks"""
        self.flush_flag = False
        """the peer knows the flush bit (xpra 5.0 and later)"""
        self._encryptor: Encryptor | None = None

    @property
    def serializer(self) -> str:
        """Name of the serializer; setting an unknown one raises LocalProtocolError."""
        return self._serializer.name

    @serializer.setter
    def serializer(self, name: str) -> None:
        if name not in SERIALIZERS:
            raise LocalProtocolError(f"unknown serializer {name!r}")
        self._serializer = SERIALIZERS[name]

    @property
    def compressor(self) -> str:
        """Name of the compressor of main records, "" for none; setting an unavailable one raises LocalProtocolError."""
        return self._compressor

    @compressor.setter
    def compressor(self, name: str) -> None:
        if name and name not in compression.available():
            raise LocalProtocolError(f"unknown compressor {name!r}")
        self._compressor = name

    def set_encryptor(self, encryptor: Encryptor | None) -> None:
        """From the next packet on."""
        self._encryptor = encryptor

    def write(self, items: Sequence[Wire], *, flush: bool = True, bulk: int | None = None) -> list[Buffer]:
        """One packet as buffers to be written back to back.

        `flush`: nothing else is queued. `bulk`: index (1 to 15) of an argument of big bytes that are compressed
        already; they go out as a raw chunk, uncopied unless they are encrypted, or inside the packet when the peer
        takes no chunks. A buffer that comes back is the one given: do not change it before it is written.
        Raises LocalProtocolError for a packet that has no encoding; nothing is encrypted then.
        """
        if not items or None in items:
            raise LocalProtocolError(f"packet without a type, or with a null argument: {items[:1]}")
        chunk: Buffer = b""
        if bulk is not None and self.chunks:
            chunk = _bulk_argument(items, bulk)
            if len(chunk):
                items = [*items[:bulk], b"", *items[bulk + 1 :]]
        serializer = self._serializer
        payload = serializer.dumps(items)
        marker = 0
        if self._compressor and self.level and len(payload) >= MIN_COMPRESS:
            marker, packed = compression.compress(self._compressor, min(self.level, 9), payload)
            if len(packed) < len(payload):
                payload = packed
            else:
                marker = 0
        if len(payload) >= ABSOLUTE_MAX_RECORD:
            raise LocalProtocolError(f"packet of {len(payload)} bytes")
        buffers: list[Buffer] = []
        if len(chunk):
            self._record(buffers, 0, 0, bulk or 0, chunk)
        flags = serializer.flag | (_FLUSH if flush and self.flush_flag else 0)
        self._record(buffers, flags, marker, 0, payload)
        return buffers

    def _record(self, buffers: list[Buffer], flags: int, marker: int, index: int, payload: Buffer) -> None:
        length = len(payload)
        parts: Sequence[Buffer] = (payload,)
        if self._encryptor is not None:
            length, parts = self._encryptor.encrypt_parts(payload)
            flags |= _CIPHER
        header = Header(flags, marker, index, length).pack()
        if length < JOIN_BELOW:
            buffers.append(b"".join((header, *parts)))
        else:
            buffers += (header, *parts)


def _bulk_argument(items: Sequence[Wire], bulk: int) -> Buffer:
    """The argument as flat bytes."""
    if not 1 <= bulk <= MAX_CHUNK_INDEX or bulk >= len(items):
        raise LocalProtocolError(f"no argument {bulk} to send as a chunk")
    chunk = items[bulk]
    if not isinstance(chunk, (bytes, bytearray, memoryview)):
        raise LocalProtocolError(f"argument {bulk} is not a buffer")
    if isinstance(chunk, memoryview):
        if not chunk.c_contiguous:
            raise LocalProtocolError(f"argument {bulk} is not contiguous")
        chunk = chunk.cast("B")
    if len(chunk) >= ABSOLUTE_MAX_RECORD:
        raise LocalProtocolError(f"chunk of {len(chunk)} bytes")
    return chunk
