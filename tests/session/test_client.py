"""The client's side of a connection, against servers that do what they should and servers that do not."""

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
    HandshakeError,
    LimitExceeded,
    LocalProtocolError,
    PacketError,
    PasswordRequired,
    RemoteProtocolError,
    VersionRefused,
)
from limpet.limits import AFTER_HELLO, HANDSHAKE
from limpet.packets.capabilities import EncryptionCaps
from limpet.packets.control import SetDeflate
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.session import encryption
from limpet.session.client import MAX_INVALID_PACKETS, MAX_TEXT, TEXT_S, TRANSITIONS, ClientSession, State
from limpet.session.encryption import Strength
from limpet.session.events import (
    Accepted,
    ChallengeReceived,
    Event,
    InvalidPacket,
    KeysNeeded,
    LatencyMeasured,
    PacketReceived,
    UnknownPacket,
)
from limpet.values import Secret, Side, Wire
from tests.session.actors import (
    OTHER_KEY,
    Puppet,
    drain,
    encryption_in,
    ended,
    error_of,
    make_client,
    names,
    server_hello,
    text,
)
from tests.session.pair import counting_entropy

SERVER_FORMS = sorted(
    codec.form.name for side, codec in packets.forms() if side is Side.SERVER and Phase.HELLO not in codec.cls.phase
)
SALT = bytes(range(64))


def started(client: ClientSession | None = None, *, serializer: str = "rencodeplus") -> Puppet:
    """A server that was greeted."""
    puppet = Puppet(client or make_client(), serializer=serializer)
    session = puppet.session
    assert isinstance(session, ClientSession)
    session.start(0.0)
    puppet.pump()
    return puppet


def in_session(client: ClientSession | None = None) -> Puppet:
    puppet = started(client)
    puppet.heard()
    assert names(puppet.say("hello", server_hello())) == ["Accepted"]
    return puppet


def answer(puppet: Puppet) -> None:
    assert isinstance(puppet.session, ClientSession)
    puppet.session.answer_challenge(response=b"r" * 64, client_salt=b"s" * 32, padding=b"", now=puppet.now)


def aes_started(*, legacy: bool = False, mode: str = "CBC", block: int | None = None) -> tuple[Puppet, EncryptionCaps]:
    """A server that was greeted with AES and writes as it was asked to."""
    serializer = "rencode" if legacy else "rencodeplus"
    puppet = started(make_client(aes=mode, legacy=legacy), serializer=serializer)
    (hello,) = puppet.heard()
    assert not hello.encrypted
    caps = encryption_in(hello)
    puppet.encrypt_for(caps, block=block or (32 if legacy else 16))
    return puppet, caps


def challenge(puppet: Puppet, caps: EncryptionCaps | None = None, *, nested: bool = True) -> list[Event]:
    element: Wire = "" if caps is None else caps.to_wire(NESTED_65 if nested else FLAT_313)
    return puppet.say("challenge", SALT, element, "hmac+sha512", "hmac+sha512", "password")


# -- the states ---------------------------------------------------------------------------------------------------


def test_every_state_has_its_successors_and_the_end_has_none() -> None:
    assert set(TRANSITIONS) == set(State)
    assert not TRANSITIONS[State.CLOSED]
    assert all(State.CLOSED in follow for state, follow in TRANSITIONS.items() if state is not State.CLOSED)


OWNER_CALLS: dict[str, tuple[State, Callable[[ClientSession], None]]] = {
    "answer_challenge": (
        State.ANSWERING,
        lambda s: s.answer_challenge(response=b"", client_salt=b"", padding=b"", now=0.0),
    ),
    "send": (State.SESSION, lambda s: s.send(SetDeflate(level=1))),
}


@pytest.mark.parametrize("name", OWNER_CALLS)
def test_the_owner_may_not_call_out_of_turn(name: str) -> None:
    state, call = OWNER_CALLS[name]
    with pytest.raises(LocalProtocolError, match="allowed in " + state.name):
        call(make_client())


@pytest.mark.parametrize("name", OWNER_CALLS)
def test_after_the_end_calls_of_the_owner_do_nothing(name: str) -> None:
    client = make_client(aes="CBC")
    client.give_up(PasswordRequired("none"))
    drain(client)
    OWNER_CALLS[name][1](client)
    client.keys_derived(1, (Secret(b""),), 0.0)
    client.keys_failed(ConfigError("no key"))
    client.receive_data(b"P", 0.0)
    client.receive_eof(0.0, clean=False)
    client.handle_timeout(1e9)
    client.disconnect()
    assert drain(client) == []
    assert client.data_to_send() == []
    assert client.closing
    assert client.next_timeout() is None


def test_a_client_starts_once() -> None:
    client = make_client()
    assert client.state is State.IDLE
    assert client.next_timeout() is None
    client.start(0.0)
    with pytest.raises(LocalProtocolError):
        client.start(0.0)


def test_keys_that_nobody_waits_for_are_dropped_and_keys_out_of_turn_are_a_mistake() -> None:
    client = make_client(aes="CBC")
    client.keys_derived(7, (Secret(b"x" * 32),), 0.0)
    client.start(0.0)
    client.keys_derived(1, (Secret(b"x" * 32),), 0.0)
    with pytest.raises(LocalProtocolError):
        client.keys_derived(1, (Secret(b"x" * 32),), 0.0)


