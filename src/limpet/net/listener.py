"""Accepting connections: caps, first bytes, TLS, and what strangers are told."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Sequence
from dataclasses import field
from pathlib import Path
from typing import Protocol

from limpet.errors import ConfigError, ConnectionClosed, DisconnectReason, TlsError
from limpet.limits import LISTENER, ListenerLimits
from limpet.net import tcp, unix
from limpet.net.caps import ConnectionCaps, Slot
from limpet.net.first_bytes import FirstBytes
from limpet.net.refusal import disconnect_record, refusal_text
from limpet.net.socket_stream import SocketStream
from limpet.net.stream import ByteStream, StreamFacts
from limpet.records import dataclass
from limpet.wire.sniff import Kind

log = logging.getLogger("limpet.net.listener")


class TlsServer(Protocol):
    """Turns an accepted stream into one protected by TLS."""

    async def wrap(self, stream: ByteStream, first_bytes: bytes) -> ByteStream:
        """Do the handshake; `first_bytes` were read from the stream. Raises `TlsError` after closing the stream."""


class ListenerPolicy(Protocol):
    """What a listener serves."""

    @property
    def tls(self) -> TlsServer | None:
        """None: TLS is refused."""

    def refuse_clear(self, facts: StreamFacts) -> tuple[DisconnectReason, str] | None:
        """The reason (and a second text) why a peer that starts without TLS is refused; None: it may go on."""


@dataclass(frozen=True)
class FixedPolicy:
    """The usual policy: TLS if there is a certificate, clear unless the listener requires TLS."""

    tls: TlsServer | None = None
    tls_only: bool = False

    def refuse_clear(self, facts: StreamFacts) -> tuple[DisconnectReason, str] | None:
        return (DisconnectReason.ENCRYPTION_REQUIRED, "this port requires SSL/TLS") if self.tls_only else None


@dataclass(frozen=True)
class Accepted:
    """A connection that speaks xpra's protocol and has not logged in."""

    stream: ByteStream
    """its reading is paused; `Driver.start(first_bytes)` takes over"""
    first_bytes: bytes
    """read already, to be fed first"""
    slot: Slot = field(repr=False)
    """call `slot.release()` once the peer has logged in; the listener does it when the connection ends"""
    kind: Kind = Kind.XPRA


