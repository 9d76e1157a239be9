"""`limpet attach` whole: a server in a thread, the user interface in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from limpet.client import app, reconnect, terminal
from limpet.client.app import attach
from limpet.client.memory import PeerMemory
from limpet.client.messages import (
    AskPassword,
    CloseRequested,
    CreateWindow,
    DestroyAllWindows,
    DestroyWindow,
    FocusChanged,
    Interrupted,
    KeyChanged,
    PointerMoved,
    ShowStatus,
    UiEvent,
    WindowConfigured,
    WindowUnmapped,
)
from limpet.client.plan import ConnectPlan
from limpet.client.ui.base import UiEventSink
from limpet.client.ui.headless import HeadlessUi
from limpet.errors import (
    AuthenticationFailed,
    ConnectionFailed,
    DisconnectReason,
    DisplayUnavailable,
    EncryptionRequired,
    ExitCode,
    LimpetError,
    PasswordRequired,
)
from limpet.packets.handshake import StartupComplete
from limpet.packets.keyboard import KeyAction
from limpet.packets.pointer import PointerPosition
from limpet.packets.window_client import ConfigureWindow, DrawAck, Focus, MapWindow, UnmapWindow
from limpet.session.encryption import AesPolicy
from limpet.values import Rect, Secret, WindowId
from tests.client.plans import plan
from tests.client.server import FakeServer, Peer, one_window, paint_when_mapped, picture, serving

WINDOW = WindowId(1)
WAIT_S = 10.0


class Run:
    """`attach` in a thread; the test acts as the user."""

    def __init__(self, planned: ConnectPlan, *, memory: PeerMemory | None = None, **ui: Any) -> None:
        self.said: list[str] = []
        self.code: int | None = None
        self.error: BaseException | None = None
        self.memory = memory if memory is not None else PeerMemory(None)
        self._plan = planned
        self._ui_options = ui
        self._ui: HeadlessUi | None = None
        self._sink: UiEventSink | None = None
        self._made = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.code = attach(self._plan, self._make, self.memory, self.said.append)
        except LimpetError as error:
            self.error = error

    def _make(self, sink: UiEventSink) -> HeadlessUi:
        self._sink = sink
        self._ui = HeadlessUi(sink, **self._ui_options)
        self._made.set()
        return self._ui

    @property
    def ui(self) -> HeadlessUi:
        assert self._made.wait(WAIT_S)
        assert self._ui is not None
        return self._ui

    def user(self, *events: UiEvent) -> None:
        assert self._sink is not None
        for event in events:
            self._sink.put(event)

    def until(self, condition: Callable[[HeadlessUi], bool]) -> None:
        """Wait for something to happen in the user interface."""
        ui = self.ui
        with ui._changed:
            if not ui._changed.wait_for(lambda: condition(ui), WAIT_S):
                raise TimeoutError(f"windows {ui.windows}, status {ui.status!r}, said {self.said}")

    def end(self) -> int:
        """Wait for `attach` to return."""
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        assert self.code is not None
        return self.code

    def leave(self) -> int:
        self.user(Interrupted(2))
        return self.end()


@contextmanager
def attached(server: FakeServer, *words: str, url: str = "tcp://127.0.0.1:{port}/", **ui: Any) -> Iterator[Run]:
    run = Run(plan(url.format(port=server.port), *words), **ui)
    try:
        yield run
    finally:
        assert run.ui is not None
        run.user(Interrupted(2))
        run._thread.join(WAIT_S)
        assert not run._thread.is_alive()


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Delays of a reconnect as short as they can be, and nobody at the terminal."""
    monkeypatch.setattr(reconnect, "FIRST_DELAY_S", 0.01)
    monkeypatch.setattr(terminal, "available", lambda: False)


def test_pixels_arrive_and_are_acknowledged() -> None:
    with serving(on_joined=one_window(), on_packet=paint_when_mapped()) as server, attached(server) as run:
        ack = server.received(DrawAck)[0]
        assert (ack.window_id, ack.sequence, ack.width, ack.height) == (1, 1, 8, 4)
        assert ack.decode_us >= 1
        assert bytes(run.ui.pixels(WINDOW).data)[:4] == b"\x01\x02\x03\x00"
        assert run.ui.windows[WINDOW].properties.title == "one"
        assert run.said == [f"attached to tcp://127.0.0.1:{server.port}/, in clear"]
        assert run.leave() == 130


def test_input_arrives() -> None:
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        run.user(
            FocusChanged(WINDOW),
            KeyChanged(WINDOW, "a", 97, "a", 38, True),
            PointerMoved(WINDOW, 11, 22),
            WindowConfigured(WINDOW, Rect(30, 40, 50, 60), 0),
        )
        assert server.received(Focus)[0].window_id == 1
        assert server.received(KeyAction)[0].name == "a"
        assert server.received(PointerPosition)[0].position == (11, 22)
        assert server.received(ConfigureWindow, 2)[1].width == 50


