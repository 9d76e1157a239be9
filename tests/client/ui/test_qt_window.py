"""Remote windows as real X11 windows: properties, place, size, states, closing."""

from __future__ import annotations

import pytest

from limpet.client.messages import (
    CloseRequested,
    CreateWindow,
    DestroyAllWindows,
    DestroyWindow,
    MoveResize,
    PaintDone,
    PaintResult,
    RaiseWindow,
    SetIcon,
    SizeConstraints,
    UpdateMetadata,
    WindowConfigured,
    WindowMapped,
    WindowProperties,
    WindowState,
    WindowType,
    WindowUnmapped,
)
from limpet.values import Rect, Size, WindowId
from tests.client.ui.support import UiProcess, XView, paint, plain

ONE, TWO = WindowId(1), WindowId(2)


def test_a_window_has_the_title_class_role_and_type_of_the_remote_one(ui: UiProcess, view: XView) -> None:
    ui.window(
        1,
        Rect(0, 0, 90, 80),
        title="grüße 😀",
        class_instance=("xterm", "XTerm"),
        role="main",
        window_types=(WindowType.DIALOG, WindowType.NORMAL),
    )
    xid = view.find("grüße 😀")
    assert view.text(xid, "WM_CLASS") == "xterm\0XTerm\0"
    assert view.text(xid, "WM_WINDOW_ROLE") == "main"
    assert "_NET_WM_WINDOW_TYPE_DIALOG" in view.atom_names(xid, "_NET_WM_WINDOW_TYPE")


def test_a_changed_title_shows(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(0, 0, 90, 80), title="before")
    xid = view.find("before")
    ui.post(UpdateMetadata(ONE, WindowProperties(title="after")))
    ui.settle()
    assert view.text(xid, "_NET_WM_NAME") == "after"


@pytest.mark.parametrize("kind", list(WindowType))
def test_every_window_type_gets_a_window_of_its_type(ui: UiProcess, view: XView, kind: WindowType) -> None:
    mapped = ui.window(1, Rect(5, 6, 70, 60), title=kind.value, window_types=(kind,), place=True)
    assert mapped.rect == Rect(5, 6, 70, 60)
    xid = view.find(kind.value)
    names = view.atom_names(xid, "_NET_WM_WINDOW_TYPE") or ["_NET_WM_WINDOW_TYPE_NORMAL"]  # EWMH: the default
    assert names[0] == f"_NET_WM_WINDOW_TYPE_{kind.value}"


def test_the_icon_is_that_of_the_remote_window_and_can_change(ui: UiProcess, view: XView) -> None:
    red = plain(Rect(0, 0, 4, 2), (0, 0, 255))
    ui.window(1, Rect(0, 0, 90, 80), title="icon", icon=red)
    xid = view.find("icon")
    assert view.numbers(xid, "_NET_WM_ICON")[:3] == [4, 2, 0xFFFF0000]
    ui.post(SetIcon(ONE, plain(Rect(0, 0, 3, 3), (255, 0, 0))))
    ui.settle()
    assert view.numbers(xid, "_NET_WM_ICON")[:3] == [3, 3, 0xFF0000FF]


def test_a_placed_window_is_where_the_server_said(ui: UiProcess, view: XView) -> None:
    mapped = ui.window(1, Rect(50, 60, 200, 100), title="placed", place=True)
    assert mapped.rect == Rect(50, 60, 200, 100) == view.rect(view.find("placed"))


def test_a_window_that_names_no_place_asks_the_window_manager_for_none(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="anywhere")
    flags = view.numbers(view.find("anywhere"), "WM_NORMAL_HINTS")[0]
    assert flags & 0b101 == 0, "neither USPosition nor PPosition"


def test_a_place_outside_of_all_screens_is_not_taken(ui: UiProcess, view: XView) -> None:
    mapped = ui.window(1, Rect(5000, 60, 200, 100), title="lost", place=True)
    assert mapped.rect.x < 1280


def test_size_limits_reach_the_window_manager(ui: UiProcess, view: XView) -> None:
    limits = SizeConstraints(minimum=Size(20, 34), maximum=Size(500, 400), base=Size(4, 6), increment=Size(6, 13))
    ui.window(1, Rect(0, 0, 94, 84), title="limits", constraints=limits)
    xid = view.find("limits")
    hints = view.numbers(xid, "WM_NORMAL_HINTS")
    assert hints[5:11] == [20, 34, 500, 400, 6, 13]
    assert hints[15:17] == [4, 6]
    ui.post(UpdateMetadata(ONE, WindowProperties(title="limits", constraints=SizeConstraints(minimum=Size(70, 71)))))
    ui.settle()
    hints = view.numbers(xid, "WM_NORMAL_HINTS")
    assert hints[5:7] == [70, 71]
    assert hints[0] & 0b1100000 == 0, "neither maximum... nor increment are said any more"


