"""Client and server session joined: every mode, dialect and number of challenges, in any slicing."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import (
    AuthenticationFailed,
    CipherError,
    EncryptionRequired,
    ExitCode,
)
from limpet.packets.capabilities import ClientHello
from limpet.packets.control import SetDeflate
from limpet.packets.display import ShowDesktop
from limpet.packets.window import Bell, RaiseWindow
from limpet.session import client as client_module
from limpet.session import server as server_module
from limpet.session.events import Accepted, ChallengeReceived, LoginPassed, PacketReceived
from limpet.values import WindowId
from tests.session.actors import (
    OTHER_KEY,
    Meeting,
    ended,
    error_of,
    make_client,
    make_server,
    names,
    password_module,
)

MODES = (None, "CBC", "CTR")


@pytest.mark.parametrize("challenges", range(4))
@pytest.mark.parametrize("legacy", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize("mode", MODES)
def test_a_session_begins_in_every_mode_and_dialect_with_any_number_of_challenges(
    mode: str | None, legacy: bool, challenges: int
) -> None:
    meeting = Meeting(
        make_client(aes=mode, legacy=legacy),
        make_server(aes=mode),
        modules=[password_module() for _ in range(challenges)],
    ).begin()
    cipher = f"AES-{mode}" if mode else ""
    assert names(meeting.client_events) == ["ChallengeReceived"] * challenges + ["Accepted"]
    # an answer to a challenge is encrypted and so shows the key; without one, the echo of a ping does
    shown = ["KeyShown"] if mode and not challenges else []
    assert names(meeting.server_events) == ["LoginRequested", *["CheckNeeded"] * challenges, "LoginPassed", *shown]
    assert (meeting.client.cipher, meeting.server.cipher) == (cipher, cipher)
    accepted = meeting.client_events[-1]
    assert isinstance(accepted, Accepted)
    assert accepted.cipher == cipher
    assert accepted.hello.session_name == "the session"
    assert accepted.dialect.nested is not legacy
    assert meeting.server.dialect.nested is not legacy
    assert meeting.client.state is client_module.State.SESSION
    assert meeting.server.state is server_module.State.SESSION


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("legacy", [False, True], ids=["nested", "flat"])
def test_packets_flow_both_ways_after_it(mode: str | None, legacy: bool) -> None:
    meeting = Meeting(
        make_client(aes=mode, legacy=legacy), make_server(aes=mode), modules=[password_module()], step=7
    ).begin()
    for number in range(1, 40):
        meeting.server.send(RaiseWindow(window_id=WindowId(number)), flush=number % 2 == 0)
        meeting.client.send(SetDeflate(level=number % 10), flush=number % 3 == 0)
        meeting.run()
    got = [event.packet for event in meeting.client_events if isinstance(event, PacketReceived)]
    sent = [event.packet for event in meeting.server_events if isinstance(event, PacketReceived)]
    assert got == [RaiseWindow(window_id=WindowId(number)) for number in range(1, 40)]
    assert sent == [SetDeflate(level=number % 10) for number in range(1, 40)]
    assert meeting.client.bytes_received == meeting.server.bytes_sent > 0
    assert meeting.server.bytes_received == meeting.client.bytes_sent > 0


@pytest.mark.parametrize("mode", MODES)
def test_a_client_that_asks_to_be_challenged_gets_a_fake_challenge_and_then_gets_in(mode: str | None) -> None:
    meeting = Meeting(make_client(aes=mode, partial=True), make_server(aes=mode)).begin()
    assert names(meeting.client_events) == ["ChallengeReceived", "Accepted"]
    assert names(meeting.server_events) == ["LoginRequested", "LoginPassed"]


def test_what_counts_is_the_whole_hello_and_not_the_partial_one_before_it() -> None:
    hello = ClientHello(
        username="joe", digest=("hmac+sha512",), salt_digest=("hmac+sha512",), packet_types=("pointer",)
    )
    meeting = Meeting(make_client(hello=hello, partial=True), modules=[password_module()]).begin()
    passed = meeting.server_events[-1]
    assert isinstance(passed, LoginPassed)
    assert passed.hello.packet_types == ("pointer",)
    assert not passed.hello.challenge
    assert meeting.server.dialect.packet_types == {"pointer"}


@pytest.mark.parametrize("mode", MODES)
def test_a_wrong_password_is_refused_in_words_that_the_client_understands(mode: str | None) -> None:
    meeting = Meeting(
        make_client(aes=mode), make_server(aes=mode), modules=[password_module()], passwords=["wrong"]
    ).begin()
    error = error_of(meeting.client_events)
    assert isinstance(error, AuthenticationFailed)
    assert error.exit_code is ExitCode.AUTHENTICATION_FAILED
    assert isinstance(error_of(meeting.server_events), AuthenticationFailed)


def test_the_second_of_two_passwords_counts_too() -> None:
    meeting = Meeting(modules=[password_module("one"), password_module("two")], passwords=["one", "two"]).begin()
    assert names(meeting.client_events) == ["ChallengeReceived", "ChallengeReceived", "Accepted"]
    meeting = Meeting(modules=[password_module("one"), password_module("two")], passwords=["one", "one"]).begin()
    assert isinstance(error_of(meeting.client_events), AuthenticationFailed)


@pytest.mark.parametrize("legacy", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize("mode", ["CBC", "CTR"])
@pytest.mark.parametrize("challenges", [0, 1])
def test_another_key_on_one_side_ends_with_that_word(mode: str, legacy: bool, challenges: int) -> None:
    meeting = Meeting(
        make_client(aes=mode, legacy=legacy),
        make_server(aes=mode),
        modules=[password_module() for _ in range(challenges)],
    )
    meeting.client_key = OTHER_KEY
    meeting.begin()
    error = error_of(meeting.client_events)
    assert isinstance(error, CipherError)
    assert error.exit_code is ExitCode.WRONG_KEY
    assert "key" in error.hint
    assert names(meeting.client_events) == ["Terminated"]


def test_a_client_without_aes_is_refused_where_it_is_demanded() -> None:
    meeting = Meeting(make_client(), make_server(aes="CBC")).begin()
    error = error_of(meeting.client_events)
    assert isinstance(error, EncryptionRequired)
    assert error.exit_code is ExitCode.SERVER_REQUIRES_ENCRYPTION
    assert names(meeting.server_events) == ["Terminated"]
    assert isinstance(error_of(meeting.server_events), EncryptionRequired)


@pytest.mark.parametrize("legacy", [False, True], ids=["nested", "flat"])
def test_a_client_with_aes_refuses_a_server_without(legacy: bool) -> None:
    meeting = Meeting(make_client(aes="CBC", legacy=legacy), make_server()).begin()
    assert error_of(meeting.client_events).exit_code is ExitCode.SERVER_REFUSES_ENCRYPTION
    assert names(meeting.server_events) == ["Terminated"]


def test_a_client_with_another_mode_is_refused() -> None:
    meeting = Meeting(make_client(aes="CBC"), make_server(aes="CTR")).begin()
    error = error_of(meeting.client_events)
    assert isinstance(error, EncryptionRequired)
    assert error.exit_code is ExitCode.ENCRYPTION
    assert isinstance(error_of(meeting.server_events), EncryptionRequired)


@pytest.mark.parametrize("mode", ["CBC", "CTR"])
def test_a_listener_that_leaves_the_mode_open_takes_the_clients(mode: str) -> None:
    meeting = Meeting(make_client(aes=mode), make_server(aes="any")).begin()
    assert meeting.server.cipher == f"AES-{mode}"


@pytest.mark.parametrize("mode", MODES)
def test_where_tls_protects_already_aes_is_taken_and_not_demanded(mode: str | None) -> None:
    meeting = Meeting(make_client(aes=mode), make_server(aes="any", required=False, private=True)).begin()
    assert names(meeting.client_events) == ["Accepted"]
    assert meeting.server.cipher == (f"AES-{mode}" if mode else "")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("legacy", [False, True], ids=["nested", "flat"])
@pytest.mark.parametrize("request_name", ["version", "connect_test", "id", "info", "command"])
def test_a_request_is_answered_in_every_mode(mode: str | None, legacy: bool, request_name: str) -> None:
    meeting = Meeting(make_client(aes=mode, legacy=legacy, request=request_name), make_server(aes=mode)).begin()
    accepted = meeting.client_events[-1]
    assert isinstance(accepted, Accepted)
    assert accepted.caps["answer"] == 42
    meeting.client.disconnect()
    meeting.run()
    assert ended(meeting.server_events).error is None


@pytest.mark.parametrize("request_name", ["version", "connect_test"])
def test_what_is_answered_before_login_is_not_answered_before_encryption(request_name: str) -> None:
    meeting = Meeting(make_client(request=request_name), make_server(aes="CBC")).begin()
    assert names(meeting.server_events) == ["Terminated"]
    assert error_of(meeting.client_events).exit_code is ExitCode.SERVER_REQUIRES_ENCRYPTION


@pytest.mark.parametrize("request_name", ["version", "connect_test"])
def test_early_requests_need_no_login_and_all_others_do(request_name: str) -> None:
    meeting = Meeting(make_client(request=request_name), modules=[password_module()]).begin()
    assert names(meeting.server_events) == ["EarlyRequest"]
    meeting = Meeting(make_client(request="info"), modules=[password_module()], passwords=["wrong"]).begin()
    assert names(meeting.server_events) == ["LoginRequested", "CheckNeeded", "Terminated"]


@given(step=st.integers(1, 300), mode=st.sampled_from(MODES), legacy=st.booleans(), challenges=st.integers(0, 2))
def test_any_slicing_gives_the_same_conversation(step: int, mode: str | None, legacy: bool, challenges: int) -> None:
    def talk(size: int) -> tuple[list[object], list[object]]:
        meeting = Meeting(
            make_client(aes=mode, legacy=legacy),
            make_server(aes=mode),
            modules=[password_module() for _ in range(challenges)],
            step=size,
        ).begin()
        meeting.server.send(
            Bell(window_id=WindowId(3), device=0, percent=1, pitch=2, duration=3, bell_class=0, bell_id=0, bell_name="")
        )
        meeting.client.send(ShowDesktop(show=True))
        meeting.run()
        meeting.client.disconnect()
        meeting.run()
        skip = (LoginPassed,)
        client = [event for event in meeting.client_events if not isinstance(event, ChallengeReceived)]
        server = [type(event) if hasattr(event, "authenticator") else event for event in meeting.server_events]
        return (
            [dataclasses.replace(event, error=None) if hasattr(event, "error") else event for event in client],
            [event for event in server if not isinstance(event, skip)],
        )

    assert talk(step) == talk(1 << 30)
