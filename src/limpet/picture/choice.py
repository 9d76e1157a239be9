"""Which encoding for which rectangle; a pure function."""

from __future__ import annotations

from dataclasses import dataclass

from limpet.picture.base import ENCODINGS, EncodeOptions
from limpet.values import PixelFormat

RAW_MAX_PX = 512 * 512
"""up to here raw pixels with lz4 are quickest, above the link may matter more"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPictures:
    """What a client decodes and wishes. `wanted` is an encoding's name, or empty or `auto` for the server's choice."""

    encodings: frozenset[str]
    options: EncodeOptions
    wanted: str = ""


def choose(width: int, height: int, pixel_format: PixelFormat, client: ClientPictures) -> str:
    """A key of `ENCODINGS`."""
    usable = [name for name in ENCODINGS if name in client.encodings]
    if pixel_format.has_alpha:
        usable = [name for name in usable if ENCODINGS[name].alpha] or usable
    if client.wanted in usable:
        return client.wanted
    rgb = next((name for name in usable if name.startswith("rgb")), "")
    if rgb and (client.options.lz4 or client.options.zlib):
        return rgb
    if rgb and width * height <= RAW_MAX_PX:
        return rgb
    return next((name for name in ("png", "webp", "jpeg") if name in usable), rgb or "png")