def test_a_menu_bypasses_the_window_manager_at_its_exact_place(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(10, 10, 300, 300), title="parent", place=True)
    mapped = ui.window(
        2,
        Rect(77, 88, 40, 50),
        title="menu",
        override_redirect=True,
        transient_for=ONE,
        window_types=(WindowType.POPUP_MENU,),
    )
    xid = view.find("menu")
    assert mapped.rect == Rect(77, 88, 40, 50) == view.rect(xid)
    assert view.core.GetWindowAttributes(xid).reply().override_redirect
    assert view.numbers(xid, "WM_TRANSIENT_FOR") == [view.find("parent")]


def test_a_menu_follows_the_server(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(77, 88, 40, 50), title="menu", override_redirect=True)
    ui.post(MoveResize(ONE, Rect(100, 110, 60, 70)))
    assert ui.settle() == []
    assert view.rect(view.find("menu")) == Rect(100, 110, 60, 70)


def test_a_dialog_stays_with_its_parent_and_is_modal(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(10, 10, 300, 300), title="parent")
    ui.window(2, Rect(50, 50, 30, 30), title="dialog", transient_for=ONE, modal=True, window_types=(WindowType.DIALOG,))
    xid = view.find("dialog")
    assert view.numbers(xid, "WM_TRANSIENT_FOR") == [view.find("parent")]
    assert "_NET_WM_STATE_MODAL" in view.atom_names(xid, "_NET_WM_STATE")


def test_windows_transient_for_each_other_do_no_harm(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(10, 10, 30, 30), title="one", transient_for=ONE)
    ui.window(2, Rect(10, 10, 30, 30), title="two", transient_for=ONE)
    ui.post(UpdateMetadata(ONE, WindowProperties(title="one", transient_for=TWO)))
    ui.settle()
    assert view.numbers(view.find("two"), "WM_TRANSIENT_FOR") == [view.find("one")]


def test_a_window_without_decorations_says_so(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(0, 0, 50, 50), title="bare", decorations=False)
    assert view.numbers(view.find("bare"), "_MOTIF_WM_HINTS")[2] == 0


def test_states_are_asked_of_the_window_manager(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(0, 0, 50, 50), title="big", states=frozenset({WindowState.MAXIMIZED, WindowState.ABOVE}))
    names = view.atom_names(view.find("big"), "_NET_WM_STATE")
    assert {"_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ", "_NET_WM_STATE_ABOVE"} <= set(names)


def test_a_local_resize_is_reported_with_the_last_counter(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="sized", place=True)
    xid = view.find("sized")
    view.move_resize(xid, Rect(50, 60, 210, 110))
    event = ui.wait(WindowConfigured)
    assert (event.rect, event.resize_counter) == (Rect(50, 60, 210, 110), 0)
    ui.post(MoveResize(ONE, Rect(50, 60, 300, 200), resize_counter=4))
    ui.settle()
    assert view.rect(xid) == Rect(50, 60, 300, 200)
    view.move_resize(xid, Rect(70, 80, 310, 210))
    event = ui.wait(WindowConfigured, lambda event: event.rect.width == 310)
    assert (event.rect, event.resize_counter) == (Rect(70, 80, 310, 210), 4)


def test_what_the_server_commands_is_not_echoed(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="obedient", place=True)
    for width in range(201, 231):
        ui.post(MoveResize(ONE, Rect(50 + width, 60, width, 100), resize_counter=width))
    xid = view.find("obedient")
    assert ui.settle() == []
    assert view.rect(xid) == Rect(280, 60, 230, 100)
    # a change by the user comes after all that Qt has to say about the commands
    view.move_resize(xid, Rect(1, 2, 33, 44))
    assert ui.wait(WindowConfigured).rect == Rect(1, 2, 33, 44)


def test_a_resize_without_a_move_stays_where_the_user_put_the_window(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="moved", place=True)
    xid = view.find("moved")
    view.move_resize(xid, Rect(300, 310, 200, 100))
    ui.wait(WindowConfigured)
    ui.post(MoveResize(ONE, Rect(50, 60, 220, 120), resize_counter=1, move=False))
    ui.settle()
    assert view.rect(xid) == Rect(300, 310, 220, 120)


def test_a_maximized_window_keeps_its_size_and_says_so(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="max", place=True)
    xid = view.find("max")
    atoms = [view.atom(f"_NET_WM_STATE_MAXIMIZED_{side}") for side in ("HORZ", "VERT")]
    view.set_cardinals(xid, "_NET_WM_STATE", "ATOM", atoms)
    view.move_resize(xid, Rect(0, 0, 1280, 1024))
    ui.wait(WindowConfigured, lambda event: event.rect.width == 1280 and WindowState.MAXIMIZED in event.states)
    ui.post(MoveResize(ONE, Rect(0, 0, 300, 300), resize_counter=9))
    event = ui.wait(WindowConfigured)
    assert (event.rect, event.resize_counter) == (Rect(0, 0, 1280, 1024), 9)
    assert event.states == {WindowState.MAXIMIZED}


