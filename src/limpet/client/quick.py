"""The version of a server in a fraction of the time that a whole session takes to load.

Scripts ask many servers. `version` is answered before login, so it needs no session: one hello, one answer. What is
not as simple as that (TLS, AES, an answer that is none) is left to `limpet.client.command`, which then decides alone.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Mapping
from typing import Any, Protocol

from limpet.errors import ProtocolError
from limpet.limits import BEFORE_HELLO
from limpet.values import Wire
from limpet.wire.stream import PacketReader, PacketWriter

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


def ask_version(target: Destination, *, legacy: bool, timeout_s: float) -> Mapping[str, Any] | None:
    """The capabilities of the answer; None for anything else, whatever it is. Raises TimeoutError without an answer."""
    serializer = "rencode" if legacy else "rencodeplus"
    until = time.monotonic() + timeout_s
    try:
        connection = _connect(target, timeout_s)
    except OSError:
        return None
    try:
        with connection:
            writer = PacketWriter(serializer=serializer)
            for part in writer.write(["hello", {**HELLO, **_SPELLINGS[serializer]}]):
                connection.sendall(part)
            return _answer(connection, until)
    except TimeoutError:
        raise
    except (OSError, ProtocolError):
        return None


def _connect(target: Destination, timeout_s: float) -> socket.socket:
    if target.kind != "unix":
        return socket.create_connection((target.host, target.port), timeout_s)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout_s)
        connection.connect(target.path)
    except OSError:
        connection.close()
        raise
    return connection


def _answer(connection: socket.socket, until: float) -> Mapping[str, Any] | None:
    reader = PacketReader(BEFORE_HELLO)
    while (packet := reader.next_packet()) is None:
        left = until - time.monotonic()
        if reader.clear_text() is not None:
            return None
        if left <= 0:
            raise TimeoutError
        connection.settimeout(left)
        data = connection.recv(READ_BYTES)
        if not data:
            return None
        reader.receive_data(data)
    name, *arguments = packet.items or [None]
    if name not in ("hello", b"hello") or not arguments or not isinstance(arguments[0], Mapping):
        return None
    return {_text(key): value for key, value in arguments[0].items()}


def _text(key: object) -> str:
    return key.decode("utf-8", "replace") if isinstance(key, bytes) else str(key)
