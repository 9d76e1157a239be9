from __future__ import annotations

import asyncio
import socket

import pytest

from limpet.errors import ConnectionFailed, ExitCode, ListenFailed
from limpet.net import tcp
from tests.support.net import run


def close_all(sockets: list[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def test_empty_host_is_loopback_only() -> None:
    sockets = tcp.bind("", 0)
    assert [sock.getsockname()[0] for sock in sockets] == ["127.0.0.1"]
    close_all(sockets)


def test_star_is_every_address_on_one_port() -> None:
    sockets = tcp.bind("*", 0)
    names = [sock.getsockname() for sock in sockets]
    close_all(sockets)
    assert names[0][0] == "0.0.0.0"
    assert len({name[1] for name in names}) == 1


def test_port_in_use_names_the_address_and_the_way_out() -> None:
    sockets = tcp.bind("", 0)
    port = sockets[0].getsockname()[1]
    with pytest.raises(ListenFailed, match=f"127.0.0.1:{port}.*in use") as caught:
        tcp.bind("127.0.0.1", port)
    close_all(sockets)
    assert "port 0" in caught.value.hint
    assert caught.value.exit_code is ExitCode.SOCKET_CREATION_ERROR


def test_foreign_address_is_refused_with_a_hint() -> None:
    with pytest.raises(ListenFailed) as caught:
        tcp.bind("192.0.2.1", 0)
    assert "address of this machine" in caught.value.hint


def test_unknown_name_cannot_be_bound() -> None:
    with pytest.raises(ListenFailed, match=r"cannot listen on no-such-host\.invalid:0"):
        tcp.bind("no-such-host.invalid", 0)


def test_connection_has_facts_of_both_ends() -> None:
    async def check() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            stream = await tcp.connect("127.0.0.1", port, timeout=5)
            facts = stream.facts
            assert (facts.kind, facts.peer, facts.address, facts.loopback) == (
                "tcp",
                f"127.0.0.1:{port}",
                "127.0.0.1",
                True,
            )
            assert facts.local.startswith("127.0.0.1:")
            assert facts.tls is None and facts.peer_uid is None
            sock = stream._transport.get_extra_info("socket")
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            stream.abort()
            await stream.wait_closed()

    run(check())


def test_refused_connection_names_host_and_port() -> None:
    sockets = tcp.bind("", 0)
    port = sockets[0].getsockname()[1]
    close_all(sockets)
    with pytest.raises(ConnectionFailed, match=f"127.0.0.1:{port}: connection refused") as caught:
        run(tcp.connect("127.0.0.1", port, timeout=5))
    assert "server running" in caught.value.hint


def test_name_with_several_refusing_addresses_is_still_one_plain_sentence() -> None:
    sockets = tcp.bind("", 0)
    port = sockets[0].getsockname()[1]
    close_all(sockets)
    with pytest.raises(ConnectionFailed, match=f"^cannot connect to localhost:{port}: connection refused$"):
        run(tcp.connect("localhost", port, timeout=5))


def test_unknown_host_name_says_so() -> None:
    with pytest.raises(ConnectionFailed, match=r"no-such-host\.invalid:1.*host name is not known"):
        run(tcp.connect("no-such-host.invalid", 1, timeout=10))


@pytest.mark.parametrize(("host", "port"), [("a" * 300 + ".example", 1), ("127.0.0.1", 70000)])
def test_impossible_names_and_ports_are_connection_errors(host: str, port: int) -> None:
    with pytest.raises(ConnectionFailed, match="cannot connect to"):
        run(tcp.connect(host, port, timeout=5))


def test_silence_ends_with_the_time_out() -> None:
    async def check() -> None:
        with socket.socket() as server:
            server.bind(("127.0.0.1", 0))
            server.listen(0)
            port = server.getsockname()[1]
            fillers = [socket.socket() for _ in range(8)]  # fill the accept queue: further SYNs are dropped
            for filler in fillers:
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.1", port))
            await asyncio.sleep(0.05)
            with pytest.raises(ConnectionFailed, match=f"no answer from 127.0.0.1:{port} within 0.2 s"):
                await tcp.connect("127.0.0.1", port, timeout=0.2)
            close_all(fillers)

    run(check())


@pytest.mark.parametrize(
    ("address", "plain", "loopback"),
    [
        ("127.0.0.1", "127.0.0.1", True),
        ("127.9.9.9", "127.9.9.9", True),
        ("::1", "::1", True),
        ("::ffff:127.0.0.1", "127.0.0.1", True),
        ("::ffff:192.0.2.7", "192.0.2.7", False),
        ("192.0.2.7", "192.0.2.7", False),
        ("fe80::1%eth0", "fe80::1%eth0", False),
    ],
)
def test_addresses_are_told_plainly(address: str, plain: str, loopback: bool) -> None:
    assert tcp.plain_address(address) == plain
    assert tcp.is_loopback(address) is loopback


def test_ipv6_addresses_get_brackets() -> None:
    assert tcp.host_port("::1", 5) == "[::1]:5"
    assert tcp.host_port("host", 5) == "host:5"
