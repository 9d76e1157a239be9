from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.control import (
    MAX_WORDS,
    ControlCommand,
    ControlRequest,
    ExitServer,
    Resume,
    SetDeflate,
    ShutdownServer,
    StartCommand,
    Suspend,
)
from limpet.packets.dialect import NESTED_65
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Phase
from limpet.values import Side


def decode(*items: Any, side: Side = Side.CLIENT) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_a_command_is_a_line_or_words() -> None:
    assert decode("start-command", "t", b"xterm -e top", True) == StartCommand(
        name="t", command="xterm -e top", ignore=True
    )
    assert decode("command-start", "t", [b"xterm", "-e", 5]) == StartCommand(name="t", command=("xterm", "-e", "5"))
    for wrong in (None, 5, {}, [None], [2**70], ["x"] * (MAX_WORDS + 1)):
        with pytest.raises(PacketError, match="start-command: command"):
            decode("start-command", "t", wrong)


def test_control_commands_in_both_directions() -> None:
    assert decode("control", b"debug", 5, side=Side.SERVER) == ControlCommand(command="debug", arguments=("5",))
    assert packets.encode(ControlCommand(command="a", arguments=("b",)), NESTED_65)[0] == ["control", "a", "b"]
    for name in ("control-request", "command_request"):
        assert decode(name, "a", "b", "c") == ControlRequest(command="a", arguments=("b", "c"))
        with pytest.raises(PacketError, match=name):
            decode(name)


def test_ending_the_server() -> None:
    """session-packets.md 6.1: the modern `shutdown-server` with True leaves the display."""
    assert decode("shutdown-server") == ShutdownServer()
    assert decode("shutdown-server", True, "done") == ShutdownServer(keep_display=True, reason="done")
    assert decode("exit-server") == ExitServer()
    assert packets.encode(ShutdownServer(), NESTED_65)[0] == ["shutdown-server"]
    assert packets.encode(ExitServer(), NESTED_65)[0] == ["exit-server"]


@pytest.mark.parametrize(
    ("name", "effect"),
    [
        ("shutdown-server", Effect.STOP),
        ("exit-server", Effect.STOP),
        ("start-command", Effect.START),
        ("command-signal", Effect.CONTROL),
        ("control-request", Effect.CONTROL),
        ("window-signal", Effect.CONTROL),
        ("info-request", Effect.INFO),
        ("pointer-position", Effect.INPUT),
        ("key-action", Effect.INPUT),
        ("clipboard-token", Effect.CLIPBOARD),
        ("send-file", Effect.FILE),
        ("configure-window", Effect.WINDOW),
        ("buffer-refresh", Effect.VIEW),
        ("damage-sequence", Effect.NONE),
    ],
)
def test_effects_that_permissions_rest_on(name: str, effect: Effect) -> None:
    (cls,) = {codec.cls for side, codec in packets.forms() if side is Side.CLIENT and codec.form.name == name}
    assert cls.effect is effect


def test_suspend_and_resume() -> None:
    assert decode("suspend", True, [1, 2]) == Suspend(window_ids=(1, 2))  # type: ignore[arg-type]
    assert decode("resume") == Resume()


def test_the_compression_level_of_313() -> None:
    assert decode("set_deflate", 1, side=Side.SERVER) == SetDeflate(level=1)
    with pytest.raises(PacketError):
        decode("set_deflate", -1)
