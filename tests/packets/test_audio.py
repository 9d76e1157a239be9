from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.audio import SoundControl, SoundData
from limpet.packets.dialect import NESTED_65
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side


def decode(*items: Any) -> Any:
    return packets.decode(Side.CLIENT, Phase.SESSION, items)


def test_the_start_of_a_stream() -> None:
    """session-packets.md 6.12."""
    assert decode("sound-data", b"opus", b"", {b"start-of-stream": True}) == SoundData(
        codec="opus", data=b"", metadata={"start-of-stream": True}
    )


def test_commands_with_arguments_of_any_type() -> None:
    packet = SoundControl(command="sync", arguments=(5,))
    for name in ("sound-control", "audio-control"):
        assert decode(name, b"sync", 5) == packet
        with pytest.raises(PacketError, match=name):
            decode(name)
    assert packets.encode(packet, NESTED_65)[0] == ["sound-control", "sync", 5]
