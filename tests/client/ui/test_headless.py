"""The user interface in memory."""

from __future__ import annotations

import threading

import pytest

from limpet.client.messages import (
    AskPassword,
    CreateWindow,
    DestroyAllWindows,
    DestroyWindow,
    Exited,
    KeyChanged,
    MoveResize,
    Paint,
    PaintDone,
    PaintResult,
    PasswordEntered,
    Quit,
    ScreensChanged,
    Scroll,
    ScrollCopy,
    ShowStatus,
    UpdateMetadata,
    WindowMapped,
    WindowProperties,
)
from limpet.client.ui.base import EventQueue
from limpet.client.ui.headless import HeadlessUi
from limpet.values import PixelFormat, Pixels, Rect, Secret, Size, WindowId

WINDOW = WindowId(7)


@pytest.fixture
def events() -> EventQueue:
    return EventQueue(lambda: None)


@pytest.fixture
def ui(events: EventQueue) -> HeadlessUi:
    ui = HeadlessUi(events)
    ui.post(CreateWindow(WINDOW, Rect(10, 20, 4, 3), properties=WindowProperties(title="pad")))
    assert events.drain() == [WindowMapped(WINDOW, Rect(10, 20, 4, 3))]
    return ui


def picture(width: int, height: int, pixel_format: PixelFormat, pixel: bytes, pad: int = 0) -> Pixels:
    return Pixels(width, height, pixel_format, width * len(pixel) + pad, (pixel * width + b"#" * pad) * height)


@pytest.mark.parametrize(
    ("pixel_format", "pixel"),
    [
        (PixelFormat.BGRX, b"\x01\x02\x03\x00"),
        (PixelFormat.RGBX, b"\x03\x02\x01\x00"),
        (PixelFormat.RGB, b"\x03\x02\x01"),
        (PixelFormat.BGR, b"\x01\x02\x03"),
        (PixelFormat.ARGB, b"\xff\x03\x02\x01"),
    ],
)
def test_a_paint_lands_where_it_should_in_every_format(
    ui: HeadlessUi, events: EventQueue, pixel_format: PixelFormat, pixel: bytes
) -> None:
    ui.post(Paint(WINDOW, Rect(1, 1, 2, 2), picture(2, 2, pixel_format, pixel, pad=5), 1, decode_us=100))
    (done,) = events.drain()
    assert isinstance(done, PaintDone)
    assert (done.result, done.sequence, done.size) == (PaintResult.PAINTED, 1, Size(2, 2))
    assert done.elapsed_us > 100
    image = ui.pixels(WINDOW)
    inside = [(x, y) for y in range(3) for x in range(4) if bytes(image.data)[(y * 4 + x) * 4] == 1]
    assert inside == [(1, 1), (2, 1), (1, 2), (2, 2)]
    ui.wait_pixel(WINDOW, 1, 1, (1, 2, 3))


def test_a_paint_beyond_the_window_is_cut_off(ui: HeadlessUi, events: EventQueue) -> None:
    ui.post(Paint(WINDOW, Rect(3, 2, 9, 9), picture(9, 9, PixelFormat.BGRX, b"\x05\x05\x05\x05"), 1))
    ui.wait_pixel(WINDOW, 3, 2, (5, 5, 5))
    assert bytes(ui.pixels(WINDOW).data).count(5) == 4


@pytest.mark.parametrize(
    "pixels",
    [
        Pixels(3, 2, PixelFormat.BGRX, 12, bytes(24)),
        Pixels(2, 2, PixelFormat.BGRX, 4, bytes(24)),
        Pixels(2, 2, PixelFormat.BGRX, 8, bytes(15)),
    ],
)
def test_pixels_that_do_not_fit_are_answered_with_failed(ui: HeadlessUi, events: EventQueue, pixels: Pixels) -> None:
    ui.post(Paint(WINDOW, Rect(0, 0, 2, 2), pixels, 3, token=9))
    (done,) = events.drain()
    assert isinstance(done, PaintDone)
    assert (done.result, done.token) == (PaintResult.FAILED, 9)
    assert done.message


def test_scroll_copies_read_the_picture_as_it_was(ui: HeadlessUi, events: EventQueue) -> None:
    for row in range(3):
        ui.post(Paint(WINDOW, Rect(0, row, 4, 1), picture(4, 1, PixelFormat.BGRX, bytes([row + 1]) * 4), row))
    copies = (
        ScrollCopy(Rect(0, 0, 4, 2), 0, 1),
        ScrollCopy(Rect(0, 2, 4, 1), 0, -2),
        ScrollCopy(Rect(0, 0, 4, 3), 9, 9),
    )
    ui.post(Scroll(WINDOW, Size(4, 3), copies, 4))
    rows = bytes(ui.pixels(WINDOW).data)[::16]
    assert rows == b"\x03\x01\x02"


def test_a_paint_for_no_window_is_answered(ui: HeadlessUi, events: EventQueue) -> None:
    ui.post(DestroyWindow(WINDOW))
    ui.post(Paint(WINDOW, Rect(0, 0, 1, 1), picture(1, 1, PixelFormat.BGRX, bytes(4)), 1))
    (done,) = events.drain()
    assert isinstance(done, PaintDone)
    assert done.result is PaintResult.NO_WINDOW


def test_a_resize_keeps_what_fits(ui: HeadlessUi) -> None:
    ui.post(Paint(WINDOW, Rect(0, 0, 4, 3), picture(4, 3, PixelFormat.BGRX, b"\x09" * 4), 1))
    ui.post(MoveResize(WINDOW, Rect(0, 0, 2, 5), resize_counter=3, move=False))
    window = ui.windows[WINDOW]
    assert (window.rect, window.resize_counter) == (Rect(10, 20, 2, 5), 3)
    assert bytes(window.image) == b"\x09" * 2 * 4 * 3 + bytes(2 * 4 * 2)


def test_run_reports_the_screen_and_ends_with_the_code_of_quit(events: EventQueue) -> None:
    ui = HeadlessUi(events, desktop=Size(800, 600))
    threading.Thread(target=ui.post, args=(Quit(5),)).start()
    assert ui.run() == 5
    first, *_, last = events.drain()
    assert isinstance(first, ScreensChanged)
    assert first.desktop == Size(800, 600)
    assert last == Exited(5)


def test_tests_can_see_commands_and_make_events(ui: HeadlessUi, events: EventQueue) -> None:
    ui.post(UpdateMetadata(WINDOW, WindowProperties(title="new")))
    ui.post(ShowStatus("reconnecting"))
    assert ui.wait_window(title="new").window_id == WINDOW
    assert ui.status == "reconnecting"
    assert ui.commands[-1] == ShowStatus("reconnecting")
    key = KeyChanged(WINDOW, "a", 97, "a", 38, True)
    ui.inject(key)
    assert events.drain() == [key]
    ui.post(DestroyAllWindows())
    with pytest.raises(TimeoutError):
        ui.wait_window(title="new", timeout=0)


def test_a_password_given_to_it_is_the_answer(events: EventQueue) -> None:
    secret = Secret(b"x")
    HeadlessUi(events, password=secret).post(AskPassword("Password:", "host", 4))
    (event,) = events.drain()
    assert isinstance(event, PasswordEntered)
    assert event.token == 4
    assert event.password is secret
