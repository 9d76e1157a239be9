"""The encoding `webp`."""

from __future__ import annotations

from limpet.picture.base import Encoded, EncodeOptions, Picture
from limpet.picture.pillow import image_of, opened, saved
from limpet.values import Pixels

METHOD = 0
"""the quickest of 0 to 6"""
LOSSLESS_QUALITY = 100


class WebpCodec:
    """Writes and reads complete webp files; quality 100 is lossless."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        from PIL import WebPImagePlugin  # noqa: F401 - registers itself; else Pillow loads all its formats

        image = image_of(pixels, alpha=True)
        if options.quality >= LOSSLESS_QUALITY:
            return saved(image, "webp", pixels, -1, quality=0, lossless=True, method=METHOD, exact=True)
        quality = max(1, options.quality)
        return saved(image, "webp", pixels, quality, quality=quality, method=METHOD, exact=True)

    def decode(self, picture: Encoded) -> Pixels:
        from PIL.WebPImagePlugin import WebPImageFile

        return opened(picture, WebPImageFile)


ENCODER = DECODER = WebpCodec()
