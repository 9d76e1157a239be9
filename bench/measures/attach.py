"""From the start of `attach` to the first right pixels of a window on the client's display."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import xcffib
import xcffib.xproto as xp

from bench.contenders import PATTERN_TITLE, Endpoint, World, world
from bench.measures.base import Served, rows
from bench.model import Mark, Sample
from tests.support import pattern
from tests.support.processes import PATIENCE_S, Late, Running
from tests.support.screen import TOLERANCE

POLL_S = 0.004
CELLS = ((0, 0), (3, 2), (7, 4))
"""cells of the pattern that are looked at: one pixel each costs the X server nothing"""


class Attach:
    name = "attach"
    summary = "from the start of `attach` to the first pixels of a window"
    rounds = 5
    rows = rows("attach", "attach to first pixels", "ms", marks={"tcp": Mark(ratio=0.5)})

    @contextmanager
    def open(self, contenders: Sequence[str]) -> Iterator[AttachContest]:
        with world() as place:
            endpoints = place.serve_all(contenders, ("tcp", "tls", "aes"), start=[place.pattern()])
            contest = AttachContest(Served(place, contenders, endpoints))
            for name in contenders:
                contest.once(contest.endpoint(name, "tcp"))  # files into memory, byte code written
            yield contest


class AttachContest:
    def __init__(self, served: Served) -> None:
        self.contenders = served.contenders
        self._served = served
        self._eye = Eye(served.world.screen.name)

    def endpoint(self, contender: str, protection: str) -> Endpoint:
        return self._served.endpoints[contender, protection]

    def sample(self, contender: str) -> Sample:
        return {
            f"attach.{protection}": self.once(endpoint) for protection, endpoint in self._served.of(contender).items()
        }

    def once(self, endpoint: Endpoint) -> float:
        """Attach and leave again; ms to the first pixels."""
        started = time.perf_counter()
        client = start_client(self._served.world, endpoint)
        try:
            self._eye.wait_pixels(PATTERN_TITLE, client)
            elapsed = time.perf_counter() - started
        finally:
            client.stop()
        self._served.world.screen.wait_gone(PATTERN_TITLE)
        return elapsed * 1000


def start_client(place: World, endpoint: Endpoint) -> Running:
    """`attach` as its users type it."""
    command = place.maker(endpoint.contender).attach(endpoint.target, endpoint.client_options())
    return place.run(f"client-{endpoint.contender}", command, DISPLAY=place.screen.name, QT_QPA_PLATFORM="xcb")


class Eye:
    """Sees a window on a display within milliseconds, without keeping the machine busy."""

    def __init__(self, display: str) -> None:
        self._connection = xcffib.connect(display)
        self._core = self._connection.core
        self._root = self._connection.get_setup().roots[0].root
        self._core.ChangeWindowAttributes(self._root, xp.CW.EventMask, [xp.EventMask.SubstructureNotify])
        self._utf8_name = int(self._core.InternAtom(False, 12, "_NET_WM_NAME").reply().atom)
        self._connection.flush()

    def wait_pixels(self, title: str, client: Running) -> None:
        """Until the pattern is in the window whose title contains `title`."""
        end = time.monotonic() + PATIENCE_S
        window: int | None = None
        while time.monotonic() < end:
            client.must_run()
            if window is None:
                window = self._find(title)
            if window is not None and self._shows(window):
                return
            select.select([self._connection.get_file_descriptor()], [], [], POLL_S)
            while self._connection.poll_for_event() is not None:
                pass
        raise Late(f"no pixels of {title!r}: {client.output[-2000:]}")

    def _find(self, title: str) -> int | None:
        for xid in self._core.QueryTree(self._root).reply().children:
            try:
                viewable = self._core.GetWindowAttributes(xid).reply().map_state == xp.MapState.Viewable
                if viewable and title in self._title(xid):
                    return int(xid)
            except xp.WindowError:
                continue
        return None

    def _title(self, xid: int) -> str:
        for atom in (self._utf8_name, xp.Atom.WM_NAME):
            reply = self._core.GetProperty(False, xid, atom, xp.GetPropertyType.Any, 0, 256).reply()
            if text := bytes(reply.value.buf()).decode(errors="replace"):
                return text
        return ""

    def _shows(self, window: int) -> bool:
        for column, row in CELLS:
            x, y = (column * pattern.CELL + pattern.CELL // 2, row * pattern.CELL + pattern.CELL // 2)
            try:
                reply = self._core.GetImage(xp.ImageFormat.ZPixmap, window, x, y, 1, 1, 0xFFFFFFFF).reply()
            except (xp.MatchError, xp.DrawableError):
                return False
            blue, green, red = reply.data.buf()[:3]
            wanted = pattern.colour(0, column, row)
            if max(abs(a - b) for a, b in zip(wanted, (red, green, blue), strict=True)) > TOLERANCE:
                return False
        return True
