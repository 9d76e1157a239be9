"""Capturing and encoding in the capture thread: rectangles of a window in, pictures out."""

from __future__ import annotations

from collections.abc import Sequence

from limpet.errors import WindowGone
from limpet.packets.capgroups import EncodingCaps
from limpet.picture.base import ENCODINGS, EncodeOptions, Picture, encoder
from limpet.picture.choice import ClientPictures, choose, is_photo
from limpet.values import Pixels, Rect, Xid
from limpet.x11.capture import Capturer

PictureWish = ClientPictures
DEFAULT_QUALITY = 80
DEFAULT_FORMATS = ("RGB",)


def encodings() -> tuple[str, ...]:
    """The encodings that this server makes."""
    return tuple(ENCODINGS)


def picture_wish(caps: EncodingCaps) -> PictureWish:
    """What a client's hello says about pictures."""
    names = set(caps.usable)
    if "rgb" in names:
        names |= {"rgb24", "rgb32"}
    return ClientPictures(
        encodings=frozenset(names),
        wanted="" if caps.setting in ("auto", "") else caps.setting,
        options=EncodeOptions(
            quality=caps.quality or DEFAULT_QUALITY,
            lossy=0 < caps.quality < 100,
            rgb_formats=caps.rgb_formats or DEFAULT_FORMATS,
            lz4=caps.rgb_lz4,
            zlib=caps.rgb_zlib,
        ),
    )


def render(xid: Xid, wish: PictureWish, capturer: Capturer, rects: Sequence[Rect]) -> list[tuple[Rect, Picture]]:
    """Raises `WindowGone` when nothing of `rects` can be captured any more."""
    pictures = []
    gone: WindowGone | None = None
    for rect in rects:
        try:
            pixels = capturer.capture(xid, rect)
        except WindowGone as error:
            # a window that shrank still has the others
            gone = error
            continue
        photo = wish.options.lossy and is_photo(pixels)
        name = choose(pixels.width, pixels.height, pixels.format, wish, photo=photo)
        picture = encoder(name).encode(pixels, wish.options)
        pictures.append((Rect(rect.x, rect.y, pixels.width, pixels.height), picture))
    if gone is not None and not pictures:
        raise gone
    return pictures


def png_of(pixels: Pixels) -> bytes:
    """For icons, cursors and screenshots."""
    return bytes(encoder("png").encode(pixels, EncodeOptions()).data)
