from __future__ import annotations

import struct
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import CipherError, ClearRecordError, FramingError, LimitExceeded
from limpet.limits import ABSOLUTE_MAX_RECORD, BEFORE_HELLO, KIB, WireLimits
from limpet.values import Buffer
from limpet.wire.framing import HEADER_SIZE, MAX_CLEAR_RECORD, Flags, Header, Record, RecordReader
from tests.wire.strategies import cuts, sliced

LIMITS = WireLimits(max_record=1000, max_inflated=5000, max_packet=1500)


class Reverser:
    """A transparent cipher: payloads reversed, with `pad` bytes of padding that it asks for in two goes."""

    def __init__(self, pad: int = 0, late: int = 0) -> None:
        self.pad = pad
        self.late = late

    def padded_size(self, size: int) -> int:
        return size + self.pad

    def missing(self, size: int, data: Buffer) -> int:
        return size + self.pad + self.late - len(data)

    def decrypt(self, size: int, data: Buffer) -> bytes:
        assert len(data) == size + self.pad + self.late
        return bytes(data)[:size][::-1]


def record(payload: bytes, *, flags: int = 0x10, compression: int = 0, chunk: int = 0, length: int = -1) -> bytes:
    return Header(flags, compression, chunk, len(payload) if length < 0 else length).pack() + payload


def reader(data: bytes = b"", limits: WireLimits = LIMITS) -> RecordReader:
    result = RecordReader(limits)
    result.receive_data(data)
    return result


def drain(records: RecordReader) -> list[Record]:
    result = []
    while (found := records.next_record()) is not None:
        result.append(found)
    return result


def test_header_layout() -> None:
    data = bytes.fromhex("5002110501020304")
    header = Header.parse(data)
    assert header == Header(flags=0x02, compression=0x11, chunk=5, length=0x01020304)
    assert header.pack() == data


def test_worked_example_of_the_protocol() -> None:
    payload = bytes.fromhex("c28568656c6c6f678776657273696f6e83362e36")
    (found,) = drain(reader(bytes.fromhex("5018000000000014") + payload))
    assert found == Record(flags=0x18, compression=0, chunk=0, payload=payload, wire_size=28)


@pytest.mark.parametrize("flags", [0x00, 0x01, 0x04, 0x10, 0x18, 0x08, 0x09])
def test_known_flags_pass(flags: int) -> None:
    assert drain(reader(record(b"x", flags=flags)))[0].flags == flags


@pytest.mark.parametrize("flags", [0x20, 0x40, 0x80, 0xFF, 0x05, 0x11, 0x14, 0x15, 0x30])
def test_unknown_bits_and_two_serializers_are_refused(flags: int) -> None:
    with pytest.raises(FramingError, match="flags"):
        drain(reader(record(b"x", flags=flags)))


@pytest.mark.parametrize("flags", [0x01, 0x04, 0x08, 0x10, 0x18, 0x80])
def test_a_chunk_has_neither_serializer_nor_flush_bit(flags: int) -> None:
    with pytest.raises(FramingError, match="flags"):
        drain(reader(record(b"x", flags=flags, chunk=1)))


def test_chunk_indexes_1_to_15_pass() -> None:
    for chunk in range(1, 16):
        assert drain(reader(record(b"x", flags=0, chunk=chunk)))[0].chunk == chunk
    with pytest.raises(FramingError, match="chunk index 16"):
        drain(reader(record(b"x", flags=0, chunk=16)))


@pytest.mark.parametrize("marker", [0x00, 0x01, 0x0F, 0x10, 0x11, 0x21, 0x41, 0x81])
def test_known_compression_markers_pass(marker: int) -> None:
    assert drain(reader(record(b"x", compression=marker)))[0].compression == marker


@pytest.mark.parametrize("marker", [0x31, 0x51, 0x71, 0x90, 0xC1, 0xFF])
def test_unknown_compression_markers_are_refused(marker: int) -> None:
    with pytest.raises(FramingError, match="compression marker"):
        drain(reader(record(b"x", compression=marker)))


def test_a_record_of_length_0_is_refused() -> None:
    with pytest.raises(FramingError, match="length 0"):
        drain(reader(record(b"")))


def test_other_bytes_are_not_a_record() -> None:
    with pytest.raises(FramingError, match="0x51"):
        drain(reader(b"Q" + bytes(7)))
    with pytest.raises(FramingError, match="0x51"):
        Header.parse(b"Q" + bytes(7))


def test_parse_checks_the_absolute_limit() -> None:
    assert Header.parse(struct.pack("!BBBBI", 0x50, 0x10, 0, 0, ABSOLUTE_MAX_RECORD - 1)).length
    with pytest.raises(LimitExceeded, match="absolute"):
        Header.parse(struct.pack("!BBBBI", 0x50, 0x10, 0, 0, ABSOLUTE_MAX_RECORD))


def test_the_record_limit_is_checked_on_the_header_alone() -> None:
    assert drain(reader(record(b"", length=1000))) == []
    with pytest.raises(LimitExceeded, match="record of 1001"):
        drain(reader(record(b"", length=1001)))


def test_the_packet_limit_sums_chunks_and_starts_again_after_the_main_record() -> None:
    packet = record(bytes(600), flags=0, chunk=1) + record(bytes(900))
    assert len(drain(reader(packet * 3))) == 6
    with pytest.raises(LimitExceeded, match="packet of 1501"):
        drain(reader(record(bytes(600), flags=0, chunk=1) + record(b"", length=901)))


@given(st.data(), st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=6))
def test_any_slicing_gives_equal_records(data: st.DataObject, payloads: list[bytes]) -> None:
    stream = b"".join(record(payload) for payload in payloads)
    records = RecordReader(LIMITS)
    found = []
    fed = 0
    for piece in sliced(stream, data.draw(cuts(len(stream)))):
        records.receive_data(piece)
        fed += len(piece)
        found += drain(records)
        assert records.buffered == fed - sum(item.wire_size for item in found)
    assert [item.payload for item in found] == payloads


