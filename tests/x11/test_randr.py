from __future__ import annotations

from collections.abc import Callable

import pytest

from limpet.errors import DisplayError
from limpet.values import Rect, Size
from limpet.x11.capture import Capturer
from limpet.x11.connection import X11Connection
from limpet.x11.randr import ScreenControl
from tests.x11.conftest import SCREEN, Stage


@pytest.fixture
def screen(connect: Callable[[], X11Connection]) -> ScreenControl:
    return ScreenControl(connect())


@pytest.mark.parametrize("size", [Size(1024, 768), Size(801, 333), SCREEN, Size(32, 32)])
def test_the_screen_takes_any_size_within_its_maximum(screen: ScreenControl, size: Size) -> None:
    assert screen.resize(size) == size
    assert screen.size() == size
    assert screen.resize(size) == size


def test_more_than_the_server_started_with_is_cut(screen: ScreenControl) -> None:
    assert screen.maximum() == SCREEN
    assert screen.resize(Size(5000, 400)) == Size(SCREEN.width, 400)
    assert screen.resize(Size(-5, 0)) == Size(32, 32)


def test_the_size_in_millimetres_follows_the_resolution(
    screen: ScreenControl, connect: Callable[[], X11Connection]
) -> None:
    screen.resize(Size(960, 480), dpi=192)
    setup = connect().raw.setup.roots[0]
    assert (setup.width_in_millimeters, setup.height_in_millimeters) == (127, 64)
    with pytest.raises(DisplayError, match="dots per inch"):
        screen.resize(Size(960, 480), dpi=5)


def test_sizes_may_change_many_times(screen: ScreenControl) -> None:
    for index in range(60):
        size = Size(640 + index, 480)
        assert screen.resize(size) == size
    assert screen.size() == Size(699, 480)


def test_windows_keep_their_pixels_over_a_resize(
    stage: Stage, screen: ScreenControl, connect: Callable[[], X11Connection]
) -> None:
    xid = stage.show(Rect(900, 600, 80, 40))
    screen.resize(Size(640, 480))
    stage.pump.settle()
    assert stage.manager.info(xid).rect == Rect(900, 600, 80, 40)
    with Capturer(connect()) as capturer:
        assert capturer.capture(xid, Rect(0, 0, 80, 40)).width == 80