def test_without_a_hello_there_are_no_encryption_capabilities() -> None:
    client = make_client(aes="CBC")
    assert client._aes is not None
    with pytest.raises(LocalProtocolError):
        _ = client._aes.ours
    with pytest.raises(LocalProtocolError):
        client._aes.answering()


# -- the first hello ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("legacy", "serializer", "version"), [(False, "rencodeplus", "6.5"), (True, "rencode", "3.1.3")]
)
def test_the_first_hello_is_in_the_spelling_asked_for(legacy: bool, serializer: str, version: str) -> None:
    (hello,) = started(make_client(legacy=legacy)).heard()
    caps = {text(key): value for key, value in hello.items[1].items()}  # type: ignore[union-attr]
    assert hello.serializer == serializer
    assert text(caps["version"]) == version
    assert caps["rencode"]
    assert caps["rencodeplus"]
    assert not any("cipher" in key or key == "encryption" for key in caps)


@pytest.mark.parametrize(("legacy", "key_hash"), [(False, "SHA512"), (True, "SHA1")])
def test_aes_is_asked_for_with_the_strength_that_the_spelling_allows(legacy: bool, key_hash: str) -> None:
    (hello,) = started(make_client(aes="CBC", legacy=legacy)).heard()
    caps = {text(key): value for key, value in hello.items[1].items()}  # type: ignore[union-attr]
    assert not hello.encrypted
    assert ("encryption" in caps, "cipher.iv" in caps) == (not legacy, True)
    asked = encryption_in(hello)
    assert (asked.mode, asked.key_hash, asked.key_stretch_iterations) == ("CBC", key_hash, 10_000)


def test_a_request_is_in_the_hello() -> None:
    (hello,) = started(make_client(request="connect_test", connect_test_request="token")).heard()
    caps = hello.items[1]
    assert isinstance(caps, dict)
    assert (caps["request"], caps["connect_test_request"], caps["ui_client"]) == ("connect_test", "token", False)


def test_a_partial_hello_is_followed_by_the_whole_one_with_the_proof() -> None:
    puppet = started(make_client(partial=True))
    (first,) = puppet.heard()
    assert first.items[1]["challenge"]  # type: ignore[index,call-overload]
    assert names(challenge(puppet)) == ["ChallengeReceived"]
    answer(puppet)
    (second,) = puppet.heard()
    caps = second.items[1]
    assert isinstance(caps, dict)
    assert not caps.get("challenge")
    assert caps["challenge_response"] == b"r" * 64
    assert caps["challenge_client_salt"] == b"s" * 32


# -- times --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("aes", "hint"), [(None, "--timeout"), ("CBC", "6.4 to 6.5.5")])
def test_a_server_that_stays_silent_is_given_up(aes: str | None, hint: str) -> None:
    puppet = started(make_client(aes=aes))
    assert puppet.session.next_timeout() == HANDSHAKE.first_hello_s
    puppet.session.handle_timeout(HANDSHAKE.first_hello_s - 1)
    assert not puppet.session.closing
    puppet.session.handle_timeout(HANDSHAKE.first_hello_s)
    error = error_of(puppet.pump())
    assert error.exit_code is ExitCode.TIMEOUT
    assert hint in error.hint


def test_who_types_a_password_has_time_and_the_server_then_too() -> None:
    puppet = started()
    puppet.now = 20.0
    challenge(puppet)
    assert puppet.session.next_timeout() == 20.0 + HANDSHAKE.total_s
    puppet.now = 200.0
    answer(puppet)
    # a right password is delayed by up to a minute after wrong ones, never refused: neither may the client give up
    assert HANDSHAKE.verdict_s >= 60 + 30
    assert puppet.session.next_timeout() == 200.0 + HANDSHAKE.verdict_s
    puppet.session.handle_timeout(301.0)
    assert error_of(puppet.pump()).exit_code is ExitCode.TIMEOUT


def test_no_hint_at_silent_servers_where_the_server_has_spoken() -> None:
    puppet, _ = aes_started()
    challenge(puppet, puppet.caps())
    answer(puppet)
    puppet.session.handle_timeout(1e3)
    assert error_of(puppet.pump()).hint == ""


def test_pings_go_out_and_a_server_that_answers_none_is_lost() -> None:
    puppet = in_session()
    for second in range(5, 65, 5):
        assert puppet.session.next_timeout() == second
        puppet.session.handle_timeout(second)
        assert [packet.items[:2] for packet in puppet.heard()] == [["ping", second * 1000]]
    puppet.session.handle_timeout(65.0)
    error = error_of(puppet.pump())
    assert isinstance(error, ConnectionClosed)
    assert (error.exit_code, error.ours) == (ExitCode.TIMEOUT, True)


def test_pings_are_echoed_and_echoes_measured() -> None:
    puppet = in_session()
    puppet.say("ping", 1234, 99, "sid")
    assert [packet.items for packet in puppet.heard()] == [["ping_echo", 1234, 0, 0, 0, -1, "sid"]]
    puppet.session.handle_timeout(5.0)
    puppet.now = 5.5
    assert puppet.say("ping-echo", 5000, 0, 0, 0, -1, "") == [LatencyMeasured(seconds=0.5)]


