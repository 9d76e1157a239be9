from __future__ import annotations

import socket

import pytest

from limpet.errors import ConnectionClosed
from limpet.net.first_bytes import FirstBytes, Kind, classify
from tests.support.net import receive_into, run, stream_and_socket


@pytest.mark.parametrize(
    ("first", "kind"),
    [
        (b"P\x10\x00\x00\x00\x00\x00\x10", Kind.XPRA),
        (b"P\x02", Kind.XPRA),
        (b"\x16\x03\x01", Kind.TLS),
        (b"GET / HTTP/1.1", Kind.HTTP),
        (b"POST /x", Kind.HTTP),
        (b"PUT /x", Kind.HTTP),
        (b"OPTIONS *", Kind.HTTP),
        (b"SSH-2.0-x", Kind.SSH),
        (b"RFB 003.", Kind.RFB),
        (b"\x03\x00\x00\x13", Kind.RDP),
        (b"hello", Kind.UNKNOWN),
        (b"\x00", Kind.UNKNOWN),
        (b"", None),
        (b"P", None),
        (b"POST", None),
        (b"OPTIONS", None),
        (b"SS", None),
    ],
)
def test_first_bytes_tell_the_protocol(first: bytes, kind: Kind | None) -> None:
    assert classify(first) is kind


def test_bytes_after_the_decision_stay_with_the_stream() -> None:
    async def check() -> None:
        async with stream_and_socket() as (stream, sock):
            waiting = FirstBytes(stream)
            sock.send(b"P")
            sock.send(b"\x10rest")
            kind, first = await waiting.wait()
            assert kind is Kind.XPRA
            sock.send(b"later")
            recorder = receive_into(stream)
            assert recorder.data == b""
            stream.resume_reading()
            await recorder.until(lambda r: first + r.data == b"P\x10restlater")

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
