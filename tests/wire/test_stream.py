from __future__ import annotations

import zlib
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import (
    CipherError,
    ClearRecordError,
    FramingError,
    LimitExceeded,
    LocalProtocolError,
    ProtocolError,
    RemoteProtocolError,
    SerializerError,
)
from limpet.limits import ABSOLUTE_MAX_RECORD, AFTER_HELLO, BEFORE_HELLO, KIB, MIB, WireLimits
from limpet.values import Buffer, Secret
from limpet.wire import rencodeplus
from limpet.wire.cipher import UNDECIPHERABLE, AesDecryptor, AesEncryptor, CipherParams
from limpet.wire.compression import available
from limpet.wire.framing import Flags, Header
from limpet.wire.serializers import SERIALIZERS
from limpet.wire.stream import JOIN_BELOW, MAX_CLEAR_TEXT, MIN_COMPRESS, PacketReader, PacketWriter, RawPacket
from tests.wire.strategies import PACKETS, as_legacy, cuts, sliced

PARAMS = CipherParams("CBC", Secret(b"k" * 32), b"i" * 16)
CTR = replace(PARAMS, mode="CTR")


def record(payload: bytes, *, flags: int = 0x10, compression: int = 0, chunk: int = 0) -> bytes:
    return Header(flags, compression, chunk, len(payload)).pack() + payload


def packet(*items: Any, **header: int) -> bytes:
    return record(rencodeplus.dumps(items), **header)


def chunk(index: int, payload: bytes, compression: int = 0) -> bytes:
    return record(payload, flags=0, chunk=index, compression=compression)


def reader(data: Buffer = b"", limits: WireLimits = AFTER_HELLO) -> PacketReader:
    result = PacketReader(limits)
    result.receive_data(data)
    return result


def drain(packets: PacketReader) -> list[RawPacket]:
    result = []
    while (found := packets.next_packet()) is not None:
        result.append(found)
    return result


def joined(buffers: list[Buffer]) -> bytes:
    return b"".join(buffers)


# --- reading ----------------------------------------------------------------------------------------------------------


def test_reads_a_packet() -> None:
    data = packet("ping", 1)
    assert drain(reader(data)) == [RawPacket(["ping", 1], "rencodeplus", False, "", len(data))]


@pytest.mark.parametrize(
    ("serializer", "payload", "items"),
    [
        ("rencodeplus", b"\xc2\x84ping\x01", ["ping", 1]),
        ("rencode", b"\xc2\x84ping\x01", [b"ping", 1]),
        ("bencode", b"l4:pingi1ee", [b"ping", 1]),
    ],
)
def test_the_flags_of_each_record_choose_the_serializer(serializer: str, payload: bytes, items: list[Any]) -> None:
    found = drain(reader(packet("first") + record(payload, flags=SERIALIZERS[serializer].flag)))
    assert found[1].items == items
    assert found[1].serializer == serializer


def test_integer_packet_types_pass() -> None:
    assert drain(reader(packet(17, "bye")))[0].items == [17, "bye"]


@pytest.mark.parametrize("payload", [b"\x01", b"\x66", b"\x67\x81a\x01", b"\xc0", b"\x84ping"])
def test_a_packet_must_be_a_list_that_is_not_empty(payload: bytes) -> None:
    with pytest.raises(SerializerError, match="not a list"):
        drain(reader(record(payload)))


def test_yaml_is_refused() -> None:
    with pytest.raises(SerializerError, match="yaml"):
        drain(reader(record(b"- hello\n", flags=0x04)))


def test_lzo_is_refused() -> None:
    with pytest.raises(FramingError, match="lzo"):
        drain(reader(record(b"xxxxxx", compression=0x21)))


def test_chunks_replace_their_placeholders() -> None:
    data = chunk(1, b"pixels") + chunk(3, zlib.compress(b"more"), 0x01) + packet("draw", b"", 5, "")
    assert drain(reader(data)) == [RawPacket(["draw", b"pixels", 5, b"more"], "rencodeplus", False, "", len(data))]


