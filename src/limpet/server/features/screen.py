"""The client's screen size, and the size of the virtual screen that follows it."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.packets.display import ConfigureDisplay, ForceUngrab, ShowDesktop
from limpet.server.features.base import FeatureContext, Handler, handler
from limpet.values import Size


class ScreenFeature:
    """Where the session allows it, the virtual screen takes the client's size, within what it started with."""

    def __init__(self, context: FeatureContext) -> None:
        self._context = context
        self._desktop = context.desktop

    def handlers(self) -> Iterable[Handler]:
        return (
            handler(ConfigureDisplay, self._configure),
            handler(ShowDesktop, self._show_desktop),
            handler(ForceUngrab, self._ungrab),
        )

    def start(self) -> None:
        """The size in the hello was taken before our own hello told the result."""

    def writable(self) -> None:
        """Sends nothing."""

    def stop(self) -> None:
        """Nothing to undo: the screen keeps its size for the next client."""

    def _configure(self, packet: ConfigureDisplay) -> None:
        if self._context.resize_screen and packet.width and packet.height:
            self._desktop.resize_screen(Size(packet.width, packet.height))

    def _show_desktop(self, packet: ShowDesktop) -> None:
        """The client hides its windows itself and says so for each."""

    def _ungrab(self, packet: ForceUngrab) -> None:
        """Nothing is grabbed on a client's behalf: keys and buttons that are down are let go."""
        self._desktop.release_all()
