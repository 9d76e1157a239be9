"""Encoded pictures to pixels, bounded by the size that the picture says it has."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from limpet.picture.base import (
    ENCODINGS,
    MAX_AREA_PX,
    MAX_EXTENT_PX,
    RGB_FORMATS,
    Encoded,
    PictureError,
    decoder,
)
from limpet.values import Pixels

__all__ = ["DECODERS", "RGB_FORMATS", "Encoded", "PictureError", "decode"]

DECODERS: Mapping[str, str] = MappingProxyType(
    {**{name: name for name in ENCODINGS}, "rgb": "rgb32", "png/P": "png", "png/L": "png"}
)
"""Name on the wire -> row of `ENCODINGS`; what a client announces is chosen from these."""


def decode(picture: Encoded) -> Pixels:
    """The pixels, exactly as many as declared. Callable from any thread. Raises `PictureError`.

    Bounded before anything is allocated: 16384 pixels in a direction, 64 Mi in all.
    """
    name = DECODERS.get(picture.encoding)
    if name is None:
        raise PictureError(f"unknown encoding {picture.encoding[:40]!r}")
    width, height = picture.width, picture.height
    if not 0 < width <= MAX_EXTENT_PX or not 0 < height <= MAX_EXTENT_PX or width * height > MAX_AREA_PX:
        raise PictureError(f"a picture of {width} by {height} pixels is not accepted")
    return decoder(name).decode(picture)
