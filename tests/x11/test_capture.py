from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sysv_ipc

from limpet.errors import DisplayUnavailable, WindowGone
from limpet.values import PixelFormat, Rect, Size
from limpet.x11 import capture as capture_module
from limpet.x11.capture import Capturer
from limpet.x11.connection import RequestFailed, X11Connection
from limpet.x11.display import Xvfb
from limpet.x11.randr import ScreenControl
from limpet.x11.testing import pattern_colour, pixel_at, shows_pattern
from tests.x11.conftest import SCREEN, Stage


@pytest.fixture
def capturer(connect: Callable[[], X11Connection]) -> Iterator[Capturer]:
    with Capturer(connect()) as made:
        yield made


@pytest.fixture(params=["shared memory", "socket"])
def either(request: pytest.FixtureRequest, capturer: Capturer, monkeypatch: pytest.MonkeyPatch) -> Capturer:
    """A capturer with shared memory, and one where there is none."""
    if request.param == "socket":

        def refuse(*arguments: object, **options: object) -> None:
            raise sysv_ipc.Error("no shared memory here")

        monkeypatch.setattr(sysv_ipc, "SharedMemory", refuse)
    return capturer


def test_the_pixels_of_a_window(stage: Stage, either: Capturer) -> None:
    xid = stage.show(Rect(20, 30, 101, 47))
    stage.app.paint(xid, Rect(0, 0, 101, 47))
    pixels = either.capture(xid, Rect(0, 0, 101, 47))
    assert (pixels.width, pixels.height, pixels.format, pixels.rowstride) == (101, 47, PixelFormat.BGRX, 404)
    assert shows_pattern(pixels)


def test_a_part_of_a_window(stage: Stage, either: Capturer) -> None:
    xid = stage.show(Rect(20, 30, 101, 47))
    stage.app.paint(xid, Rect(0, 0, 101, 47))
    for _ in range(2):  # the second time the size is known
        pixels = either.capture(xid, Rect(13, 7, 31, 23))
        assert (pixels.width, pixels.height) == (31, 23)
        assert shows_pattern(pixels, left=13, top=7)


def test_what_lies_outside_is_cut_off(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(20, 30, 101, 47))
    stage.app.paint(xid, Rect(0, 0, 101, 47))
    pixels = capturer.capture(xid, Rect(-5, 40, 1000, 1000))
    assert (pixels.width, pixels.height) == (101, 7)
    assert shows_pattern(pixels, top=40)
    with pytest.raises(WindowGone):
        capturer.capture(xid, Rect(101, 0, 5, 5))
    assert capturer.capture(xid, Rect(0, 0, 1, 1)).width == 1


def test_a_covered_window_keeps_its_pixels(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(0, 0, 64, 64))
    stage.app.paint(xid, Rect(0, 0, 64, 64))
    stage.show(Rect(0, 0, 300, 300))
    assert shows_pattern(capturer.capture(xid, Rect(0, 0, 64, 64)))


def test_a_window_outside_of_the_screen_has_pixels(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(-500, 5000, 64, 64))
    stage.app.paint(xid, Rect(0, 0, 64, 64))
    assert shows_pattern(capturer.capture(xid, Rect(0, 0, 64, 64)))


def test_after_a_resize_the_new_size_is_seen(stage: Stage, either: Capturer) -> None:
    xid = stage.show(Rect(0, 0, 64, 64))
    assert either.capture(xid, Rect(0, 0, 999, 999)).width == 64
    for size in (Size(120, 90), Size(30, 200)):
        stage.manager.move_resize(xid, Rect(0, 0, size.width, size.height))
        stage.pump.settle()
        stage.app.paint(xid, Rect(0, 0, size.width, size.height))
        pixels = either.capture(xid, Rect(0, 0, 999, 999))
        assert (pixels.width, pixels.height) == (size.width, size.height)
        assert shows_pattern(pixels)


def test_the_border_belongs_to_the_picture(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(0, 0, 32, 32), override_redirect=True, border=4)
    stage.app.paint(xid, Rect(0, 0, 32, 32))
    pixels = capturer.capture(xid, Rect(0, 0, 99, 99))
    assert (pixels.width, pixels.height) == (40, 40)
    assert pixel_at(pixels, 0, 0) == 0
    assert pixel_at(pixels, 4, 4) == pattern_colour(0, 0)


def test_a_window_with_alpha_has_it(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(0, 0, 32, 32), alpha=True)
    stage.app.paint(xid, Rect(0, 0, 32, 32), alpha=0x80)
    pixels = capturer.capture(xid, Rect(0, 0, 32, 32))
    assert pixels.format is PixelFormat.BGRA
    assert pixels.data[3] == 0x80
    assert stage.manager.info(xid).has_alpha


