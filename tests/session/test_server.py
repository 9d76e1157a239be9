"""The server's side of a connection, against peers that do what they should and peers that do not."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import (
    AuthenticationFailed,
    CipherError,
    ClearRecordError,
    ConfigError,
    ConnectionClosed,
    DisconnectReason,
    EncryptionRequired,
    ExitCode,
    LimitExceeded,
    LocalProtocolError,
    PacketError,
    RemoteProtocolError,
    VersionRefused,
)
from limpet.limits import HANDSHAKE
from limpet.packets.capabilities import EncryptionCaps, ServerHello
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.display import Screenshot
from limpet.packets.registry import packets
from limpet.packets.requests import MODES as REQUESTS
from limpet.packets.schema import Phase
from limpet.packets.window import RaiseWindow
from limpet.session.events import (
    CheckNeeded,
    Event,
    InvalidPacket,
    LatencyMeasured,
    LoginPassed,
    LoginRequested,
    PacketReceived,
    UnknownPacket,
)
from limpet.session.server import MAX_INVALID_PACKETS, TRANSITIONS, ServerSession, State
from limpet.values import Secret, Side, WindowId, Wire
from limpet.wire.stream import RawPacket
from tests.session.actors import (
    DIALECTS,
    OTHER_KEY,
    Puppet,
    client_hello,
    drain,
    encryption_in,
    ended,
    error_of,
    make_server,
    names,
    password_module,
    text,
)

CLIENT_FORMS = sorted(
    codec.form.name for side, codec in packets.forms() if side is Side.CLIENT and Phase.HELLO not in codec.cls.phase
)


def logged_in(server: ServerSession | None = None, **changes: Any) -> Puppet:
    """A client that got in without a challenge, and without AES."""
    puppet = Puppet(server or make_server())
    assert names(puppet.say("hello", client_hello(**changes))) == ["LoginRequested"]
    puppet.session.begin_login((), puppet.now)
    assert names(puppet.pump()) == ["LoginPassed"]
    puppet.session.accept(ServerHello(), puppet.now)
    assert puppet.heard_names() == ["hello"]
    return puppet


def let_in(puppet: Puppet) -> RawPacket:
    """The owner asks for nothing and accepts; our hello."""
    puppet.session.begin_login((), puppet.now)
    puppet.session.accept(ServerHello(server_mode="limpet"), puppet.now)
    puppet.pump()
    # with AES a ping follows, whose echo shows the key
    answer, *_ = puppet.heard()
    return answer


def challenged(server: ServerSession | None = None) -> Puppet:
    puppet = Puppet(server or make_server())
    puppet.say("hello", client_hello())
    puppet.session.begin_login((password_module(),), puppet.now)
    assert puppet.heard_names() == ["challenge"]
    return puppet


def encrypted_hello(puppet: Puppet, *, block: int = 16, dialect: Any = NESTED_65, **changes: Any) -> EncryptionCaps:
    """The client's first hello, in clear; what it asked for."""
    ours = puppet.caps(legacy=not dialect.nested)
    ours = dataclasses.replace(ours, **changes)
    puppet.say("hello", client_hello(ours, dialect))
    if puppet.session.state is not State.CLOSED:
        puppet.decrypt_as(ours, block=block)
    return ours


def encrypted_and_challenged(modules: int = 1) -> tuple[Puppet, RawPacket]:
    """A client that sent its first hello with AES and got an encrypted challenge."""
    puppet = Puppet(make_server(aes="CBC"))
    encrypted_hello(puppet)
    puppet.session.begin_login(tuple(password_module() for _ in range(modules)), puppet.now)
    (challenge,) = puppet.heard()
    assert challenge.encrypted
    return puppet, challenge


# -- the states ---------------------------------------------------------------------------------------------------


def test_every_state_has_its_successors_and_the_end_has_none() -> None:
    assert set(TRANSITIONS) == set(State)
    assert not TRANSITIONS[State.CLOSED]
    assert all(State.CLOSED in follow for state, follow in TRANSITIONS.items() if state is not State.CLOSED)


OWNER_CALLS: dict[str, tuple[State, Callable[[ServerSession], None]]] = {
    "begin_login": (State.LOGIN, lambda s: s.begin_login((), 0.0)),
    "step_passed": (State.VERIFYING, lambda s: s.step_passed(0.0)),
    "step_failed": (State.VERIFYING, lambda s: s.step_failed(AuthenticationFailed("no"))),
    "accept": (State.DECIDING, lambda s: s.accept(ServerHello(), 0.0)),
    "answer": (State.DECIDING, lambda s: s.answer({}, 0.0)),
    "answer_packet": (
        State.DECIDING,
        lambda s: s.answer_packet(Screenshot(width=0, height=0, encoding="png", rowstride=0, data=b""), 0.0),
    ),
    "send": (State.SESSION, lambda s: s.send(RaiseWindow(window_id=WindowId(1)))),
}