def test_an_iconified_window_is_unmapped_for_the_server_until_it_is_back(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="icon")
    xid = view.find("icon")
    view.core.UnmapWindow(xid)
    view.set_cardinals(xid, "WM_STATE", "WM_STATE", [3, 0])
    ui.wait(WindowUnmapped)
    done = ui.paint(paint(ONE, Rect(0, 0, 9, 9), (1, 1, 1)))
    assert done.result is PaintResult.HIDDEN
    view.set_cardinals(xid, "WM_STATE", "WM_STATE", [1, 0])
    view.core.MapWindow(xid)
    view.connection.flush()
    ui.wait(WindowMapped)
    ui.paint(paint(ONE, Rect(20, 20, 9, 9), (2, 2, 2), 2))
    assert view.pixel(xid, 0, 0) == (1, 1, 1), "what came while it was hidden shows"


def test_closing_is_asked_of_the_server_and_the_window_stays(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="closing")
    xid = view.find("closing")
    view.ask_close(xid)
    assert ui.wait(CloseRequested).window_id == ONE
    assert view.find("closing") == xid
    ui.post(DestroyWindow(ONE))
    ui.settle()
    with pytest.raises(LookupError):
        view.find("closing")


def test_a_window_id_used_again_is_a_new_window(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="old")
    ui.window(1, Rect(50, 60, 100, 100), title="new")
    with pytest.raises(LookupError):
        view.find("old")
    assert view.rect(view.find("new")).size == Size(100, 100)


def test_all_windows_can_go_at_once(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="one")
    ui.window(2, Rect(50, 60, 200, 100), title="two", transient_for=ONE)
    ui.post(DestroyAllWindows(), paint(ONE, Rect(0, 0, 1, 1), (0, 0, 0)))
    assert ui.wait(PaintDone).result is PaintResult.NO_WINDOW
    ui.settle()
    for title in ("one", "two"):
        with pytest.raises(LookupError):
            view.find(title)


def test_a_raised_window_is_above_the_others(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(50, 60, 200, 100), title="lower", place=True)
    ui.window(2, Rect(50, 60, 200, 100), title="upper", place=True)
    children = list(view.core.QueryTree(view.root).reply().children)
    assert children.index(view.find("lower")) < children.index(view.find("upper"))
    ui.post(RaiseWindow(ONE))
    ui.settle()
    children = list(view.core.QueryTree(view.root).reply().children)
    assert children.index(view.find("lower")) > children.index(view.find("upper"))


@pytest.mark.parametrize("rect", [Rect(0, 0, 0, 0), Rect(-(10**12), 10**12, -4, 1), Rect(0, 0, 10**9, 1)])
def test_a_size_that_no_window_can_have_is_bounded(ui: UiProcess, view: XView, rect: Rect) -> None:
    ui.post(CreateWindow(ONE, rect, properties=WindowProperties(title="odd")))
    ui.post(MoveResize(ONE, rect))
    ui.settle()
    size = view.rect(view.find("odd")).size
    assert 1 <= size.width <= 32767
    assert size.height == 1


def test_on_a_scaled_desktop_one_remote_pixel_is_one_device_pixel(scaled_ui: UiProcess, view: XView) -> None:
    limits = SizeConstraints(minimum=Size(20, 34), increment=Size(6, 14))
    mapped = scaled_ui.window(1, Rect(50, 60, 200, 100), title="dense", place=True, constraints=limits)
    xid = view.find("dense")
    assert mapped.rect == view.rect(xid) == Rect(50, 60, 200, 100)
    assert view.numbers(xid, "WM_NORMAL_HINTS")[5:7] == [20, 34]
    scaled_ui.post(MoveResize(ONE, Rect(52, 64, 208, 102), resize_counter=1))
    assert [event for event in scaled_ui.settle() if isinstance(event, WindowConfigured)] == []
    assert view.rect(xid) == Rect(52, 64, 208, 102)


def test_a_changed_title_leaves_the_states_alone(ui: UiProcess, view: XView) -> None:
    ui.window(1, Rect(0, 0, 50, 50), title="big", states=frozenset({WindowState.MAXIMIZED}))
    ui.post(UpdateMetadata(ONE, WindowProperties(title="bigger"), states=False))
    ui.settle()
    assert "_NET_WM_STATE_MAXIMIZED_VERT" in view.atom_names(view.find("bigger"), "_NET_WM_STATE")


def test_a_window_placed_at_the_top_keeps_its_title_bar_on_the_screen(ui: UiProcess, view: XView) -> None:
    """ICCCM 4.1.2.3: with this gravity the position is that of the frame's corner."""
    ui.window(1, Rect(50, 0, 90, 80), title="top", place=True)
    ui.window(2, Rect(50, 40, 90, 80), title="lower", place=True)
    north_west, static = 1, 10
    assert view.numbers(view.find("top"), "WM_NORMAL_HINTS")[17] == north_west
    assert view.numbers(view.find("lower"), "WM_NORMAL_HINTS")[17] == static
