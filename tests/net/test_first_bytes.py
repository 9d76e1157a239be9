from __future__ import annotations

import socket

import pytest

from limpet.errors import ConnectionClosed
from limpet.net.first_bytes import FirstBytes
from limpet.wire.sniff import Kind
from tests.support.net import receive_into, run, stream_and_socket


def test_bytes_after_the_decision_stay_with_the_stream() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            waiting = FirstBytes(stream)
            sock.send(b"P\x10\x00")
            sock.send(b"\x00\x00\x00\x00\x08rest")
            kind, first = await waiting.wait()
            assert kind is Kind.XPRA
            sock.send(b"later")
            recorder = receive_into(stream)
            assert recorder.data == b""
            stream.resume_reading()
            await recorder.until(lambda r: first + r.data == b"P\x10\x00\x00\x00\x00\x00\x08restlater")

    run(check())


def test_silent_end_is_an_error() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            sock.close()
            with pytest.raises(ConnectionClosed, match="before it said anything"):
                await FirstBytes(stream).wait()

    run(check())


def test_end_in_the_middle_of_a_word_is_unknown() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            sock.send(b"POS")
            sock.shutdown(socket.SHUT_WR)
            assert await FirstBytes(stream).wait() == (Kind.UNKNOWN, b"POS")

    run(check())


def test_loss_is_an_error() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, _sock):
            waiting = FirstBytes(stream)
            stream.abort()
            with pytest.raises(ConnectionClosed, match="lost"):
                await waiting.wait()

    run(check())