# -- the answer ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", [FLAT_313, NESTED_65], ids=["flat", "nested"])
def test_the_session_begins_with_the_servers_hello_and_in_its_dialect(dialect: Dialect) -> None:
    puppet = started(make_client(legacy=not dialect.nested), serializer=dialect.serializer)
    puppet.heard()
    (event,) = puppet.say("hello", server_hello(dialect=dialect, answer=1))
    assert isinstance(event, Accepted)
    assert event.caps["answer"] == 1
    assert event.dialect.nested == dialect.nested
    assert event.cipher == ""
    assert puppet.session.dialect == event.dialect


def test_a_challenge_is_told_with_its_prompt_made_printable() -> None:
    puppet = started()
    (event,) = puppet.say("challenge", SALT, {}, "hmac+sha512", "hmac+sha256", "pass\x1b[31mword")
    assert event == ChallengeReceived(
        server_salt=SALT, digest="hmac+sha512", salt_digest="hmac+sha256", prompt="pass [31mword", encrypted=False
    )


def test_a_server_may_not_ask_without_end() -> None:
    puppet = started()
    for _ in range(HANDSHAKE.max_challenges):
        assert names(challenge(puppet)) == ["ChallengeReceived"]
        answer(puppet)
    assert isinstance(error_of(challenge(puppet)), AuthenticationFailed)


@pytest.mark.parametrize("version", ["", "2.9", "x"])
def test_a_server_of_no_usable_version_is_refused(version: str) -> None:
    puppet = started()
    error = error_of(puppet.say("hello", server_hello() | {"version": version}))
    assert isinstance(error, VersionRefused)
    assert error.exit_code is ExitCode.INCOMPATIBLE_VERSION


def test_without_a_password_the_client_gives_up_in_silence() -> None:
    puppet = started()
    puppet.heard()
    challenge(puppet)
    assert isinstance(puppet.session, ClientSession)
    puppet.session.give_up(PasswordRequired("no password"))
    assert puppet.heard() == []
    assert error_of(puppet.pump()).exit_code is ExitCode.PASSWORD_REQUIRED


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("authentication failed", ExitCode.AUTHENTICATION_FAILED),
        ("session busy", ExitCode.SESSION_BUSY),
        ("login timeout", ExitCode.TIMEOUT),
        ("version error", ExitCode.INCOMPATIBLE_VERSION),
        ("server shutdown", ExitCode.CONNECTION_FAILED),
        ("no reason that anybody knows", ExitCode.CONNECTION_FAILED),
    ],
)
def test_a_disconnect_instead_of_a_hello_is_an_error_with_its_own_code(reason: str, code: ExitCode) -> None:
    puppet = started()
    event = ended(puppet.say("disconnect", reason, "more"))
    assert event.error is not None
    assert event.error.exit_code is code
    assert (event.by_peer, event.text) == (True, "more")


def test_a_disconnect_that_answers_a_request_is_none() -> None:
    puppet = started(make_client(request="detach"))
    event = ended(puppet.say("disconnect", "done", "2 clients have been disconnected"))
    assert (event.error, event.reason, event.text) == (None, "done", "2 clients have been disconnected")


def test_a_disconnect_during_the_session_may_be_in_order() -> None:
    event = ended(in_session().say("disconnect", "server shutdown"))
    assert (event.error, event.reason, event.by_peer) == (None, "server shutdown", True)
    assert error_of(in_session().say("disconnect", "idle timeout error")).exit_code is ExitCode.TIMEOUT


def test_a_screenshot_answers_the_request_for_one() -> None:
    puppet = started(make_client(request="screenshot"))
    (event,) = puppet.say("screenshot", 0, 0, "png", 0, b"")
    assert isinstance(event, PacketReceived)
    assert isinstance(error_of(started().say("screenshot", 0, 0, "png", 0, b"")), PacketError)


def test_an_encrypted_answer_to_a_request_may_lack_a_key_and_then_nothing_more_is_said() -> None:
    client = make_client(aes="CBC", request="info")
    puppet = started(client)
    (hello,) = puppet.heard()
    puppet.encrypt_for(encryption_in(hello))
    (event,) = puppet.say("hello", {"answer": 1})
    assert isinstance(event, Accepted)
    assert event.cipher == "AES-CBC"
    puppet.say("ping", 1)
    client.handle_timeout(5.0)
    client.disconnect()
    assert puppet.heard() == []
    assert ended(puppet.pump()).error is None


def test_a_clear_answer_to_a_request_is_refused_like_every_other() -> None:
    """xpra 3.1.3 and 6.2.5 answer `version` in clear where AES is demanded."""
    for name in ("version", "info"):
        puppet = started(make_client(aes="CBC", request=name))
        assert error_of(puppet.say("hello", {"version": "6.2"})).exit_code is ExitCode.SERVER_STAYS_CLEAR


def test_a_ping_before_the_hello_is_not_answered_and_does_no_harm() -> None:
    puppet = started()
    puppet.heard()
    assert puppet.say("ping", 1, 2, "sid") == []
    assert puppet.heard() == []
    assert names(puppet.say("hello", server_hello())) == ["Accepted"]


