from __future__ import annotations

import asyncio
import socket
import struct

import pytest

from limpet.errors import LimitExceeded
from limpet.limits import KIB, StreamLimits
from tests.support.net import Recorder, read_to_end, receive_into, run, stream_and_socket, stream_pair

SMALL = StreamLimits(high_water=64 * KIB, low_water=16 * KIB, max_unsent=64 * 1024 * KIB)


def test_bytes_arrive_whole_and_in_order_both_ways() -> None:
    async def check() -> None:
        async with stream_pair() as (a, b):
            at_a, at_b = receive_into(a), receive_into(b)
            large = bytes(range(256)) * 20_000
            a.write([b"head", large, b"tail"])
            b.write([b"answer"])
            await at_b.until(lambda r: len(r.data) >= len(large) + 8)
            await at_a.until(lambda r: len(r.data) >= 6)
            assert at_b.data == b"head" + large + b"tail"
            assert at_a.data == b"answer"
            assert a.write_buffered == 0

    run(check())


def test_bytes_that_come_before_the_receiver_wait_for_it() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            sock.send(b"early")
            for _ in range(5):
                await asyncio.sleep(0)
            recorder = receive_into(stream)
            await recorder.until(lambda r: r.data == b"early")
            assert recorder.events == []

    run(check())


def test_paused_stream_delivers_nothing_until_resumed() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            stream.pause_reading()
            recorder = receive_into(stream)
            sock.send(b"data")
            for _ in range(5):
                await asyncio.sleep(0)
            assert recorder.data == b""
            stream.resume_reading()
            await recorder.until(lambda r: r.data == b"data")
            assert not recorder.lost

    run(check())


def test_half_close_by_the_peer_still_lets_us_answer() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            recorder = receive_into(stream)
            sock.send(b"question")
            sock.shutdown(socket.SHUT_WR)
            await recorder.until(lambda r: r.eof is not None)
            assert recorder.eof is True
            stream.write([b"answer"])
            stream.close()
            assert await read_to_end(sock) == b"answer"
            await stream.wait_closed()
            assert recorder.error is None

    run(check())


def test_end_seen_while_nobody_listened_is_told_to_the_next_receiver() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            first = receive_into(stream)
            sock.close()
            await first.until(lambda r: r.eof is not None)
            second = receive_into(stream)
            await second.until(lambda r: r.eof is not None)
            stream.abort()
            await second.until(lambda r: r.lost)
            third = receive_into(stream)
            await third.until(lambda r: r.lost)
            assert third.eof is None

    run(check())


def test_slow_peer_makes_us_pause_and_a_quick_one_resume() -> None:
    async def check() -> None:
        async with stream_and_socket(SMALL) as (stream, sock):
            recorder = receive_into(stream)
            total = 4 * 1024 * KIB
            stream.write([bytes(total)])
            assert recorder.events == ["pause"]
            assert stream.write_buffered > SMALL.high_water
            stream.write([b"end"])
            assert recorder.events == ["pause"], "told once"
            loop = asyncio.get_running_loop()
            got = 0
            while got < total + 3:
                got += len(await loop.sock_recv(sock, 1 << 18))
            await recorder.until(lambda r: "resume" in r.events)
            assert recorder.events == ["pause", "resume"]
            assert stream.write_buffered == 0

    run(check())


def test_peer_that_never_reads_is_dropped_at_the_limit() -> None:
    async def check() -> None:
        limits = StreamLimits(high_water=64 * KIB, low_water=16 * KIB, max_unsent=1024 * KIB)
        async with stream_and_socket(limits) as (stream, _sock):
            recorder = receive_into(stream)
            for _ in range(40):
                stream.write([bytes(64 * KIB)])
            await recorder.until(lambda r: r.lost)
            assert isinstance(recorder.error, LimitExceeded)
            assert stream.write_buffered == 0

    run(check())


def test_close_sends_what_waits_even_to_a_slow_peer() -> None:
    async def check() -> None:
        async with stream_and_socket(SMALL) as (stream, sock):
            receive_into(stream)
            stream.write([bytes(2 * 1024 * KIB), b"last words"])
            stream.close()
            stream.write([b"too late"])
            received = await read_to_end(sock)
            assert len(received) == 2 * 1024 * KIB + 10
            assert received.endswith(b"last words")

    run(check())


def test_close_ends_within_its_time_when_the_peer_takes_nothing() -> None:
    async def check() -> None:
        async with stream_and_socket(SMALL, close_s=0.05) as (stream, _sock):
            recorder = receive_into(stream)
            stream.write([bytes(4 * 1024 * KIB)])
            stream.close()
            await stream.wait_closed()
            assert recorder.lost

    run(check())


def test_close_ends_within_its_time_when_the_peer_stays() -> None:
    async def check() -> None:
        async with stream_and_socket(close_s=0.05) as (stream, sock):
            recorder = receive_into(stream)
            stream.write([b"bye"])
            stream.close()
            sock.send(b"still talking")
            await stream.wait_closed()
            assert recorder.data == b"", "nothing is delivered after close"
            assert await read_to_end(sock) == b"bye"

    run(check())


def test_late_bytes_of_the_peer_do_not_destroy_our_last_words() -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            receive_into(ours)
            reader = receive_into(theirs)
            theirs.write([bytes(300_000)])
            ours.write([b"disconnect"])
            ours.close()
            await reader.until(lambda r: r.eof is not None)
            assert reader.data == b"disconnect"
            theirs.close()
            await ours.wait_closed()

    run(check())


def test_reset_is_an_error() -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            recorder = receive_into(ours)
            sock = theirs._transport.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            theirs.abort()
            await recorder.until(lambda r: r.lost)
            assert isinstance(recorder.error, ConnectionResetError)
            assert recorder.eof is None

    run(check())


def test_abort_tells_its_reason() -> None:
    async def check() -> None:
        async with stream_pair() as (ours, _theirs):
            recorder = receive_into(ours)
            reason = TimeoutError("silent")
            ours.abort(reason)
            ours.abort(ValueError("second"))
            await ours.wait_closed()
            assert recorder.error is reason
            ours.close()
            ours.write([b"x"])
            assert ours.is_closing

    run(check())


@pytest.mark.parametrize("amount", [1, 16 * KIB, 200 * KIB])
def test_read_buffer_grows_with_the_traffic_and_stays_bounded(amount: int) -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            recorder = receive_into(ours)
            receive_into(theirs)
            assert len(ours.get_buffer(-1)) == 16 * KIB
            for _ in range(20):
                before = len(recorder.data)
                theirs.write([bytes(amount)])
                await recorder.until(lambda r, want=before + amount: len(r.data) >= want)
            size = len(ours.get_buffer(-1))
            assert size <= 256 * KIB
            assert (size == 16 * KIB) == (amount == 1)

    run(check())


def test_recorder_order_contract_holds_for_a_whole_life() -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            recorder = Recorder()
            ours.set_receiver(recorder)
            receive_into(theirs)
            theirs.write([b"x"])
            theirs.close()
            await recorder.until(lambda r: r.eof is not None)
            ours.close()
            await recorder.until(lambda r: r.lost)
            assert recorder.events == [("eof", True), "lost"]

    run(check())
