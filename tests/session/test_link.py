"""Packets in and out of bytes, and the one way to end."""

from __future__ import annotations

import pytest

from limpet.errors import LocalProtocolError, PacketError
from limpet.limits import AFTER_HELLO
from limpet.packets.capgroups import NetworkCaps
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.draw import Draw
from limpet.packets.handshake import Disconnect
from limpet.packets.schema import Phase
from limpet.packets.window import RaiseWindow
from limpet.packets.window_client import CloseWindow
from limpet.session.events import Terminated, UnknownPacket
from limpet.session.link import Link, our_network, printable
from limpet.values import Side, WindowId
from limpet.wire.compression import available
from limpet.wire.stream import PacketReader, RawPacket


def server_link() -> Link:
    return Link(Side.SERVER, NESTED_65, AFTER_HELLO)


def sent(link: Link) -> list[RawPacket]:
    reader = PacketReader(AFTER_HELLO)
    for part in link.data_to_send():
        reader.receive_data(part)
    packets: list[RawPacket] = []
    while (packet := reader.next_packet()) is not None:
        packets.append(packet)
    return packets


def test_our_hello_names_what_we_can_in_both_spellings() -> None:
    ours = our_network()
    assert ours.compressors == available()
    assert (ours.rencodeplus, ours.rencode, ours.ping, ours.lz4) == (True, True, True, "lz4" in available())
    assert not ours.bencode
    assert not ours.yaml


def test_a_packet_goes_out_in_the_peers_dialect_and_is_counted() -> None:
    link = server_link()
    link.send(RaiseWindow(window_id=WindowId(7)))
    link.set_dialect(FLAT_313)
    link.send(RaiseWindow(window_id=WindowId(8)))
    total = link.sent_bytes
    first, second = sent(link)
    assert (first.serializer, second.serializer) == ("rencodeplus", "rencode")
    assert (first.items, second.items) == (["raise-window", 7], [b"raise-window", 8])
    assert total == first.size + second.size
    assert link.data_to_send() == []


def test_the_flush_bit_is_for_peers_that_know_it() -> None:
    link = server_link()
    link.set_dialect(NESTED_65)
    link.send(RaiseWindow(window_id=WindowId(7)), flush=True)
    link.send(RaiseWindow(window_id=WindowId(7)), flush=False)
    link.set_dialect(FLAT_313)
    link.send(RaiseWindow(window_id=WindowId(7)), flush=True)
    assert [bytes(part)[1] for part in link.data_to_send()] == [0x18, 0x10, 0x01]


def test_a_role_sends_only_what_is_its_own() -> None:
    with pytest.raises(LocalProtocolError, match="a server does not send CloseWindow"):
        server_link().send(CloseWindow(window_id=WindowId(1)))


@pytest.mark.parametrize(
    ("caps", "compressor", "level"),
    [
        (NetworkCaps(), "", 1),
        (NetworkCaps(lz4=True, compression_level=3), "lz4", 3),
        (NetworkCaps(compressors=("lz4",), compression_level=10), "lz4", 9),
        (NetworkCaps(compressors=("strange",), compression_level=0), "", 0),
    ],
)
def test_what_a_peer_offers_decides_the_compression_towards_it(caps: NetworkCaps, compressor: str, level: int) -> None:
    link = server_link()
    link.set_network(caps)
    assert (link.writer.compressor, link.writer.level) == (compressor, level)


def test_a_peer_without_chunks_gets_none() -> None:
    draw = Draw(
        window_id=WindowId(1), x=0, y=0, width=64, height=64, encoding="png", data=b"x" * 5000, sequence=1, rowstride=0
    )
    for chunks, records in ((True, 2), (False, 1)):
        link = server_link()
        link.set_network(NetworkCaps(chunks=chunks))
        link.send(draw)
        data = b"".join(map(bytes, link.data_to_send()))
        assert (data[3] != 0) == chunks
        assert records == 1 + chunks


def test_unknown_packets_are_none_and_impossible_ones_an_error() -> None:
    link = server_link()
    assert link.decode(RawPacket(["strange"], "rencodeplus", False, "", 1), Phase.SESSION) is None
    with pytest.raises(PacketError):
        link.decode(RawPacket([], "rencodeplus", False, "", 1), Phase.SESSION)
    assert isinstance(
        link.decode(RawPacket(["disconnect", "x"], "rencodeplus", False, "", 1), Phase.SESSION), Disconnect
    )


def test_it_ends_once_and_nothing_follows() -> None:
    link = server_link()
    link.emit(UnknownPacket(name="x"))
    link.end(None, reason="done", by_peer=True)
    link.end(None, reason="again", by_peer=False)
    link.emit(UnknownPacket(name="y"))
    link.send(RaiseWindow(window_id=WindowId(7)))
    assert link.terminated
    assert link.next_event() == UnknownPacket(name="x")
    assert link.next_event() == Terminated(error=None, reason="done", by_peer=True)
    assert link.next_event() is None
    assert link.data_to_send() == []


def test_text_goes_out_as_it_is() -> None:
    link = server_link()
    link.send_text("disconnect: é€\n")
    assert link.data_to_send() == [b"disconnect: \xe9?\n"]


@pytest.mark.parametrize(
    ("given", "shown"),
    [("plain", "plain"), ("a\x1b[31mb\r\nc\x00", "a [31mb  c"), ("x" * 300, "x" * 256), (" \t ", "")],
)
def test_a_peers_text_is_shown_on_one_line_without_control_characters(given: str, shown: str) -> None:
    assert printable(given) == shown