@pytest.mark.parametrize("name", OWNER_CALLS)
def test_the_owner_may_not_call_out_of_turn(name: str) -> None:
    server = make_server()
    with pytest.raises(LocalProtocolError, match="allowed in " + OWNER_CALLS[name][0].name):
        OWNER_CALLS[name][1](server)


@pytest.mark.parametrize("name", OWNER_CALLS)
def test_after_the_end_calls_of_the_owner_do_nothing(name: str) -> None:
    server = make_server()
    server.receive_eof(0.0, clean=True)
    drain(server)
    OWNER_CALLS[name][1](server)
    server.refuse(DisconnectReason.DONE)
    server.keys_failed(ConfigError("no key"))
    server.receive_data(b"P", 0.0)
    server.receive_eof(0.0, clean=False)
    server.handle_timeout(1e9)
    assert drain(server) == []
    assert server.data_to_send() == []
    assert server.closing
    assert server.next_timeout() is None


def test_keys_that_nobody_waits_for_are_dropped_and_keys_out_of_turn_are_a_mistake() -> None:
    server = make_server(aes="CBC")
    server.keys_derived(7, (Secret(b""), Secret(b"")), 0.0)
    with pytest.raises(LocalProtocolError):
        server.keys_derived(0, (Secret(b""), Secret(b"")), 0.0)
    puppet = Puppet(server)
    encrypted_hello(puppet)
    server.keys_derived(0, (Secret(b""), Secret(b"")), 0.0)
    with pytest.raises(LocalProtocolError):
        server.keys_derived(1, (Secret(b""), Secret(b"")), 0.0)


def test_a_fresh_session_knows_nothing() -> None:
    server = make_server()
    assert (server.state, server.username, server.user, server.cipher) == (State.AWAIT_HELLO, "", "", "")
    assert not server.closing


# -- times --------------------------------------------------------------------------------------------------------


def test_a_client_that_says_nothing_is_sent_away_after_the_first_limit() -> None:
    puppet = Puppet(make_server())
    assert puppet.session.next_timeout() == HANDSHAKE.first_hello_s
    puppet.session.handle_timeout(HANDSHAKE.first_hello_s - 1)
    assert puppet.pump() == []
    puppet.session.handle_timeout(HANDSHAKE.first_hello_s)
    assert ended(puppet.pump()).reason == "login timeout"
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "login timeout"]]


def test_a_client_that_does_not_answer_a_challenge_is_sent_away() -> None:
    puppet = challenged()
    assert puppet.session.next_timeout() == HANDSHAKE.challenge_s
    puppet.session.handle_timeout(HANDSHAKE.challenge_s)
    assert ended(puppet.pump()).reason == "login timeout"
    assert puppet.heard_names() == ["disconnect"]


def test_many_challenges_do_not_make_a_login_longer_than_its_total() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello())
    puppet.session.begin_login([password_module() for _ in range(8)], puppet.now)
    while puppet.now < HANDSHAKE.total_s - 100:
        puppet.now += 90
        events = puppet.say("hello", client_hello(challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
        assert names(events) == ["CheckNeeded"]
        puppet.session.step_passed(puppet.now)
    assert puppet.session.next_timeout() == HANDSHAKE.total_s
    puppet.session.handle_timeout(HANDSHAKE.total_s)
    assert ended(puppet.pump()).reason == "login timeout"


def test_a_deciding_owner_has_the_total_time_and_a_session_has_none() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello())
    puppet.session.begin_login((), puppet.now)
    assert puppet.session.next_timeout() == HANDSHAKE.total_s
    puppet.session.accept(ServerHello(), 100.0)
    assert puppet.session.next_timeout() == 105.0


def test_a_request_answered_waits_for_the_client_to_close_and_then_closes() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello() | {"request": "id"})
    puppet.session.begin_login((), 0.0)
    puppet.session.answer({"uuid": "x"}, 1.0)
    assert puppet.heard_names() == ["hello"]
    assert not puppet.session.closing
    assert puppet.session.next_timeout() == 1.0 + HANDSHAKE.answered_s
    puppet.session.handle_timeout(1.0 + HANDSHAKE.answered_s)
    assert [packet.items[1] for packet in puppet.heard()] == ["done"]
    assert ended(puppet.pump()).error is None