def test_chunks_belong_to_one_packet_only() -> None:
    found = drain(reader(chunk(1, b"x") + packet("a", b"") + packet("b", b"")))
    assert [item.items for item in found] == [["a", b"x"], ["b", b""]]


def test_a_fourth_chunk_is_over_the_limit() -> None:
    three = chunk(1, b"x") + chunk(2, b"y") + chunk(3, b"z")
    assert drain(reader(three + packet("p", b"", b"", b"")))[0].items == ["p", b"x", b"y", b"z"]
    with pytest.raises(LimitExceeded, match="3 chunks"):
        drain(reader(three + chunk(4, b"w")))


def test_a_chunk_sent_twice_is_refused() -> None:
    with pytest.raises(FramingError, match="twice"):
        drain(reader(chunk(1, b"x") + chunk(1, b"y")))


def test_a_chunk_beyond_the_packet_is_refused() -> None:
    with pytest.raises(FramingError, match="packet of 2 items"):
        drain(reader(chunk(2, b"x") + packet("p", b"")))


@pytest.mark.parametrize("item", [b"x", "x", 1, [b""], {"a": 1}])
def test_a_chunk_replaces_only_an_empty_item(item: Any) -> None:
    with pytest.raises(FramingError, match="not empty"):
        drain(reader(chunk(1, b"x") + packet("p", item)))


def test_a_damaged_chunk_is_refused() -> None:
    with pytest.raises(SerializerError, match="zlib"):
        drain(reader(chunk(1, b"xxxx", 0x01)))


@pytest.mark.parametrize("marker", [0x01, 0x11, 0x41, 0x81])
def test_damaged_compressed_records_are_refused(marker: int) -> None:
    with pytest.raises(SerializerError, match="damaged"):
        drain(reader(record(b"\x08\x00\x00\x00xxxxxxx", compression=marker)))


def test_inflated_sizes_add_up_over_the_records_of_a_packet() -> None:
    limits = WireLimits(max_record=1000, max_packet=1000, max_inflated=1000)
    parts = [chunk(1, zlib.compress(bytes(400)), 0x01), chunk(2, bytes(400)), packet("p", b"", b"", bytes(100))]
    assert len(drain(reader(b"".join(parts * 2), limits))) == 2
    for grown in (
        [chunk(1, zlib.compress(bytes(501)), 0x01), *parts[1:]],
        [parts[0], chunk(2, bytes(500)), parts[2]],
        [*parts[:2], packet("p", b"", b"", bytes(200))],
        [*parts[:2], record(zlib.compress(rencodeplus.dumps(["p", b"", b"", bytes(200)])), compression=0x01)],
    ):
        with pytest.raises(LimitExceeded):
            drain(reader(b"".join(grown), limits))


def test_limits_before_login_bound_record_packet_and_inflated_size() -> None:
    text = "x" * 200_000
    assert drain(reader(packet("hello", text), BEFORE_HELLO))[0].items[1] == text
    with pytest.raises(LimitExceeded):
        drain(reader(Header(0x10, 0, 0, 256 * KIB + 1).pack(), BEFORE_HELLO))
    with pytest.raises(LimitExceeded):
        drain(reader(record(zlib.compress(bytes(2 * MIB)), compression=0x01), BEFORE_HELLO))


def test_limits_can_be_raised_after_login() -> None:
    packets = reader(packet("hello"), BEFORE_HELLO)
    assert len(drain(packets)) == 1
    packets.set_limits(AFTER_HELLO)
    packets.receive_data(packet("big", bytes(2 * MIB)))
    assert len(drain(packets)) == 1


def test_buffered_counts_what_is_held() -> None:
    packets = reader(chunk(1, bytes(100)) + b"P")
    assert packets.next_packet() is None
    assert packets.buffered == 101
    packets.receive_data(packet("p", b"")[1:])
    assert len(drain(packets)) == 1
    assert packets.buffered == 0


