"""Pictures on the screen, pixel by pixel, and what is answered to them."""

from __future__ import annotations

import pytest

from limpet.client.messages import (
    CursorImage,
    MoveResize,
    Paint,
    PaintDone,
    PaintResult,
    Scroll,
    ScrollCopy,
    SetCursor,
    ShowStatus,
    WindowConfigured,
)
from limpet.values import PixelFormat, Pixels, Rect, Size, WindowId
from tests.client.ui.support import UiProcess, XView, paint, pattern, plain, rgb_rows

ONE = WindowId(1)


def test_a_picture_is_on_the_screen_exactly(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 301, 203), title="exact", place=True)
    picture = pattern(301, 203)
    done = ui.paint(Paint(ONE, Rect(0, 0, 301, 203), picture, 5, decode_us=1_000_000, token=77))
    assert (done.result, done.size, done.token) == (PaintResult.PAINTED, Size(301, 203), 77)
    assert done.elapsed_us > 1_000_000
    assert view.image(view.find("exact"), Rect(0, 0, 301, 203)) == rgb_rows(picture)


def test_a_picture_is_exact_on_a_scaled_desktop(scaled_ui: UiProcess, view: XView) -> None:
    scaled_ui.window(1, Rect(50, 60, 302, 204), title="exact", place=True)
    picture = pattern(302, 204)
    scaled_ui.paint(Paint(ONE, Rect(0, 0, 302, 204), picture, 1))
    part = plain(Rect(0, 0, 5, 3), (9, 8, 7))
    scaled_ui.paint(Paint(ONE, Rect(11, 13, 5, 3), part, 2))
    expected = rgb_rows(picture)
    for y in range(13, 16):
        expected[y] = expected[y][: 11 * 4] + rgb_rows(part)[0] + expected[y][16 * 4 :]
    assert view.image(view.find("exact"), Rect(0, 0, 302, 204)) == expected


@pytest.mark.parametrize(
    ("pixel_format", "pixel"),
    [
        (PixelFormat.BGRX, b"\x01\x02\x03\x99"),
        (PixelFormat.BGRA, b"\x01\x02\x03\xff"),
        (PixelFormat.RGBX, b"\x03\x02\x01\x99"),
        (PixelFormat.RGBA, b"\x03\x02\x01\xff"),
        (PixelFormat.RGB, b"\x03\x02\x01"),
        (PixelFormat.BGR, b"\x01\x02\x03"),
    ],
)
def test_every_byte_order_and_padded_rows_are_shown(
    ui: UiProcess, view: XView, pixel_format: PixelFormat, pixel: bytes
) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="order")
    stride = 7 * len(pixel) + 3
    rows = (pixel * 7 + b"###") * 4 + pixel * 7
    done = ui.paint(Paint(ONE, Rect(2, 3, 7, 5), Pixels(7, 5, pixel_format, stride, rows), 1))
    assert done.result is PaintResult.PAINTED, "the last row may be short"
    xid = view.find("order")
    assert set(view.image(xid, Rect(2, 3, 7, 5))) == {b"\x01\x02\x03\x00" * 7}
    assert view.pixel(xid, 9, 3) != (1, 2, 3)


@pytest.mark.parametrize(
    "pixels",
    [
        Pixels(3, 2, PixelFormat.BGRX, 12, bytes(24)),
        Pixels(2, 2, PixelFormat.BGRX, 4, bytes(24)),
        Pixels(2, 2, PixelFormat.BGRX, 8, bytes(15)),
        Pixels(2, 2, PixelFormat.XRGB, 8, bytes(16)),
    ],
)
def test_pixels_that_cannot_be_shown_are_answered_with_the_reason(ui: UiProcess, pixels: Pixels) -> None:
    ui.window(1, Rect(50, 60, 40, 30))
    done = ui.paint(Paint(ONE, Rect(0, 0, 2, 2), pixels, 1))
    assert done.result is PaintResult.FAILED
    assert done.message