def test_a_client_that_closes_after_its_answer_ended_in_order() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello() | {"request": "id"})
    puppet.session.begin_login((), 0.0)
    puppet.session.answer_packet(Screenshot(width=0, height=0, encoding="png", rowstride=0, data=b""), 1.0)
    assert puppet.heard_names() == ["screenshot"]
    puppet.session.receive_eof(2.0, clean=False)
    assert ended(puppet.pump()).error is None


def test_nothing_may_follow_the_answer_to_a_request() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello() | {"request": "version"})
    puppet.session.answer({}, 0.0)
    puppet.heard()
    assert isinstance(error_of(puppet.say("hello", client_hello())), PacketError)


def test_pings_go_out_and_a_client_that_answers_none_is_sent_away() -> None:
    puppet = logged_in()
    for second in range(5, 65, 5):
        assert puppet.session.next_timeout() == second
        puppet.session.handle_timeout(second)
        assert [packet.items[:2] for packet in puppet.heard()] == [["ping", second * 1000]]
    puppet.session.handle_timeout(64.9)
    assert puppet.heard() == []
    puppet.session.handle_timeout(65.0)
    assert ended(puppet.pump()).reason == "client ping timeout"
    assert [packet.items[1] for packet in puppet.heard()] == ["client ping timeout"]


def test_an_echo_measures_and_keeps_the_connection() -> None:
    puppet = logged_in()
    puppet.session.handle_timeout(5.0)
    puppet.now = 5.25
    assert puppet.say("ping_echo", 5000, 0, 0, 0, -1, "") == [LatencyMeasured(seconds=0.25)]
    assert puppet.say("ping_echo", 5000, 0, 0, 0, -1, "") == []
    puppet.session.handle_timeout(64.0)
    assert not puppet.session.closing


def test_a_ping_is_echoed() -> None:
    puppet = logged_in()
    puppet.say("ping", 1234, 0, "sid")
    assert [packet.items for packet in puppet.heard()] == [["ping_echo", 1234, 0, 0, 0, -1, "sid"]]


# -- the hello ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=DIALECTS)
def test_each_client_is_answered_in_its_own_spelling(dialect: Any) -> None:
    puppet = Puppet(make_server(), serializer=dialect.serializer)
    puppet.say("hello", client_hello(dialect=dialect))
    answer = let_in(puppet)
    assert answer.serializer == dialect.serializer
    caps = {text(key): value for key, value in answer.items[1].items()}  # type: ignore[union-attr]
    assert text(caps["version"]) == dialect.our_version
    assert ("server" in caps, "server.mode" in caps) == (dialect.nested, not dialect.nested)


def test_a_client_of_unknown_spelling_is_refused_in_the_one_it_used() -> None:
    puppet = Puppet(make_server(), serializer="bencode")
    assert isinstance(error_of(puppet.say("hello", {"version": "0.9"})), VersionRefused)
    (answer,) = puppet.heard()
    assert answer.serializer == "bencode"
    assert [text(item) for item in answer.items] == ["disconnect", "version error"]


@pytest.mark.parametrize("version", ["", "0.14.10", "2.5", "garbage"])
def test_versions_that_nobody_can_speak_to_are_refused(version: str) -> None:
    puppet = Puppet(make_server())
    assert isinstance(error_of(puppet.say("hello", client_hello() | {"version": version})), VersionRefused)
    assert [packet.items[1] for packet in puppet.heard()] == ["version error"]


def test_the_name_that_a_client_claims_is_told() -> None:
    puppet = Puppet(make_server())
    (event,) = puppet.say("hello", client_hello())
    assert isinstance(event, LoginRequested)
    assert (event.username, event.encrypted) == ("joe", False)
    assert puppet.session.username == "joe"


def test_a_second_hello_after_login_is_ignored() -> None:
    puppet = logged_in()
    assert puppet.say("hello", client_hello()) == [InvalidPacket(detail="a second hello after login")]
    assert puppet.heard() == []


@pytest.mark.parametrize("caps", [5, "text", {"version": ["6"], "challenge_response": 5}])
def test_a_hello_of_the_wrong_shape_ends_the_connection(caps: Wire) -> None:
    puppet = Puppet(make_server())
    assert isinstance(error_of(puppet.say("hello", caps)), RemoteProtocolError)
    assert puppet.session.closing


def test_a_client_that_says_goodbye_is_answered_so() -> None:
    puppet = Puppet(make_server())
    assert ended(puppet.say("disconnect", "client\x1bexit", "why")).reason == "client exit"
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "client request"]]
    puppet = logged_in()
    assert ended(puppet.say("connection-close", "client exit")).by_peer
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "client request"]]


