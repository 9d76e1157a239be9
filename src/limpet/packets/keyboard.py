"""Keys and keyboard maps (session-packets.md 6.7)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from limpet.packets.capfields import Spelling
from limpet.packets.capgroups import Keymap
from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I32, I64, AnyWinId, Codec, load_flag, load_map
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.values import Side, Wire

KEY = "window_id name pressed modifiers keyval string keycode group"


def _unpack_event(args: Sequence[Any]) -> Mapping[str, Any]:
    values = dict(zip(("window_id", "name", "pressed"), args[:3], strict=True))
    if len(args) > 3:
        known = ("modifiers", "keyval", "string", "keycode", "group")
        values |= {key: item for key, item in load_map(args[3]).items() if key in known}
    return values


@packets.add
@declared
class KeyAction(Packet):
    """A key went down or up.

    `name`: X11 keysym name. `keyval`: keysym number or -1. `string`: text the key makes at the client. `keycode`: the
    client's own code; `group`: its layout group.
    """

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (
        form("key-action", KEY),
        form("keyboard-event", KEY, unpack=_unpack_event, receive=True),
    )

    window_id: AnyWinId
    name: str
    pressed: bool
    modifiers: tuple[str, ...] = ()
    keyval: I64 = 0
    string: str = ""
    keycode: I64 = 0
    group: I32 = 0


@packets.add
@declared
class KeyRepeat(Packet):
    """A key is still down (3.1.3 clients with `key_repeat`)."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("key-repeat", "window_id name keyval keycode modifiers"),)

    window_id: AnyWinId
    name: str
    keyval: I64 = 0
    keycode: I64 = 0
    modifiers: tuple[str, ...] = ()


@packets.add
@declared
class LayoutChanged(Packet):
    """The client's keyboard layout."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("layout-changed", "layout variant options backend backend_name", trim=True),)

    layout: str
    variant: str = ""
    options: str = ""
    backend: str = ""
    backend_name: str = ""


def _load_keymap(value: Any) -> Keymap:
    return Keymap.from_wire(load_map(value))


def _dump_keymap(value: Keymap, dialect: Dialect) -> Wire:
    return value.to_wire(dialect)


def _unpack_config(args: Sequence[Any]) -> Mapping[str, Any]:
    options = load_map(args[0])
    return {"keymap": {"keymap": options}, "force": load_flag(options.get("force", False))}


def _pack_config(packet: "KeymapChanged", _: Dialect) -> Sequence[Wire]:
    keymap = packet.keymap.to_wire(Spelling.NESTED).get("keymap", {})
    return ({**load_map(keymap), "force": packet.force},)


@packets.add
@declared
class KeymapChanged(Packet):
    """The client's full keyboard map; `force`: apply it even if it looks the same."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (
        form("keyboard-config", "keymap force", unpack=_unpack_config, pack=_pack_config, needs="keyboard-config"),
        form("keymap-changed", "keymap force"),
    )

    keymap: Annotated[Keymap, Codec(_load_keymap, _dump_keymap)]
    force: bool = False


@packets.add
@declared
class KeyboardSync(Packet):
    """Whether the server keeps keys down until their release arrives (`sync`)."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("set-keyboard-sync-enabled", "enabled"), form("keyboard-sync", "enabled", receive=True))

    enabled: bool
