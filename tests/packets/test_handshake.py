from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.capabilities import ClientHello, EncryptionCaps
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.handshake import Challenge, Disconnect, Hello, Ping, PingEcho, SslUpgrade, StartupComplete
from limpet.packets.registry import packets
from limpet.packets.schema import Packet, Phase
from limpet.values import Side
from tests.packets.support import vector


def from_server(*items: Any, phase: Phase = Phase.HELLO) -> Packet | None:
    return packets.decode(Side.SERVER, phase, items)


def test_challenges_of_real_servers() -> None:
    """auth.md 5.2: cipher is "" from 3.1.3 and {} from 6.5.5."""
    old, new = (from_server(*items) for items in vector("challenge.txt"))
    assert isinstance(old, Challenge)
    assert isinstance(new, Challenge)
    for challenge in (old, new):
        assert len(challenge.server_salt) >= 60
        assert challenge.cipher == {}
        assert EncryptionCaps.from_challenge(challenge.cipher) is None
        assert challenge.digest == challenge.salt_digest == "hmac+sha512"
    assert old.prompt == "password"
    assert new.prompt == "password for user 'root'"


def test_a_challenge_of_a_very_old_server() -> None:
    """auth.md 5.2, below the table."""
    challenge = from_server("challenge", b"salt", "")
    assert challenge == Challenge(server_salt=b"salt", cipher={}, digest="hmac", salt_digest="xor")


@pytest.mark.parametrize("cipher", ["AES", 5, [], None])
def test_wrong_cipher_keys_of_a_challenge_are_an_error(cipher: Any) -> None:
    with pytest.raises(PacketError, match="challenge: cipher"):
        from_server("challenge", b"salt", cipher, "hmac+sha512", "hmac+sha512", "password")


def test_a_server_cannot_be_challenged_and_a_client_not_after_login() -> None:
    assert packets.decode(Side.CLIENT, Phase.HELLO, ["challenge", b"", {}]) is None
    with pytest.raises(PacketError, match="not allowed after login"):
        from_server("challenge", b"", {}, phase=Phase.SESSION)


@pytest.mark.parametrize(("capture", "items"), vector("answers.txt"), ids=lambda x: x if isinstance(x, str) else "")
def test_first_answers_of_real_servers(capture: str, items: Any) -> None:
    """hello.md 3.7, 3.8."""
    answer = from_server(*items)
    if capture.endswith("detach"):
        assert answer == Disconnect(reason="done", extra=("0 other clients have been disconnected",))
    elif capture == "655s-655c-plain-stop":
        assert answer == Disconnect(reason="server shutdown")
    else:
        assert isinstance(answer, Hello)
        assert all(type(key) is str for key in answer.caps)


@pytest.mark.parametrize(
    ("args", "reason", "extra"),
    [
        ([], "", ()),
        (["done"], "done", ()),
        ([b"\xe9", 5, "x", None, [1]], "é", ("5", "x", "None", "[1]")),
        ([{"a": "b" * 200}], repr({"a": "b" * 200})[:80], ()),
        ([bytearray(b"a"), memoryview(b"b")], "a", ("b",)),
    ],
)
def test_a_disconnect_always_decodes(args: list[Any], reason: str, extra: tuple[str, ...]) -> None:
    for name in ("disconnect", "connection-close", b"disconnect"):
        for side in Side:
            for phase in (Phase.HELLO, Phase.SESSION):
                assert packets.decode(side, phase, [name, *args]) == Disconnect(reason=reason, extra=extra)


def test_what_we_say_at_the_end() -> None:
    packet = Disconnect(reason="server error", extra=("more", "and more"))
    assert packets.encode(packet, FLAT_313) == (["disconnect", "server error", "more", "and more"], None)


def test_keys_of_a_hello_are_text() -> None:
    for phase in (Phase.HELLO, Phase.SESSION):
        assert packets.decode(Side.CLIENT, phase, ["hello", {b"version": b"3.1.3", 5: 6}]) == Hello(
            caps={"version": b"3.1.3", "5": 6}
        )
    with pytest.raises(PacketError, match="hello: caps"):
        packets.decode(Side.CLIENT, Phase.HELLO, ["hello", []])


def test_pings_in_both_directions() -> None:
    """hello.md 3.9."""
    assert packets.decode(Side.CLIENT, Phase.SESSION, ["ping", 5]) == Ping(time_ms=5)
    assert from_server("ping", 5, 7, "id", phase=Phase.SESSION) == Ping(time_ms=5, wall_ms=7, source="id")
    items, _ = packets.encode(PingEcho(time_ms=5, load1=1), NESTED_65)
    assert items == ["ping_echo", 5, 1, 0, 0, -1, ""]
    assert len(items) >= 6
    assert packets.decode(Side.CLIENT, Phase.SESSION, ["ping-echo", 5]) == PingEcho(time_ms=5)


def test_an_upgrade_decodes_so_that_it_can_be_refused() -> None:
    assert packets.decode(Side.CLIENT, Phase.HELLO, ["ssl-upgrade", {}]) == SslUpgrade(options={})
    with pytest.raises(TypeError, match="can be sent"):
        packets.encode(SslUpgrade(options={}), NESTED_65)


def test_startup_complete_is_for_sessions() -> None:
    assert from_server(b"startup-complete", phase=Phase.SESSION) == StartupComplete()
    with pytest.raises(PacketError, match="not allowed before login"):
        from_server("startup-complete")


def test_an_answer_to_a_challenge_is_in_no_repr() -> None:
    assert "s3cret" not in repr(Hello(caps={"challenge_response": b"s3cret"}))
    assert "s3cret" not in repr(ClientHello(challenge_response=b"s3cret"))
