"""The encoding `png`."""

from __future__ import annotations

from limpet.picture.base import EncodeOptions, Picture
from limpet.picture.pillow import image_of, saved
from limpet.values import Pixels


class Encoder:
    """Writes a complete png file."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        return saved(image_of(pixels, alpha=True), "png", pixels, compress_level=1)


ENCODER = Encoder()
