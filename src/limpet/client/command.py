"""One question to a server, without windows: version, id, info, screenshot, detach, stop, exit."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import field

from limpet.auth.sources import PasswordRequest
from limpet.client import terminal
from limpet.client.connection import Connection, Hellos
from limpet.client.hello import Identity, base_hello
from limpet.client.memory import PeerMemory, outgrown
from limpet.client.passwords import password_sources
from limpet.client.plan import ConnectPlan
from limpet.client.reconnect import Action, Ended, Progress, decide
from limpet.errors import ConnectionClosed, ExitCode, LimpetError
from limpet.limits import AFTER_HELLO
from limpet.net.stream import StreamFacts
from limpet.packets.display import Screenshot
from limpet.packets.requests import request_caps
from limpet.packets.schema import Packet
from limpet.records import dataclass
from limpet.session.events import Accepted
from limpet.values import Wire

log = logging.getLogger("limpet.client.command")


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: the server's capabilities, a picture, or the words of its `disconnect`."""

    caps: Mapping[str, Wire] = field(default_factory=dict)
    screenshot: Screenshot | None = None
    reason: str = ""
    text: str = ""


class Request:
    """Asks `name` (a row of `packets.requests.MODES`) of the server of `plan`. Also the owner of its connection."""

    def __init__(self, plan: ConnectPlan, name: str, memory: PeerMemory, **arguments: Wire) -> None:
        self._plan = plan
        self._name = name
        self._memory = memory
        self._caps = request_caps(name, **arguments)
        self._identity = Identity()
        self._connection: Connection | None = None
        self._answer = Answer()
        self._answered = False

    async def run(self) -> Answer:
        """Raises `LimpetError` when there is no answer."""
        target = str(self._plan.target)
        legacy = self._memory.is_legacy(target)
        sources = password_sources(self._plan.passwords, _ask if terminal.available() else None)
        progress = Progress()
        while True:
            sources = sources.again()
            self._connection = Connection(self._plan, self, sources, legacy=legacy)
            ended = await self._connection.run()
            decision, progress = decide(ended, progress, 0.0, reconnect=False)
            if decision.action is not Action.OTHER_SPELLING or self._answered:
                return self._conclude(ended)
            legacy = not legacy
            log.info("%s: %s; trying the %s hello", target, ended.reason, "legacy" if legacy else "newer")

    def _conclude(self, ended: Ended) -> Answer:
        if self._answered and self._name not in _ENDED_BY_SERVER:
            return self._answer
        if ended.error is not None and not (self._answered and isinstance(ended.error, ConnectionClosed)):
            raise ended.error
        if not self._answered and self._name not in _ENDED_BY_SERVER:
            raise LimpetError(
                f"{self._plan.target} ended the connection without an answer: {ended.text or ended.reason}",
                exit_code=ExitCode.REMOTE_ERROR,
            )
        return Answer(caps=self._answer.caps, reason=ended.reason, text=ended.text)

    # -- ConnectionOwner -----------------------------------------------------------------------------------------

    async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
        return Hellos(full=base_hello(self._plan, self._identity), partial=None, limits=AFTER_HELLO, request=self._caps)

    def accepted(self, event: Accepted, facts: StreamFacts) -> None:
        connection = self._connection
        assert connection is not None
        self._memory.remember(str(self._plan.target), legacy=connection.legacy and not outgrown(event))
        self._answered = True
        self._answer = Answer(caps=event.caps)
        farewell = _FAREWELLS.get(self._name)
        if farewell is not None:
            # xpra 3.1.3: answers with its hello and waits for the packet
            connection.send(farewell())
        elif self._name != "screenshot" and self._name not in _ENDED_BY_SERVER:
            connection.leave()

    def received(self, packet: Packet) -> None:
        if isinstance(packet, Screenshot) and self._connection is not None:
            self._answered = True
            self._answer = Answer(caps=self._answer.caps, screenshot=packet)
            self._connection.leave()

    def writable(self) -> None:
        """Nothing is held back."""


def _stop() -> Packet:
    from limpet.packets.control import ShutdownServer

    return ShutdownServer()


def _exit() -> Packet:
    from limpet.packets.control import ExitServer

    return ExitServer()


_FAREWELLS = {"stop": _stop, "exit": _exit}
_ENDED_BY_SERVER = frozenset({"detach", "stop", "exit"})
"""Requests that are done when the server has ended the connection."""


async def _ask(request: PasswordRequest) -> str | None:
    return await terminal.ask_secret(request.question)