def test_the_owner_ends_a_session_with_a_reason() -> None:
    puppet = logged_in()
    puppet.session.disconnect(DisconnectReason.NEW_CLIENT)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "new client"]]
    assert ended(puppet.pump()).error is None


def test_the_owner_refuses_with_a_reason_and_a_text() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello())
    puppet.session.refuse(DisconnectReason.SESSION_BUSY, "in use")
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "session busy", "in use"]]
    assert ended(puppet.pump()).reason == "in use"


@pytest.mark.parametrize(
    ("clean", "code"), [(True, ExitCode.CONNECTION_LOST), (False, ExitCode.TRUNCATED)], ids=["closed", "cut"]
)
def test_a_lost_client_is_told_from_one_whose_stream_was_cut(clean: bool, code: ExitCode) -> None:
    puppet = logged_in()
    puppet.session.receive_eof(0.0, clean=clean)
    error = error_of(puppet.pump())
    assert isinstance(error, ConnectionClosed)
    assert (error.exit_code, error.ours) == (code, False)


# -- before login -------------------------------------------------------------------------------------------------


def assert_nothing_happened(events: list[Event]) -> None:
    assert names(events) == ["Terminated"]
    assert isinstance(error_of(events), RemoteProtocolError)


@pytest.mark.parametrize("name", CLIENT_FORMS)
def test_unauthenticated_peer_cannot_send_session_packets(name: str) -> None:
    puppet = Puppet(make_server())
    assert_nothing_happened(puppet.say(name))
    puppet = challenged()
    assert_nothing_happened(puppet.say(name))


@pytest.mark.parametrize("name", CLIENT_FORMS)
def test_unauthenticated_peer_cannot_send_session_packets_behind_its_hello(name: str) -> None:
    """Together with the hello they arrive before the login; they wait, and are judged where the login stands."""
    puppet = Puppet(make_server())
    events = puppet.feed(puppet.record("hello", client_hello()) + puppet.record(name))
    assert names(events) == ["LoginRequested"]
    puppet.session.begin_login((password_module(),), puppet.now)
    assert_nothing_happened(puppet.pump())


@pytest.mark.parametrize(
    "items", [["no-such-packet"], ["ping", 1], [7], [b"\xff"], ["ssl-upgrade", {}], [["hello"], {}], ["challenge", b""]]
)
def test_unauthenticated_peer_cannot_send_what_is_no_hello(items: list[Wire]) -> None:
    puppet = Puppet(make_server())
    assert_nothing_happened(puppet.say(*items))


@pytest.mark.parametrize("name", sorted(set(REQUESTS) - {"version", "connect_test"}))
def test_unauthenticated_peer_cannot_make_requests(name: str) -> None:
    puppet = Puppet(make_server())
    caps = client_hello() | {"request": name, REQUESTS[name].flag: True}
    assert names(puppet.say("hello", caps)) == ["LoginRequested"]
    puppet.session.begin_login((password_module(),), puppet.now)
    assert puppet.heard_names() == ["challenge"]
    assert names(puppet.say("hello", caps)) == ["Terminated"]
    assert puppet.heard_names() == ["disconnect"]


@pytest.mark.parametrize("name", REQUESTS)
def test_unauthenticated_peer_cannot_make_requests_in_clear_where_aes_is_demanded(name: str) -> None:
    puppet = Puppet(make_server(aes="CBC"))
    events = puppet.say("hello", client_hello() | {"request": name, REQUESTS[name].flag: True})
    assert names(events) == ["Terminated"]
    assert isinstance(error_of(events), EncryptionRequired)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "missing encryption tokens from client"]]


def test_a_request_made_in_the_answer_to_a_challenge_is_told_after_login() -> None:
    puppet = challenged()
    caps = client_hello(challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32) | {"request": "version"}
    assert names(puppet.say("hello", caps)) == ["CheckNeeded"]
    puppet.session.step_passed(puppet.now)
    (event,) = puppet.pump()
    assert isinstance(event, LoginPassed)
    assert event.request is not None
    assert event.request.mode.name == "version"


@pytest.mark.parametrize("name", ["no-such-request", 5, {"a": 1}])
def test_an_unknown_request_is_refused(name: Wire) -> None:
    puppet = Puppet(make_server())
    assert isinstance(error_of(puppet.say("hello", client_hello() | {"request": name})), PacketError)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "protocol error"]]


def test_a_response_that_is_missing_is_no_login() -> None:
    puppet = challenged()
    assert isinstance(error_of(puppet.say("hello", client_hello())), AuthenticationFailed)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "authentication failed"]]


