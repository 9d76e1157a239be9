"""A small X application, and a sink that records: for tests of whatever shows or drives windows.

The application is a second connection, so what the window manager did is seen from outside.
"""

from __future__ import annotations

import select
import struct
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import xcffib
import xcffib.xproto

from limpet.values import PixelFormat, Pixels, Rect, Xid
from limpet.x11.connection import X11Connection, XError
from limpet.x11.manager import WindowManager
from limpet.x11.windows import Bell, CursorImage, WindowInfo

TIMEOUT_S = 20.0
_CW = xcffib.xproto.CW
_EVENT = xcffib.xproto.EventMask
_TILE = 8
EventT = TypeVar("EventT", bound=xcffib.Event)


def pattern_colour(x: int, y: int) -> int:
    """The pixel 0xRRGGBB at (x, y) of what `Application.paint` draws: tiles of 8 pixels, no two alike nearby."""
    column, row = x // _TILE, y // _TILE
    return ((column * 37 + 40) % 256) << 16 | ((row * 53 + 80) % 256) << 8 | (column * 11 + row * 29 + 7) % 256


def pixel_at(pixels: Pixels, x: int, y: int) -> int:
    """0xRRGGBB of one pixel of BGRX or BGRA."""
    assert pixels.format in {PixelFormat.BGRX, PixelFormat.BGRA}
    start = y * pixels.rowstride + x * 4
    return int.from_bytes(bytes(pixels.data[start : start + 3]), "little")


def shows_pattern(pixels: Pixels, *, left: int = 0, top: int = 0) -> bool:
    """Whether all pixels are those of the pattern, its point (left, top) in the corner."""
    return all(
        pixel_at(pixels, x, y) == pattern_colour(left + x, top + y)
        for y in range(pixels.height)
        for x in range(pixels.width)
    )


class Application:
    """An X client that does what it is told."""

    def __init__(self, connection: X11Connection) -> None:
        self.connection = connection
        self.core = connection.core
        self._seen: list[xcffib.Event] = []
        self._atoms: dict[str, int] = {}

    def window(
        self,
        rect: Rect,
        *,
        override_redirect: bool = False,
        border: int = 0,
        alpha: bool = False,
        input_only: bool = False,
        background: int = 0x336699,
    ) -> Xid:
        """A new top-level window, not mapped. `rect`: position, and size within the border."""
        xid = Xid(self.connection.generate_id())
        events = (
            _EVENT.StructureNotify | _EVENT.PropertyChange | _EVENT.FocusChange | _EVENT.Exposure | _EVENT.KeyPress
            | _EVENT.KeyRelease | _EVENT.ButtonPress | _EVENT.ButtonRelease | _EVENT.PointerMotion
        )  # fmt: skip
        kind = xcffib.xproto.WindowClass.InputOnly if input_only else xcffib.xproto.WindowClass.InputOutput
        depth, visual = 0, 0
        mask, values = _CW.OverrideRedirect | _CW.EventMask, [int(override_redirect), events]
        if input_only:
            values[1] = _EVENT.StructureNotify
        else:
            depth, visual = (32, self._alpha_visual()) if alpha else (0, 0)
            mask, values = mask | _CW.BackPixel | _CW.BorderPixel, [background, 0, *values]
            if alpha:
                colormap = self.connection.generate_id()
                self.core.CreateColormap(0, colormap, self.connection.root, visual)
                mask, values = mask | _CW.Colormap, [*values, colormap]
        self.core.CreateWindow(
            depth,
            xid,
            self.connection.root,
            rect.x,
            rect.y,
            rect.width,
            rect.height,
            border,
            kind,
            visual,
            mask,
            values,
        )
        self.connection.flush()
        return xid

    def map(self, xid: Xid) -> None:
        self.core.MapWindow(xid)
        self.connection.flush()

    def paint(self, xid: Xid, area: Rect, *, alpha: int = 0) -> None:
        """Draw the pattern (see `pattern_colour`) within `area` of a window. Done when it returns."""
        gc = self.connection.generate_id()
        self.core.CreateGC(gc, xid, 0, [])
        for top in range(area.y, area.bottom, _TILE):
            for left in range(area.x, area.right, _TILE):
                colour = pattern_colour(left, top) | alpha << 24
                self.core.ChangeGC(gc, xcffib.xproto.GC.Foreground, [colour])
                tile = Rect(left, top, _TILE, _TILE).intersect(area)
                shape = xcffib.xproto.RECTANGLE.synthetic(tile.x, tile.y, tile.width, tile.height)
                self.core.PolyFillRectangle(xid, gc, 1, [shape])
        self.core.FreeGC(gc)
        self.connection.sync()

    def set_text(self, xid: Xid, name: str, text: bytes, type_name: str = "UTF8_STRING") -> None:
        self.set_property(xid, name, type_name, 8, text)

    def set_cards(self, xid: Xid, name: str, type_name: str, values: Sequence[int]) -> None:
        packed = struct.pack(f"={len(values)}I", *(value & 0xFFFFFFFF for value in values))
        self.set_property(xid, name, type_name, 32, packed)

    def set_atoms(self, xid: Xid, name: str, names: Sequence[str]) -> None:
        self.set_cards(xid, name, "ATOM", [self.atom(one) for one in names])

    def set_property(self, xid: Xid, name: str, type_name: str, item_format: int, data: bytes) -> None:
        count = len(data) * 8 // item_format
        self.core.ChangeProperty(0, xid, self.atom(name), self.atom(type_name), item_format, count, data)
        self.connection.flush()

    def cards(self, xid: Xid, name: str) -> tuple[int, ...] | None:
        """A property of 32-bit items as it is now; None when there is none."""
        cookie = self.core.GetProperty(False, xid, self.atom(name), 0, 0, 1024)
        reply = self.connection.reply(cookie, xid)
        if reply.format != 32:
            return None
        return struct.unpack(f"={len(reply.value.raw) // 4}I", reply.value.raw)

    def atoms(self, xid: Xid, name: str) -> set[str]:
        """The names of a property that lists atoms."""
        return {self.connection.atoms.name(atom) or "" for atom in self.cards(xid, name) or ()}

    def tell_root(self, xid: Xid, name: str, data: Sequence[int]) -> None:
        """Send the window manager a client message about `xid`."""
        padded = [*(value & 0xFFFFFFFF for value in data), 0, 0, 0, 0, 0][:5]
        message = struct.pack("=BBHII5I", 33, 32, 0, xid, self.atom(name), *padded)
        mask = _EVENT.SubstructureNotify | _EVENT.SubstructureRedirect
        self.core.SendEvent(False, self.connection.root, mask, message)
        self.connection.flush()

    def atom(self, name: str) -> int:
        if name not in self._atoms:
            self._atoms[name] = self.connection.reply(self.core.InternAtom(False, len(name), name)).atom
        return self._atoms[name]

    def poll(self, kind: type[EventT], where: Callable[[EventT], bool] = lambda _: True) -> EventT | None:
        """The first event of that kind not given yet, if it is there; others are kept."""
        while (event := self.connection.poll()) is not None:
            if not isinstance(event, XError):
                self._seen.append(event)
        for index, event in enumerate(self._seen):
            if isinstance(event, kind) and where(event):
                del self._seen[index]
                return event
        return None

    def _alpha_visual(self) -> int:
        for depth in self.connection.raw.setup.roots[0].allowed_depths:
            if depth.depth == 32:
                return depth.visuals[0].visual_id
        raise LookupError("the X server has no visual of depth 32")


