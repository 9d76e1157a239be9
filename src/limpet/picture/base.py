"""What an encoding is, and the table of those there are."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from limpet.errors import LimpetError
from limpet.records import dataclass
from limpet.values import Buffer, PixelFormat, Pixels

RGB_FORMATS = (PixelFormat.BGRX, PixelFormat.BGRA, PixelFormat.RGBX, PixelFormat.RGBA, PixelFormat.RGB)
"""raw pixels that are taken as they come, best first; decoded pixels are in one of these"""

MAX_EXTENT_PX = 16384
MAX_AREA_PX = 64 * 1024 * 1024
"""256 MiB of pixels: two 8K screens; no window is bigger"""

MAX_ROWSTRIDE = 1024 * 1024


class PictureError(LimpetError):
    """A picture does not decode, or is not what it was declared to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """`quality` 1..100 for lossy encodings; `rgb_formats` that the client takes; compressors of raw pixels it takes.

    `lossy`: the client lets pixels differ for the sake of size, so a lossy encoding may be chosen unasked.
    """

    quality: int = 80
    lossy: bool = False
    rgb_formats: tuple[str, ...] = ("RGB",)
    lz4: bool = False
    zlib: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One encoded rectangle. `rowstride` in bytes and `rgb_format` say how raw pixels lie; 0 and "" for files."""

    encoding: str
    data: Buffer
    width: int
    height: int
    rowstride: int = 0
    rgb_format: str = ""
    compressor: str = ""
    quality: int = -1
    has_alpha: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """A picture that a peer sent, as declared. `rowstride`, `rgb_format` and `compressor` are of raw pixels only."""

    encoding: str
    data: Buffer
    width: int
    height: int
    rowstride: int = 0
    rgb_format: str = ""
    compressor: str = ""

    @property
    def raw(self) -> bool:
        """Raw pixels, which take next to no time."""
        return self.encoding.startswith("rgb")


class PictureEncoder(Protocol):
    """One encoding; stateless, callable from any thread."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture: ...


class PictureDecoder(Protocol):
    """One encoding; stateless, callable from any thread. What it is given comes from a peer."""

    def decode(self, picture: Encoded) -> Pixels:
        """The pixels, in one of `RGB_FORMATS`. The size has been checked. Raises PictureError."""


@dataclass(frozen=True, slots=True)
class EncodingRow:
    """A line of the table: the module is imported when the encoding is used."""

    name: str
    lossless: bool
    alpha: bool
    module: str


ENCODINGS: Mapping[str, EncodingRow] = MappingProxyType(
    {
        row.name: row
        for row in (
            EncodingRow("rgb32", True, True, "limpet.picture.rgb"),
            EncodingRow("rgb24", True, False, "limpet.picture.rgb"),
            EncodingRow("png", True, True, "limpet.picture.png"),
            EncodingRow("webp", False, True, "limpet.picture.webp"),
            EncodingRow("jpeg", False, False, "limpet.picture.jpeg"),
        )
    }
)


def encoder(name: str) -> PictureEncoder:
    """The encoder of `name`, a key of `ENCODINGS`."""
    made: PictureEncoder = importlib.import_module(ENCODINGS[name].module).ENCODER
    return made


def decoder(name: str) -> PictureDecoder:
    """The decoder of `name`, a key of `ENCODINGS`."""
    made: PictureDecoder = importlib.import_module(ENCODINGS[name].module).DECODER
    return made


def checked_pixels(width: int, height: int, pixel_format: PixelFormat, rowstride: int, data: Buffer) -> Pixels:
    """Pixels whose buffer is big enough. Raises PictureError."""
    line = width * pixel_format.bytes_per_pixel
    if not line <= rowstride <= MAX_ROWSTRIDE:
        raise PictureError(f"rows of {rowstride} bytes for {width} pixels {pixel_format.value}")
    if len(data) < rowstride * (height - 1) + line:
        raise PictureError(f"{len(data)} bytes for {width} by {height} pixels {pixel_format.value}")
    return Pixels(width, height, pixel_format, rowstride, data)
