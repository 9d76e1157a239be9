from __future__ import annotations

import struct
import zlib

import lz4.block
import pytest

from limpet.picture.base import Encoded, EncodeOptions, PictureError
from limpet.picture.rgb import DECODER, ENCODER
from limpet.values import PixelFormat
from tests.picture.samples import colours, pattern, sent


def test_captured_pixels_are_sent_as_they_are_where_the_client_reads_them() -> None:
    pixels = pattern(4, 4, PixelFormat.BGRX)
    picture = ENCODER.encode(pixels, EncodeOptions(rgb_formats=("RGB", "BGRX")))
    assert picture.data is pixels.data
    assert (picture.encoding, picture.rgb_format, picture.rowstride) == ("rgb32", "BGRX", 16)


def test_alpha_is_dropped_without_copying_for_a_client_that_reads_no_alpha() -> None:
    pixels = pattern(4, 4, PixelFormat.BGRA)
    picture = ENCODER.encode(pixels, EncodeOptions(rgb_formats=("BGRX",)))
    assert picture.data is pixels.data
    assert (picture.rgb_format, picture.has_alpha) == ("BGRX", False)


@pytest.mark.parametrize(
    ("formats", "expected"),
    [(("RGB",), "RGB"), ((), "RGB"), (("RGBX",), "RGBX"), (("RGBX", "RGB"), "RGB"), (("RGBA",), "RGBA")],
)
def test_other_clients_get_a_converted_copy(formats: tuple[str, ...], expected: str) -> None:
    pixels = pattern(5, 3, PixelFormat.BGRA)
    picture = ENCODER.encode(pixels, EncodeOptions(rgb_formats=formats))
    assert picture.rgb_format == expected
    assert picture.encoding == ("rgb24" if expected == "RGB" else "rgb32")
    seen = colours(DECODER.decode(sent(picture)))
    wanted = colours(pixels)
    assert [colour[:3] for colour in seen] == [colour[:3] for colour in wanted]


@pytest.mark.parametrize(
    ("options", "compressor"),
    [
        (EncodeOptions(rgb_formats=("BGRX",), lz4=True, zlib=True), "lz4"),
        (EncodeOptions(rgb_formats=("BGRX",), zlib=True), "zlib"),
        (EncodeOptions(rgb_formats=("BGRX",)), ""),
    ],
)
def test_the_quickest_compressor_of_the_client_is_used(options: EncodeOptions, compressor: str) -> None:
    pixels = pattern(40, 40, PixelFormat.BGRX)
    picture = ENCODER.encode(pixels, options)
    assert picture.compressor == compressor
    assert colours(DECODER.decode(sent(picture))) == colours(pixels)


def test_lz4_data_has_its_size_in_front_in_little_endian() -> None:
    pixels = pattern(12, 13, PixelFormat.BGRX)
    picture = ENCODER.encode(pixels, EncodeOptions(rgb_formats=("BGRX",), lz4=True))
    assert bytes(picture.data[:4]) == b"\x70\x02\x00\x00"  # 624 = 13 rows of 48 bytes
    assert lz4.block.decompress(bytes(picture.data[4:]), uncompressed_size=624) == pixels.data


def test_little_data_is_not_compressed() -> None:
    picture = ENCODER.encode(pattern(8, 7, PixelFormat.BGRX), EncodeOptions(rgb_formats=("BGRX",), lz4=True))
    assert picture.compressor == ""


@pytest.mark.parametrize(
    ("encoding", "format_", "size"), [("rgb24", PixelFormat.RGB, 3), ("rgb32", PixelFormat.RGBX, 4)]
)
def test_without_a_format_the_name_of_the_encoding_decides(encoding: str, format_: PixelFormat, size: int) -> None:
    pixels = pattern(6, 2, format_)
    decoded = DECODER.decode(Encoded(encoding=encoding, data=pixels.data, width=6, height=2, rowstride=6 * size))
    assert colours(decoded) == colours(pixels)


def test_pixels_that_need_no_conversion_are_not_copied() -> None:
    pixels = pattern(6, 2, PixelFormat.BGRX)
    picture = Encoded(encoding="rgb24", data=pixels.data, width=6, height=2, rowstride=24, rgb_format="BGRX")
    assert DECODER.decode(picture).data is pixels.data


def _lz4(plain: bytes, size: int | None = None) -> bytes:
    packed = lz4.block.compress(plain, store_size=False)
    return struct.pack("<I", len(plain) if size is None else size) + packed


@pytest.mark.parametrize(
    ("compressor", "data"),
    [
        ("lz4", b"\x01"),
        ("lz4", _lz4(bytes(1 << 20))),
        ("lz4", _lz4(bytes(64), size=60)),
        ("lz4", _lz4(bytes(64), size=80)[:-1]),
        ("lz4", _lz4(bytes(10))),
        ("zlib", zlib.compress(bytes(1 << 20))),
        ("zlib", zlib.compress(bytes(64))[:-3]),
        ("zlib", b"no zlib at all"),
        ("zlib", zlib.compress(bytes(10))),
        ("snappy", bytes(64)),
        ("", bytes(63)),
    ],
)
def test_data_of_another_size_than_declared_is_refused(compressor: str, data: bytes) -> None:
    picture = Encoded(
        encoding="rgb32", data=data, width=4, height=4, rowstride=16, rgb_format="BGRX", compressor=compressor
    )
    with pytest.raises(PictureError):
        DECODER.decode(picture)


def test_a_memoryview_decodes_like_bytes() -> None:
    pixels = pattern(40, 40, PixelFormat.BGRX)
    picture = ENCODER.encode(pixels, EncodeOptions(rgb_formats=("BGRX",), lz4=True))
    view = Encoded(
        encoding="rgb32", data=memoryview(picture.data), width=40, height=40, rowstride=160, rgb_format="BGRX",
        compressor="lz4",
    )  # fmt: skip
    assert colours(DECODER.decode(view)) == colours(pixels)
