"""Windows of one client, without an X server: what it is told and what its packets do.

What depends on geometry and states of real windows is in tests/server/test_shared_windows.py.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import EncodingCaps, WindowCaps
from limpet.packets.display import DesktopResized
from limpet.packets.draw import Draw
from limpet.packets.handshake import StartupComplete
from limpet.packets.window import (
    Bell,
    ConfigureOverrideRedirect,
    InitiateMoveResize,
    LostWindow,
    NewWindow,
    RaiseWindow,
    WindowIcon,
    WindowKind,
    WindowMetadataChanged,
    WindowMoveResize,
)
from limpet.packets.window_client import (
    BufferRefresh,
    CloseWindow,
    ConfigureWindow,
    DrawAck,
    Focus,
    MapWindow,
    UnmapWindow,
    WindowState,
)
from limpet.picture.base import Picture
from limpet.server.features import windows as module
from limpet.server.features.windows import CLOSE_AGAIN_S, WindowsFeature
from limpet.values import PixelFormat, Pixels, Rect, Size, WindowId, Xid
from limpet.x11 import windows as x11
from tests.server.doubles import window_info
from tests.server.features.stage import Stage
from tests.support.net import run

HELLO = ClientHello(
    encoding=EncodingCaps(options=("png",), core=("png",), rgb_formats=("BGRX",)), window=WindowCaps(bell=True)
)
ONE, TWO = WindowId(1), WindowId(2)
ICON = Pixels(1, 1, PixelFormat.BGRA, 4, b"\1\2\3\4")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Two windows of 300 by 200, announced; a picture is a letter for each rectangle."""

    def render(xid: int, wish: object, capturer: object, rects: list[Rect]) -> list[tuple[Rect, Picture]]:
        return [(rect, Picture(encoding="png", data=b"x", width=rect.width, height=rect.height)) for rect in rects]

    monkeypatch.setattr(module, "render", render)
    made = Stage(WindowsFeature, HELLO)
    made.feature.start()
    made.took()
    return made


def observer(stage: Stage) -> Any:
    (found,) = stage.desktop.observers
    return found


def map_window(window_id: WindowId = ONE, **changes: Any) -> MapWindow:
    values: dict[str, Any] = {"window_id": window_id, "x": 10, "y": 20, "width": 300, "height": 200}
    return MapWindow(**{**values, **changes})


def configure(window_id: WindowId = ONE, **changes: Any) -> ConfigureWindow:
    values: dict[str, Any] = {"window_id": window_id, "x": 10, "y": 20, "width": 300, "height": 200}
    return ConfigureWindow(**{**values, **changes})


# -- told ---------------------------------------------------------------------------------------------------------


def test_every_window_is_announced_then_the_start_is_complete_then_icons_follow() -> None:
    stage = Stage(WindowsFeature, HELLO)
    stage.change(2, icon=ICON)
    stage.feature.start()
    first, second, complete, icon = stage.took()
    assert isinstance(first, NewWindow)
    assert (first.window_id, first.x, first.y, first.width, first.height) == (ONE, 10, 20, 300, 200)
    assert (first.kind, first.metadata.title) == (WindowKind.NORMAL, "w1")
    assert isinstance(second, NewWindow)
    assert isinstance(complete, StartupComplete)
    assert isinstance(icon, WindowIcon)
    assert (icon.window_id, icon.width, icon.height, icon.encoding) == (TWO, 1, 1, "png")
    assert bytes(icon.data).startswith(b"\x89PNG")


def test_popups_are_painted_at_once_and_not_again_when_they_are_mapped(stage: Stage) -> None:
    popup = dataclasses.replace(stage.desktop.windows[0], id=WindowId(9), info=window_info(9, override_redirect=True))
    stage.desktop._windows[WindowId(9)] = popup
    observer(stage).window_added(popup)
    added, drawn = stage.took()
    assert isinstance(added, NewWindow)
    assert added.kind is WindowKind.OVERRIDE_REDIRECT
    assert isinstance(drawn, Draw)
    stage.give(map_window(WindowId(9)))
    assert stage.took() == []


def test_nothing_is_drawn_before_the_client_maps_the_window(stage: Stage) -> None:
    observer(stage).damaged(stage.desktop.windows[0], [Rect(0, 0, 10, 10)])
    assert stage.took() == []
    stage.give(map_window())
    (draw,) = stage.took()
    assert isinstance(draw, Draw)
    assert (draw.window_id, draw.x, draw.y, draw.width, draw.height, draw.sequence) == (ONE, 0, 0, 300, 200, 1)
    assert (draw.encoding, draw.data, draw.options.flush) == ("png", b"x", 0)
    assert draw.options.window_size == Size(300, 200)


def test_damage_is_drawn_and_acknowledged(stage: Stage) -> None:
    async def story() -> None:
        stage.give(map_window())
        for _ in range(6):
            observer(stage).damaged(stage.desktop.windows[0], [Rect(0, 0, 10, 10)])
        assert len(stage.took()) == 3, "the client has so many to acknowledge"
        stage.give(DrawAck(window_id=ONE, sequence=1, width=300, height=200, decode_us=10))
        assert [packet.sequence for packet in stage.took() if isinstance(packet, Draw)] == [4]
        stage.feature.stop()

    run(story())


