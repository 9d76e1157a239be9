"""Raw pixels, plain or compressed by lz4 or zlib (docs/protocol: rgb24, rgb32)."""

from __future__ import annotations

import struct
import zlib

from limpet.picture.base import EncodeOptions, Picture
from limpet.values import Buffer, PixelFormat, Pixels

MIN_COMPRESS = 256
ZLIB_LEVEL = 1


class RgbEncoder:
    """Sends what was captured where the client takes it, else plain RGB, which everybody does."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        rgb_format, data, rowstride = _in_client_format(pixels, options.rgb_formats)
        compressor = ""
        if len(data) >= MIN_COMPRESS:
            if options.lz4:
                compressor, data = "lz4", _lz4(data)
            elif options.zlib:
                compressor, data = "zlib", zlib.compress(data, ZLIB_LEVEL)
        four = PixelFormat[rgb_format].bytes_per_pixel == 4
        return Picture(
            encoding="rgb32" if four else "rgb24",
            data=data,
            width=pixels.width,
            height=pixels.height,
            rowstride=rowstride,
            rgb_format=rgb_format,
            compressor=compressor,
            has_alpha=PixelFormat[rgb_format].has_alpha,
        )


def _lz4(data: Buffer) -> bytes:
    import lz4.block

    packed: bytes = lz4.block.compress(data, mode="fast", acceleration=2, store_size=False)
    return struct.pack("<I", len(data)) + packed


def _in_client_format(pixels: Pixels, formats: tuple[str, ...]) -> tuple[str, Buffer, int]:
    wanted = pixels.format.value
    if wanted in formats:
        return wanted, pixels.data, pixels.rowstride
    if wanted == "BGRA" and "BGRX" in formats:
        return "BGRX", pixels.data, pixels.rowstride
    if wanted == "BGRX" and "BGRA" in formats:
        return "BGRX", pixels.data, pixels.rowstride
    from PIL import Image

    raw = pixels.format.value
    image = Image.frombuffer(
        "RGB", (pixels.width, pixels.height), bytes(pixels.data), "raw", "BGRX", pixels.rowstride, 1
    )
    del raw
    return "RGB", image.tobytes(), pixels.width * 3


ENCODER = RgbEncoder()
