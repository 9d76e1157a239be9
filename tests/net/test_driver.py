from __future__ import annotations

import asyncio
import logging
import socket
import time

import pytest

from limpet.limits import KIB, StreamLimits
from limpet.net.driver import Driver
from limpet.values import Buffer
from tests.support.net import read_to_end, run, stream_and_socket


class LineSession:
    """Minimal session: every line is an event; `bye` closes; the end is an event too."""

    def __init__(self) -> None:
        self.closing = False
        self.out: list[Buffer] = []
        self.events: list[str] = []
        self.timeout: float | None = None
        self._line = bytearray()

    def receive_data(self, data: Buffer, now: float) -> None:
        self._line += data
        *lines, rest = bytes(self._line).split(b"\n")
        self._line[:] = rest
        self.events += [line.decode() for line in lines]
        if "bug" in self.events:
            raise RuntimeError("mistake in the session")
        self.closing = self.closing or "bye" in self.events

    def receive_eof(self, now: float, *, clean: bool) -> None:
        self.events.append(f"eof clean={clean}")

    def data_to_send(self) -> list[Buffer]:
        out, self.out = self.out, []
        return out

    def next_event(self) -> str | None:
        return self.events.pop(0) if self.events else None

    def next_timeout(self) -> float | None:
        return self.timeout

    def handle_timeout(self, now: float) -> None:
        self.timeout = None
        self.events.append("timeout")


def test_events_come_in_order_and_answers_go_out() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            session = LineSession()
            seen: list[str] = []

            def on_event(event: str) -> None:
                seen.append(event)
                if not event.startswith("eof"):
                    session.out.append(f"<{event}>".encode())

            driver = Driver(stream, session, on_event)
            driver.start(b"first\nsec")
            sock.send(b"ond\nbye\n")
            assert await read_to_end(sock) == b"<first><second><bye>"
            sock.close()
            assert await driver.wait_closed() is None
            assert seen == ["first", "second", "bye", "eof clean=True"]

    run(check())


def test_owner_may_flush_inside_an_event() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            session = LineSession()
            depth = 0

            def on_event(event: str) -> None:
                nonlocal depth
                assert depth == 0, "events must not nest"
                depth += 1
                if event == "start":
                    session.events.append("more")
                session.out.append(event.encode())
                driver.flush()
                depth -= 1

            driver = Driver(stream, session, on_event)
            driver.start()
            sock.send(b"start\n")
            got = b""
            while got != b"startmore":
                got += await asyncio.get_running_loop().sock_recv(sock, 100)
            session.out.append(b"later")
            driver.flush()
            assert await asyncio.get_running_loop().sock_recv(sock, 100) == b"later"
            driver.close()
            sock.close()
            assert await driver.wait_closed() is None

    run(check())


def test_half_closed_peer_still_gets_its_answer_then_the_connection_ends() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            session = LineSession()
            driver = Driver(stream, session, lambda event: session.out.append(event.encode()))
            driver.start()
            sock.send(b"question\n")
            sock.shutdown(socket.SHUT_WR)
            assert await read_to_end(sock) == b"questioneof clean=True"
            assert await driver.wait_closed() is None

    run(check())


def test_lost_connection_is_an_unclean_end_with_its_reason() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, _sock):
            seen: list[str] = []
            driver = Driver(stream, LineSession(), seen.append)
            driver.start()
            reason = ConnectionResetError("cut")
            stream.abort(reason)
            assert await driver.wait_closed() is reason
            assert seen == ["eof clean=False"]

    run(check())


def test_time_out_of_the_session_is_kept_even_when_it_moves() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, _sock):
            session = LineSession()
            fired: asyncio.Future[float] = asyncio.get_running_loop().create_future()

            def on_event(event: str) -> None:
                if event == "timeout":
                    fired.set_result(time.monotonic())

            driver = Driver(stream, session, on_event)
            session.timeout = time.monotonic() + 60
            driver.start()
            session.timeout = time.monotonic() + 0.02
            driver.flush()
            due = session.timeout = time.monotonic() + 0.08
            driver.flush()
            assert due <= await fired < due + 5
            driver.abort()
            await driver.wait_closed()

    run(check())


def test_time_out_taken_back_does_not_fire() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, _sock):
            session = LineSession()
            seen: list[str] = []
            driver = Driver(stream, session, seen.append)
            session.timeout = time.monotonic() + 0.01
            driver.start()
            session.timeout = None
            driver.flush()
            await asyncio.sleep(0.03)
            assert seen == []
            driver.abort()
            await driver.wait_closed()

    run(check())


@pytest.mark.parametrize("where", ["event", "receive", "timeout"])
def test_mistake_of_ours_ends_the_connection_and_is_reported(where: str, caplog: pytest.LogCaptureFixture) -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            session = LineSession()

            def on_event(event: str) -> None:
                if event in ("boom", "timeout"):
                    raise RuntimeError("mistake in a handler")

            driver = Driver(stream, session, on_event)
            driver.start()
            if where == "event":
                sock.send(b"boom\n")
            elif where == "receive":
                sock.send(b"bug\n")
            else:
                session.timeout = time.monotonic()
                driver.flush()
            error = await driver.wait_closed()
            assert isinstance(error, RuntimeError)

    with caplog.at_level(logging.ERROR, "limpet.net"):
        run(check())
    assert "internal error" in caplog.text


def test_owner_hears_when_the_peer_is_slow_and_can_stop_reading() -> None:
    async def check() -> None:
        limits = StreamLimits(high_water=64 * KIB, low_water=16 * KIB)
        async with stream_and_socket(limits) as (stream, sock):
            session = LineSession()
            writable: list[bool] = []
            seen: list[str] = []
            driver = Driver(stream, session, seen.append, on_writable=writable.append)
            driver.start()
            session.out.append(bytes(2048 * KIB))
            driver.flush()
            assert writable == [False]
            assert driver.write_buffered > 64 * KIB
            loop = asyncio.get_running_loop()
            got = 0
            while got < 2048 * KIB:
                got += len(await loop.sock_recv(sock, 1 << 18))
            while writable != [False, True]:
                await asyncio.sleep(0)
            driver.pause_reading()
            sock.send(b"unheard\n")
            await asyncio.sleep(0.02)
            assert seen == []
            driver.resume_reading()
            while seen != ["unheard"]:
                await asyncio.sleep(0)
            driver.abort()
            await driver.wait_closed()

    run(check())
