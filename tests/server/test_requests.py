"""The request modes of the hello, each with what it answers and what it does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from limpet import __version__
from limpet.errors import DisconnectReason, DisplayUnavailable
from limpet.packets.requests import MODES, Request
from limpet.server.connection import Connection
from limpet.server.features.base import Feature
from limpet.server.hello import ServerIdentity
from limpet.server.requests import ANSWERS, MAX_TOKEN, flattened
from limpet.values import PixelFormat, Pixels, Wire
from tests.server.doubles import FakeDesktop, Peer
from tests.session.actors import text
from tests.support.net import run

IDENTITY = ServerIdentity(
    uuid="abc", hostname="host", session_name="work", display=":7", pid=4711, start_time=1_000_000.0
)


class Host:
    """What the answers need; what they do is noted."""

    identity = IDENTITY

    def __init__(self) -> None:
        self.desktop = FakeDesktop()
        self.done: list[Any] = []

    def info(self) -> dict[str, Wire]:
        return {"clients": {"": 1, "0": {"encryption": {"": False, "mode": "none"}}}, "windows": {}}

    def shutdown(self, *, keep_display: bool) -> None:
        self.done.append(("shutdown", keep_display))

    def detach_all(self, reason: DisconnectReason) -> int:
        self.done.append(("detach", reason))
        return 2

    def control(self, words: tuple[str, ...]) -> tuple[int, str]:
        self.done.append(("control", words))
        return 3, "said"

    def answer(self, connection: Connection, request: Request, *, early: bool) -> None:
        ANSWERS[request.mode.name](self, connection, request)  # type: ignore[arg-type]  # a desktop without X

    def greet(self, connection: Connection) -> None:
        raise AssertionError("a request is no session")

    def join(self, connection: Connection) -> tuple[Feature, ...] | None:
        raise AssertionError("a request is no session")

    def leave(self, connection: Connection) -> None:
        raise AssertionError("a request is no session")


def ask(name: str, host: Host | None = None, *, serializer: str = "rencodeplus", **extra: Wire) -> list[Any]:
    """The packets that come back."""
    host = host or Host()
    heard: list[Any] = []

    async def told() -> None:
        peer = Peer(host)
        running = asyncio.ensure_future(peer.connection.run())
        await asyncio.sleep(0)
        peer.writer.serializer = serializer
        peer.hello(request=name, **extra)
        for _ in range(10):
            await asyncio.sleep(0)
        heard.extend(peer.heard())
        peer.leave()
        await running
        peer.offload.close()

    run(told())
    return heard


def caps_of(heard: list[Any]) -> dict[str, Any]:
    ((name, caps),) = heard
    assert name == "hello"
    return {text(key): value for key, value in caps.items()}


def test_every_mode_of_the_table_has_its_answer() -> None:
    assert set(ANSWERS) == set(MODES)


def test_version_says_the_version_and_no_more_unless_asked() -> None:
    assert caps_of(ask("version")) == {"version": "6.5", "limpet": __version__}
    assert caps_of(ask("version", **{"full-version-request": True}))["platform"] == "linux"


@pytest.mark.parametrize(
    ("token", "answer"), [("abc", "abc"), (b"abc", "abc"), ("x" * 1000, "x" * MAX_TOKEN), (7, ""), ([1], "")]
)
def test_a_connect_test_gets_its_token_back(token: Wire, answer: str) -> None:
    assert caps_of(ask("connect_test", connect_test_request=token))["connect_test_response"] == answer


def test_id_tells_which_session_it_is() -> None:
    caps = caps_of(ask("id"))
    assert (caps["uuid"], caps["session-name"], caps["display"], caps["pid"]) == ("abc", "work", ":7", 4711)


def test_info_is_nested_or_flat_as_the_client_reads_it() -> None:
    nested = caps_of(ask("info"))
    assert nested["clients"][""] == 1
    flat = caps_of(ask("info", serializer="rencode"))
    assert flat["clients"] == 1
    assert flat["clients.0.encryption"] is False
    assert flat["clients.0.encryption.mode"] == b"none"
    assert "clients" in caps_of(ask("info", serializer="rencode", **{"info-namespace": True}))
    assert isinstance(caps_of(ask("info", serializer="rencode", **{"info-namespace": True}))["clients"], dict)


def test_flat_keys_have_no_empty_parts() -> None:
    assert flattened({"a": {"": 1, "b": {"c": 2, "": 3}}, "d": 4}) == {"a": 1, "a.b.c": 2, "a.b": 3, "d": 4}


def test_a_screenshot_of_nothing_is_empty() -> None:
    assert ask("screenshot") == [["screenshot", 0, 0, "png", 0, b""]]


def test_a_screenshot_is_a_png() -> None:
    host = Host()
    host.desktop.shot = Pixels(2, 1, PixelFormat.BGRX, 8, bytes(8))
    ((name, width, height, encoding, _, data),) = ask("screenshot", host)
    assert (name, width, height, encoding) == ("screenshot", 2, 1, "png")
    assert data.startswith(b"\x89PNG")


def test_without_a_display_there_is_no_screenshot() -> None:
    host = Host()
    host.desktop.failure = DisplayUnavailable("gone")
    assert ask("screenshot", host) == [["disconnect", "server error"]]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["start", "xterm"], ("start", "xterm")),
        ([b"windows", 7], ("windows", "7")),
        (True, ()),
        ("windows", ()),
    ],
)
def test_a_command_is_run_and_its_result_told(words: Wire, expected: tuple[str, ...]) -> None:
    host = Host()
    assert caps_of(ask("command", host, command_request=words))["command_response"] == [3, "said"]
    assert host.done == [("control", expected)]


Ending = Callable[[Host], Awaitable[None]]


@pytest.mark.parametrize(
    ("name", "answer", "done"),
    [
        ("detach", ["done", "2 clients have been disconnected"], ("detach", DisconnectReason.DETACH_REQUEST)),
        ("stop", ["server shutdown"], ("shutdown", False)),
        ("exit", ["server exit"], ("shutdown", True)),
    ],
)
def test_requests_that_end_something_are_answered_by_a_goodbye(name: str, answer: list[str], done: Any) -> None:
    host = Host()
    assert ask(name, host) == [["disconnect", *answer]]
    assert host.done == [done]
