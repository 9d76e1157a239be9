"""Raw pixels, plain or compressed by lz4 or zlib (docs/protocol: rgb24, rgb32)."""

from __future__ import annotations

import struct
import zlib
from types import MappingProxyType

from limpet.errors import LimpetError
from limpet.picture.base import RGB_FORMATS, Encoded, EncodeOptions, Picture, PictureError, checked_pixels
from limpet.picture.pillow import image_of, pixels_of
from limpet.values import Buffer, PixelFormat, Pixels
from limpet.wire.compression import inflate

MIN_COMPRESS = 256
ZLIB_LEVEL = 1
_LZ4_PREFIX = struct.Struct("<I")
_OPAQUE = {PixelFormat.BGRA: "BGRX", PixelFormat.RGBA: "RGBX", PixelFormat.ARGB: "XRGB"}
_MARKERS = MappingProxyType({"lz4": 0x11, "zlib": 0x01, "zstd": 0x81})  # as records of that compressor have it


class RgbCodec:
    """Sends what was captured where the client takes it, else plain RGB, which everybody does."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        rgb_format, data, rowstride = _in_client_format(pixels, options.rgb_formats)
        compressor = ""
        if len(data) >= MIN_COMPRESS:
            if options.lz4:
                compressor, data = "lz4", _lz4(data)
            elif options.zlib:
                compressor, data = "zlib", zlib.compress(data, ZLIB_LEVEL)
        known = PixelFormat[rgb_format]
        return Picture(
            encoding="rgb32" if known.bytes_per_pixel == 4 else "rgb24",
            data=data,
            width=pixels.width,
            height=pixels.height,
            rowstride=rowstride,
            rgb_format=rgb_format,
            compressor=compressor,
            has_alpha=known.has_alpha,
        )

    def decode(self, picture: Encoded) -> Pixels:
        """The format comes from `rgb_format`, not from the encoding's name (docs/protocol: rgb24, rgb32)."""
        name = picture.rgb_format or ("RGB" if picture.encoding == "rgb24" else "RGBX")
        if name not in PixelFormat.__members__:
            raise PictureError(f"unknown pixel format {name[:40]!r}")
        known = PixelFormat[name]
        rowstride = picture.rowstride or picture.width * known.bytes_per_pixel
        data = _inflated(picture.compressor, picture.data, rowstride * picture.height)
        pixels = checked_pixels(picture.width, picture.height, known, rowstride, data)
        return pixels if known in RGB_FORMATS else pixels_of(image_of(pixels, alpha=True))


def _lz4(data: Buffer) -> bytes:
    import lz4.block

    packed: bytes = lz4.block.compress(data, mode="fast", acceleration=2, store_size=False)
    return _LZ4_PREFIX.pack(len(data)) + packed


def _inflated(compressor: str, data: Buffer, most: int) -> Buffer:
    """At most `most` bytes: more is an error, found before or while it is inflated."""
    if not compressor:
        return data
    marker = _MARKERS.get(compressor)
    if marker is None:
        raise PictureError(f"raw pixels compressed by {compressor[:40]!r}")
    try:
        return inflate(marker, data, most)
    except LimpetError as error:
        raise PictureError(f"raw pixels do not inflate: {error}") from error


def _in_client_format(pixels: Pixels, formats: tuple[str, ...]) -> tuple[str, Buffer, int]:
    """Format, bytes and rowstride as sent. The captured bytes where the client reads them, else a converted copy."""
    own = pixels.format.value
    if own in formats:
        return own, pixels.data, pixels.rowstride
    opaque = _OPAQUE.get(pixels.format, "")
    if opaque in formats:
        return opaque, pixels.data, pixels.rowstride
    alpha = pixels.format.has_alpha and "RGBA" in formats
    image = image_of(pixels, alpha=alpha)
    if alpha:
        return "RGBA", image.tobytes("raw", "RGBA"), pixels.width * 4
    if "RGB" not in formats and "RGBX" in formats:
        return "RGBX", image.tobytes("raw", "RGBX"), pixels.width * 4
    return "RGB", image.tobytes("raw", "RGB"), pixels.width * 3


ENCODER = DECODER = RgbCodec()
