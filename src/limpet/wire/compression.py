"""The compression byte of a record: low nibble level (informative), high nibble algorithm; 0 = not compressed.

Each record, raw chunks included, is compressed on its own. Every inflate is bounded before it allocates. The libraries
are imported when a record needs them, so that a command that never meets one does not pay for it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from importlib.util import find_spec

from limpet.errors import FramingError, LimitExceeded, LocalProtocolError, SerializerError
from limpet.records import dataclass
from limpet.values import Buffer

LZO = 0x20
"""python-lzo, 3.1.3 to 4.2: refused. No peer needs it: each also knows zlib or lz4."""
_LZ4_PREFIX = 4
_LZ4_MAX_RATIO = 255
_ZSTD_SLICE = 32
_ZSTD_MAX_WINDOW = 8 << 20
_BROTLI_STEP = 1 << 20


@dataclass(frozen=True, slots=True)
class Compressor:
    """One row of the table."""

    name: str
    marker: int
    """high nibble of the compression byte"""
    module: str
    since: tuple[int, ...]
    """first version of xpra that inflates it"""
    until: tuple[int, ...]
    """first version that does not any more"""
    deflate: Callable[[Buffer, int], bytes]
    """(data, level 1 to 9)"""
    inflate: Callable[[Buffer, int], bytes]
    """(data, limit in bytes): raises SerializerError when damaged, LimitExceeded when over the limit"""

    def known_to(self, version: tuple[int, ...]) -> bool:
        return self.since <= version < self.until


def _damaged(name: str) -> SerializerError:
    return SerializerError(f"damaged {name} data")


def _over(name: str, limit: int) -> LimitExceeded:
    return LimitExceeded(f"{name} data inflates to more than {limit} bytes")


def _zlib_deflate(data: Buffer, level: int) -> bytes:
    import zlib

    return zlib.compress(data, level)


def _zlib_inflate(data: Buffer, limit: int) -> bytes:
    import zlib

    stream = zlib.decompressobj()
    try:
        plain = stream.decompress(data, limit + 1)
    except zlib.error:
        raise _damaged("zlib") from None
    if len(plain) > limit:
        raise _over("zlib", limit)
    if not stream.eof or stream.unused_data:
        raise _damaged("zlib")
    return plain


def _lz4_deflate(data: Buffer, level: int) -> bytes:
    import lz4.block

    return lz4.block.compress(data, mode="fast", acceleration=max(1, 5 - level // 3), store_size=True)


def _lz4_inflate(data: Buffer, limit: int) -> bytes:
    """The size in front of the block is little endian, unlike every other number of a record."""
    import lz4.block

    size = int.from_bytes(data[:_LZ4_PREFIX], "little")
    if size > limit:
        raise _over("lz4", limit)
    # Nothing inflates further than this, so a lie about the size costs no memory.
    if len(data) <= _LZ4_PREFIX or size > len(data) * _LZ4_MAX_RATIO:
        raise _damaged("lz4")
    try:
        plain = lz4.block.decompress(memoryview(data)[_LZ4_PREFIX:], uncompressed_size=size)
    except (lz4.block.LZ4BlockError, ValueError):
        raise _damaged("lz4") from None
    if len(plain) != size:
        raise _damaged("lz4")
    return plain


def _brotli_deflate(data: Buffer, level: int) -> bytes:
    import brotli

    return brotli.compress(data, quality=level)


def _brotli_inflate(data: Buffer, limit: int) -> bytes:
    import brotli

    stream = brotli.Decompressor()
    parts = []
    total = 0
    feed: Buffer = data
    try:
        while not stream.is_finished():
            part = stream.process(feed, output_buffer_limit=min(_BROTLI_STEP, limit + 1 - total))
            total += len(part)
            parts.append(part)
            if total > limit:
                raise _over("brotli", limit)
            if not part and stream.can_accept_more_data():
                break
            feed = b""
    except brotli.error:
        raise _damaged("brotli") from None
    if not stream.is_finished():
        raise _damaged("brotli")
    return b"".join(parts)


def _zstd_deflate(data: Buffer, level: int) -> bytes:
    import zstandard

    return zstandard.ZstdCompressor(level=level).compress(data)


def _zstd_inflate(data: Buffer, limit: int) -> bytes:
    import zstandard

    try:
        frame = zstandard.get_frame_parameters(data)
        if frame.content_size not in (zstandard.CONTENTSIZE_UNKNOWN, zstandard.CONTENTSIZE_ERROR):
            if frame.content_size > limit:
                raise _over("zstd", limit)
            decompressor = zstandard.ZstdDecompressor()
            return decompressor.decompress(data, max_output_size=frame.content_size, allow_extra_data=False)
        if frame.window_size > _ZSTD_MAX_WINDOW:
            raise LimitExceeded(f"zstd window of {frame.window_size} bytes")
        return _zstd_inflate_stream(data, limit)
    except zstandard.ZstdError:
        raise _damaged("zstd") from None


def _zstd_inflate_stream(data: Buffer, limit: int) -> bytes:
    """A frame without its size (no known peer writes one): small steps, since one step has no output limit.

    32 bytes hold at most ten run-length blocks of 128 KiB, so a step overshoots the limit by little.
    """
    import zstandard

    stream = zstandard.ZstdDecompressor().decompressobj()
    view = memoryview(data)
    parts = []
    total = 0
    for start in range(0, len(view), _ZSTD_SLICE):
        if stream.eof:
            raise _damaged("zstd")
        part = stream.decompress(view[start : start + _ZSTD_SLICE])
        total += len(part)
        if total > limit:
            raise _over("zstd", limit)
        parts.append(part)
    if not stream.eof or stream.unused_data:
        raise _damaged("zstd")
    return b"".join(parts)


_NEVER = (999,)
COMPRESSORS: tuple[Compressor, ...] = (
    Compressor("lz4", 0x10, "lz4", (0,), _NEVER, _lz4_deflate, _lz4_inflate),
    Compressor("zstd", 0x80, "zstandard", (6, 6), _NEVER, _zstd_deflate, _zstd_inflate),
    Compressor("brotli", 0x40, "brotli", (0,), _NEVER, _brotli_deflate, _brotli_inflate),
    Compressor("zlib", 0x00, "zlib", (0,), (6,), _zlib_deflate, _zlib_inflate),
)
"""In the order in which they are preferred. Reading takes all of them from anyone: the first hello is compressed before
anything is known about its sender (zlib from 3.1.3, lz4 from 6.x)."""

_BY_NAME = {compressor.name: compressor for compressor in COMPRESSORS}
_BY_MARKER = {compressor.marker: compressor for compressor in COMPRESSORS}

KNOWN_MARKERS = frozenset(
    {0} | {marker | level for marker in _BY_MARKER for level in range(16)} | {LZO | level for level in range(16)}
)
"""Every compression byte that means something; LZO is told apart so that its refusal can say so."""


def available() -> tuple[str, ...]:
    """Names of the algorithms whose library is installed, in order of preference."""
    return tuple(compressor.name for compressor in COMPRESSORS if find_spec(compressor.module) is not None)


def choose(offered: Collection[str], version: tuple[int, ...]) -> str:
    """What to compress with for a peer of `version` that offers `offered` names; "" when nothing is common.

    A peer is never sent what its generation does not inflate, whatever it lists: zlib ends with 6.0, zstd starts with
    6.6.
    """
    usable = available()
    for compressor in COMPRESSORS:
        if compressor.name in offered and compressor.name in usable and compressor.known_to(version):
            return compressor.name
    return ""


def compress(name: str, level: int, data: Buffer) -> tuple[int, bytes]:
    """`(compression byte, compressed data)`; `level` is 1 to 9. Raises LocalProtocolError on an unknown name."""
    compressor = _BY_NAME.get(name)
    if compressor is None:
        raise LocalProtocolError(f"unknown compressor {name!r}")
    if not 1 <= level <= 9:
        raise LocalProtocolError(f"compression level {level} is not 1 to 9")
    return compressor.marker | level, compressor.deflate(data, level)


def name_of(marker: int) -> str:
    """Name of the algorithm of a compression byte, "" for 0. Raises FramingError for lzo and unknown bytes."""
    if marker == 0:
        return ""
    compressor = _BY_MARKER.get(marker & 0xF0)
    if compressor is None:
        if marker & 0xF0 == LZO:
            raise FramingError("the peer compressed with lzo, which is not supported")
        raise FramingError(f"unknown compression marker 0x{marker:02x}")
    return compressor.name


def inflate(marker: int, data: Buffer, max_size: int) -> bytes:
    """Undo the compression named by `marker`; the result has at most `max_size` bytes.

    Raises FramingError (marker), SerializerError (damaged data), LimitExceeded (over `max_size`).
    """
    if marker == 0:
        if len(data) > max_size:
            raise LimitExceeded(f"{len(data)} bytes, limit {max_size}")
        return data if type(data) is bytes else bytes(data)
    name_of(marker)
    return _BY_MARKER[marker & 0xF0].inflate(data, max_size)
