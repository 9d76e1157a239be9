"""Commands of a client to the session."""

from __future__ import annotations

from typing import Any

import pytest

from limpet.packets.control import ConnectionData, ExitServer, Resume, SetDeflate, ShutdownServer, StartCommand, Suspend
from limpet.packets.info import InfoRequest, InfoResponse, Logging
from limpet.packets.schema import Packet
from limpet.server.features.control import ControlFeature
from tests.server.features.stage import Stage


@pytest.mark.parametrize(
    ("packet", "done"),
    [
        (StartCommand(name="n", command=("xterm", "-T", "a"), ignore=True), (("xterm", "-T", "a"), "", False)),
        (StartCommand(name="n", command="xterm -T a", ignore=False), (None, "xterm -T a", True)),
        (ShutdownServer(), False),
        (ExitServer(), True),
    ],
)
def test_orders_go_to_the_server(packet: Packet, done: Any) -> None:
    stage = Stage(ControlFeature)
    stage.give(packet)
    assert stage.control.done == [done]


def test_the_state_is_told() -> None:
    stage = Stage(ControlFeature)
    stage.give(InfoRequest())
    assert stage.took() == [InfoResponse(info={"server": {"mode": "limpet"}})]


def test_a_line_for_our_log_cannot_forge_another() -> None:
    stage = Stage(ControlFeature)
    stage.give(Logging(level=20, message="broken\npipe\x1b[31m" + "x" * 2000))
    assert stage.logged[0].startswith("client: broken pipe [31mx")
    assert len(stage.logged[0]) <= 1010


@pytest.mark.parametrize("packet", [Suspend(), Resume(), SetDeflate(level=3), ConnectionData(data={})], ids=repr)
def test_what_needs_nothing_done_does_nothing(packet: Packet) -> None:
    stage = Stage(ControlFeature)
    stage.feature.start()
    stage.give(packet)
    stage.feature.writable()
    stage.feature.stop()
    assert stage.took() == []
    assert stage.calls == []
    assert stage.control.done == []
