"""What is checked for each input. A target returns normally, or raises: `Violation` or anything that should not happen.

The invariants: garbage gives a documented error; whole and piecewise feeding give equal results; inflating never
exceeds the limit; sniffing never changes its mind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import pairwise
from random import Random

from limpet.errors import CipherError, ClearRecordError, FramingError, LimitExceeded, SerializerError
from limpet.limits import BEFORE_HELLO, DecodeLimits, WireLimits
from limpet.wire import compression
from limpet.wire.cipher import UNDECIPHERABLE, AesDecryptor, AesEncryptor, CipherParams, ProbingDecryptor
from limpet.wire.framing import HEADER_SIZE, Decryptor, Header
from limpet.wire.serializers import SERIALIZERS, Serializer
from limpet.wire.sniff import classify
from limpet.wire.stream import PacketReader
from tests.fuzz.mutate import IV, KEY

DOCUMENTED = (FramingError, SerializerError, LimitExceeded)
"""CipherError and ClearRecordError are kinds of FramingError."""
SMALL = WireLimits(max_record=2000, max_inflated=3000, max_packet=2500, decode=DecodeLimits(max_objects=200))
_BYTEWISE = 3000
_BASE = CipherParams("CBC", KEY, IV)
_SERVERS = (_BASE, replace(_BASE, block=32), replace(_BASE, block=32, padding="legacy"), replace(_BASE, mode="CTR"))
_CIPHERS: tuple[Callable[[], Decryptor], ...] = (
    lambda: AesDecryptor(_BASE),
    lambda: AesDecryptor(replace(_BASE, block=32)),
    lambda: AesDecryptor(replace(_BASE, block=32, padding="legacy")),
    lambda: AesDecryptor(replace(_BASE, stream=False)),
    lambda: AesDecryptor(replace(_BASE, mode="CTR")),
    lambda: AesDecryptor(replace(_BASE, mode="CTR", stream=False)),
    lambda: ProbingDecryptor(_BASE),
)


class Violation(Exception):
    """An invariant does not hold."""


def _pieces(random: Random, data: bytes) -> list[bytes]:
    """Single bytes for short inputs, else some random cuts."""
    if len(data) <= _BYTEWISE:
        return [data[at : at + 1] for at in range(len(data))]
    cuts = sorted({0, len(data), *(random.randrange(len(data)) for _ in range(20))})
    return [data[start:end] for start, end in pairwise(cuts)]


def _read(reader: PacketReader, pieces: list[bytes]) -> tuple[object, ...]:
    """Everything that can be observed of a reader that was fed `pieces`."""
    packets = []
    failure: Exception | None = None
    fed = 0
    for piece in pieces:
        reader.receive_data(piece)
        fed += len(piece)
        try:
            while (packet := reader.next_packet()) is not None:
                packets.append(repr(packet))
        except DOCUMENTED as error:
            failure = error
    attached = repr(failure.packet) if isinstance(failure, ClearRecordError) else ""
    return packets, type(failure), str(failure), attached, reader.clear_text()


def check_stream(random: Random, data: bytes) -> None:
    """A packet reader, clear or encrypted, fed at once and in pieces."""
    limits = random.choice((BEFORE_HELLO, SMALL))
    make = random.choice((None, None, *_CIPHERS))
    results = []
    for pieces in ([data], _pieces(random, data)):
        reader = PacketReader(limits)
        if make is not None:
            reader.set_decryptor(make())
        results.append(_read(reader, pieces))
        if reader.buffered > len(data) + limits.max_inflated:
            raise Violation(f"the reader holds {reader.buffered} bytes")
    if results[0] != results[1]:
        raise Violation(f"slicing changes the result: {results[0]!r:.500} and {results[1]!r:.500}")


def check_serializers(random: Random, data: bytes) -> None:
    """Every serializer decodes the input, or the payload in it, to a value that survives a round trip."""
    limits = DecodeLimits(max_objects=random.choice((10, 1000, 200_000)))
    for payload in (data, data[HEADER_SIZE:]):
        for row in SERIALIZERS.values():
            try:
                value = row.loads(payload, limits)
            except (SerializerError, LimitExceeded):
                continue
            _check_delimited(row, payload, limits)
            if isinstance(value, int) and abs(value) >= 10**63:
                continue  # 64 digits and a sign are read, but not written
            text = repr(value)
            if "nan" not in text and len(text) < 5000 and row.text and row.loads(row.dumps(value), limits) != value:
                raise Violation(f"{row.name} does not round-trip {text:.500}")


def _check_delimited(row: Serializer, payload: bytes, limits: DecodeLimits) -> None:
    """What is a value has no beginning, and no continuation, that is one too."""
    for other in (payload[:-1], payload + b"\x00"):
        try:
            row.loads(other, limits)
        except (SerializerError, LimitExceeded):
            continue
        raise Violation(f"{row.name} takes {len(payload)} bytes and {len(other)}")


def check_sealed(random: Random, data: bytes) -> None:
    """The input as plain payloads of correctly encrypted records, read by a client that probes its server's padding.

    Each payload is a packet, or it costs the one error of encrypted records, however the stream is cut.
    """
    params = random.choice(_SERVERS)
    encryptor = AesEncryptor(params)
    stream = b""
    good = 0
    for _ in range(random.randint(0, 4)):
        payload = SERIALIZERS["rencodeplus"].dumps(["p", random.randbytes(random.randrange(70))])
        length, encrypted = encryptor.encrypt(payload)
        stream += Header(0x12, 0, 0, length).pack() + encrypted
        good += 1
    length, encrypted = encryptor.encrypt(data[: SMALL.max_record] or b"\x00")
    marker = random.choice((0, 0x01, 0x11, 0x41, 0x81))
    stream += Header(0x12, marker, 0, length).pack() + encrypted
    results = []
    for pieces in ([stream], _pieces(random, stream)):
        reader = PacketReader(SMALL)
        reader.set_decryptor(ProbingDecryptor(replace(_BASE, mode=params.mode)))
        results.append(_read(reader, pieces))
    packets, _, failure, *_ = results[0]
    if results[0] != results[1] or failure not in ("None", UNDECIPHERABLE):
        raise Violation(f"{results[0]!r:.500} and {results[1]!r:.500}")
    if not isinstance(packets, list) or len(packets) < good or (failure == "None" and len(packets) != good + 1):
        raise Violation(f"{good} good packets, but {results[0]!r:.500}")


def check_inflate(random: Random, data: bytes) -> None:
    """No algorithm gives more than the limit."""
    limit = random.choice((0, 1, 100, 10_000, 1_000_000))
    for payload in (data, data[HEADER_SIZE:]):
        for row in compression.COMPRESSORS:
            try:
                size = len(compression.inflate(row.marker | 1, payload, limit))
            except (SerializerError, LimitExceeded):
                continue
            if size > limit:
                raise Violation(f"{row.name} gave {size} bytes, limit {limit}")


def check_sniff(_random: Random, data: bytes) -> None:
    """Eight bytes decide, and what fewer decide stays."""
    kind = classify(data)
    if kind is None and len(data) >= HEADER_SIZE:
        raise Violation("8 bytes do not decide")
    for end in range(min(len(data), HEADER_SIZE + 2)):
        early = classify(data[:end])
        if early is not None and early is not kind:
            raise Violation(f"{early} after {end} bytes, {kind} at the end")


def check_cipher(random: Random, data: bytes) -> None:
    """A decryptor gives the announced number of bytes, or its one error."""
    decryptor = random.choice(_CIPHERS)()
    try:
        size = random.randint(1, len(data) or 1)
        wanted = decryptor.padded_size(size)
        while wanted <= len(data) and (missing := decryptor.missing(size, data[:wanted])):
            wanted += missing
        if wanted <= len(data) and len(decryptor.decrypt(size, data[:wanted])) not in (size, size - 16):
            raise Violation("decrypted to another size")
    except CipherError as error:
        if str(error) != UNDECIPHERABLE:
            raise Violation(f"told apart: {error}") from error


TARGETS: Mapping[str, tuple[Callable[[Random, bytes], None], int]] = {
    "stream": (check_stream, 10),
    "sealed": (check_sealed, 4),
    "serializers": (check_serializers, 4),
    "inflate": (check_inflate, 2),
    "sniff": (check_sniff, 1),
    "cipher": (check_cipher, 3),
}
"""Name -> (check, how often it is chosen)."""
