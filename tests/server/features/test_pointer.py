"""Pointer, buttons and wheel of one client."""

from __future__ import annotations

import pytest

from limpet.packets.pointer import PointerButton, PointerPosition, WheelMotion
from limpet.server.features.pointer import MAX_NOTCHES, WHEEL_STEP, PointerFeature
from limpet.values import WindowId
from tests.server.features.stage import Stage

W = WindowId(1)


def test_a_motion_moves_and_brings_the_modifiers() -> None:
    stage = Stage(PointerFeature)
    stage.give(PointerPosition(window_id=W, position=(5, -6), modifiers=("shift",)))
    assert stage.calls == [("move_pointer", 5, -6), ("sync_modifiers", ("shift",))]


@pytest.mark.parametrize("pressed", [True, False])
def test_a_button_goes_down_where_the_pointer_is(pressed: bool) -> None:
    stage = Stage(PointerFeature)
    stage.give(PointerButton(window_id=W, button=3, pressed=pressed, position=(5, 6), modifiers=("control",)))
    assert stage.calls == [
        ("move_pointer", 5, 6),
        ("sync_modifiers", ("control",)),
        ("press_button", 3, pressed),
    ]


def test_fine_steps_of_the_wheel_add_up_to_notches() -> None:
    stage = Stage(PointerFeature)
    wheel = WheelMotion(window_id=W, button=4, distance=WHEEL_STEP * 7 // 10, position=(1, 2))
    notches = []
    for _ in range(3):
        stage.give(wheel)
        notches.append(sum(call[0] == "press_button" for call in stage.calls) // 2)
    assert notches == [0, 1, 1]


def test_directions_of_the_wheel_add_up_apart_and_either_sign_counts() -> None:
    stage = Stage(PointerFeature)
    for button in (4, 5):
        stage.give(WheelMotion(window_id=W, button=button, distance=-WHEEL_STEP // 2, position=(1, 2)))
    assert not any(call[0] == "press_button" for call in stage.calls)
    stage.give(WheelMotion(window_id=W, button=4, distance=WHEEL_STEP // 2, position=(1, 2)))
    assert stage.calls[1:] == [("press_button", 4, True), ("press_button", 4, False)]


def test_one_packet_turns_the_wheel_so_far_and_no_farther() -> None:
    stage = Stage(PointerFeature)
    stage.give(WheelMotion(window_id=W, button=4, distance=WHEEL_STEP * 10_000, position=(1, 2)))
    assert sum(call[0] == "press_button" for call in stage.calls) == 2 * MAX_NOTCHES


def test_nothing_stays_pressed_when_the_client_leaves() -> None:
    stage = Stage(PointerFeature)
    stage.feature.start()
    stage.feature.writable()
    stage.feature.stop()
    assert stage.calls == [("release_all",)]
