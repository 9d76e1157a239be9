"""Packets after login, whichever the role."""

from __future__ import annotations

import pytest

from limpet.errors import PacketError
from limpet.limits import AFTER_HELLO
from limpet.packets.control import SetDeflate
from limpet.packets.dialect import NESTED_65
from limpet.packets.handshake import Disconnect
from limpet.session.events import Event, InvalidPacket, LatencyMeasured, PacketReceived, UnknownPacket
from limpet.session.link import Link
from limpet.session.ping import Pinger
from limpet.session.talk import Talk
from limpet.values import Side, Wire
from limpet.wire.stream import RawPacket


class Setup:
    def __init__(self) -> None:
        self.link = Link(Side.SERVER, NESTED_65, AFTER_HELLO)
        self.pinger = Pinger(interval_s=5.0, timeout_s=60.0)
        self.talk = Talk(self.link, self.pinger, max_invalid=2)

    def receive(self, *items: Wire) -> Event | Disconnect | None:
        goodbye = self.talk.receive(RawPacket(list(items), "rencodeplus", False, "", 1), 10.0)
        event = self.link.next_event()
        assert goodbye is None or event is None
        return goodbye or event


def test_each_kind_of_packet_is_told_answered_or_given_back() -> None:
    setup = Setup()
    setup.pinger.start(0.0)
    setup.pinger.due(9.0)
    assert setup.receive("set_deflate", 3) == PacketReceived(packet=SetDeflate(level=3))
    assert setup.receive("unheard-of") == UnknownPacket(name="unheard-of")
    assert setup.receive("hello", {}) == InvalidPacket(detail="a second hello after login")
    assert setup.receive("ping_echo", 9000, 0, 0, 0, -1, "") == LatencyMeasured(seconds=1.0)
    assert setup.receive("ping_echo", 9000, 0, 0, 0, -1, "") is None
    assert setup.receive("disconnect", "why", "more") == Disconnect(reason="why", extra=("more",))
    assert setup.link.data_to_send() == []
    assert setup.receive("ping", 5) is None
    assert setup.link.data_to_send() != []


def test_a_peer_has_so_many_invalid_packets_and_no_more() -> None:
    setup = Setup()
    for _ in range(2):
        assert isinstance(setup.receive("set_deflate"), InvalidPacket)
    with pytest.raises(PacketError):
        setup.receive("set_deflate")