def test_a_client_without_a_common_digest_is_refused() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello(digest=("hmac+md5",)))
    puppet.session.begin_login((password_module(),), puppet.now)
    assert isinstance(error_of(puppet.pump()), AuthenticationFailed)
    assert puppet.heard_names() == ["disconnect"]


def test_a_module_that_says_no_ends_the_login_with_one_text() -> None:
    puppet = challenged()
    events = puppet.say("hello", client_hello(challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
    (event,) = events
    assert isinstance(event, CheckNeeded)
    assert event.attempt is not None
    puppet.session.step_failed(AuthenticationFailed("the file cannot be read"))
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "authentication failed"]]
    assert str(error_of(puppet.pump())) == "the file cannot be read"


def test_a_challenge_says_nothing_of_ciphers_where_there_are_none() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello())
    puppet.session.begin_login((password_module(),), puppet.now)
    (challenge,) = puppet.heard()
    assert challenge.items[2:4] == [{}, "hmac+sha512"]
    assert len(challenge.items[1]) == 64  # type: ignore[arg-type]


# -- data that breaks rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01", b"\0", b"SSH-2.0-x\r\n"])
def test_what_is_no_record_gets_a_line_of_text(data: bytes) -> None:
    server = make_server()
    server.receive_data(data, 0.0)
    assert b"".join(map(bytes, server.data_to_send())) == b"disconnect: protocol error\n"
    assert isinstance(error_of(drain(server)), RemoteProtocolError)


def test_a_broken_record_after_a_good_one_gets_a_disconnect() -> None:
    puppet = logged_in()
    events = puppet.feed(b"P\xff\0\0\0\0\0\1x")
    assert isinstance(error_of(events), RemoteProtocolError)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "protocol error"]]


def test_an_encrypted_record_where_nothing_was_agreed_is_refused() -> None:
    server = make_server()
    server.receive_data(b"P\x12\0\0\0\0\0\x10" + bytes(16), 0.0)
    assert error_of(drain(server)).exit_code is ExitCode.ENCRYPTION


def test_invalid_packets_are_counted_and_the_last_straw_ends_the_session() -> None:
    puppet = logged_in()
    for _ in range(MAX_INVALID_PACKETS):
        assert names(puppet.say("ping")) == ["InvalidPacket"]
    assert isinstance(error_of(puppet.say("ping")), PacketError)
    assert puppet.heard_names() == ["disconnect"]


def test_unknown_packets_are_told_and_never_counted() -> None:
    puppet = logged_in()
    for _ in range(MAX_INVALID_PACKETS * 2):
        assert puppet.say("new\x07thing", 1) == [UnknownPacket(name="new thing")]


def test_packets_of_the_session_are_told() -> None:
    puppet = logged_in()
    (event,) = puppet.say("set_deflate", 3)
    assert isinstance(event, PacketReceived)


def test_too_much_data_while_a_hello_is_answered_ends_the_connection() -> None:
    puppet = Puppet(make_server())
    puppet.say("hello", client_hello())
    events: list[Event] = []
    for _ in range(300):
        events += puppet.feed(puppet.record("ping", 1, b"x" * 1000))
    assert isinstance(error_of(events), LimitExceeded)
    assert puppet.heard_names() == ["disconnect"]


def test_a_hello_larger_than_the_limit_before_login_is_refused() -> None:
    puppet = Puppet(make_server())
    assert isinstance(error_of(puppet.say("hello", {"version": "6.5", "x": b"x" * 300_000})), LimitExceeded)


def test_what_a_client_sends_early_waits_for_the_login() -> None:
    puppet = Puppet(make_server())
    puppet.feed(puppet.record("hello", client_hello()) + puppet.record("set_deflate", 3))
    puppet.session.begin_login((), puppet.now)
    puppet.session.accept(ServerHello(), puppet.now)
    assert names(puppet.pump()) == ["LoginPassed", "PacketReceived"]


# -- AES ----------------------------------------------------------------------------------------------------------

BAD_CAPS: dict[str, tuple[dict[str, Any], type[Exception]]] = {
    "too few iterations": ({"key_stretch_iterations": 999}, LimitExceeded),
    "too many for a stranger": ({"key_stretch_iterations": 10_001}, LimitExceeded),
    "short salt": ({"key_salt": b"1234567"}, LimitExceeded),
    "odd key size": ({"key_size": 20}, LimitExceeded),
    "unknown hash": ({"key_hash": "MD5"}, RemoteProtocolError),
    "unknown stretching": ({"key_stretch": "scrypt"}, RemoteProtocolError),
    "unknown padding": ({"padding": "zeros"}, RemoteProtocolError),
    "GCM": ({"mode": "GCM"}, EncryptionRequired),
    "CFB": ({"mode": "CFB"}, EncryptionRequired),
    "another cipher": ({"cipher": "DES"}, EncryptionRequired),
}


