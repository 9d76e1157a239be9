"""Keys, pointer, wheel and focus, made by the XTEST extension, as they arrive."""

from __future__ import annotations

import pytest

from limpet.client.messages import (
    ButtonChanged,
    DestroyWindow,
    FocusChanged,
    KeyChanged,
    PointerMoved,
    PointerWarp,
    WheelMoved,
    WindowConfigured,
)
from limpet.keysyms import keysym_value
from limpet.values import Rect, WindowId
from tests.client.ui.support import UiProcess, XView

ONE, TWO = WindowId(1), WindowId(2)


def focused(ui: UiProcess, view: XView) -> int:
    ui.window(1, Rect(50, 60, 200, 100), title="typing", place=True)
    xid = view.find("typing")
    view.focus(xid)
    ui.wait(FocusChanged, lambda event: event.window_id == ONE)
    return xid


def keysym(name: str) -> int:
    value = keysym_value(name)
    assert value is not None
    return value


@pytest.mark.parametrize(
    ("name", "text"),
    [("a", "a"), ("Return", "\r"), ("F5", ""), ("Left", ""), ("KP_Add", "+"), ("Super_L", ""), ("space", " ")],
)
def test_a_key_arrives_by_its_keysym_name(ui: UiProcess, view: XView, name: str, text: str) -> None:
    focused(ui, view)
    for pressed in (True, False):
        view.key(keysym(name), pressed=pressed)
        event = ui.wait(KeyChanged)
        assert (event.window_id, event.keysym_name, event.keyval) == (ONE, name, keysym(name))
        assert (event.pressed, event.text, event.keycode) == (pressed, text, view.keycode(keysym(name)))


