"""The windows of a session: made, changed and closed by the server, placed and sized by the user."""

from __future__ import annotations

import dataclasses
import functools
import logging
from collections.abc import Iterable
from typing import Any

from limpet.client.decoding import Decoded
from limpet.client.features.base import FeatureContext, Handler, PlainFeature, Timer, on_event, on_packet
from limpet.client.features.images import encoded_icon, icon_pixels
from limpet.client.messages import (
    CloseRequested,
    CreateWindow,
    DestroyWindow,
    Direction,
    MoveResize,
    RaiseWindow,
    SetIcon,
    StartMoveResize,
    UpdateMetadata,
    WindowConfigured,
    WindowMapped,
    WindowState,
    WindowUnmapped,
)
from limpet.client.properties import merged, properties_of, tells_states, wants_place
from limpet.client.window_book import WindowModel
from limpet.config.kinds import WindowClose
from limpet.packets import window as packets
from limpet.packets.handshake import StartupComplete
from limpet.packets.info import ServerEvent
from limpet.packets.window_client import CloseWindow, ConfigureWindow, MapWindow, UnmapWindow
from limpet.packets.window_client import WindowState as StateRecord
from limpet.picture.decode import PictureError
from limpet.values import Rect, WindowId

log = logging.getLogger("limpet.client.windows")

STALE_S = 10.0
"""how long after a reconnect a window that is not announced again stays, with a server that does not say when it is
through"""

ICONS = WindowId(0)
"""no window has this id: no picture waits for an icon, whose decoder may have to be loaded"""

_CANCEL = 11
_FIELDS = {
    WindowState.MAXIMIZED: "maximized",
    WindowState.FULLSCREEN: "fullscreen",
    WindowState.ABOVE: "above",
    WindowState.BELOW: "below",
}


