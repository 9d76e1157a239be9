"""The server as the host of its connections: who joins, who leaves, what is answered, how it ends."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from limpet.auth.limiter import LoginLimiter
from limpet.errors import DisconnectReason, DisplayUnavailable
from limpet.net.endpoint import parse_bind
from limpet.net.listener import Accepted, FixedPolicy
from limpet.net.offload import Offload
from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import DisplayCaps, EncodingCaps, InputCaps
from limpet.server import app
from limpet.server.app import ListenerSetup, Server, ServerSettings
from limpet.server.connection import Connection, Protection
from limpet.server.listeners import ListenerPlan
from limpet.server.login import LoginServices
from limpet.values import Size
from tests.auth.support import FakeEnv
from tests.server.doubles import FakeDesktop, Peer, Slot, Stream, window_info
from tests.server.test_requests import IDENTITY
from tests.session.actors import client_hello
from tests.support.net import run

VIEWER = EncodingCaps(options=("png",), core=("png",), rgb_formats=("BGRX",))


class Viewer(Peer):
    """A client that shows windows; its connection belongs to the server."""

    def __init__(self, server: Server, uuid: str, **changes: Any) -> None:
        super().__init__(server)
        self.hello_caps = client_hello(uuid=uuid, encoding=VIEWER, **changes)
        self.running = asyncio.ensure_future(server._serve(self.connection))
        server._connections.add(self.connection)

    async def join(self) -> list[list[Any]]:
        await settle()
        self.say("hello", self.hello_caps)
        await settle()
        return self.heard()


async def settle() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


class House:
    """A server on a desktop without X."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
        self.desktop = FakeDesktop(window_info(1, title="one"), window_info(2, title="two"))
        monkeypatch.setattr(app, "Desktop", lambda connect, on_lost: self.desktop)
        self.offload = Offload()
        self.services = LoginServices(env=FakeEnv(), limiter=LoginLimiter(), offload=self.offload)
        self.settings = ServerSettings(identity=IDENTITY, listeners=(), **settings)
        self.server = Server(self.settings, self.services, lambda: None)  # type: ignore[arg-type,return-value]
        self.viewers: list[Viewer] = []

    async def viewer(self, uuid: str, **changes: Any) -> tuple[Viewer, list[str]]:
        """A client that says hello, and the names of what it got."""
        viewer = Viewer(self.server, uuid, **changes)
        self.viewers.append(viewer)
        heard = await viewer.join()
        return viewer, [
            " ".join(map(str, packet[:2])) if packet[0] == "disconnect" else str(packet[0]) for packet in heard
        ]

    @property
    def clients(self) -> list[str]:
        return [client.hello.uuid for client in self.server._clients if client.hello is not None]


def check(monkeypatch: pytest.MonkeyPatch, story: Callable[[House], Awaitable[None]], **settings: Any) -> None:
    async def told() -> None:
        house = House(monkeypatch, **settings)
        await story(house)
        for viewer in house.viewers:
            viewer.leave()
            await viewer.running
            viewer.offload.close()
        assert house.clients == []
        assert house.desktop.observers == []
        house.offload.close()

    run(told())


def test_a_client_gets_our_hello_the_windows_and_their_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        _, heard = await house.viewer("a")
        assert heard == ["hello", "new-window", "new-window", "startup-complete"]
        assert house.clients == ["a"]

    check(monkeypatch, story)


def test_a_command_client_gets_no_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        _, heard = await house.viewer("a", ui_client=False)
        assert heard == ["hello"]
        assert house.desktop.observers == []

    check(monkeypatch, story)


def test_only_clients_that_show_a_cursor_are_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        _, heard = await house.viewer("a", input=InputCaps(cursors=True))
        assert "cursor" in heard

    check(monkeypatch, story)


def test_a_newcomer_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        first, _ = await house.viewer("a")
        await house.viewer("b")
        assert first.heard() == [["disconnect", "new client"]]
        assert house.clients == ["b"]

    check(monkeypatch, story)


def test_who_shares_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        first, _ = await house.viewer("a", share=True)
        await house.viewer("b", share=True)
        assert first.heard() == []
        assert house.clients == ["a", "b"]
        assert len(house.desktop.observers) == 2

    check(monkeypatch, story)


def test_a_locked_session_is_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        await house.viewer("a", lock=True)
        _, heard = await house.viewer("b")
        assert heard == ["disconnect session busy"]
        assert house.clients == ["a"]

    check(monkeypatch, story)


def test_the_same_client_comes_back_before_its_old_connection_is_known_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        first, _ = await house.viewer("a", lock=True)
        await house.viewer("a", lock=True)
        assert first.heard() == [["disconnect", "new client", "new connection from the same uuid"]]
        assert house.clients == ["a"]

    check(monkeypatch, story)