def test_a_shifted_key_is_named_by_what_it_types_and_released_under_the_same_name(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    for name, pressed in (("Shift_L", True), ("b", True), ("Shift_L", False), ("b", False)):
        view.key(keysym(name), pressed=pressed)
    events = [ui.wait(KeyChanged) for _ in range(4)]
    assert [(event.keysym_name, event.pressed, event.modifiers) for event in events] == [
        ("Shift_L", True, ()),
        ("B", True, ("shift",)),
        ("Shift_L", False, ("shift",)),
        ("B", False, ()),
    ]


def test_modifiers_have_their_x11_names(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    held = ("Control_L", "Alt_L", "Super_L")
    for name in held:
        view.key(keysym(name), pressed=True)
    view.key(keysym("x"), pressed=True)
    event = ui.wait(KeyChanged, lambda event: event.keysym_name == "x")
    assert event.modifiers == ("control", "mod1", "mod4")
    view.pointer_to(70, 80)
    assert ui.wait(PointerMoved, lambda event: event.x == 70).modifiers == ("control", "mod1", "mod4")
    for name in ("x", *held):
        view.key(keysym(name), pressed=False)
        ui.wait(KeyChanged, lambda event: not event.pressed)


def test_caps_lock_is_known_to_pointer_events(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    for pressed in (True, False):
        view.key(keysym("Caps_Lock"), pressed=pressed)
    ui.wait(KeyChanged, lambda event: not event.pressed)
    view.pointer_to(71, 81)
    assert ui.wait(PointerMoved, lambda event: event.x == 71).modifiers == ("lock",)
    for pressed in (True, False):
        view.key(keysym("Caps_Lock"), pressed=pressed)
    ui.wait(KeyChanged, lambda event: not event.pressed)
    view.pointer_to(72, 82)
    assert ui.wait(PointerMoved, lambda event: event.x == 72).modifiers == ()


def test_a_held_key_is_reported_once(ui: UiProcess, view: XView) -> None:
    view.watch_keys(focused(ui, view))
    view.key(keysym("d"), pressed=True)
    view.wait_presses(4)
    view.key(keysym("d"), pressed=False)
    view.key(keysym("e"), pressed=True)
    view.key(keysym("e"), pressed=False)
    events = [ui.wait(KeyChanged) for _ in range(4)]
    assert [(event.keysym_name, event.pressed) for event in events] == [
        ("d", True),
        ("d", False),
        ("e", True),
        ("e", False),
    ]


def test_keys_held_are_released_when_the_focus_goes(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    for name in ("Control_L", "c"):
        view.key(keysym(name), pressed=True)
        ui.wait(KeyChanged)
    view.focus(view.root)
    released = [ui.wait(KeyChanged) for _ in range(2)]
    assert [(event.keysym_name, event.pressed) for event in released] == [("c", False), ("Control_L", False)]
    assert ui.wait(FocusChanged).window_id is None
    for name in ("c", "Control_L"):
        view.key(keysym(name), pressed=False)
    assert [event for event in ui.settle() if isinstance(event, KeyChanged)] == []


def test_the_focus_goes_from_window_to_window_without_a_gap(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    ui.window(2, Rect(300, 60, 200, 100), title="second", place=True)
    ui.settle()
    view.focus(view.find("typing"))
    ui.settle()
    view.focus(view.find("second"))
    assert ui.wait(FocusChanged, lambda event: event.window_id != ONE).window_id == TWO


def test_a_destroyed_window_leaves_no_key_held(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    view.key(keysym("g"), pressed=True)
    ui.wait(KeyChanged)
    ui.post(DestroyWindow(ONE))
    event = ui.wait(KeyChanged)
    assert (event.keysym_name, event.pressed) == ("g", False)
    view.key(keysym("g"), pressed=False)


def test_the_pointer_is_told_in_server_coordinates(ui: UiProcess, view: XView) -> None:
    xid = focused(ui, view)
    view.pointer_to(61, 72)
    event = ui.wait(PointerMoved, lambda event: event.x == 61)
    assert (event.window_id, event.y, event.buttons) == (ONE, 72, ())
    view.move_resize(xid, Rect(400, 300, 200, 100))
    ui.wait(WindowConfigured)
    view.pointer_to(401, 302)
    event = ui.wait(PointerMoved, lambda event: event.x == 401)
    assert event.y == 302


def test_the_pointer_is_exact_on_a_scaled_desktop(scaled_ui: UiProcess, view: XView) -> None:
    scaled_ui.window(1, Rect(50, 60, 200, 100), title="typing", place=True)
    view.pointer_to(81, 93)
    event = scaled_ui.wait(PointerMoved, lambda event: event.x >= 80)
    assert (event.x, event.y) == (81, 93)


@pytest.mark.parametrize("button", [1, 2, 3, 8, 9])
def test_buttons_have_their_x11_numbers(ui: UiProcess, view: XView, button: int) -> None:
    focused(ui, view)
    view.pointer_to(61, 72)
    view.button(button, pressed=True)
    event = ui.wait(ButtonChanged)
    assert (event.button, event.pressed, event.x, event.y, event.buttons) == (button, True, 61, 72, ())
    view.pointer_to(63, 74)
    assert ui.wait(PointerMoved).buttons == (button,)
    view.button(button, pressed=False)
    event = ui.wait(ButtonChanged)
    assert (event.button, event.pressed, event.x, event.y, event.buttons) == (button, False, 63, 74, (button,))


def test_a_double_click_is_two_clicks(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    view.pointer_to(61, 72)
    for pressed in (True, False) * 2:
        view.button(1, pressed=pressed)
    assert [ui.wait(ButtonChanged).pressed for _ in range(4)] == [True, False, True, False]


@pytest.mark.parametrize("button", [4, 5, 6, 7])
@pytest.mark.parametrize("modifier", ["", "Alt_L", "Shift_L", "Control_L"])
def test_the_wheel_turns_as_buttons_whatever_is_held(ui: UiProcess, view: XView, button: int, modifier: str) -> None:
    focused(ui, view)
    view.pointer_to(61, 72)
    if modifier:
        view.key(keysym(modifier), pressed=True)
    for pressed in (True, False):
        view.button(button, pressed=pressed)
    event = ui.wait(WheelMoved)
    assert (event.button, event.steps, event.x, event.y) == (button, 1, 61, 72)
    if modifier:
        view.key(keysym(modifier), pressed=False)


def test_a_menu_gets_the_pointer_but_not_the_keyboard(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    ui.window(2, Rect(60, 70, 40, 50), title="menu", override_redirect=True, transient_for=ONE)
    view.pointer_to(65, 75)
    view.button(1, pressed=True)
    assert ui.wait(ButtonChanged).window_id == TWO
    view.button(1, pressed=False)
    view.key(keysym("a"), pressed=True)
    assert ui.wait(KeyChanged).window_id == ONE
    view.key(keysym("a"), pressed=False)


def test_the_server_can_move_the_pointer(ui: UiProcess, view: XView) -> None:
    focused(ui, view)
    view.pointer_to(61, 72)
    ui.post(PointerWarp(ONE, 99, 111))
    event = ui.wait(PointerMoved, lambda event: event.x == 99)
    assert event.y == 111
