from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from limpet.errors import ConfigError
from limpet.limits import LISTENER, ListenerLimits
from limpet.net import tcp, unix
from limpet.net.caps import ConnectionCaps
from limpet.net.listener import Accepted, FixedPolicy, Listener, ListenerPolicy, listen_tcp, listen_unix
from limpet.net.refusal import HTTP_REFUSAL
from limpet.net.stream import ByteStream
from tests.support.net import read_to_end, receive_into, run

HELLO = b"P\x10\x00\x00\x00\x00\x00\x08" + bytes(8)


class Serving:
    def __init__(self, listener: Listener, caps: ConnectionCaps) -> None:
        self.listener = listener
        self.caps = caps
        self.accepted: asyncio.Queue[Accepted] = asyncio.Queue()

    async def dial(self) -> socket.socket:
        sock = socket.socket()
        sock.setblocking(False)
        try:
            await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", self.listener.port))
        except OSError:
            sock.close()
            raise
        return sock

    async def exchange(self, data: bytes) -> bytes:
        sock = await self.dial()
        with sock:
            await asyncio.get_running_loop().sock_sendall(sock, data)
            return await read_to_end(sock)

    async def idle(self) -> None:
        """Wait until no stranger holds a place."""
        while self.caps.total:
            await asyncio.sleep(0.001)


@contextlib.asynccontextmanager
async def serving(
    policy: ListenerPolicy | None = None,
    limits: ListenerLimits = LISTENER,
    on_accepted: Callable[[Accepted], None] | None = None,
) -> AsyncIterator[Serving]:
    caps = ConnectionCaps(asyncio.get_running_loop().time, limits)
    queue: list[Serving] = []

    def accept(accepted: Accepted) -> None:
        (on_accepted or queue[0].accepted.put_nowait)(accepted)

    listener = await listen_tcp("", 0, policy or FixedPolicy(), caps, accept, limits=limits)
    queue.append(Serving(listener, caps))
    task = asyncio.ensure_future(listener.serve())
    try:
        yield queue[0]
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_xpra_peer_is_handed_over_with_its_first_bytes() -> None:
    async def check() -> None:
        async with serving() as server:
            sock = await server.dial()
            sock.send(HELLO)
            accepted = await server.accepted.get()
            assert accepted.first_bytes == HELLO
            assert server.caps.total == 1
            recorder = receive_into(accepted.stream)
            accepted.stream.resume_reading()
            sock.send(b"more")
            await recorder.until(lambda r: r.data == b"more")
            accepted.slot.release()
            assert server.caps.total == 0
            sock.close()
            accepted.stream.close()
            await accepted.stream.wait_closed()
        assert server.caps.total == 0

    run(check())


@pytest.mark.parametrize(
    ("sent", "answer"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", HTTP_REFUSAL),
        (b"SSH-2.0-OpenSSH\r\n", b"disconnect: connection failed, this port does not speak SSH?\n"),
        (b"RFB 003.008\n", b"disconnect: connection failed, this port does not speak RFB?\n"),
        (b"\x16\x03\x01\x00\x05", b"disconnect: connection failed, this port does not speak SSL/TLS?\n"),
        (b"\xff\xfe\xfd", b"disconnect: connection failed, this port speaks xpra's protocol only?\n"),
    ],
)
def test_other_protocols_are_told_and_closed(sent: bytes, answer: bytes) -> None:
    async def check() -> None:
        async with serving() as server:
            assert await server.exchange(sent) == answer
            assert server.accepted.empty()
            await server.idle()

    run(check())


def test_tls_only_listener_refuses_clear_before_anything_else() -> None:
    async def check() -> None:
        async with serving(FixedPolicy(tls_only=True)) as server:
            answer = await server.exchange(HELLO)
            assert answer[:4] == b"P\x10\x00\x00"
            assert b"missing encryption tokens from client" in answer
            assert b"this port requires SSL/TLS" in answer
            assert server.accepted.empty()

    run(check())


