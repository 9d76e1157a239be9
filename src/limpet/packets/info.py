"""State, log lines and events (session-packets.md 6.15)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I64, U8, AnyWinId, TextMap, load_text
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, form
from limpet.values import Side, Wire


@packets.add
@declared
class InfoRequest(Packet):
    """Asks for the server's state, of some clients, windows or subjects, or (empty) of all."""

    sender = Side.CLIENT
    effect = Effect.INFO
    forms = (form("info-request", "uuids window_ids categories"),)

    uuids: tuple[str, ...] = ()
    window_ids: tuple[AnyWinId, ...] = ()
    categories: tuple[str, ...] = ()


@packets.add
@declared
class InfoResponse(Packet):
    """The server's state as nested dicts."""

    sender = Side.SERVER
    forms = (form("info-response", "info"),)

    info: TextMap


def _join(value: Any) -> str:
    # xpra 3.1.3 may send the parts of a message as a list
    return " ".join(map(load_text, value)) if isinstance(value, (list, tuple)) else load_text(value)


def _unpack_logging(args: Sequence[Any]) -> Mapping[str, Any]:
    values: dict[str, Any] = {"level": args[0], "message": _join(args[1])}
    if len(args) > 2:
        values["time_ms"] = args[2]
    return values


def _pack_logging(packet: "Logging", _: Dialect) -> Sequence[Wire]:
    return (packet.level, packet.message, packet.time_ms)


@packets.add
@declared
class Logging(Packet):
    """A line of the sender's log: `level` 10, 20, 30 or 40; `time_ms` since its start."""

    sender = BOTH
    effect = Effect.NONE
    forms = (
        form("logging", "level message time_ms", unpack=_unpack_logging, pack=_pack_logging),
        form("logging-event", "level message time_ms", unpack=_unpack_logging, receive=True),
    )

    level: U8
    message: str
    time_ms: I64 = 0


def _unpack_event(args: Sequence[Any]) -> Mapping[str, Any]:
    return {"name": args[0], "arguments": [str(x) if type(x) is int else load_text(x) for x in args[1:]]}


def _pack_event(packet: "ServerEvent", _: Dialect) -> Sequence[Wire]:
    return (packet.name, *packet.arguments)


@packets.add
@declared
class ServerEvent(Packet):
    """Something happened at the server: handshake-complete, startup-complete with a uuid, ..."""

    sender = Side.SERVER
    forms = (
        form("server-event", "name arguments", unpack=_unpack_event, pack=_pack_event),
        form("events", "name arguments", unpack=_unpack_event, receive=True),
    )

    name: str
    arguments: tuple[str, ...] = ()