@pytest.mark.parametrize("bad", [b"Pxxxxxxx", packet("a") + b"garbage.", record(b"\xc1"), chunk(1, b"x") * 2])
def test_a_dead_reader_repeats_its_error_and_holds_nothing_more(bad: bytes) -> None:
    packets = reader(bad)
    with pytest.raises(RemoteProtocolError) as first:
        drain(packets)
    held = packets.buffered
    packets.receive_data(packet("more") * 100)
    assert packets.buffered <= held
    with pytest.raises(type(first.value)) as second:
        packets.next_packet()
    assert second.value is first.value


@pytest.mark.parametrize("cipher", [None, PARAMS, CTR, replace(PARAMS, block=32), replace(PARAMS, stream=False)])
@given(st.data(), st.lists(PACKETS, min_size=1, max_size=4))
def test_any_slicing_gives_equal_packets(cipher: CipherParams | None, data: st.DataObject, sent: list[Any]) -> None:
    writer, packets = PacketWriter(), PacketReader(AFTER_HELLO)
    if cipher is not None:
        writer.set_encryptor(AesEncryptor(cipher, lambda: b"v" * 16))
        packets.set_decryptor(AesDecryptor(cipher))
    stream = b"".join(joined(writer.write([*items, b"bulk"], bulk=len(items))) for items in sent)
    found = []
    for piece in sliced(stream, data.draw(cuts(len(stream)))):
        packets.receive_data(piece)
        found += drain(packets)
    assert [item.items for item in found] == [[*items, b"bulk"] for items in sent]
    assert sum(item.size for item in found) == len(stream)
    assert all(item.encrypted == (cipher is not None) for item in found)


@given(st.binary(max_size=300) | st.binary(max_size=100).map(lambda tail: packet("a", 1)[:8] + tail))
def test_garbage_gives_packets_or_a_documented_error_and_slicing_does_not_matter(data: bytes) -> None:
    def run(step: int) -> tuple[list[Any], type[Exception] | None, str | None]:
        packets = PacketReader(BEFORE_HELLO)
        found: list[Any] = []
        failure: type[Exception] | None = None
        for start in range(0, len(data), step):
            packets.receive_data(data[start : start + step])
            try:
                found += [repr(item) for item in drain(packets)]
            except (FramingError, SerializerError, LimitExceeded) as error:
                failure = type(error)
        return found, failure, packets.clear_text()

    assert run(1) == run(len(data) or 1)


# --- clear text -------------------------------------------------------------------------------------------------------


def test_text_in_place_of_a_first_record_is_collected() -> None:
    packets = reader(b"dis")
    with pytest.raises(FramingError, match="0x64"):
        packets.next_packet()
    packets.receive_data(b"connect: \x1b[31mfailed\x07 \xff\n")
    assert packets.clear_text() == "disconnect: [31mfailed \ufffd\n"


def test_text_is_bounded() -> None:
    packets = reader(b"x" * 5000)
    with pytest.raises(FramingError):
        packets.next_packet()
    packets.receive_data(memoryview(b"y" * 5000))
    assert packets.clear_text() == "x" * MAX_CLEAR_TEXT


def test_there_is_no_text_of_a_stream_that_began_with_a_record() -> None:
    packets = reader(packet("hello") + b"disconnect: text\n")
    with pytest.raises(FramingError):
        drain(packets)
    assert packets.clear_text() is None


def test_nothing_is_decided_without_a_byte() -> None:
    packets = reader()
    assert packets.next_packet() is None
    assert packets.clear_text() is None
    packets.receive_data(packet("hello"))
    assert len(drain(packets)) == 1


# --- encryption -------------------------------------------------------------------------------------------------------


def encrypted(params: CipherParams, *packets: tuple[Any, ...], payloads: tuple[bytes, ...] = ()) -> bytes:
    encryptor = AesEncryptor(params, lambda: b"v" * 16)
    stream = b""
    for payload in (*map(rencodeplus.dumps, packets), *payloads):
        length, data = encryptor.encrypt(payload)
        stream += Header(0x12, 0, 0, length).pack() + data
    return stream


def sealed_reader(params: CipherParams, data: bytes) -> PacketReader:
    packets = reader(data)
    packets.set_decryptor(AesDecryptor(params))
    return packets


