"""A connection that keeps what a feature does with it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from limpet.client.decoding import PictureDecoder
from limpet.client.features.base import Feature, FeatureContext
from limpet.client.messages import UiCommand, UiEvent
from limpet.client.window_book import WindowBook
from limpet.config.options import ClientOptions
from limpet.packets.capabilities import ServerHello
from limpet.packets.dialect import NESTED_65
from limpet.packets.registry import packets
from limpet.packets.schema import Packet
from limpet.values import Side

C = TypeVar("C")


@dataclass
class FakeTimer:
    due: float
    call: Callable[[], None]
    cancelled: bool = False

    def cancel(self) -> None:
        self.cancelled = True


@dataclass
class Bench:
    """What goes in and out of one feature."""

    options: ClientOptions = field(default_factory=ClientOptions)
    windows: WindowBook = field(default_factory=WindowBook)
    generation: int = 1
    sent: list[Packet] = field(default_factory=list)
    posted: list[UiCommand] = field(default_factory=list)
    timers: list[FakeTimer] = field(default_factory=list)
    paused: set[str] = field(default_factory=set)
    now: float = 100.0
    unsent: int = 0
    bytes_in: int = 0
    left: bool = False

    def make(self, feature: Callable[[FeatureContext], Feature]) -> Feature:
        self.decoder = PictureDecoder()
        made = feature(
            FeatureContext(
                hello=ServerHello(version="6.5"),
                dialect=NESTED_65,
                options=self.options,
                generation=self.generation,
                send=self._send,
                post=self.posted.append,
                clock=lambda: self.now,
                call_later=self._call_later,
                write_buffered=lambda: self.unsent,
                bytes_received=lambda: self.bytes_in,
                pause=self.paused.add,
                resume=self.paused.discard,
                decoder=self.decoder,
                windows=self.windows,
                leave=self._leave,
            )
        )
        self._handlers = {entry.of: entry.handle for entry in made.handlers()}
        made.start()
        return made

    def give(self, *items: Packet | UiEvent) -> None:
        for item in items:
            self._handlers[type(item)](item)

    def take_sent(self) -> list[Packet]:
        found, self.sent = self.sent, []
        return found

    def take_posted(self) -> list[UiCommand]:
        found = list(self.posted)
        self.posted.clear()
        return found

    def run_timers(self) -> None:
        """Those that are due."""
        due = [timer for timer in self.timers if timer.due <= self.now and not timer.cancelled]
        self.timers = [timer for timer in self.timers if timer not in due]
        for timer in due:
            timer.call()

    def _send(self, packet: Packet, *, flush: bool = True) -> None:
        assert Side.CLIENT in packet.senders()
        packets.encode(packet, NESTED_65)
        self.sent.append(packet)

    def _call_later(self, seconds: float, call: Callable[[], None]) -> FakeTimer:
        timer = FakeTimer(self.now + seconds, call)
        self.timers.append(timer)
        return timer

    def _leave(self) -> None:
        self.left = True


def only(items: list[Any], kind: type[C]) -> C:
    """The one item there is, of this class."""
    assert len(items) == 1, items
    assert isinstance(items[0], kind)
    return items[0]