@pytest.mark.parametrize("case", BAD_CAPS)
def test_encryption_that_is_unknown_or_too_costly_is_refused_before_anything_is_derived(case: str) -> None:
    changes, error = BAD_CAPS[case]
    puppet = Puppet(make_server(aes="any"))
    encrypted_hello(puppet, **changes)
    assert names(puppet.events) == ["Terminated"]
    assert isinstance(error_of(puppet.events), error)
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "unsupported encryption parameters"]]


@pytest.mark.parametrize("salt", [b"", b"x" * 1025])
def test_a_salt_of_impossible_length_is_refused(salt: bytes) -> None:
    puppet = Puppet(make_server(aes="any"))
    caps = client_hello(puppet.caps())
    caps["encryption"]["key_salt"] = salt  # type: ignore[index,call-overload]
    assert isinstance(error_of(puppet.say("hello", caps)), RemoteProtocolError)


def test_a_client_with_aes_is_told_where_there_is_none() -> None:
    puppet = Puppet(make_server())
    encrypted_hello(puppet)
    assert isinstance(error_of(puppet.events), EncryptionRequired)
    (answer,) = puppet.heard()
    assert not answer.encrypted
    assert answer.items == ["disconnect", "the server does not support encryption on this connection"]


@pytest.mark.parametrize("size", [16, 24, 32])
@pytest.mark.parametrize("key_hash", ["SHA1", "sha224", "SHA256", "SHA384", "SHA512"])
def test_every_hash_and_key_size_that_a_client_may_choose_works(size: int, key_hash: str) -> None:
    puppet = Puppet(make_server(aes="any"))
    encrypted_hello(puppet, key_size=size, key_hash=key_hash, key_stretch_iterations=1000)
    answer = let_in(puppet)
    assert answer.encrypted
    puppet.encrypt_for(encryption_in(answer))
    assert names(puppet.say("set_deflate", 1)) == ["KeyShown", "PacketReceived"]


@pytest.mark.parametrize("padding", ["PKCS#7", "legacy"])
def test_a_client_of_3_1_3_gets_32_byte_blocks_and_its_own_padding(padding: str) -> None:
    puppet = Puppet(make_server(aes="CBC"), serializer="rencode")
    encrypted_hello(puppet, block=32, dialect=FLAT_313, padding=padding)
    answer = let_in(puppet)
    ours = encryption_in(answer)
    assert (ours.key_hash, ours.padding) == ("SHA1", "PKCS#7")
    puppet.encrypt_for(ours, block=32)
    for length in range(1, 40):
        assert names(puppet.say("no-such-packet", "x" * length)) == ["UnknownPacket"]


@pytest.mark.parametrize("mode", ["CBC", "CTR"])
@pytest.mark.parametrize("version", ["6.5", "6.0"])
def test_ivs_of_each_record_are_taken_and_given_back(mode: str, version: str) -> None:
    puppet = Puppet(make_server(aes="any"))
    ours = puppet.caps(mode=mode, stream=False)
    puppet.say("hello", client_hello(ours) | {"version": version})
    puppet.decrypt_as(ours)
    answer = let_in(puppet)
    theirs = encryption_in(answer)
    assert not theirs.stream
    puppet.encrypt_for(theirs)
    assert names(puppet.say("set_deflate", 1)) == ["KeyShown", "PacketReceived"]


def test_the_challenge_has_the_cipher_in_all_three_layouts() -> None:
    _, challenge = encrypted_and_challenged()
    element = challenge.items[2]
    assert isinstance(element, dict)
    assert element["iv"] == element["cipher.iv"] == element["encryption"]["iv"]