def test_the_whole_record_vector_of_the_protocol() -> None:
    key = Secret(bytes.fromhex("8099b5135faa1f4cbe897a040fe1cec24d93b7f53ecd4efc57644e7877a9c434"))
    params = CipherParams("CBC", key, b"abcdefghijklmnop")
    data = bytes.fromhex("501a000000000007c78bbaa070dfdd22b11b70ba08fe79e1")
    writer = PacketWriter()
    writer.flush_flag = True
    writer.set_encryptor(AesEncryptor(params))
    assert joined(writer.write(["ping", 1])) == data
    assert drain(sealed_reader(params, data)) == [RawPacket(["ping", 1], "rencodeplus", True, "", len(data))]


def test_the_switch_to_encryption_happens_between_records_of_one_read() -> None:
    packets = reader(packet("hello") + encrypted(PARAMS, ("secret", 1)))
    first = packets.next_packet()
    assert first is not None
    assert not first.encrypted
    packets.set_decryptor(AesDecryptor(PARAMS))
    second = packets.next_packet()
    assert second is not None
    assert second.items == ["secret", 1]


def test_a_new_key_starts_with_the_next_record() -> None:
    other = replace(PARAMS, key=Secret(b"n" * 16), iv=b"j" * 16)
    packets = sealed_reader(PARAMS, encrypted(PARAMS, ("a",)) + encrypted(other, ("b",)))
    first = packets.next_packet()
    packets.set_decryptor(AesDecryptor(other))
    second = packets.next_packet()
    assert first is not None
    assert second is not None
    assert (first.items, second.items) == (["a"], ["b"])


def test_an_encrypted_record_that_nobody_agreed_on_is_refused() -> None:
    with pytest.raises(CipherError, match="no encryption was agreed"):
        drain(reader(encrypted(PARAMS, ("a",))))


@pytest.mark.parametrize("params", [PARAMS, CTR])
@pytest.mark.parametrize(
    "payload",
    [b"\xc1", b"\xff" * 40, b"\xc1" * 50, b"\x3d" + b"9" * 100, b"\x01", b"\x81\xff"],
    ids=["short", "garbage", "deep", "digits", "no list", "text"],
)
def test_decoding_errors_of_encrypted_records_are_one_error(params: CipherParams, payload: bytes) -> None:
    with pytest.raises(CipherError) as caught:
        drain(sealed_reader(params, encrypted(params, payloads=(payload,))))
    assert str(caught.value) == UNDECIPHERABLE
    assert type(caught.value) is CipherError
    assert isinstance(caught.value.__cause__, RemoteProtocolError)


@pytest.mark.parametrize(("index", "marker"), [(0, 0x11), (1, 0x01)])
def test_inflating_errors_of_encrypted_records_are_the_same_error(index: int, marker: int) -> None:
    length, data = AesEncryptor(PARAMS).encrypt(b"no compressed data")
    header = Header(Flags.CIPHER if index else 0x12, marker, index, length)
    with pytest.raises(CipherError) as caught:
        drain(sealed_reader(PARAMS, header.pack() + data))
    assert str(caught.value) == UNDECIPHERABLE


@pytest.mark.parametrize("params", [PARAMS, CTR])
def test_another_key_is_that_error_too(params: CipherParams) -> None:
    data = encrypted(replace(params, key=Secret(b"other key 16 byt")), ("hello", {"version": "6.2"}))
    with pytest.raises(CipherError) as caught:
        drain(sealed_reader(params, data))
    assert str(caught.value) == UNDECIPHERABLE


def test_a_clear_disconnect_is_told_with_the_error_and_never_delivered() -> None:
    packets = sealed_reader(PARAMS, packet("disconnect", "missing encryption tokens") + encrypted(PARAMS, ("a",)))
    with pytest.raises(ClearRecordError) as caught:
        packets.next_packet()
    assert isinstance(caught.value.packet, RawPacket)
    assert caught.value.packet.items == ["disconnect", "missing encryption tokens"]
    assert not caught.value.packet.encrypted
    with pytest.raises(ClearRecordError):
        packets.next_packet()


