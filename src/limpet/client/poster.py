"""Commands on their way to the user interface: in order, none lost, and the server is slowed when they pile up."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from limpet.client.messages import UiCommand

PAUSE_AT = 64
"""commands waiting here at which no more is read from the server"""


class Poster:
    """Belongs to the network thread. `on_pause(True)` asks that reading stops, `on_pause(False)` that it goes on."""

    def __init__(self, post: Callable[[UiCommand], bool], on_pause: Callable[[bool], None]) -> None:
        self._post = post
        self._on_pause = on_pause
        self._waiting: deque[UiCommand] = deque()
        self._paused = False

    @property
    def paused(self) -> bool:
        return self._paused

    def __call__(self, command: UiCommand) -> None:
        if not self._waiting and self._post(command):
            return
        self._waiting.append(command)
        if len(self._waiting) >= PAUSE_AT and not self._paused:
            self._paused = True
            self._on_pause(True)

    def room(self) -> None:
        """The user interface has room again."""
        while self._waiting and self._post(self._waiting[0]):
            self._waiting.popleft()
        if self._paused and not self._waiting:
            self._paused = False
            self._on_pause(False)
