"""Commands on their way to the user interface."""

from __future__ import annotations

from limpet.client.messages import RaiseWindow, UiCommand
from limpet.client.poster import PAUSE_AT, Poster
from limpet.values import WindowId


class Desk:
    """Takes commands while it has room."""

    def __init__(self) -> None:
        self.room = 0
        self.taken: list[UiCommand] = []
        self.pauses: list[bool] = []
        self.poster = Poster(self.post, self.pauses.append)

    def post(self, command: UiCommand) -> bool:
        if not self.room:
            return False
        self.room -= 1
        self.taken.append(command)
        return True


def commands(count: int) -> list[UiCommand]:
    return [RaiseWindow(WindowId(number)) for number in range(1, count + 1)]


def test_what_is_refused_is_posted_again_in_order() -> None:
    desk = Desk()
    desk.room = 1
    for command in commands(4):
        desk.poster(command)
    assert desk.taken == commands(1)
    desk.room = 2
    desk.poster.room()
    assert desk.taken == commands(3)
    desk.room = 9
    desk.poster.room()
    assert desk.taken == commands(4)
    assert desk.pauses == []


def test_nothing_overtakes_what_waits() -> None:
    desk = Desk()
    first, second = commands(2)
    desk.poster(first)
    desk.room = 1
    desk.poster(second)
    assert desk.taken == []
    desk.room = 2
    desk.poster.room()
    assert desk.taken == [first, second]


def test_the_server_is_paused_until_all_is_posted() -> None:
    desk = Desk()
    for command in commands(PAUSE_AT + 5):
        desk.poster(command)
    assert desk.pauses == [True]
    assert desk.poster.paused
    desk.room = PAUSE_AT
    desk.poster.room()
    assert desk.pauses == [True]
    desk.room = 5
    desk.poster.room()
    assert desk.pauses == [True, False]
