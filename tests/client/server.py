"""A small server in a thread of its own: the real session and the real transport, no X, and a script for the rest."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self, TypeVar

from limpet.auth.module import ModuleSpec, PeerFacts
from limpet.auth.registry import build
from limpet.errors import AuthenticationFailed, DisconnectReason
from limpet.net.driver import Driver
from limpet.net.socket_stream import SocketStream
from limpet.net.stream import ByteStream
from limpet.net.tcp import describe
from limpet.net.tls_config import TlsListenerSide
from limpet.packets.capabilities import ServerHello
from limpet.packets.draw import Draw, DrawOptions
from limpet.packets.handshake import StartupComplete
from limpet.packets.schema import Packet
from limpet.packets.window import NewWindow, WindowMetadata
from limpet.packets.window_client import MapWindow
from limpet.session.encryption import AesPolicy, derive_keys
from limpet.session.events import (
    CheckNeeded,
    EarlyRequest,
    Event,
    KeysNeeded,
    LoginPassed,
    LoginRequested,
    PacketReceived,
    Terminated,
)
from limpet.session.policy import ServerPolicy
from limpet.session.server import ServerSession
from limpet.values import Secret, Size, WindowId, Wire

P = TypeVar("P", bound=Packet)
WAIT_S = 10.0
PEER = PeerFacts(kind="tcp", address="127.0.0.1", loopback=True)


@dataclass
class Script:
    """What the server demands and does."""

    aes: AesPolicy | None = None
    key: Secret = field(default_factory=lambda: Secret(b"the key of both"))
    passwords: Sequence[str] = ()
    """one module for each"""
    tls: TlsListenerSide | None = None
    uuid: str = "session-1"
    on_joined: Callable[[Peer], None] = lambda _: None
    on_packet: Callable[[Peer, Packet], None] = lambda _peer, _packet: None
    answer: Callable[[Peer, str], None] | None = None
    """to requests: gets the name"""
    raw: Callable[[bytes], bytes | None] | None = None
    """instead of a session: gets what arrived, gives what is answered; None closes"""


class Peer:
    """One connection of the server. Methods are for the server's own thread."""

    def __init__(self, server: FakeServer, stream: ByteStream) -> None:
        self._server = server
        self._stream = stream
        self._script = server.script
        self.session = ServerSession(
            ServerPolicy(aes=self._script.aes, private=self._script.tls is not None),
            entropy=secrets.token_bytes,
            now=time.monotonic(),
        )
        self.driver: Driver[Event] = Driver(stream, self.session, self._on_event)
        self.packets: list[Packet] = []
        self.ended: Terminated | None = None
        self.joined = False
        self.caps: Mapping[str, Wire] = {}
        self.hellos = 0

    def send(self, *packets: Packet) -> None:
        for packet in packets:
            self.session.send(packet)
        self.driver.flush()

    def cut(self) -> None:
        """As a network does it, once what was said is out."""
        self._server.soon(self._stream.abort)

    def disconnect(self, reason: DisconnectReason, text: str = "") -> None:
        self.session.disconnect(reason, text)
        self.driver.flush()

    def _on_event(self, event: Event) -> None:
        now = time.monotonic()
        match event:
            case KeysNeeded():
                self.session.keys_derived(event.token, derive_keys(self._script.key, event.requests), now)
            case LoginRequested(hello=hello):
                self.hellos += 1
                modules = [
                    build(ModuleSpec("password", {"value": word}), PEER, hello.username, None)  # type: ignore[arg-type]
                    for word in self._script.passwords
                ]
                self.session.begin_login(modules, now)
            case CheckNeeded():
                self._server.spawn(self._check(event))
            case EarlyRequest(request=request):
                self._answer(request.mode.name)
            case LoginPassed(request=request, caps=caps):
                self.caps = caps
                if request is not None:
                    self._answer(request.mode.name)
                else:
                    self._join(now)
            case PacketReceived(packet=packet):
                self.packets.append(packet)
                self._script.on_packet(self, packet)
            case Terminated():
                self.ended = event
            case _:
                pass
        self._server.notify()

    async def _check(self, event: CheckNeeded) -> None:
        try:
            await event.authenticator.verify(event.attempt)
        except AuthenticationFailed as error:
            self.session.step_failed(error)
        else:
            self.session.step_passed(time.monotonic())
        self.driver.flush()

    def _answer(self, name: str) -> None:
        if self._script.answer is not None:
            self._script.answer(self, name)

    def _join(self, now: float) -> None:
        hello = ServerHello(
            uuid=self._script.uuid, start_time=1000, actual_desktop_size=Size(800, 600), windows=True, keyboard=True
        )
        self.session.accept(hello, now)
        self.joined = True
        self._script.on_joined(self)


