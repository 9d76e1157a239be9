"""A feature on a desktop without X, with a client's packets on one side and what it sends on the other."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from limpet.packets.capabilities import ClientHello
from limpet.packets.dialect import NESTED_65
from limpet.packets.schema import Packet
from limpet.server.features.base import Feature, FeatureContext
from limpet.values import Wire
from tests.server.doubles import FakeDesktop, Sent, run_at_once, window_info


class Control:
    """The server as a whole; what is asked of it is noted."""

    def __init__(self) -> None:
        self.done: list[Any] = []

    async def start_program(self, command: tuple[str, ...] | None, text: str, *, waited_for: bool) -> None:
        self.done.append((command, text, waited_for))

    def shutdown(self, *, keep_display: bool) -> None:
        self.done.append(keep_display)

    def info(self) -> dict[str, Wire]:
        return {"server": {"mode": "limpet"}}


class Stage:
    def __init__(
        self, make: Callable[[FeatureContext], Feature], hello: ClientHello | None = None, windows: int = 2
    ) -> None:
        self.now = 100.0
        self.desktop = FakeDesktop(*(window_info(number, title=f"w{number}") for number in range(1, windows + 1)))
        self.sent = Sent()
        self.control = Control()
        self.logged: list[str] = []
        self.context = FeatureContext(
            hello=hello or ClientHello(),
            dialect=NESTED_65,
            send=self.sent,
            desktop=self.desktop,  # type: ignore[arg-type]  # it has no X server
            spawn=run_at_once,
            clock=lambda: self.now,
            write_buffered=lambda: 0,
            host=self.control,
            log=self.logged.append,
            resize_screen=True,
        )
        self.feature = make(self.context)
        self._handlers = {entry.packet: entry.handle for entry in self.feature.handlers()}

    @property
    def calls(self) -> list[tuple[Any, ...]]:
        """What the desktop was asked for since the last look."""
        found, self.desktop.calls = self.desktop.calls, []
        return found

    def give(self, packet: Packet) -> None:
        self._handlers[type(packet)](packet)

    def took(self) -> list[Packet]:
        """What was sent since the last look."""
        found = list(self.sent)
        self.sent.clear()
        return found

    def change(self, number: int, **changes: Any) -> None:
        """The window is another now."""
        window = self.desktop.windows[number - 1]
        window.info = dataclasses.replace(window.info, **changes)
