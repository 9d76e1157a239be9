"""Commands of a client to the session: start a program, tell the state, end the server."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.packets.control import (
    ConnectionData,
    ExitServer,
    Resume,
    SetDeflate,
    ShutdownServer,
    StartCommand,
    Suspend,
)
from limpet.packets.info import InfoRequest, InfoResponse, Logging
from limpet.server.features.base import FeatureContext, Handler, handler
from limpet.session.link import printable


class ControlFeature:
    """The rights for each were checked by the dispatcher, from the packet's effect."""

    def __init__(self, context: FeatureContext) -> None:
        self._context = context

    def handlers(self) -> Iterable[Handler]:
        return (
            handler(StartCommand, self._start),
            handler(ShutdownServer, self._shutdown),
            handler(ExitServer, self._exit),
            handler(InfoRequest, self._info),
            handler(Logging, self._log),
            handler(Suspend, self._suspend),
            handler(Resume, self._resume),
            handler(SetDeflate, self._deflate),
            handler(ConnectionData, self._connection_data),
        )

    def start(self) -> None:
        """Nothing to tell."""

    def writable(self) -> None:
        """Answers are small."""

    def stop(self) -> None:
        """Programs that were started belong to the session."""

    def _start(self, packet: StartCommand) -> None:
        command = packet.command if isinstance(packet.command, tuple) else None
        text = "" if isinstance(packet.command, tuple) else packet.command
        self._context.spawn(self._context.host.start_program(command, text, waited_for=not packet.ignore))

    def _shutdown(self, packet: ShutdownServer) -> None:
        self._context.host.shutdown(keep_display=packet.keep_display)

    def _exit(self, packet: ExitServer) -> None:
        self._context.host.shutdown(keep_display=True)

    def _info(self, packet: InfoRequest) -> None:
        self._context.send(InfoResponse(info=self._context.host.info()))

    def _log(self, packet: Logging) -> None:
        self._context.log(f"client: {printable(packet.message, 1000)}")

    def _suspend(self, packet: Suspend) -> None:
        """The client unmaps what it does not show, which stops the pictures."""

    def _resume(self, packet: Resume) -> None:
        """The client asks for what it needs by `BufferRefresh`."""

    def _deflate(self, packet: SetDeflate) -> None:
        """The level in the hello counts; 3.1.3 repeats it here."""

    def _connection_data(self, packet: ConnectionData) -> None:
        """What the client thinks of its link: pacing measures it."""
