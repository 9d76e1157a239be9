"""Opening a connection to a target."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from limpet.errors import ConfigError, EndpointError
from limpet.net.registry import TRANSPORTS, Endpoint
from limpet.net.stream import ByteStream

if TYPE_CHECKING:
    from limpet.net.tls_config import TlsClientOptions, TlsTargetSide


async def connect(target: Endpoint, tls: TlsClientOptions | None, timeout: float) -> ByteStream:
    """Connect to `target`, with TLS if its kind is `ssl` or `tls` is given. The stream reads once it has a receiver.

    `timeout` bounds the connecting, and the TLS handshake once more. Raises `ConnectionFailed`, `TlsError`, and
    `ConfigError` before anything is opened.
    """
    transport = TRANSPORTS.get(target.kind)
    if transport is None:
        raise EndpointError(f"limpet has no transport {target.kind!r}", hint=f"it has {', '.join(TRANSPORTS)}")
    side: TlsTargetSide | None = None
    if transport.tls or tls is not None:
        if not transport.can_tls:
            raise ConfigError("SSL/TLS is not available on unix sockets", hint="leave out the ssl options")
        from limpet.net.tls_config import TlsClientOptions

        options = tls if tls is not None else TlsClientOptions()
        # Reading a system's trust store takes some 20 ms.
        side = await asyncio.to_thread(options.client, target.host, timeout)
    stream = await transport.connect(target, timeout)
    if side is None:
        return stream
    from limpet.net import tcp

    return await side.wrap(stream, tcp.host_port(target.host, target.port))
