"""What an encoding is, and the table of those there are."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

from limpet.values import Buffer, Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class EncodeOptions:
    """`quality` 1..100 for lossy encodings; `rgb_formats` that the client takes; compressors of raw pixels it takes."""

    quality: int = 80
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


class PictureEncoder(Protocol):
    """One encoding; stateless, callable from any thread."""

    def encode(self, pixels: Pixels, options: EncodeOptions) -> Picture: ...


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
