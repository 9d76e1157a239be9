"""A first hello is in clear, so it shows nothing of the key that a listener demands: what does, and what not."""

from __future__ import annotations

import pytest

from limpet.limits import BEFORE_HELLO, HANDSHAKE
from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.control import ShutdownServer
from limpet.packets.dialect import NESTED_65
from limpet.packets.schema import Phase
from limpet.session.client import ClientSession
from limpet.session.encryption import AesPolicy
from limpet.session.events import Accepted, Event, KeyShown, LoginPassed, LoginRequested, PacketReceived, Terminated
from limpet.session.link import Link
from limpet.session.policy import ClientPolicy, ServerPolicy
from limpet.session.rekey import KeyProof
from limpet.session.server import ServerSession
from limpet.values import Secret, Side, Wire
from limpet.wire.stream import RawPacket
from tests.session.pair import Pair, counting_entropy


def make_pair(mode: str, *, required: bool = True) -> Pair:
    client = ClientSession(
        ClientHello(username="u"),
        ClientPolicy(aes=AesPolicy(mode, required=True), legacy=False),
        entropy=counting_entropy(),
    )
    server = ServerSession(
        ServerPolicy(aes=AesPolicy(None, required=required), private=False), entropy=counting_entropy(500), now=0.0
    )
    pair = Pair(client, server)

    def on_server(event: Event) -> None:
        pair.server_events.append(event)
        if isinstance(event, LoginRequested):
            server.begin_login((), 0.0)
        elif isinstance(event, LoginPassed):
            server.accept(ServerHello(uuid="s"), 0.0)

    pair.on_server = on_server
    client.start(0.0)
    return pair


def kinds(pair: Pair) -> list[type[Event]]:
    return [type(event) for event in pair.server_events]


@pytest.mark.parametrize("mode", ["CBC", "CTR"])
def test_a_client_with_the_key_shows_it_by_the_echo_of_a_ping(mode: str) -> None:
    pair = make_pair(mode)
    pair.run()
    assert kinds(pair) == [LoginRequested, LoginPassed, KeyShown]
    assert any(isinstance(event, Accepted) for event in pair.client_events)
    assert not pair.server.key_unproven and not pair.server.closing


@pytest.mark.parametrize("mode", ["CBC", "CTR"])
def test_a_client_with_another_key_shows_nothing(mode: str) -> None:
    pair = make_pair(mode)
    pair.client_key = Secret(b"another key")
    pair.run()
    assert kinds(pair) == [LoginRequested, LoginPassed]
    assert pair.server.key_unproven


def test_the_packet_that_shows_it_comes_after_the_news() -> None:
    pair = make_pair("CTR")
    pair.on_client = lambda event: pair.client.send(ShutdownServer()) if isinstance(event, Accepted) else None
    pair.run()
    order = kinds(pair)
    assert order.index(KeyShown) < order.index(PacketReceived)


def test_a_goodbye_that_shows_it_comes_after_the_news_too() -> None:
    pair = make_pair("CBC")
    pair.on_client = lambda event: pair.client.disconnect() if isinstance(event, Accepted) else None
    pair.run()
    order = kinds(pair)
    assert order.index(KeyShown) < order.index(Terminated)


def raw(*items: Wire, encrypted: bool = True) -> RawPacket:
    return RawPacket(list(items), "rencodeplus", encrypted, "", 10)


@pytest.mark.parametrize(
    ("packet", "shows"),
    [
        # under CTR random bytes decrypt to random bytes, and some of these are a list of something
        (raw(5), False),
        (raw("x"), False),
        (raw("no-such-packet", 1), False),
        (raw("ping_echo"), False),
        (raw("ping", 1, encrypted=False), False),
        (raw("ping", 1), True),
        # the first and last that xpra's `detach` says after our hello
        (raw("disconnect", "done"), True),
        (raw("ping_echo", 1, 0, 0, 0, 0, ""), True),
    ],
)
def test_only_a_known_packet_that_was_encrypted_shows_it(packet: RawPacket, shows: bool) -> None:
    proof = KeyProof(AesPolicy(None, required=True), Link(Side.SERVER, NESTED_65, BEFORE_HELLO))
    assert proof.brought_by(packet, Phase.SESSION) is shows
    assert proof.outstanding is not shows


def test_who_shows_nothing_has_to_go() -> None:
    pair = make_pair("CBC")
    pair.client_key = Secret(b"another key")
    pair.run()
    assert pair.server.next_timeout() == HANDSHAKE.first_hello_s
    pair.server.handle_timeout(HANDSHAKE.first_hello_s)
    last = pair.server.next_event()
    assert isinstance(last, Terminated) and pair.server.closing


def test_inside_tls_aes_is_not_what_lets_in() -> None:
    pair = make_pair("CBC", required=False)
    assert not pair.server.key_unproven
    pair.run()
    assert KeyShown not in kinds(pair)
