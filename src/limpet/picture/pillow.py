"""Pixels as Pillow images, and as the files that Pillow writes."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from limpet.picture.base import Picture
from limpet.values import Pixels

if TYPE_CHECKING:
    from PIL import Image


def image_of(pixels: Pixels, *, alpha: bool) -> Image.Image:
    """`alpha`: keep the alpha channel of BGRA (premultiplied, as the wire has it)."""
    from PIL import Image

    size = (pixels.width, pixels.height)
    if alpha and pixels.format.has_alpha:
        return Image.frombuffer("RGBA", size, bytes(pixels.data), "raw", "BGRA", pixels.rowstride, 1)
    return Image.frombuffer("RGB", size, bytes(pixels.data), "raw", "BGRX", pixels.rowstride, 1)


def saved(image: Image.Image, encoding: str, pixels: Pixels, *, quality: int = -1, **options: Any) -> Picture:
    """`image` as a file of `encoding`."""
    out = io.BytesIO()
    image.save(out, encoding.upper(), **options)
    return Picture(
        encoding=encoding,
        data=out.getvalue(),
        width=pixels.width,
        height=pixels.height,
        quality=quality,
        has_alpha=image.mode == "RGBA",
    )