def test_the_screen_changes_only_when_the_update_is_complete(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="flush")
    ui.paint(paint(ONE, Rect(0, 0, 40, 30), (5, 5, 5), 1))
    xid = view.find("flush")
    ui.paint(paint(ONE, Rect(0, 0, 40, 10), (6, 6, 6), 2, flush=1))
    assert view.pixel(xid, 0, 0) == (5, 5, 5)
    ui.paint(paint(ONE, Rect(0, 10, 40, 10), (7, 7, 7), 3, flush=0))
    assert [view.pixel(xid, 0, y) for y in (0, 10, 20)] == [(6, 6, 6), (7, 7, 7), (5, 5, 5)]


def test_many_pictures_at_once_are_all_answered_in_order(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="many")
    ui.post(*(paint(ONE, Rect(0, 0, 40, 30), (n % 256, 0, 0), n, flush=n % 3) for n in range(600, -1, -1)))
    done = [ui.wait(PaintDone).sequence for _ in range(601)]
    assert sorted(done) == list(range(601))
    assert view.pixel(view.find("many"), 0, 0) == (0, 0, 0)


def test_scroll_copies_read_the_picture_as_it_was(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="scroll")
    picture = pattern(40, 30)
    ui.paint(Paint(ONE, Rect(0, 0, 40, 30), picture, 1))
    copies = (ScrollCopy(Rect(0, 0, 40, 20), 0, 10), ScrollCopy(Rect(0, 20, 40, 10), 0, -20))
    ui.post(Scroll(ONE, Size(40, 30), copies, 2))
    assert ui.wait(PaintDone).result is PaintResult.PAINTED
    rows = rgb_rows(picture)
    assert view.image(view.find("scroll"), Rect(0, 0, 40, 30)) == rows[20:] + rows[:20]


@pytest.mark.parametrize("copy", [ScrollCopy(Rect(0, 0, 10**12, 1), 0, 0), ScrollCopy(Rect(0, 0, 1, 1), 10**12, 0)])
def test_a_scroll_that_cannot_be_is_answered_with_the_reason(ui: UiProcess, copy: ScrollCopy) -> None:
    ui.window(1, Rect(50, 60, 40, 30))
    ui.post(Scroll(ONE, Size(40, 30), (copy,), 2))
    assert ui.wait(PaintDone).result is PaintResult.FAILED


def test_a_scroll_out_of_the_window_is_cut_off(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="cut")
    ui.paint(paint(ONE, Rect(0, 0, 40, 30), (5, 5, 5), 1))
    copies = (ScrollCopy(Rect(30, 20, 30, 30), 5, 5), ScrollCopy(Rect(100, 100, 5, 5), -100, -100))
    ui.post(Scroll(ONE, Size(40, 30), copies, 2))
    assert ui.wait(PaintDone).result is PaintResult.PAINTED
    assert view.pixel(view.find("cut"), 39, 29) == (5, 5, 5)


def test_a_resize_keeps_what_was_seen_until_new_pixels_come(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="kept", place=True)
    picture = pattern(40, 30)
    ui.paint(Paint(ONE, Rect(0, 0, 40, 30), picture, 1))
    xid = view.find("kept")
    view.move_resize(xid, Rect(50, 60, 60, 20))
    ui.wait(WindowConfigured, lambda event: event.rect.size == Size(60, 20))
    ui.paint(paint(ONE, Rect(50, 0, 10, 20), (1, 1, 1), 2))
    assert view.image(xid, Rect(0, 0, 40, 20)) == rgb_rows(picture)[:20]
    assert view.pixel(xid, 50, 0) == (1, 1, 1)


def test_a_picture_for_a_larger_window_is_cut_off(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="cut")
    picture = pattern(100, 100)
    assert ui.paint(Paint(ONE, Rect(-10, -10, 100, 100), picture, 1)).result is PaintResult.PAINTED
    rows = [row[10 * 4 : 50 * 4] for row in rgb_rows(picture)[10:40]]
    assert view.image(view.find("cut"), Rect(0, 0, 40, 30)) == rows


