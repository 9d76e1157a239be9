"""What stock servers really sent, against our client."""

from __future__ import annotations

import pytest

from limpet.errors import CipherError, ExitCode, PacketError
from limpet.packets.draw import Draw
from limpet.packets.handshake import StartupComplete
from limpet.packets.requests import request_caps
from limpet.packets.window import NewWindow
from limpet.session.events import Accepted, InvalidPacket, PacketReceived, UnknownPacket
from tests.session.actors import OTHER_KEY, ended, error_of, names
from tests.transcripts.replaying import CAPTURES, RECORDED, ClientReplay, Recording, recordings

OURS = [each for each in recordings(RECORDED) if "s-limpet-" in each.name]
ONE_SHOT = ("text", "version", "info", "ignored")
SESSIONS = [each for each in OURS if not each.name.endswith(ONE_SHOT)]
"""our client in a session of a stock server"""
STOCK = [each for each in recordings(CAPTURES) if each.name.endswith("-session")]
"""a stock client there"""


def mode_of(recording: Recording) -> str | None:
    if "aes" not in recording.name or "missing" in recording.name:
        return None
    return "CTR" if "ctr" in recording.name else "CBC"


def client_for(recording: Recording, **changes: object) -> ClientReplay:
    legacy = recording.name.startswith("313s") and not recording.name.endswith("text")
    return ClientReplay(recording, mode=mode_of(recording), legacy=legacy, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("recording", SESSIONS, ids=str)
def test_stock_servers_let_us_in_and_show_their_windows(recording: Recording) -> None:
    events = client_for(recording).run().events
    aes, auth = mode_of(recording) is not None, "auth" in recording.name
    expected = (["KeysNeeded"] * aes + ["ChallengeReceived"]) * auth + ["KeysNeeded"] * aes + ["Accepted"]
    expected = ["KeysNeeded"] * aes + expected
    assert names(events)[: len(expected)] == expected
    (accepted,) = (event for event in events if isinstance(event, Accepted))
    assert accepted.cipher == (f"AES-{mode_of(recording)}" if aes else "")
    assert accepted.dialect.nested is (not recording.name.startswith("313s"))
    packets = [event.packet for event in events if isinstance(event, PacketReceived)]
    for kind in (NewWindow, StartupComplete, Draw):
        assert any(isinstance(packet, kind) for packet in packets), kind
    assert [event for event in events if isinstance(event, (InvalidPacket, UnknownPacket))] == []
    assert ended(events).reason == "client request"
    assert ended(events).error is None


@pytest.mark.parametrize("recording", SESSIONS, ids=str)
@pytest.mark.parametrize("step", [1, 1000])
def test_slicing_changes_nothing(recording: Recording, step: int) -> None:
    whole, sliced = client_for(recording).run(), client_for(recording).run(step)
    assert names(sliced.events) == names(whole.events)
    received = [event for event in whole.events if isinstance(event, PacketReceived)]
    assert [event for event in sliced.events if isinstance(event, PacketReceived)] == received


@pytest.mark.parametrize("recording", [each for each in SESSIONS + STOCK if "aes" in each.name], ids=str)
def test_with_another_key_the_first_answer_is_the_last(recording: Recording) -> None:
    events = client_for(recording, key=OTHER_KEY).run().events
    assert names(events) == ["KeysNeeded", "Terminated"]
    assert error_of(events).exit_code is ExitCode.WRONG_KEY


@pytest.mark.parametrize("recording", STOCK, ids=str)
def test_what_a_stock_client_was_sent_decrypts(recording: Recording) -> None:
    """Such servers use the aliases that their client announced, from their hello on; we announce none."""
    events = client_for(recording).run().events
    assert ("ChallengeReceived" in names(events)) == ("auth" in recording.name)
    error = error_of(events)
    assert isinstance(error, PacketError)
    assert not isinstance(error, CipherError)
    assert str(error) == "unknown alias 1"


@pytest.mark.parametrize(
    ("name", "request_name"),
    [
        ("313s-313c-plain-version", "version"),
        ("313s-313c-plain-id", "id"),
        ("313s-313c-plain-control", "command"),
        ("625s-625c-plain-version", "version"),
        ("655s-655c-plain-version", "version"),
        ("655s-655c-plain-id", "id"),
        ("655s-655c-plain-control", "command"),
        ("313s-limpet-aes-info", "info"),
        ("625s-limpet-aes-info", "info"),
    ],
)
def test_answers_to_requests_are_taken(name: str, request_name: str) -> None:
    folder = RECORDED if "limpet" in name else CAPTURES
    replay = client_for(Recording(folder, name), request=request_caps(request_name)).run()
    (accepted,) = (event for event in replay.events if isinstance(event, Accepted))
    assert accepted.caps
    assert accepted.cipher == ("AES-CBC" if "aes" in name else "")


@pytest.mark.parametrize(
    ("name", "request_name", "reason"),
    [("313s-313c-plain-detach", "detach", "done"), ("655s-655c-plain-stop", "stop", "server shutdown")],
)
def test_requests_answered_by_a_goodbye_end_in_order(name: str, request_name: str, reason: str) -> None:
    end = ended(client_for(Recording(CAPTURES, name), request=request_caps(request_name)).run().events)
    assert (end.error, end.reason) == (None, reason)


REFUSED = {
    "313s-313c-aes-missing": ExitCode.SERVER_REQUIRES_ENCRYPTION,
    "625s-625c-aes-missing": ExitCode.SERVER_REQUIRES_ENCRYPTION,
    "313s-313c-aes-unexpected": ExitCode.SERVER_REFUSES_ENCRYPTION,
    "625s-625c-aes-unexpected": ExitCode.SERVER_REFUSES_ENCRYPTION,
    "313s-limpet-aes-version": ExitCode.SERVER_STAYS_CLEAR,
    "625s-limpet-aes-version": ExitCode.SERVER_STAYS_CLEAR,
    "655s-limpet-aes-ignored": ExitCode.TIMEOUT,
    "313s-313c-auth-wrong": ExitCode.AUTHENTICATION_FAILED,
    "655s-655c-auth-wrong": ExitCode.AUTHENTICATION_FAILED,
    "625s-625c-auth-two": ExitCode.AUTHENTICATION_FAILED,
    "313s-313c-plain-pe-yaml": ExitCode.CONNECTION_FAILED,
    "313s-limpet-text": ExitCode.CONNECTION_FAILED,
}


@pytest.mark.parametrize("name", REFUSED)
def test_refusals_of_stock_servers_have_their_codes(name: str) -> None:
    folder = RECORDED if "limpet" in name else CAPTURES
    request = request_caps("version") if name.endswith("version") else None
    events = client_for(Recording(folder, name), request=request).run().events
    assert error_of(events).exit_code is REFUSED[name]
    assert not any(isinstance(event, (Accepted, PacketReceived)) for event in events)


def test_the_text_of_3_1_3_asks_for_its_own_spelling() -> None:
    end = ended(client_for(Recording(RECORDED, "313s-limpet-text")).run().events)
    assert end.retry_legacy
    assert end.reason == "disconnect: failed to parse bencode packet"
