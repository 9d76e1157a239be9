from __future__ import annotations

import socket
from dataclasses import dataclass
from pathlib import Path

import pytest

from limpet.errors import ConfigError, ConnectionFailed, EndpointError, ExitCode, OptionError, TlsError
from limpet.net import unix
from limpet.net.connect import connect
from limpet.net.endpoint import parse_target
from limpet.net.registry import TRANSPORTS
from limpet.net.tls_config import TlsClientOptions
from tests.support.net import run


@dataclass
class Target:
    kind: str
    host: str = ""
    port: int = 0
    path: str = ""


def test_every_kind_that_targets_have_has_a_transport() -> None:
    kinds = {parse_target(text).kind for text in ("tcp://h:1/", "ssl://h:1/", "/run/socket", "socket:/run/socket")}
    assert kinds <= set(TRANSPORTS)


@pytest.mark.parametrize("kind", sorted(TRANSPORTS))
def test_every_transport_says_where_it_could_not_connect(kind: str, tmp_path: Path) -> None:
    target = Target(kind, host="127.0.0.1", port=1, path=str(tmp_path / "missing"))
    with pytest.raises(ConnectionFailed, match="cannot connect to") as caught:
        run(connect(target, None, 5))
    assert ("missing" if kind == "unix" else "127.0.0.1:1") in str(caught.value)


def test_unknown_kind_names_those_that_exist() -> None:
    with pytest.raises(EndpointError, match="no transport 'carrier-pigeon'") as caught:
        run(connect(Target("carrier-pigeon"), None, 5))
    assert "tcp, ssl, unix" in caught.value.hint


def test_tls_over_a_unix_socket_is_an_error_before_connecting(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not available on unix sockets"):
        run(connect(Target("unix", path=str(tmp_path / "missing")), TlsClientOptions(), 5))


def test_wrong_options_are_told_before_connecting() -> None:
    with pytest.raises(OptionError, match="--ssl-ciphers"):
        run(connect(Target("ssl", host="127.0.0.1", port=1), TlsClientOptions(ciphers="NULL"), 5))


def test_unix_target_connects(tmp_path: Path) -> None:
    async def check() -> None:
        made = unix.bind(tmp_path / "socket")
        stream = await connect(Target("unix", path=str(tmp_path / "socket")), None, 5)
        assert stream.facts.kind == "unix"
        stream.abort()
        await stream.wait_closed()
        made.socket.close()

    run(check())


def test_the_timeout_bounds_the_tls_handshake_too() -> None:
    # the kernel accepts, and nobody ever says a word
    with socket.create_server(("127.0.0.1", 0)) as silent:
        target = Target("ssl", host="127.0.0.1", port=silent.getsockname()[1])
        with pytest.raises(TlsError, match=r"not finished within 0\.2 s") as caught:
            run(connect(target, None, 0.2))
    assert caught.value.exit_code is ExitCode.TIMEOUT
    assert "--timeout" in caught.value.hint