def test_the_answer_to_a_request_may_lack_the_version_and_a_sessions_hello_may_not() -> None:
    for name in ("id", "info"):
        (event,) = started(make_client(request=name)).say("hello", {"answer": 1})
        assert isinstance(event, Accepted)
    assert isinstance(error_of(started().say("hello", {"answer": 1})), VersionRefused)


@pytest.mark.parametrize("name", SERVER_FORMS)
def test_unauthenticated_peer_cannot_send_session_packets(name: str) -> None:
    """A server that has not answered the hello is nobody yet."""
    events = started().say(name)
    assert names(events) == ["Terminated"]
    assert isinstance(error_of(events), PacketError)


@pytest.mark.parametrize(
    "items", [["no-such-packet"], [7], [b"\xff"], ["ssl-upgrade", {}], ["hello", 5], ["challenge"]]
)
def test_unauthenticated_peer_cannot_send_what_is_no_answer(items: list[Wire]) -> None:
    puppet = started()
    puppet.heard()
    assert names(puppet.say(*items)) == ["Terminated"]
    assert puppet.heard_names() == ["disconnect"]


# -- text ---------------------------------------------------------------------------------------------------------

TEXT = b"disconnect: failed to parse bencode packet\n"


@pytest.mark.parametrize("aes", [None, "CBC"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_a_line_of_text_instead_of_a_record_asks_for_the_legacy_hello(size: int, aes: str | None) -> None:
    puppet = started(make_client(aes=aes))
    for start in range(0, len(TEXT), size):
        puppet.feed(TEXT[start : start + size])
    event = ended(puppet.events)
    assert event.reason == "disconnect: failed to parse bencode packet"
    assert (event.retry_legacy, event.unanswered, event.by_peer) == (True, True, True)
    assert isinstance(event.error, HandshakeError)


def test_a_legacy_hello_answered_with_text_is_not_tried_again() -> None:
    event = ended(started(make_client(legacy=True)).feed(TEXT))
    assert (event.retry_legacy, event.unanswered) == (False, True)


@pytest.mark.parametrize("how", ["closed", "late", "long"])
def test_text_without_an_end_of_line_is_told_in_the_end(how: str) -> None:
    puppet = started()
    assert puppet.feed(b"go away") == []
    assert puppet.session.state is State.TEXT
    if how == "closed":
        puppet.session.receive_eof(0.0, clean=True)
        expected = "go away"
    elif how == "late":
        puppet.session.handle_timeout(TEXT_S / 2)
        assert puppet.session.next_timeout() == TEXT_S
        puppet.session.handle_timeout(TEXT_S)
        expected = "go away"
    else:
        puppet.feed(b"!" * MAX_TEXT)
        expected = "go away" + "!" * (MAX_TEXT - 7)
    assert ended(puppet.pump() or puppet.events).reason == expected


@pytest.mark.parametrize(("legacy", "retry"), [(False, True), (True, False)])
@pytest.mark.parametrize(("clean", "code"), [(True, ExitCode.CONNECTION_FAILED), (False, ExitCode.TRUNCATED)])
def test_a_server_that_closes_without_a_word_may_be_an_old_one(
    legacy: bool, retry: bool, clean: bool, code: ExitCode
) -> None:
    puppet = started(make_client(legacy=legacy))
    puppet.session.receive_eof(0.0, clean=clean)
    event = ended(puppet.pump())
    assert (event.retry_legacy, event.unanswered) == (retry, True)
    assert event.error is not None and event.error.exit_code is code


@pytest.mark.parametrize(
    ("clean", "code"), [(True, ExitCode.CONNECTION_LOST), (False, ExitCode.TRUNCATED)], ids=["closed", "cut"]
)
def test_a_server_that_has_spoken_and_closes_is_lost_and_never_tried_in_another_way(
    clean: bool, code: ExitCode
) -> None:
    for puppet in (in_session(), started()):
        if puppet.session.state is not State.SESSION:
            challenge(puppet)
        puppet.session.receive_eof(0.0, clean=clean)
        event = ended(puppet.pump())
        assert isinstance(event.error, ConnectionClosed)
        assert event.error.exit_code is code
        assert not event.retry_legacy
        assert not event.unanswered


@pytest.mark.parametrize("clean", [True, False])
def test_a_stream_that_ends_within_a_packet_was_cut_however_it_ended(clean: bool) -> None:
    for puppet in (in_session(), started()):
        puppet.feed(b"P\x10\0\0\0\0\1\0half")
        puppet.session.receive_eof(0.0, clean=clean)
        event = ended(puppet.pump())
        assert isinstance(event.error, ConnectionClosed)
        assert event.error.exit_code is ExitCode.TRUNCATED
        assert not event.retry_legacy
        assert not event.unanswered


# -- data that breaks rules ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("data", [b"P\xff\0\0\0\0\0\1x", b"P\x10\0\0\0\0\0\0", b"P\x10\0\0\xff\0\0\0"])
def test_a_broken_record_ends_the_connection(data: bytes) -> None:
    for puppet in (started(), in_session()):
        puppet.heard()
        assert isinstance(error_of(puppet.feed(data)), RemoteProtocolError)
        assert puppet.heard_names() == ["disconnect"]


def test_invalid_packets_are_counted_and_the_last_straw_ends_the_session() -> None:
    puppet = in_session()
    for _ in range(MAX_INVALID_PACKETS):
        assert names(puppet.say("lost-window")) == ["InvalidPacket"]
    assert isinstance(error_of(puppet.say("lost-window")), PacketError)


def test_hellos_and_challenges_after_login_are_ignored() -> None:
    puppet = in_session()
    assert puppet.say("hello", server_hello()) == [InvalidPacket(detail="a second hello after login")]
    assert names(challenge(puppet)) == ["InvalidPacket"]
    assert puppet.say("strange") == [UnknownPacket(name="strange")]


def test_limits_follow_the_size_of_the_desktop() -> None:
    small = dataclasses.replace(AFTER_HELLO, max_record=10_000, max_packet=10_000)
    for before in (True, False):
        client = make_client()
        puppet = started(client)
        if before:
            client.set_limits(small)
        puppet.say("hello", server_hello())
        if not before:
            client.set_limits(small)
        assert isinstance(error_of(puppet.say("strange", b"x" * 10_000)), LimitExceeded)


def test_too_much_data_while_a_challenge_is_answered_ends_the_connection() -> None:
    client = make_client()
    client.set_limits(dataclasses.replace(AFTER_HELLO, max_packet=10_000))
    puppet = started(client)
    challenge(puppet)
    events: list[Event] = []
    for _ in range(12):
        events += puppet.say("strange", b"x" * 1000)
    assert isinstance(error_of(events), LimitExceeded)


def test_a_goodbye_is_heard_while_somebody_types_the_password() -> None:
    puppet = started()
    challenge(puppet)
    assert puppet.say("ping", 1) == []
    assert error_of(puppet.say("disconnect", "login timeout")).exit_code is ExitCode.TIMEOUT
    puppet, _ = aes_started()
    challenge(puppet, puppet.caps())
    assert error_of(puppet.say("disconnect", "login timeout")).exit_code is ExitCode.TIMEOUT
    puppet, _ = aes_started()
    challenge(puppet, puppet.caps())
    puppet.writer.set_encryptor(None)
    assert isinstance(error_of(puppet.say("disconnect", "login timeout")), ClearRecordError)


def test_what_comes_before_the_answer_waits_for_it() -> None:
    puppet = started()
    challenge(puppet)
    assert puppet.say("hello", server_hello()) == []
    assert puppet.say("disconnect", "server shutdown") == []
    answer(puppet)
    assert names(puppet.pump()) == ["Accepted", "Terminated"]


def test_an_end_while_a_key_is_derived_is_no_cut_packet() -> None:
    puppet, _ = aes_started()
    client = puppet.session
    client.receive_data(puppet.record("hello", server_hello(puppet.caps())) + puppet.record("bell"), 0.0)
    client.receive_eof(0.0, clean=True)
    assert error_of(drain(client)).exit_code is ExitCode.CONNECTION_LOST


def test_what_a_server_sends_behind_its_hello_waits_for_the_key() -> None:
    puppet, _ = aes_started()
    caps = puppet.caps()
    client = puppet.session
    data = puppet.record("hello", server_hello(caps)) + puppet.record("bell", 0, 0, 0, 0, 0, 0, 0, "")
    client.receive_data(data, 0.0)
    (order,) = drain(client)
    assert isinstance(order, KeysNeeded)
    client.keys_derived(order.token, encryption.derive_keys(puppet.key, order.requests), 0.0)
    assert names(drain(client)) == ["Accepted", "PacketReceived"]


# -- leaving ------------------------------------------------------------------------------------------------------


def test_goodbye_is_said_in_the_session() -> None:
    puppet = in_session()
    assert isinstance(puppet.session, ClientSession)
    puppet.session.disconnect()
    assert [packet.items for packet in puppet.heard()] == [["disconnect", "client exit"]]
    assert ended(puppet.pump()).error is None


def test_goodbye_before_the_session_is_said_in_clear_only_where_nothing_else_was_asked_for() -> None:
    puppet = started()
    puppet.heard()
    challenge(puppet)
    assert isinstance(puppet.session, ClientSession)
    puppet.session.disconnect(DisconnectReason.CLIENT_EXIT)
    assert puppet.heard_names() == ["disconnect"]
    puppet, _ = aes_started()
    assert isinstance(puppet.session, ClientSession)
    puppet.session.disconnect()
    assert puppet.heard() == []


# -- AES ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nested", [True, False])
@pytest.mark.parametrize("mode", ["CBC", "CTR"])
def test_after_the_servers_hello_both_directions_are_encrypted(mode: str, nested: bool) -> None:
    puppet, _ = aes_started(mode=mode, legacy=not nested)
    dialect = NESTED_65 if nested else FLAT_313
    caps = puppet.caps(mode=mode, legacy=not nested)
    events = puppet.say("hello", server_hello(caps, dialect))
    assert names(events) == ["KeysNeeded", "Accepted"]
    puppet.decrypt_as(caps, block=dialect.cipher_block)
    assert isinstance(puppet.session, ClientSession)
    puppet.session.send(SetDeflate(level=3))
    (packet,) = puppet.heard()
    assert packet.encrypted
    assert puppet.session.cipher == f"AES-{mode}"


@pytest.mark.parametrize("version", ["6.0", "6.1.9", "5.0", "6.2", "6.5"])
def test_the_padding_of_the_server_is_found_whatever_its_version(version: str) -> None:
    block = 32 if version in {"6.0", "6.1.9", "5.0"} else 16
    for length in range(40):
        puppet, _ = aes_started(block=block)
        caps = puppet.caps()
        events = puppet.say("hello", server_hello(caps) | {"version": version, "pad": "x" * length})
        assert names(events) == ["KeysNeeded", "Accepted"]
        puppet.decrypt_as(caps, block=block)
        assert isinstance(puppet.session, ClientSession)
        puppet.session.send(SetDeflate(level=3))
        assert puppet.heard_names() == ["set_deflate"]


PEERS = {"6.x": (NESTED_65, "PKCS#7"), "3.1.3": (FLAT_313, "PKCS#7"), "flat, padding with spaces": (FLAT_313, "legacy")}


@pytest.mark.parametrize("peer", PEERS)
@pytest.mark.parametrize("length", [0, 7, 16, 21])
def test_each_challenge_brings_new_keys(peer: str, length: int) -> None:
    dialect, padding = PEERS[peer]
    puppet, asked = aes_started(legacy=not dialect.nested)
    seen = [asked]
    for _ in range(3):
        puppet.encrypt_for(dataclasses.replace(seen[-1], padding=padding), block=dialect.cipher_block)
        caps = puppet.caps(legacy=not dialect.nested)
        element = caps.to_wire(dialect)
        events = puppet.say("challenge", SALT, element, "hmac+sha512", "hmac+sha512", "x" * length)
        assert names(events) == ["KeysNeeded", "ChallengeReceived"]
        assert isinstance(events[1], ChallengeReceived)
        assert events[1].encrypted
        answer(puppet)
        puppet.decrypt_as(caps, block=dialect.cipher_block)
        (hello,) = puppet.heard()
        assert hello.encrypted
        seen.append(encryption_in(hello))
    assert len({caps.iv for caps in seen}) == len({caps.key_salt for caps in seen}) == 4
    puppet.encrypt_for(dataclasses.replace(seen[-1], padding=padding), block=dialect.cipher_block)
    caps = puppet.caps(legacy=not dialect.nested)
    assert names(puppet.say("hello", server_hello(caps, dialect))) == ["KeysNeeded", "Accepted"]


def test_records_that_contradict_the_version_of_the_hello_are_refused() -> None:
    outcomes = set()
    for length in range(32):
        puppet, _ = aes_started(block=32)
        events = puppet.say("hello", server_hello(puppet.caps()) | {"pad": "x" * length})
        outcomes.add(names(events)[-1])
        if names(events)[-1] == "Terminated":
            assert isinstance(error_of(events), CipherError)
    assert outcomes == {"Accepted", "Terminated"}, "half of the lengths look the same with both blocks"


@pytest.mark.parametrize("what", ["hello", "challenge", "strange"])
@pytest.mark.parametrize("with_caps", [False, True])
def test_a_server_that_stays_clear_is_refused_and_nothing_of_it_is_used(what: str, with_caps: bool) -> None:
    puppet = started(make_client(aes="CBC"))
    puppet.heard()
    caps = puppet.caps() if with_caps else None
    events = challenge(puppet, caps) if what == "challenge" else puppet.say(what, server_hello(caps))
    assert names(events) == ["Terminated"]
    error = error_of(events)
    assert isinstance(error, EncryptionRequired)
    assert error.exit_code is ExitCode.SERVER_STAYS_CLEAR
    assert "6.4 to 6.5.5" in error.hint
    assert puppet.heard() == []


@pytest.mark.parametrize("what", ["hello", "challenge"])
def test_an_encrypted_answer_that_ends_the_encryption_is_refused(what: str) -> None:
    puppet, _ = aes_started()
    events = challenge(puppet) if what == "challenge" else puppet.say("hello", server_hello())
    assert names(events) == ["Terminated"]
    assert error_of(events).exit_code is ExitCode.SERVER_STAYS_CLEAR


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("encryption key is missing", ExitCode.SERVER_REFUSES_ENCRYPTION),
        ("the server does not support encryption on this connection", ExitCode.SERVER_REFUSES_ENCRYPTION),
        ("unsupported cipher", ExitCode.SERVER_REFUSES_ENCRYPTION),
        ("server shutdown", ExitCode.SERVER_REFUSES_ENCRYPTION),
        ("login timeout", ExitCode.TIMEOUT),
        ("version error", ExitCode.INCOMPATIBLE_VERSION),
    ],
)
def test_a_clear_goodbye_to_an_encrypted_hello_is_shown_and_still_refused(reason: str, code: ExitCode) -> None:
    events = started(make_client(aes="CBC")).say("disconnect", reason)
    assert names(events) == ["Terminated"]
    assert error_of(events).exit_code is code
    assert reason in str(error_of(events))
    assert error_of(events).hint
    assert not ended(events).retry_legacy


