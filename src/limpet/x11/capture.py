"""Pixels of windows: Composite's named pixmaps, read through shared memory (MIT-SHM).

A `Capturer` has a connection of its own and belongs to one thread, which need not be the window manager's.
"""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

import sysv_ipc
import xcffib.xproto

from limpet.errors import WindowGone
from limpet.values import Buffer, PixelFormat, Pixels, Rect, Xid, bounding
from limpet.x11.connection import RequestFailed, X11Connection, is_input_only

_log = logging.getLogger(__name__)

_Z_PIXMAP = xcffib.xproto.ImageFormat.ZPixmap
_ALL_PLANES = 0xFFFFFFFF
_PIXEL = 4
_REPLY_HEADER = 32
_SMALLEST_SEGMENT = 256 * 1024
MAX_SEGMENT = 16 * 1024 * 1024
"""bigger captures are read in bands, so the memory that stays is bounded"""
_MAX_CORE_DATA = 128 * 1024  # a core request holds at most 256 KiB


class _Segment:
    """Memory shared with the X server. Marked for removal at once, so that it cannot outlive both processes."""

    def __init__(self, connection: X11Connection, size: int) -> None:
        self._connection = connection
        self.size = size
        self.memory = sysv_ipc.SharedMemory(None, sysv_ipc.IPC_CREX, mode=0o600, size=size)
        try:
            self.id = connection.generate_id()
            connection.check(connection.shm.AttachChecked(self.id, self.memory.id, False))
        except BaseException:
            self.memory.detach()
            raise
        finally:
            self.memory.remove()
        self.view = memoryview(self.memory)

    def release(self) -> None:
        self._connection.shm.Detach(self.id)
        self.detach()

    def detach(self) -> None:
        """Let go of the memory on our side only."""
        self.view.release()
        self.memory.detach()