def test_an_orderly_end_says_why_and_is_no_error() -> None:
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        server.do(lambda peer: peer.disconnect(DisconnectReason.SERVER_SHUTDOWN))
        assert run.end() == ExitCode.OK
        assert run.said[-1] == "the session ended: server shutdown"


def test_a_legacy_server_is_found_and_remembered() -> None:
    """Text first, as 3.1.3 answers rencodeplus; the real thing is in tests/interop."""
    with serving(raw=lambda _: b"disconnect: failed to parse bencode packet\n") as server:
        run = Run(plan(f"tcp://127.0.0.1:{server.port}/"))
        with pytest.raises(LimpetError, match="failed to parse"):
            run.end()
        assert server.connections == 2
    assert not run.memory.is_legacy(f"tcp://127.0.0.1:{server.port}/")


def test_a_remembered_legacy_target_is_tried_that_way_first(tmp_path: Path) -> None:
    seen: list[str] = []
    with serving(on_joined=lambda peer: seen.append(peer.session.dialect.serializer)) as server:
        target = plan(f"tcp://127.0.0.1:{server.port}/")
        memory = PeerMemory(tmp_path / "file")
        memory.remember(str(target.target), legacy=True)
        run = Run(target, memory=memory)
        run.until(lambda ui: ShowStatus(None) in ui.commands)
        run.leave()
        assert seen == ["rencode"]
        assert memory.is_legacy(str(target.target))


def test_errors_come_out_of_attach() -> None:
    with serving(passwords=["right"]) as server, pytest.raises(AuthenticationFailed):
        Run(plan(f"tcp://joe:wrong@127.0.0.1:{server.port}/")).end()
    with pytest.raises(ConnectionFailed):
        Run(plan(f"tcp://127.0.0.1:{server.port}/")).end()


def test_encryption_that_the_server_does_not_have_is_refused_and_nothing_is_shown() -> None:
    with serving(on_joined=one_window()) as server:
        run = Run(plan(f"tcp://joe:word@127.0.0.1:{server.port}/", "--tcp-encryption=AES"))
        with pytest.raises(EncryptionRequired):
            run.end()
        assert not [command for command in run.ui.commands if isinstance(command, CreateWindow)]
        assert not any(peer.joined for peer in server.peers)


def test_the_password_window_asks() -> None:
    with (
        serving(passwords=["typed"], on_joined=one_window()) as server,
        attached(server, url="tcp://joe@127.0.0.1:{port}/", password=Secret(b"typed")) as run,
    ):
        run.until(lambda ui: bool(ui.windows))
        question = next(command for command in run.ui.commands if isinstance(command, AskPassword))
        assert (question.prompt, question.retry) == ("password", False)
        assert question.who == f"tcp://127.0.0.1:{server.port}/ (user joe)"


def test_a_password_window_that_is_closed_is_no_password() -> None:
    with serving(passwords=["typed"]) as server:
        run = Run(plan(f"tcp://127.0.0.1:{server.port}/"), password=None)
        with pytest.raises(PasswordRequired):
            run.end()


def test_the_terminal_asks_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    questions: list[str] = []

    async def ask(question: str) -> str:
        questions.append(question)
        return "typed"

    monkeypatch.setattr(terminal, "available", lambda: True)
    monkeypatch.setattr(terminal, "ask_secret", ask)
    with serving(passwords=["typed"], on_joined=one_window()) as server, attached(server) as run:
        run.until(lambda ui: bool(ui.windows))
    assert len(questions) == 1


def test_closing_a_window_detaches_if_that_is_wished() -> None:
    with serving(on_joined=one_window()) as server, attached(server, "--window-close=detach") as run:
        server.received(MapWindow)
        run.user(CloseRequested(WINDOW))
        assert run.end() == ExitCode.OK
        server.wait(lambda: server.peer.ended is not None)
        assert server.peer.ended is not None
        assert server.peer.ended.reason == "client exit"


def test_without_a_desktop_the_connection_is_closed() -> None:
    class NoDesktop:
        def __init__(self, sink: UiEventSink) -> None:
            self.sink = sink

        def run(self) -> int:
            raise DisplayUnavailable("no desktop")

        def post(self, command: object) -> bool:
            return True

    with serving() as server, pytest.raises(DisplayUnavailable):
        attach(plan(f"tcp://127.0.0.1:{server.port}/"), NoDesktop, PeerMemory(None), lambda _: None)


def test_a_bug_of_the_network_thread_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(_: object) -> int:
        raise ValueError("a bug")

    monkeypatch.setattr(app.Client, "run", broken)
    with pytest.raises(ValueError, match="a bug"):
        attach(plan("tcp://127.0.0.1:1/"), HeadlessUi, PeerMemory(None), lambda _: None)


