"""The transports: one line each."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Protocol

from limpet.net import listener, tcp, unix
from limpet.net.caps import ConnectionCaps
from limpet.net.listener import Accepted, Listener, ListenerPolicy
from limpet.net.socket_stream import SocketStream


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


AcceptedCallback = Callable[[Accepted], None]


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
    return await tcp.connect(target.host, target.port, timeout=timeout)


async def _connect_unix(target: Endpoint, timeout: float) -> SocketStream:
    return await unix.connect(Path(target.path), timeout=timeout)


async def _listen_tcp(
    spec: Endpoint, policy: ListenerPolicy, caps: ConnectionCaps, on_accepted: AcceptedCallback
) -> Listener:
    return await listener.listen_tcp(spec.host, spec.port, policy, caps, on_accepted)


async def _listen_unix(
    spec: Endpoint, policy: ListenerPolicy, caps: ConnectionCaps, on_accepted: AcceptedCallback
) -> Listener:
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
