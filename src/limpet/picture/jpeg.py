"""The encoding `jpeg`."""

from __future__ import annotations

from limpet.picture.base import Encoded, EncodeOptions, Picture
from limpet.picture.pillow import image_of, opened, saved
from limpet.values import Pixels

FULL_COLOUR_FROM = 90
"""from this quality colours keep every pixel (4:4:4); below, one for four, as text on colour then does not matter"""


class JpegCodec:
    """Writes and reads complete jpeg files."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        # 100 costs three times the bytes of 95 and shows nothing more
        quality = max(1, min(options.quality, 95))
        subsampling = 0 if quality >= FULL_COLOUR_FROM else 2
        return saved(image_of(pixels, alpha=False), "jpeg", pixels, quality, quality=quality, subsampling=subsampling)

    def decode(self, picture: Encoded) -> Pixels:
        from PIL.JpegImagePlugin import JpegImageFile

        return opened(picture, JpegImageFile)


ENCODER = DECODER = JpegCodec()
