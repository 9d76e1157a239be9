"""The request modes of the hello (`version`, `info`, `screenshot` ...): one row each, beside the packet table's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Protocol

from limpet import __version__
from limpet.errors import DisconnectReason, DisplayError
from limpet.packets.display import Screenshot
from limpet.packets.fields import load_text
from limpet.packets.requests import Request
from limpet.server.connection import Connection
from limpet.server.desktop import Desktop
from limpet.server.hello import ServerIdentity
from limpet.server.render import png_of
from limpet.values import Wire

log = logging.getLogger("limpet.server.requests")

MAX_TOKEN = 256


class RequestHost(Protocol):
    """What the requests need of the server."""

    @property
    def desktop(self) -> Desktop: ...

    @property
    def identity(self) -> ServerIdentity: ...

    def info(self) -> dict[str, Wire]: ...

    def shutdown(self, *, keep_display: bool) -> None: ...

    def detach_all(self, reason: DisconnectReason) -> int:
        """Disconnect every client; the number of them."""

    def control(self, words: tuple[str, ...]) -> tuple[int, str]:
        """Run a control command; exit status and text."""


Answer = Callable[[RequestHost, Connection, Request], None]


def _version(_: RequestHost, connection: Connection, request: Request) -> None:
    caps: dict[str, Wire] = {"version": connection.session.dialect.our_version, "limpet": __version__}
    if request.arguments.get("full-version-request"):
        caps["platform"] = "linux"
    connection.answer(caps)


def _connect_test(_: RequestHost, connection: Connection, request: Request) -> None:
    token = request.arguments.get("connect_test_request", "")
    text = load_text(token)[:MAX_TOKEN] if isinstance(token, (str, bytes)) else ""
    connection.answer({"connect_test_response": text, "version": connection.session.dialect.our_version})


def _id(host: RequestHost, connection: Connection, _: Request) -> None:
    identity = host.identity
    connection.answer(
        {
            "session-type": "limpet seamless",
            "session-name": identity.session_name,
            "uuid": identity.uuid,
            "hostname": identity.hostname,
            "platform": "linux",
            "pid": identity.pid,
            "display": identity.display,
            "version": connection.session.dialect.our_version,
        }
    )


def _info(host: RequestHost, connection: Connection, request: Request) -> None:
    caps = host.info()
    caps["version"] = connection.session.dialect.our_version
    nested = connection.session.dialect.nested or bool(request.arguments.get("info-namespace"))
    connection.answer(caps if nested else flattened(caps))


def flattened(caps: Mapping[str, Wire], prefix: str = "") -> dict[str, Wire]:
    """Nested dicts as dotted keys, for 3.1.3."""
    flat: dict[str, Wire] = {}
    for key, value in caps.items():
        # the empty key is the value of the dict itself
        name = f"{prefix}{key}" if key else prefix.removesuffix(".")
        if isinstance(value, Mapping):
            flat.update(flattened(value, f"{name}."))
        else:
            flat[name] = value
    return flat


def _screenshot(host: RequestHost, connection: Connection, _: Request) -> None:
    async def shoot() -> None:
        try:
            pixels = await host.desktop.screenshot()
            empty = not pixels.width or not pixels.height
            data = b"" if empty else await host.desktop.in_capture_thread(lambda _: png_of(pixels))
        except DisplayError as error:
            log.warning("%s: no screenshot: %s", connection.peer, error)
            connection.session.refuse(DisconnectReason.SERVER_ERROR)
        else:
            connection.answer_packet(
                Screenshot(width=pixels.width, height=pixels.height, encoding="png", rowstride=0, data=data)
            )
        connection.flush()

    connection.spawn(shoot())


def _command(host: RequestHost, connection: Connection, request: Request) -> None:
    words = request.arguments.get("command_request", ())
    if not isinstance(words, (list, tuple)):
        words = ()
    texts = tuple(load_text(word) if isinstance(word, (str, bytes)) else str(word) for word in words)
    status, text = host.control(texts)
    connection.answer({"command_response": [status, text], "version": connection.session.dialect.our_version})


def _detach(host: RequestHost, connection: Connection, _: Request) -> None:
    count = host.detach_all(DisconnectReason.DETACH_REQUEST)
    connection.session.refuse(DisconnectReason.DONE, f"{count} clients have been disconnected")


def _stop(host: RequestHost, connection: Connection, _: Request) -> None:
    connection.session.refuse(DisconnectReason.SERVER_SHUTDOWN)
    host.shutdown(keep_display=False)


def _exit(host: RequestHost, connection: Connection, _: Request) -> None:
    connection.session.refuse(DisconnectReason.SERVER_EXIT)
    host.shutdown(keep_display=True)


ANSWERS: Mapping[str, Answer] = MappingProxyType(
    {
        "version": _version,
        "connect_test": _connect_test,
        "id": _id,
        "info": _info,
        "screenshot": _screenshot,
        "command": _command,
        "detach": _detach,
        "stop": _stop,
        "exit": _exit,
    }
)
