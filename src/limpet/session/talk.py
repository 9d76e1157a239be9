"""Packets of the session phase, the same for both roles: pings are answered, strange packets counted, the rest told."""

from __future__ import annotations

from limpet.errors import PacketError
from limpet.packets.handshake import Disconnect, Hello, Ping, PingEcho
from limpet.packets.schema import Phase
from limpet.session.events import InvalidPacket, LatencyMeasured, PacketReceived, UnknownPacket
from limpet.session.link import Link, printable
from limpet.session.ping import Pinger
from limpet.wire.stream import RawPacket


class Talk:
    """`max_invalid`: so many packets of a known name and wrong shape are ignored; one more ends the connection."""

    def __init__(self, link: Link, pinger: Pinger, *, max_invalid: int) -> None:
        self._link = link
        self._pinger = pinger
        self._max_invalid = max_invalid
        self._invalid = 0

    def receive(self, raw: RawPacket, now: float) -> Disconnect | None:
        """Handle one packet; a `disconnect` is given back. Raises PacketError for one invalid packet too many."""
        link = self._link
        try:
            packet = link.decode(raw, Phase.SESSION)
        except PacketError as error:
            self._count(error)
            return None
        if packet is None:
            link.emit(UnknownPacket(name=printable(str(raw.items[0]), 64)))
        elif isinstance(packet, Disconnect):
            return packet
        elif isinstance(packet, Ping):
            link.send(PingEcho(time_ms=packet.time_ms, source=packet.source))
        elif isinstance(packet, PingEcho):
            if (seconds := self._pinger.echoed(packet.time_ms, now)) is not None:
                link.emit(LatencyMeasured(seconds=seconds))
        elif isinstance(packet, Hello):
            link.emit(InvalidPacket(detail="a second hello after login"))
        else:
            link.emit(PacketReceived(packet=packet))
        return None

    def _count(self, error: PacketError) -> None:
        self._invalid += 1
        if self._invalid > self._max_invalid:
            raise error
        self._link.emit(InvalidPacket(detail=str(error)))