class WindowsFeature(PlainFeature):
    """A window is mapped at the server as soon as it is known: its first picture comes while it is being made here."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._book = context.windows
        self._timer: Timer | None = None

    def handlers(self) -> Iterable[Handler]:
        return (
            on_packet(packets.NewWindow, self._new),
            on_packet(packets.WindowMetadataChanged, self._metadata),
            on_packet(packets.WindowMoveResize, self._move_resize),
            on_packet(packets.WindowResized, self._resized),
            on_packet(packets.ConfigureOverrideRedirect, self._configure_override),
            on_packet(packets.RaiseWindow, self._raise),
            on_packet(packets.InitiateMoveResize, self._initiate),
            on_packet(packets.LostWindow, self._lost),
            on_packet(packets.WindowIcon, self._icon),
            on_packet(StartupComplete, lambda _: self._drop_stale()),
            on_packet(ServerEvent, self._server_event),
            on_event(WindowMapped, self._mapped_here),
            on_event(WindowUnmapped, self._unmapped_here),
            on_event(WindowConfigured, self._configured_here),
            on_event(CloseRequested, self._close_requested),
        )

    def start(self) -> None:
        if self._book.stale():
            self._timer = self.context.call_later(STALE_S, self._drop_stale)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    # -- from the server -----------------------------------------------------------------------------------------

    def _new(self, packet: packets.NewWindow) -> None:
        if packet.kind is packets.WindowKind.TRAY:
            return  # not asked for
        override = packet.kind is packets.WindowKind.OVERRIDE_REDIRECT
        rect = Rect(packet.x, packet.y, max(1, packet.width), max(1, packet.height))
        known = self._book.get(packet.window_id)
        if known is not None and known.stale and known.override_redirect == override:
            self._again(known, rect, packet.metadata)
            return
        if known is not None:
            self.context.post(DestroyWindow(packet.window_id))
        properties = properties_of(packet.metadata)
        window = WindowModel(packet.window_id, rect, override, packet.metadata, properties)
        window.states = properties.states
        if not self._book.add(window):
            log.warning("more than %i windows: %i is not shown", len(self._book), packet.window_id)
            return
        place = wants_place(packet.metadata, rect.x, rect.y)
        self.context.post(CreateWindow(packet.window_id, rect, override, place, properties))
        if WindowState.ICONIFIED not in properties.states:
            self._map(window)

    def _again(self, window: WindowModel, rect: Rect, metadata: packets.WindowMetadata) -> None:
        """A window that we have from an earlier connection; where they differ, the server's view counts."""
        window.stale = False
        window.metadata = metadata
        window.properties = properties_of(metadata)
        window.states = window.properties.states
        self.context.post(UpdateMetadata(window.window_id, window.properties))
        if rect != window.rect:
            window.rect = rect
            self.context.post(MoveResize(window.window_id, rect, window.resize_counter))
        if window.visible:
            self._map(window)

    def _metadata(self, packet: packets.WindowMetadataChanged) -> None:
        window = self._book.get(packet.window_id)
        if window is None:
            return
        window.metadata = merged(window.metadata, packet.metadata)
        properties = properties_of(window.metadata)
        if properties != window.properties:
            window.properties = properties
            self.context.post(UpdateMetadata(window.window_id, properties, states=tells_states(packet.metadata)))

    def _move_resize(self, packet: packets.WindowMoveResize) -> None:
        rect = Rect(packet.x, packet.y, max(1, packet.width), max(1, packet.height))
        self._moved(packet, rect, packet.resize_counter, move=True)

    def _resized(self, packet: packets.WindowResized) -> None:
        window = self._book.get(packet.window_id)
        if window is not None:
            rect = Rect(window.rect.x, window.rect.y, max(1, packet.width), max(1, packet.height))
            self._moved(packet, rect, packet.resize_counter, move=False)

    def _configure_override(self, packet: packets.ConfigureOverrideRedirect) -> None:
        self._moved(packet, Rect(packet.x, packet.y, max(1, packet.width), max(1, packet.height)), 0, move=True)

    def _moved(
        self,
        packet: packets.WindowMoveResize | packets.WindowResized | packets.ConfigureOverrideRedirect,
        rect: Rect,
        counter: int,
        *,
        move: bool,
    ) -> None:
        window = self._book.get(packet.window_id)
        if window is None:
            return
        window.rect = rect
        window.resize_counter = max(window.resize_counter, counter)
        self.context.post(MoveResize(window.window_id, rect, window.resize_counter, move))

    def _raise(self, packet: packets.RaiseWindow) -> None:
        if self._book.get(packet.window_id) is not None:
            self.context.post(RaiseWindow(packet.window_id))

    def _initiate(self, packet: packets.InitiateMoveResize) -> None:
        if self._book.get(packet.window_id) is None:
            return
        if packet.direction == _CANCEL:
            self.context.post(StartMoveResize(packet.window_id, None))
        elif packet.direction <= Direction.MOVE:  # 9 and 10 are moves by the keyboard, which desktops do by themselves
            self.context.post(StartMoveResize(packet.window_id, Direction(packet.direction)))

    def _lost(self, packet: packets.LostWindow) -> None:
        if self._book.remove(packet.window_id) is not None:
            self.context.post(DestroyWindow(packet.window_id))

    def _icon(self, packet: packets.WindowIcon) -> None:
        if self._book.get(packet.window_id) is None:
            return
        try:
            encoded = encoded_icon(packet)
            if encoded is None:
                self.context.post(SetIcon(packet.window_id, icon_pixels(packet)))
                return
        except PictureError as error:
            log.info("window %i: no icon: %s", packet.window_id, error)
            return
        self.context.decoder.submit(ICONS, encoded, functools.partial(self._set_icon, packet.window_id))

    def _set_icon(self, window_id: WindowId, decoded: Decoded) -> None:
        if decoded.problem:
            log.info("window %i: no icon: %s", window_id, decoded.problem)
        elif self._book.get(window_id) is not None:
            self.context.post(SetIcon(window_id, decoded.pixels))

    def _server_event(self, packet: ServerEvent) -> None:
        if packet.name == "startup-complete":
            self._drop_stale()

    def _drop_stale(self) -> None:
        for window in self._book.stale():
            self._book.remove(window.window_id)
            self.context.post(DestroyWindow(window.window_id))

    # -- from the user -------------------------------------------------------------------------------------------

    def _mapped_here(self, event: WindowMapped) -> None:
        window = self._book.get(event.window_id)
        if window is None:
            return
        window.visible = True
        self._iconic(window, False)
        if window.stale:
            return
        before = window.rect
        if not window.override_redirect:
            window.rect = event.rect
        if not window.mapped:
            self._map(window, event.states)
        elif window.rect != before or self._differs(window, event.states):
            self._configure(window, event.states)

    def _unmapped_here(self, event: WindowUnmapped) -> None:
        window = self._book.get(event.window_id)
        if window is None:
            return
        window.visible = False
        self._iconic(window, True)
        if window.mapped:
            window.mapped = False
            self.context.send(UnmapWindow(window_id=window.window_id, iconified=True))

    def _configured_here(self, event: WindowConfigured) -> None:
        window = self._book.get(event.window_id)
        if window is None or window.stale or window.override_redirect:
            return
        if event.resize_counter < window.resize_counter:
            return  # the server's wish is still on its way to the window
        window.rect = event.rect
        if window.mapped:
            self._configure(window, event.states)

    def _close_requested(self, event: CloseRequested) -> None:
        match self.context.options.window_close:
            case WindowClose.FORWARD:
                if self._book.get(event.window_id) is not None:
                    self.context.send(CloseWindow(window_id=event.window_id))
            case WindowClose.DETACH:
                self.context.leave()
            case WindowClose.IGNORE:
                log.info("window %i: not closed (--window-close=ignore)", event.window_id)

    # -- to the server -------------------------------------------------------------------------------------------

    def _map(self, window: WindowModel, states: frozenset[WindowState] | None = None) -> None:
        """As stock clients do: configure, then map."""
        window.mapped = True
        if not window.override_redirect:
            self._configure(window, window.states if states is None else states, flush=False)
        rect = window.rect
        self.context.send(
            MapWindow(window_id=window.window_id, x=rect.x, y=rect.y, width=rect.width, height=rect.height)
        )

    def _configure(self, window: WindowModel, states: frozenset[WindowState], *, flush: bool = True) -> None:
        changed: dict[str, Any] = {
            field: state in states for state, field in _FIELDS.items() if (state in states) != (state in window.states)
        }
        window.states = states
        if changed:  # the user's doing: what the server says later is compared with it
            window.metadata = dataclasses.replace(window.metadata, **changed)
            window.properties = properties_of(window.metadata)
        rect = window.rect
        self.context.send(
            ConfigureWindow(
                window_id=window.window_id,
                x=rect.x,
                y=rect.y,
                width=rect.width,
                height=rect.height,
                resize_counter=window.resize_counter,
                state=StateRecord(**changed),
            ),
            flush=flush,
        )

    @staticmethod
    def _iconic(window: WindowModel, iconic: bool) -> None:
        """What the user did, so that the server's wish to undo it is seen as a change."""
        window.metadata = dataclasses.replace(window.metadata, iconic=iconic)
        window.properties = properties_of(window.metadata)

    @staticmethod
    def _differs(window: WindowModel, states: frozenset[WindowState]) -> bool:
        return any((state in states) != (state in window.states) for state in _FIELDS)
