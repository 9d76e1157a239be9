"""Icons and cursors as pixels."""

from __future__ import annotations

from limpet.packets.cursor import Cursor, CursorDefault
from limpet.packets.window import WindowIcon
from limpet.picture.decode import Encoded, PictureError, decode
from limpet.values import Buffer, PixelFormat, Pixels

MAX_SIDE = 1024
_PIXELS = frozenset({"raw", "BGRA", "premult_argb32"})
"""Premultiplied blue, green, red, alpha, row by row."""


def encoded_icon(packet: WindowIcon) -> Encoded | None:
    """What takes a decoder, and so some time; None for the rest, see `icon_pixels`. Raises PictureError."""
    if packet.encoding != "png":
        return None
    _check_size(packet.width, packet.height)
    return Encoded(encoding="png", data=packet.data, width=packet.width, height=packet.height)


def icon_pixels(packet: WindowIcon) -> Pixels | None:
    """An icon that comes as pixels; None: the window has none of its own. Raises PictureError."""
    if packet.encoding in ("", "default") or not len(packet.data):
        return None
    return _pixels(packet.encoding, packet.width, packet.height, packet.data)


def cursor_pixels(packet: Cursor | CursorDefault) -> Pixels:
    """Raises PictureError."""
    return _pixels(packet.encoding.removeprefix("default:"), packet.width, packet.height, packet.pixels)


def _check_size(width: int, height: int) -> None:
    if not 0 < width <= MAX_SIDE or not 0 < height <= MAX_SIDE:
        raise PictureError(f"{width}x{height} is no size for an icon or a cursor")


def _pixels(encoding: str, width: int, height: int, data: Buffer) -> Pixels:
    _check_size(width, height)
    if encoding in _PIXELS:
        if len(data) < width * height * 4:
            raise PictureError(f"{len(data)} bytes are too few for {width}x{height} pixels")
        return Pixels(width, height, PixelFormat.BGRA, width * 4, data)
    if encoding != "png":
        raise PictureError(f"unknown encoding {encoding[:40]!r}")
    return decode(Encoded(encoding="png", data=data, width=width, height=height))
