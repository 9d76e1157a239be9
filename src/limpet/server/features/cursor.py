"""The cursor's shape, for clients that show it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from limpet.packets.cursor import Cursor, SetCursors
from limpet.server.desktop import DesktopWindow
from limpet.server.features.base import FeatureContext, Handler, handler
from limpet.server.render import png_of
from limpet.values import Rect, Size
from limpet.x11.windows import Bell, CursorImage

RAW_MAX_BYTES = 256


class CursorFeature:
    """Sends the cursor when it changes: raw pixels when they are few, else PNG where the client takes it."""

    def __init__(self, context: FeatureContext) -> None:
        self._context = context
        self._desktop = context.desktop
        self._enabled = context.hello.input.cursors
        self._png = "png" in context.hello.encoding.cursor

    def handlers(self) -> Iterable[Handler]:
        return (handler(SetCursors, self._set_enabled),)

    def start(self) -> None:
        self._desktop.observe(self)
        self.cursor_changed(self._desktop.cursor)

    def writable(self) -> None:
        """Cursors are small and sent as they change."""

    def stop(self) -> None:
        self._desktop.forget(self)

    def _set_enabled(self, packet: SetCursors) -> None:
        self._enabled = packet.enabled
        self.cursor_changed(self._desktop.cursor if packet.enabled else None)

    def cursor_changed(self, cursor: CursorImage | None) -> None:
        if not self._enabled:
            return
        if cursor is None:
            self._context.send(Cursor())
        else:
            self._context.spawn(self._send(cursor))

    async def _send(self, cursor: CursorImage) -> None:
        pixels = cursor.pixels
        raw = not self._png or pixels.width * pixels.height * 4 < RAW_MAX_BYTES
        data = bytes(pixels.data) if raw else await self._desktop.in_capture_thread(lambda _: png_of(pixels))
        if cursor is not self._desktop.cursor:
            return
        self._context.send(
            Cursor(
                encoding="raw" if raw else "png",
                width=pixels.width,
                height=pixels.height,
                x_hot=cursor.hot_x,
                y_hot=cursor.hot_y,
                serial=cursor.serial,
                pixels=data,
                name=cursor.name,
                default_size=Size(pixels.width, pixels.height),
                max_width=pixels.width,
                max_height=pixels.height,
            )
        )

    def window_added(self, window: DesktopWindow) -> None:
        """The windows feature tells the rest."""

    def window_removed(self, window: DesktopWindow) -> None:
        """See `window_added`."""

    def window_changed(self, window: DesktopWindow, changed: frozenset[str]) -> None:
        """See `window_added`."""

    def window_moved(self, window: DesktopWindow) -> None:
        """See `window_added`."""

    def damaged(self, window: DesktopWindow, rects: Sequence[Rect]) -> None:
        """See `window_added`."""

    def raised(self, window: DesktopWindow) -> None:
        """See `window_added`."""

    def bell(self, window: DesktopWindow | None, bell: Bell) -> None:
        """See `window_added`."""

    def screen_resized(self, size: Size) -> None:
        """See `window_added`."""

    def moveresize_requested(self, window: DesktopWindow, x: int, y: int, direction: int, button: int) -> None:
        """See `window_added`."""
