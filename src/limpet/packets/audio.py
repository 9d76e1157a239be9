"""Audio (session-packets.md 6.12). Declared so that it decodes; limpet announces none."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import AnyWire, Data, TextMap
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, form
from limpet.values import Wire


@packets.add
@declared
class SoundData(Packet):
    """A piece of an audio stream; the first one has `start-of-stream` in `metadata` and no data."""

    sender = BOTH
    effect = Effect.VIEW
    forms = (
        form("sound-data", "codec data metadata packet_metadata", bulk="data"),
        form("audio-data", "codec data metadata packet_metadata", receive=True),
    )

    codec: str
    data: Data
    metadata: TextMap = field(default_factory=dict)
    packet_metadata: tuple[Data, ...] = ()


def _unpack_control(args: Sequence[Any]) -> Mapping[str, Any]:
    return {"command": args[0], "arguments": list(args[1:])}


def _pack_control(packet: "SoundControl", _: Dialect) -> Sequence[Wire]:
    return (packet.command, *packet.arguments)


@packets.add
@declared
class SoundControl(Packet):
    """start [codec], stop [sequence], fadein, fadeout, new-sequence [n], sync [delay]."""

    sender = BOTH
    effect = Effect.VIEW
    forms = (
        form("sound-control", "command arguments", unpack=_unpack_control, pack=_pack_control),
        form("audio-control", "command arguments", unpack=_unpack_control, receive=True),
    )

    command: str
    arguments: tuple[AnyWire, ...] = ()
