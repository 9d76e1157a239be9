"""Capturing and encoding of rectangles."""

from __future__ import annotations

import pytest

from limpet.errors import WindowGone
from limpet.packets.capgroups import EncodingCaps
from limpet.picture.base import ENCODINGS
from limpet.server.render import DEFAULT_FORMATS, DEFAULT_QUALITY, encodings, picture_wish, png_of, render
from limpet.values import PixelFormat, Pixels, Rect, Xid

CAPS = EncodingCaps(options=("rgb", "png"), core=("rgb24", "rgb32", "png"), rgb_formats=("BGRX",))


class Capturer:
    """A window of 100 by 100, of which nothing else can be captured."""

    def capture(self, xid: Xid, rect: Rect) -> Pixels:
        inside = rect.intersect(Rect(0, 0, 100, 100))
        if inside.empty:
            raise WindowGone(xid)
        return Pixels(inside.width, inside.height, PixelFormat.BGRX, inside.width * 4, bytes(inside.area * 4))


def rendered(*rects: Rect) -> list[tuple[Rect, str]]:
    pictures = render(Xid(1), picture_wish(CAPS), Capturer(), rects)  # type: ignore[arg-type]  # a window without X
    return [(rect, picture.encoding) for rect, picture in pictures]


def test_each_rectangle_becomes_a_picture_of_what_is_there() -> None:
    assert rendered(Rect(0, 0, 10, 10), Rect(90, 90, 50, 50)) == [
        (Rect(0, 0, 10, 10), "rgb32"),
        (Rect(90, 90, 10, 10), "rgb32"),
    ]


def test_a_rectangle_outside_a_window_that_shrank_costs_only_itself() -> None:
    assert rendered(Rect(200, 0, 10, 10), Rect(0, 0, 10, 10)) == [(Rect(0, 0, 10, 10), "rgb32")]


def test_where_nothing_is_left_the_window_is_gone() -> None:
    with pytest.raises(WindowGone):
        rendered(Rect(200, 0, 10, 10), Rect(0, 200, 10, 10))


def test_no_rectangle_is_no_picture() -> None:
    assert rendered() == []


def test_we_offer_what_we_make() -> None:
    assert encodings() == tuple(ENCODINGS)


def test_a_client_that_says_little_gets_what_everybody_takes() -> None:
    wish = picture_wish(EncodingCaps(options=("png",), core=("png",)))
    assert (wish.wanted, wish.options.quality, wish.options.lossy) == ("", DEFAULT_QUALITY, False)
    assert wish.options.rgb_formats == DEFAULT_FORMATS
    assert wish.encodings == {"png"}


def test_rgb_means_both_of_its_kinds() -> None:
    wish = picture_wish(EncodingCaps(options=("rgb",), core=("rgb",)))
    assert {"rgb24", "rgb32"} <= wish.encodings


@pytest.mark.parametrize(("quality", "lossy"), [(0, False), (1, True), (99, True), (100, False)])
def test_only_a_quality_below_100_lets_pixels_differ(quality: int, lossy: bool) -> None:
    options = picture_wish(EncodingCaps(core=("jpeg",), quality=quality)).options
    assert options.lossy == lossy
    assert options.quality == (quality or DEFAULT_QUALITY)


@pytest.mark.parametrize(("setting", "wanted"), [("", ""), ("auto", ""), ("jpeg", "jpeg")])
def test_a_wish_for_one_encoding_is_kept(setting: str, wanted: str) -> None:
    assert picture_wish(EncodingCaps(setting=setting, core=("png",))).wanted == wanted


def test_compressors_of_raw_pixels_are_the_clients() -> None:
    options = picture_wish(EncodingCaps(core=("rgb24",), rgb_lz4=True, rgb_zlib=True)).options
    assert (options.lz4, options.zlib) == (True, True)


def test_icons_and_screenshots_are_png() -> None:
    assert png_of(Pixels(2, 2, PixelFormat.BGRA, 8, bytes(16))).startswith(b"\x89PNG\r\n")
