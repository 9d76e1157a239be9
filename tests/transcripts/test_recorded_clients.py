"""What stock clients really sent, against our server: logins, keys and packets as on the day of the recording."""

from __future__ import annotations

import pytest

from limpet.errors import (
    AuthenticationFailed,
    CipherError,
    ConnectionClosed,
    EncryptionRequired,
    PacketError,
    SerializerError,
)
from limpet.packets.draw import Draw
from limpet.packets.handshake import Disconnect
from limpet.packets.window_client import DrawAck, MapWindow
from limpet.session.encryption import AesPolicy
from limpet.session.events import EarlyRequest, InvalidPacket, LoginPassed, PacketReceived, UnknownPacket
from tests.session.actors import OTHER_KEY, ended, error_of, names
from tests.transcripts.replaying import (
    CAPTURES,
    RECORDED,
    Recording,
    ServerReplay,
    password_module,
    recordings,
)

OURS = [recording for recording in recordings(RECORDED) if recording.name.startswith("limpet-")]
"""stock clients in a session of our server"""
STOCK = [recording for recording in recordings(CAPTURES) if recording.name.endswith("-session")]
"""stock clients in a session of a stock server"""
DEMANDED = AesPolicy(None, required=True)


def server_for(recording: Recording, password: str = "thepassword", **changes: object) -> ServerReplay:
    modules = [password_module(password)] if "auth" in recording.name else []
    aes = DEMANDED if "aes" in recording.name else None
    return ServerReplay(recording, aes=aes, modules=modules, **changes)  # type: ignore[arg-type]


def login_of(recording: Recording) -> list[str]:
    """The events up to the login, as the name of the recording lets expect."""
    aes, auth = "aes" in recording.name, "auth" in recording.name
    first = ["KeysNeeded"] * aes + ["LoginRequested"]
    return first + (["KeysNeeded"] * aes + ["CheckNeeded"]) * auth + ["LoginPassed"]


@pytest.mark.parametrize("recording", OURS + STOCK, ids=str)
def test_stock_clients_log_in(recording: Recording) -> None:
    replay = server_for(recording).run()
    expected = login_of(recording)
    assert names(replay.events)[: len(expected)] == expected
    mode = "CTR" if "ctr" in recording.name else "CBC"
    assert replay.session.cipher == (f"AES-{mode}" if "aes" in recording.name else "")
    assert replay.session.dialect.nested is ("313" not in recording.name)
    assert replay.session.dialect.cipher_block == (32 if "313" in recording.name else 16)


@pytest.mark.parametrize("recording", OURS, ids=str)
def test_every_packet_of_their_session_is_known_and_well_formed(recording: Recording) -> None:
    events = server_for(recording).run().events
    assert [event for event in events if isinstance(event, (InvalidPacket, UnknownPacket))] == []
    packets = [event.packet for event in events if isinstance(event, PacketReceived)]
    assert any(isinstance(packet, MapWindow) for packet in packets)
    assert any(isinstance(packet, DrawAck) and packet.decode_us >= 0 for packet in packets)
    assert not any(isinstance(packet, (Draw, Disconnect)) for packet in packets)
    end = ended(events)
    assert end.by_peer
    assert end.error is None or isinstance(end.error, ConnectionClosed)


@pytest.mark.parametrize("recording", OURS, ids=str)
@pytest.mark.parametrize("step", [1, 1000])
def test_slicing_changes_nothing(recording: Recording, step: int) -> None:
    whole, sliced = server_for(recording).run(), server_for(recording).run(step)
    assert names(sliced.events) == names(whole.events)
    received = [event for event in whole.events if isinstance(event, PacketReceived)]
    assert [event for event in sliced.events if isinstance(event, PacketReceived)] == received


@pytest.mark.parametrize("recording", STOCK, ids=str)
def test_what_a_stock_server_was_sent_decrypts_to_the_end(recording: Recording) -> None:
    """3.1.3 uses the aliases that its server announced, which we announce none of; that is no cipher error."""
    events = server_for(recording).run().events
    assert any(isinstance(event, PacketReceived) for event in events)
    error = ended(events).error
    assert not isinstance(error, CipherError)
    if isinstance(error, PacketError):
        assert str(error).startswith("unknown alias ")
    aliases = [event.detail for event in events if isinstance(event, InvalidPacket)]
    assert all(detail.startswith("unknown alias ") for detail in aliases)


