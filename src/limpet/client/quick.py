"""The version of a server in a fraction of the time that a whole session takes to load.

Scripts ask many servers. `version` is answered before login, so it needs no session: one hello, one answer. What is
not as simple as that (AES, an answer that is none, a certificate that does not pass) is left to
`limpet.client.command`, which then decides alone.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from limpet.errors import LimpetError
from limpet.limits import BEFORE_HELLO
from limpet.values import Buffer, Wire
from limpet.wire.stream import PacketReader, PacketWriter

if TYPE_CHECKING:
    from limpet.config.tls import TlsSettings

READ_BYTES = 64 * 1024

HELLO: Mapping[str, Wire] = {
    "request": "version",
    "version_request": True,
    "full-version-request": True,
    "ui_client": False,
    "windows": False,
    "webcam": False,
    "keyboard": False,
    "mouse": False,
    "pointer": False,
    "network-state": False,
    "wants": (),
}
"""What `packets.requests` makes of the request."""

_SPELLINGS: Mapping[str, Mapping[str, Wire]] = {
    "rencodeplus": {"version": "6.5", "encoders": ("rencodeplus",), "rencodeplus": True},
    "rencode": {"version": "3.1.3", "rencode": True},
}


class Destination(Protocol):
    """Where to connect to; a target of `tcp` or `unix`."""

    @property
    def kind(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def path(self) -> str: ...


class Stream(Protocol):
    """The part of a socket that is used."""

    def settimeout(self, seconds: float, /) -> None: ...
    def sendall(self, data: Buffer, /) -> None: ...
    def recv(self, size: int, /) -> bytes: ...


def ask_version(
    target: Destination, *, legacy: bool, timeout_s: float, tls: TlsSettings | None = None
) -> Mapping[str, Any] | None:
    """The capabilities of the answer; None for anything else. Raises TimeoutError where there is no answer in time.

    `tls`: not None means TLS, with everything that these settings demand.
    """
    until = time.monotonic() + timeout_s
    try:
        connection = _connect(target, timeout_s)
    except OSError:
        return None
    try:
        with connection:
            if tls is None:
                return _ask(connection, legacy, until)
            # ssl and its helpers are loaded only where TLS is used
            from limpet.net.endpoint import host_port
            from limpet.net.tls_config import TlsClientOptions

            side = TlsClientOptions.from_settings(tls, Path.cwd()).client(target.host)
            with side.wrap_socket(connection, host_port(target.host, target.port), until) as stream:
                return _ask(stream, legacy, until)
    except TimeoutError:
        raise
    except (OSError, LimpetError):
        return None


def _ask(stream: Stream, legacy: bool, until: float) -> Mapping[str, Any] | None:
    serializer = "rencode" if legacy else "rencodeplus"
    for part in PacketWriter(serializer=serializer).write(["hello", {**HELLO, **_SPELLINGS[serializer]}]):
        stream.sendall(part)
    return _answer(stream, until)


def _connect(target: Destination, timeout_s: float) -> socket.socket:
    if target.kind != "unix":
        # as bytes, which need no look at the rules for names in other scripts
        host = target.host.encode("ascii") if target.host.isascii() else target.host
        tcp = socket.create_connection((host, target.port), timeout_s)  # type: ignore[arg-type]  # typeshed: str
        # or the question waits 40 ms behind the end of the TLS handshake, which nothing answers
        tcp.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tcp
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(target.path)
    except OSError:
        connection.close()
        raise
    return connection


def _answer(stream: Stream, until: float) -> Mapping[str, Any] | None:
    reader = PacketReader(BEFORE_HELLO)
    while (packet := reader.next_packet()) is None:
        left = until - time.monotonic()
        if reader.clear_text() is not None:
            return None
        if left <= 0:
            raise TimeoutError
        stream.settimeout(left)
        data = stream.recv(READ_BYTES)
        if not data:
            return None
        reader.receive_data(data)
    name, *arguments = packet.items or [None]
    if name not in ("hello", b"hello") or not arguments or not isinstance(arguments[0], Mapping):
        return None
    return {_text(key): value for key, value in arguments[0].items()}


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