def test_a_picture_that_the_client_could_not_decode_is_logged(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    stage.give(map_window())
    stage.give(DrawAck(window_id=ONE, sequence=1, width=1, height=1, decode_us=-1, message="no such codec"))
    stage.give(DrawAck(window_id=WindowId(99), sequence=1, width=1, height=1, decode_us=-1, message="whose?"))
    assert "could not decode a picture of window 1: no such codec" in caplog.text
    assert "whose?" not in caplog.text


def test_a_new_window_is_told_and_a_lost_one_once(stage: Stage) -> None:
    window = dataclasses.replace(stage.desktop.windows[0], id=WindowId(9), info=window_info(9))
    observer(stage).window_added(window)
    observer(stage).window_removed(window)
    observer(stage).window_removed(window)
    added, lost = stage.took()
    assert isinstance(added, NewWindow)
    assert lost == LostWindow(window_id=WindowId(9))
    observer(stage).damaged(window, [Rect(0, 0, 1, 1)])
    assert stage.took() == []


def test_what_changed_is_told_and_nothing_else(stage: Stage) -> None:
    stage.change(1, title="new", role="r")
    observer(stage).window_changed(stage.desktop.windows[0], frozenset({"title"}))
    (changed,) = stage.took()
    assert isinstance(changed, WindowMetadataChanged)
    assert (changed.metadata.title, changed.metadata.role) == ("new", None)
    observer(stage).window_changed(stage.desktop.windows[0], frozenset({"hints"}))
    assert stage.took() == []


def test_a_new_icon_is_sent(stage: Stage) -> None:
    stage.change(1, icon=ICON)
    observer(stage).window_changed(stage.desktop.windows[0], frozenset({"icon"}))
    (icon,) = stage.took()
    assert isinstance(icon, WindowIcon)


def test_moves_are_counted_and_those_of_popups_are_told_otherwise(stage: Stage) -> None:
    stage.change(2, override_redirect=True)
    for window in stage.desktop.windows:
        observer(stage).window_moved(window)
    observer(stage).window_moved(stage.desktop.windows[0])
    moved, popup, again = stage.took()
    assert isinstance(moved, WindowMoveResize)
    assert isinstance(popup, ConfigureOverrideRedirect)
    assert isinstance(again, WindowMoveResize)
    assert (moved.resize_counter, again.resize_counter) == (1, 2)


def test_the_rest_that_the_desktop_tells_goes_on_to_the_client(stage: Stage) -> None:
    seen = observer(stage)
    window = stage.desktop.windows[0]
    seen.raised(window)
    seen.screen_resized(Size(800, 600))
    seen.moveresize_requested(window, 5, 6, 8, 1)
    seen.cursor_changed(None)
    raised, resized, dragged = stage.took()
    assert raised == RaiseWindow(window_id=ONE)
    assert resized == DesktopResized(width=800, height=600, max_width=800, max_height=600)
    assert dragged == InitiateMoveResize(window_id=ONE, x_root=5, y_root=6, direction=8, button=1)


@pytest.mark.parametrize(("wanted", "count"), [(True, 2), (False, 0)])
def test_bells_ring_where_they_are_wanted(wanted: bool, count: int) -> None:
    stage = Stage(WindowsFeature, dataclasses.replace(HELLO, window=WindowCaps(bell=wanted)))
    stage.feature.start()
    stage.took()
    rung = x11.Bell(xid=Xid(1), percent=50, pitch=440, duration_ms=100, bell_class=0, bell_id=0, name="bell")
    observer(stage).bell(stage.desktop.windows[0], rung)
    observer(stage).bell(None, rung)
    bells = stage.took()
    assert [bell.window_id for bell in bells if isinstance(bell, Bell)] == [1, 0][:count]


# -- asked for ----------------------------------------------------------------------------------------------------


def test_mapping_brings_back_places_and_paints(stage: Stage) -> None:
    stage.change(1, states=frozenset({"HIDDEN"}))
    window = stage.desktop.windows[0]
    stage.give(map_window(x=1, y=2, width=30, height=40))
    calls = [call for call in stage.calls if call[0] != "set_states"]
    assert calls[0] == ("set_iconic", window, False, stage.feature)
    assert calls[1][:3] == ("configure", window, Rect(1, 2, 30, 40))
    assert any(isinstance(packet, Draw) for packet in stage.took())


def test_unmapping_stops_the_pictures_and_iconifies_where_said(stage: Stage) -> None:
    window = stage.desktop.windows[0]
    stage.give(map_window())
    stage.took()
    stage.give(UnmapWindow(window_id=ONE, iconified=False))
    assert [call[0] for call in stage.calls if call[0] == "set_iconic"] == []
    observer(stage).damaged(window, [Rect(0, 0, 1, 1)])
    assert stage.took() == []
    stage.give(UnmapWindow(window_id=ONE, iconified=True))
    assert stage.calls == [("set_iconic", window, True, stage.feature)]


def test_a_popup_is_never_iconified(stage: Stage) -> None:
    stage.change(1, override_redirect=True)
    stage.give(UnmapWindow(window_id=ONE, iconified=True))
    assert stage.calls == []


def test_a_resize_paints_the_whole_window_anew(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.give(map_window())
    stage.took()
    window = stage.desktop.windows[0]

    def resized(window: Any, rect: Rect, **_: Any) -> None:
        window.info = dataclasses.replace(window.info, rect=rect)

    monkeypatch.setattr(stage.desktop, "configure", resized, raising=False)
    stage.give(configure(width=400))
    (draw,) = stage.took()
    assert isinstance(draw, Draw)
    assert (draw.width, draw.height) == (400, 200)
    stage.give(configure(x=99, width=400))
    assert stage.took() == [], "a move alone changes no pixel"
    assert window.info.rect.x == 99


@pytest.mark.parametrize("changes", [{"skip_geometry": True}, {"width": 0}, {"height": 0}], ids=str)
def test_a_configure_without_a_geometry_moves_nothing(stage: Stage, changes: dict[str, Any]) -> None:
    stage.give(configure(**changes))
    assert [call for call in stage.calls if call[0] == "configure"] == []


@pytest.mark.parametrize(
    ("state", "states"),
    [
        (WindowState(maximized=True), {"MAXIMIZED_VERT", "MAXIMIZED_HORZ", "ABOVE"}),
        (WindowState(fullscreen=True, above=False), {"FULLSCREEN"}),
        (WindowState(sticky=True, shaded=True), {"STICKY", "SHADED", "ABOVE"}),
        (WindowState(below=True, skip_taskbar=True, skip_pager=True), {"BELOW", "SKIP_TASKBAR", "SKIP_PAGER", "ABOVE"}),
    ],
)
def test_states_of_the_clients_desktop_are_those_of_the_window(
    stage: Stage, state: WindowState, states: set[str]
) -> None:
    stage.change(1, states=frozenset({"ABOVE"}))
    window = stage.desktop.windows[0]
    stage.give(configure(skip_geometry=True, state=state))
    assert stage.calls == [("set_states", window, frozenset(states), stage.feature)]


def test_a_state_that_is_so_already_is_not_set(stage: Stage) -> None:
    stage.change(1, states=frozenset({"ABOVE"}))
    stage.give(configure(skip_geometry=True, state=WindowState(above=True, fullscreen=False)))
    assert stage.calls == []


def test_an_application_is_asked_to_close_and_asked_again_soon_it_is_ended(stage: Stage) -> None:
    window = stage.desktop.windows[0]
    stage.give(CloseWindow(window_id=ONE))
    assert stage.calls == [("close_window", window)]
    stage.now += CLOSE_AGAIN_S + 0.1
    stage.give(CloseWindow(window_id=ONE))
    assert stage.calls == [("close_window", window)]
    stage.now += 1
    stage.give(CloseWindow(window_id=ONE))
    assert stage.calls == [("kill_window", window)]


def test_focus_raises_and_no_focus_takes_it_away(stage: Stage) -> None:
    window = stage.desktop.windows[1]
    stage.give(Focus(window_id=TWO, modifiers=()))
    assert stage.calls == [("focus", window), ("raise_window", window)]
    stage.give(Focus(window_id=WindowId(0), modifiers=()))
    assert stage.calls == [("focus", None)]


@pytest.mark.parametrize(("window_id", "painted"), [(1, [1]), (2, [2]), (-1, [1, 2]), (0, [1, 2]), (99, [])])
def test_a_refresh_paints_one_window_or_all(stage: Stage, window_id: int, painted: list[int]) -> None:
    for window in (ONE, TWO):
        stage.give(map_window(window))
    stage.took()
    stage.give(BufferRefresh(window_id=WindowId(window_id)))
    assert [packet.window_id for packet in stage.took() if isinstance(packet, Draw)] == painted


@pytest.mark.parametrize(
    "packet",
    [
        map_window(WindowId(99)),
        UnmapWindow(window_id=WindowId(99), iconified=True),
        configure(WindowId(99)),
        CloseWindow(window_id=WindowId(99)),
        Focus(window_id=WindowId(99), modifiers=()),
        DrawAck(window_id=WindowId(99), sequence=1, width=1, height=1, decode_us=1),
    ],
    ids=lambda packet: type(packet).__name__,
)
def test_a_window_that_is_not_there_is_no_accident(stage: Stage, packet: Any) -> None:
    stage.give(packet)
    assert stage.calls == []
    assert stage.took() == []


def test_the_end_leaves_nothing_behind(stage: Stage) -> None:
    stage.give(map_window())
    stage.feature.writable()
    stage.feature.stop()
    assert stage.desktop.observers == []
    stage.took()
    stage.give(map_window())
    assert stage.took() == []
