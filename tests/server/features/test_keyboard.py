"""Keys of one client."""

from __future__ import annotations

from typing import Any

import pytest

from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import Keymap
from limpet.packets.keyboard import KeyAction, KeyboardSync, KeyRepeat
from limpet.server.features.keyboard import MAX_DOWN, KeyboardFeature
from limpet.values import WindowId
from tests.server.features.stage import Stage


def key(name: str, pressed: bool = True, keycode: int = 38, **more: Any) -> KeyAction:
    return KeyAction(window_id=more.pop("window_id", WindowId(1)), name=name, pressed=pressed, keycode=keycode, **more)


def pressed(stage: Stage) -> list[tuple[str, bool]]:
    return [(call[1], call[4]) for call in stage.calls if call[0] == "press_key"]


def keyboard(sync: bool | None = None) -> Stage:
    return Stage(KeyboardFeature, ClientHello(keymap=Keymap(sync=sync)))


def test_a_key_goes_down_and_up_with_the_modifiers_that_it_came_with() -> None:
    stage = keyboard()
    stage.give(key("a", keyval=97, modifiers=("shift",)))
    assert stage.calls[1:] == [("sync_modifiers", ("shift",)), ("press_key", "a", 97, 38, True)]
    stage.give(key("a", pressed=False, keyval=97))
    assert stage.calls == [("sync_modifiers", ()), ("press_key", "a", 97, 38, False)]


def test_a_modifiers_own_press_is_not_undone_by_the_state_before_it() -> None:
    stage = keyboard()
    stage.give(key("Shift_L", keycode=50))
    assert [call[0] for call in stage.calls] == ["focus", "press_key"]


def test_the_clients_own_repeat_is_one_press() -> None:
    stage = keyboard()
    for _ in range(3):
        stage.give(key("a"))
    stage.give(key("a", pressed=False))
    stage.give(key("a", pressed=False))
    assert pressed(stage) == [("a", True), ("a", False)]


def test_a_key_that_has_another_name_when_it_goes_up_is_the_same_key() -> None:
    stage = keyboard()
    stage.give(key("A", keycode=38))
    stage.give(key("a", pressed=False, keycode=38))
    assert pressed(stage) == [("A", True), ("A", False)]
    stage.give(key("A", keycode=38))
    stage.give(key("a", keycode=38))
    assert pressed(stage) == [("A", True), ("A", False), ("a", True)]


def test_keys_without_a_code_go_by_their_names() -> None:
    stage = keyboard()
    for name in ("a", "b"):
        stage.give(key(name, keycode=0))
    stage.give(key("a", pressed=False, keycode=0))
    assert pressed(stage) == [("a", True), ("b", True), ("a", False)]


def test_without_sync_a_key_is_tapped_and_a_modifier_is_held() -> None:
    stage = keyboard(sync=False)
    stage.give(key("a"))
    stage.give(key("a", pressed=False))
    stage.give(key("Control_L", keycode=37))
    assert pressed(stage) == [("a", True), ("a", False), ("Control_L", True)]
    stage.give(KeyboardSync(enabled=True))
    stage.give(key("b", keycode=39))
    assert pressed(stage) == [("b", True)]


def test_keys_go_where_the_client_has_its_focus() -> None:
    stage = keyboard()
    stage.give(key("a", window_id=WindowId(2)))
    assert stage.calls[0] == ("focus", stage.desktop.windows[1])
    stage.desktop.focused = WindowId(2)
    stage.give(key("b", keycode=39, window_id=WindowId(2)))
    assert "focus" not in [call[0] for call in stage.calls]


@pytest.mark.parametrize("window_id", [0, -1, 99])
def test_keys_for_no_window_go_to_the_one_that_has_the_focus(window_id: int) -> None:
    stage = keyboard()
    stage.give(key("a", window_id=WindowId(window_id)))
    assert [call[0] for call in stage.calls] == ["sync_modifiers", "press_key"]


def test_popups_are_not_given_the_focus() -> None:
    stage = keyboard()
    stage.change(1, override_redirect=True)
    stage.give(key("a"))
    assert "focus" not in [call[0] for call in stage.calls]


def test_one_client_holds_so_many_keys_and_no_more() -> None:
    stage = keyboard()
    for code in range(1, MAX_DOWN + 50):
        stage.give(key(f"k{code}", keycode=code))
    assert len(pressed(stage)) == MAX_DOWN


def test_nothing_stays_pressed_when_the_client_leaves() -> None:
    stage = keyboard()
    stage.feature.start()
    stage.give(key("a"))
    stage.give(KeyRepeat(window_id=WindowId(1), name="a", keyval=97, keycode=38, modifiers=()))
    stage.feature.writable()
    stage.feature.stop()
    assert stage.calls[-1] == ("release_all",)
    stage.give(key("a", pressed=False))
    assert pressed(stage) == []
