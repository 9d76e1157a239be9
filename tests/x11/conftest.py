"""An X server of its own for each test: 50 ms, and nothing left over from another test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from limpet.values import Rect, Size, Xid
from limpet.x11.connection import X11Connection
from limpet.x11.display import Xvfb, XvfbOptions
from limpet.x11.manager import WindowManager
from limpet.x11.testing import Application, Pump, RecordingSink

SCREEN = Size(1280, 800)
PLACE = Rect(20, 30, 200, 100)


@pytest.fixture
def xvfb(tmp_path: Path) -> Iterator[Xvfb]:
    server = Xvfb.start(XvfbOptions(folder=tmp_path, screen=SCREEN))
    yield server
    server.stop()


@pytest.fixture
def connect(xvfb: Xvfb) -> Iterator[Callable[[], X11Connection]]:
    opened: list[X11Connection] = []

    def open_one() -> X11Connection:
        opened.append(xvfb.connect())
        return opened[-1]

    yield open_one
    for connection in opened:
        connection.close()


@pytest.fixture
def app(connect: Callable[[], X11Connection]) -> Application:
    return Application(connect())


@dataclass
class Stage:
    """A running window manager with an application that it manages."""

    connection: X11Connection
    sink: RecordingSink
    manager: WindowManager
    app: Application
    pump: Pump

    def show(self, rect: Rect = PLACE, **options: bool | int) -> Xid:
        """A new window, mapped and known to the sink."""
        xid = self.app.window(rect, **options)  # type: ignore[arg-type]
        return self.map(xid)

    def map(self, xid: Xid) -> Xid:
        self.app.map(xid)
        self.pump.until(lambda: xid in self.sink.infos)
        self.pump.settle()
        return xid


@pytest.fixture
def stage(connect: Callable[[], X11Connection], app: Application) -> Stage:
    connection, sink = connect(), RecordingSink()
    manager = WindowManager(connection, sink)
    pump = Pump(manager, app.connection)
    pump.settle()
    return Stage(connection, sink, manager, app, pump)
