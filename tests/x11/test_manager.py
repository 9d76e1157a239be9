"""One test per rule of ICCCM and EWMH; a second connection looks from outside."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import xcffib.xproto as xp

from limpet.errors import DisplayError, DisplayUnavailable, WindowGone
from limpet.values import Rect, Size, Xid
from limpet.x11.capture import Capturer
from limpet.x11.connection import X11Connection
from limpet.x11.display import Xvfb
from limpet.x11.manager import WindowManager
from limpet.x11.testing import Pump, RecordingSink, pixel_at
from limpet.x11.windows import SizeHints
from tests.x11.conftest import SCREEN, Stage

NORMAL, ICONIC = 1, 3


def size_hints(flags: int, **fields: int) -> list[int]:
    names = (
        "x", "y", "width", "height", "min_width", "min_height", "max_width", "max_height", "width_inc", "height_inc",
        "min_over", "min_under", "max_over", "max_under", "base_width", "base_height", "gravity",
    )  # fmt: skip
    return [flags, *(fields.get(name, 0) for name in names)]


# -- the claim on the screen --


def test_a_second_window_manager_is_refused_with_the_display_named(
    stage: Stage, connect: Callable[[], X11Connection]
) -> None:
    second = connect()
    with pytest.raises(DisplayError, match=f"another window manager.*{second.display}"):
        WindowManager(second, RecordingSink())


def test_another_compositor_is_refused(connect: Callable[[], X11Connection]) -> None:
    other = connect()
    other.check(other.composite.RedirectSubwindowsChecked(other.root, 1))
    with pytest.raises(DisplayError, match="another window manager"):
        WindowManager(connect(), RecordingSink())


def test_the_manager_owns_wm_s0_and_names_itself(stage: Stage) -> None:
    app = stage.app
    (check,) = app.cards(app.connection.root, "_NET_SUPPORTING_WM_CHECK") or ()
    assert app.cards(Xid(check), "_NET_SUPPORTING_WM_CHECK") == (check,)
    owner = app.connection.reply(app.core.GetSelectionOwner(app.atom("WM_S0"))).owner
    assert owner == check
    name = app.connection.reply(app.core.GetProperty(False, check, app.atom("_NET_WM_NAME"), 0, 0, 64))
    assert name.value.raw == b"limpet"


def test_root_properties_tell_desktop_and_work_area(stage: Stage) -> None:
    app, root = stage.app, stage.app.connection.root
    assert app.cards(root, "_NET_NUMBER_OF_DESKTOPS") == (1,)
    assert app.cards(root, "_NET_WORKAREA") == (0, 0, SCREEN.width, SCREEN.height)
    stage.manager.screen_resized(Size(800, 600))
    stage.pump.settle()
    assert app.cards(root, "_NET_DESKTOP_GEOMETRY") == (800, 600)


def test_what_is_supported_is_listed(stage: Stage) -> None:
    supported = stage.app.atoms(stage.app.connection.root, "_NET_SUPPORTED")
    assert {"_NET_WM_STATE", "_NET_WM_STATE_FULLSCREEN", "_NET_CLOSE_WINDOW", "_NET_ACTIVE_WINDOW"} <= supported
    assert "WM_STATE" not in supported


# -- mapping --


def test_a_mapped_window_is_managed_and_gets_normal_state(stage: Stage) -> None:
    xid = stage.show(Rect(20, 30, 200, 100))
    info = stage.sink.infos[xid]
    assert (info.rect, info.override_redirect, info.depth) == (Rect(20, 30, 200, 100), False, 24)
    assert (stage.app.cards(xid, "WM_STATE") or ())[0] == NORMAL
    attributes = stage.app.connection.reply(stage.app.core.GetWindowAttributes(xid))
    assert attributes.map_state == xp.MapState.Viewable
    assert stage.app.cards(xid, "_NET_FRAME_EXTENTS") == (0, 0, 0, 0)


def test_the_client_lists_follow_mapping_and_stacking(stage: Stage) -> None:
    app, root = stage.app, stage.app.connection.root
    first, second = stage.show(), stage.show()
    stage.show(override_redirect=True)
    assert app.cards(root, "_NET_CLIENT_LIST") == (first, second)
    stage.manager.raise_(first)
    stage.pump.settle()
    assert app.cards(root, "_NET_CLIENT_LIST") == (first, second)
    assert app.cards(root, "_NET_CLIENT_LIST_STACKING") == (second, first)


def test_an_override_redirect_window_is_followed_but_not_managed(stage: Stage) -> None:
    xid = stage.show(Rect(5, 6, 50, 40), override_redirect=True, border=2)
    assert stage.sink.infos[xid].override_redirect
    assert stage.sink.infos[xid].rect == Rect(5, 6, 54, 44)
    assert stage.app.cards(xid, "WM_STATE") is None
    stage.app.core.ConfigureWindow(xid, xp.ConfigWindow.X, [77])
    stage.app.connection.flush()
    stage.pump.until(lambda: (xid, Rect(77, 6, 54, 44)) in stage.sink.of("window_moved"))
    stage.app.core.UnmapWindow(xid)
    stage.app.connection.flush()
    stage.pump.until(lambda: xid not in stage.sink.infos)


def test_input_only_windows_are_mapped_but_not_told(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 10, 10), input_only=True)
    hidden = stage.app.window(Rect(0, 0, 10, 10), input_only=True, override_redirect=True)
    stage.app.map(xid)
    stage.app.map(hidden)
    stage.pump.until(lambda: stage.app.poll(xp.MapNotifyEvent, lambda event: event.window == xid))
    assert stage.sink.of("window_added") == []


def test_a_managed_window_loses_its_border(stage: Stage) -> None:
    xid = stage.show(Rect(10, 10, 100, 50), border=3)
    geometry = stage.app.connection.reply(stage.app.core.GetGeometry(xid))
    assert geometry.border_width == 0
    assert stage.manager.info(xid).rect == Rect(10, 10, 100, 50)


def test_initial_state_iconic_is_not_mapped_until_asked_for(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 60, 60))
    stage.app.set_cards(xid, "WM_HINTS", "WM_HINTS", [2, 0, ICONIC, 0, 0, 0, 0, 0, 0])
    stage.map(xid)
    assert stage.sink.infos[xid].iconic
    assert (stage.app.cards(xid, "WM_STATE") or ())[0] == ICONIC
    attributes = stage.app.connection.reply(stage.app.core.GetWindowAttributes(xid))
    assert attributes.map_state == xp.MapState.Unmapped
    stage.manager.deiconify(xid)
    stage.pump.until(lambda: stage.app.poll(xp.MapNotifyEvent))
    assert not stage.manager.info(xid).iconic


def test_unmapping_withdraws_and_removes_both_state_properties(stage: Stage) -> None:
    xid = stage.show()
    stage.app.core.UnmapWindow(xid)
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("window_removed") == [(xid,)])
    stage.pump.settle()
    assert stage.app.cards(xid, "WM_STATE") is None
    assert stage.app.cards(xid, "_NET_WM_STATE") is None
    stage.map(xid)  # and it may come back
    assert len(stage.sink.of("window_added")) == 2


def test_a_synthetic_unmap_withdraws_an_iconic_window(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.iconify(xid)
    stage.pump.settle()
    assert stage.sink.of("window_removed") == []
    root = stage.app.connection.root
    event = xp.UnmapNotifyEvent.synthetic(root, xid, 0).pack()  # type: ignore[attr-defined]
    stage.app.core.SendEvent(False, root, 0x180000, event)
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("window_removed") == [(xid,)])


def test_a_destroyed_window_is_removed_once(stage: Stage) -> None:
    xid = stage.show()
    stage.app.core.DestroyWindow(xid)
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("window_removed"))
    stage.pump.settle()
    assert stage.sink.of("window_removed") == [(xid,)]
    assert stage.manager.windows() == ()


def test_a_window_reparented_away_is_removed(stage: Stage) -> None:
    xid, other = stage.show(), stage.show()
    stage.app.core.ReparentWindow(xid, other, 0, 0)
    stage.app.connection.flush()
    stage.pump.until(lambda: (xid,) in stage.sink.of("window_removed"))


def test_an_application_that_dies_takes_its_windows_along(stage: Stage, connect: Callable[[], X11Connection]) -> None:
    xids = {stage.show(), stage.show()}
    stage.app.connection.close()
    pump = Pump(stage.manager)
    pump.until(lambda: {xid for (xid,) in stage.sink.of("window_removed")} == xids)


def test_windows_that_were_there_before_are_adopted(connect: Callable[[], X11Connection], stage: Stage) -> None:
    normal, iconic, popup, hidden = stage.show(), stage.show(), stage.show(override_redirect=True), Xid(0)
    hidden = stage.app.window(Rect(0, 0, 9, 9))
    stage.manager.iconify(iconic)
    stage.pump.settle()
    stage.connection.close()  # the manager is gone, a restarted one comes
    sink = RecordingSink()
    manager = WindowManager(connect(), sink)
    Pump(manager, stage.app.connection).settle()
    assert set(sink.infos) == {normal, iconic, popup}
    assert sink.infos[iconic].iconic
    assert not sink.infos[normal].iconic
    assert hidden not in sink.infos
    assert {xid for xid, _ in sink.of("damaged")} == {normal, popup}


# -- properties --


def test_a_changed_title_is_told_with_its_field(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_text(xid, "WM_NAME", b"old na\xefve", "STRING")
    stage.map(xid)
    assert stage.sink.infos[xid].title == "old naïve"
    stage.app.set_text(xid, "_NET_WM_NAME", "neu ☃".encode())
    stage.pump.until(lambda: stage.sink.infos[xid].title == "neu ☃")
    assert stage.sink.of("window_changed")[-1][1] == {"title"}


def test_many_changes_of_one_batch_are_told_once(stage: Stage) -> None:
    xid = stage.show()
    before = len(stage.sink.of("window_changed"))
    for index in range(20):
        stage.app.set_text(xid, "_NET_WM_NAME", b"title %d" % index)
        stage.app.set_text(xid, "WM_WINDOW_ROLE", b"role %d" % index, "STRING")
    stage.pump.settle()
    told = stage.sink.of("window_changed")[before:]
    assert len(told) == 1
    assert told[0][1] == {"title", "role"}
    assert told[0][2].title == "title 19"


def test_a_property_that_does_not_change_the_value_is_not_told(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_text(xid, "_NET_WM_NAME", b"same")
    stage.map(xid)
    before = len(stage.sink.of("window_changed"))
    stage.app.set_text(xid, "WM_NAME", b"fallback that is not shown", "STRING")
    stage.pump.settle()
    assert len(stage.sink.of("window_changed")) == before


def test_garbage_in_every_property_is_taken_for_nothing(stage: Stage) -> None:
    from limpet.x11.properties import ROWS

    xid = stage.app.window(Rect(0, 0, 50, 50))
    for name in ROWS:
        stage.app.set_property(xid, name, "_GARBAGE", 16, b"\xff\xee" * 40)
    stage.map(xid)
    info = stage.sink.infos[xid]
    assert (info.title, info.size_hints, info.icon, info.window_types) == ("", SizeHints(), None, ("NORMAL",))
    for name in ROWS:
        stage.app.set_cards(xid, name, "CARDINAL", [0xFFFFFFFF] * 40)
    stage.pump.settle()
    assert xid in stage.sink.infos


def test_a_transient_window_without_type_is_a_dialog(stage: Stage) -> None:
    parent = stage.show()
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_cards(xid, "WM_TRANSIENT_FOR", "WINDOW", [parent])
    stage.app.set_atoms(xid, "_NET_WM_STATE", ["_NET_WM_STATE_MODAL"])
    stage.map(xid)
    info = stage.sink.infos[xid]
    assert (info.transient_for, info.window_types, info.modal) == (parent, ("DIALOG",), True)


# -- geometry --


def test_a_configure_request_is_granted_as_asked(stage: Stage) -> None:
    xid = stage.show(Rect(20, 30, 200, 100))
    stage.app.core.ConfigureWindow(xid, 15, [7, 8, 301, 99])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("window_moved") == [(xid, Rect(7, 8, 301, 99))])
    assert stage.manager.info(xid).rect == Rect(7, 8, 301, 99)


def test_a_request_for_part_of_the_geometry_keeps_the_rest(stage: Stage) -> None:
    xid = stage.show(Rect(20, 30, 200, 100))
    stage.app.core.ConfigureWindow(xid, xp.ConfigWindow.Width, [150])
    stage.app.core.ConfigureWindow(xid, xp.ConfigWindow.Y, [-9])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.manager.info(xid).rect == Rect(20, -9, 150, 100))


def test_a_request_that_changes_nothing_is_answered_by_a_synthetic_configure_notify(stage: Stage) -> None:
    xid = stage.show(Rect(20, 30, 200, 100))
    while stage.app.poll(xp.ConfigureNotifyEvent):
        pass
    stage.app.core.ConfigureWindow(xid, 15, [20, 30, 200, 100])
    stage.app.connection.flush()
    found: list[xp.ConfigureNotifyEvent] = []

    def answered() -> bool:
        event = stage.app.poll(xp.ConfigureNotifyEvent)
        found.extend([event] if event else [])
        return bool(found)

    stage.pump.until(answered)
    event = found[0]
    assert event.response_type & 0x80
    assert (event.x, event.y, event.width, event.height, event.border_width) == (20, 30, 200, 100, 0)


def test_a_request_beyond_the_windows_own_limits_is_cut(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 100, 100))
    hints = size_hints(16 | 32, min_width=80, min_height=60, max_width=300, max_height=200)
    stage.app.set_cards(xid, "WM_NORMAL_HINTS", "WM_SIZE_HINTS", hints)
    stage.map(xid)
    stage.app.core.ConfigureWindow(xid, xp.ConfigWindow.Width | xp.ConfigWindow.Height, [900, 10])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.manager.info(xid).rect.size == Size(300, 60))


def test_hints_set_right_before_a_request_count_for_it(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 100, 100))
    stage.app.set_cards(xid, "WM_NORMAL_HINTS", "WM_SIZE_HINTS", size_hints(32, max_width=120, max_height=120))
    stage.map(xid)
    stage.app.set_cards(xid, "WM_NORMAL_HINTS", "WM_SIZE_HINTS", size_hints(32, max_width=400, max_height=400))
    stage.app.core.ConfigureWindow(xid, xp.ConfigWindow.Width | xp.ConfigWindow.Height, [350, 360])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.manager.info(xid).rect.size == Size(350, 360))


def test_an_unmapped_window_is_configured_as_it_asks(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 100, 100))
    stage.app.core.ConfigureWindow(xid, 15, [40, 50, 60, 70])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.app.poll(xp.ConfigureNotifyEvent, lambda event: event.width == 60))
    stage.map(xid)
    assert stage.sink.infos[xid].rect == Rect(40, 50, 60, 70)


def test_move_resize_follows_the_limits_and_says_what_it_asked_for(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 100, 100))
    hints = size_hints(16 | 32 | 64, min_width=30, min_height=30, max_width=134, max_height=200, width_inc=10)
    stage.app.set_cards(xid, "WM_NORMAL_HINTS", "WM_SIZE_HINTS", hints)
    stage.map(xid)
    applied = stage.manager.move_resize(xid, Rect(11, 12, 139, 139))
    assert applied == Rect(11, 12, 134, 139)
    stage.pump.until(lambda: stage.sink.of("window_moved")[-1:] == [(xid, applied)])


def test_move_resize_leaves_override_redirect_windows_alone(stage: Stage) -> None:
    xid = stage.show(Rect(1, 2, 30, 40), override_redirect=True)
    assert stage.manager.move_resize(xid, Rect(9, 9, 99, 99)) == Rect(1, 2, 30, 40)
    stage.pump.settle()
    assert stage.manager.info(xid).rect == Rect(1, 2, 30, 40)


def test_positions_beyond_what_x_can_carry_are_cut(stage: Stage) -> None:
    xid = stage.show()
    assert stage.manager.move_resize(xid, Rect(10**6, -(10**6), 100, 100)) == Rect(32767, -32767, 100, 100)
    stage.pump.until(lambda: stage.manager.info(xid).rect == Rect(32767, -32767, 100, 100))


# -- stacking --


def _order(stage: Stage) -> list[int]:
    return list(stage.app.connection.reply(stage.app.core.QueryTree(stage.app.connection.root)).children)


def test_a_raise_lifts_dialogs_with_their_window_and_menus_above_all(stage: Stage) -> None:
    main = stage.show()
    dialog = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_cards(dialog, "WM_TRANSIENT_FOR", "WINDOW", [main])
    stage.map(dialog)
    other, menu = stage.show(), stage.show(override_redirect=True)
    stage.manager.raise_(main)
    stage.pump.settle()
    assert [xid for xid in _order(stage) if xid in {main, dialog, other, menu}] == [other, main, dialog, menu]


def test_two_windows_transient_for_each_other_do_not_hang_a_raise(stage: Stage) -> None:
    first, second = stage.app.window(Rect(0, 0, 50, 50)), stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_cards(first, "WM_TRANSIENT_FOR", "WINDOW", [second])
    stage.app.set_cards(second, "WM_TRANSIENT_FOR", "WINDOW", [first])
    stage.map(first)
    stage.map(second)
    stage.manager.raise_(second)
    stage.pump.settle()
    assert [xid for xid in _order(stage) if xid in {first, second}] == [second, first]


def test_an_application_that_raises_itself_is_told(stage: Stage) -> None:
    first, second = stage.show(), stage.show()
    stage.app.core.ConfigureWindow(first, xp.ConfigWindow.StackMode, [xp.StackMode.Above])
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("raised") == [(first,)])
    stage.pump.settle()
    assert [xid for xid in _order(stage) if xid in {first, second}] == [second, first]
    stage.app.core.ConfigureWindow(first, xp.ConfigWindow.StackMode, [xp.StackMode.Below])
    stage.app.connection.sync()
    stage.pump.settle()
    assert [xid for xid in _order(stage) if xid in {first, second}] == [first, second]
    assert stage.sink.of("raised") == [(first,)]


# -- focus --


def _focus(stage: Stage) -> int:
    stage.pump.settle()
    return stage.app.connection.reply(stage.app.core.GetInputFocus()).focus


def test_focus_goes_to_a_window_that_takes_input(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.focus(xid)
    assert _focus(stage) == xid
    assert stage.app.cards(stage.app.connection.root, "_NET_ACTIVE_WINDOW") == (xid,)
    assert "_NET_WM_STATE_FOCUSED" in stage.app.atoms(xid, "_NET_WM_STATE")
    stage.manager.focus(None)
    assert _focus(stage) == 0
    assert stage.app.cards(stage.app.connection.root, "_NET_ACTIVE_WINDOW") == (0,)
    assert stage.app.atoms(xid, "_NET_WM_STATE") == set()


@pytest.mark.parametrize(
    ("input_hint", "take_focus", "focused", "told"),
    [(1, False, True, False), (1, True, True, True), (0, True, False, True), (0, False, False, False)],
    ids=["passive", "locally active", "globally active", "no input"],
)
def test_input_models(stage: Stage, input_hint: int, take_focus: bool, focused: bool, told: bool) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_cards(xid, "WM_HINTS", "WM_HINTS", [1, input_hint, 0, 0, 0, 0, 0, 0, 0])
    if take_focus:
        stage.app.set_atoms(xid, "WM_PROTOCOLS", ["WM_TAKE_FOCUS"])
    stage.map(xid)
    stage.manager.focus(xid)
    assert (_focus(stage) == xid) is focused
    stage.pump.settle()
    message = stage.app.poll(xp.ClientMessageEvent)
    assert (message is not None) is told
    if message is not None:
        assert message.type == stage.app.atom("WM_PROTOCOLS")
        assert message.data.data32[0] == stage.app.atom("WM_TAKE_FOCUS")
        assert message.data.data32[1] != 0  # ICCCM 4.1.7: never CurrentTime


def test_the_focus_does_not_wander_when_its_window_goes(stage: Stage) -> None:
    first, second = stage.show(), stage.show()
    stage.manager.focus(second)
    stage.pump.settle()
    stage.app.core.DestroyWindow(second)
    stage.app.connection.flush()
    stage.pump.until(lambda: second not in stage.sink.infos)
    assert _focus(stage) == 0
    assert stage.app.cards(stage.app.connection.root, "_NET_ACTIVE_WINDOW") == (0,)
    stage.manager.focus(first)
    assert _focus(stage) == first


def test_menus_do_not_get_the_focus(stage: Stage) -> None:
    xid, menu = stage.show(), stage.show(override_redirect=True)
    stage.manager.focus(xid)
    stage.manager.focus(menu)
    assert _focus(stage) == xid


# -- states --


def test_requested_states_are_told_and_granted_by_set_states(stage: Stage) -> None:
    xid = stage.show()
    atom = stage.app.atom
    stage.app.tell_root(
        xid, "_NET_WM_STATE", [1, atom("_NET_WM_STATE_MAXIMIZED_VERT"), atom("_NET_WM_STATE_MAXIMIZED_HORZ"), 1]
    )
    both = frozenset({"MAXIMIZED_VERT", "MAXIMIZED_HORZ"})
    stage.pump.until(lambda: stage.sink.of("state_requested") == [(xid, both, frozenset())])
    assert stage.app.atoms(xid, "_NET_WM_STATE") == set()
    stage.manager.set_states(xid, both)
    stage.pump.settle()
    assert stage.app.atoms(xid, "_NET_WM_STATE") == {"_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"}
    assert stage.manager.info(xid).states == both


def test_toggle_and_remove_are_resolved_against_the_present_states(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.set_states(xid, {"FULLSCREEN"})
    fullscreen, above = (stage.app.atom(f"_NET_WM_STATE_{name}") for name in ("FULLSCREEN", "ABOVE"))
    stage.app.tell_root(xid, "_NET_WM_STATE", [2, fullscreen, above])
    stage.app.tell_root(xid, "_NET_WM_STATE", [0, fullscreen])
    stage.pump.until(lambda: len(stage.sink.of("state_requested")) == 2)
    toggled, removed = stage.sink.of("state_requested")
    assert toggled[1:] == (frozenset({"ABOVE"}), frozenset({"FULLSCREEN"}))
    assert removed[1:] == (frozenset(), frozenset({"FULLSCREEN"}))


@pytest.mark.parametrize("data", [[7, 1, 2], [1, 0, 0], [1, 0xFFFFFFFF, 99999]])
def test_senseless_state_requests_are_ignored(stage: Stage, data: list[int]) -> None:
    xid = stage.show()
    stage.app.tell_root(xid, "_NET_WM_STATE", data)
    stage.app.tell_root(Xid(0x1FFFFFFF), "_NET_WM_STATE", [1, stage.app.atom("_NET_WM_STATE_ABOVE")])
    stage.app.tell_root(xid, "_NET_WM_STATE", [1, stage.app.atom("_NET_WM_STATE_HIDDEN")])
    stage.pump.settle()
    assert stage.sink.of("state_requested") == []


def test_iconify_unmaps_and_deiconify_maps_without_losing_the_window(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.iconify(xid)
    stage.manager.iconify(xid)
    stage.pump.until(lambda: stage.app.poll(xp.UnmapNotifyEvent))
    stage.pump.settle()
    assert (stage.app.cards(xid, "WM_STATE") or ())[0] == ICONIC
    assert stage.app.atoms(xid, "_NET_WM_STATE") == {"_NET_WM_STATE_HIDDEN"}
    assert stage.sink.of("window_removed") == []
    stage.manager.deiconify(xid)
    stage.pump.settle()
    assert (stage.app.cards(xid, "WM_STATE") or ())[0] == NORMAL
    attributes = stage.app.connection.reply(stage.app.core.GetWindowAttributes(xid))
    assert attributes.map_state == xp.MapState.Viewable


def test_an_application_that_maps_its_iconic_window_brings_it_back(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.iconify(xid)
    stage.pump.settle()
    stage.app.map(xid)
    stage.pump.until(lambda: any("states" in changed for _, changed, _ in stage.sink.of("window_changed")))
    assert not stage.manager.info(xid).iconic


def test_iconify_by_the_application_is_a_request(stage: Stage) -> None:
    xid = stage.show()
    stage.app.tell_root(xid, "WM_CHANGE_STATE", [ICONIC])
    stage.pump.until(lambda: stage.sink.of("state_requested") == [(xid, frozenset({"HIDDEN"}), frozenset())])


# -- closing --


def test_close_asks_a_window_that_knows_the_protocol(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_atoms(xid, "WM_PROTOCOLS", ["WM_DELETE_WINDOW", "WM_TAKE_FOCUS", "_UNKNOWN_TO_US"])
    stage.map(xid)
    assert stage.manager.info(xid).protocols == ("WM_DELETE_WINDOW", "WM_TAKE_FOCUS")
    assert stage.manager.close(xid) is True
    stage.pump.settle()
    message = stage.app.poll(xp.ClientMessageEvent)
    assert message is not None
    assert message.data.data32[0] == stage.app.atom("WM_DELETE_WINDOW")
    assert xid in stage.sink.infos


def test_close_kills_a_window_that_does_not(stage: Stage) -> None:
    xid = stage.show()
    assert stage.manager.close(xid) is False
    Pump(stage.manager).until(lambda: xid not in stage.sink.infos)


def test_kill_ends_the_connection_of_the_application(stage: Stage) -> None:
    xid = stage.show()
    stage.manager.kill(xid)
    Pump(stage.manager).until(lambda: xid not in stage.sink.infos)
    with pytest.raises(DisplayUnavailable):
        stage.app.connection.sync()


def test_a_close_message_closes(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_atoms(xid, "WM_PROTOCOLS", ["WM_DELETE_WINDOW"])
    stage.map(xid)
    stage.app.tell_root(xid, "_NET_CLOSE_WINDOW", [0, 2])
    stage.pump.until(lambda: stage.app.poll(xp.ClientMessageEvent))


# -- other messages --


def test_messages_to_the_root_reach_the_sink(stage: Stage) -> None:
    xid = stage.show()
    stage.app.tell_root(xid, "_NET_ACTIVE_WINDOW", [1, 0, 0])
    stage.app.tell_root(xid, "_NET_WM_MOVERESIZE", [-5, 60, 8, 1, 1])
    stage.app.tell_root(xid, "_NET_WM_MOVERESIZE", [0, 0, 99, 1, 1])
    stage.pump.settle()
    assert stage.sink.of("focus_requested") == [(xid,)]
    assert stage.sink.of("moveresize_requested") == [(xid, -5, 60, 8, 1, 1)]


def test_a_moveresize_window_message_is_a_configure_request(stage: Stage) -> None:
    xid = stage.show(Rect(20, 30, 200, 100))
    stage.app.tell_root(xid, "_NET_MOVERESIZE_WINDOW", [0x100 | 0x400, -4, 0, 220, 0])
    stage.pump.until(lambda: stage.manager.info(xid).rect == Rect(-4, 30, 220, 100))


def test_frame_extents_can_be_asked_for_before_mapping(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.tell_root(xid, "_NET_REQUEST_FRAME_EXTENTS", [])
    stage.pump.until(lambda: stage.app.cards(xid, "_NET_FRAME_EXTENTS") == (0, 0, 0, 0))


def test_a_message_about_a_window_that_is_gone_does_no_harm(stage: Stage) -> None:
    for name in ("_NET_REQUEST_FRAME_EXTENTS", "_NET_CLOSE_WINDOW", "_NET_ACTIVE_WINDOW", "WM_CHANGE_STATE"):
        stage.app.tell_root(Xid(0x3FFFFF), name, [3])
    stage.pump.settle()
    assert [name for name, _ in stage.sink.calls if name != "cursor_changed"] == []


# -- damage, cursor, bell --


def test_damage_comes_relative_to_the_outer_corner(stage: Stage) -> None:
    xid = stage.show(Rect(0, 0, 60, 40), override_redirect=True, border=3)
    stage.sink.calls.clear()
    stage.app.paint(xid, Rect(8, 8, 8, 8))
    stage.pump.until(lambda: stage.sink.of("damaged"))
    assert stage.sink.of("damaged") == [(xid, (Rect(11, 11, 8, 8),))]


def test_a_mapped_window_is_damaged_as_a_whole_once_more_after_a_resize(stage: Stage) -> None:
    xid = stage.show(Rect(0, 0, 60, 40))
    assert (xid, (Rect(0, 0, 60, 40),)) in stage.sink.of("damaged")
    stage.sink.calls.clear()
    stage.manager.move_resize(xid, Rect(0, 0, 90, 70))
    stage.pump.until(lambda: (xid, (Rect(0, 0, 90, 70),)) in stage.sink.of("damaged"))


def test_no_drawing_is_lost_between_batches(stage: Stage) -> None:
    xid = stage.show(Rect(0, 0, 300, 20))
    stage.sink.calls.clear()
    for index in range(30):
        stage.app.paint(xid, Rect(index * 8, 0, 8, 8))
        stage.pump.until(lambda: True)
    stage.pump.settle()
    covered = {r.x + dx for _, rects in stage.sink.of("damaged") for r in rects for dx in range(r.width)}
    assert covered >= set(range(240))


def test_the_same_drawing_twice_is_told_twice(stage: Stage) -> None:
    xid = stage.show(Rect(0, 0, 60, 40))
    for _ in range(2):
        stage.sink.calls.clear()
        stage.app.paint(xid, Rect(0, 0, 16, 16))
        stage.pump.until(lambda: stage.sink.of("damaged"))


def test_refresh_damages_the_whole_window(stage: Stage) -> None:
    xid = stage.show(Rect(0, 0, 60, 40))
    stage.sink.calls.clear()
    stage.manager.refresh(xid)
    stage.pump.until(lambda: stage.sink.of("damaged") == [(xid, (Rect(0, 0, 60, 40),))])


def test_the_arrow_is_told_first_then_the_cursor_of_the_window_under_the_pointer(stage: Stage) -> None:
    first = stage.sink.of("cursor_changed")[0][0]
    assert first is not None
    assert first.name == "left_ptr"
    assert len(first.pixels.data) == first.pixels.width * first.pixels.height * 4
    assert first.pixels.data.count(0) < len(first.pixels.data)
    app = stage.app
    font, cursor = app.connection.generate_id(), app.connection.generate_id()
    app.core.OpenFont(font, 6, "cursor")
    app.core.CreateGlyphCursor(cursor, font, font, 152, 153, 0, 0, 0, 65535, 65535, 65535)
    xid = stage.app.window(Rect(0, 0, *(SCREEN.width, SCREEN.height)))
    app.core.ChangeWindowAttributes(xid, xp.CW.Cursor, [cursor])
    stage.map(xid)
    stage.pump.until(lambda: len(stage.sink.of("cursor_changed")) > 1)
    last = stage.sink.of("cursor_changed")[-1][0]
    assert last is not None
    assert last.pixels.data != first.pixels.data


def test_a_bell_is_told(stage: Stage) -> None:
    stage.app.core.Bell(50)
    stage.app.connection.flush()
    stage.pump.until(lambda: stage.sink.of("bell"))
    (bell,) = stage.sink.of("bell")[0]
    assert bell.xid is None
    assert 0 < bell.percent <= 100
    assert bell.pitch > 0


# -- races and ends --


@pytest.mark.parametrize(
    "ask",
    [
        lambda manager, xid: manager.info(xid),
        lambda manager, xid: manager.move_resize(xid, Rect(0, 0, 9, 9)),
        lambda manager, xid: manager.raise_(xid),
        lambda manager, xid: manager.focus(xid),
        lambda manager, xid: manager.close(xid),
        lambda manager, xid: manager.kill(xid),
        lambda manager, xid: manager.set_states(xid, {"ABOVE"}),
        lambda manager, xid: manager.iconify(xid),
        lambda manager, xid: manager.deiconify(xid),
        lambda manager, xid: manager.refresh(xid),
    ],
)
def test_a_request_for_an_unknown_window_is_window_gone(
    stage: Stage, ask: Callable[[WindowManager, Xid], object]
) -> None:
    with pytest.raises(WindowGone) as caught:
        ask(stage.manager, Xid(0x123456))
    assert caught.value.xid == 0x123456


def test_requests_for_a_window_that_just_vanished_come_to_nothing(stage: Stage) -> None:
    xid = stage.app.window(Rect(0, 0, 50, 50))
    stage.app.set_atoms(xid, "WM_PROTOCOLS", ["WM_DELETE_WINDOW", "WM_TAKE_FOCUS"])
    stage.map(xid)
    stage.app.core.DestroyWindow(xid)
    stage.app.connection.sync()  # gone, and the manager does not know yet
    stage.manager.move_resize(xid, Rect(0, 0, 99, 99))
    stage.manager.raise_(xid)
    stage.manager.focus(xid)
    stage.manager.set_states(xid, {"ABOVE"})
    stage.manager.iconify(xid)
    stage.manager.close(xid)
    stage.pump.settle()
    assert stage.sink.of("window_removed") == [(xid,)]


def test_windows_that_vanish_while_they_are_mapped_do_no_harm(stage: Stage) -> None:
    for index in range(20):
        xid = stage.app.window(Rect(0, 0, 50, 50), override_redirect=bool(index % 2))
        stage.app.map(xid)
        stage.app.set_text(xid, "WM_NAME", b"brief")
        stage.app.core.DestroyWindow(xid)
    stage.app.connection.flush()
    stage.pump.settle()
    stage.pump.until(lambda: not stage.sink.infos)
    assert stage.manager.windows() == ()


def test_a_dead_x_server_is_display_unavailable(stage: Stage, xvfb: Xvfb) -> None:
    xvfb.process.kill()
    xvfb.wait()
    with pytest.raises(DisplayUnavailable, match=xvfb.display):
        stage.manager.process_events()


def test_what_is_drawn_over_drawn_areas_is_never_lost(stage: Stage, connect: Callable[[], X11Connection]) -> None:
    """The pixels captured after the last damage are the last ones drawn, however the connections interleave."""
    xid = stage.show(Rect(0, 0, 64, 64))
    with Capturer(connect()) as capturer:
        gc = stage.app.connection.generate_id()
        stage.app.core.CreateGC(gc, xid, 0, [])
        shape = xp.RECTANGLE.synthetic(0, 0, 64, 64)
        for colour in range(1, 300):
            stage.sink.calls.clear()
            stage.app.core.ChangeGC(gc, xp.GC.Foreground, [colour])
            stage.app.core.PolyFillRectangle(xid, gc, 1, [shape])
            stage.app.connection.flush()
            stage.pump.until(lambda: stage.sink.of("damaged"))
            seen = pixel_at(capturer.capture(xid, Rect(5, 5, 1, 1)), 0, 0)
            assert seen == colour