@pytest.mark.parametrize("recording", [each for each in OURS + STOCK if "auth" in each.name], ids=str)
def test_another_password_lets_none_of_them_in(recording: Recording) -> None:
    events = server_for(recording, "another").run().events
    assert isinstance(error_of(events), AuthenticationFailed)
    assert not any(isinstance(event, (LoginPassed, PacketReceived)) for event in events)


@pytest.mark.parametrize("recording", [each for each in OURS + STOCK if "aes" in each.name], ids=str)
def test_with_another_key_nothing_of_them_is_understood(recording: Recording) -> None:
    """The first hello is in clear; a client whose key is another never reads our answer, and we never read its next."""
    events = server_for(recording, key=OTHER_KEY).run().events
    assert isinstance(error_of(events), CipherError)
    assert not any(isinstance(event, PacketReceived) for event in events)


@pytest.mark.parametrize("recording", [each for each in OURS + STOCK if "aes" not in each.name], ids=str)
def test_where_aes_is_demanded_none_gets_in_without(recording: Recording) -> None:
    events = ServerReplay(recording, aes=DEMANDED, modules=[]).run().events
    assert names(events) == ["Terminated"]
    assert isinstance(error_of(events), EncryptionRequired)


REQUESTS = {
    "313s-313c-plain-version": "version",
    "625s-625c-plain-version": "version",
    "655s-655c-plain-version": "version",
    "313s-313c-plain-id": "id",
    "655s-655c-plain-id": "id",
    "313s-313c-plain-control": "command",
    "655s-655c-plain-control": "command",
    "313s-313c-plain-detach": "detach",
    "313s-313c-plain-stop": "stop",
    "655s-655c-plain-stop": "stop",
}


@pytest.mark.parametrize("name", REQUESTS)
def test_requests_of_stock_clients_are_understood(name: str) -> None:
    events = ServerReplay(Recording(CAPTURES, name), aes=None, modules=[]).run().events
    requests = [event.request for event in events if isinstance(event, (EarlyRequest, LoginPassed))]
    assert [request.mode.name for request in requests if request is not None] == [REQUESTS[name]]
    assert any(isinstance(event, EarlyRequest) for event in events) == (REQUESTS[name] == "version")


@pytest.mark.parametrize("name", [name for name, request in REQUESTS.items() if request != "version"])
def test_requests_that_tell_or_do_something_wait_for_the_login(name: str) -> None:
    events = ServerReplay(Recording(CAPTURES, name), aes=None, modules=[password_module()]).run().events
    assert names(events)[0] == "LoginRequested"
    assert not any(isinstance(event, LoginPassed) for event in events)


REFUSED = {
    "313s-313c-aes-missing": (DEMANDED, EncryptionRequired),
    "625s-625c-aes-missing": (DEMANDED, EncryptionRequired),
    "313s-313c-aes-unexpected": (None, EncryptionRequired),
    "625s-625c-aes-unexpected": (None, EncryptionRequired),
    "625s-625c-auth-aes": (None, EncryptionRequired),
    "313s-313c-auth-wrong": (None, AuthenticationFailed),
    "655s-655c-auth-wrong": (None, AuthenticationFailed),
    "313s-313c-auth-xor": (None, AuthenticationFailed),
    "655s-655c-auth-xor": (None, AuthenticationFailed),
    "313s-313c-plain-pe-yaml": (None, SerializerError),
}


@pytest.mark.parametrize("name", REFUSED)
def test_stock_clients_that_must_not_get_in_do_not(name: str) -> None:
    aes, error = REFUSED[name]
    modules = [password_module()] if "auth" in name else []
    events = ServerReplay(Recording(CAPTURES, name), aes=aes, modules=modules).run().events
    assert isinstance(error_of(events), error)
    assert not any(isinstance(event, (LoginPassed, PacketReceived)) for event in events)
