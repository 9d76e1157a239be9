"""Every recorded conversation of stock peers, replayed in any slicing, clear and encrypted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from limpet.errors import ClearRecordError, FramingError, SerializerError
from limpet.limits import BEFORE_HELLO
from limpet.values import Side
from limpet.wire.cipher import AesDecryptor, CipherParams, ProbingDecryptor
from limpet.wire.framing import Decryptor
from limpet.wire.stream import PacketReader, RawPacket
from tests.wire.replay import CAPTURES, Replayed, block_of, names, replay, segments, text

REFUSED = {
    "313s-313c-aes-unexpected": ClearRecordError,
    "625s-625c-aes-unexpected": ClearRecordError,
    "625s-625c-auth-aes": ClearRecordError,
    "313s-313c-plain-pe-yaml": SerializerError,
}
"""Recordings in which limpet ends the conversation: a clear answer to an encrypted hello, and yaml."""
COMPLETE = [name for name in names() if name not in REFUSED]
ENCRYPTED = [name for name in COMPLETE if "-aes-" in name and "missing" not in name]


def bytewise(data: bytes) -> Iterator[bytes]:
    return (data[at : at + 1] for at in range(len(data)))


def summary(replayed: Iterator[Replayed]) -> list[tuple[Side, RawPacket]]:
    return [(item.sender, item.packet) for item in replayed]


@pytest.mark.parametrize("name", COMPLETE)
def test_every_packet_decodes_and_no_byte_is_left(name: str) -> None:
    sizes = dict.fromkeys(Side, 0)
    for item in replay(name):
        sizes[item.sender] += item.packet.size
    assert sizes == {
        Side.CLIENT: (CAPTURES / f"{name}-c2s.bin").stat().st_size,
        Side.SERVER: (CAPTURES / f"{name}-s2c.bin").stat().st_size,
    }


@pytest.mark.parametrize("name", COMPLETE)
def test_byte_by_byte_gives_the_same_packets(name: str) -> None:
    def by_sender(items: list[tuple[Side, RawPacket]]) -> dict[Side, list[RawPacket]]:
        return {side: [packet for sender, packet in items if sender is side] for side in Side}

    assert by_sender(summary(replay(name, cut=bytewise))) == by_sender(summary(replay(name)))


@pytest.mark.parametrize("name", [name for name in names() if name != "313s-313c-plain-pe-yaml"])
def test_every_recorded_first_hello_passes_the_limits_before_login(name: str) -> None:
    reader = PacketReader(BEFORE_HELLO)
    reader.receive_data((CAPTURES / f"{name}-c2s.bin").read_bytes())
    packet = reader.next_packet()
    assert packet is not None
    assert text(packet.items[0]) == "hello"
    assert packet.serializer == ("rencodeplus" if name[0] == "6" else "bencode" if "bencode" in name else "rencode")
    assert packet.compression == ("lz4" if name[0] == "6" else "zlib")
    assert not packet.encrypted


@pytest.mark.parametrize("name", ENCRYPTED)
def test_all_after_the_first_hello_is_encrypted(name: str) -> None:
    packets = [item.packet for item in replay(name)]
    assert [packet.encrypted for packet in packets] == [False] + [True] * (len(packets) - 1)
    assert len(packets) > 3


@pytest.mark.parametrize("name", ENCRYPTED)
def test_probing_finds_the_padding_of_the_server(name: str) -> None:
    probes = []

    def probe(sender: Side, params: CipherParams) -> Decryptor:
        if sender is Side.CLIENT:
            return AesDecryptor(params)
        probes.append(ProbingDecryptor(params))
        return probes[-1]

    assert summary(replay(name, make_decryptor=probe, cut=bytewise)) == summary(replay(name, cut=bytewise))
    assert {probe.block for probe in probes} == {block_of(name)}


@pytest.mark.parametrize("name", REFUSED)
def test_what_stock_peers_do_in_clear_or_in_yaml_is_refused(name: str) -> None:
    with pytest.raises(REFUSED[name]) as caught:
        list(replay(name))
    if isinstance(caught.value, ClearRecordError):
        assert isinstance(caught.value.packet, RawPacket)
        assert text(caught.value.packet.items[0]) == "disconnect"


def test_a_server_that_answers_in_text_is_shown() -> None:
    reader = PacketReader(BEFORE_HELLO)
    for sender, data in segments("313s-313c-plain-pe-yaml"):
        if sender is Side.SERVER:
            reader.receive_data(data)
    with pytest.raises(FramingError):
        reader.next_packet()
    assert reader.clear_text() == "disconnect: failed to parse yaml packet\n"


def test_recorded_sessions_have_raw_chunks_in_place() -> None:
    icons = [
        item.packet.items
        for name in ("313s-313c-plain-pe-bencode", "313s-313c-aes-session")
        for item in replay(name)
        if item.sender is Side.SERVER and item.packet.items[0] == 34 and item.packet.items[4] == b"png"
    ]
    assert len(icons) >= 2
    for items in icons:
        assert isinstance(items[5], bytes)
        assert items[5].startswith(b"\x89PNG")
