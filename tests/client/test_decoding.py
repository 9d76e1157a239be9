"""Pictures are decoded off the loop and come out in their order."""

from __future__ import annotations

import asyncio
import io

from PIL import Image

from limpet.client.decoding import INLINE_PIXELS, Decoded, PictureDecoder
from limpet.picture.decode import Encoded
from limpet.values import WindowId
from tests.support.net import run

WINDOW = WindowId(1)


def png(side: int) -> Encoded:
    out = io.BytesIO()
    Image.new("RGB", (side, side), (side % 256, 0, 0)).save(out, "PNG")
    return Encoded(encoding="png", data=out.getvalue(), width=side, height=side)


def raw(side: int = 2) -> Encoded:
    return Encoded(encoding="rgb32", data=bytes(side * side * 4), width=side, height=side)


async def until(condition: object) -> None:
    async with asyncio.timeout(10):
        while not condition():  # type: ignore[operator]
            await asyncio.sleep(0)


def test_few_raw_pixels_are_decoded_at_once() -> None:
    async def test() -> None:
        decoder, found = PictureDecoder(), list[Decoded]()
        decoder.submit(WINDOW, raw(), found.append)
        assert found[0].pixels is not None
        assert found[0].elapsed_us >= 1
        decoder.close()

    run(test())


def test_a_window_gets_its_pictures_in_order() -> None:
    async def test() -> None:
        decoder, found = PictureDecoder(), list[int]()
        sides = [400, 1, 300, 2, 3]
        for side in sides:
            decoder.submit(WINDOW, png(side), lambda got: found.append(got.pixels.width if got.pixels else 0))
        decoder.submit(WINDOW, raw(7), lambda got: found.append(got.pixels.width if got.pixels else 0))
        decoder.pass_through(WINDOW, lambda: found.append(-1))
        assert found == []
        assert (decoder.waiting, decoder.waiting_bytes > 0) == (7, True)
        await until(lambda: len(found) == 7)
        assert found == [*sides, 7, -1]
        assert (decoder.waiting, decoder.waiting_bytes) == (0, 0)
        decoder.close()

    run(test())


def test_windows_do_not_wait_for_each_other() -> None:
    async def test() -> None:
        decoder, found = PictureDecoder(), list[str]()
        decoder.submit(WINDOW, png(500), lambda _: found.append("large"))
        decoder.submit(WindowId(2), raw(), lambda _: found.append("small"))
        decoder.pass_through(WindowId(3), lambda: found.append("none"))
        assert found == ["small", "none"]
        await until(lambda: len(found) == 3)
        decoder.close()

    run(test())


def test_many_raw_pixels_leave_the_loop() -> None:
    async def test() -> None:
        side = int(INLINE_PIXELS**0.5) + 1
        decoder, found = PictureDecoder(), list[Decoded]()
        decoder.submit(WINDOW, raw(side), found.append)
        assert found == []
        await until(lambda: found)
        decoder.close()

    run(test())


def test_a_problem_is_delivered_in_its_place() -> None:
    async def test() -> None:
        decoder, found = PictureDecoder(), list[str]()
        bad = Encoded(encoding="png", data=b"no picture", width=1, height=1)
        for picture in (png(100), bad, png(100)):
            decoder.submit(WINDOW, picture, lambda got: found.append(got.problem))
        await until(lambda: len(found) == 3)
        assert [bool(text) for text in found] == [False, True, False]
        decoder.close()

    run(test())
