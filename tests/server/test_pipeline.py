"""From damage to pictures, with a capture thread that works when the test says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any

import pytest

from limpet.errors import DisplayError, DisplayUnavailable, WindowGone
from limpet.picture.base import Picture
from limpet.server import pipeline as module
from limpet.server.pipeline import MAX_RECTS, MAX_WRITE_BUFFERED, WindowPictures
from limpet.values import Rect
from tests.support.net import run

WHOLE = Rect(0, 0, 600, 450)
FAR = [Rect(x * 150, y * 150, 10, 10) for x in range(4) for y in range(3)]
"""too far apart to be merged"""


def picture(size: int = 100) -> Picture:
    return Picture(encoding="png", data=bytes(size), width=1, height=1)


class Screen:
    """The pictures of one window, and all that is around them."""

    def __init__(self) -> None:
        self.now = 0.0
        self.buffered = 0
        self.asked: list[list[Rect]] = []
        self.drawn: list[tuple[Rect, int, int]] = []
        self.results: list[asyncio.Future[list[tuple[Rect, Picture]]]] = []
        self.tasks: set[asyncio.Task[None]] = set()
        self.pictures = WindowPictures(
            render=self._render,
            in_capture_thread=self._in_capture_thread,
            draw=self._draw,
            spawn=self._spawn,
            clock=lambda: self.now,
            write_buffered=lambda: self.buffered,
        )

    def _render(self, _capturer: object, rects: Sequence[Rect]) -> list[tuple[Rect, Picture]]:
        self.asked.append(list(rects))
        return [(rect, picture()) for rect in rects]

    async def _in_capture_thread(self, work: Callable[[Any], list[tuple[Rect, Picture]]]) -> list[tuple[Rect, Picture]]:
        drawn = work(None)
        result: asyncio.Future[list[tuple[Rect, Picture]]] = asyncio.get_running_loop().create_future()
        self.results.append(result)
        return await result or drawn

    def _draw(self, rect: Rect, drawn: Picture, sequence: int, remaining: int) -> int:
        self.drawn.append((rect, sequence, remaining))
        return len(drawn.data)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)

    async def finish(self, error: Exception | None = None) -> None:
        """The capture thread is through with what it was last asked for."""
        await self.settle()
        result = self.results.pop(0)
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result([])
        await self.settle()

    async def show(self) -> None:
        self.pictures.show(WHOLE)
        await self.finish()


def check(story: Callable[[Screen], Awaitable[None]]) -> None:
    async def told() -> None:
        screen = Screen()
        await story(screen)
        screen.pictures.close()

    run(told())


def test_a_window_that_is_mapped_is_painted_whole() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        assert screen.pictures.visible
        assert screen.asked == [[WHOLE]]
        assert screen.drawn == [(WHOLE, 1, 0)]
        assert screen.pictures.flow.waiting == 1

    check(story)


def test_what_is_not_mapped_is_not_painted() -> None:
    async def story(screen: Screen) -> None:
        screen.pictures.damaged([WHOLE])
        await screen.settle()
        assert screen.asked == []
        assert not screen.pictures.visible

    check(story)


def test_an_update_of_several_pictures_counts_down_to_its_last() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        screen.pictures.damaged(FAR[:3])
        await screen.finish()
        assert screen.drawn[1:] == [(FAR[0], 2, 2), (FAR[1], 3, 1), (FAR[2], 4, 0)]

    check(story)


def test_damage_during_a_capture_waits_for_the_next() -> None:
    async def story(screen: Screen) -> None:
        screen.pictures.show(WHOLE)
        await screen.settle()
        screen.pictures.damaged(FAR[:1])
        screen.pictures.damaged(FAR[1:2])
        await screen.settle()
        assert screen.asked == [[WHOLE]]
        await screen.finish()
        assert screen.asked == [[WHOLE], FAR[:2]]

    check(story)


def test_a_client_that_does_not_acknowledge_gets_no_more_and_what_changed_is_merged() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        for rect in FAR[:2]:
            screen.pictures.damaged([rect])
            await screen.finish()
        for rect in FAR[2:]:
            screen.pictures.damaged([rect])
        await screen.settle()
        assert len(screen.asked) == 3
        screen.pictures.acknowledged(1, 1000)
        await screen.settle()
        assert len(screen.asked) == 4
        assert sorted(screen.asked[3], key=FAR.index) == FAR[2:]

    check(story)


def test_many_small_rectangles_become_one() -> None:
    async def story(screen: Screen) -> None:
        screen.pictures.show(WHOLE)
        await screen.settle()
        screen.pictures.damaged([Rect(x * 200, 0, 10, 10) for x in range(MAX_RECTS + 1)])
        await screen.finish()
        assert screen.asked[1] == [Rect(0, 0, MAX_RECTS * 200 + 10, 10)]

    check(story)


def test_a_full_connection_holds_pictures_back_until_it_is_writable() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        screen.buffered = MAX_WRITE_BUFFERED + 1
        screen.pictures.damaged(FAR[:1])
        await screen.settle()
        assert len(screen.asked) == 1
        screen.pictures.writable()
        await screen.settle()
        assert len(screen.asked) == 1
        screen.buffered = 0
        screen.pictures.writable()
        await screen.settle()
        assert len(screen.asked) == 2

    check(story)


def test_a_client_that_never_acknowledges_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)

    async def story(screen: Screen) -> None:
        await screen.show()
        for rect in FAR[:2]:
            screen.pictures.damaged([rect])
            await screen.finish()
        screen.pictures.damaged(FAR[2:3])
        while screen.pictures._retry is None:
            await asyncio.sleep(0)
        assert len(screen.asked) == 3
        screen.now = 11.0
        while len(screen.asked) == 3:
            await asyncio.sleep(0.001)
        assert screen.asked[3] == FAR[2:3]

    check(story)


def test_an_unmapped_window_is_forgotten_and_comes_back_whole() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        screen.pictures.damaged(FAR[:1])
        await screen.settle()
        screen.pictures.hide()
        await screen.finish()
        assert len(screen.drawn) == 1, "what was captured before is not sent any more"
        assert screen.pictures.flow.waiting == 0
        screen.pictures.damaged(FAR[1:2])
        await screen.settle()
        assert len(screen.asked) == 2
        await screen.show()
        assert screen.asked[2] == [WHOLE]
        assert screen.drawn[1][0] == WHOLE

    check(story)


def test_a_late_acknowledgement_of_what_an_unmap_forgot_is_harmless() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        screen.pictures.hide()
        screen.pictures.acknowledged(1, 1000)
        screen.pictures.acknowledged(99, -1)
        assert screen.pictures.flow.failures == 0

    check(story)


@pytest.mark.parametrize("error", [WindowGone(7), DisplayUnavailable("gone"), DisplayError("refused")], ids=repr)
def test_a_failed_capture_draws_nothing_and_what_was_damaged_meanwhile_is_not_left_waiting(error: Exception) -> None:
    async def story(screen: Screen) -> None:
        screen.pictures.show(WHOLE)
        await screen.settle()
        screen.pictures.damaged(FAR[:1])
        await screen.finish(error)
        assert screen.drawn == []
        assert screen.asked == [[WHOLE], FAR[:1]]
        await screen.finish()
        assert screen.drawn == [(FAR[0], 1, 0)]

    check(story)


def test_a_closed_window_does_nothing_any_more() -> None:
    async def story(screen: Screen) -> None:
        await screen.show()
        for rect in FAR[:3]:
            screen.pictures.damaged([rect])
            await screen.settle()
        screen.pictures.close()
        await screen.finish()
        screen.pictures.damaged(FAR[4:])
        screen.pictures.acknowledged(1, 1)
        screen.pictures.writable()
        screen.pictures.close()
        await screen.settle()
        assert len(screen.drawn) == 1
        assert screen.pictures._retry is None

    check(story)


def test_closing_takes_the_timer_with_it() -> None:
    async def story(screen: Screen) -> None:
        screen.buffered = MAX_WRITE_BUFFERED + 1
        screen.pictures.show(WHOLE)
        assert screen.pictures._retry is not None
        screen.pictures.close()
        assert screen.pictures._retry is None

    check(story)