def test_a_clear_record_after_encrypted_ones_is_refused() -> None:
    packets = sealed_reader(PARAMS, encrypted(PARAMS, ("a",)) + packet("window", 1))
    assert packets.next_packet() is not None
    with pytest.raises(ClearRecordError):
        packets.next_packet()


@pytest.mark.parametrize(
    "data", [record(b"\xff" * 9), record(zlib.compress(bytes(70 * MIB)), compression=0x01), chunk(1, b"x")]
)
def test_a_clear_record_that_does_not_decode_is_refused_without_text(data: bytes) -> None:
    with pytest.raises(ClearRecordError) as caught:
        drain(sealed_reader(PARAMS, data))
    assert caught.value.packet is None


# --- writing ----------------------------------------------------------------------------------------------------------


def test_writes_the_worked_example() -> None:
    writer = PacketWriter()
    writer.flush_flag = True
    assert joined(writer.write(["hello", {"version": "6.6"}])) == bytes.fromhex(
        "5018000000000014c28568656c6c6f678776657273696f6e83362e36"
    )


@pytest.mark.parametrize("name", SERIALIZERS)
def test_writes_with_every_serializer(name: str) -> None:
    writer = PacketWriter(serializer=name)
    assert writer.serializer == name
    (found,) = drain(reader(joined(writer.write(["ping", 1, {"a": "b"}]))))
    assert found.serializer == name
    expected: list[Any] = ["ping", 1, {"a": "b"}]
    assert found.items == (expected if SERIALIZERS[name].text else as_legacy(expected))


def test_serializer_and_compressor_can_be_changed_to_known_ones_only() -> None:
    writer = PacketWriter()
    writer.serializer = "bencode"
    assert joined(writer.write(["a"])) == record(b"l1:ae", flags=0)
    with pytest.raises(LocalProtocolError, match="yaml"):
        writer.serializer = "yaml"
    with pytest.raises(LocalProtocolError, match="lzo"):
        writer.compressor = "lzo"
    assert writer.compressor == ""


@pytest.mark.parametrize(("flush", "flag", "expected"), [(True, True, 0x18), (True, False, 0x10), (False, True, 0x10)])
def test_the_flush_bit_needs_a_peer_that_knows_it(flush: bool, flag: bool, expected: int) -> None:
    writer = PacketWriter()
    writer.flush_flag = flag
    assert joined(writer.write(["a"], flush=flush))[1] == expected


@pytest.mark.parametrize("name", available())
@pytest.mark.parametrize("level", [1, 9, 10])
def test_long_packets_are_compressed(name: str, level: int) -> None:
    writer = PacketWriter()
    writer.compressor = name
    writer.level = level
    data = joined(writer.write(["info", "text " * 200]))
    assert len(data) < 200
    (found,) = drain(reader(data))
    assert found.items == ["info", "text " * 200]
    assert found.compression == name


@pytest.mark.parametrize(("level", "text"), [(0, "x" * 1000), (1, "x" * (MIN_COMPRESS - 10))])
def test_level_0_and_short_packets_are_not_compressed(level: int, text: str) -> None:
    writer = PacketWriter()
    writer.compressor = "lz4"
    writer.level = level
    assert joined(writer.write(["a", text])) == packet("a", text)