class Listener:
    """One bind line: one or more sockets with one policy.

    `serve()` accepts until it is cancelled; `on_accepted` gets every connection that is to become a session and must
    not block.
    """

    def __init__(
        self,
        sockets: Sequence[socket.socket],
        policy: ListenerPolicy,
        caps: ConnectionCaps,
        on_accepted: Callable[[Accepted], None],
        *,
        file: unix.UnixSocket | None = None,
        limits: ListenerLimits = LISTENER,
    ) -> None:
        self.kind = "unix" if file is not None else "tcp"
        if file is not None and policy.tls is not None:
            raise ConfigError(
                f"SSL/TLS is not available on the unix socket {file.path}", hint="use ssl options on tcp listeners only"
            )
        self._sockets = list(sockets)
        self._names = [sock.getsockname() for sock in sockets]
        self._file = file
        self._policy = policy
        self._caps = caps
        self._on_accepted = on_accepted
        self._limits = limits
        self._group: asyncio.TaskGroup | None = None

    @property
    def addresses(self) -> list[str]:
        """Where it listens: `host:port` for every TCP socket, or the path."""
        if self._file is not None:
            return [str(self._file.path)]
        return [tcp.host_port(name[0], name[1]) for name in self._names]

    @property
    def port(self) -> int:
        """The TCP port (all sockets of a listener share it); 0 for a unix socket."""
        return 0 if self._file is not None else int(self._names[0][1])

    async def serve(self) -> None:
        """Accept connections until cancelled; closes the sockets at the end, not the connections handed over."""
        loop = asyncio.get_running_loop()
        describe = unix.describe if self._file is not None else tcp.describe

        def new_stream() -> SocketStream:
            return SocketStream(describe, self._admit)

        servers: list[asyncio.Server] = []
        try:
            for sock in self._sockets:
                create = loop.create_unix_server if self._file is not None else loop.create_server
                servers.append(await create(new_stream, sock=sock, backlog=self._limits.backlog, start_serving=False))
            async with asyncio.TaskGroup() as group:
                self._group = group
                for server in servers:
                    await server.start_serving()
                await loop.create_future()  # until cancelled
        finally:
            self._group = None
            for server in servers:
                server.close()
            self.close()

    def close(self) -> None:
        """Close the listening sockets and remove the socket file. Idempotent; `serve()` ends with it by itself."""
        for sock in self._sockets:
            sock.close()
        if self._file is not None:
            self._file.remove()

    def _admit(self, stream: SocketStream) -> None:
        facts = stream.facts
        slot = self._caps.admit(facts.address, facts.peer_uid) if self._group is not None else None
        if slot is None or self._group is None:
            stream.abort()
            if refused := self._caps.refusals_to_report():
                log.warning("%d connections refused, the last from %s: too many without login", refused, facts.peer)
            return
        self._group.create_task(self._welcome(stream, slot), name=f"welcome {facts.peer}")

    async def _welcome(self, stream: SocketStream, slot: Slot) -> None:
        """From the first byte to the session. Whatever goes wrong here ends this connection only."""
        try:
            if not await self._hand_over(stream, slot):
                stream.close()
            # The place is kept until the connection is gone, unless a login gives it back earlier.
            await stream.wait_closed()
        finally:
            slot.release()

    async def _hand_over(self, stream: SocketStream, slot: Slot) -> bool:
        """Whether the connection now belongs to `on_accepted`."""
        try:
            accepted = await self._recognise(stream, slot)
            if accepted is not None:
                self._on_accepted(accepted)
                return True
        except asyncio.CancelledError:
            stream.abort()
            raise
        except TimeoutError:
            log.info("%s: said nothing for %g s", stream.facts.peer, self._limits.first_bytes_s)
        except ConnectionClosed as exc:
            log.info("%s: %s", stream.facts.peer, exc)
        except TlsError as exc:  # names the peer itself
            log.info("%s", exc)
        except Exception:
            log.exception("%s: internal error, closing", stream.facts.peer)
            stream.abort()
        return False

    async def _recognise(self, stream: ByteStream, slot: Slot) -> Accepted | None:
        async with asyncio.timeout(self._limits.first_bytes_s):
            kind, first = await FirstBytes(stream).wait()
        if kind is Kind.TLS and self._policy.tls is not None:
            stream = await self._policy.tls.wrap(stream, first)
            try:
                async with asyncio.timeout(self._limits.first_bytes_s):
                    kind, first = await FirstBytes(stream).wait()
            except BaseException:
                stream.close()
                raise
        elif kind is Kind.XPRA and (refused := self._policy.refuse_clear(stream.facts)) is not None:
            log.warning("%s: refused, it does not use SSL/TLS", stream.facts.peer)
            stream.write([disconnect_record(first, *refused)])
            stream.close()
            return None
        if kind is not Kind.XPRA:
            log.info("%s: refused, it speaks %s", stream.facts.peer, kind.value)
            stream.write([refusal_text(kind)])
            stream.close()
            return None
        return Accepted(stream=stream, first_bytes=first, slot=slot)


async def listen_tcp(
    host: str,
    port: int,
    policy: ListenerPolicy,
    caps: ConnectionCaps,
    on_accepted: Callable[[Accepted], None],
    *,
    limits: ListenerLimits = LISTENER,
) -> Listener:
    """Bind `host` (empty: 127.0.0.1, `*`: all addresses) and `port` (0: any). Raises `ListenFailed`."""
    sockets = await asyncio.to_thread(tcp.bind, host, port)
    return Listener(sockets, policy, caps, on_accepted, limits=limits)


async def listen_unix(
    path: Path,
    policy: ListenerPolicy,
    caps: ConnectionCaps,
    on_accepted: Callable[[Accepted], None],
    *,
    limits: ListenerLimits = LISTENER,
) -> Listener:
    """Listen at `path` with mode 0600. Raises `ListenFailed`; `ConfigError` if the policy has TLS."""
    file = await asyncio.to_thread(unix.bind, path)
    try:
        return Listener([file.socket], policy, caps, on_accepted, file=file, limits=limits)
    except ConfigError:
        file.socket.close()
        file.remove()
        raise
