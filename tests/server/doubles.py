"""Stand-ins for what surrounds a connection: a stream without a socket, a desktop without an X server."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar

from limpet.auth.limiter import LoginLimiter
from limpet.auth.module import ModuleSpec
from limpet.limits import AFTER_HELLO
from limpet.net.listener import Accepted
from limpet.net.offload import Offload
from limpet.net.stream import Receiver, StreamFacts
from limpet.packets.schema import Packet
from limpet.server.connection import Connection, Host, Protection
from limpet.server.desktop import DesktopWindow
from limpet.server.login import LoginServices
from limpet.session.encryption import AesPolicy
from limpet.values import Buffer, PixelFormat, Pixels, Rect, Size, WindowId, Wire, Xid
from limpet.wire.stream import PacketReader, PacketWriter
from limpet.x11.windows import CursorImage, WindowInfo
from tests.auth.support import FakeEnv
from tests.server.house import VirtualTime
from tests.session.actors import KEY, client_hello, text

T = TypeVar("T")

FACTS = StreamFacts(kind="tcp", peer="192.0.2.7:4711", local="192.0.2.1:10000", address="192.0.2.7")


class Stream:
    """A `ByteStream` whose other end is the test."""

    def __init__(self, facts: StreamFacts = FACTS) -> None:
        self.facts = facts
        self.written = bytearray()
        self.write_buffered = 0
        self.closed = False
        self.paused = True
        self.receiver: Receiver | None = None

    @property
    def is_closing(self) -> bool:
        return self.closed

    def set_receiver(self, receiver: Receiver) -> None:
        self.receiver = receiver

    def write(self, buffers: Sequence[Buffer]) -> None:
        if not self.closed:
            for buffer in buffers:
                self.written += buffer

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def close(self) -> None:
        self._end(None)

    def abort(self, exc: Exception | None = None) -> None:
        self._end(exc)

    async def wait_closed(self) -> None:
        assert self.closed

    def _end(self, exc: Exception | None) -> None:
        if not self.closed:
            self.closed = True
            assert self.receiver is not None
            self.receiver.connection_lost(exc)


class Slot:
    def __init__(self) -> None:
        self.released = 0

    def release(self) -> None:
        self.released += 1


class Peer:
    """A server's connection and the client's end of its stream."""

    def __init__(
        self,
        host: Host,
        *,
        auth: Sequence[ModuleSpec] = (),
        aes: AesPolicy | None = None,
        facts: StreamFacts = FACTS,
    ) -> None:
        self.time = VirtualTime()
        self.env = FakeEnv()
        self.stream = Stream(facts)
        self.slot = Slot()
        self.offload = Offload()
        services = LoginServices(
            env=self.env,
            limiter=LoginLimiter(),
            offload=self.offload,
            clock=self.time.clock,
            sleep=self.time.sleep,
        )
        self.connection = Connection(
            Accepted(self.stream, b"", self.slot),  # type: ignore[arg-type]
            Protection(name="tcp", aes=aes, key=KEY if aes else None, auth=tuple(auth)),
            host,
            services,
            clock=self.time.clock,
        )
        self.writer = PacketWriter()
        self.reader = PacketReader(AFTER_HELLO)

    def say(self, *items: Wire) -> None:
        assert self.stream.receiver is not None
        if not self.stream.closed:
            self.stream.receiver.data_received(b"".join(bytes(part) for part in self.writer.write(items)))

    def hello(self, **extra: Wire) -> None:
        self.say("hello", client_hello() | extra)

    def heard(self) -> list[list[Wire]]:
        self.reader.receive_data(bytes(self.stream.written))
        self.stream.written.clear()
        packets = []
        while (packet := self.reader.next_packet()) is not None:
            packets.append([text(packet.items[0]), *packet.items[1:]])
        return packets

    def leave(self) -> None:
        assert self.stream.receiver is not None
        if not self.stream.closed:
            self.stream.receiver.eof_received(True)


def window_info(xid: int = 1, rect: Rect = Rect(10, 20, 300, 200), **changes: Any) -> WindowInfo:
    return WindowInfo(xid=Xid(xid), rect=rect, **changes)


class FakeDesktop:
    """Notes what is asked of it; the capture thread answers at once."""

    def __init__(self, *windows: WindowInfo) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.observers: list[Any] = []
        self.cursor: CursorImage | None = None
        self.focused: WindowId | None = None
        self.screen_size = Size(1600, 1000)
        self.shot = Pixels(0, 0, PixelFormat.BGRX, 0, b"")
        self.failure: Exception | None = None
        self._windows = {
            WindowId(number): DesktopWindow(WindowId(number), info) for number, info in enumerate(windows, 1)
        }

    def observe(self, observer: Any) -> None:
        self.observers.append(observer)

    def forget(self, observer: Any) -> None:
        self.observers.remove(observer)

    @property
    def windows(self) -> tuple[DesktopWindow, ...]:
        return tuple(self._windows.values())

    def window(self, window_id: WindowId) -> DesktopWindow | None:
        return self._windows.get(window_id)

    def window_of(self, xid: Xid | None) -> DesktopWindow | None:
        return next((window for window in self._windows.values() if window.info.xid == xid), None)

    async def in_capture_thread(self, work: Callable[[Any], T]) -> T:
        if self.failure is not None:
            raise self.failure
        return work(None)

    async def screenshot(self) -> Pixels:
        if self.failure is not None:
            raise self.failure
        return self.shot

    async def close(self) -> None:
        self.calls.append(("close",))

    def __getattr__(self, name: str) -> Callable[..., None]:
        """Everything else is an order, and noted."""
        if name.startswith("__"):
            raise AttributeError(name)

        def note(*arguments: Any, **named: Any) -> None:
            self.calls.append((name, *arguments, *named.values()))

        return note


class Sent(list[Packet]):
    """What a feature sends; also its `send`."""

    def __call__(self, packet: Packet, *, flush: bool = True) -> None:
        self.append(packet)


def run_at_once(work: Coroutine[Any, Any, None]) -> None:
    """Of a coroutine that waits for nothing: what a feature spawns on a `FakeDesktop`."""
    try:
        work.send(None)
    except StopIteration:
        return
    raise AssertionError("it waits for something")
