"""Which encoding for which rectangle; a pure function."""

from __future__ import annotations

from limpet.picture.base import ENCODINGS, EncodeOptions
from limpet.records import dataclass
from limpet.values import PixelFormat, Pixels

RAW_MAX_PX = 512 * 512
"""up to here raw pixels are sent even without a compressor; above, the link matters more than the encoder's time"""
LOSSY_MIN_PX = 64 * 64
"""below, a lossy file saves nothing worth its blur"""
PHOTO_RATIO = 0.45
"""text and user interface compress to 0.01 to 0.2 of their size, photographs to 0.8 and more"""
_SAMPLE_ROWS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPictures:
    """What a client decodes and wishes. `wanted` is an encoding's name, or empty or `auto` for the server's choice."""

    encodings: frozenset[str]
    options: EncodeOptions
    wanted: str = ""


def choose(width: int, height: int, pixel_format: PixelFormat, client: ClientPictures, *, photo: bool = False) -> str:
    """A key of `ENCODINGS` that the client decodes (png when it decodes none of ours).

    Lossless, unless the client wants a lossy encoding by name, or allows loss and the rectangle is a `photo`
    (see `is_photo`). `rgb` as the wish means rgb24 or rgb32.
    """
    usable = [name for name in ENCODINGS if name in client.encodings]
    if pixel_format.has_alpha:
        usable = [name for name in usable if ENCODINGS[name].alpha] or usable
    rgb = next((name for name in usable if name.startswith("rgb")), "")
    wanted = rgb if client.wanted == "rgb" else client.wanted
    if wanted in usable:
        return wanted
    if photo and client.options.lossy and width * height >= LOSSY_MIN_PX:
        for name in ("jpeg", "webp"):
            if name in usable:
                return name
    compressed = client.options.lz4 or client.options.zlib
    if rgb and (compressed or width * height <= RAW_MAX_PX):
        return rgb
    return next((name for name in ("png", "webp", "jpeg") if name in usable), rgb or "png")


def is_photo(pixels: Pixels) -> bool:
    """Whether it looks like a photograph rather than text or user interface: a few rows hardly compress."""
    import lz4.block

    line = pixels.width * pixels.format.bytes_per_pixel
    step = max(1, pixels.height // _SAMPLE_ROWS)
    view = memoryview(pixels.data)
    starts = [row * pixels.rowstride for row in range(step // 2, pixels.height, step)]
    sample = b"".join(view[start : start + line] for start in starts)
    return len(lz4.block.compress(sample, store_size=False)) > PHOTO_RATIO * len(sample)
