"""Stock servers ping all their connections on one timer, which may be before the hello on a new one."""

from __future__ import annotations

from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.dialect import FLAT_313
from limpet.packets.handshake import Hello, Ping
from limpet.packets.registry import packets
from limpet.session.client import ClientSession
from limpet.session.events import Accepted, Terminated
from limpet.session.policy import ClientPolicy, ServerPolicy
from limpet.session.server import ServerSession
from limpet.wire.stream import PacketWriter
from tests.session.pair import counting_entropy


def test_a_client_takes_a_ping_before_the_hello() -> None:
    client = ClientSession(ClientHello(username="u"), ClientPolicy(aes=None, legacy=True), entropy=counting_entropy())
    client.start(0.0)
    writer = PacketWriter(serializer="rencode")
    hello = Hello(caps=ServerHello(version="3.1.3").to_wire(FLAT_313))
    for packet in (Ping(time_ms=1), hello):
        items, bulk = packets.encode(packet, FLAT_313)
        for data in writer.write(items, bulk=bulk):
            client.receive_data(data, 0.0)
    assert isinstance(client.next_event(), Accepted)


def test_a_server_takes_no_ping_before_the_login() -> None:
    server = ServerSession(ServerPolicy(aes=None, private=False), entropy=counting_entropy(), now=0.0)
    items, bulk = packets.encode(Ping(time_ms=1), FLAT_313)
    for data in PacketWriter(serializer="rencode").write(items, bulk=bulk):
        server.receive_data(data, 0.0)
    assert isinstance(server.next_event(), Terminated)
