"""Pictures to pixels."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import lz4.block
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from limpet.picture.base import EncodeOptions, encoder
from limpet.picture.decode import DECODERS, RGB_FORMATS, Encoded, PictureError, decode
from limpet.values import PixelFormat, Pixels

SIZES = [(1, 1), (3, 5), (16, 7)]


def noise(width: int, height: int, depth: int = 4) -> bytes:
    return bytes((index * 7 + index // 5) % 256 for index in range(width * height * depth))


def colours(pixels: Pixels) -> list[tuple[int, int, int]]:
    """Red, green and blue of each pixel."""
    image = Image.frombuffer(
        "RGB",
        (pixels.width, pixels.height),
        bytes(pixels.data),
        "raw",
        pixels.format.value.replace("A", "X"),
        pixels.rowstride,
        1,
    )
    raw = image.tobytes()
    return [(raw[i], raw[i + 1], raw[i + 2]) for i in range(0, len(raw), 3)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["png", "rgb32"])
def test_lossless_encodings_come_back_as_they_were(name: str, size: tuple[int, int]) -> None:
    width, height = size
    source = Pixels(width, height, PixelFormat.BGRX, width * 4, noise(width, height))
    made = encoder(name).encode(source, EncodeOptions(rgb_formats=("BGRX",), lz4=True))
    found = decode(
        Encoded(
            encoding=made.encoding,
            data=made.data,
            width=width,
            height=height,
            rowstride=made.rowstride,
            rgb_format=made.rgb_format,
            compressor=made.compressor,
        )
    )
    assert colours(found) == colours(source)


@pytest.mark.parametrize("name", ["jpeg", "webp"])
def test_lossy_encodings_come_back_alike(name: str) -> None:
    source = Pixels(16, 16, PixelFormat.BGRX, 64, b"\x20\x80\xc0\x00" * 256)
    made = encoder(name).encode(source, EncodeOptions(quality=90))
    found = decode(Encoded(encoding=name, data=made.data, width=16, height=16))
    for channel, wanted in zip(colours(found)[0], (0xC0, 0x80, 0x20), strict=True):
        assert abs(channel - wanted) < 12


def test_raw_pixels_in_a_format_we_announce_are_not_copied() -> None:
    for order in RGB_FORMATS:
        data = noise(3, 2, order.bytes_per_pixel)
        name = "rgb32" if order.bytes_per_pixel == 4 else "rgb24"
        found = decode(Encoded(encoding=name, data=data, width=3, height=2, rgb_format=order.value))
        assert found.data is data
        assert found.format is order


def test_the_format_decides_not_the_name_of_the_encoding() -> None:
    # xpra 3.1.3 and 6.5.5: rgb24 with four bytes a pixel
    found = decode(Encoded(encoding="rgb24", data=noise(3, 2), width=3, height=2, rowstride=12, rgb_format="BGRX"))
    assert found.format is PixelFormat.BGRX


@pytest.mark.parametrize(("name", "order"), [("rgb24", PixelFormat.RGB), ("rgb32", PixelFormat.RGBX)])
def test_without_a_format_the_name_decides(name: str, order: PixelFormat) -> None:
    data = noise(3, 2, order.bytes_per_pixel)
    assert decode(Encoded(encoding=name, data=data, width=3, height=2)).format is order


@pytest.mark.parametrize("order", ["BGR", "XRGB", "ARGB"])
def test_other_orders_are_put_into_ours(order: str) -> None:
    pixel_format = PixelFormat(order)
    one = {"BGR": b"\x01\x02\x03", "XRGB": b"\x00\x03\x02\x01", "ARGB": b"\xff\x03\x02\x01"}[order]
    found = decode(Encoded(encoding="rgb32", data=one * 4, width=2, height=2, rgb_format=pixel_format.value))
    assert found.format in RGB_FORMATS
    assert colours(found) == [(3, 2, 1)] * 4


def test_a_last_row_may_be_short() -> None:
    data = noise(4, 3)[: 2 * 16 + 8]
    assert decode(Encoded(encoding="rgb32", data=data, width=2, height=3, rowstride=16)).rowstride == 16


def test_pixels_compressed_by_zlib_or_lz4() -> None:
    data = noise(4, 4)
    for name, packed in (
        ("zlib", zlib.compress(data)),
        ("lz4", struct.pack("<I", len(data)) + lz4.block.compress(data, store_size=False)),
    ):
        found = decode(Encoded(encoding="rgb32", data=packed, width=4, height=4, rowstride=16, compressor=name))
        assert bytes(found.data) == data


def png(mode: str, size: tuple[int, int] = (2, 2)) -> bytes:
    out = io.BytesIO()
    Image.new(mode, size, {"L": 7, "P": 0, "RGB": (1, 2, 3), "RGBA": (1, 2, 3, 4)}[mode]).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("mode", "encoding", "order", "pixel"),
    [
        ("RGB", "png", PixelFormat.BGRX, b"\x03\x02\x01"),
        ("RGBA", "png", PixelFormat.BGRA, b"\x03\x02\x01\x04"),
        ("L", "png/L", PixelFormat.BGRX, b"\x07\x07\x07"),
        ("P", "png/P", PixelFormat.BGRX, b"\x00\x00\x00"),
    ],
)
def test_png_of_every_kind(mode: str, encoding: str, order: PixelFormat, pixel: bytes) -> None:
    found = decode(Encoded(encoding=encoding, data=png(mode), width=2, height=2))
    assert found.format is order
    assert bytes(found.data)[: len(pixel)] == pixel


BAD: dict[str, dict[str, Any]] = {
    "unknown encoding": {"encoding": "h264", "data": b"x"},
    "unknown format": {"encoding": "rgb32", "data": noise(2, 2), "rgb_format": "r210"},
    "too few bytes": {"encoding": "rgb32", "data": noise(2, 2)[:-1], "rgb_format": "BGRX"},
    "rowstride too small": {"encoding": "rgb32", "data": noise(2, 2), "rowstride": 7},
    "rowstride too large": {"encoding": "rgb32", "data": noise(2, 2), "rowstride": 2**30},
    "unknown compressor": {"encoding": "rgb32", "data": noise(2, 2), "compressor": "lzo"},
    "damaged lz4": {"encoding": "rgb32", "data": b"\x10\0\0\0\xff\xff", "compressor": "lz4"},
    "lz4 too large": {"encoding": "rgb32", "data": struct.pack("<I", 2**31) + b"\0" * 64, "compressor": "lz4"},
    "zlib too large": {"encoding": "rgb32", "data": zlib.compress(bytes(1 << 16)), "compressor": "zlib"},
    "no picture": {"encoding": "png", "data": b"no picture"},
    "empty": {"encoding": "jpeg", "data": b""},
    "cut": {"encoding": "png", "data": png("RGB")[:-30]},
    "another kind of file": {"encoding": "jpeg", "data": png("RGB")},
    "another size": {"encoding": "png", "data": png("RGB", (3, 2))},
    "no size": {"encoding": "png", "data": png("RGB"), "width": 0},
    "size beyond X11's": {"encoding": "rgb32", "data": b"", "width": 40_000},
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_an_error_of_its_own(name: str) -> None:
    with pytest.raises(PictureError):
        decode(Encoded(**{"width": 2, "height": 2, **BAD[name]}))


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=200), st.sampled_from(["", "lz4", "zlib", "zstd"]))
def test_garbage_raises_nothing_else(name: str, data: bytes, compressor: str) -> None:
    try:
        found = decode(Encoded(encoding=name, data=data, width=2, height=2, compressor=compressor))
    except PictureError:
        return
    assert len(found.data) >= found.rowstride + 2 * found.format.bytes_per_pixel
