"""Pointer motion, buttons and wheel (session-packets.md 6.6)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I16, I32, I64, U8, U64, AnyWinId, AnyWire, Point, load_map
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.values import Side, Wire

NO_DEVICE = -1
"""Device id for which the server checks no sequence."""


MOTION = "device_id sequence window_id position modifiers buttons"
BUTTON = "device_id sequence window_id button pressed position modifiers buttons"


def _props(value: Any) -> dict[str, Any]:
    return {key: item for key, item in load_map(value).items() if key in ("modifiers", "buttons")}


def _unpack_motion(args: Sequence[Any]) -> Mapping[str, Any]:
    device_id, sequence, window_id, position = args[:4]
    props = _props(args[4]) if len(args) > 4 else {}
    return {"device_id": device_id, "sequence": sequence, "window_id": window_id, "position": position, **props}


def _pack_motion(packet: "PointerPosition", _: Dialect) -> Sequence[Wire]:
    props: dict[str, Wire] = {"modifiers": packet.modifiers, "buttons": packet.buttons}
    return (packet.device_id, packet.sequence, packet.window_id, packet.position, props)


@packets.add
@declared
class PointerPosition(Packet):
    """The pointer moved: `position` in server coordinates, `window_id` 0 outside of all windows.

    `modifiers`: names of those that are on (shift, lock, control, mod1..mod5); the server synchronises keys to it.
    `buttons`: numbers of the pressed ones. `sequence` grows per device; 6.x servers drop older ones.
    """

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (
        form("pointer", MOTION, unpack=_unpack_motion, pack=_pack_motion, needs="pointer"),
        form("pointer-position", "window_id position modifiers buttons"),
        form("pointer-motion", MOTION, unpack=_unpack_motion, receive=True),
    )

    window_id: AnyWinId
    position: Point
    modifiers: tuple[str, ...] = ()
    buttons: tuple[U8, ...] = ()
    device_id: I32 = NO_DEVICE
    sequence: U64 = 0


def _unpack_button(args: Sequence[Any]) -> Mapping[str, Any]:
    names = ("device_id", "sequence", "window_id", "button", "pressed", "position")
    values: dict[str, Any] = dict(zip(names, args[:6], strict=True))
    return values | (_props(args[6]) if len(args) > 6 else {})


def _pack_button(packet: "PointerButton", _: Dialect) -> Sequence[Wire]:
    props: dict[str, Wire] = {"modifiers": packet.modifiers, "buttons": packet.buttons}
    return (
        packet.device_id,
        packet.sequence,
        packet.window_id,
        packet.button,
        packet.pressed,
        packet.position,
        props,
    )


@packets.add
@declared
class PointerButton(Packet):
    """A button went down or up; 4 to 7 are the wheel: up, down, left, right. The rest as in `PointerPosition`."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (
        form("pointer-button", BUTTON, unpack=_unpack_button, pack=_pack_button, needs="pointer-button"),
        form("button-action", "window_id button pressed position modifiers buttons"),
    )

    window_id: AnyWinId
    button: U8
    pressed: bool
    position: Point
    modifiers: tuple[str, ...] = ()
    buttons: tuple[U8, ...] = ()
    device_id: I32 = NO_DEVICE
    sequence: U64 = 0


@packets.add
@declared
class WheelMotion(Packet):
    """Precise wheel motion, sent only to a server that says `wheel.precise`; `distance` is times 1000."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (
        form("wheel-motion", "window_id button distance position modifiers buttons"),
        form("pointer-wheel", "window_id button distance position modifiers buttons", receive=True),
    )

    window_id: AnyWinId
    button: U8
    distance: I64
    position: Point
    modifiers: tuple[str, ...] = ()
    buttons: tuple[U8, ...] = ()


@packets.add
@declared
class PointerMoved(Packet):
    """The server's pointer moved by itself or by another client; `rel_x`, `rel_y` inside the window."""

    sender = Side.SERVER
    forms = (form("pointer-position", "window_id x y rel_x rel_y", trim=True),)

    window_id: AnyWinId
    x: I16
    y: I16
    rel_x: I16 = 0
    rel_y: I16 = 0


@packets.add
@declared
class InputDevices(Packet):
    """The client's input devices; read and ignored."""

    sender = Side.CLIENT
    effect = Effect.NONE
    forms = (
        form("input-devices", "devices", receive=True),
        form("pointer-devices", "devices", receive=True),
    )

    devices: AnyWire
