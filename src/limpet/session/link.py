"""What both roles share: packets in and out of bytes, the queue of events, and the one way to end."""

from __future__ import annotations

from collections import deque

from limpet.errors import LimpetError, LocalProtocolError, PacketError
from limpet.limits import WireLimits
from limpet.packets.capgroups import NetworkCaps
from limpet.packets.dialect import Dialect
from limpet.packets.registry import packets
from limpet.packets.schema import Packet, Phase
from limpet.session.events import Event, Terminated
from limpet.values import Buffer, Side
from limpet.wire.compression import available, choose
from limpet.wire.stream import PacketReader, PacketWriter, RawPacket

DEFAULT_COMPRESSION_LEVEL = 1


def our_network() -> NetworkCaps:
    """What either of our hellos says of serializers, compressors and pings.

    Lists and booleans both: 3.1.3 and 6.x up to 6.5.0 read only the booleans (docs/protocol: which encoder when).
    """
    names = available()
    return NetworkCaps(
        encoders=("rencodeplus", "rencode"),
        rencodeplus=True,
        rencode=True,
        compressors=names,
        lz4="lz4" in names,
        brotli="brotli" in names,
        zlib="zlib" in names,
        compression_level=DEFAULT_COMPRESSION_LEVEL,
        ping=True,
        ping_interval_s=5,
    )


class Link:
    """One connection's reader, writer, dialect and event queue; knows no phases and no roles."""

    def __init__(self, side: Side, dialect: Dialect, limits: WireLimits) -> None:
        self.side = side
        self.dialect = dialect
        self.reader = PacketReader(limits)
        self.writer = PacketWriter(serializer=dialect.serializer)
        self.encrypted_out = False
        self.encrypted_in = False
        self.muted = False
        """nothing may be sent any more: the peer reads encrypted and gave no key"""
        self.received_bytes = 0
        self.sent_bytes = 0
        self._out: list[Buffer] = []
        self._events: deque[Event] = deque()
        self._terminated = False

    @property
    def terminated(self) -> bool:
        """No event but those already queued will follow, and nothing more is read."""
        return self._terminated

    def set_dialect(self, dialect: Dialect) -> None:
        """From the next packet on, write what this peer understands."""
        self.dialect = dialect
        self.writer.serializer = dialect.serializer
        self.writer.flush_flag = dialect.nested

    def set_network(self, network: NetworkCaps) -> None:
        """Compress what goes to this peer as it asked for: first of ours that it lists, at its level."""
        offered = {name for name in ("lz4", "brotli", "zstd", "zlib") if getattr(network, name)}
        offered |= set(network.compressors)
        level = network.compression_level
        self.writer.chunks = network.chunks
        self.writer.compressor = choose(offered, self.dialect.version)
        self.writer.level = DEFAULT_COMPRESSION_LEVEL if level is None else min(level, 9)

    def emit(self, event: Event) -> None:
        if not self._terminated:
            self._events.append(event)

    def next_event(self) -> Event | None:
        return self._events.popleft() if self._events else None

    def data_to_send(self) -> list[Buffer]:
        out, self._out = self._out, []
        return out

    def send(self, packet: Packet, *, flush: bool = True) -> None:
        """Queue the bytes of `packet` in the peer's dialect. Encryption happens here, in wire order."""
        if self._terminated or self.muted:
            return
        if self.side not in packet.senders():
            raise LocalProtocolError(f"a {self.side.value} does not send {type(packet).__name__}")
        items, bulk = packets.encode(packet, self.dialect)
        for part in self.writer.write(items, flush=flush, bulk=bulk):
            self.sent_bytes += len(part)
            self._out.append(part)

    def send_text(self, text: str) -> None:
        """What a peer gets that never sent a valid record (docs/protocol: broken peers)."""
        self._out.append(text.encode("latin-1", "replace"))

    def feed(self, data: Buffer) -> None:
        self.received_bytes += len(data)
        self.reader.receive_data(data)

    def decode(self, raw: RawPacket, phase: Phase) -> Packet | None:
        """The typed packet, None for an unknown name. Raises `PacketError`."""
        if not raw.items:
            raise PacketError("an empty packet")
        return packets.decode(self.side.other, phase, raw.items)

    def end(
        self,
        error: LimpetError | None,
        *,
        reason: str,
        by_peer: bool,
        retry_legacy: bool = False,
        unanswered: bool = False,
        text: str = "",
    ) -> None:
        if self._terminated:
            return
        self.emit(
            Terminated(
                error=error,
                reason=reason,
                by_peer=by_peer,
                retry_legacy=retry_legacy,
                unanswered=unanswered,
                text=text,
            )
        )
        self._terminated = True


def printable(text: str, limit: int = 256) -> str:
    """A peer's text for a log or a terminal: one line, no control characters, bounded."""
    return "".join(c if c.isprintable() else " " for c in text[:limit]).strip()