def test_each_step_of_a_login_brings_new_keys() -> None:
    puppet, challenge = encrypted_and_challenged(modules=2)
    seen = [encryption_in(challenge)]
    for _ in range(2):
        ours = puppet.caps()
        puppet.encrypt_for(seen[-1])
        puppet.decrypt_as(ours)
        events = puppet.say("hello", client_hello(ours, challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
        assert names(events) == ["KeysNeeded", "CheckNeeded"]
        puppet.session.step_passed(puppet.now)
        if puppet.session.state is State.DECIDING:
            puppet.session.accept(ServerHello(), puppet.now)
        (answer,) = puppet.heard()
        assert answer.encrypted
        seen.append(encryption_in(answer))
    assert len({caps.iv for caps in seen}) == len({caps.key_salt for caps in seen}) == 3


def test_a_refused_login_is_told_with_the_newest_keys() -> None:
    puppet, challenge = encrypted_and_challenged()
    ours = puppet.caps()
    puppet.encrypt_for(encryption_in(challenge))
    puppet.decrypt_as(ours)
    puppet.say("hello", client_hello(ours, challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
    puppet.session.step_failed(AuthenticationFailed("wrong"))
    (answer,) = puppet.heard()
    assert (answer.encrypted, answer.items) == (True, ["disconnect", "authentication failed"])


def test_a_next_hello_without_encryption_ends_the_login() -> None:
    puppet, challenge = encrypted_and_challenged()
    puppet.encrypt_for(encryption_in(challenge))
    events = puppet.say("hello", client_hello(challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
    assert isinstance(error_of(events), EncryptionRequired)
    assert puppet.heard_names() == ["disconnect"]


def test_while_the_client_reads_with_keys_that_are_not_there_yet_nothing_is_said() -> None:
    puppet, challenge = encrypted_and_challenged()
    puppet.encrypt_for(encryption_in(challenge))
    record = puppet.record("hello", client_hello(puppet.caps(), challenge_response=b"x" * 64))
    puppet.session.receive_data(record, puppet.now)
    assert puppet.session.state is State.KEYS
    puppet.session.handle_timeout(HANDSHAKE.total_s)
    assert puppet.session.closing
    assert puppet.heard() == []
    assert ended(drain(puppet.session)).reason == "login timeout"


def test_without_key_material_the_connection_ends_and_says_so() -> None:
    puppet = Puppet(make_server(aes="CBC"))
    puppet.session.receive_data(puppet.record("hello", client_hello(puppet.caps())), 0.0)
    puppet.session.keys_failed(ConfigError("no key file"))
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "encryption key is missing"]]
    assert str(error_of(drain(puppet.session))) == "no key file"


@pytest.mark.parametrize("state", ["challenged", "session"])
def test_a_clear_record_after_the_switch_ends_the_connection_and_is_not_delivered(state: str) -> None:
    puppet, challenge = encrypted_and_challenged()
    if state == "session":
        ours = puppet.caps()
        puppet.encrypt_for(encryption_in(challenge))
        puppet.decrypt_as(ours)
        puppet.say("hello", client_hello(ours, challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
        puppet.session.step_passed(0.0)
        puppet.session.accept(ServerHello(), 0.0)
        puppet.heard()
        puppet.pump()
    puppet.writer.set_encryptor(None)
    events = puppet.say("disconnect", "client exit")
    assert names(events) == ["Terminated"]
    error = error_of(events)
    assert isinstance(error, ClearRecordError)
    assert error.exit_code is ExitCode.CLEAR_RECORD
    (answer,) = puppet.heard()
    assert (answer.encrypted, answer.items) == (True, ["disconnect", "protocol error"])


@pytest.mark.parametrize("damage", ["padding", "garbage", "other key"])
def test_whatever_is_wrong_with_an_encrypted_record_looks_the_same(damage: str) -> None:
    puppet, challenge = encrypted_and_challenged()
    caps = encryption_in(challenge)
    puppet.encrypt_for(caps, key=OTHER_KEY if damage == "other key" else None)
    record = bytearray(puppet.record("hello", client_hello()))
    if damage == "padding":
        record[-1] ^= 1
    elif damage == "garbage":
        record[40] ^= 1
    error = error_of(puppet.feed(bytes(record)))
    assert isinstance(error, CipherError)
    assert str(error) == "the record does not decrypt: other key or mode, or damaged"
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "protocol error"]]


def test_aes_may_begin_with_the_answer_to_a_challenge_where_it_is_not_demanded() -> None:
    puppet = challenged(make_server(aes="any", required=False, private=True))
    ours = puppet.caps()
    puppet.say("hello", client_hello(ours, challenge_response=b"x" * 64, challenge_client_salt=b"s" * 32))
    puppet.decrypt_as(ours)
    puppet.session.step_passed(0.0)
    puppet.session.accept(ServerHello(), 0.0)
    (answer,) = puppet.heard()
    assert answer.encrypted
    assert puppet.session.cipher == "AES-CBC"


# -- anything -----------------------------------------------------------------------------------------------------

_NAMES = st.sampled_from([*CLIENT_FORMS, "hello", "disconnect", "challenge", "ssl-upgrade", "x", 1, b"\xff", True])
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.binary(max_size=8)
    | st.text(max_size=8)
    | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6) | st.integers(0, 9), inner, max_size=4)
    ),
    max_leaves=8,
)
_GOOD = st.fixed_dictionaries(
    {},
    optional={
        "request": st.sampled_from(["", *REQUESTS, "x"]),
        "challenge": st.booleans(),
        "challenge_response": st.binary(max_size=70),
        "challenge_client_salt": st.binary(max_size=40),
        "encryption": _VALUES,
        "digest": _VALUES,
        "username": _VALUES,
        "compressors": _VALUES,
        "chunks": _VALUES,
    },
)
_MESSAGES = st.lists(
    st.tuples(_NAMES, st.lists(_VALUES, max_size=4)).map(lambda pair: [pair[0], *pair[1]])
    | _GOOD.map(lambda caps: ["hello", {**client_hello(), **caps}]),
    max_size=6,
)


