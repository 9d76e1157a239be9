"""A client without windows, for measuring servers: a blocking socket around limpet's sans-IO session.

The same probe talks to every contender, so that what it costs itself is the same for all.
"""

from __future__ import annotations

import secrets
import select
import socket
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from bench.contenders import Endpoint
from limpet.allocator import keep_freed_memory
from limpet.client.hello import METADATA, Identity
from limpet.limits import client_limits
from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import DisplayCaps, EncodingCaps, InputCaps, WindowCaps
from limpet.packets.draw import Draw
from limpet.packets.schema import Packet
from limpet.packets.window import NewWindow
from limpet.packets.window_client import DrawAck, MapWindow, WindowState
from limpet.session.client import ClientSession
from limpet.session.encryption import AesPolicy, derive_keys
from limpet.session.events import Accepted, KeysNeeded, LatencyMeasured, PacketReceived, Terminated
from limpet.session.policy import ClientPolicy
from limpet.values import Secret, Size, WindowId

WIDTH, HEIGHT = 1600, 1000
PATIENCE_S = 20.0
READ = 1 << 20


class ProbeError(Exception):
    """The server did not do what is measured."""


def uncompressed_hello() -> ClientHello:
    """A client that takes windows, their pixels as they are: raw RGB without any compression."""
    identity = Identity()
    return ClientHello(
        username="bench",
        name="bench",
        hostname="bench",
        uuid=identity.uuid,
        session_id=identity.session_id,
        client_type="limpet",
        platform="linux",
        wants=("encodings", "features", "display"),
        share=True,
        notify_startup_complete=True,
        display=DisplayCaps(
            desktop_size=Size(WIDTH, HEIGHT),
            screen_sizes=(["bench", WIDTH, HEIGHT, 423, 265, [], 0, 0, WIDTH, HEIGHT],),
            dpi=96,
            vrefresh=120,
        ),
        window=WindowCaps(windows=True, metadata_supported=METADATA),
        encoding=EncodingCaps(
            setting="rgb",
            options=("rgb",),
            core=("rgb", "rgb32", "rgb24"),
            rgb_formats=("BGRX", "BGRA", "RGBX", "RGBA", "RGB", "BGR"),
            quality=100,
            min_quality=100,
            speed=100,
            min_speed=100,
            flush=True,
            client_options=True,
            generic=True,
            eos=True,
        ),
        input=InputCaps(keyboard=False, pointer=True),
    )


class Probe:
    """One connection. `latencies` are the round trips of its pings, in seconds."""

    def __init__(self, endpoint: Endpoint, folder: Path, *, ping_interval_s: float = 5.0) -> None:
        keep_freed_memory()  # as limpet's client does
        self.accepted = False
        self.latencies: list[float] = []
        self.on_packet: Callable[[Packet], None] = lambda packet: None  # noqa: ARG005 - nobody looks
        self._ended: Terminated | None = None
        self._session = ClientSession(
            uncompressed_hello(),
            ClientPolicy(
                aes=AesPolicy(None, required=True) if endpoint.protection == "aes" else None,
                legacy=endpoint.legacy,
                ping_interval_s=ping_interval_s,
                compression_level=0,
            ),
            entropy=secrets.token_bytes,
            session_limits=client_limits(3840, 2160),
        )
        self._key = Secret((folder / "key.txt").read_bytes().strip())
        plain = socket.create_connection(("127.0.0.1", endpoint.port), timeout=PATIENCE_S)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = plain
        if endpoint.protection == "tls":
            context = ssl.create_default_context(cafile=str(folder / "ca.crt"))
            self._socket = context.wrap_socket(plain, server_hostname="127.0.0.1")
        self._socket.setblocking(False)
        self._buffer = memoryview(bytearray(READ))
        self._session.start(time.monotonic())
        self._turn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def bytes_received(self) -> int:
        """After TLS was taken off; headers and padding of AES included."""
        return self._session.bytes_received

    def run(self, until: Callable[[], bool], seconds: float = PATIENCE_S) -> None:
        """Talk until `until()`; raises `ProbeError` when the server ends the connection or takes too long."""
        end = time.monotonic() + seconds
        while not until():
            if self._ended is not None:
                raise ProbeError(f"the server ended the connection: {self._ended.error or self._ended.reason}")
            now = time.monotonic()
            if now > end:
                raise ProbeError(f"no answer within {seconds:.0f} s")
            due = self._session.next_timeout()
            if due is not None and due <= now:
                self._session.handle_timeout(now)
                self._turn()
            else:
                self._receive(min(end, due if due is not None else end) - now)

    def login(self) -> None:
        """Until the server's hello is there."""
        self.run(lambda: self.accepted)

    def send(self, packet: Packet) -> None:
        self._session.send(packet)
        self._turn()

    def close(self) -> None:
        """Say goodbye."""
        self._session.disconnect()
        self._turn()
        self._socket.close()

    def show(self, window: NewWindow) -> None:
        """Tell the server that the window is on our screen."""
        self.send(
            MapWindow(
                window_id=window.window_id,
                x=window.x,
                y=window.y,
                width=window.width,
                height=window.height,
                state=WindowState(),
            )
        )

    def acknowledge(self, draw: Draw, micros: int = 1000) -> None:
        self.send(
            DrawAck(
                sequence=draw.sequence,
                window_id=WindowId(draw.window_id),
                width=draw.width,
                height=draw.height,
                decode_us=micros,
                message="",
            )
        )

    def _receive(self, seconds: float) -> None:
        try:
            size = self._socket.recv_into(self._buffer)
        except (BlockingIOError, ssl.SSLWantReadError):
            select.select([self._socket], [], [], max(0.0, seconds))
            return
        now = time.monotonic()
        if size:
            self._session.receive_data(self._buffer[:size], now)
        else:
            self._session.receive_eof(now, clean=True)
        self._turn()

    def _turn(self) -> None:
        """Events to their places, bytes to the socket."""
        self._flush()
        while (event := self._session.next_event()) is not None:
            if isinstance(event, KeysNeeded):
                keys = derive_keys(self._key, event.requests)
                self._session.keys_derived(event.token, keys, time.monotonic())
            elif isinstance(event, Accepted):
                self.accepted = True
            elif isinstance(event, LatencyMeasured):
                self.latencies.append(event.seconds)
            elif isinstance(event, PacketReceived):
                self.on_packet(event.packet)
            elif isinstance(event, Terminated):
                self._ended = event
        self._flush()

    def _flush(self) -> None:
        for data in self._session.data_to_send():
            view = memoryview(data)
            while view:
                try:
                    view = view[self._socket.send(view) :]
                except (BlockingIOError, ssl.SSLWantWriteError):
                    select.select([], [self._socket], [], PATIENCE_S)
                except OSError:
                    return  # the server is gone, which reading tells
