from __future__ import annotations

import pytest

from limpet.picture.base import ENCODINGS, EncodeOptions
from limpet.picture.choice import RAW_MAX_PX, ClientPictures, choose, is_photo
from limpet.values import PixelFormat, Pixels
from tests.picture.samples import busy, pattern

ALL = frozenset(ENCODINGS)
LZ4 = EncodeOptions(lz4=True)
LOSSY = EncodeOptions(lz4=True, lossy=True)
PLAIN = EncodeOptions()
SMALL, BIG = (64, 64), (1024, 768)
X, A = PixelFormat.BGRX, PixelFormat.BGRA


@pytest.mark.parametrize(
    ("size", "pixel_format", "encodings", "options", "wanted", "photo", "expected"),
    [
        (SMALL, X, ALL, LZ4, "", False, "rgb32"),
        (BIG, X, ALL, LZ4, "", False, "rgb32"),
        (SMALL, X, ALL, PLAIN, "", False, "rgb32"),
        (BIG, X, ALL, PLAIN, "", False, "png"),
        (BIG, X, ALL, LZ4, "", True, "rgb32"),  # no loss without leave
        (BIG, X, ALL, LOSSY, "", True, "jpeg"),
        (BIG, X, ALL, LOSSY, "", False, "rgb32"),
        ((63, 64), X, ALL, LOSSY, "", True, "rgb32"),  # too small to be worth it
        (BIG, A, ALL, LOSSY, "", True, "webp"),  # jpeg has no alpha
        (BIG, X, ALL - {"jpeg"}, LOSSY, "", True, "webp"),
        (BIG, X, ALL, LZ4, "png", False, "png"),
        (BIG, X, ALL, LZ4, "jpeg", False, "jpeg"),
        (BIG, A, ALL, LZ4, "jpeg", False, "rgb32"),  # the wish would lose the alpha
        (BIG, X, ALL, LZ4, "h264", False, "rgb32"),
        (BIG, X, ALL, LZ4, "auto", False, "rgb32"),
        (BIG, X, ALL, LZ4, "rgb", False, "rgb32"),
        (BIG, X, frozenset({"rgb24"}), PLAIN, "", False, "rgb24"),
        (SMALL, X, frozenset({"png"}), PLAIN, "", False, "png"),
        (SMALL, X, frozenset({"jpeg"}), PLAIN, "", False, "jpeg"),
        (SMALL, A, frozenset({"jpeg"}), PLAIN, "", False, "jpeg"),
        (SMALL, X, frozenset({"webp", "jpeg"}), PLAIN, "", False, "webp"),
        (SMALL, X, frozenset(), PLAIN, "", False, "png"),
    ],
)
def test_choice(
    size: tuple[int, int],
    pixel_format: PixelFormat,
    encodings: frozenset[str],
    options: EncodeOptions,
    wanted: str,
    photo: bool,
    expected: str,
) -> None:
    client = ClientPictures(encodings=encodings, options=options, wanted=wanted)
    assert choose(*size, pixel_format, client, photo=photo) == expected


def test_raw_pixels_without_compressor_end_at_their_limit() -> None:
    client = ClientPictures(encodings=ALL, options=PLAIN)
    assert choose(RAW_MAX_PX, 1, X, client) == "rgb32"
    assert choose(RAW_MAX_PX + 1, 1, X, client) == "png"


def test_noise_looks_like_a_photograph_and_flat_colour_does_not() -> None:
    assert is_photo(busy(200, 100))
    assert not is_photo(Pixels(200, 100, X, 800, bytes(80_000)))
    assert not is_photo(Pixels(64, 64, X, 256, (b"\xff\xff\xff\xff" * 60 + bytes(16)) * 64))


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (5, 40)])
def test_looking_at_a_tiny_rectangle_reads_only_its_bytes(size: tuple[int, int]) -> None:
    assert is_photo(pattern(*size, PixelFormat.BGRX, padding=3)) in {True, False}
