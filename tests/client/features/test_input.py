"""Pointer, wheel, keys and focus."""

from __future__ import annotations

from limpet.client import messages
from limpet.client.features.keyboard import KeyboardFeature
from limpet.client.features.pointer import LOOK_AGAIN_S, MAX_STEPS, UNSENT_BYTES, PointerFeature
from limpet.client.messages import (
    ButtonChanged,
    FocusChanged,
    KeyChanged,
    PointerMoved,
    PointerWarp,
    WheelMoved,
    WindowProperties,
)
from limpet.client.window_book import WindowModel
from limpet.packets import pointer as packets
from limpet.packets.keyboard import KeyAction
from limpet.packets.window import WindowMetadata
from limpet.packets.window_client import Focus
from limpet.values import Rect, WindowId
from tests.client.features.context import Bench, only

WINDOW = WindowId(7)


def pointer() -> Bench:
    bench = Bench()
    bench.make(PointerFeature)
    return bench


def moved(x: int, y: int = 5) -> messages.PointerMoved:
    return PointerMoved(WINDOW, x, y, ("shift",), (1,))


def test_motion() -> None:
    bench = pointer()
    bench.give(moved(3))
    sent = only(bench.sent, packets.PointerPosition)
    assert (sent.window_id, sent.position, sent.modifiers, sent.buttons) == (WINDOW, (3, 5), ("shift",), (1,))


def test_motion_waits_while_bytes_wait_and_the_latest_wins() -> None:
    bench = pointer()
    bench.unsent = UNSENT_BYTES + 1
    bench.give(moved(1), moved(2), moved(3))
    assert bench.sent == []
    assert len(bench.timers) == 1
    bench.now += LOOK_AGAIN_S
    bench.run_timers()
    assert bench.sent == []
    bench.unsent = 0
    bench.now += LOOK_AGAIN_S
    bench.run_timers()
    assert only(bench.sent, packets.PointerPosition).position == (3, 5)
    bench.now += LOOK_AGAIN_S
    bench.run_timers()
    assert len(bench.sent) == 1


def test_motion_that_waits_goes_before_a_button() -> None:
    bench = pointer()
    bench.unsent = UNSENT_BYTES + 1
    bench.give(moved(1), ButtonChanged(WINDOW, 1, True, 4, 5))
    assert [type(packet) for packet in bench.sent] == [packets.PointerPosition, packets.PointerButton]


def test_motion_that_waits_goes_as_soon_as_there_is_room() -> None:
    bench = Bench()
    feature = bench.make(PointerFeature)
    bench.unsent = UNSENT_BYTES + 1
    bench.give(moved(1))
    feature.writable()
    assert len(bench.sent) == 1
    feature.stop()
    assert bench.timers[0].cancelled


def test_a_button() -> None:
    bench = pointer()
    bench.give(ButtonChanged(WINDOW, 3, False, 4, 5, ("control",), (3,)))
    sent = only(bench.sent, packets.PointerButton)
    assert (sent.button, sent.pressed, sent.position, sent.modifiers, sent.buttons) == (
        3,
        False,
        (4, 5),
        ("control",),
        (3,),
    )


def test_the_wheel_is_pairs_of_button_presses() -> None:
    bench = pointer()
    bench.give(WheelMoved(WINDOW, 5, 2, 4, 5))
    found = [(p.button, p.pressed) for p in bench.sent if isinstance(p, packets.PointerButton)]
    assert found == [(5, True), (5, False), (5, True), (5, False)]


def test_a_wheel_gone_mad_is_bounded() -> None:
    bench = pointer()
    bench.give(WheelMoved(WINDOW, 4, 10**6, 4, 5))
    assert len(bench.sent) == 2 * MAX_STEPS


def test_coordinates_stay_within_those_of_x11() -> None:
    bench = pointer()
    bench.give(moved(10**6, -(10**6)))
    assert only(bench.sent, packets.PointerPosition).position == (32767, -32768)


def test_the_server_moves_the_pointer() -> None:
    bench = pointer()
    bench.give(packets.PointerMoved(window_id=WINDOW, x=3, y=4))
    bench.give(packets.PointerMoved(window_id=WindowId(0), x=3, y=4))
    assert bench.posted == [PointerWarp(WINDOW, 3, 4)]


def keyboard() -> Bench:
    bench = Bench()
    for number, override in ((7, False), (8, True)):
        bench.windows.add(
            WindowModel(WindowId(number), Rect(0, 0, 9, 9), override, WindowMetadata(), WindowProperties())
        )
    bench.make(KeyboardFeature)
    return bench


def test_a_key() -> None:
    bench = keyboard()
    bench.give(KeyChanged(WINDOW, "Return", 65293, "\r", 36, True, ("mod1",), 1))
    sent = only(bench.sent, KeyAction)
    assert (sent.window_id, sent.name, sent.pressed, sent.modifiers) == (WINDOW, "Return", True, ("mod1",))
    assert (sent.keyval, sent.string, sent.keycode, sent.group) == (65293, "\r", 36, 1)


def test_focus_comes_and_goes() -> None:
    bench = keyboard()
    bench.give(FocusChanged(WINDOW, ("shift",)), FocusChanged(None))
    assert [(p.window_id, p.modifiers) for p in bench.sent if isinstance(p, Focus)] == [(7, ("shift",)), (0, ())]


def test_a_menu_takes_no_focus() -> None:
    bench = keyboard()
    bench.give(FocusChanged(WindowId(8)))
    assert bench.sent == []
