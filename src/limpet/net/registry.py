"""The transports: one line each. A transport is imported when it is used, and listening only by servers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol, TypeAlias

from limpet.net.socket_stream import SocketStream
from limpet.records import dataclass

if TYPE_CHECKING:
    from limpet.net.caps import ConnectionCaps
    from limpet.net.listener import Accepted, Listener, ListenerPolicy


class Endpoint(Protocol):
    """What a target or a bind line says about where: the fields that its kind does not use are empty."""

    @property
    def kind(self) -> str: ...

    @property
    def host(self) -> str: ...

    @property
    def port(self) -> int: ...

    @property
    def path(self) -> str: ...


AcceptedCallback: TypeAlias = "Callable[[Accepted], None]"


@dataclass(frozen=True)
class Transport:
    """One way to reach a server. `connect` raises `ConnectionFailed`, `listen` `ListenFailed`."""

    kind: str
    connect: Callable[[Endpoint, float], Awaitable[SocketStream]]
    listen: Callable[[Endpoint, ListenerPolicy, ConnectionCaps, AcceptedCallback], Awaitable[Listener]]
    tls: bool = False
    """TLS from the first byte"""
    can_tls: bool = True


async def _connect_tcp(target: Endpoint, timeout: float) -> SocketStream:
    from limpet.net import tcp

    return await tcp.connect(target.host, target.port, timeout=timeout)


async def _connect_unix(target: Endpoint, timeout: float) -> SocketStream:
    from limpet.net import unix

    return await unix.connect(Path(target.path), timeout=timeout)


async def _listen_tcp(
    spec: Endpoint, policy: ListenerPolicy, caps: ConnectionCaps, on_accepted: AcceptedCallback
) -> Listener:
    from limpet.net import listener

    return await listener.listen_tcp(spec.host, spec.port, policy, caps, on_accepted)


async def _listen_unix(
    spec: Endpoint, policy: ListenerPolicy, caps: ConnectionCaps, on_accepted: AcceptedCallback
) -> Listener:
    from limpet.net import listener

    return await listener.listen_unix(Path(spec.path), policy, caps, on_accepted)


TRANSPORTS: Mapping[str, Transport] = MappingProxyType(
    {
        transport.kind: transport
        for transport in (
            Transport("tcp", _connect_tcp, _listen_tcp),
            Transport("ssl", _connect_tcp, _listen_tcp, tls=True),
            Transport("unix", _connect_unix, _listen_unix, can_tls=False),
        )
    }
)
