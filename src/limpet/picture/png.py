"""The encoding `png`."""

from __future__ import annotations

from limpet.picture.base import Encoded, EncodeOptions, Picture
from limpet.picture.pillow import image_of, opened, saved
from limpet.values import Pixels

COMPRESS_LEVEL = 1
"""higher levels cost twice the time and more for a few percent (docs: performance)"""


class PngCodec:
    """Writes and reads complete png files."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        return saved(image_of(pixels, alpha=True), "png", pixels, -1, compress_level=COMPRESS_LEVEL)

    def decode(self, picture: Encoded) -> Pixels:
        from PIL.PngImagePlugin import PngImageFile

        return opened(picture, PngImageFile)


ENCODER = DECODER = PngCodec()