class RecordingSink:
    """Keeps what the window manager tells: `calls` is a list of (method, arguments)."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.infos: dict[Xid, WindowInfo] = {}

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """The arguments of all calls of one method, in order."""
        return [arguments for called, arguments in self.calls if called == name]

    def window_added(self, info: WindowInfo) -> None:
        self.infos[info.xid] = info
        self.calls.append(("window_added", (info,)))

    def window_removed(self, xid: Xid) -> None:
        self.infos.pop(xid, None)
        self.calls.append(("window_removed", (xid,)))

    def window_changed(self, xid: Xid, changed: frozenset[str], info: WindowInfo) -> None:
        self.infos[xid] = info
        self.calls.append(("window_changed", (xid, changed, info)))

    def window_moved(self, xid: Xid, rect: Rect) -> None:
        self.calls.append(("window_moved", (xid, rect)))

    def damaged(self, xid: Xid, rects: Sequence[Rect]) -> None:
        self.calls.append(("damaged", (xid, tuple(rects))))

    def raised(self, xid: Xid) -> None:
        self.calls.append(("raised", (xid,)))

    def focus_requested(self, xid: Xid) -> None:
        self.calls.append(("focus_requested", (xid,)))

    def state_requested(self, xid: Xid, add: frozenset[str], remove: frozenset[str]) -> None:
        self.calls.append(("state_requested", (xid, add, remove)))

    def moveresize_requested(self, xid: Xid, x: int, y: int, direction: int, button: int, source: int) -> None:
        self.calls.append(("moveresize_requested", (xid, x, y, direction, button, source)))

    def cursor_changed(self, cursor: CursorImage | None) -> None:
        self.calls.append(("cursor_changed", (cursor,)))

    def bell(self, bell: Bell) -> None:
        self.calls.append(("bell", (bell,)))


class Pump:
    """Runs a window manager beside applications, all in one thread, until something has happened."""

    def __init__(self, manager: WindowManager, *others: X11Connection) -> None:
        self._manager = manager
        self._others = others

    def until(self, happened: Callable[[], object], timeout_s: float = TIMEOUT_S) -> None:
        """Process events until `happened()` is true. Raises TimeoutError."""
        deadline = time.monotonic() + timeout_s
        while True:
            while self._manager.process_events():
                pass
            if happened():
                return
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("it did not happen")
            files = [self._manager.fileno(), *(other.fileno() for other in self._others)]
            # an application's event may be in libxcb's queue already, so look again now and then
            select.select(files, [], [], min(left, 0.05))

    def settle(self) -> None:
        """Process all that the X server has to say about what was asked before this call."""
        for other in self._others:
            other.sync()
        self._manager.sync()
        self.until(lambda: True)
