"""Encoded pictures to pixels: one table of decoders, bounded by the size that the picture says it has."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from limpet.errors import LimpetError
from limpet.values import Buffer, PixelFormat, Pixels
from limpet.wire.compression import inflate

RGB_FORMATS = (PixelFormat.BGRX, PixelFormat.BGRA, PixelFormat.RGBX, PixelFormat.RGBA, PixelFormat.RGB)
"""raw pixels that are taken as they come, best first"""

MAX_ROWSTRIDE = 1024 * 1024
_MARKERS = MappingProxyType({"lz4": 0x11, "zlib": 0x01, "zstd": 0x81})


class PictureError(LimpetError):
    """A picture does not decode, or is not what it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A picture of `width` x `height` pixels. `rowstride`, `rgb_format` and `compressor` are of raw pixels only."""

    encoding: str
    data: Buffer
    width: int
    height: int
    rowstride: int = 0
    rgb_format: str = ""
    compressor: str = ""

    @property
    def raw(self) -> bool:
        """Raw pixels, which take next to no time."""
        return self.encoding in ("rgb24", "rgb32", "rgb")


def decode(picture: Encoded) -> Pixels:
    """The pixels; raises `PictureError`. Callable from any thread."""
    decoder = DECODERS.get(picture.encoding)
    if decoder is None:
        raise PictureError(f"unknown encoding {picture.encoding[:40]!r}")
    if not 0 < picture.width <= 32767 or not 0 < picture.height <= 32767:
        raise PictureError(f"no picture has {picture.width}x{picture.height} pixels")
    return decoder(picture)


def _raw(picture: Encoded) -> Pixels:
    name = picture.rgb_format or ("RGB" if picture.encoding == "rgb24" else "RGBX")
    try:
        pixel_format = PixelFormat(name)
    except ValueError:
        raise PictureError(f"unknown pixel format {name[:40]!r}") from None
    used = picture.width * pixel_format.bytes_per_pixel
    rowstride = picture.rowstride or used
    if not used <= rowstride <= MAX_ROWSTRIDE:
        raise PictureError(f"rowstride {rowstride} does not fit {picture.width} pixels of {name}")
    data = picture.data
    if picture.compressor:
        marker = _MARKERS.get(picture.compressor)
        if marker is None:
            raise PictureError(f"raw pixels compressed by {picture.compressor[:40]!r}")
        try:
            data = inflate(marker, data, rowstride * picture.height)
        except LimpetError as error:
            raise PictureError(str(error)) from error
    if len(data) < rowstride * (picture.height - 1) + used:
        raise PictureError(f"{len(data)} bytes are too few for {picture.height} rows of {rowstride}")
    pixels = Pixels(picture.width, picture.height, pixel_format, rowstride, data)
    return pixels if pixel_format in RGB_FORMATS else _reordered(pixels)


def _reordered(pixels: Pixels) -> Pixels:
    """BGR, XRGB and ARGB, which nobody sends to a client that does not ask for them."""
    from PIL import Image

    size = (pixels.width, pixels.height)
    mode = "RGBA" if pixels.format.has_alpha else "RGB"
    image = Image.frombuffer(mode, size, bytes(pixels.data), "raw", pixels.format.value, pixels.rowstride, 1)
    return _from_image(image, pixels.width, pixels.height)


def _file(picture: Encoded) -> Pixels:
    """A complete file of the named kind and of no other; its size is checked before anything is decoded."""
    from PIL import Image

    kind = picture.encoding.partition("/")[0].upper()
    try:
        with Image.open(io.BytesIO(picture.data), formats=(kind,)) as image:
            if image.size != (picture.width, picture.height):
                width, height = image.size
                raise PictureError(f"the file has {width}x{height} pixels instead of {picture.width}x{picture.height}")
            return _from_image(image, picture.width, picture.height)
    except (OSError, ValueError, SyntaxError, struct.error, Image.DecompressionBombError) as error:
        raise PictureError(f"damaged {picture.encoding} picture: {error}") from error


def _from_image(image: object, width: int, height: int) -> Pixels:
    from PIL import Image

    assert isinstance(image, Image.Image)
    alpha = image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info
    wanted = "RGBA" if alpha else "RGB"
    if image.mode != wanted:
        image = image.convert(wanted)
    order = PixelFormat.BGRA if alpha else PixelFormat.BGRX
    return Pixels(width, height, order, width * 4, image.tobytes("raw", order.value))


Decoder = Callable[[Encoded], Pixels]

DECODERS: Mapping[str, Decoder] = MappingProxyType(
    {
        "rgb24": _raw,
        "rgb32": _raw,
        "rgb": _raw,
        "png": _file,
        "png/P": _file,
        "png/L": _file,
        "jpeg": _file,
        "webp": _file,
    }
)
"""Encoding -> decoder; what a client announces is chosen from these."""
