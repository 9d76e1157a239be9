"""Screens, bell, cursor, status, and the table of features."""

from __future__ import annotations

import pytest

from limpet.client import messages
from limpet.client.features.cursor import CursorFeature
from limpet.client.features.registry import FEATURES
from limpet.client.features.screen import ScreenFeature
from limpet.client.features.status import LOOK_S, SILENT_S, StatusFeature
from limpet.client.messages import ScreenInfo, ScreensChanged, SetCursor, ShowStatus
from limpet.packets.control import ControlCommand
from limpet.packets.cursor import Cursor, CursorDefault
from limpet.packets.display import ConfigureDisplay, DesktopResized, SettingChange
from limpet.packets.draw import Encodings
from limpet.packets.info import Logging
from limpet.packets.schema import Packet
from limpet.packets.window import Bell
from limpet.values import Rect, Size, WindowId
from tests.client.features.context import Bench, only

SCREENS = ScreensChanged(
    Size(1600, 900),
    (ScreenInfo("HDMI-1", Rect(0, 0, 1600, 900), 400, 225, Rect(0, 30, 1600, 870), refresh_hz=59.94),),
    96,
)


def test_new_monitors_are_told() -> None:
    bench = Bench()
    bench.make(ScreenFeature)
    bench.give(SCREENS)
    told = only(bench.sent, ConfigureDisplay)
    assert (told.width, told.height, told.dpi_x) == (1600, 900, 96)
    monitor = told.monitors[0]
    assert (monitor.name, monitor.geometry, monitor.refresh_rate, monitor.primary) == (
        "HDMI-1",
        Rect(0, 0, 1600, 900),
        59940,
        True,
    )


def test_the_bell_rings() -> None:
    bench = Bench()
    bench.make(ScreenFeature)
    for window, percent in ((7, 50), (0, 10_000)):
        bench.give(Bell(window_id=WindowId(window), device=0, percent=percent, pitch=400, duration=100))
    assert bench.posted == [messages.Bell(WindowId(7)), messages.Bell(None)]


@pytest.mark.parametrize(
    "packet",
    [
        DesktopResized(width=1, height=2),
        SettingChange(name="unheard-of", value={"a": [1]}),
        Encodings(encodings={"core": ("png",)}),
        Logging(level=20, message="text\x1b[2J"),
    ],
)
def test_what_needs_nothing_done_does_nothing(packet: Packet) -> None:
    bench = Bench()
    bench.make(ScreenFeature)
    bench.give(packet)
    assert (bench.sent, bench.posted) == ([], [])


def cursors() -> Bench:
    bench = Bench()
    bench.make(CursorFeature)
    return bench


def test_a_cursor_in_pixels() -> None:
    bench = cursors()
    bench.give(Cursor(encoding="raw", width=1, height=2, x_hot=5, y_hot=1, pixels=b"12345678", name="xterm"))
    cursor = only(bench.take_posted(), SetCursor).cursor
    assert cursor is not None
    assert (bytes(cursor.pixels.data), cursor.hot_x, cursor.hot_y, cursor.name) == (b"12345678", 0, 1, "xterm")


@pytest.mark.parametrize(
    "packet",
    [
        Cursor(),
        Cursor(encoding="default:raw", width=1, height=1, pixels=b"1234"),
        CursorDefault(encoding="raw", width=1, height=1, pixels=b"1234"),
        Cursor(encoding="png", width=4, height=4, pixels=b"no picture"),
        Cursor(encoding="raw", width=400, height=4, pixels=b"too few"),
        Cursor(encoding="raw", width=60_000, height=4, pixels=b""),
        Cursor(encoding="svg", width=4, height=4, pixels=b"<svg/>"),
    ],
)
def test_the_default_cursor_and_what_cannot_be_shown(packet: Packet) -> None:
    bench = cursors()
    bench.give(packet)
    assert bench.take_posted() == [SetCursor(None)]


def test_the_cursor_goes_with_the_connection() -> None:
    bench = Bench()
    bench.make(CursorFeature).stop()
    assert bench.take_posted() == [SetCursor(None)]


def test_a_silent_server_shows_on_the_windows_until_it_speaks() -> None:
    bench = Bench()
    feature = bench.make(StatusFeature)
    bench.bytes_in = 100
    for _ in range(int(SILENT_S / LOOK_S) + 1):
        bench.now += LOOK_S
        bench.run_timers()
    assert bench.take_posted() == [ShowStatus("The server does not respond")]
    bench.bytes_in = 101
    bench.now += LOOK_S
    bench.run_timers()
    assert bench.take_posted() == [ShowStatus(None)]
    feature.writable()
    feature.stop()
    assert bench.timers[-1].cancelled


def test_no_two_features_handle_the_same() -> None:
    bench = Bench()
    seen: dict[type, str] = {}
    for row in FEATURES:
        for entry in row.make(_context(bench)).handlers():
            assert entry.of not in seen, f"{row.name} and {seen.get(entry.of)} handle {entry.of.__name__}"
            seen[entry.of] = row.name
    assert ControlCommand not in seen


def _context(bench: Bench):  # type: ignore[no-untyped-def]
    found = []
    bench.make(lambda context: found.append(context) or StatusFeature(context))  # type: ignore[func-returns-value]
    return found[0]
