"""The two queues between the network and the user interface."""

from __future__ import annotations

from limpet.client.messages import (
    KeyChanged,
    Paint,
    PointerMoved,
    Quit,
    RaiseWindow,
    RoomAvailable,
    ShowStatus,
    WheelMoved,
    WindowConfigured,
)
from limpet.client.ui.base import CommandQueue, EventQueue
from limpet.values import PixelFormat, Pixels, Rect, WindowId

WINDOW = WindowId(1)


def paint(size: int) -> Paint:
    return Paint(WINDOW, Rect(0, 0, 1, size), Pixels(1, size, PixelFormat.BGRX, 4, bytes(4 * size)), 1)


def test_commands_come_out_in_order_and_wake_once() -> None:
    woken: list[int] = []
    queue = CommandQueue()
    first, second = RaiseWindow(WINDOW), ShowStatus("x")
    assert queue.put(first)
    queue.set_wake(lambda: woken.append(1))
    assert woken == [1], "what was posted before run wakes at once"
    assert queue.put(second)
    assert woken == [1]
    assert [queue.take(), queue.take(), queue.take()] == [first, second, None]
    assert queue.put(first)
    assert woken == [1, 1]


def test_a_full_queue_refuses_and_says_once_when_there_is_room() -> None:
    queue = CommandQueue(max_commands=4)
    for _ in range(4):
        assert queue.put(RaiseWindow(WINDOW))
    assert not queue.put(RaiseWindow(WINDOW))
    assert not queue.room_again()
    queue.take()
    assert not queue.room_again()
    queue.take()
    assert queue.room_again()
    assert not queue.room_again()


def test_quit_is_taken_by_a_full_queue() -> None:
    queue = CommandQueue(max_commands=1)
    assert queue.put(RaiseWindow(WINDOW))
    assert queue.put(ShowStatus(None))
    assert queue.put(Quit(3))
    assert not queue.put(RaiseWindow(WINDOW))


def test_pixels_are_bounded_by_bytes_but_one_large_picture_passes() -> None:
    queue = CommandQueue(max_pixel_bytes=100)
    assert queue.put(paint(50))
    assert not queue.put(paint(1))
    assert queue.put(RaiseWindow(WINDOW))
    queue.take()
    assert queue.room_again()
    assert queue.put(paint(10))
    assert queue.put(paint(15))
    assert not queue.put(paint(1))


def test_events_wake_once_until_drained() -> None:
    woken: list[int] = []
    queue = EventQueue(lambda: woken.append(1))
    queue.put(RoomAvailable())
    queue.put(WindowConfigured(WINDOW, Rect(0, 0, 1, 1), 0))
    assert woken == [1]
    assert len(queue.drain()) == 2
    assert queue.drain() == []
    queue.put(RoomAvailable())
    assert woken == [1, 1]


def test_only_the_last_of_several_motions_is_kept() -> None:
    queue = EventQueue(lambda: None)
    key = KeyChanged(WINDOW, "a", 97, "a", 38, True)
    queue.put(PointerMoved(WINDOW, 1, 1))
    queue.put(PointerMoved(WINDOW, 2, 2))
    queue.put(PointerMoved(WINDOW, 3, 3, buttons=(1,)))
    queue.put(key)
    queue.put(PointerMoved(WINDOW, 4, 4))
    assert queue.drain() == [
        PointerMoved(WINDOW, 2, 2),
        PointerMoved(WINDOW, 3, 3, buttons=(1,)),
        key,
        PointerMoved(WINDOW, 4, 4),
    ]


def test_only_the_last_of_several_configurations_is_kept() -> None:
    queue = EventQueue(lambda: None)
    queue.put(WindowConfigured(WINDOW, Rect(0, 0, 1, 1), 0))
    queue.put(WindowConfigured(WINDOW, Rect(0, 0, 2, 2), 0))
    queue.put(WindowConfigured(WindowId(2), Rect(0, 0, 3, 3), 0))
    assert queue.drain() == [
        WindowConfigured(WINDOW, Rect(0, 0, 2, 2), 0),
        WindowConfigured(WindowId(2), Rect(0, 0, 3, 3), 0),
    ]


def test_a_full_queue_loses_presses_and_motions_but_never_a_release() -> None:
    queue = EventQueue(lambda: None, max_events=1)
    press = KeyChanged(WINDOW, "a", 97, "a", 38, True)
    release = KeyChanged(WINDOW, "a", 97, "a", 38, False)
    for event in (press, press, PointerMoved(WINDOW, 1, 1), WheelMoved(WINDOW, 4, 1, 0, 0), release):
        queue.put(event)
    assert queue.drain() == [press, release]
    assert queue.dropped == 3
