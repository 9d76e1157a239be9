"""Pixels to encode: every value of every pixel can be told from its neighbours."""

from __future__ import annotations

from limpet.picture.base import Encoded, Picture
from limpet.values import PixelFormat, Pixels

SIZES = ((1, 1), (1, 7), (3, 1), (17, 5), (64, 33), (251, 3))
_CHANNELS = {"R": 0, "G": 1, "B": 2, "A": 3}


def colour(x: int, y: int, *, opaque: bool) -> tuple[int, int, int, int]:
    """Premultiplied red, green, blue, alpha of the pattern."""
    alpha = 255 if opaque else (x * 31 + y * 17) % 256
    red, green, blue = (x * 5 + y) % 256, (x + y * 9) % 256, (x * y) % 256
    return red * alpha // 255, green * alpha // 255, blue * alpha // 255, alpha


def sent(picture: Picture) -> Encoded:
    """What the other side gets of an encoded picture."""
    return Encoded(
        encoding=picture.encoding,
        data=picture.data,
        width=picture.width,
        height=picture.height,
        rowstride=picture.rowstride,
        rgb_format=picture.rgb_format,
        compressor=picture.compressor,
    )


def pattern(width: int, height: int, pixel_format: PixelFormat, *, padding: int = 0, filler: int = 0xEE) -> Pixels:
    """The pattern in any format; rows end with `padding` bytes, the last one does not."""
    rows = []
    for y in range(height):
        row = bytearray()
        for x in range(width):
            values = (*colour(x, y, opaque=not pixel_format.has_alpha), filler)
            row += bytes(values[_CHANNELS.get(channel, 4)] for channel in pixel_format.value)
        rows.append(bytes(row))
    rowstride = width * pixel_format.bytes_per_pixel + padding
    return Pixels(width, height, pixel_format, rowstride, (b"\xdd" * padding).join(rows))


def colours(pixels: Pixels) -> list[tuple[int, int, int, int]]:
    """Red, green, blue, alpha of each pixel, row by row; alpha 255 where the format has none."""
    result = []
    names = pixels.format.value
    data = bytes(pixels.data)
    for y in range(pixels.height):
        for x in range(pixels.width):
            start = y * pixels.rowstride + x * pixels.format.bytes_per_pixel
            found = dict(zip(names, data[start : start + len(names)], strict=True))
            result.append((found["R"], found["G"], found["B"], found.get("A", 255)))
    return result


def busy(width: int, height: int) -> Pixels:
    """Pixels that do not compress, like a photograph's noise; the same each time."""
    state = 0x12345678
    data = bytearray()
    while len(data) < width * height * 4:
        state = (state * 1664525 + 1013904223) & 0xFFFFFFFF
        data += (state >> 8).to_bytes(4, "little")[:3]
    return Pixels(width, height, PixelFormat.BGRX, width * 4, bytes(data[: width * height * 4]))