def test_a_clear_record_that_makes_no_sense_is_refused_like_one_that_does() -> None:
    for record in (b"P\x10\0\0\0\0\0\4junk", b"P\x10\0\0\0\2\0\0"):
        events = started(make_client(aes="CBC")).feed(record)
        assert error_of(events).exit_code is ExitCode.SERVER_STAYS_CLEAR


@pytest.mark.parametrize(
    "items", [["disconnect", "server shutdown"], ["bell", 0, 0, 0, 0, 0, 0, 0, ""], ["disconnect"]]
)
@pytest.mark.parametrize("challenges", [0, 1])
def test_a_clear_record_after_the_switch_ends_the_connection_and_is_not_delivered(
    items: list[Wire], challenges: int
) -> None:
    puppet, _ = aes_started()
    if challenges:
        challenge(puppet, puppet.caps())
        answer(puppet)
    else:
        puppet.say("hello", server_hello(puppet.caps()))
    puppet.writer.set_encryptor(None)
    events = puppet.say(*items)
    assert names(events) == ["Terminated"]
    error = error_of(events)
    assert isinstance(error, ClearRecordError)
    assert error.exit_code is ExitCode.CLEAR_RECORD


@pytest.mark.parametrize("mode", ["CBC", "CTR"])
@pytest.mark.parametrize("what", ["hello", "challenge"])
def test_a_server_with_another_key_is_told_so(mode: str, what: str) -> None:
    puppet, caps = aes_started(mode=mode)
    puppet.encrypt_for(caps, key=OTHER_KEY)
    events = challenge(puppet, puppet.caps()) if what == "challenge" else puppet.say("hello", server_hello())
    assert names(events) == ["Terminated"]
    error = error_of(events)
    assert isinstance(error, CipherError)
    assert error.exit_code is ExitCode.WRONG_KEY
    assert puppet.heard() == []


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"mode": "CTR"}, EncryptionRequired),
        ({"cipher": "DES"}, EncryptionRequired),
        ({"key_stretch_iterations": 100_001}, LimitExceeded),
        ({"key_stretch_iterations": 999}, LimitExceeded),
        ({"key_size": 8}, LimitExceeded),
        ({"padding": "none"}, RemoteProtocolError),
    ],
)
@pytest.mark.parametrize("what", ["hello", "challenge"])
def test_encryption_other_than_asked_for_is_refused(changes: dict[str, Any], error: type[Exception], what: str) -> None:
    puppet, _ = aes_started()
    caps = dataclasses.replace(puppet.caps(), **changes)
    puppet.heard()
    events = challenge(puppet, caps) if what == "challenge" else puppet.say("hello", server_hello(caps))
    assert names(events) == ["Terminated"]
    assert isinstance(error_of(events), error)
    assert puppet.heard() == []


