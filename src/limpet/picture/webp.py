"""The encoding `webp`."""

from __future__ import annotations

from limpet.picture.base import EncodeOptions, Picture
from limpet.picture.pillow import image_of, saved
from limpet.values import Pixels


class Encoder:
    """Writes a complete webp file."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        return saved(image_of(pixels, alpha=True), "webp", pixels, quality=options.quality, method=0)


ENCODER = Encoder()
