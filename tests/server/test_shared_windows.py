"""The windows feature on a real X server: what several clients are told of geometry and states."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from limpet.errors import DisplayUnavailable
from limpet.packets.capabilities import ClientHello
from limpet.packets.dialect import NESTED_65
from limpet.packets.draw import Draw
from limpet.packets.schema import Packet
from limpet.packets.window import NewWindow, WindowMetadataChanged, WindowMoveResize
from limpet.packets.window_client import CloseWindow, ConfigureWindow, MapWindow, UnmapWindow, WindowState
from limpet.server.desktop import Desktop
from limpet.server.features.base import FeatureContext
from limpet.server.features.windows import WindowsFeature
from limpet.values import Rect, Size, WindowId, Xid
from limpet.x11.connection import X11Connection
from limpet.x11.display import Xvfb, XvfbOptions
from limpet.x11.testing import Application

PLACE = Rect(20, 30, 200, 100)
PATIENCE_S = 20.0


class NoControl:
    """Nothing is asked of the server as a whole here."""

    async def start_program(self, command: tuple[str, ...] | None, text: str, *, waited_for: bool) -> None:
        raise AssertionError

    def shutdown(self, *, keep_display: bool) -> None:
        raise AssertionError

    def info(self) -> dict[str, object]:
        raise AssertionError


class Peer:
    """One client: the feature, and what it sent."""

    def __init__(self, desktop: Desktop, now: Callable[[], float]) -> None:
        self.sent: list[Packet] = []
        self._tasks: set[asyncio.Task[None]] = set()
        context = FeatureContext(
            hello=ClientHello(version="6.5"),
            dialect=NESTED_65,
            send=self._send,
            desktop=desktop,
            spawn=lambda coroutine: self._tasks.add(asyncio.ensure_future(coroutine)),
            clock=now,
            write_buffered=lambda: 0,
            host=NoControl(),  # type: ignore[arg-type]  # `info` is never called
            log=lambda _: None,
            resize_screen=False,
        )
        self.feature = WindowsFeature(context)
        self.feature.start()
        self._handlers = {entry.packet: entry.handle for entry in self.feature.handlers()}

    def _send(self, packet: Packet, *, flush: bool = True) -> None:
        self.sent.append(packet)

    def give(self, packet: Packet) -> None:
        self._handlers[type(packet)](packet)

    def draws(self) -> list[Draw]:
        return [packet for packet in self.sent if isinstance(packet, Draw)]

    def moves(self) -> list[tuple[Rect, int]]:
        found = [packet for packet in self.sent if isinstance(packet, WindowMoveResize)]
        return [(Rect(packet.x, packet.y, packet.width, packet.height), packet.resize_counter) for packet in found]

    def metadata(self, field: str) -> list[object]:
        found = [packet.metadata for packet in self.sent if isinstance(packet, WindowMetadataChanged)]
        return [value for metadata in found if (value := getattr(metadata, field)) is not None]


class Stage:
    """A desktop with one window; `now` is the clients' clock."""

    def __init__(self, desktop: Desktop, app: Application, xid: Xid) -> None:
        self.desktop = desktop
        self.app = app
        self.xid = xid
        self.now = 100.0

    def join(self) -> Peer:
        return Peer(self.desktop, lambda: self.now)

    @property
    def window_id(self) -> WindowId:
        return self.desktop.windows[0].id

    def configure(self, rect: Rect, counter: int, maximized: bool | None = None) -> ConfigureWindow:
        return ConfigureWindow(
            window_id=self.window_id,
            x=rect.x,
            y=rect.y,
            width=rect.width,
            height=rect.height,
            resize_counter=counter,
            state=WindowState(maximized=maximized),
        )

    def iconic(self) -> bool:
        return self.desktop.windows[0].info.iconic

    def geometry(self) -> Rect:
        reply = self.app.connection.reply(self.app.core.GetGeometry(self.xid))
        return Rect(reply.x, reply.y, reply.width, reply.height)

    async def until(self, happened: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE_S
        while not happened():
            assert time.monotonic() < end, "it did not happen"
            await asyncio.sleep(0.005)


@pytest.fixture
def xvfb(tmp_path: Path) -> Iterator[Xvfb]:
    server = Xvfb.start(XvfbOptions(folder=tmp_path, screen=Size(1280, 800)))
    yield server
    server.stop()


def run(xvfb: Xvfb, test: Callable[[Stage], object], **hints: Size) -> None:
    """Run the coroutine function `test` with a window on a desktop."""

    async def body() -> None:
        connection: X11Connection = xvfb.connect()
        app = Application(connection)
        desktop = Desktop(xvfb.connect, on_lost=lambda error: pytest.fail(str(error)))
        try:
            xid = app.window(PLACE)
            if "increment" in hints:
                step = hints["increment"]
                values = [1 << 6, *[0] * 8, step.width, step.height, *[0] * 7]
                app.set_cards(xid, "WM_NORMAL_HINTS", "WM_SIZE_HINTS", values)
            app.map(xid)
            stage = Stage(desktop, app, xid)
            await stage.until(lambda: desktop.windows)
            await test(stage)  # type: ignore[misc]  # a coroutine function
        finally:
            await desktop.close()
            connection.close()

    asyncio.run(body())


def test_a_client_that_joins_later_may_move_a_window_that_the_application_moved_before(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        first = stage.join()
        stage.app.core.ConfigureWindow(stage.xid, 3, [50, 60])
        stage.app.connection.flush()
        await stage.until(first.moves)
        assert first.moves() == [(Rect(50, 60, 200, 100), 1)]
        first.feature.stop()
        second = stage.join()
        second.give(stage.configure(Rect(70, 80, 210, 110), 0))
        await stage.until(lambda: stage.geometry() == Rect(70, 80, 210, 110))

    run(xvfb, test)


def test_a_geometry_sent_before_the_client_knew_of_a_newer_one_is_ignored(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        stage.app.core.ConfigureWindow(stage.xid, 3, [50, 60])
        stage.app.connection.flush()
        await stage.until(peer.moves)
        peer.give(stage.configure(Rect(1, 2, 210, 110), 0))
        peer.give(stage.configure(Rect(3, 4, 220, 120), 1))
        await stage.until(lambda: stage.geometry() == Rect(3, 4, 220, 120))

    run(xvfb, test)


def test_a_client_that_shows_the_geometry_but_does_not_count_it_is_heard(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        stage.app.core.ConfigureWindow(stage.xid, 3, [50, 60])
        stage.app.connection.flush()
        await stage.until(peer.moves)
        peer.give(stage.configure(Rect(50, 60, 200, 100), 0))
        peer.give(stage.configure(Rect(3, 4, 220, 120), 0))
        await stage.until(lambda: stage.geometry() == Rect(3, 4, 220, 120))

    run(xvfb, test)


def test_a_client_that_never_counts_is_heard_after_a_while(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        stage.app.core.ConfigureWindow(stage.xid, 3, [50, 60])
        stage.app.connection.flush()
        await stage.until(peer.moves)
        stage.now += 10
        peer.give(stage.configure(Rect(3, 4, 220, 120), 0))
        await stage.until(lambda: stage.geometry() == Rect(3, 4, 220, 120))

    run(xvfb, test)


def test_the_other_clients_are_told_where_one_has_put_a_window(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        one, other = stage.join(), stage.join()
        one.give(stage.configure(Rect(70, 80, 210, 110), 0))
        assert (one.moves(), other.moves()) == ([], [(Rect(70, 80, 210, 110), 1)])
        # what the other's desktop makes of it counts, and is not sent back
        other.give(stage.configure(Rect(70, 80, 205, 105), 1))
        assert one.moves() == []
        stage.now += 5
        other.give(stage.configure(Rect(0, 0, 300, 200), 1))
        assert one.moves() == [(Rect(0, 0, 300, 200), 1)]

    run(xvfb, test)


def test_a_window_that_was_iconified_comes_back_when_the_client_maps_it(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer, other = stage.join(), stage.join()
        peer.give(UnmapWindow(window_id=stage.window_id, iconified=True))
        assert stage.iconic()
        await stage.until(lambda: stage.app.atoms(stage.xid, "_NET_WM_STATE") == {"_NET_WM_STATE_HIDDEN"})
        peer.give(MapWindow(window_id=stage.window_id, x=20, y=30, width=200, height=100))
        assert not stage.iconic()
        await stage.until(lambda: not stage.app.atoms(stage.xid, "_NET_WM_STATE"))
        assert (peer.metadata("iconic"), other.metadata("iconic")) == ([], [True, False])

    run(xvfb, test)


@pytest.mark.parametrize(
    ("states", "field"),
    [
        (["_NET_WM_STATE_FULLSCREEN"], "fullscreen"),
        (["_NET_WM_STATE_MAXIMIZED_VERT", "_NET_WM_STATE_MAXIMIZED_HORZ"], "maximized"),
        (["_NET_WM_STATE_ABOVE"], "above"),
    ],
)
def test_a_client_is_told_of_the_state_that_an_application_asks_for(xvfb: Xvfb, states: list[str], field: str) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        atoms = [stage.app.atom(name) for name in states]
        stage.app.tell_root(stage.xid, "_NET_WM_STATE", [1, *atoms])
        await stage.until(lambda: peer.metadata(field) == [True])
        stage.app.tell_root(stage.xid, "_NET_WM_STATE", [0, *atoms])
        await stage.until(lambda: peer.metadata(field) == [True, False])

    run(xvfb, test)


def test_a_client_is_told_that_an_application_iconified_itself(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        stage.app.tell_root(stage.xid, "WM_CHANGE_STATE", [3])
        await stage.until(lambda: peer.metadata("iconic") == [True])
        stage.app.map(stage.xid)
        await stage.until(lambda: peer.metadata("iconic") == [True, False])

    run(xvfb, test)


def test_the_size_that_a_client_gives_is_not_corrected_to_steps(xvfb: Xvfb) -> None:
    """Its window manager knows them; a correction of ours would fight with it while the user drags."""

    async def test(stage: Stage) -> None:
        peer = stage.join()
        peer.give(stage.configure(Rect(0, 0, 1279, 799), 0))
        await stage.until(lambda: stage.geometry() == Rect(0, 0, 1279, 799))
        assert peer.moves() == []

    run(xvfb, test, increment=Size(10, 10))


def test_a_menu_is_painted_though_the_client_does_not_map_it(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        menu = stage.app.window(Rect(5, 6, 70, 80), override_redirect=True)
        stage.app.map(menu)
        await stage.until(peer.draws)
        drawn = peer.draws()[0]
        assert (drawn.window_id, drawn.x, drawn.y, drawn.width, drawn.height) == (2, 0, 0, 70, 80)

    run(xvfb, test)


def test_closing_a_window_that_cannot_be_asked_ends_its_application_once(
    xvfb: Xvfb, caplog: pytest.LogCaptureFixture
) -> None:
    async def test(stage: Stage) -> None:
        peer = stage.join()
        other = xvfb.connect()
        mute = Application(other)
        xid = mute.window(Rect(5, 6, 70, 80))
        mute.map(xid)
        await stage.until(lambda: len(stage.desktop.windows) == 2)
        peer.give(CloseWindow(window_id=stage.desktop.windows[1].id))
        await stage.until(lambda: len(stage.desktop.windows) == 1)
        stage.app.connection.sync()
        await asyncio.sleep(0.05)  # an answer of the X server's that must not come
        with pytest.raises(DisplayUnavailable):
            other.sync()

    run(xvfb, test)
    assert caplog.text == ""


def test_every_window_is_announced_to_a_client_that_joins(xvfb: Xvfb) -> None:
    async def test(stage: Stage) -> None:
        xids = [stage.app.window(Rect(index, index, 20, 20)) for index in range(20)]
        for xid in xids:
            stage.app.map(xid)
        await stage.until(lambda: len(stage.desktop.windows) == 21)
        peer = stage.join()
        assert len([packet for packet in peer.sent if isinstance(packet, NewWindow)]) == 21

    run(xvfb, test)
