"""Pictures and their acknowledgements."""

from __future__ import annotations

from typing import Any

import pytest

from limpet.client.features.draw import DECODE_ERROR, MAX_WAITING, NO_WINDOW, DrawFeature
from limpet.client.messages import Paint, PaintDone, PaintResult, Scroll, ScrollCopy, WindowProperties
from limpet.client.window_book import WindowModel
from limpet.packets.draw import Draw, DrawOptions, EndOfStream
from limpet.packets.window import WindowMetadata
from limpet.packets.window_client import DrawAck
from limpet.values import PixelFormat, Rect, Size, WindowId
from tests.client.features.context import Bench, only
from tests.support.net import run

WINDOW = WindowId(7)


def draw(window_id: int = WINDOW, sequence: int = 1, **fields: Any) -> Draw:
    options = DrawOptions(rgb_format="BGRX", **fields.pop("options", {}))
    values: dict[str, Any] = {
        "x": 1,
        "y": 2,
        "width": 2,
        "height": 2,
        "encoding": "rgb32",
        "data": b"\1\2\3\0" * 4,
        "rowstride": 8,
    }
    return Draw(window_id=WindowId(window_id), sequence=sequence, options=options, **(values | fields))


def bench() -> Bench:
    made = Bench()
    made.windows.add(WindowModel(WINDOW, Rect(0, 0, 9, 9), False, WindowMetadata(), WindowProperties()))
    made.feature = made.make(DrawFeature)  # type: ignore[attr-defined]
    return made


def test_a_picture_is_painted() -> None:
    made = bench()
    made.give(draw(options={"flush": 2}))
    paint = only(made.take_posted(), Paint)
    assert (paint.window_id, paint.rect, paint.sequence, paint.flush) == (WINDOW, Rect(1, 2, 2, 2), 1, 2)
    assert (paint.pixels.format, bytes(paint.pixels.data)) == (PixelFormat.BGRX, b"\1\2\3\0" * 4)
    assert (paint.token, paint.decode_us >= 1) == (1, True)
    assert made.sent == []


@pytest.mark.parametrize(
    ("result", "elapsed", "code"),
    [
        (PaintResult.PAINTED, 250, 250),
        (PaintResult.PAINTED, 2**40, 2**31 - 1),
        # kept in the picture of a window that cannot be seen: decoded all the same
        (PaintResult.HIDDEN, 80, 80),
        (PaintResult.FAILED, 10, DECODE_ERROR),
        (PaintResult.NO_WINDOW, 10, NO_WINDOW),
    ],
)
def test_the_answer_of_the_user_interface_is_the_acknowledgement(result: PaintResult, elapsed: int, code: int) -> None:
    made = bench()
    made.give(PaintDone(WINDOW, 4, Size(2, 3), elapsed, result, "why", token=1))
    ack = only(made.sent, DrawAck)
    assert (ack.window_id, ack.sequence, ack.width, ack.height, ack.decode_us, ack.message) == (
        WINDOW,
        4,
        2,
        3,
        code,
        "why",
    )


def test_answers_for_an_earlier_connection_are_dropped() -> None:
    made = bench()
    made.give(PaintDone(WINDOW, 4, Size(2, 3), 5, token=0))
    assert made.sent == []


def test_pictures_of_unknown_windows_are_answered() -> None:
    made = bench()
    made.give(draw(99))
    assert (only(made.sent, DrawAck).decode_us, made.posted) == (NO_WINDOW, [])


@pytest.mark.parametrize(
    "fields",
    [
        {"encoding": "h264"},
        {"data": b"\1"},
        {"data": ((0, 5),), "encoding": "mmap"},
        {"encoding": "scroll", "data": ((1, 2),)},
        {"width": 0},
    ],
)
def test_what_does_not_decode_is_answered_with_the_cause(fields: dict[str, Any]) -> None:
    made = bench()
    made.give(draw(**fields))
    ack = only(made.sent, DrawAck)
    assert ack.decode_us == DECODE_ERROR
    assert ack.message
    assert made.posted == []


@pytest.mark.parametrize("in_options", [True, False])
def test_scrolling(in_options: bool) -> None:
    made = bench()
    rows = ((0, 14, 484, 287, 0, -13), (0, 314, 484, 2, 0, -13))
    made.give(draw(encoding="scroll", data=b"" if in_options else rows, options={"scroll": rows} if in_options else {}))
    command = only(made.take_posted(), Scroll)
    assert command.copies == (ScrollCopy(Rect(0, 14, 484, 287), 0, -13), ScrollCopy(Rect(0, 314, 484, 2), 0, -13))
    assert (command.sequence, command.token) == (1, 1)


def test_a_picture_that_is_not_to_be_shown_is_answered_at_once() -> None:
    made = bench()
    made.give(draw(options={"paint": False}))
    assert (only(made.sent, DrawAck).decode_us >= 1, made.posted) == (True, [])


def test_the_end_of_a_stream_is_nothing() -> None:
    made = bench()
    made.give(EndOfStream(window_id=WINDOW))
    assert (made.sent, made.posted) == ([], [])


def test_reading_pauses_while_too_much_is_to_be_decoded() -> None:
    async def flood() -> None:
        made = bench()
        count = MAX_WAITING + 2
        for sequence in range(1, count + 1):
            made.give(draw(sequence=sequence, encoding="png", data=b"no picture"))
        assert made.paused == {"decoding"}
        while len(made.sent) < count:
            await _turn()
        assert made.paused == set()
        assert [packet.sequence for packet in made.sent if isinstance(packet, DrawAck)] == list(range(1, count + 1))
        made.decoder.close()

    run(flood())


def test_nothing_is_answered_when_the_connection_is_over() -> None:
    made = bench()
    feature: DrawFeature = made.feature  # type: ignore[attr-defined]
    feature.stop()
    made.give(draw(99), PaintDone(WINDOW, 4, Size(2, 3), 5, token=1))
    assert made.sent == []


async def _turn() -> None:
    import asyncio

    await asyncio.sleep(0)