def test_the_server_can_resize_and_paint_in_one_go(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="grown", place=True)
    picture = pattern(90, 80)
    ui.post(MoveResize(ONE, Rect(50, 60, 90, 80), 1))
    xid = view.find("grown")
    ui.paint(Paint(ONE, Rect(0, 0, 90, 80), picture, 1))
    ui.paint(paint(ONE, Rect(0, 0, 1, 1), (0, 0, 0), 2))
    assert view.image(xid, Rect(0, 0, 90, 80))[1:] == rgb_rows(picture)[1:]


def test_transparent_pixels_stay_transparent(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 40, 30), title="glass", has_alpha=True)
    xid = view.find("glass")
    assert view.core.GetGeometry(xid).reply().depth == 32
    half = Pixels(4, 4, PixelFormat.BGRA, 16, b"\x10\x20\x30\x80" * 16)
    ui.paint(Paint(ONE, Rect(0, 0, 4, 4), half, 1))
    reply = view.core.GetImage(2, xid, 0, 0, 2, 1, 0xFFFFFFFF).reply()
    assert bytes(reply.data.buf()) == b"\x10\x20\x30\x80" * 2


def test_a_status_is_over_the_window_until_it_is_taken_away(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="status")
    ui.paint(paint(ONE, Rect(0, 0, 200, 100), (255, 255, 255), 1))
    xid = view.find("status")
    ui.post(ShowStatus("reconnecting"))
    ui.settle()
    assert view.pixel(xid, 1, 50) < (128, 128, 128)
    assert view.pixel(xid, 1, 1) == (255, 255, 255)
    assert len(set(view.image(xid, Rect(50, 50, 100, 1))[0])) > 2, "there is text in the band"
    ui.paint(paint(ONE, Rect(0, 0, 200, 100), (250, 250, 250), 2))
    assert view.pixel(xid, 1, 50) < (128, 128, 128), "also over new pictures"
    ui.post(ShowStatus(None))
    ui.settle()
    assert set(view.image(xid, Rect(0, 0, 200, 100))) == {b"\xfa\xfa\xfa\x00" * 200}


def test_a_covered_window_shows_again_what_it_was(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 100, 100), title="under", place=True)
    picture = pattern(100, 100)
    ui.paint(Paint(ONE, Rect(0, 0, 100, 100), picture, 1))
    xid = view.find("under")
    view.core.ClearArea(True, xid, 0, 0, 0, 0)  # the X server forgets the pixels and asks for them
    view.connection.flush()
    view.move_resize(xid, Rect(51, 60, 100, 100))
    ui.wait(WindowConfigured)
    assert view.image(xid, Rect(0, 0, 100, 100)) == rgb_rows(picture)


def test_the_cursor_has_the_image_the_server_sent(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(0, 0, 300, 300), title="cursor", place=True)
    pixels = plain(Rect(0, 0, 16, 16), (0, 0, 255))
    ui.post(SetCursor(CursorImage(pixels, 3, 4, "own")))
    view.pointer_to(100, 100)
    ui.settle()
    image = view.cursor()
    assert (image.width, image.height, image.xhot, image.yhot) == (16, 16, 3, 4)
    assert set(image.cursor_image) == {0xFFFF0000}
    ui.post(SetCursor(None))
    ui.settle()
    assert set(view.cursor().cursor_image) != {0xFFFF0000}


@pytest.mark.parametrize(
    "cursor",
    [
        CursorImage(Pixels(0, 0, PixelFormat.BGRA, 0, b""), 0, 0, "xterm"),
        CursorImage(Pixels(5000, 5000, PixelFormat.BGRA, 20000, b""), 0, 0, "unheard of"),
        CursorImage(plain(Rect(0, 0, 2, 2), (0, 0, 0)), 500, -1),
    ],
)
def test_a_cursor_that_is_none_does_no_harm(ui: UiProcess, cursor: CursorImage) -> None:
    ui.window(1, Rect(0, 0, 300, 300))
    ui.post(SetCursor(cursor))
    assert ui.settle() == []
