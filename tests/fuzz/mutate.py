"""Seeds and mutations. Everything random comes from the one generator given, so that a seed number repeats a run."""

from __future__ import annotations

import struct
from random import Random

from limpet.values import Secret
from limpet.wire import compression
from limpet.wire.cipher import AesEncryptor, CipherParams
from limpet.wire.framing import HEADER_SIZE, Header
from limpet.wire.serializers import SERIALIZERS
from limpet.wire.stream import PacketWriter
from tests.wire.replay import CAPTURES
from tests.wire.vectors import VECTORS, load

MAX_INPUT = 40_000
KEY = Secret(bytes(range(32)))
IV = bytes(range(100, 116))
_INTERESTING = (0, 1, 7, 8, 15, 16, 31, 32, 43, 44, 63, 64, 100, 126, 127, 128, 191, 192, 254, 255)
_LENGTHS = (0, 1, 2, 7, 8, 16, 255, 256, 4095, 65_535, 65_536, 262_144, 262_145, 1 << 24, 1 << 28, (1 << 32) - 1)
_TOKENS = (
    b"\xc1" * 40, b"\x3b" * 40, b"\x3d" + b"9" * 70 + b"\x7f", b"9999999999:", b"l" * 40, b"d1:a", b"i-", b"e", b"\x7f",
    b"\x67", b"\x3c", b"\xff\xff\xff\xff", b"P\x10\x00\x00", b"P\x12\x11\x01", b"5/", b"\x2c", b"\x41", b"u3:",
)  # fmt: skip
_PACKETS: tuple[list[object], ...] = (
    ["hello", {"version": "6.5", "encryption": {"iv": "0" * 16, "key_salt": bytes(64)}, "n": [1, -1, 2**40, 2**70]}],
    ["pointer-position", 4194315, [1234, 567], ["mod2"], []],
    ["draw", 1, 0, 0, 64, 64, "rgb32", bytes(range(256)) * 8, 7, 256, {"rgb_format": "BGRX", "flush": 0}],
    ["ping", 1732370000123, True, -7, ["x" * 70, {"a": {"b": {"c": [[], {}]}}}]],
)


def _stream(serializer: str, params: CipherParams | None, compressor: str) -> bytes:
    writer = PacketWriter(serializer=serializer)
    writer.compressor = compressor
    writer.level = 1
    if params is not None:
        writer.set_encryptor(AesEncryptor(params, lambda: IV))
    result = b""
    for items in _PACKETS:
        bulk = 7 if items[0] == "draw" else None
        result += b"".join(writer.write(items, bulk=bulk))  # type: ignore[arg-type]
    return result


def seeds() -> list[bytes]:
    """Valid streams in every serializer, compressor and cipher, recordings, and the malformed corpus."""
    result = []
    for serializer in SERIALIZERS:
        result += [_stream(serializer, None, compressor) for compressor in ("", *compression.available())]
        result += [SERIALIZERS[serializer].dumps(items) for items in _PACKETS]  # type: ignore[arg-type]
    for mode, block, padding, stream in (
        ("CBC", 16, "PKCS#7", True),
        ("CBC", 32, "PKCS#7", True),
        ("CBC", 32, "legacy", True),
        ("CBC", 16, "PKCS#7", False),
        ("CTR", 16, "PKCS#7", True),
        ("CTR", 16, "PKCS#7", False),
    ):
        result.append(_stream("rencodeplus", CipherParams(mode, KEY, IV, padding, block, stream), ""))
    for path in sorted(CAPTURES.glob("*.bin")):
        data = path.read_bytes()
        result.append(data[:MAX_INPUT] if len(data) < 2 * MAX_INPUT else data[:2000])
    for path in sorted((VECTORS / "malformed").glob("*.json")):
        result += [bytes.fromhex(case["hex"]) for case in load(f"malformed/{path.name}")["cases"]]
    return [seed for seed in result if seed]


def _header(random: Random, data: bytearray) -> None:
    """Change one field of the record header at the start, or of a later one."""
    at = data.find(b"P", random.choice((0, 0, random.randrange(len(data)))))
    if at < 0 or len(data) - at < HEADER_SIZE:
        return
    field = random.randrange(4)
    if field == 3:
        struct.pack_into("!I", data, at + 4, random.choice((*_LENGTHS, len(data), random.randrange(300))))
    else:
        data[at + 1 + field] = random.choice((*_INTERESTING, random.randrange(256), 0x10, 0x12, 0x11, 0x41, 0x81, 0x21))


def _byte(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] = random.choice((*_INTERESTING, random.randrange(256)))


def _bit(random: Random, data: bytearray) -> None:
    data[random.randrange(len(data))] ^= 1 << random.randrange(8)


def _insert(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data) + 1)
    data[at:at] = random.choice((random.choice(_TOKENS), random.randbytes(random.randrange(1, 9))))


def _delete(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    del data[at : at + random.randrange(1, 9)]


def _cut(random: Random, data: bytearray) -> None:
    del data[random.randrange(len(data)) :]


def _double(random: Random, data: bytearray) -> None:
    at = random.randrange(len(data))
    data[at:at] = data[at : at + random.randrange(1, 64)] * random.randrange(1, 20)


def _overwrite(random: Random, data: bytearray) -> None:
    token = random.choice(_TOKENS)
    at = random.randrange(len(data))
    data[at : at + len(token)] = token


_MUTATIONS = (_header, _header, _byte, _byte, _bit, _insert, _delete, _cut, _double, _overwrite)


def mutate(random: Random, corpus: list[bytes]) -> bytes:
    """A changed seed, sometimes two spliced, sometimes wrapped in a fitting header so that its inside is reached."""
    data = bytearray(random.choice(corpus))
    if random.random() < 0.1:
        other = random.choice(corpus)
        data = data[: random.randrange(len(data) + 1)] + other[random.randrange(len(other)) :]
    for _ in range(random.choice((0, 1, 1, 2, 3, 8))):
        if not data:
            break
        random.choice(_MUTATIONS)(random, data)
    result = bytes(data[:MAX_INPUT])
    if result and random.random() < 0.3:
        body = result[HEADER_SIZE:] if result[:1] == b"P" and len(result) > HEADER_SIZE else result
        chunk = random.choice((0, 0, 0, 1))
        flags = 0 if chunk else random.choice((0x10, 0x01, 0x00, 0x18))
        marker = random.choice((0, 0, 0, 0x01, 0x11, 0x41, 0x81))
        if marker and random.random() < 0.7:
            row = next(row for row in compression.COMPRESSORS if row.marker == marker & 0xF0)
            body = row.deflate(body, 1)
        result = Header(flags, marker, chunk, len(body)).pack() + body
    return result
