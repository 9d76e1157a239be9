from __future__ import annotations

import io
import subprocess
import sys

import pytest
from PIL import Image

from limpet.picture.base import ENCODINGS, EncodeOptions, PictureError
from limpet.picture.decode import Encoded, decode
from limpet.picture.jpeg import ENCODER as JPEG
from limpet.picture.pillow import image_of, pixels_of
from limpet.picture.webp import ENCODER as WEBP
from limpet.values import PixelFormat
from tests.picture.samples import colours, pattern


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_png_files_of_every_kind_decode(mode: str) -> None:
    image = Image.new(mode, (5, 4)) if mode == "I;16" else Image.new("L", (5, 4), 200).convert(mode)
    out = io.BytesIO()
    image.save(out, "PNG")
    decoded = decode(Encoded(encoding="png", data=out.getvalue(), width=5, height=4))
    assert decoded.format is (PixelFormat.BGRA if mode in {"LA", "RGBA"} else PixelFormat.BGRX)
    assert len(decoded.data) == 5 * 4 * 4


def test_a_palette_with_a_transparent_colour_has_alpha() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([255, 0, 0, 0, 255, 0])
    image.putpixel((1, 0), 1)
    out = io.BytesIO()
    image.save(out, "PNG", transparency=0)
    decoded = decode(Encoded(encoding="png", data=out.getvalue(), width=2, height=1))
    assert [colour[3] for colour in colours(decoded)] == [0, 255]


def test_a_grey_jpeg_decodes() -> None:
    out = io.BytesIO()
    Image.new("L", (9, 9), 77).save(out, "JPEG")
    decoded = decode(Encoded(encoding="jpeg", data=out.getvalue(), width=9, height=9))
    assert colours(decoded)[0] == (77, 77, 77, 255)


def test_a_file_that_unfolds_to_a_huge_picture_is_refused_by_its_header() -> None:
    out = io.BytesIO()
    Image.new("1", (9000, 9000)).save(out, "PNG")
    with pytest.raises(PictureError, match="9000 by 9000"):
        decode(Encoded(encoding="png", data=out.getvalue(), width=64, height=64))


def test_higher_quality_is_bigger_and_nearer() -> None:
    pixels = pattern(64, 64, PixelFormat.BGRX)
    for codec in (JPEG, WEBP):
        sizes = [len(codec.encode(pixels, EncodeOptions(quality=quality)).data) for quality in (10, 60, 95)]
        assert sizes == sorted(sizes)


def test_quality_is_told_for_lossy_pictures_only() -> None:
    pixels = pattern(8, 8, PixelFormat.BGRX)
    assert JPEG.encode(pixels, EncodeOptions(quality=70)).quality == 70
    assert WEBP.encode(pixels, EncodeOptions(quality=70)).quality == 70
    assert WEBP.encode(pixels, EncodeOptions(quality=100)).quality == -1


def test_images_and_pixels_convert_into_each_other() -> None:
    for pixel_format in PixelFormat:
        pixels = pattern(7, 3, pixel_format, padding=2)
        back = pixels_of(image_of(pixels, alpha=True))
        assert colours(back) == colours(pixels)
        assert back.format.has_alpha == pixel_format.has_alpha
        assert not pixels_of(image_of(pixels, alpha=False)).format.has_alpha


def test_pillow_is_loaded_only_when_a_picture_needs_it() -> None:
    script = (
        "import sys, limpet.picture.choice, limpet.picture.base as b\n"
        "from limpet.picture.decode import Encoded, decode\n"
        "raw = Encoded(encoding='rgb32', data=bytes(64), width=4, height=4, rgb_format='BGRX')\n"
        "b.encoder('rgb32').encode(decode(raw), b.EncodeOptions(rgb_formats=('BGRX',)))\n"
        "assert 'PIL' not in sys.modules\n"
        "from PIL import Image\n"
        "from limpet.values import Pixels, PixelFormat\n"
        "p = Pixels(4, 4, PixelFormat.BGRX, 16, bytes(64))\n"
        f"for name in {[name for name in ENCODINGS if not name.startswith('rgb')]!r}:\n"
        "    made = b.encoder(name).encode(p, b.EncodeOptions())\n"
        "    decode(Encoded(encoding=name, data=made.data, width=4, height=4))\n"
        "loaded = {m for m in sys.modules if m.startswith('PIL.') and m.endswith('Plugin')}\n"
        "assert not {'PIL.PdfImagePlugin', 'PIL.EpsImagePlugin', 'PIL.TiffImagePlugin'} & loaded, loaded\n"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 0, done.stderr
