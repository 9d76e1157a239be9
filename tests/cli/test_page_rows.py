"""The command lines of the encryption page, typed as they stand (docs/protocol: page, rows 4 to 16)."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from limpet.auth.modules.system import SystemModuleEnv
from limpet.client.plan import ConnectPlan, plan_connection
from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError, ExitCode
from limpet.net.endpoint import parse_target
from limpet.server.listeners import ListenerPlan, PlanContext, plan_listeners


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("key.txt", "cert.pem", "server.crt", "server.key", "ca.crt", "password.txt"):
        (tmp_path / name).write_text("content")
        (tmp_path / name).chmod(0o600)
    return tmp_path


def start(folder: Path, line: str) -> ListenerPlan:
    words = shlex.split(line.replace("HOST", "127.0.0.1"))
    assert words.pop(0) == "start"
    options = parse_words(words, "start", Scope.START).options
    modules = SystemModuleEnv({}, base=folder)
    listeners = plan_listeners(options, PlanContext(Environment(), modules, folder)).listeners
    (found,) = [listener for listener in listeners if listener.bind.kind != "unix"]
    return found


def attach(folder: Path, line: str) -> ConnectPlan:
    words = shlex.split(line.replace("HOST", "127.0.0.1"))
    assert words.pop(0) == "attach"
    parsed = parse_words(words, "attach", Scope.ATTACH)
    return plan_connection(parsed.options, parse_target(parsed.arguments[0]), Environment(), base=folder)


def test_row_4_aes_with_a_key_file(folder: Path) -> None:
    server = start(
        folder, "start --start=xterm --bind-tcp=HOST:10000 --tcp-encryption=AES --tcp-encryption-keyfile=key.txt"
    )
    client = attach(folder, "attach tcp:HOST:10000 --tcp-encryption=AES --tcp-encryption-keyfile=./key.txt")
    assert server.aes and client.aes
    assert server.aes.key and client.aes.key
    assert server.aes.key.reveal() == client.aes.key.reveal() == b"content"
    assert not server.clear_allowed


def test_row_5_the_general_key_file(folder: Path) -> None:
    server = start(folder, "start --bind-tcp=HOST:10000 --encryption=AES --encryption-keyfile=key.txt")
    client = attach(folder, "attach tcp:HOST:10000 --encryption=AES --encryption-keyfile=key.txt")
    assert server.aes and client.aes


def test_row_6_the_password_instead_of_a_key_file(folder: Path) -> None:
    server = start(folder, "start --bind-tcp=HOST:10000 --tcp-encryption=AES --tcp-auth=file:filename=password.txt")
    client = attach(folder, "attach tcp:HOST:10000 --tcp-encryption=AES --password-file=password.txt")
    assert server.aes and server.aes.key is None
    assert client.aes and client.aes.key is None
    assert client.warnings


def test_row_7_ssl_is_not_for_unix_sockets(folder: Path) -> None:
    with pytest.raises(ConfigError, match="not for unix sockets"):
        start(folder, "start --bind=/run/x,ssl=on --ssl-cert=cert.pem")


def test_row_8_tcp_and_ssl_on_one_port(folder: Path) -> None:
    server = start(folder, "start --start=xterm --bind-tcp=HOST:10000 --ssl-cert=./cert.pem --ssl=on")
    assert server.tls and server.clear_allowed and not server.tls_only


def test_row_9_ssl_only(folder: Path) -> None:
    server = start(folder, "start --start=xterm --bind-ssl=HOST:10000 --ssl-cert=./cert.pem")
    assert server.tls and server.tls_only and not server.clear_allowed


def test_row_10_and_11_the_ssl_client(folder: Path) -> None:
    assert attach(folder, "attach ssl:HOST:10000").tls
    tls = attach(folder, "attach ssl:HOST:10000 --ssl-server-verify-mode=none").tls
    assert tls and tls.server_verify_mode == "none"
    tls = attach(folder, "attach ssl:HOST:10000 --ssl-server-verify-mode=none --ssl-check-hostname=no").tls
    assert tls and tls.check_hostname is False


def test_row_12_client_certificates(folder: Path) -> None:
    server = start(
        folder,
        "start --bind-ssl=0.0.0.0:10000 --ssl-cert=cert.pem --ssl-client-verify-mode=required --ssl-ca-certs=ca.crt",
    )
    assert server.tls and server.tls.client_verify_mode == "required"
    tls = attach(folder, "attach ssl:HOST:10000 --ssl-cert=client.crt --ssl-key=client.key --ssl-ca-certs=ca.crt").tls
    assert tls and tls.cert == str(folder / "client.crt")


def test_row_14_an_own_ca(folder: Path) -> None:
    server = start(folder, "start --bind-tcp=HOST:10000 --ssl=on --ssl-cert=server.crt --ssl-key=server.key")
    assert server.tls and server.tls.key == str(folder / "server.key")
    tls = attach(folder, "attach ssl:HOST:10000 --ssl-ca-certs=ca.crt").tls
    assert tls and tls.ca_certs == str(folder / "ca.crt")


@pytest.mark.parametrize(
    ("server", "client", "name"),
    [
        ("encryption=AES,keyfile=key.txt", "encryption=AES&keyfile=key.txt", "AES"),
        ("encryption=AES-CTR,keyfile=key.txt", "encryption=AES-CTR&keyfile=key.txt", "AES-CTR"),
        ("encryption=AES,keydata=0x30313233", "encryption=AES&keydata=0x30313233", "AES"),
        ("encryption=AES,keydata=base64:MDEyMw==", "encryption=AES&keydata=base64:MDEyMw==", "AES"),
    ],
)
def test_row_15_bind_lines_and_urls(folder: Path, server: str, client: str, name: str) -> None:
    listener = start(folder, f"start --bind-tcp=HOST:10000,{server}")
    connection = attach(folder, f'attach "tcp://HOST:10000/?{client}"')
    assert listener.aes and connection.aes
    assert listener.aes.name == connection.aes.name == name
    assert listener.aes.key and connection.aes.key
    assert listener.aes.key.reveal() == connection.aes.key.reveal()


def test_row_15_authorities_as_data(folder: Path) -> None:
    tls = attach(folder, "attach ssl:HOST:10000 --ssl-ca-data=base64:LS0tLS1CRUdJTg==").tls
    assert tls and tls.ca_data == "base64:LS0tLS1CRUdJTg=="


@pytest.mark.parametrize("mode", ["GCM", "CFB"])
def test_row_16_modes_that_are_gone(folder: Path, mode: str) -> None:
    for plan, line in (
        (start, f"start --bind-tcp=HOST:10000,encryption=AES-{mode},keyfile=key.txt"),
        (attach, f"attach tcp:HOST:10000 --encryption=AES-{mode} --encryption-keyfile=key.txt"),
    ):
        with pytest.raises(ConfigError, match=mode) as caught:
            plan(folder, line)
        assert "AES-CBC or AES-CTR" in caught.value.hint
        assert caught.value.exit_code is ExitCode.ENCRYPTION
