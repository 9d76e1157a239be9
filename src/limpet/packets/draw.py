"""Pictures and how they are wished for (session-packets.md 6.4, 6.5)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import (
    I16,
    I32,
    U16,
    U32,
    U64,
    Codec,
    SizePx,
    TextMap,
    WinId,
    load_buffer,
    load_list,
    load_map,
    load_text,
)
from limpet.packets.records import Record, entry
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.values import Buffer, Side, Wire

ScrollCopies: TypeAlias = tuple[tuple[int, ...], ...]

MAX_AREAS = 4096
"""Most scroll or shared-memory areas in one packet."""


def _load_areas(value: Any) -> ScrollCopies:
    areas = load_list(value)
    if len(areas) > MAX_AREAS:
        raise ValueError("too many areas")
    for area in areas:
        if not 2 <= len(load_list(area)) <= 6 or any(type(x) is not int or abs(x) >= 2**40 for x in area):
            raise ValueError("expected lists of integers")
    return tuple(map(tuple, areas))


def _load_pixels(value: Any) -> Buffer | ScrollCopies:
    return _load_areas(value) if isinstance(value, (list, tuple)) else load_buffer(value)


def _load_level(value: Any) -> int:
    # the level is irrelevant (6.4); some peers send True
    if value is True or value is False or (type(value) is int and 0 <= value < 256):
        return int(value)
    raise ValueError("expected a level")


Level = Annotated[int, Codec(_load_level)]
Areas = Annotated[ScrollCopies, Codec(_load_areas)]
Pixels = Annotated[Buffer | ScrollCopies, Codec(_load_pixels)]


@declared
class DrawOptions(Record):
    """Options of a `Draw`. Those that decide how the data is read are strict, the rest are hints.

    `lz4`, `zlib`, `zstd`, `lzo`: above 0, the data itself is compressed so. `flush`: packets of the same update that
    follow; 0 means show now. `scaled_size`: size of a downscaled picture. `paint` False: decode only.
    """

    rgb_format: str = entry("rgb_format", "", strict=True)
    lz4: Level = entry("lz4", 0, strict=True)
    zlib: Level = entry("zlib", 0, strict=True)
    zstd: Level = entry("zstd", 0, strict=True)
    lzo: Level = entry("lzo", 0, strict=True)
    flush: U32 = entry("flush", 0, strict=True)
    window_size: SizePx | None = None
    scaled_size: SizePx | None = entry("scaled_size", strict=True)
    csc: str = ""
    frame: I32 = -1
    pts: I32 = 0
    type: str = ""
    delayed: U32 = 0
    full_range: bool = False
    quality: I32 = -1
    speed: I32 = -1
    has_alpha: bool = entry("has_alpha", False)
    alpha_offset: U32 = entry("alpha-offset", 0, strict=True)
    paint: bool = entry("paint", True, strict=True)
    scroll: Areas = entry("scroll", (), strict=True)

    @property
    def compressor(self) -> str:
        """Name of the compressor of the pixels, "" for none."""
        for name in ("lz4", "zlib", "zstd", "lzo"):
            if getattr(self, name):
                return name
        return ""


@packets.add
@declared
class Draw(Packet):
    """Paints a rectangle of a window; each is answered by one `DrawAck`.

    `data`: bytes, or lists of numbers for scroll and mmap. `sequence` counts per window, from 1. `rowstride` in bytes.
    """

    sender = Side.SERVER
    forms = (
        form("draw", "window_id x y width height encoding data sequence rowstride options", bulk="data"),
        form("window-draw", "window_id x y width height encoding data sequence rowstride options", receive=True),
    )

    window_id: WinId
    x: I16
    y: I16
    width: U16
    height: U16
    encoding: str
    data: Pixels
    sequence: U64
    rowstride: U32
    options: DrawOptions = DrawOptions()


@packets.add
@declared
class EndOfStream(Packet):
    """The video stream of a window ended: its decoder is dropped."""

    sender = Side.SERVER
    forms = (form("eos", "window_id"), form("window-eos", "window_id", receive=True))

    window_id: WinId


def _load_encodings(value: Any) -> Mapping[str, tuple[str, ...]]:
    inner = load_map(load_map(value)["encodings"])
    # the dict holds flags beside its lists
    return {key: tuple(map(load_text, item)) for key, item in inner.items() if isinstance(item, (list, tuple))}


def _dump_encodings(value: Mapping[str, tuple[str, ...]], _: Dialect) -> Wire:
    return {"encodings": value}


@packets.add
@declared
class Encodings(Packet):
    """What the server can encode, sent after its hello by 6.x: lists by the keys "", core, with_speed, ..."""

    sender = Side.SERVER
    forms = (form("encodings", "encodings"),)

    encodings: Annotated[Mapping[str, tuple[str, ...]], Codec(_load_encodings, _dump_encodings)]


@packets.add
@declared
class EncodingWanted(Packet):
    """The user's choice of an encoding, for some windows or (empty) for all."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("encoding", "encoding window_ids"), form("encoding-set", "encoding window_ids", receive=True))

    encoding: str
    window_ids: tuple[WinId, ...] = ()


@packets.add
@declared
class QualityWanted(Packet):
    """Picture quality in percent, -1 automatic."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("quality", "value"),)

    value: I32


@packets.add
@declared
class MinQualityWanted(Packet):
    """Least picture quality in percent, -1 automatic."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("min-quality", "value"),)

    value: I32


@packets.add
@declared
class SpeedWanted(Packet):
    """Encoding speed in percent, -1 automatic."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("speed", "value"),)

    value: I32


@packets.add
@declared
class MinSpeedWanted(Packet):
    """Least encoding speed in percent, -1 automatic."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("min-speed", "value"),)

    value: I32


@packets.add
@declared
class EncodingOptions(Packet):
    """The modern packet for quality and speed: a dict of the four names above."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("encoding-options", "options", receive=True),)

    options: TextMap
