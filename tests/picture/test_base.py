"""What holds for every encoding of the table."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.picture.base import (
    ENCODINGS,
    MAX_AREA_PX,
    EncodeOptions,
    PictureError,
    checked_pixels,
    encoder,
)
from limpet.picture.decode import DECODERS, RGB_FORMATS, Encoded, decode
from limpet.values import PixelFormat
from tests.picture.samples import SIZES, colours, pattern, sent

EVERY_RGB = EncodeOptions(quality=100, rgb_formats=tuple(PixelFormat.__members__))
LOSSLESS = [name for name, row in ENCODINGS.items() if row.lossless] + ["webp"]
"""webp is lossless at quality 100"""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("padding", [0, 5])
@pytest.mark.parametrize("pixel_format", PixelFormat)
@pytest.mark.parametrize("name", LOSSLESS)
def test_a_lossless_encoding_gives_back_every_pixel(
    name: str, pixel_format: PixelFormat, padding: int, size: tuple[int, int]
) -> None:
    pixels = pattern(*size, pixel_format, padding=padding)
    decoded = decode(sent(encoder(name).encode(pixels, EVERY_RGB)))
    assert (decoded.width, decoded.height) == size
    assert decoded.format in RGB_FORMATS
    assert colours(decoded) == colours(pixels)


@pytest.mark.parametrize("name", [name for name in ENCODINGS if name not in LOSSLESS])
def test_a_lossy_encoding_keeps_the_size_and_comes_near(name: str) -> None:
    pixels = pattern(61, 37, PixelFormat.BGRX)
    decoded = decode(sent(encoder(name).encode(pixels, EncodeOptions(quality=90))))
    assert (decoded.width, decoded.height, decoded.format) == (61, 37, PixelFormat.BGRX)
    errors = [
        abs(before - after)
        for one, other in zip(colours(pixels), colours(decoded), strict=True)
        for before, after in zip(one, other, strict=True)
    ]
    assert sum(errors) / len(errors) < 12


@pytest.mark.parametrize("name", ENCODINGS)
def test_alpha_survives_where_the_table_says_so(name: str) -> None:
    pixels = pattern(20, 20, PixelFormat.BGRA)
    picture = encoder(name).encode(pixels, EncodeOptions(quality=100, rgb_formats=("BGRA",)))
    assert picture.has_alpha == (ENCODINGS[name].alpha or name == "rgb24")
    assert (decode(sent(picture)).format is PixelFormat.BGRA) == picture.has_alpha


@pytest.mark.parametrize("name", ENCODINGS)
def test_a_picture_declared_with_another_size_is_refused(name: str) -> None:
    made = encoder(name).encode(pattern(16, 16, PixelFormat.BGRX), EVERY_RGB)
    for width, height in ((17, 16), (16, 17), (15, 15)):
        wrong = Encoded(
            encoding=name, data=made.data, width=width, height=height, rgb_format=made.rgb_format,
            rowstride=width * 4 if made.rowstride else 0,
        )  # fmt: skip
        if made.rowstride and width * height < 256:
            continue  # raw pixels have no size of their own: what is too many is cut off
        with pytest.raises(PictureError):
            decode(wrong)


@pytest.mark.parametrize("name", ENCODINGS)
@pytest.mark.parametrize(("width", "height"), [(0, 1), (1, 0), (-1, 4), (16385, 1), (8193, 8192)])
def test_sizes_out_of_bounds_are_refused_before_the_data_is_read(name: str, width: int, height: int) -> None:
    assert width * height <= MAX_AREA_PX or width > 8192
    with pytest.raises(PictureError, match="not accepted"):
        decode(Encoded(encoding=name, data=b"", width=width, height=height))


@pytest.mark.parametrize("name", [name for name in ENCODINGS if not name.startswith("rgb")])
def test_the_declared_encoding_decides_and_not_the_content(name: str) -> None:
    pixels = pattern(8, 8, PixelFormat.BGRX)
    for other in ("png", "jpeg", "webp"):
        if other != name:
            data = encoder(other).encode(pixels, EncodeOptions()).data
            with pytest.raises(PictureError, match=name):
                decode(Encoded(encoding=name, data=data, width=8, height=8))


@pytest.mark.parametrize("name", DECODERS)
def test_every_name_on_the_wire_has_a_decoder(name: str) -> None:
    pixels = pattern(16, 16, PixelFormat.BGRX)
    made = sent(encoder(DECODERS[name]).encode(pixels, EVERY_RGB))
    decoded = decode(dataclasses.replace(made, encoding=name))
    assert (decoded.width, decoded.height) == (16, 16)
    assert made.raw == name.startswith("rgb")


def test_an_unknown_encoding_is_refused() -> None:
    with pytest.raises(PictureError, match="tiff"):
        decode(Encoded(encoding="tiff", data=b"", width=1, height=1))


@given(
    st.sampled_from(sorted(ENCODINGS)),
    st.binary(max_size=200),
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(-1, 400),
    st.sampled_from(["", "lz4", "zlib", "lzo"]),
    st.sampled_from(["", "BGRX", "RGB", "r210"]),
)
def test_garbage_is_a_picture_error_or_pixels(
    name: str, data: bytes, width: int, height: int, rowstride: int, compressor: str, rgb_format: str
) -> None:
    picture = Encoded(
        encoding=name, data=data, width=width, height=height, rowstride=rowstride, compressor=compressor,
        rgb_format=rgb_format,
    )  # fmt: skip
    try:
        pixels = decode(picture)
    except PictureError:
        return
    assert (pixels.width, pixels.height) == (width, height)


@given(st.sampled_from(["png", "jpeg", "webp"]), st.data())
def test_a_broken_file_is_a_picture_error_or_pixels(name: str, data: st.DataObject) -> None:
    good = bytearray(encoder(name).encode(pattern(24, 9, PixelFormat.BGRX), EncodeOptions()).data)
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(good[: data.draw(st.integers(0, len(good)))])
    try:
        pixels = decode(Encoded(encoding=name, data=cut, width=24, height=9))
    except PictureError:
        return
    assert (pixels.width, pixels.height) == (24, 9)


def test_checked_pixels_wants_whole_rows_but_for_the_last_ones_padding() -> None:
    assert checked_pixels(2, 2, PixelFormat.RGB, 8, bytes(14)).rowstride == 8
    for rowstride, size in ((5, 100), (8, 13), ((1 << 20) + 1, 1 << 22)):
        with pytest.raises(PictureError):
            checked_pixels(2, 2, PixelFormat.RGB, rowstride, bytes(size))