def test_silent_peer_is_closed_without_an_answer() -> None:
    async def check() -> None:
        async with serving(limits=ListenerLimits(first_bytes_s=0.05)) as server:
            assert await server.exchange(b"") == b""
            assert await server.exchange(b"P") == b""

    run(check())


def test_places_of_strangers_are_bounded_and_come_back() -> None:
    async def check() -> None:
        async with serving(limits=ListenerLimits(per_source=2)) as server:
            first, second = await server.dial(), await server.dial()
            while server.caps.total < 2:
                await asyncio.sleep(0)
            with contextlib.suppress(ConnectionResetError):
                assert await server.exchange(HELLO) == b""
            assert server.accepted.empty()
            first.close()
            while server.caps.total > 1:
                await asyncio.sleep(0)
            third = await server.dial()
            third.send(HELLO)
            (await server.accepted.get()).stream.abort()
            second.close()
            third.close()

    run(check())


def test_peer_that_vanishes_gives_its_place_back() -> None:
    async def check() -> None:
        async with serving() as server:
            sock = await server.dial()
            while not server.caps.total:
                await asyncio.sleep(0)
            sock.close()
            await server.idle()

    run(check())


def test_mistake_in_the_owner_costs_one_connection_not_the_listener(caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        calls = 0
        done = asyncio.Event()

        def on_accepted(accepted: Accepted) -> None:
            nonlocal calls
            calls += 1
            if calls == 1:
                raise RuntimeError("mistake")
            done.set()
            accepted.stream.abort()

        async with serving(on_accepted=on_accepted) as server:
            with contextlib.suppress(ConnectionResetError):
                assert await server.exchange(HELLO) == b""
            with contextlib.suppress(ConnectionResetError):
                await server.exchange(HELLO)
            await done.wait()

    with caplog.at_level(logging.ERROR, "limpet.net"):
        run(check())
    assert "internal error" in caplog.text


def test_stopping_closes_strangers_and_keeps_those_handed_over() -> None:
    async def check() -> None:
        async with serving() as server:
            stranger = await server.dial()
            known = await server.dial()
            known.send(HELLO)
            accepted = await server.accepted.get()
            while server.caps.total < 2:
                await asyncio.sleep(0)
        with contextlib.suppress(ConnectionResetError):
            assert await read_to_end(stranger) == b""
        stranger.close()
        assert not accepted.stream.is_closing
        with pytest.raises(ConnectionRefusedError):
            await server.dial()
        accepted.stream.abort()
        await accepted.stream.wait_closed()
        known.close()

    run(check())


def test_unix_listener_serves_and_removes_its_socket(tmp_path: Path) -> None:
    async def check() -> None:
        path = tmp_path / "socket"
        accepted: asyncio.Queue[Accepted] = asyncio.Queue()
        listener = await listen_unix(path, FixedPolicy(), ConnectionCaps(lambda: 0.0), accepted.put_nowait)
        assert listener.addresses == [str(path)]
        assert listener.port == 0
        task = asyncio.ensure_future(listener.serve())
        stream = await unix.connect(path, timeout=5)
        receive_into(stream)
        stream.write([HELLO])
        got = await accepted.get()
        assert got.stream.facts.peer_uid is not None
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        assert not path.exists()
        for one in (stream, got.stream):
            one.abort()
            await one.wait_closed()

    run(check())


class NoTls:
    async def wrap(self, stream: ByteStream, first_bytes: bytes) -> ByteStream:
        raise AssertionError("never called")


def test_tls_on_a_unix_socket_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="SSL/TLS is not available on the unix socket"):
        run(listen_unix(tmp_path / "s", FixedPolicy(tls=NoTls()), ConnectionCaps(lambda: 0.0), lambda _: None))
    assert not (tmp_path / "s").exists()


def test_listener_that_never_served_closes() -> None:
    async def check() -> None:
        listener = await listen_tcp("localhost", 0, FixedPolicy(), ConnectionCaps(lambda: 0.0), lambda _: None)
        assert all(name.rpartition(":")[2] == str(listener.port) for name in listener.addresses)
        listener.close()
        sockets = tcp.bind("127.0.0.1", listener.port)
        for sock in sockets:
            sock.close()

    run(check())
