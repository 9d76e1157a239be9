"""What a feature is: an object for one subject of one connection, with handlers for packets and for UI events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar

from limpet.client.decoding import PictureDecoder
from limpet.client.messages import UiCommand, UiEvent
from limpet.client.window_book import WindowBook
from limpet.config.options import ClientOptions
from limpet.packets.capabilities import ServerHello
from limpet.packets.dialect import Dialect
from limpet.packets.schema import Packet
from limpet.records import dataclass

P = TypeVar("P", bound=Packet)
E = TypeVar("E", bound=UiEvent)


class Send(Protocol):
    """Queues a packet for the server; `flush` False says that more follows at once."""

    def __call__(self, packet: Packet, *, flush: bool = True) -> None: ...


class Timer(Protocol):
    """A call that is due."""

    def cancel(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Handler:
    """A packet class or an event class, and what is done with one of it."""

    of: type[Any]
    handle: Callable[[Any], None]


def on_packet(packet: type[P], handle: Callable[[P], None]) -> Handler:
    """Type-checked pairing of a packet class and its handler."""
    return Handler(packet, handle)


def on_event(event: type[E], handle: Callable[[E], None]) -> Handler:
    """Type-checked pairing of an event of the user interface and its handler."""
    return Handler(event, handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureContext:
    """What a feature may use of its connection."""

    hello: ServerHello
    dialect: Dialect
    options: ClientOptions
    generation: int
    """number of the connection, the token of its pictures"""
    send: Send
    post: Callable[[UiCommand], None]
    clock: Callable[[], float]
    call_later: Callable[[float, Callable[[], None]], Timer]
    write_buffered: Callable[[], int]
    """bytes that the kernel has not taken yet"""
    bytes_received: Callable[[], int]
    pause: Callable[[str], None]
    """`pause(who)`: no more bytes from the server until `resume(who)`"""
    resume: Callable[[str], None]
    decoder: PictureDecoder
    windows: WindowBook
    leave: Callable[[], None]
    """the user wants to detach"""


class Feature(Protocol):
    """Made when the session is on; `start` is called once all features are there, `stop` when it is over."""

    def handlers(self) -> Iterable[Handler]: ...

    def start(self) -> None: ...

    def writable(self) -> None:
        """The connection takes bytes again after it did not."""

    def stop(self) -> None: ...


class PlainFeature:
    """Base of features that need no start, no end and no flow control."""

    def __init__(self, context: FeatureContext) -> None:
        self.context = context

    def handlers(self) -> Iterable[Handler]:
        return ()

    def start(self) -> None:
        """Nothing to do."""

    def writable(self) -> None:
        """Nothing is held back."""

    def stop(self) -> None:
        """Nothing was started."""
