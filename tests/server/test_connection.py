"""One peer of the server: login, dispatch, rights, and that everything ends with the connection."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import pytest

from limpet.auth.module import ModuleSpec
from limpet.errors import DisconnectReason
from limpet.net.stream import StreamFacts, TlsFacts
from limpet.packets.capabilities import EncryptionCaps, ServerHello
from limpet.packets.control import SetDeflate, StartCommand
from limpet.packets.handshake import StartupComplete
from limpet.packets.pointer import PointerPosition
from limpet.packets.requests import Request
from limpet.packets.schema import Effect
from limpet.packets.window import RaiseWindow
from limpet.packets.window_client import CloseWindow
from limpet.server.access import READONLY, Access
from limpet.server.connection import Connection
from limpet.server.features.base import Feature, Handler, handler
from limpet.session import encryption
from limpet.session.encryption import AesPolicy, Strength
from limpet.session.events import ChallengeReceived
from limpet.session.server import State
from limpet.values import WindowId
from tests.server.doubles import FACTS, Peer
from tests.session.actors import KEY, client_hello, encryption_in
from tests.session.pair import counting_entropy
from tests.support.net import run

TLS = TlsFacts(version="TLSv1.3", cipher="X", peer_certificate_der=None, verified=False, server_name="")


class Note:
    """A feature that notes all that happens to it."""

    def __init__(self, name: str, story: list[str], connection: Connection) -> None:
        self.name = name
        self.story = story
        self.connection = connection
        self.got: list[Any] = []

    def handlers(self) -> Iterable[Handler]:
        return [handler(kind, self.got.append) for kind in (SetDeflate, PointerPosition, CloseWindow, StartCommand)]

    def start(self) -> None:
        self.story.append(f"start {self.name}")
        self.connection.send(StartupComplete())

    def writable(self) -> None:
        self.story.append(f"writable {self.name}")

    def stop(self) -> None:
        self.story.append(f"stop {self.name}")


class Host:
    """A server that lets everybody in."""

    def __init__(self) -> None:
        self.story: list[str] = []
        self.features: list[Note] = []
        self.refuse = False
        self.broken = False

    def answer(self, connection: Connection, request: Request, *, early: bool) -> None:
        self.story.append(f"answer {request.mode.name}{' early' if early else ''}")
        connection.answer({"answer": 42})

    def greet(self, connection: Connection) -> None:
        self.story.append("greet")
        connection.session.accept(ServerHello(), connection.since + connection.age_s)

    def join(self, connection: Connection) -> tuple[Feature, ...] | None:
        self.story.append("join")
        if self.refuse:
            connection.session.refuse(DisconnectReason.SESSION_BUSY)
            return None
        if connection.session.state is not State.SESSION:
            connection.session.accept(ServerHello(), connection.since + connection.age_s)
        self.features = [Note("one", self.story, connection), Note("two", self.story, connection)]
        if self.broken:
            raise RuntimeError("a feature cannot be made")
        return tuple(self.features)

    def leave(self, connection: Connection) -> None:
        self.story.append("leave")


Story = Callable[[Peer, Host], Awaitable[None]]


def check(story: Story, **options: Any) -> Host:
    """Run a connection with `story` at its other end, to the end of both."""
    host = Host()

    async def told() -> None:
        peer = Peer(host, **options)
        running = asyncio.ensure_future(peer.connection.run())
        await settle()
        await story(peer, host)
        peer.leave()
        await running
        peer.offload.close()
        assert peer.stream.closed

    run(told())
    return host


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


async def until(probe: Callable[[], bool]) -> None:
    """For what happens in a thread."""
    while not probe():
        await asyncio.sleep(0.001)


# -- life ---------------------------------------------------------------------------------------------------------


def test_a_client_joins_gets_its_features_and_leaves_once() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert [packet[0] for packet in peer.heard()] == ["hello", "startup-complete", "startup-complete"]
        assert peer.connection.joined
        assert peer.slot.released == 1
        assert peer.connection.hello is not None
        assert peer.connection.hello.username == "joe"

    host = check(story)
    assert host.story == ["join", "start one", "start two", "stop one", "stop two", "leave"]


def test_a_client_that_is_refused_gets_no_features() -> None:
    async def story(peer: Peer, host: Host) -> None:
        host.refuse = True
        peer.hello()
        await settle()
        assert peer.heard() == [["disconnect", "session busy"]]
        assert peer.stream.closed

    assert check(story).story == ["join"]


def test_a_client_that_never_logged_in_never_leaves() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.leave()

    assert check(story).story == []


def test_packets_reach_the_feature_that_handles_them() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        peer.say("set_deflate", 3)
        assert host.features[1].got == [SetDeflate(level=3)]

    check(story)


def test_a_packet_that_no_feature_handles_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "limpet.server.connection")

    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        peer.say("suspend", True, [])
        peer.say("no-such-packet")
        peer.say("set_deflate")
        assert not peer.stream.closed
        assert host.features[1].got == []

    check(story)
    for text in ("nothing here handles", "unknown packet 'no-such-packet'", "invalid packet ignored"):
        assert text in caplog.text


def test_what_the_network_takes_is_told_to_every_feature() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert peer.stream.receiver is not None
        peer.stream.receiver.pause_writing()
        peer.stream.receiver.resume_writing()
        peer.stream.write_buffered = 77
        assert peer.connection.write_buffered == 77

    assert check(story).story[3:5] == ["writable one", "writable two"]


def test_a_measured_latency_is_smoothed() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        for expected, seconds in ((0.5, 0.5), (0.6, 1.0)):
            peer.time.now += 5
            peer.connection.session.handle_timeout(peer.time.now)
            peer.connection.flush()
            (stamp,) = (packet[1] for packet in peer.heard() if packet[0] == "ping")
            peer.time.now += seconds
            peer.say("ping_echo", stamp, 0, 0, 0, -1, "")
            assert peer.connection.latency_s == pytest.approx(expected, abs=0.01)

    check(story)


def test_what_is_sent_after_the_end_is_dropped() -> None:
    async def story(peer: Peer, host: Host) -> None:
        connection = peer.connection
        connection.send(RaiseWindow(window_id=WindowId(1)))
        peer.hello()
        await settle()
        peer.heard()
        connection.send(RaiseWindow(window_id=WindowId(1)), flush=False)
        assert peer.heard() == []
        connection.flush()
        assert peer.heard() == [["raise-window", 1]]
        connection.disconnect(DisconnectReason.NEW_CLIENT, "why")
        connection.send(RaiseWindow(window_id=WindowId(2)))
        connection.disconnect(DisconnectReason.DONE)
        assert peer.heard() == [["disconnect", "new client", "why"]]

    check(story)


def test_tasks_of_a_connection_end_with_it() -> None:
    ended: list[str] = []

    async def forever() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cancelled")

    async def story(peer: Peer, host: Host) -> None:
        peer.connection.spawn(forever())
        await settle()
        peer.leave()
        await settle()
        assert ended == ["cancelled"]
        late = forever()
        peer.connection.spawn(late)
        assert late.cr_frame is None, "closed, and never awaited"

    check(story)


def test_a_failing_feature_closes_its_connection_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise RuntimeError("a mistake of ours")

    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        peer.heard()
        peer.connection.spawn(fail())
        await settle()
        assert peer.heard() == [["disconnect", "server error"]]
        assert peer.stream.closed

    assert check(story).story[-1] == "leave"
    assert "internal error" in caplog.text


def test_a_failing_handler_closes_its_connection_and_no_more(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        host.features[1].got = None  # type: ignore[assignment]
        entry = peer.connection._handlers[SetDeflate]
        peer.connection._handlers[SetDeflate] = dataclasses.replace(entry, handle=lambda _: 1 / 0)
        peer.say("set_deflate", 3)
        assert peer.stream.closed

    assert check(story).story[-1] == "leave"
    assert "internal error" in caplog.text


def test_a_feature_that_cannot_be_made_closes_the_connection(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        host.broken = True
        peer.hello()
        await settle()
        assert peer.stream.closed

    assert check(story).story == ["join"]
    assert "internal error" in caplog.text


# -- rights -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "effect"),
    [
        (["pointer-position", 1, [5, 6], [], []], Effect.INPUT),
        (["close-window", 1], Effect.WINDOW),
        (["start-command", "name", "xterm", False], Effect.START),
        (["set_deflate", 3], None),
    ],
)
def test_what_a_connection_may_not_do_does_not_happen(
    items: list[Any], effect: Effect | None, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "limpet.server.connection")

    async def story(peer: Peer, host: Host) -> None:
        peer.connection.access = Access(READONLY)
        peer.hello()
        await settle()
        peer.say(*items)
        assert len(host.features[1].got) == (effect is None)
        assert not peer.stream.closed

    check(story)
    assert ("is not permitted" in caplog.text) == (effect is not None)


def test_every_effect_is_a_right_of_its_own() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.connection.access = Access(frozenset({Effect.NONE, Effect.INPUT}))
        peer.hello()
        await settle()
        peer.say("pointer-position", 1, [5, 6], [], [])
        peer.say("close-window", 1)
        assert [type(packet) for packet in host.features[1].got] == [PointerPosition]

    check(story)


@pytest.mark.parametrize(
    ("name", "permitted"), [("info", True), ("stop", False), ("detach", False), ("command", False)]
)
def test_requests_need_their_right_too(name: str, permitted: bool) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.connection.access = Access(READONLY)
        peer.hello(request=name)
        await settle()
        (packet, *_) = peer.heard()
        assert packet[:2] == (["hello", {"answer": 42}] if permitted else ["disconnect", "permission error"])

    assert check(story).story == ([f"answer {name}"] if permitted else [])


def test_an_early_request_is_answered_before_any_module_is_asked() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello(request="version")
        await settle()
        assert peer.heard() == [["hello", {"answer": 42}]]
        assert peer.slot.released == 0

    assert check(story, auth=[ModuleSpec("fail")]).story == ["answer version early"]


# -- login --------------------------------------------------------------------------------------------------------

PASSWORD = ModuleSpec("password", {"value": "pa55word"})


def test_a_wrong_password_is_told_after_its_second_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert [packet[0] for packet in peer.heard()] == ["challenge"]
        peer.hello(challenge_response=b"x" * 128, challenge_client_salt=b"s" * 32)
        await settle()
        assert peer.time.slept == 1.0
        assert peer.heard() == [["disconnect", "authentication failed"]]

    assert check(story, auth=[PASSWORD]).story == []
    assert caplog.text.count("login failed for user") == 1
    assert "192.0.2.7" in caplog.text
    assert "pa55word" not in caplog.text


def test_a_module_that_cannot_be_set_up_refuses_as_late_as_one_that_says_no() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert peer.time.slept == 1.0
        assert peer.heard() == [["disconnect", "authentication failed"]]

    assert check(story, auth=[ModuleSpec("fail")]).story == []


def test_a_client_that_hangs_up_during_the_delay_is_no_accident(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        peer.hello(challenge_response=b"x" * 128, challenge_client_salt=b"s" * 32)
        peer.leave()
        await settle()

    check(story, auth=[PASSWORD])
    assert "internal error" not in caplog.text


def test_tls_alone_satisfies_a_demand_for_encryption() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert peer.connection.joined
        assert peer.connection.protection_now == "TLSv1.3 X"
        assert peer.connection.encryption_info() == {
            "": True,
            "tls": {"version": "TLSv1.3", "cipher": "X", "client-certificate": False},
        }

    facts = dataclasses.replace(FACTS, kind="ssl", tls=TLS)
    check(story, aes=AesPolicy("CBC", required=True), facts=facts)


@pytest.mark.parametrize(
    ("facts", "said"),
    [(FACTS, "in clear"), (StreamFacts(kind="unix", peer="unix:pid=1,uid=0", local="/run/s"), "a local socket")],
    ids=["tcp", "unix"],
)
def test_what_protects_a_connection_is_said(facts: StreamFacts, said: str) -> None:
    async def story(peer: Peer, host: Host) -> None:
        assert peer.connection.protection_now == said
        assert peer.connection.encryption_info() == {"": False}

    check(story, facts=facts)


def test_where_aes_is_demanded_a_clear_hello_gets_nothing() -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.hello()
        await settle()
        assert peer.heard() == [["disconnect", "missing encryption tokens from client"]]

    assert check(story, aes=AesPolicy("CBC", required=True)).story == []


def aes_client(peer: Peer, **extra: Any) -> EncryptionCaps:
    caps = encryption.fresh_caps(counting_entropy(5), mode="CBC", strength=Strength.MODERN)
    (key,) = encryption.derive_keys(KEY, (encryption.key_request(caps),))
    peer.say("hello", client_hello(caps) | extra)
    peer.reader.set_decryptor(encryption.decryptor(caps, key, block=16))
    return caps


def encrypted_hello(peer: Peer) -> list[Any]:
    """Our answer; what the client says from now on is encrypted."""
    peer.reader.receive_data(bytes(peer.stream.written))
    peer.stream.written.clear()
    answer = peer.reader.next_packet()
    assert answer is not None
    assert answer.encrypted
    theirs = encryption_in(answer)
    (key,) = encryption.derive_keys(KEY, (encryption.key_request(theirs),))
    peer.writer.set_encryptor(encryption.encryptor(theirs, key, block=16, entropy=counting_entropy(6)))
    return list(answer.items)


def test_a_client_whose_key_is_not_shown_is_greeted_and_joins_with_its_first_encrypted_packet() -> None:
    async def story(peer: Peer, host: Host) -> None:
        aes_client(peer)
        await until(lambda: bool(peer.stream.written))
        assert host.story == ["greet"]
        assert peer.slot.released == 0
        encrypted_hello(peer)
        peer.say("set_deflate", 3)
        assert host.story[1] == "join"
        assert host.features[1].got == [SetDeflate(level=3)]
        assert peer.connection.encryption_info()["cipher"] == "AES"
        assert peer.connection.protection_now == "AES-CBC"

    check(story, aes=AesPolicy("CBC", required=True))


@pytest.mark.parametrize(("name", "served"), [("info", True), ("command", False)])
def test_a_request_that_changes_something_needs_more_than_an_overheard_hello(name: str, served: bool) -> None:
    async def story(peer: Peer, host: Host) -> None:
        aes_client(peer, request=name)
        await until(lambda: bool(peer.stream.written))
        peer.reader.receive_data(bytes(peer.stream.written))
        packet = peer.reader.next_packet()
        assert packet is not None
        assert packet.encrypted
        assert packet.items[0] == ("hello" if served else "disconnect")

    assert check(story, aes=AesPolicy("CBC", required=True)).story == ([f"answer {name}"] if served else [])


def test_without_key_material_the_client_is_told_and_the_log_says_why(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.connection._login._key = None
        aes_client(peer)
        await settle()
        assert bytes(peer.stream.written).count(b"encryption key is missing") == 1

    check(story, aes=AesPolicy("CBC", required=True))
    assert "no encryption key" in caplog.text


def test_events_of_the_other_role_are_noted_as_what_they_are(caplog: pytest.LogCaptureFixture) -> None:
    async def story(peer: Peer, host: Host) -> None:
        peer.connection._on_event(
            ChallengeReceived(server_salt=b"", digest="", salt_digest="", prompt="", encrypted=False)
        )

    check(story)
    assert "unexpected event ChallengeReceived" in caplog.text