def test_a_server_that_proved_its_key_may_ask_for_more_iterations() -> None:
    puppet, _ = aes_started()
    caps = dataclasses.replace(puppet.caps(), key_stretch_iterations=100_000)
    assert names(puppet.say("hello", server_hello(caps))) == ["KeysNeeded", "Accepted"]


def test_damage_later_on_is_answered_only_where_the_server_can_read_it() -> None:
    puppet, _ = aes_started()
    caps = puppet.caps()
    challenge(puppet, caps)
    answer(puppet)
    puppet.decrypt_as(caps)
    puppet.heard()
    assert isinstance(error_of(puppet.feed(b"P\x12\0\0\0\0\0\x0f" + bytes(16))), CipherError)
    assert puppet.heard() == []
    puppet, _ = aes_started()
    caps = puppet.caps()
    puppet.say("hello", server_hello(caps))
    puppet.decrypt_as(caps)
    assert isinstance(error_of(puppet.feed(b"P\x12\0\0\0\0\0\x0f" + bytes(16))), CipherError)
    (packet,) = puppet.heard()
    assert (packet.encrypted, packet.items) == (True, ["disconnect", "protocol error"])


def test_without_key_material_nothing_is_sent() -> None:
    client = make_client(aes="CBC")
    client.start(0.0)
    drain(client)
    client.keys_failed(ConfigError("no key file"))
    assert client.data_to_send() == []
    assert str(error_of(drain(client))) == "no key file"