class Watched(ServerSession):
    """Notes every state on the way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.path: list[State] = []
        super().__init__(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_state":
            self.path.append(value)
        super().__setattr__(name, value)


def watched(like: ServerSession) -> Watched:
    return Watched(like._policy, entropy=like._entropy, now=0.0)


def assert_only_listed_transitions(path: list[State]) -> None:
    assert path[0] is State.AWAIT_HELLO
    for before, after in itertools.pairwise(path):
        assert after is before is State.CLOSED or after in TRANSITIONS[before], (before, after)


def play_owner(puppet: Puppet, events: list[Event], modules: int, right: bool) -> None:
    server = puppet.session
    assert isinstance(server, ServerSession)
    while events:
        match events.pop(0):
            case LoginRequested():
                server.begin_login([password_module() for _ in range(modules)], puppet.now)
            case CheckNeeded():
                if right:
                    server.step_passed(puppet.now)
                else:
                    server.step_failed(AuthenticationFailed("wrong"))
            case LoginPassed(request=None):
                server.accept(ServerHello(), puppet.now)
            case event if hasattr(event, "request"):
                server.answer({}, puppet.now)
        events += puppet.pump()


@given(
    messages=_MESSAGES,
    aes=st.sampled_from([None, "CBC", "any"]),
    modules=st.integers(0, 2),
    right=st.booleans(),
    cut=st.integers(1, 400),
    serializer=st.sampled_from(["rencodeplus", "rencode", "bencode"]),
)
def test_any_order_of_packets_reaches_only_listed_states_and_never_raises(
    messages: list[list[Any]], aes: str | None, modules: int, right: bool, cut: int, serializer: str
) -> None:
    session = watched(make_server(aes=aes))
    puppet = Puppet(session, serializer=serializer)
    for items in messages:
        try:
            data = puppet.record(*items)
        except (LocalProtocolError, TypeError, ValueError):
            # what this serializer cannot write, nobody sends with it
            continue
        for start in range(0, len(data), cut):
            play_owner(puppet, puppet.feed(data[start : start + cut]), modules, right)
    session.handle_timeout(1e6)
    session.receive_eof(1e6, clean=True)
    assert_only_listed_transitions(session.path)
    assert session.closing
    assert names(puppet.pump() or puppet.events)[-1] == "Terminated"


@given(data=st.binary(max_size=200), after_hello=st.booleans(), magic=st.booleans())
def test_garbage_never_raises(data: bytes, after_hello: bool, magic: bool) -> None:
    puppet = logged_in(watched(make_server())) if after_hello else Puppet(watched(make_server()))
    puppet.feed((b"P" if magic else b"") + data)
    puppet.session.receive_eof(0.0, clean=True)
    puppet.pump()
    assert names(puppet.events).count("Terminated") == 1
    assert isinstance(puppet.session, Watched)
    assert_only_listed_transitions(puppet.session.path)


@given(cuts=st.lists(st.integers(0, 3000), max_size=12))
def test_any_slicing_of_a_client_gives_the_same_events_and_the_same_bytes(cuts: list[int]) -> None:
    def talk(points: list[int]) -> tuple[list[Event], bytes]:
        puppet = Puppet(make_server())
        data = b"".join(
            (
                puppet.record("hello", client_hello() | {"request": ""}),
                puppet.record("ping", 77, 0, "sid"),
                puppet.record("set_deflate", 3),
                puppet.record("no-such-packet"),
                puppet.record("ping"),
                puppet.record("disconnect", "client exit"),
            )
        )
        edges = sorted({0, len(data), *(min(point, len(data)) for point in points)})
        for start, end in itertools.pairwise(edges):
            play_owner(puppet, puppet.feed(data[start:end]), 0, True)
        return puppet.events, b"".join(map(bytes, puppet.session.data_to_send()))

    assert talk(cuts) == talk([])