def test_what_does_not_shrink_goes_uncompressed() -> None:
    writer = PacketWriter()
    writer.compressor = "lz4"
    writer.level = 1
    noise = bytes((i * i * 31 + i // 7) % 256 for i in range(400))
    (found,) = drain(reader(joined(writer.write(["a", noise]))))
    assert found.items == ["a", noise]
    assert found.compression == ""


@pytest.mark.parametrize("wrap", [bytes, bytearray, memoryview])
def test_bulk_goes_out_as_the_buffer_it_is(wrap: Any) -> None:
    pixels = wrap(bytes(range(256)) * 400)
    items = ["draw", 1, pixels, {"flush": 0}]
    header, body, main = PacketWriter().write(items, bulk=2)
    assert header == Header(0, 0, 2, len(pixels)).pack()
    assert body is pixels or (isinstance(body, memoryview) and body.obj is pixels.obj)
    assert main == packet("draw", 1, b"", {"flush": 0})
    assert items[2] is pixels


def test_bulk_of_a_cast_view_counts_in_bytes() -> None:
    pixels = memoryview(bytes(400_000)).cast("I")
    header, body, _ = PacketWriter().write(["draw", pixels], bulk=1)
    assert header == Header(0, 0, 1, 400_000).pack()
    assert len(body) == 400_000


def test_small_bulk_is_joined_with_its_header() -> None:
    buffers = PacketWriter().write(["draw", b"pixels"], bulk=1)
    assert buffers == [chunk(1, b"pixels"), packet("draw", b"")]


def test_bulk_is_never_compressed_again() -> None:
    writer = PacketWriter()
    writer.compressor = "lz4"
    writer.level = 1
    assert writer.write(["draw", bytes(1000)], bulk=1)[0] == chunk(1, bytes(1000))


def test_bulk_stays_inside_when_the_peer_takes_no_chunks_or_it_is_empty() -> None:
    writer = PacketWriter()
    assert joined(writer.write(["draw", b""], bulk=1)) == packet("draw", b"")
    writer.chunks = False
    assert joined(writer.write(["draw", b"pixels"], bulk=1)) == packet("draw", b"pixels")


def test_big_payloads_stay_buffers_of_their_own() -> None:
    header, body = PacketWriter().write(["a", bytes(JOIN_BELOW)])
    assert len(header) == 8
    assert len(body) > JOIN_BELOW


@pytest.mark.parametrize("params", [PARAMS, CTR, replace(PARAMS, block=32, padding="legacy")])
def test_chunks_and_packets_are_encrypted_in_wire_order(params: CipherParams) -> None:
    writer = PacketWriter()
    writer.set_encryptor(AesEncryptor(params))
    sent: list[Any] = [["draw", bytes(100_000), n] for n in range(3)]
    data = b"".join(joined(writer.write(items, bulk=1)) for items in sent)
    assert [item.items for item in drain(sealed_reader(params, data))] == sent


def test_encryption_can_be_changed_and_ended() -> None:
    writer = PacketWriter()
    writer.set_encryptor(AesEncryptor(PARAMS))
    assert joined(writer.write(["a"]))[1] == 0x12
    writer.set_encryptor(None)
    assert joined(writer.write(["a"])) == packet("a")


class Sized(bytes):
    """Claims a length that no test wants to allocate."""

    def __len__(self) -> int:
        return ABSOLUTE_MAX_RECORD


@pytest.mark.parametrize(
    ("items", "bulk"),
    [
        ([], None),
        (["a", None], None),
        (["a", object()], None),
        (["a", b"x"], 0),
        (["a", b"x"], 2),
        (["a", *range(20)], 16),
        (["a", "text"], 1),
        (["a", memoryview(b"abcd")[::2]], 1),
        (["a", Sized(b"x")], 1),
    ],
)
def test_packets_that_cannot_be_sent_are_local_errors(items: Any, bulk: int | None) -> None:
    with pytest.raises(LocalProtocolError):
        PacketWriter().write(items, bulk=bulk)


def test_a_packet_over_the_absolute_limit_is_a_local_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("limpet.wire.stream.ABSOLUTE_MAX_RECORD", 100)
    with pytest.raises(LocalProtocolError, match="packet of"):
        PacketWriter().write(["a", bytes(100)])


def test_a_packet_that_fails_does_not_disturb_the_cipher() -> None:
    writer = PacketWriter()
    writer.set_encryptor(AesEncryptor(PARAMS))
    with pytest.raises(ProtocolError):
        writer.write(["draw", b"pixels", object()], bulk=1)  # type: ignore[list-item]
    assert drain(sealed_reader(PARAMS, joined(writer.write(["a"]))))[0].items == ["a"]
