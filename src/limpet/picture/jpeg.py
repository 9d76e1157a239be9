"""The encoding `jpeg`."""

from __future__ import annotations

from limpet.picture.base import EncodeOptions, Picture
from limpet.picture.pillow import image_of, saved
from limpet.values import Pixels


class Encoder:
    """Writes a complete jpeg file."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture:
        return saved(image_of(pixels, alpha=False), "jpeg", pixels, quality=options.quality)


ENCODER = Encoder()
