from __future__ import annotations

import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from limpet.errors import TlsError
from limpet.net.tls import TlsTruncated
from limpet.net.tls_config import TlsClientOptions
from limpet.net.tls_socket import TlsSocket
from tests.support import pki

PATIENCE_S = 20.0


@contextmanager
def connected(
    folder: Path, options: TlsClientOptions, serve: Callable[[ssl.SSLSocket], None], name: str = "localhost"
) -> Iterator[TlsSocket]:
    """A TLS connection to `serve`, which runs in a thread."""
    authority = pki.make_authority()
    authority.write(folder, "ca")
    files = authority.issue().write(folder, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert, files.key)
    ours, theirs = socket.socketpair()

    def run() -> None:
        try:
            with context.wrap_socket(theirs, server_side=True) as stream:
                serve(stream)
        except OSError:
            theirs.close()  # the client did not like it

    thread = threading.Thread(target=run)
    thread.start()
    try:
        side = options.client(name)
        with side.wrap_socket(ours, "the server", time.monotonic() + PATIENCE_S) as stream:
            yield stream
    finally:
        ours.close()
        thread.join(PATIENCE_S)


def echo(stream: ssl.SSLSocket) -> None:
    while data := stream.recv(65536):
        stream.sendall(data)
    stream.unwrap()


def test_bytes_go_there_and_back(tmp_path: Path) -> None:
    with connected(tmp_path, TlsClientOptions(ca_certs=str(tmp_path / "ca.crt")), echo) as stream:
        sent = bytes(range(256)) * 200
        stream.sendall(sent)
        got = bytearray()
        while len(got) < len(sent):
            part = stream.recv(1000)
            assert 0 < len(part) <= 1000
            got += part
        assert bytes(got) == sent


def test_an_orderly_end_is_empty_and_a_cut_is_an_error(tmp_path: Path) -> None:
    options = TlsClientOptions(ca_certs=str(tmp_path / "ca.crt"))

    def orderly(stream: ssl.SSLSocket) -> None:
        stream.sendall(b"last")
        stream.unwrap()

    with connected(tmp_path, options, orderly) as stream:
        assert stream.recv(100) == b"last"
        assert stream.recv(100) == b""

    def cut(stream: ssl.SSLSocket) -> None:
        socket.socket(fileno=stream.detach()).close()

    with connected(tmp_path, options, cut) as stream, pytest.raises(TlsTruncated):
        stream.recv(100)


def test_the_server_is_judged_as_anywhere_else(tmp_path: Path) -> None:
    options = TlsClientOptions(ca_certs=str(tmp_path / "ca.crt"))
    with pytest.raises(TlsError, match=r"elsewhere\.example"), connected(tmp_path, options, echo, "elsewhere.example"):
        pass
    (tmp_path / "foreign").mkdir()
    pki.make_authority().write(tmp_path / "foreign", "ca")
    foreign = TlsClientOptions(ca_certs=str(tmp_path / "foreign" / "ca.crt"))
    with pytest.raises(ssl.SSLCertVerificationError), connected(tmp_path, foreign, echo):
        pass


def test_no_verification_is_said(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), connected(tmp_path, TlsClientOptions(server_verify_mode="none"), echo):
        pass
    assert "the server: the server's certificate is not verified" in caplog.text


def test_a_silent_server_ends_in_time(tmp_path: Path) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(TimeoutError):
        TlsClientOptions(server_verify_mode="none").client("localhost").wrap_socket(
            ours, "the server", time.monotonic() + 0.05
        )
