"""Cursors (session-packets.md 6.8)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I16, U16, U64, Codec, Data, load_size
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.values import Side, Size, Wire

FIELDS = "encoding x y width height x_hot y_hot serial pixels name default_size max_width max_height"


def _load_default_size(value: Any) -> Size:
    # xpra 3.1.3: one number for both sides, 6.x: [w, h]
    return Size(value, value) if type(value) is int and 0 <= value < 2**16 else load_size(value)


def _unpack_cursor(args: Sequence[Any]) -> Mapping[str, Any]:
    if not args or args[0] in ("", b""):
        return {}
    names = FIELDS.split()
    if len(args) < names.index("name"):
        raise ValueError("missing arguments")
    return dict(zip(names, args, strict=False))


def _pack_cursor(packet: "Cursor", dialect: Dialect) -> Sequence[Wire]:
    if packet.is_default:
        return ("",)
    size = packet.default_size
    return (
        packet.encoding,
        packet.x,
        packet.y,
        packet.width,
        packet.height,
        packet.x_hot,
        packet.y_hot,
        packet.serial,
        packet.pixels,
        packet.name,
        (size.width, size.height) if dialect.nested else max(size.width, size.height),
        packet.max_width,
        packet.max_height,
    )


@packets.add
@declared
class Cursor(Packet):
    """The shape of the pointer; without an encoding, the client's own default.

    `encoding`: raw (width * height * 4 bytes, B G R A) or png; with the prefix `default:` it is the image of the
    server's default cursor. `x_hot`, `y_hot`: the point of it. `x`, `y` may be 0.
    """

    sender = Side.SERVER
    forms = (
        # the pixels of a raw one are no bulk argument: they shrink by compression
        form("cursor", FIELDS, unpack=_unpack_cursor, pack=_pack_cursor),
        form("cursor-data", "encoding width height x_hot y_hot serial pixels name", receive=True),
    )

    encoding: str = ""
    width: U16 = 0
    height: U16 = 0
    x_hot: U16 = 0
    y_hot: U16 = 0
    serial: U64 = 0
    pixels: Data = b""
    name: str = ""
    x: I16 = 0
    y: I16 = 0
    default_size: Annotated[Size, Codec(_load_default_size)] = Size(0, 0)
    max_width: U16 = 0
    max_height: U16 = 0

    @property
    def is_default(self) -> bool:
        return not self.encoding


@packets.add
@declared
class CursorDefault(Packet):
    """The modern packet with the image of the server's default cursor."""

    sender = Side.SERVER
    forms = (form("cursor-default", "encoding width height x_hot y_hot serial pixels name", receive=True),)

    encoding: str = ""
    width: U16 = 0
    height: U16 = 0
    x_hot: U16 = 0
    y_hot: U16 = 0
    serial: U64 = 0
    pixels: Data = b""
    name: str = ""


@packets.add
@declared
class SetCursors(Packet):
    """Whether the client wants cursors."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("set-cursors", "enabled"), form("cursor-set", "enabled", receive=True))

    enabled: bool
