"""The shape of the pointer."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from limpet.client.features.base import Handler, PlainFeature, on_packet
from limpet.client.features.images import cursor_pixels
from limpet.client.messages import CursorImage, SetCursor
from limpet.packets.cursor import Cursor, CursorDefault
from limpet.picture.decode import PictureError

log = logging.getLogger("limpet.client.cursor")


class CursorFeature(PlainFeature):
    """The server's default cursor is shown as the desktop's own."""

    def handlers(self) -> Iterable[Handler]:
        return (on_packet(Cursor, self._cursor), on_packet(CursorDefault, lambda _: self._default()))

    def stop(self) -> None:
        self._default()

    def _cursor(self, packet: Cursor) -> None:
        if packet.is_default or packet.encoding.startswith("default:"):
            self._default()
            return
        try:
            pixels = cursor_pixels(packet)
        except PictureError as error:
            log.info("cursor %r is not shown: %s", packet.name[:40], error)
            self._default()
            return
        hot_x, hot_y = min(packet.x_hot, pixels.width - 1), min(packet.y_hot, pixels.height - 1)
        self.context.post(SetCursor(CursorImage(pixels, hot_x, hot_y, packet.name[:64])))

    def _default(self) -> None:
        self.context.post(SetCursor(None))
