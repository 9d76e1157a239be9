"""Windows between the server and the user."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from limpet.client.features.windows import STALE_S, WindowsFeature
from limpet.client.messages import (
    CloseRequested,
    CreateWindow,
    DestroyWindow,
    Direction,
    MoveResize,
    RaiseWindow,
    SetIcon,
    StartMoveResize,
    UpdateMetadata,
    WindowConfigured,
    WindowMapped,
    WindowState,
    WindowUnmapped,
)
from limpet.client.window_book import MAX_WINDOWS, SessionId
from limpet.config.kinds import WindowClose
from limpet.config.options import ClientOptions
from limpet.packets import window as packets
from limpet.packets.handshake import StartupComplete
from limpet.packets.info import ServerEvent
from limpet.packets.schema import Packet
from limpet.packets.window_client import CloseWindow, ConfigureWindow, MapWindow, UnmapWindow
from limpet.server.render import png_of
from limpet.values import PixelFormat, Pixels, Rect, WindowId
from tests.client.features.context import Bench, only
from tests.support.net import run

WINDOW = WindowId(7)
RECT = Rect(10, 20, 300, 200)


def new(window_id: int = WINDOW, rect: Rect = RECT, kind: str = "normal", **metadata: Any) -> packets.NewWindow:
    return packets.NewWindow(
        window_id=WindowId(window_id),
        x=rect.x,
        y=rect.y,
        width=rect.width,
        height=rect.height,
        metadata=packets.WindowMetadata(**metadata),
        kind=packets.WindowKind(kind),
    )


def bench_with(*items: Packet, **bench: Any) -> Bench:
    made = Bench(**bench)
    made.make(WindowsFeature)
    made.give(*items)
    return made


def test_a_new_window_is_made_and_mapped_at_once() -> None:
    bench = bench_with(new(title="hello"))
    created = only(bench.take_posted(), CreateWindow)
    assert (created.window_id, created.rect, created.properties.title) == (WINDOW, RECT, "hello")
    assert not created.override_redirect
    configure, mapped = bench.take_sent()
    assert isinstance(configure, ConfigureWindow)
    assert isinstance(mapped, MapWindow)
    assert Rect(mapped.x, mapped.y, mapped.width, mapped.height) == RECT


def test_a_menu_is_mapped_where_the_server_has_it() -> None:
    bench = bench_with(new(kind="override-redirect"))
    assert only(bench.take_posted(), CreateWindow).override_redirect
    mapped = only(bench.take_sent(), MapWindow)
    assert Rect(mapped.x, mapped.y, mapped.width, mapped.height) == RECT
    bench.give(WindowMapped(WINDOW, Rect(0, 0, 5, 5)), WindowConfigured(WINDOW, Rect(1, 1, 5, 5), 0))
    assert bench.take_sent() == []


def test_an_iconic_window_is_mapped_when_the_user_opens_it() -> None:
    bench = bench_with(new(iconic=True))
    assert bench.take_sent() == []
    bench.give(WindowMapped(WINDOW, RECT))
    assert [type(packet) for packet in bench.take_sent()] == [ConfigureWindow, MapWindow]


def test_the_place_that_the_window_got_is_told() -> None:
    bench = bench_with(new())
    bench.take_sent()
    bench.give(WindowMapped(WINDOW, Rect(50, 60, 300, 200)))
    told = only(bench.take_sent(), ConfigureWindow)
    assert (told.x, told.y, told.width, told.height) == (50, 60, 300, 200)


def test_a_window_that_is_where_it_was_asked_to_be_says_nothing_more() -> None:
    bench = bench_with(new())
    bench.take_sent()
    bench.give(WindowMapped(WINDOW, RECT))
    assert bench.take_sent() == []


@pytest.mark.parametrize(
    ("metadata", "rect", "place"),
    [
        ({}, RECT, False),
        ({"set_initial_position": True}, RECT, True),
        ({"requested_position": (10, 20)}, RECT, True),
        # xpra 6.2.5: every window
        ({"set_initial_position": True, "requested_position": (0, 0)}, Rect(0, 0, 5, 5), False),
    ],
)
def test_only_a_position_that_was_chosen_is_kept(metadata: dict[str, Any], rect: Rect, place: bool) -> None:
    bench = bench_with(new(rect=rect, **metadata))
    assert only(bench.take_posted(), CreateWindow).place is place


def test_a_tray_is_not_shown() -> None:
    bench = bench_with(new(kind="tray"))
    assert (bench.posted, bench.sent) == ([], [])


def test_the_user_moves_and_resizes() -> None:
    bench = bench_with(new())
    bench.take_sent()
    bench.give(WindowConfigured(WINDOW, Rect(1, 2, 30, 40), 0))
    told = only(bench.take_sent(), ConfigureWindow)
    assert (told.x, told.y, told.width, told.height, told.resize_counter) == (1, 2, 30, 40, 0)


def test_the_server_moves_and_its_counter_comes_back() -> None:
    bench = bench_with(new())
    bench.take_posted()
    bench.give(packets.WindowMoveResize(window_id=WINDOW, x=5, y=6, width=70, height=80, resize_counter=3))
    assert only(bench.take_posted(), MoveResize) == MoveResize(WINDOW, Rect(5, 6, 70, 80), 3)
    bench.take_sent()
    bench.give(WindowConfigured(WINDOW, Rect(5, 6, 69, 78), 3))
    assert only(bench.take_sent(), ConfigureWindow).resize_counter == 3


def test_what_the_user_did_before_the_servers_move_is_not_told() -> None:
    bench = bench_with(new())
    bench.give(packets.WindowMoveResize(window_id=WINDOW, x=5, y=6, width=70, height=80, resize_counter=3))
    bench.take_sent()
    bench.give(WindowConfigured(WINDOW, Rect(9, 9, 9, 9), 2))
    assert bench.take_sent() == []


def test_a_resize_keeps_the_place() -> None:
    bench = bench_with(new())
    bench.take_posted()
    bench.give(packets.WindowResized(window_id=WINDOW, width=70, height=80, resize_counter=1))
    assert only(bench.take_posted(), MoveResize) == MoveResize(WINDOW, Rect(10, 20, 70, 80), 1, move=False)


def test_a_menu_is_moved() -> None:
    bench = bench_with(new(kind="override-redirect"))
    bench.take_posted()
    bench.give(packets.ConfigureOverrideRedirect(window_id=WINDOW, x=1, y=2, width=3, height=4))
    assert only(bench.take_posted(), MoveResize).rect == Rect(1, 2, 3, 4)


def test_iconified_and_opened_again() -> None:
    bench = bench_with(new())
    bench.give(WindowMapped(WINDOW, RECT))
    bench.take_sent()
    bench.give(WindowUnmapped(WINDOW))
    assert only(bench.take_sent(), UnmapWindow).iconified
    bench.give(WindowMapped(WINDOW, RECT))
    assert [type(packet) for packet in bench.take_sent()] == [ConfigureWindow, MapWindow]


def test_only_changed_states_are_told() -> None:
    bench = bench_with(new(above=True))
    bench.take_sent()
    bench.give(WindowConfigured(WINDOW, RECT, 0, frozenset({WindowState.ABOVE, WindowState.MAXIMIZED})))
    state = only(bench.take_sent(), ConfigureWindow).state
    assert (state.maximized, state.above, state.fullscreen) == (True, None, None)
    bench.give(WindowConfigured(WINDOW, RECT, 0, frozenset({WindowState.ABOVE})))
    assert only(bench.take_sent(), ConfigureWindow).state.maximized is False


def test_metadata_adds_up() -> None:
    bench = bench_with(new(title="old", role="browser"))
    bench.take_posted()
    bench.give(
        packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(title="new\x1b[2J\nline"))
    )
    properties = only(bench.take_posted(), UpdateMetadata).properties
    assert (properties.title, properties.role) == ("new [2J line", "browser")


def test_metadata_that_is_not_shown_changes_nothing() -> None:
    bench = bench_with(new())
    bench.take_posted()
    bench.give(packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(pid=7)))
    assert bench.take_posted() == []


def test_lost_raised_moved_by_the_application() -> None:
    bench = bench_with(new())
    bench.take_posted()
    bench.give(packets.RaiseWindow(window_id=WINDOW))
    bench.give(packets.InitiateMoveResize(window_id=WINDOW, x_root=1, y_root=1, direction=8, button=1))
    bench.give(packets.InitiateMoveResize(window_id=WINDOW, x_root=1, y_root=1, direction=11, button=1))
    bench.give(packets.InitiateMoveResize(window_id=WINDOW, x_root=1, y_root=1, direction=9, button=0))
    bench.give(packets.LostWindow(window_id=WINDOW))
    assert bench.take_posted() == [
        RaiseWindow(WINDOW),
        StartMoveResize(WINDOW, Direction.MOVE),
        StartMoveResize(WINDOW, None),
        DestroyWindow(WINDOW),
    ]


def test_windows_that_are_not_known_are_ignored() -> None:
    bench = bench_with()
    bench.give(
        packets.RaiseWindow(window_id=WINDOW),
        packets.LostWindow(window_id=WINDOW),
        packets.WindowResized(window_id=WINDOW, width=1, height=1),
        packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(title="x")),
        packets.WindowIcon(window_id=WINDOW, width=1, height=1, encoding="BGRA", data=b"1234"),
        packets.InitiateMoveResize(window_id=WINDOW, x_root=1, y_root=1, direction=8, button=1),
        WindowMapped(WINDOW, RECT),
        WindowUnmapped(WINDOW),
        WindowConfigured(WINDOW, RECT, 0),
        CloseRequested(WINDOW),
    )
    assert (bench.posted, bench.sent) == ([], [])


def test_an_icon_in_pixels_and_no_icon() -> None:
    bench = bench_with(new())
    bench.take_posted()
    bench.give(packets.WindowIcon(window_id=WINDOW, width=1, height=2, encoding="BGRA", data=b"12345678"))
    icon = only(bench.take_posted(), SetIcon).icon
    assert icon is not None
    assert (icon.width, icon.height, bytes(icon.data)) == (1, 2, b"12345678")
    bench.give(packets.WindowIcon(window_id=WINDOW, width=0, height=0, encoding="default", data=b""))
    assert only(bench.take_posted(), SetIcon).icon is None
    bench.give(packets.WindowIcon(window_id=WINDOW, width=9000, height=9, encoding="png", data=b"too wide"))
    bench.give(packets.WindowIcon(window_id=WINDOW, width=9, height=9, encoding="gif", data=b"no such encoding"))
    assert bench.take_posted() == []


def test_an_icon_that_has_to_be_decoded_holds_up_nothing() -> None:
    async def test() -> None:
        bench = bench_with(new())
        bench.take_posted()
        data = png_of(Pixels(1, 1, PixelFormat.BGRA, 4, b"\1\2\3\xff"))
        for icon in (b"no picture", data):
            bench.give(packets.WindowIcon(window_id=WINDOW, width=1, height=1, encoding="png", data=icon))
        assert bench.posted == []
        async with asyncio.timeout(20):
            while not bench.posted:
                await asyncio.sleep(0)
        icon = only(bench.take_posted(), SetIcon).icon
        assert icon is not None
        assert (icon.width, icon.height) == (1, 1)
        bench.give(packets.WindowIcon(window_id=WINDOW, width=1, height=1, encoding="png", data=data))
        bench.give(packets.LostWindow(window_id=WINDOW))
        bench.take_posted()
        async with asyncio.timeout(20):
            while bench.decoder.waiting:
                await asyncio.sleep(0)
        assert bench.take_posted() == []  # the window is gone
        bench.decoder.close()

    run(test())


def test_closing_asks_the_application() -> None:
    bench = bench_with(new())
    bench.take_sent()
    bench.give(CloseRequested(WINDOW))
    assert only(bench.take_sent(), CloseWindow).window_id == WINDOW
    assert not bench.left


def test_closing_detaches_if_that_is_wished() -> None:
    bench = bench_with(new(), options=ClientOptions(window_close=WindowClose.DETACH))
    bench.take_sent()
    bench.give(CloseRequested(WINDOW))
    assert (bench.take_sent(), bench.left) == ([], True)


def test_closing_does_nothing_if_that_is_wished() -> None:
    bench = bench_with(new(), options=ClientOptions(window_close=WindowClose.IGNORE))
    bench.take_sent()
    bench.give(CloseRequested(WINDOW))
    assert (bench.take_sent(), bench.left) == ([], False)


def test_no_more_windows_than_there_may_be() -> None:
    bench = bench_with(*(new(number) for number in range(1, MAX_WINDOWS + 1)))
    bench.take_posted()
    bench.give(new(MAX_WINDOWS + 1))
    assert bench.take_posted() == []


# -- after a lost link -----------------------------------------------------------------------------------------------


def again(bench: Bench, session: str = "s") -> Bench:
    """The same windows over a new connection."""
    bench.windows.begin(SessionId(session))
    second = Bench(windows=bench.windows, generation=2)
    second.make(WindowsFeature)
    return second


def attached() -> Bench:
    bench = Bench()
    bench.windows.begin(SessionId("s"))
    bench.make(WindowsFeature)
    bench.give(new(title="one"), new(8), WindowMapped(WINDOW, RECT), WindowMapped(WindowId(8), RECT))
    return bench


def test_a_window_that_is_there_again_is_kept() -> None:
    bench = again(attached())
    bench.give(new(title="two"))
    assert only(bench.take_posted(), UpdateMetadata).properties.title == "two"
    assert [type(packet) for packet in bench.take_sent()] == [ConfigureWindow, MapWindow]


def test_a_window_that_changed_its_size_meanwhile_follows_the_server() -> None:
    bench = again(attached())
    bench.give(new(rect=Rect(1, 2, 33, 44)))
    assert [type(command) for command in bench.posted] == [UpdateMetadata, MoveResize]


def test_an_iconified_window_stays_iconified() -> None:
    first = attached()
    first.give(WindowUnmapped(WINDOW))
    bench = again(first)
    bench.give(new())
    assert bench.take_sent() == []
    bench.give(WindowMapped(WINDOW, RECT))
    assert [type(packet) for packet in bench.take_sent()] == [ConfigureWindow, MapWindow]


@pytest.mark.parametrize("end", [StartupComplete(), ServerEvent(name="startup-complete", arguments=("u",))])
def test_a_window_that_is_gone_is_closed_when_the_server_has_told_all(end: Packet) -> None:
    bench = again(attached())
    bench.give(new())
    bench.take_posted()
    bench.give(end)
    assert bench.take_posted() == [DestroyWindow(WindowId(8))]
    assert len(bench.windows) == 1


def test_and_after_a_while_with_a_server_that_does_not_say_so() -> None:
    bench = again(attached())
    bench.give(new())
    bench.take_posted()
    bench.now += STALE_S
    bench.run_timers()
    assert bench.take_posted() == [DestroyWindow(WindowId(8))]


def test_the_user_may_move_a_window_while_it_is_unknown_whether_it_is_still_there() -> None:
    bench = again(attached())
    bench.give(WindowConfigured(WINDOW, Rect(0, 0, 1, 1), 0), WindowMapped(WINDOW, RECT))
    assert bench.take_sent() == []


def test_another_session_has_no_windows_of_the_old_one() -> None:
    bench = again(attached(), session="other")
    assert len(bench.windows) == 0


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        (SessionId("u", "host", ":1", 5), SessionId("u", "host", ":1", 5), True),
        # xpra 6.5.5
        (SessionId("", "host", ":1", 5), SessionId("", "host", ":1", 5), True),
        (SessionId("", "host", ":1", 5), SessionId("", "host", ":1", 6), False),
        (SessionId("", "host", ":1", 0), SessionId("", "host", ":1", 0), False),
        (SessionId("u"), SessionId("v"), False),
    ],
)
def test_which_sessions_are_the_same(before: SessionId, after: SessionId, kept: bool) -> None:
    bench = attached()
    bench.windows.begin(before)
    assert bench.windows.begin(after) is kept


def test_the_same_id_for_another_kind_of_window_is_a_new_window() -> None:
    bench = again(attached())
    bench.give(new(kind="override-redirect"))
    assert [type(command) for command in bench.posted] == [DestroyWindow, CreateWindow]


def test_stopping_forgets_the_timer() -> None:
    bench = Bench()
    bench.windows.begin(SessionId("s"))
    bench.make(WindowsFeature)
    bench.give(new())
    bench.windows.begin(SessionId("s"))
    second = Bench(windows=bench.windows)
    feature = second.make(WindowsFeature)
    feature.writable()
    feature.stop()
    assert [timer.cancelled for timer in second.timers] == [True]


def test_a_state_that_the_server_takes_back_from_the_user_is_passed_on() -> None:
    """The user maximized; the server never said so, and says now that it is not."""
    bench = bench_with(new(maximized=False))
    bench.give(WindowMapped(WINDOW, RECT), WindowConfigured(WINDOW, RECT, 0, frozenset({WindowState.MAXIMIZED})))
    bench.posted.clear()
    bench.give(packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(maximized=False)))
    update = only(bench.posted, UpdateMetadata)
    assert (update.properties.states, update.states) == (frozenset(), True)


def test_a_title_says_nothing_of_the_states() -> None:
    bench = bench_with(new(title="one"))
    bench.posted.clear()
    bench.give(packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(title="two")))
    assert not only(bench.posted, UpdateMetadata).states


def test_a_window_that_the_user_iconified_comes_back_when_the_application_shows_it() -> None:
    bench = bench_with(new(iconic=False))
    bench.give(WindowMapped(WINDOW, RECT), WindowUnmapped(WINDOW))
    bench.posted.clear()
    bench.give(packets.WindowMetadataChanged(window_id=WINDOW, metadata=packets.WindowMetadata(iconic=False)))
    update = only(bench.posted, UpdateMetadata)
    assert (update.properties.states, update.states) == (frozenset(), True)
