"""Commands, sharing, suspending, ending the session (session-packets.md 6.15)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, TypeAlias

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import U8, U64, AnyWinId, Codec, TextMap, load_text
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, form
from limpet.values import Side, Wire

MAX_WORDS = 1024
"""Most words of a command."""


def _words(values: Sequence[Any]) -> list[str]:
    if len(values) > MAX_WORDS:
        raise ValueError("too many words")
    # control commands take numbers as well
    return [str(x) if type(x) is int and abs(x) < 2**64 else load_text(x) for x in values]


Command: TypeAlias = str | tuple[str, ...]


def _load_command(value: Any) -> Command:
    return tuple(_words(value)) if isinstance(value, (list, tuple)) else load_text(value)


@packets.add
@declared
class StartCommand(Packet):
    """Starts a program in the session. `command`: a line or a list of words; `ignore`: not counted as a child."""

    sender = Side.CLIENT
    effect = Effect.START
    forms = (
        form("start-command", "name command ignore sharing"),
        form("command-start", "name command ignore sharing", receive=True),
    )

    name: str
    command: Annotated[Command, Codec(_load_command)]
    ignore: bool = False
    sharing: bool = False


@packets.add
@declared
class CommandSignal(Packet):
    """Sends a signal by name to a program that the server started."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (form("command-signal", "pid signal"),)

    pid: U64
    signal: str


def _unpack_words(args: Sequence[Any]) -> Mapping[str, Any]:
    words = _words(args)
    return {"command": words[0], "arguments": words[1:]}


def _pack_control(packet: "ControlCommand", _: Dialect) -> Sequence[Wire]:
    return (packet.command, *packet.arguments)


@packets.add
@declared
class ControlCommand(Packet):
    """The server tells a client to do something, by name."""

    sender = Side.SERVER
    forms = (form("control", "command arguments", unpack=_unpack_words, pack=_pack_control),)

    command: str
    arguments: tuple[str, ...] = ()


def _pack_request(packet: "ControlRequest", _: Dialect) -> Sequence[Wire]:
    return (packet.command, *packet.arguments)


@packets.add
@declared
class ControlRequest(Packet):
    """A client tells the server to do something, by name."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (
        form("control-request", "command arguments", unpack=_unpack_words, pack=_pack_request),
        form("command_request", "command arguments", unpack=_unpack_words, receive=True),
    )

    command: str
    arguments: tuple[str, ...] = ()


@packets.add
@declared
class Suspend(Packet):
    """The client's screen sleeps or its user switched: drawing may stop."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("suspend", "ui window_ids"),)

    ui: bool = True
    window_ids: tuple[AnyWinId, ...] = ()


@packets.add
@declared
class Resume(Packet):
    """The client is back."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("resume", "ui window_ids"),)

    ui: bool = True
    window_ids: tuple[AnyWinId, ...] = ()


@packets.add
@declared
class ShutdownServer(Packet):
    """Ends the server; with `keep_display` (the modern packet's first argument) its X server stays."""

    sender = Side.CLIENT
    effect = Effect.STOP
    forms = (form("shutdown-server", "keep_display reason", trim=True),)

    keep_display: bool = False
    reason: str = ""


@packets.add
@declared
class ExitServer(Packet):
    """Ends the server and leaves its X server running."""

    sender = Side.CLIENT
    effect = Effect.STOP
    forms = (form("exit-server", "reason", trim=True),)

    reason: str = ""


@packets.add
@declared
class BandwidthLimit(Packet):
    """Bits per second that the client wants at most, 0: no limit."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("bandwidth-limit", "bits_per_s"),)

    bits_per_s: U64


@packets.add
@declared
class ConnectionData(Packet):
    """What the client knows of its link: type, rtt, downlink."""

    sender = Side.CLIENT
    effect = Effect.NONE
    forms = (form("connection-data", "data"), form("bandwidth-status", "data", receive=True))

    data: TextMap


@packets.add
@declared
class SharingToggle(Packet):
    """Whether this client accepts others beside it (hello.md 3.10)."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (form("sharing-toggle", "enabled"),)

    enabled: bool


@packets.add
@declared
class LockToggle(Packet):
    """Whether this client keeps others out (hello.md 3.10)."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (form("lock-toggle", "enabled"), form("sharing-lock", "enabled", receive=True))

    enabled: bool


@packets.add
@declared
class SetBell(Packet):
    """Whether the client wants bells."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("set-bell", "enabled"), form("bell-set", "enabled", receive=True))

    enabled: bool


@packets.add
@declared
class SetDeflate(Packet):
    """Level of record compression that the sender wants to be sent, 0: none.

    # xpra 3.1.3: either side sends it once, right after the hello; 6.x ignores it.
    """

    sender = BOTH
    effect = Effect.NONE
    forms = (form("set_deflate", "level"),)

    level: U8