# -- anything -----------------------------------------------------------------------------------------------------

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
_NAMES = st.sampled_from([*SERVER_FORMS, "hello", "challenge", "disconnect", "ssl-upgrade", "x", 1, b"\xff"])
_CAPS = st.fixed_dictionaries(
    {}, optional={"encryption": _VALUES, "version": _VALUES, "lz4": _VALUES, "windows": _VALUES}
)
_MESSAGES = st.lists(
    st.tuples(_NAMES, st.lists(_VALUES, max_size=4)).map(lambda pair: [pair[0], *pair[1]])
    | _CAPS.map(lambda caps: ["hello", server_hello() | caps])
    | st.just(["challenge", SALT, "", "hmac+sha512", "hmac+sha512", "password"]),
    max_size=6,
)


class Watched(ClientSession):
    """Notes every state on the way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self.path: list[State] = []
        super().__init__(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "_state":
            self.path.append(value)
        super().__setattr__(name, value)


def watched(like: ClientSession) -> Watched:
    return Watched(like._hello, like._policy, entropy=counting_entropy(), request=like._request)


def assert_only_listed_transitions(path: list[State]) -> None:
    assert path[0] is State.IDLE
    for before, after in itertools.pairwise(path):
        assert after is before is State.CLOSED or after in TRANSITIONS[before], (before, after)


def play_owner(puppet: Puppet, events: list[Event]) -> None:
    while events:
        if isinstance(events.pop(0), ChallengeReceived):
            answer(puppet)
            events += puppet.pump()


@given(
    messages=_MESSAGES,
    aes=st.sampled_from([None, "CBC", "CTR"]),
    encrypted=st.booleans(),
    legacy=st.booleans(),
    cut=st.integers(1, 400),
    request=st.sampled_from(["", "screenshot", "info"]),
)
def test_any_order_of_packets_reaches_only_listed_states_and_never_raises(
    messages: list[list[Any]], aes: str | None, encrypted: bool, legacy: bool, cut: int, request: str
) -> None:
    session = watched(make_client(aes=aes, legacy=legacy, request=request))
    puppet = started(session, serializer="rencode" if legacy else "rencodeplus")
    if aes and encrypted:
        puppet.encrypt_for(encryption_in(puppet.heard()[0]), block=32 if legacy else 16)
    for items in messages:
        try:
            data = puppet.record(*items)
        except (LocalProtocolError, TypeError, ValueError):
            # what this serializer cannot write, nobody sends with it
            continue
        for start in range(0, len(data), cut):
            play_owner(puppet, puppet.feed(data[start : start + cut]))
    session.handle_timeout(1e6)
    session.receive_eof(1e6, clean=True)
    assert_only_listed_transitions(session.path)
    assert session.closing
    assert names(puppet.pump() or puppet.events)[-1] == "Terminated"


@given(
    data=st.binary(max_size=200),
    magic=st.sampled_from([b"", b"P", b"P\x12\0\0\0\0\0\x10"]),
    aes=st.sampled_from([None, "CBC", "CTR"]),
)
def test_garbage_never_raises(data: bytes, magic: bytes, aes: str | None) -> None:
    session = watched(make_client(aes=aes))
    puppet = started(session)
    puppet.feed(magic + data)
    session.receive_eof(0.0, clean=True)
    puppet.pump()
    assert names(puppet.events).count("Terminated") == 1
    assert_only_listed_transitions(session.path)


@given(
    cuts=st.lists(st.integers(0, 3000), max_size=12),
    aes=st.sampled_from([None, "CBC", "CTR"]),
    legacy=st.booleans(),
    text_line=st.booleans(),
)
def test_any_slicing_of_a_server_gives_the_same_events_and_the_same_bytes(
    cuts: list[int], aes: str | None, legacy: bool, text_line: bool
) -> None:
    dialect = FLAT_313 if legacy else NESTED_65

    def talk(points: list[int]) -> tuple[list[Event], bytes]:
        puppet = started(make_client(aes=aes, legacy=legacy), serializer=dialect.serializer)
        (hello,) = puppet.heard()
        caps = None
        if aes:
            puppet.encrypt_for(encryption_in(hello), block=dialect.cipher_block)
            strength = Strength.LEGACY if legacy else Strength.MODERN
            caps = encryption.fresh_caps(counting_entropy(7), mode=aes, strength=strength)
        data = b"".join(
            (
                puppet.record("hello", server_hello(caps, dialect)),
                puppet.record("ping", 77, 0, "sid"),
                puppet.record("no-such-packet"),
                puppet.record("ping"),
                puppet.record("disconnect", "server shutdown"),
            )
        )
        if text_line:
            data = b"disconnect: no\n" + data
        edges = sorted({0, len(data), *(min(point, len(data)) for point in points)})
        for start, end in itertools.pairwise(edges):
            play_owner(puppet, puppet.feed(data[start:end]))
        return (
            [dataclasses.replace(event, error=None) if hasattr(event, "error") else event for event in puppet.events],
            b"".join(map(bytes, puppet.session.data_to_send())),
        )

    assert talk(cuts) == talk([])


@pytest.mark.parametrize(("clean", "code"), [(True, ExitCode.CONNECTION_FAILED), (False, ExitCode.TRUNCATED)])
def test_a_stream_cut_before_any_answer_is_told_from_one_that_was_closed(clean: bool, code: ExitCode) -> None:
    puppet = started()
    puppet.session.receive_eof(1.0, clean=clean)
    events = puppet.pump()
    assert names(events) == ["Terminated"]
    assert error_of(events).exit_code is code


def test_a_version_that_a_stock_server_tells_in_clear_is_refused_with_the_way_out() -> None:
    puppet = started(make_client(aes="CBC", request="version"))
    # asking made the keys, and nothing but them decrypts what comes
    (hello,) = puppet.heard()
    assert not hello.encrypted
    error = error_of(puppet.say("hello", {"version": "3.1.3"}))
    assert error.exit_code is ExitCode.SERVER_STAYS_CLEAR
    assert "'version' in clear" in error.hint
