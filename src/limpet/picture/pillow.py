"""Pixels as Pillow images, the files that Pillow writes, and reading them back.

Alpha stays as it is, premultiplied, in files too: that is what the peers put there and paint.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from limpet.picture.base import Encoded, Picture, PictureError
from limpet.values import Buffer, PixelFormat, Pixels

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageFile import ImageFile

# What Pillow's readers raise for broken files.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)


def image_of(pixels: Pixels, *, alpha: bool) -> Image.Image:
    """`alpha`: keep the alpha channel where there is one."""
    from PIL import Image

    size = (pixels.width, pixels.height)
    name = pixels.format.value
    if pixels.format.has_alpha and alpha:
        mode, raw = "RGBA", name
    else:
        mode, raw = "RGB", name.replace("A", "X")
    data: Buffer = pixels.data
    missing = pixels.rowstride * pixels.height - len(data)
    if missing > 0:  # Pixels may end with the last pixel, Pillow wants the last row to be whole
        data = bytes(data) + bytes(missing)
    # not frombuffer: it takes RGBX over as a mode of its own, which no file format writes
    return Image.frombytes(mode, size, data, "raw", raw, pixels.rowstride, 1)


def pixels_of(image: Image.Image) -> Pixels:
    """BGRA for an image with alpha, else BGRX; rows without gaps."""
    width, height = image.size
    if image.mode in {"RGBA", "LA", "PA"} or "transparency" in image.info:
        shown, pixel_format = image.convert("RGBA") if image.mode != "RGBA" else image, PixelFormat.BGRA
    else:
        shown, pixel_format = image.convert("RGB") if image.mode != "RGB" else image, PixelFormat.BGRX
    return Pixels(width, height, pixel_format, width * 4, shown.tobytes("raw", pixel_format.value))


def saved(image: Image.Image, encoding: str, pixels: Pixels, told_quality: int, **options: Any) -> Picture:
    """`image` as a file of `encoding`, with Pillow's `options`; `told_quality` is for the client (-1: lossless)."""
    out = io.BytesIO()
    image.save(out, encoding.upper(), **options)
    return Picture(
        encoding=encoding,
        data=out.getvalue(),
        width=pixels.width,
        height=pixels.height,
        quality=told_quality,
        has_alpha=image.mode == "RGBA",
    )


def opened(picture: Encoded, reader: Callable[[io.BytesIO], ImageFile]) -> Pixels:
    """Decode a file by that one reader: what the content may look like otherwise does not count.

    Its header must give the declared size before its pixels are looked at. Raises PictureError.
    """
    try:
        with reader(io.BytesIO(picture.data)) as image:
            if image.size != (picture.width, picture.height):
                raise PictureError(
                    f"the {picture.encoding} file has {image.size[0]} by {image.size[1]} pixels,"
                    f" declared were {picture.width} by {picture.height}"
                )
            image.load()
            return pixels_of(image)
    except _BROKEN as error:
        raise PictureError(f"the {picture.encoding} file does not decode: {error}") from error
