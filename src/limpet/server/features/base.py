"""What a feature is: an object for one subject of one connection, with handlers for its packets."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Protocol, TypeVar

from limpet.packets.capabilities import ClientHello
from limpet.packets.dialect import Dialect
from limpet.packets.schema import Packet
from limpet.records import dataclass
from limpet.server.desktop import Desktop
from limpet.values import Wire

P = TypeVar("P", bound=Packet)


class Send(Protocol):
    """Queues a packet for the peer; `flush` False says that more follows at once."""

    def __call__(self, packet: Packet, *, flush: bool = True) -> None: ...


@dataclass(frozen=True, slots=True)
class Handler:
    """One packet type and what is done with it."""

    packet: type[Packet]
    handle: Callable[[Any], None]


def handler(packet: type[P], handle: Callable[[P], None]) -> Handler:
    """Type-checked pairing of a packet class and its handler."""
    return Handler(packet, handle)


class SessionControl(Protocol):
    """What a feature may ask of the server as a whole."""

    async def start_program(self, command: tuple[str, ...] | None, text: str, *, waited_for: bool) -> None:
        """Run `command`, or `text` split as a shell would; a failure goes to the log."""

    def shutdown(self, *, keep_display: bool) -> None:
        """End the server; with `keep_display` its X server and applications stay."""

    def info(self) -> dict[str, Wire]:
        """The state for `info`, nested."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureContext:
    """What a feature may use of its connection."""

    hello: ClientHello
    dialect: Dialect
    send: Send
    desktop: Desktop
    spawn: Callable[[Coroutine[Any, Any, None]], None]
    """runs a coroutine in the connection's task group"""
    clock: Callable[[], float]
    write_buffered: Callable[[], int]
    """bytes that the kernel has not taken yet"""
    host: SessionControl
    log: Callable[[str], None]
    """a line in the server's log, with the peer's address"""
    resize_screen: bool
    """the virtual screen may take the client's size"""


class Feature(Protocol):
    """Made when a client joins the session, started after our hello went out, stopped when it leaves."""

    def handlers(self) -> Iterable[Handler]: ...

    def start(self) -> None: ...

    def writable(self) -> None:
        """The connection takes bytes again after it did not."""

    def stop(self) -> None: ...
