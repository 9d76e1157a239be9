"""Windows of one client: what it is told, what it asks for, and the pictures it gets."""

from __future__ import annotations

import functools
import logging
import math
from collections.abc import Iterable, Sequence

from limpet.packets.display import DesktopResized
from limpet.packets.draw import Draw, DrawOptions
from limpet.packets.handshake import StartupComplete
from limpet.packets.window import (
    Bell,
    ConfigureOverrideRedirect,
    InitiateMoveResize,
    LostWindow,
    NewWindow,
    RaiseWindow,
    WindowIcon,
    WindowKind,
    WindowMetadataChanged,
    WindowMoveResize,
)
from limpet.packets.window_client import (
    BufferRefresh,
    CloseWindow,
    ConfigureWindow,
    DrawAck,
    Focus,
    MapWindow,
    UnmapWindow,
    WindowState,
)
from limpet.picture.base import Picture
from limpet.server.desktop import DesktopWindow
from limpet.server.features.base import FeatureContext, Handler, handler
from limpet.server.metadata import changed_metadata, window_metadata
from limpet.server.pipeline import WindowPictures
from limpet.server.render import PictureWish, picture_wish, png_of, render
from limpet.values import Pixels, Rect, Size, WindowId, Xid
from limpet.x11 import windows as x11

log = logging.getLogger("limpet.server.windows")

CLOSE_AGAIN_S = 5.0
"""a second wish to close within this time is taken as: end it"""
STALE_S = 5.0
"""how long a geometry with an old counter may have been sent before the client knew of the new one"""
ANSWER_S = 1.0
"""how long a client's geometry may be the answer to the one it was told"""


