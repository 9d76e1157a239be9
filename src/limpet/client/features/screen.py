"""The screens of both sides, and what the server rings and tells beside windows."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from limpet.client import messages
from limpet.client.features.base import Handler, PlainFeature, on_event, on_packet
from limpet.client.hello import monitors_of, screen_sizes
from limpet.client.messages import ScreensChanged
from limpet.packets.display import ConfigureDisplay, DesktopResized, SettingChange
from limpet.packets.draw import Encodings
from limpet.packets.info import Logging
from limpet.packets.window import Bell

log = logging.getLogger("limpet.client.screen")

MAX_TEXT = 400


class ScreenFeature(PlainFeature):
    """Tells the server of new monitors; what the server says of settings is logged and changes nothing here."""

    def handlers(self) -> Iterable[Handler]:
        return (
            on_event(ScreensChanged, self._changed),
            on_packet(DesktopResized, self._resized),
            on_packet(SettingChange, self._setting),
            on_packet(Encodings, lambda _: None),  # the server's choice is right by itself
            on_packet(Bell, self._bell),
            on_packet(Logging, self._logging),
        )

    def _changed(self, event: ScreensChanged) -> None:
        self.context.send(
            ConfigureDisplay(
                width=event.desktop.width,
                height=event.desktop.height,
                screen_sizes=(screen_sizes(event),),
                desktop_names=("Main",),
                unscaled_width=event.desktop.width,
                unscaled_height=event.desktop.height,
                dpi_x=event.dpi,
                dpi_y=event.dpi,
                monitors=monitors_of(event),
            )
        )

    def _resized(self, packet: DesktopResized) -> None:
        log.debug("the server's screen has %ix%i now", packet.width, packet.height)

    def _setting(self, packet: SettingChange) -> None:
        log.debug("setting %r changed", packet.name[:MAX_TEXT])

    def _bell(self, packet: Bell) -> None:
        window = packet.window_id if packet.window_id > 0 else None
        self.context.post(messages.Bell(window))

    def _logging(self, packet: Logging) -> None:
        text = "".join(char if char.isprintable() else " " for char in packet.message[:MAX_TEXT])
        log.info("the server logs: %s", text)