@pytest.mark.parametrize("late", [0, 5])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 8, 9, 1000])
def test_slicing_of_encrypted_records(step: int, late: int) -> None:
    payloads = [bytes(range(20)), b"ab", bytes(400)]
    stream = b"".join(record(payload[::-1], flags=0x12) + bytes(6 + late) for payload in payloads)
    records = RecordReader(LIMITS)
    records.set_decryptor(Reverser(6, late))
    found = []
    for start in range(0, len(stream), step):
        records.receive_data(memoryview(stream)[start : start + step])
        found += drain(records)
    assert [item.payload for item in found] == payloads
    assert [item.wire_size for item in found] == [len(payload) + 14 + late for payload in payloads]


def test_pieces_fed_without_reading_are_kept_in_order() -> None:
    payload = bytes(range(256)) * 3
    stream = record(payload) + record(b"z")
    records = RecordReader(LIMITS)
    for value in stream:
        records.receive_data(bytes((value,)))
    assert records.buffered == len(stream)
    assert [item.payload for item in drain(records)] == [payload, b"z"]
    assert records.buffered == 0


def test_mixed_small_and_big_pieces_of_one_record_are_joined_in_order() -> None:
    wide = WireLimits(max_record=10**6, max_inflated=10**6, max_packet=10**6)
    payload = bytes(value & 255 for value in range(400_000))
    stream = record(payload)
    records = RecordReader(wide)
    sizes = [8, 10, 5000, 1, 4095, 4096, 3000, *[3000] * 30, 100_000, 7]
    start = 0
    for size in [*sizes, len(stream)]:
        records.receive_data(stream[start : start + size])
        start += size
        found = records.next_record()
        assert (found is None) == (start < len(stream))
        if found is not None:
            assert found.payload == payload


def test_memory_stays_near_the_payload_when_fed_in_tiny_pieces() -> None:
    payload = bytes(256 * KIB)
    stream = record(payload)
    records = RecordReader(BEFORE_HELLO)
    tracemalloc.start()
    try:
        for start in range(0, len(stream) - 2, 2):
            records.receive_data(stream[start : start + 2])
            assert records.next_record() is None
        current, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert current < 3 * len(payload)
    records.receive_data(stream[-2:])
    found = records.next_record()
    assert found is not None
    assert found.payload == payload


def test_an_encrypted_record_without_a_decryptor_is_refused() -> None:
    with pytest.raises(CipherError, match="no encryption was agreed"):
        drain(reader(record(b"x", flags=0x12)))


def test_a_clear_record_under_encryption_is_refused_and_kept_aside() -> None:
    records = RecordReader(LIMITS)
    records.set_decryptor(Reverser())
    data = record(b"clear")
    records.receive_data(data[:-1])
    assert records.next_record() is None
    records.receive_data(data[-1:])
    with pytest.raises(ClearRecordError):
        records.next_record()
    assert records.refused == Record(0x10, 0, 0, b"clear", 13)


@pytest.mark.parametrize(
    "data",
    [
        record(b"x", flags=0, chunk=1),
        record(b"", length=MAX_CLEAR_RECORD + 1),
        record(b"y", flags=Flags.CIPHER, chunk=1) + record(b"", length=9),
    ],
    ids=["chunk", "long", "after an encrypted chunk"],
)
def test_clear_records_that_cannot_be_a_message_are_refused_at_once(data: bytes) -> None:
    records = RecordReader(WireLimits(max_record=10**6, max_inflated=10**6, max_packet=10**6))
    records.set_decryptor(Reverser())
    records.receive_data(data)
    with pytest.raises(ClearRecordError):
        drain(records)
    assert records.refused is None


@pytest.mark.parametrize("split", range(1, 14))
def test_a_decryptor_judges_the_record_in_progress_wherever_it_was_cut(split: int) -> None:
    data = record(b"clear")
    records = reader(data[:split])
    if split < len(data):
        assert records.next_record() is None
    records.set_decryptor(Reverser())
    records.receive_data(data[split:])
    with pytest.raises(ClearRecordError):
        records.next_record()


@pytest.mark.parametrize("split", range(1, 20))
def test_changing_limits_keeps_the_record_in_progress(split: int) -> None:
    payload = b"0123456789ab"
    data = record(payload) + record(b"next")
    records = reader(data[:split])
    before = drain(records)
    records.set_limits(WireLimits(max_record=100, max_inflated=100, max_packet=12))
    records.receive_data(data[split:])
    assert [item.payload for item in [*before, *drain(records)]] == [payload, b"next"]


def test_lower_limits_refuse_the_record_in_progress() -> None:
    records = reader(record(b"0123456789")[:-1])
    assert records.next_record() is None
    records.set_limits(WireLimits(max_record=9, max_inflated=100, max_packet=100))
    with pytest.raises(LimitExceeded):
        records.next_record()


def test_peek_takes_nothing() -> None:
    records = reader(b"P")
    records.receive_data(b"abc")
    assert records.peek(1) == b"P"
    assert records.peek(3) == b"Pab"
    assert records.peek(9) == b"Pabc"
    assert records.buffered == 4


@given(st.binary(min_size=HEADER_SIZE, max_size=HEADER_SIZE))
def test_any_header_parses_to_itself_or_is_a_documented_error(data: bytes) -> None:
    try:
        header = Header.parse(data)
    except (FramingError, LimitExceeded):
        with pytest.raises((FramingError, LimitExceeded, CipherError)):
            drain(reader(data))
        return
    assert header.pack() == data
