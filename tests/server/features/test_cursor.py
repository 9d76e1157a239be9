"""The cursor's shape."""

from __future__ import annotations

import dataclasses

import pytest

from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import EncodingCaps, InputCaps
from limpet.packets.cursor import Cursor, SetCursors
from limpet.server.features.cursor import CursorFeature
from limpet.values import PixelFormat, Pixels, Size
from limpet.x11.windows import CursorImage
from tests.server.features.stage import Stage


def image(size: int = 24, serial: int = 7) -> CursorImage:
    pixels = Pixels(size, size, PixelFormat.BGRA, size * 4, bytes(size * size * 4))
    return CursorImage(pixels=pixels, hot_x=3, hot_y=4, serial=serial, name="left_ptr")


def cursors(*, png: bool = True, enabled: bool = True) -> Stage:
    encoding = EncodingCaps(cursor=("png", "raw") if png else ("raw",))
    return Stage(CursorFeature, ClientHello(encoding=encoding, input=InputCaps(cursors=enabled)))


@pytest.mark.parametrize(
    ("png", "size", "encoding"), [(True, 24, "png"), (True, 4, "raw"), (False, 24, "raw")], ids=["png", "small", "raw"]
)
def test_a_cursor_is_sent_as_the_client_takes_it(png: bool, size: int, encoding: str) -> None:
    stage = cursors(png=png)
    stage.desktop.cursor = image(size)
    stage.feature.start()
    (sent,) = stage.took()
    assert isinstance(sent, Cursor)
    assert (sent.encoding, sent.width, sent.height, sent.x_hot, sent.y_hot) == (encoding, size, size, 3, 4)
    assert (sent.serial, sent.name, sent.default_size) == (7, "left_ptr", Size(size, size))
    assert bytes(sent.pixels or b"").startswith(b"\x89PNG") == (encoding == "png")


def test_no_cursor_is_the_default_one() -> None:
    stage = cursors()
    stage.feature.start()
    assert stage.took() == [Cursor()]


def test_a_change_is_told_and_one_that_is_out_of_date_is_not() -> None:
    stage = cursors()
    stage.feature.start()
    stage.took()
    (observer,) = stage.desktop.observers
    stage.desktop.cursor = image(serial=8)
    observer.cursor_changed(image(serial=7))
    assert stage.took() == []
    observer.cursor_changed(stage.desktop.cursor)
    assert [packet.serial for packet in stage.took() if isinstance(packet, Cursor)] == [8]


def test_a_client_may_switch_cursors_off_and_on() -> None:
    stage = cursors()
    stage.desktop.cursor = image()
    stage.give(SetCursors(enabled=False))
    assert stage.took() == []
    stage.give(SetCursors(enabled=True))
    assert len(stage.took()) == 1


def test_the_rest_of_the_desktop_is_told_by_others() -> None:
    stage = cursors()
    stage.feature.start()
    stage.took()
    (observer,) = stage.desktop.observers
    window = stage.desktop.windows[0]
    observer.window_added(window)
    observer.window_removed(window)
    observer.window_changed(window, frozenset({"title"}))
    observer.window_moved(window)
    observer.damaged(window, [])
    observer.raised(window)
    observer.bell(window, None)
    observer.screen_resized(Size(1, 1))
    observer.moveresize_requested(window, 0, 0, 0, 0)
    stage.feature.writable()
    stage.feature.stop()
    assert stage.took() == []
    assert stage.desktop.observers == []


def test_a_frame_of_the_pixels_is_copied_before_the_x_side_uses_them_again() -> None:
    stage = cursors(png=False)
    pixels = bytearray(4 * 4 * 4)
    stage.desktop.cursor = dataclasses.replace(image(4), pixels=Pixels(4, 4, PixelFormat.BGRA, 16, pixels))
    stage.feature.start()
    (sent,) = stage.took()
    pixels[0] = 255
    assert isinstance(sent, Cursor)
    assert bytes(sent.pixels or b"")[0] == 0
