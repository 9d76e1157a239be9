"""TCP: listening sockets and connections."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket

from limpet.errors import ConnectionFailed, ListenFailed
from limpet.limits import LISTENER
from limpet.net.socket_stream import SocketStream
from limpet.net.stream import StreamFacts

ALL_ADDRESSES = "*"
LOOPBACK = "127.0.0.1"
HAPPY_EYEBALLS_S = 0.25
"""head start of the first address family (RFC 8305 section 5)"""


def host_port(host: str, port: int) -> str:
    """`host:port` with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def plain_address(address: str) -> str:
    """`address` with an IPv4 address mapped into IPv6 given as IPv4."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    return address


def is_loopback(address: str) -> bool:
    """Whether the IP address `address` is of this machine only."""
    return ipaddress.ip_address(plain_address(address).partition("%")[0]).is_loopback


def describe(transport: asyncio.BaseTransport) -> StreamFacts:
    """Both ends of a TCP connection."""
    peer = transport.get_extra_info("peername")
    local = transport.get_extra_info("sockname")
    if peer is None:  # reset between accept and here: the first read reports it
        return StreamFacts(kind="tcp", peer="tcp peer already gone", local="", address="0.0.0.0")  # noqa: S104 - nobody
    address = plain_address(peer[0])
    return StreamFacts(
        kind="tcp",
        peer=host_port(address, peer[1]),
        local=host_port(plain_address(local[0]), local[1]),
        address=address,
        loopback=is_loopback(address),
    )


def bind(host: str, port: int) -> list[socket.socket]:
    """Listening sockets for `host` (empty: loopback, `*`: all addresses of both families) and `port` (0: any free one).

    A name stands for all its addresses, which then share one port. Raises `ListenFailed`.
    """
    where = host_port(host or LOOPBACK, port)
    sockets: list[socket.socket] = []
    problem: OSError | None = None
    try:
        for family, address in _addresses(host or LOOPBACK, port):
            try:
                sock = _listen(family, address, port or (sockets[0].getsockname()[1] if sockets else 0))
            except OSError as exc:
                # A machine without IPv6 has names with IPv6 addresses all the same.
                if exc.errno not in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
                    raise
                problem = exc
            else:
                sockets.append(sock)
        if not sockets:
            raise problem or OSError(errno.EADDRNOTAVAIL, "the name has no address")
    except OSError as exc:
        for sock in sockets:
            sock.close()
        raise ListenFailed(f"cannot listen on {where}: {reason(exc)}", hint=_listen_hint(exc)) from exc
    return sockets


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, str]]:
    if host == ALL_ADDRESSES:
        everything = [(socket.AF_INET, "0.0.0.0")]  # noqa: S104 - asked for by name
        return [*everything, (socket.AF_INET6, "::")] if socket.has_ipv6 else everything
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    return list(dict.fromkeys((info[0], str(info[4][0])) for info in found))


def _listen(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            # Without it a server could not come back on its port for minutes; on Windows it would mean port theft.
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.setblocking(False)
        sock.bind((address, port))
        sock.listen(LISTENER.backlog)
    except OSError:
        sock.close()
        raise
    return sock


def _listen_hint(exc: OSError) -> str:
    if exc.errno == errno.EADDRINUSE:
        return "another program has this port: choose another one, or port 0 for any free one"
    if exc.errno == errno.EACCES:
        return "ports below 1024 belong to root: choose a higher one"
    if exc.errno == errno.EADDRNOTAVAIL or isinstance(exc, socket.gaierror):
        return "give an address of this machine, or * for all of them"
    return ""


def reason(exc: OSError) -> str:
    """The cause of `exc` in words, without numbers."""
    if exc.strerror:
        return exc.strerror[0].lower() + exc.strerror[1:]
    return str(exc) or type(exc).__name__


async def connect(host: str, port: int, *, timeout: float) -> SocketStream:
    """Connect to `host` and `port`, trying its addresses as RFC 8305 says. Raises `ConnectionFailed`.

    The stream does not read before it has a receiver.
    """
    loop = asyncio.get_running_loop()
    where = host_port(host, port)
    if not 0 < port < 0x10000:  # asyncio 3.11 loses the error of such a port
        raise ConnectionFailed(f"cannot connect to {where}: ports go from 1 to 65535")
    try:
        async with asyncio.timeout(timeout):
            _, stream = await loop.create_connection(
                lambda: SocketStream(describe), host, port, happy_eyeballs_delay=_head_start(host)
            )
    except TimeoutError as exc:
        raise ConnectionFailed(
            f"no answer from {where} within {timeout:g} s", hint="check the address, the network and the firewall"
        ) from exc
    except socket.gaierror as exc:
        raise ConnectionFailed(
            f"cannot connect to {where}: the host name is not known ({reason(exc)})",
            hint="check the name in the target",
        ) from exc
    except OSError as exc:
        raise ConnectionFailed(f"cannot connect to {where}: {_connect_reason(exc)}", hint=_connect_hint(exc)) from exc
    except UnicodeError as exc:
        raise ConnectionFailed(f"cannot connect to {where}: this is not a host name") from exc
    return stream


def _head_start(host: str) -> float | None:
    """None for an address: there is nothing to race, and a race that is cancelled may leave a socket open (3.11)."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return HAPPY_EYEBALLS_S
    return None


def _connect_reason(exc: OSError) -> str:
    # asyncio joins the errors of several addresses into one text without a number.
    if "refused" in str(exc).lower() or isinstance(exc, ConnectionRefusedError):
        return "connection refused"
    if exc.errno is not None and exc.errno in errno.errorcode:
        return os.strerror(exc.errno).lower()
    return str(exc)


def _connect_hint(exc: OSError) -> str:
    if _connect_reason(exc) == "connection refused":
        return "nothing listens there: is the server running, and is the port right?"
    return "check the address and the network"