class Capturer:
    """Reads windows and the screen. Raises DisplayUnavailable from any method when the X server is gone."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._core = connection.core
        self._segment: _Segment | None = None
        self._shared = True
        self._sizes: dict[Xid, Rect] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def capture(self, xid: Xid, rect: Rect) -> Pixels:
        """The pixels within `rect` (relative to the window's outer corner), cut to the window as it is now.

        BGRA with premultiplied alpha for windows of depth 32, else BGRX. Raises WindowGone when the window is gone,
        not mapped, or has nothing within `rect`.
        """
        # The name stays with the pixmap of that moment, and a resized window gets another one: so name it each time.
        # Nothing of this waits but the image itself, when the size is the one seen last.
        pixmap = self._connection.generate_id()
        self._connection.composite.NameWindowPixmap(xid, pixmap)
        geometry_cookie = self._core.GetGeometry(pixmap)
        guess = rect.intersect(self._sizes.get(xid, Rect(0, 0, 0, 0)))
        try:
            early = None
            if not guess.empty and self._ready_for(guess):
                early = self._ask(pixmap, guess)
            try:
                geometry = self._connection.reply(geometry_cookie, xid)
            except WindowGone:
                if early is not None:
                    early.discard_reply()
                raise
            whole = Rect(0, 0, geometry.width, geometry.height)
            self._remember(xid, whole)
            wanted = rect.intersect(whole)
            if wanted.empty:
                raise WindowGone(xid)
            pixel_format = PixelFormat.BGRA if geometry.depth == 32 else PixelFormat.BGRX
            if early is not None and wanted == guess:
                data: Buffer = bytes(self._collect(early, wanted, xid))
            else:
                if early is not None:
                    early.discard_reply()
                data = self._read(pixmap, wanted, xid)
        except WindowGone:
            self._sizes.pop(xid, None)
            raise
        finally:
            self._core.FreePixmap(pixmap)
            self._connection.drop_events()  # among them the errors of requests for a vanished window
        return Pixels(wanted.width, wanted.height, pixel_format, wanted.width * _PIXEL, data)

    def screenshot(self, rect: Rect | None = None) -> Pixels:
        """What a screen would show: the windows over each other on black; the whole screen or `rect` of it. BGRX.

        Composed in the X server, since redirected windows are not painted on the root.
        """
        core, connection = self._core, self._connection
        root = connection.reply(core.GetGeometry(connection.root))
        screen = Rect(0, 0, root.width, root.height)
        wanted = screen if rect is None else rect.intersect(screen)
        if wanted.empty:
            raise RequestFailed("nothing of the screen is within the rectangle", name="ValueError")
        canvas, gc = connection.generate_id(), connection.generate_id()
        core.CreatePixmap(connection.root_depth, canvas, connection.root, wanted.width, wanted.height)
        try:
            core.CreateGC(gc, canvas, xcffib.xproto.GC.Foreground, [connection.black_pixel])
            black = xcffib.xproto.RECTANGLE.synthetic(0, 0, wanted.width, wanted.height)
            core.PolyFillRectangle(canvas, gc, 1, [black])
            for xid, area in self._visible():
                self._paint(xid, area.translate(-wanted.x, -wanted.y), canvas, gc)
            data = self._read(canvas, Rect(0, 0, wanted.width, wanted.height), connection.root)
        finally:
            core.FreeGC(gc)
            core.FreePixmap(canvas)
            self._connection.drop_events()  # among them the errors of requests for a vanished window
        return Pixels(wanted.width, wanted.height, PixelFormat.BGRX, wanted.width * _PIXEL, data)

    def visible_bounds(self) -> Rect:
        """The smallest rectangle around all shown windows, within the screen; empty for none."""
        root = self._connection.reply(self._core.GetGeometry(self._connection.root))
        return bounding(area for _, area in self._visible()).intersect(Rect(0, 0, root.width, root.height))

    def trim(self) -> None:
        """Give the shared memory back; the next capture takes it anew (0.2 ms)."""
        if self._segment is not None:
            self._segment.release()
            self._segment = None
            self._connection.flush()

    def close(self) -> None:
        """Free everything, and close the connection. Safe to call twice."""
        if self._segment is not None:
            self._segment.detach()
            self._segment = None
        self._connection.close()

    # -- reading --

    def _ready_for(self, rect: Rect) -> bool:
        """Whether the image can be asked for in one piece, through shared memory."""
        return self._shared and rect.area * _PIXEL <= MAX_SEGMENT and self._room(rect.area * _PIXEL) is not None

    def _ask(self, drawable: int, rect: Rect) -> xcffib.Cookie[xcffib.shm.GetImageReply]:
        segment = self._room(rect.area * _PIXEL)
        assert segment is not None
        return self._connection.shm.GetImage(
            drawable, rect.x, rect.y, rect.width, rect.height, _ALL_PLANES, _Z_PIXMAP, segment.id, 0
        )

    def _collect(self, cookie: xcffib.Cookie[xcffib.shm.GetImageReply], rect: Rect, xid: Xid) -> memoryview:
        """The image in the shared memory; to be copied before anything else is asked for."""
        self._connection.reply(cookie, xid)
        assert self._segment is not None
        return self._segment.view[: rect.area * _PIXEL]

    def _read(self, drawable: int, rect: Rect, xid: Xid) -> Buffer:
        rows = max(1, MAX_SEGMENT // (rect.width * _PIXEL))
        if rows >= rect.height:
            return bytes(self._read_band(drawable, rect, xid))
        result = bytearray(rect.area * _PIXEL)
        for top in range(0, rect.height, rows):
            band = Rect(rect.x, rect.y + top, rect.width, min(rows, rect.height - top))
            start = top * rect.width * _PIXEL
            result[start : start + band.area * _PIXEL] = self._read_band(drawable, band, xid)
        return result

    def _read_band(self, drawable: int, rect: Rect, xid: Xid) -> memoryview:
        """As `_collect`."""
        if self._ready_for(rect):
            return self._collect(self._ask(drawable, rect), rect, xid)
        cookie = self._core.GetImage(_Z_PIXMAP, drawable, rect.x, rect.y, rect.width, rect.height, _ALL_PLANES)
        reply = self._connection.raw_reply(cookie, xid)
        return reply[_REPLY_HEADER : _REPLY_HEADER + rect.area * _PIXEL]

    def _room(self, size: int) -> _Segment | None:
        """The segment, grown to `size`; None when shared memory does not work here (said once)."""
        if self._segment is not None and self._segment.size >= size:
            return self._segment
        if not self._shared:
            return None
        wanted = _SMALLEST_SEGMENT
        while wanted < size:
            wanted *= 2
        self.trim()
        try:
            self._segment = _Segment(self._connection, wanted)
        except (RequestFailed, OSError, sysv_ipc.Error) as error:
            self._shared = False
            _log.warning("no shared memory with the X server, captures will be slower: %s", error)
        return self._segment

    def _remember(self, xid: Xid, whole: Rect) -> None:
        if len(self._sizes) >= 1024:
            self._sizes.clear()
        self._sizes[xid] = whole

    # -- the screen --

    def _visible(self) -> list[tuple[Xid, Rect]]:
        """Shown windows, bottom to top, with their outer rectangles."""
        core, connection = self._core, self._connection
        tree = connection.reply(core.QueryTree(connection.root))
        asked = [(Xid(xid), core.GetWindowAttributes(xid), core.GetGeometry(xid)) for xid in tree.children]
        shown: list[tuple[Xid, Rect]] = []
        for xid, attributes_cookie, geometry_cookie in asked:
            try:
                attributes = connection.reply(attributes_cookie, xid)
            except WindowGone:
                geometry_cookie.discard_reply()
                continue
            try:
                geometry = connection.reply(geometry_cookie, xid)
            except WindowGone:
                continue
            if attributes.map_state == xcffib.xproto.MapState.Viewable and not is_input_only(attributes):
                border = 2 * geometry.border_width
                shown.append((xid, Rect(geometry.x, geometry.y, geometry.width + border, geometry.height + border)))
        return shown

    def _paint(self, xid: Xid, area: Rect, canvas: int, gc: int) -> None:
        """Copy one window onto the canvas. CopyArea wants equal depths, so others go through an image."""
        pixmap = self._connection.generate_id()
        self._connection.composite.NameWindowPixmap(xid, pixmap)
        depth = self._connection.root_depth
        try:
            geometry = self._connection.reply(self._core.GetGeometry(pixmap), xid)
        except WindowGone:
            return
        if geometry.depth == depth:
            self._core.CopyArea(pixmap, canvas, gc, 0, 0, area.x, area.y, area.width, area.height)
        elif geometry.depth == 32:
            self._put(pixmap, Rect(0, 0, geometry.width, geometry.height), area, canvas, gc, xid)
        self._core.FreePixmap(pixmap)

    def _put(self, pixmap: int, whole: Rect, area: Rect, canvas: int, gc: int, xid: Xid) -> None:
        """A window with alpha, painted as opaque: its pixels have the same layout with the alpha byte unused."""
        shared = self._ready_for(Rect(0, 0, whole.width, 1))
        most = MAX_SEGMENT if shared else _MAX_CORE_DATA
        rows = max(1, most // (whole.width * _PIXEL))
        depth = self._connection.root_depth
        for top in range(0, whole.height, rows):
            band = Rect(0, top, whole.width, min(rows, whole.height - top))
            x, y = area.x, area.y + top
            if self._ready_for(band) and self._segment is not None:
                self._connection.reply(self._ask(pixmap, band), xid)
                self._connection.shm.PutImage(
                    canvas, gc, band.width, band.height, 0, 0, band.width, band.height, x, y, depth, _Z_PIXMAP, 0,
                    self._segment.id, 0,
                )  # fmt: skip
            else:
                data = self._read_band(pixmap, band, xid)
                self._core.PutImage(
                    _Z_PIXMAP, canvas, gc, band.width, band.height, x, y, 0, depth, len(data), bytes(data)
                )