class WindowsFeature:
    """Observes the desktop for one client. Every window is announced; pictures follow `MapWindow`, those of
    override-redirect windows at once.
    """

    def __init__(self, context: FeatureContext) -> None:
        self._context = context
        self._desktop = context.desktop
        self._wish: PictureWish = picture_wish(context.hello.encoding)
        self._pictures: dict[WindowId, WindowPictures] = {}
        self._close_asked: dict[WindowId, float] = {}
        self._counters: dict[WindowId, int] = {}
        """how often this client was told a new geometry (docs/protocol: resize_counter); each counts from 0"""
        self._told: dict[WindowId, float] = {}
        """and when, last"""
        self._awaited: dict[WindowId, int] = {}
        """the counter from which on its own geometries count"""
        self._last_focus: WindowId | None = None

    # -- Feature -------------------------------------------------------------------------------------------------

    def handlers(self) -> Iterable[Handler]:
        return (
            handler(MapWindow, self._map),
            handler(UnmapWindow, self._unmap),
            handler(ConfigureWindow, self._configure),
            handler(CloseWindow, self._close),
            handler(Focus, self._focus),
            handler(BufferRefresh, self._refresh),
            handler(DrawAck, self._acknowledge),
        )

    def start(self) -> None:
        self._desktop.observe(self)
        for window in self._desktop.windows:
            self.window_added(window)
        self._context.send(StartupComplete())
        for window in self._desktop.windows:
            self._send_icon(window)

    def writable(self) -> None:
        for pictures in self._pictures.values():
            pictures.writable()

    def stop(self) -> None:
        self._desktop.forget(self)
        for pictures in self._pictures.values():
            pictures.close()
        self._pictures.clear()

    # -- what the desktop tells ----------------------------------------------------------------------------------

    def window_added(self, window: DesktopWindow) -> None:
        info = window.info
        kind = WindowKind.OVERRIDE_REDIRECT if info.override_redirect else WindowKind.NORMAL
        self._pictures[window.id] = WindowPictures(
            render=functools.partial(render, info.xid, self._wish),
            in_capture_thread=self._desktop.in_capture_thread,
            draw=functools.partial(self._draw, window),
            spawn=self._context.spawn,
            clock=self._context.clock,
            write_buffered=self._context.write_buffered,
        )
        self._context.send(
            NewWindow(
                window_id=window.id,
                x=info.rect.x,
                y=info.rect.y,
                width=info.rect.width,
                height=info.rect.height,
                metadata=window_metadata(info, self._id_of),
                kind=kind,
            )
        )
        if info.override_redirect:
            # xpra 3.1.3, 6.2.5, 6.5.5: their clients send no map-window for menus and tooltips
            self._show(window)

    def window_removed(self, window: DesktopWindow) -> None:
        pictures = self._pictures.pop(window.id, None)
        self._close_asked.pop(window.id, None)
        self._counters.pop(window.id, None)
        self._told.pop(window.id, None)
        self._awaited.pop(window.id, None)
        if pictures is not None:
            pictures.close()
            self._context.send(LostWindow(window_id=window.id))

    def window_changed(self, window: DesktopWindow, changed: frozenset[str]) -> None:
        metadata = changed_metadata(window.info, changed, self._id_of)
        if metadata is not None:
            self._context.send(WindowMetadataChanged(window_id=window.id, metadata=metadata))
        if "icon" in changed:
            self._send_icon(window)

    def window_moved(self, window: DesktopWindow) -> None:
        rect = window.info.rect
        counter = self._counters.get(window.id, 0) + 1
        self._counters[window.id] = self._awaited[window.id] = counter
        self._told[window.id] = self._context.clock()
        if window.info.override_redirect:
            self._context.send(
                ConfigureOverrideRedirect(window_id=window.id, x=rect.x, y=rect.y, width=rect.width, height=rect.height)
            )
        else:
            self._context.send(
                WindowMoveResize(
                    window_id=window.id,
                    x=rect.x,
                    y=rect.y,
                    width=rect.width,
                    height=rect.height,
                    resize_counter=counter,
                )
            )

    def damaged(self, window: DesktopWindow, rects: Sequence[Rect]) -> None:
        pictures = self._pictures.get(window.id)
        if pictures is not None:
            pictures.damaged(rects)

    def raised(self, window: DesktopWindow) -> None:
        self._context.send(RaiseWindow(window_id=window.id))

    def cursor_changed(self, cursor: x11.CursorImage | None) -> None:
        """The cursor feature tells it."""

    def screen_resized(self, size: Size) -> None:
        self._context.send(
            DesktopResized(width=size.width, height=size.height, max_width=size.width, max_height=size.height)
        )

    def moveresize_requested(self, window: DesktopWindow, x: int, y: int, direction: int, button: int) -> None:
        self._context.send(
            InitiateMoveResize(window_id=window.id, x_root=x, y_root=y, direction=direction, button=button)
        )

    def bell(self, window: DesktopWindow | None, bell: x11.Bell) -> None:
        if self._context.hello.window.bell:
            self._context.send(
                Bell(
                    window_id=window.id if window is not None else WindowId(0),
                    device=0,
                    percent=bell.percent,
                    pitch=bell.pitch,
                    duration=bell.duration_ms,
                    bell_class=bell.bell_class,
                    bell_id=bell.bell_id,
                    bell_name=bell.name,
                )
            )

    # -- what the client asks for --------------------------------------------------------------------------------

    def _map(self, packet: MapWindow) -> None:
        window = self._window(packet.window_id)
        if window is None:
            return
        if window.info.iconic:
            self._desktop.set_iconic(window, False, by=self)
        if packet.width and packet.height:
            self._place(window, Rect(packet.x, packet.y, packet.width, packet.height))
        self._apply_state(window, packet.state)
        if not (window.info.override_redirect and self._pictures[window.id].visible):
            self._show(window)

    def _show(self, window: DesktopWindow) -> None:
        rect = window.info.rect
        self._pictures[window.id].show(Rect(0, 0, rect.width, rect.height))

    def _unmap(self, packet: UnmapWindow) -> None:
        window = self._window(packet.window_id)
        if window is None:
            return
        self._pictures[window.id].hide()
        if packet.iconified and not window.info.override_redirect:
            self._desktop.set_iconic(window, True, by=self)

    def _configure(self, packet: ConfigureWindow) -> None:
        window = self._window(packet.window_id)
        if window is None:
            return
        self._apply_state(window, packet.state)
        if packet.skip_geometry or not (packet.width and packet.height):
            return
        rect = Rect(packet.x, packet.y, packet.width, packet.height)
        if packet.resize_counter < self._awaited.get(window.id, 0) and self._since_told(window) < STALE_S:
            if rect == window.info.rect:
                # xpra 3.1.3: a window that has the geometry already when it is told keeps its old counter
                self._awaited[window.id] = packet.resize_counter
            return
        before = window.info.rect.size
        self._place(window, rect)
        after = window.info.rect
        if before != after.size:
            # the new part may be of the background colour, which X paints without damage
            self.damaged(window, [Rect(0, 0, after.width, after.height)])

    def _place(self, window: DesktopWindow, rect: Rect) -> None:
        """What a desktop makes of a geometry that it was told is not told on: two would never come to terms."""
        self._desktop.configure(window, rect, by=self, tell=self._since_told(window) >= ANSWER_S)

    def _since_told(self, window: DesktopWindow) -> float:
        return self._context.clock() - self._told.get(window.id, -math.inf)

    def _apply_state(self, window: DesktopWindow, state: WindowState) -> None:
        states = set(window.info.states)
        for names, value in (
            (("MAXIMIZED_VERT", "MAXIMIZED_HORZ"), state.maximized),
            (("FULLSCREEN",), state.fullscreen),
            (("ABOVE",), state.above),
            (("BELOW",), state.below),
            (("STICKY",), state.sticky),
            (("SHADED",), state.shaded),
            (("SKIP_TASKBAR",), state.skip_taskbar),
            (("SKIP_PAGER",), state.skip_pager),
        ):
            if value is True:
                states.update(names)
            elif value is False:
                states.difference_update(names)
        if states != window.info.states and not window.info.override_redirect:
            self._desktop.set_states(window, frozenset(states), by=self)

    def _close(self, packet: CloseWindow) -> None:
        """The first time the application is asked; asked again soon, it is ended."""
        window = self._window(packet.window_id)
        if window is None:
            return
        now = self._context.clock()
        asked = self._close_asked.get(window.id)
        self._close_asked[window.id] = now
        if asked is not None and now - asked < CLOSE_AGAIN_S:
            self._desktop.kill_window(window)
        else:
            self._desktop.close_window(window)

    def _focus(self, packet: Focus) -> None:
        window = self._window(packet.window_id) if packet.window_id else None
        if packet.window_id and window is None:
            return
        self._last_focus = window.id if window is not None else None
        self._desktop.focus(window)
        if window is not None:
            self._desktop.raise_window(window)

    def _refresh(self, packet: BufferRefresh) -> None:
        for window in self._desktop.windows:
            if packet.window_id in (window.id, 0, -1):
                rect = window.info.rect
                self.damaged(window, [Rect(0, 0, rect.width, rect.height)])

    def _acknowledge(self, packet: DrawAck) -> None:
        pictures = self._pictures.get(packet.window_id)
        if pictures is None:
            return
        pictures.acknowledged(packet.sequence, packet.decode_us)
        if packet.decode_us == -1:
            log.warning("the client could not decode a picture of window %i: %s", packet.window_id, packet.message)

    # -- inside --------------------------------------------------------------------------------------------------

    def _window(self, window_id: WindowId) -> DesktopWindow | None:
        window = self._desktop.window(window_id)
        return window if window is not None and window.id in self._pictures else None

    def _id_of(self, xid: Xid | None) -> WindowId | None:
        window = self._desktop.window_of(xid)
        return window.id if window is not None else None

    def _draw(self, window: DesktopWindow, rect: Rect, picture: Picture, sequence: int, remaining: int) -> int:
        size = window.info.rect.size
        options = DrawOptions(
            rgb_format=picture.rgb_format,
            lz4=1 if picture.compressor == "lz4" else 0,
            zlib=1 if picture.compressor == "zlib" else 0,
            flush=remaining,
            quality=picture.quality,
            has_alpha=picture.has_alpha,
            window_size=size,
        )
        self._context.send(
            Draw(
                window_id=window.id,
                x=rect.x,
                y=rect.y,
                width=rect.width,
                height=rect.height,
                encoding=picture.encoding,
                data=picture.data,
                sequence=sequence,
                rowstride=picture.rowstride,
                options=options,
            ),
            flush=remaining == 0,
        )
        return len(picture.data)

    def _send_icon(self, window: DesktopWindow) -> None:
        icon = window.info.icon
        if icon is None or window.id not in self._pictures:
            return
        self._context.spawn(self._encode_icon(window, icon))

    async def _encode_icon(self, window: DesktopWindow, icon: Pixels) -> None:
        data = await self._desktop.in_capture_thread(lambda _: png_of(icon))
        if window.id in self._pictures:
            self._context.send(
                WindowIcon(window_id=window.id, width=icon.width, height=icon.height, encoding="png", data=data)
            )
