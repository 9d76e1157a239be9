from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.errors import PacketError
from limpet.packets.capabilities import ClientHello
from limpet.packets.requests import MODES, request_caps, requested
from limpet.packets.schema import Effect
from limpet.values import Side
from tests.packets.support import vector, wire


@pytest.mark.parametrize(("capture", "packet"), vector("requests.txt"), ids=lambda x: x if isinstance(x, str) else "")
def test_requests_of_real_clients(capture: str, packet: Any) -> None:
    """hello.md 3.7; the case names end in the request, `control` sends `command`."""
    case = capture.rsplit("-", 1)[1]
    request = requested(packet[1])
    assert request is not None
    assert request.mode.name == {"control": "command"}.get(case, case)
    if case == "control":
        assert [x.decode() if isinstance(x, bytes) else x for x in request.arguments["command_request"]] == ["hello"]  # type: ignore[union-attr]


@pytest.mark.parametrize("mode", MODES.values(), ids=list(MODES))
def test_a_request_by_name_or_by_legacy_flag(mode: Any) -> None:
    for caps in ({"request": mode.name}, {b"request": mode.name.encode()}, {mode.flag: True}, {mode.flag.encode(): 1}):
        request = requested(caps)
        assert request is not None
        assert request.mode is mode


@pytest.mark.parametrize("mode", MODES.values(), ids=list(MODES))
def test_our_requests_are_understood_by_old_and_new_servers(mode: Any) -> None:
    """traps.md 23."""
    caps = request_caps(mode.name)
    assert caps["request"] == mode.name
    assert caps[mode.flag] is True
    assert not ClientHello.from_wire(caps).wants_windows
    assert ClientHello.from_wire(caps).wants == ()
    request = requested(caps)
    assert request is not None
    assert request.mode is mode


def test_only_version_and_connect_test_are_answered_before_login() -> None:
    assert {name for name, mode in MODES.items() if mode.before_login} == {"version", "connect_test"}


def test_effects_and_who_closes() -> None:
    assert {name: mode.effect for name, mode in MODES.items()} == {
        "version": Effect.NONE,
        "connect_test": Effect.NONE,
        "id": Effect.INFO,
        "info": Effect.INFO,
        "screenshot": Effect.INFO,
        "command": Effect.CONTROL,
        "detach": Effect.CONTROL,
        "stop": Effect.STOP,
        "exit": Effect.STOP,
    }
    servers = {name for name, mode in MODES.items() if mode.closes is Side.SERVER}
    assert servers == {"version", "detach", "stop", "exit"}


@pytest.mark.parametrize("caps", [{}, {"request": ""}, {"request": None}, {"stop_request": False}, {"stop_request": 0}])
def test_an_ordinary_hello_makes_no_request(caps: Any) -> None:
    assert requested(caps) is None


@pytest.mark.parametrize("name", ["shell", "stop!", 5, b"\xff", ["stop"], "x" * 1000])
def test_an_unknown_request_is_an_error(name: Any) -> None:
    """traps.md 24."""
    with pytest.raises(PacketError):
        requested({"request": name, "stop_request": True})


def test_a_name_with_the_suffix_of_the_flag_is_understood() -> None:
    request = requested({"request": "stop_request"})
    assert request is not None
    assert request.mode.name == "stop"


def test_arguments_come_along() -> None:
    caps = request_caps("command", command_request=("hello", "world"))
    assert caps["command_request"] == ("hello", "world")
    request = requested(caps)
    assert request is not None
    assert request.arguments == {"command_request": ("hello", "world")}
    assert request_caps("version", full_version_request=True)["full-version-request"] is True
    with pytest.raises(TypeError, match="takes no speed"):
        request_caps("version", speed=1)


@given(caps=st.dictionaries(st.sampled_from(["request", *(mode.flag for mode in MODES.values())]), wire))
def test_garbage_raises_packet_error_only(caps: Any) -> None:
    try:
        request = requested(caps)
    except PacketError:
        return
    assert request is None or request.mode in MODES.values()