class FakeServer:
    """`with FakeServer(script) as server`: listens on a free port of the loopback address."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.peers: list[Peer] = []
        self.connections = 0
        self.port = 0
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="fake-server", daemon=True)
        self._ready = threading.Event()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._streams: list[SocketStream] = []
        self._server: asyncio.Server | None = None
        self._problem: BaseException | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._ready.wait(WAIT_S)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_S)
        if self._problem is not None:
            raise self._problem

    # -- for the test's thread -----------------------------------------------------------------------------------

    @property
    def peer(self) -> Peer:
        """The newest connection."""
        return self.peers[-1]

    def do(self, action: Callable[[Peer], None], *, peer: Peer | None = None) -> None:
        """Run `action` with a connection in the server's thread, and wait for it."""
        chosen = peer if peer is not None else self.peer

        async def call() -> None:
            action(chosen)

        asyncio.run_coroutine_threadsafe(call(), self._loop).result(WAIT_S)

    def close_listener(self) -> None:
        """Nobody gets in any more; connections that are stay."""

        async def close() -> None:
            assert self._server is not None
            self._server.close()

        asyncio.run_coroutine_threadsafe(close(), self._loop).result(WAIT_S)

    def wait(self, condition: Callable[[], bool]) -> None:
        with self._changed:
            if not self._changed.wait_for(condition, WAIT_S):
                raise TimeoutError("the server saw nothing of the kind")

    def received(self, kind: type[P], count: int = 1) -> list[P]:
        """Packets of this class of the newest connection, once there are `count`."""

        def found() -> list[P]:
            return [packet for packet in self.peer.packets if isinstance(packet, kind)] if self.peers else []

        self.wait(lambda: len(found()) >= count)
        return found()

    # -- in the server's thread ----------------------------------------------------------------------------------

    def notify(self) -> None:
        with self._changed:
            self._changed.notify_all()

    def soon(self, action: Callable[[], None]) -> None:
        self._loop.call_later(0.02, action)

    def spawn(self, work: Any) -> None:
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._listen())
            self._ready.set()
            self._loop.run_forever()
            self._loop.run_until_complete(self._stop())
        except BaseException as error:  # noqa: BLE001 - shown by the test
            self._problem = error
            self._ready.set()
        finally:
            self._loop.close()

    async def _listen(self) -> None:
        make = self._serve_raw if self.script.raw is not None else self._serve
        self._server = await self._loop.create_server(lambda: _Accepting(make), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for _ in range(5):  # what was accepted already is handed over within some turns of the loop
            await asyncio.sleep(0)
        for stream in self._streams:
            stream.abort()
        for stream in self._streams:
            await stream.wait_closed()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _serve(self, stream: SocketStream) -> None:
        self._streams.append(stream)
        self.connections += 1
        self.spawn(self._talk(stream))

    async def _talk(self, stream: SocketStream) -> None:
        secured: ByteStream = stream
        if self.script.tls is not None:
            with contextlib.suppress(Exception):
                secured = await self.script.tls.wrap(stream)
            if secured is stream:
                return
        peer = Peer(self, secured)
        self.peers.append(peer)
        self.notify()
        peer.driver.start()
        await peer.driver.wait_closed()
        self.notify()

    def _serve_raw(self, stream: SocketStream) -> None:
        self._streams.append(stream)
        self.connections += 1
        stream.set_receiver(_Raw(self, stream))


class _Accepting(SocketStream):
    """Hands itself over once it is connected."""

    def __init__(self, made: Callable[[SocketStream], None]) -> None:
        super().__init__(describe)
        self._made = made

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._made(self)


class _Raw:
    def __init__(self, server: FakeServer, stream: ByteStream) -> None:
        self._server = server
        self._stream = stream

    def data_received(self, data: Any) -> None:
        assert self._server.script.raw is not None
        answer = self._server.script.raw(bytes(data))
        if answer:
            self._stream.write([answer])
        if answer is None or answer:
            self._stream.close()

    def eof_received(self, clean: bool) -> None:
        self._stream.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """The end."""

    def pause_writing(self) -> None:
        """Never that much."""

    def resume_writing(self) -> None:
        """Never that much."""


def one_window(window_id: int = 1, **metadata: Any) -> Callable[[Peer], None]:
    """For `on_joined`: a window of 8x4 pixels at 10,20."""

    def joined(peer: Peer) -> None:
        peer.send(
            NewWindow(
                window_id=WindowId(window_id),
                x=10,
                y=20,
                width=8,
                height=4,
                metadata=WindowMetadata(title="one", **metadata),
            ),
            StartupComplete(),
        )

    return joined


def paint_when_mapped(pixel: bytes = b"\x01\x02\x03\x00") -> Callable[[Peer, Packet], None]:
    """For `on_packet`: a picture of one colour after `MapWindow`."""

    def on_packet(peer: Peer, packet: Packet) -> None:
        if isinstance(packet, MapWindow):
            peer.send(picture(packet.window_id, packet.width, packet.height, pixel))

    return on_packet


def picture(window_id: int, width: int, height: int, pixel: bytes, sequence: int = 1, **options: Any) -> Draw:
    return Draw(
        window_id=WindowId(window_id),
        x=0,
        y=0,
        width=width,
        height=height,
        encoding="rgb32",
        data=pixel * (width * height),
        sequence=sequence,
        rowstride=width * 4,
        options=DrawOptions(rgb_format="BGRX", **options),
    )


def tls_side(context: ssl.SSLContext) -> TlsListenerSide:
    return TlsListenerSide(context, 5.0)


@contextlib.contextmanager
def serving(**script: Any) -> Iterator[FakeServer]:
    with FakeServer(Script(**script)) as server:
        yield server
