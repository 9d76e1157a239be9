from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import NESTED_65
from limpet.packets.info import InfoRequest, InfoResponse, Logging, ServerEvent
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, WindowId


def decode(*items: Any, side: Side = Side.CLIENT) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_info_requests_of_any_length() -> None:
    assert decode("info-request") == InfoRequest()
    assert decode("info-request", [b"id"], [1], ["network"]) == InfoRequest(
        uuids=("id",),
        window_ids=(WindowId(1),),
        categories=("network",),
    )
    assert decode("info-response", {b"server": {b"a": 1}}, side=Side.SERVER) == InfoResponse(info={"server": {b"a": 1}})


def test_log_lines_of_text_bytes_and_parts() -> None:
    """traps.md 78."""
    line = Logging(level=20, message="a b", time_ms=5)
    for name in ("logging", "logging-event"):
        for message in ("a b", b"a b", ["a", b"b"]):
            assert decode(name, 20, message, 5) == line
    assert decode("logging", 20, "a b") == Logging(level=20, message="a b")
    assert packets.encode(line, NESTED_65)[0] == ["logging", 20, "a b", 5]
    for wrong in ([20], [], [20, 5], ["20", "a"], [20, [5]]):
        with pytest.raises(PacketError, match="logging"):
            decode("logging", *wrong)


def test_server_events() -> None:
    event = ServerEvent(name="startup-complete", arguments=("id", "5"))
    for name in ("server-event", "events"):
        assert decode(name, b"startup-complete", b"id", 5, side=Side.SERVER) == event
    assert packets.encode(ServerEvent(name="handshake-complete"), NESTED_65)[0] == [
        "server-event",
        "handshake-complete",
    ]
    with pytest.raises(PacketError, match="server-event"):
        decode("server-event", side=Side.SERVER)