def test_a_connection_whose_features_fail_is_nobodys_client(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(context: object) -> None:
        raise RuntimeError("cannot be made")

    async def story(house: House) -> None:
        row = dataclasses.replace(app.FEATURES[0], make=fail)
        with monkeypatch.context() as patched:
            patched.setattr(app, "FEATURES", (row,))
            viewer, _ = await house.viewer("a")
        await viewer.running
        assert house.clients == []
        assert house.server._connections == set()

    check(monkeypatch, story)


@pytest.mark.parametrize(("resize", "told"), [(True, [("resize_screen", Size(800, 600))]), (False, [])])
def test_the_screen_takes_the_clients_size_where_it_may(
    monkeypatch: pytest.MonkeyPatch, resize: bool, told: list[Any]
) -> None:
    async def story(house: House) -> None:
        await house.viewer("a", display=DisplayCaps(desktop_size=Size(800, 600)))
        assert [call for call in house.desktop.calls if call[0] == "resize_screen"] == told

    check(monkeypatch, story, resize=resize)


def test_detaching_everybody_counts_them(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        first, _ = await house.viewer("a", share=True)
        second, _ = await house.viewer("b", share=True)
        assert house.server.detach_all(DisconnectReason.DETACH_REQUEST) == 2
        assert first.heard() == second.heard() == [["disconnect", "detach request"]]
        assert house.clients == []

    check(monkeypatch, story)


def test_an_answer_is_logged_with_its_peer(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "limpet.server")

    async def story(house: House) -> None:
        viewer = Viewer(house.server, "a")
        house.viewers.append(viewer)
        viewer.hello_caps["request"] = "version"
        assert [packet[0] for packet in await viewer.join()] == ["hello"]

    check(monkeypatch, story)
    assert "192.0.2.7:4711: request version before login" in caplog.text


def test_info_tells_of_clients_windows_listeners_and_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        await house.viewer("a")
        await house.server.children.start(("sleep", "60"), waited_for=True)
        info: dict[str, Any] = house.server.info()
        assert info["clients"][""] == 1
        assert info["clients"]["0"]["peer"] == "192.0.2.7:4711"
        assert info["clients"]["0"]["user"] == "joe"
        assert info["clients"]["0"]["encryption"] == {"": False}
        assert info["windows"]["2"] == {
            "title": "two",
            "geometry": [10, 20, 300, 200],
            "class-instance": [],
            "override-redirect": False,
        }
        assert [command["command"] for command in info["commands"].values()] == [["sleep", "60"]]
        assert info["display"] == {"name": ":7", "size": [1600, 1000]}
        assert info["server"]["uuid"] == "abc"
        await house.server.children.stop()

    check(monkeypatch, story, environment={"PATH": "/usr/bin:/bin"})


@pytest.mark.parametrize(
    ("words", "status", "text"),
    [
        ((), 0, "commands:"),
        (("help",), 0, "commands:"),
        (("windows",), 0, "1 'one'"),
        (("start",), 127, "unknown command"),
        (("no\x1bsuch",), 127, "unknown command 'no\\x1bsuch'"),
    ],
)
def test_control_commands(monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], status: int, text: str) -> None:
    async def story(house: House) -> None:
        code, said = house.server.control(words)
        assert code == status
        assert text in said

    check(monkeypatch, story)


def test_a_program_is_started_on_command_and_one_that_cannot_run_is_logged(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    async def story(house: House) -> None:
        made = tmp_path / "made"
        assert house.server.control(("start", "touch", str(made))) == (0, "starting touch")
        assert house.server.control(("start", "no-such-program")) == (0, "starting no-such-program")
        await house.server.start_program(None, f"touch {made}-too", waited_for=False)
        await house.server.start_program(None, "'", waited_for=False)
        while house.server._tasks or house.server.children.running:
            await asyncio.sleep(0.005)

    check(monkeypatch, story, environment={"PATH": "/usr/bin:/bin"})
    assert {path.name for path in tmp_path.iterdir()} == {"made", "made-too"}
    assert "cannot run 'no-such-program'" in caplog.text
    assert "No closing quotation" in caplog.text


# -- its life -----------------------------------------------------------------------------------------------------


def serve(monkeypatch: pytest.MonkeyPatch, story: Callable[[House], Awaitable[None]], **settings: Any) -> House:
    """Run the whole server, `story` beside it once it is ready."""
    kept: list[House] = []

    async def told() -> None:
        house = House(monkeypatch, environment={"PATH": "/usr/bin:/bin"}, **settings)
        kept.append(house)
        ready = asyncio.Event()
        running = asyncio.ensure_future(house.server.run(ready.set))
        await ready.wait()
        try:
            await story(house)
        finally:
            await running
            for viewer in house.viewers:
                await viewer.running
                viewer.offload.close()
        assert ("close",) in house.desktop.calls

    run(told())
    return kept[0]


@pytest.mark.parametrize(("keep", "reason"), [(False, "server shutdown"), (True, "server exit")])
def test_shutting_down_says_goodbye_and_ends_programs_or_leaves_them(
    monkeypatch: pytest.MonkeyPatch, keep: bool, reason: str
) -> None:
    async def story(house: House) -> None:
        viewer, _ = await house.viewer("a")
        (child,) = house.server.children.running
        house.server.shutdown(keep_display=keep)
        await viewer.running
        assert viewer.heard() == [["disconnect", reason]]
        while not any(call == ("close",) for call in house.desktop.calls):
            await asyncio.sleep(0.005)
        assert [left.pid for left in house.server.children.running] == ([child.pid] if keep else [])
        if keep:
            await house.server.children.stop()

    house = serve(monkeypatch, story, start=("sleep 60",))
    assert house.server.keep_display is keep


def test_the_end_of_the_last_child_ends_the_session_where_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        """Nothing: `true` ends by itself."""

    house = serve(monkeypatch, story, start_child=("true",), exit_with_children=True)
    assert not house.server.keep_display


def test_without_that_option_the_session_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        while house.server.children.running:
            await asyncio.sleep(0.005)
        await settle()
        assert not house.server._ended.is_set()
        house.server.shutdown_by_signal("SIGTERM")

    serve(monkeypatch, story, start_child=("true",))


def test_a_lost_display_ends_the_session_with_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        house.server.display_ended()
        house.server._display_lost(DisplayUnavailable("told again"))

    with pytest.raises(DisplayUnavailable, match="X server of display :7 is gone"):
        serve(monkeypatch, story)


def test_a_program_that_cannot_start_fails_the_start_and_closes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    async def told() -> None:
        house = House(monkeypatch, environment={"PATH": "/usr/bin:/bin"}, start=("sleep 60", "no-such-program"))
        with pytest.raises(app.ConfigError, match="cannot run"):
            await house.server.run(lambda: None)
        assert house.server.children.running == ()
        assert ("close",) in house.desktop.calls

    run(told())


def test_listeners_are_opened_and_serve(monkeypatch: pytest.MonkeyPatch) -> None:
    async def told() -> None:
        house = House(monkeypatch)
        bind = parse_bind("tcp", "127.0.0.1:0")
        setup = ListenerSetup(
            plan=ListenerPlan(bind=bind, tls=None, tls_only=False, clear_allowed=True, aes=None, auth=()),
            policy=FixedPolicy(),
            protection=Protection(name="tcp", aes=None),
        )
        house.server._settings = dataclasses.replace(house.settings, listeners=(setup,))
        ((address, opened),) = await house.server.open_listeners()
        assert opened is setup
        assert house.server.info()["listeners"] == {"0": {"address": address, "protection": "tcp"}}
        ready = asyncio.Event()
        running = asyncio.ensure_future(house.server.run(ready.set))
        await ready.wait()
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"nothing that is a record\n")
        assert await reader.read() != b""
        writer.close()
        house.server.shutdown(keep_display=False)
        await running

    run(told())


def test_a_connection_that_fails_inside_ends_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(_: Connection) -> None:
        raise RuntimeError("a mistake of ours")

    async def story(house: House) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(Connection, "run", fail)
            setup = ListenerSetup(
                plan=None,  # type: ignore[arg-type]
                policy=FixedPolicy(),
                protection=Protection(name="tcp", aes=None),
            )
            house.server._accepted(setup, Accepted(Stream(), b"", Slot()))  # type: ignore[arg-type]
            await settle()
        assert house.server._connections == set()
        assert house.server._tasks == set()

    check(monkeypatch, story)
    assert "internal error" in caplog.text


def test_greeting_says_the_size_that_the_client_will_get(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(house: House) -> None:
        for size, expected in ((Size(800, 600), (800, 600)), (Size(9000, 9000), (3840, 2160)), (None, (1600, 1000))):
            peer = Peer(house.server)
            accepted: list[Any] = []
            peer.connection.hello = ClientHello(encoding=VIEWER, display=DisplayCaps(desktop_size=size))
            with monkeypatch.context() as patched:
                patched.setattr(peer.connection.session, "accept", lambda hello, now, into=accepted: into.append(hello))
                house.server.greet(peer.connection)
            assert accepted[0].actual_desktop_size == Size(*expected)
            peer.offload.close()
        assert house.desktop.calls == []

    check(monkeypatch, story)


def test_a_connection_that_does_not_end_does_not_hold_the_end_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "DISCONNECT_GRACE_S", 0.05)
    monkeypatch.setattr(Connection, "disconnect", lambda *_: None)
    stream = Stream()

    async def story(house: House) -> None:
        setup = ListenerSetup(
            plan=None,  # type: ignore[arg-type]
            policy=FixedPolicy(),
            protection=Protection(name="tcp", aes=None),
        )
        house.server._accepted(setup, Accepted(stream, b"", Slot()))  # type: ignore[arg-type]
        await settle()
        house.server.shutdown(keep_display=False)

    serve(monkeypatch, story)
    assert stream.closed