def test_unmapped_and_destroyed_windows_are_window_gone(stage: Stage, either: Capturer) -> None:
    hidden, gone = stage.app.window(Rect(0, 0, 9, 9)), stage.show(Rect(0, 0, 9, 9))
    either.capture(gone, Rect(0, 0, 9, 9))
    stage.app.core.DestroyWindow(gone)
    stage.app.connection.sync()
    for xid in (hidden, gone):
        with pytest.raises(WindowGone) as caught:
            either.capture(xid, Rect(0, 0, 9, 9))
        assert caught.value.xid == xid


def test_captures_bigger_than_the_shared_memory_come_in_bands(
    stage: Stage, either: Capturer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capture_module, "MAX_SEGMENT", 101 * 4 * 10 + 3)
    xid = stage.show(Rect(0, 0, 101, 47))
    stage.app.paint(xid, Rect(0, 0, 101, 47))
    for _ in range(2):
        assert shows_pattern(either.capture(xid, Rect(0, 0, 101, 47)))


def test_missing_shared_memory_is_said_once(
    stage: Stage, either: Capturer, caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest
) -> None:
    xid = stage.show(Rect(0, 0, 9, 9))
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            either.capture(xid, Rect(0, 0, 9, 9))
    assert len(caplog.records) == ("socket" in request.node.callspec.id)


def test_shared_memory_is_marked_for_removal_at_once(stage: Stage, capturer: Capturer) -> None:
    before = _segments()
    xid = stage.show(Rect(0, 0, 9, 9))
    capturer.capture(xid, Rect(0, 0, 9, 9))
    added = _segments() - before
    assert all(flags & 0o1000 for _, flags in added)  # SHM_DEST
    capturer.trim()
    capturer.trim()
    stage.connection.sync()
    assert capturer.capture(xid, Rect(0, 0, 9, 9)).width == 9


def _segments() -> set[tuple[int, int]]:
    rows = [line.split() for line in Path("/proc/sysvipc/shm").read_text(encoding="ascii").splitlines()[1:]]
    return {(int(row[1]), int(row[2], 8)) for row in rows}


def test_a_screenshot_shows_windows_over_each_other_on_black(stage: Stage, either: Capturer) -> None:
    below = stage.show(Rect(0, 0, 64, 64))
    stage.app.paint(below, Rect(0, 0, 64, 64))
    stage.show(Rect(32, 32, 64, 64), background=0x00FF00)
    clear = stage.show(Rect(200, 0, 32, 32), alpha=True)
    stage.app.paint(clear, Rect(0, 0, 32, 32), alpha=0xFF)
    shot = either.screenshot()
    assert (shot.width, shot.height, shot.format) == (SCREEN.width, SCREEN.height, PixelFormat.BGRX)
    assert pixel_at(shot, 10, 10) == pattern_colour(10, 10)
    assert pixel_at(shot, 40, 40) == 0x00FF00
    assert pixel_at(shot, 95, 95) == 0x00FF00
    assert pixel_at(shot, 96, 96) == 0
    assert pixel_at(shot, 208, 8) == pattern_colour(8, 8)


def test_a_screenshot_of_a_part(stage: Stage, capturer: Capturer) -> None:
    xid = stage.show(Rect(10, 10, 64, 64))
    stage.app.paint(xid, Rect(0, 0, 64, 64))
    assert shows_pattern(capturer.screenshot(Rect(26, 18, 16, 16)), left=16, top=8)
    with pytest.raises(RequestFailed):
        capturer.screenshot(Rect(5000, 0, 10, 10))


def test_the_visible_bounds(stage: Stage, capturer: Capturer) -> None:
    assert capturer.visible_bounds().empty
    stage.show(Rect(10, 20, 30, 40))
    stage.show(Rect(100, 50, 20, 10), override_redirect=True, border=2)
    stage.show(Rect(-10, 700, 20, 500))
    assert capturer.visible_bounds() == Rect(0, 20, 124, SCREEN.height - 20)


def test_a_resized_screen_is_captured_in_its_new_size(
    stage: Stage, capturer: Capturer, connect: Callable[[], X11Connection]
) -> None:
    ScreenControl(connect()).resize(Size(300, 200))
    shot = capturer.screenshot()
    assert (shot.width, shot.height) == (300, 200)


def test_a_dead_x_server_is_display_unavailable(stage: Stage, capturer: Capturer, xvfb: Xvfb) -> None:
    xid = stage.show(Rect(0, 0, 9, 9))
    capturer.capture(xid, Rect(0, 0, 9, 9))
    xvfb.process.kill()
    xvfb.wait()
    with pytest.raises(DisplayUnavailable):
        capturer.capture(xid, Rect(0, 0, 9, 9))