# -- lost links --------------------------------------------------------------------------------------------------------


def test_a_lost_link_is_taken_up_again_and_windows_stay() -> None:
    with serving(on_joined=one_window(), on_packet=paint_when_mapped()) as server, attached(server) as run:
        server.received(DrawAck)
        server.do(Peer.cut)
        server.wait(lambda: len(server.peers) == 2)
        assert len(server.received(MapWindow)) == 1
        assert server.received(DrawAck)[0].sequence == 1
        created = [command for command in run.ui.commands if isinstance(command, CreateWindow)]
        assert len(created) == 1
        assert not [command for command in run.ui.commands if isinstance(command, DestroyWindow)]
        statuses = [command.text for command in run.ui.commands if isinstance(command, ShowStatus)]
        assert statuses[-1] is None
        assert any("connecting again" in text for text in statuses if text)
        assert any("connection lost" in line for line in run.said)


def test_the_same_security_is_asked_for_again() -> None:
    words = ("--tcp-encryption=AES",)
    url = "tcp://joe:word@127.0.0.1:{port}/"
    script = {"aes": AesPolicy(None, required=True), "key": Secret(b"word"), "passwords": ["word"]}
    with serving(on_joined=one_window(), **script) as server, attached(server, *words, url=url) as run:
        server.received(MapWindow)
        # somebody else answers in clear
        server.script.aes = None
        server.do(Peer.cut)
        with pytest.raises(EncryptionRequired):
            run.end()


def test_what_the_user_typed_is_not_asked_again() -> None:
    with (
        serving(passwords=["typed"], on_joined=one_window()) as server,
        attached(server, password=Secret(b"typed")) as run,
    ):
        server.received(MapWindow)
        server.do(Peer.cut)
        server.wait(lambda: len(server.peers) == 2)
        server.received(MapWindow)
        assert len([command for command in run.ui.commands if isinstance(command, AskPassword)]) == 1


def test_a_window_that_is_gone_after_the_reconnect_is_closed() -> None:
    def joined(peer: Peer) -> None:
        if len(server.peers) < 2:
            one_window(1)(peer)
        one_window(2)(peer)

    with serving(on_joined=joined) as server, attached(server) as run:
        run.until(lambda ui: len(ui.windows) == 2)
        server.do(Peer.cut)
        run.until(lambda ui: len(ui.windows) == 1)
        assert WindowId(2) in run.ui.windows


def test_a_new_session_at_the_same_place_starts_anew() -> None:
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        server.script.uuid = "session-2"
        server.do(Peer.cut)
        run.until(lambda ui: len([each for each in ui.commands if isinstance(each, DestroyAllWindows)]) == 2)
        run.until(lambda ui: len([each for each in ui.commands if isinstance(each, CreateWindow)]) == 2)


def test_a_disconnect_is_not_answered_by_coming_back() -> None:
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        server.do(lambda peer: peer.disconnect(DisconnectReason.NEW_CLIENT))
        assert run.end() == ExitCode.OK
        assert server.connections == 1


def test_no_reconnect_if_that_is_wished() -> None:
    with serving(on_joined=one_window()) as server, attached(server, "--reconnect=no") as run:
        server.received(MapWindow)
        server.do(Peer.cut)
        with pytest.raises(LimpetError):
            run.end()
        assert server.connections == 1


def test_the_user_may_leave_or_close_a_window_while_it_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "FIRST_DELAY_S", 30.0)
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        server.do(Peer.cut)
        run.until(lambda ui: bool(ui.status))
        run.user(WindowUnmapped(WINDOW), CloseRequested(WINDOW))
        assert run.end() == ExitCode.OK


def test_a_window_iconified_while_the_link_was_lost_stays_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconnect, "FIRST_DELAY_S", 0.3)
    with serving(on_joined=one_window()) as server, attached(server) as run:
        server.received(MapWindow)
        server.do(Peer.cut)
        run.until(lambda ui: bool(ui.status))
        run.user(WindowUnmapped(WINDOW))
        server.wait(lambda: len(server.peers) == 2)
        server.received(StartupComplete, 0)
        run.until(lambda ui: ui.status is None)
        assert not [packet for packet in server.peer.packets if isinstance(packet, (MapWindow, UnmapWindow))]


def test_pictures_of_an_earlier_connection_are_not_acknowledged_to_the_next() -> None:
    def joined(peer: Peer) -> None:
        one_window()(peer)
        if len(server.peers) == 1:
            peer.send(picture(1, 8, 4, b"\1\2\3\0", 77))
            peer.cut()

    with serving(on_joined=joined) as server, attached(server):
        server.wait(lambda: len(server.peers) == 2)
        server.received(MapWindow)
        assert not [packet for packet in server.peer.packets if isinstance(packet, DrawAck)]
