"""What must not become a session does not: a clear error and its own exit code on our side, nothing delivered."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from limpet.errors import ExitCode
from tests.support.relay import relay
from tests.support.rig import Rig, maker

pytestmark = pytest.mark.peer

TCP = "--bind-tcp=127.0.0.1:{port}"
TO_TCP = "tcp:127.0.0.1:{port}"
SSL = "--bind-ssl=127.0.0.1:{port}"
TO_SSL = "ssl:127.0.0.1:{port}"
AES = "--tcp-encryption=AES --tcp-encryption-keyfile=key.txt"
OTHER_KEY = "--tcp-encryption=AES --tcp-encryption-keyfile=other-key.txt"
OTHER_KEY_CTR = "--tcp-encryption=AES-CTR --tcp-encryption-keyfile=other-key.txt"
CBC = "--tcp-encryption=AES-CBC --tcp-encryption-keyfile=key.txt"
CTR = "--tcp-encryption=AES-CTR --tcp-encryption-keyfile=key.txt"
TCP_LOGIN = "--tcp-auth=file:filename=password.txt"
SSL_LOGIN = "--ssl-auth=file:filename=password.txt"
WRONG_PASSWORD = "--password-file=./other-password.txt"
CERTIFICATE = "--ssl-cert=server.crt --ssl-key=server.key"
EXPIRED = "--ssl-cert=expired.crt --ssl-key=expired.key"
ELSEWHERE = "--ssl-cert=elsewhere.crt --ssl-key=elsewhere.key"
OWN_CA = "--ssl-ca-certs=ca.crt"
FOREIGN_CA = "--ssl-ca-certs=foreign-ca.crt"
WANTS_CERTIFICATE = f"{CERTIFICATE} --ssl-client-verify-mode=required {OWN_CA}"
FOREIGN_CERTIFICATE = "--ssl-cert=foreign-client.crt --ssl-key=foreign-client.key"


@dataclass(frozen=True)
class Refusal:
    """Options of both sides, the exit code of limpet's client and what it says."""

    name: str
    server: str
    client: str
    code: ExitCode
    says: str
    servers: tuple[str, ...] = ("limpet", "3.1.3")


ALL = ("limpet", "3.1.3", "6.2.5")
SELF = ("limpet",)
NO_KEY = "its key differs from ours, or its AES mode"
NO_TLS = "does not speak SSL/TLS on this port"
UNKNOWN_CA = "is signed by an unknown CA"
WRONG = "authentication failed"
WITHOUT = "the server requires encryption on this connection"

BY_CLIENT = (
    Refusal("wrong-key", f"{TCP} {AES}", f"{TO_TCP} {OTHER_KEY}", ExitCode.WRONG_KEY, NO_KEY, ALL),
    Refusal(
        "wrong-key-ctr", f"{TCP} {CTR}", f"{TO_TCP} {OTHER_KEY_CTR}", ExitCode.WRONG_KEY, NO_KEY, ("limpet", "6.2.5")
    ),
    Refusal(
        "wrong-mode",
        *(f"{TCP} {CTR}", f"{TO_TCP} {CBC}"),
        *(ExitCode.ENCRYPTION, "it may demand another mode", ("limpet", "6.2.5")),
    ),
    Refusal("no-encryption", f"{TCP} {AES}", TO_TCP, ExitCode.SERVER_REQUIRES_ENCRYPTION, WITHOUT, ALL),
    Refusal(
        "only-client-encrypts",
        *(TCP, f"{TO_TCP} {AES}"),
        *(ExitCode.SERVER_REFUSES_ENCRYPTION, "the server has no encryption on this connection", ALL),
    ),
    # crypto.md 4.8: it takes the option, drops what is encrypted, and never answers
    Refusal(
        "server-without-working-aes",
        *(f"{TCP} {AES}", f"{TO_TCP} {AES} --timeout=4"),
        *(ExitCode.TIMEOUT, "a server without working AES may stay silent", ("6.5.5",)),
    ),
    Refusal(
        "wrong-password", f"{TCP} {TCP_LOGIN}", f"{TO_TCP} {WRONG_PASSWORD}", ExitCode.AUTHENTICATION_FAILED, WRONG, ALL
    ),
    Refusal(
        "wrong-password-aes",
        *(f"{TCP} {AES} {TCP_LOGIN}", f"{TO_TCP} {AES} {WRONG_PASSWORD}"),
        *(ExitCode.AUTHENTICATION_FAILED, WRONG, ALL),
    ),
    Refusal(
        "wrong-password-as-key",
        *(f"{TCP} --tcp-encryption=AES {TCP_LOGIN}", f"{TO_TCP} --tcp-encryption=AES {WRONG_PASSWORD}"),
        *(ExitCode.WRONG_KEY, NO_KEY),
    ),
    Refusal(
        "wrong-password-ssl",
        *(f"{SSL} {CERTIFICATE} {SSL_LOGIN}", f"{TO_SSL} {OWN_CA} {WRONG_PASSWORD}"),
        *(ExitCode.AUTHENTICATION_FAILED, WRONG),
    ),
    Refusal("expired", f"{SSL} {EXPIRED}", f"{TO_SSL} {OWN_CA}", ExitCode.TLS_EXPIRED, "has expired"),
    Refusal("foreign-ca", f"{SSL} {CERTIFICATE}", f"{TO_SSL} {FOREIGN_CA}", ExitCode.TLS_UNKNOWN_CA, UNKNOWN_CA),
    Refusal(
        "self-signed",
        *(f"{SSL} --ssl-cert=./cert.pem", TO_SSL),
        *(ExitCode.TLS_UNKNOWN_CA, "--ssl-server-verify-mode=none connects for the time being"),
    ),
    Refusal(
        "other-host",
        *(f"{SSL} {ELSEWHERE}", f"{TO_SSL} {OWN_CA}"),
        *(ExitCode.TLS_WRONG_HOST, "is not for '127.0.0.1' but for elsewhere.example"),
    ),
    Refusal(
        "no-certificate",
        *(f"{SSL} {WANTS_CERTIFICATE}", f"{TO_SSL} {OWN_CA}"),
        *(ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED, "wants a client certificate and none was given"),
    ),
    Refusal(
        "foreign-certificate",
        *(f"{SSL} {WANTS_CERTIFICATE}", f"{TO_SSL} {OWN_CA} {FOREIGN_CERTIFICATE}"),
        *(ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED, "refused our certificate (unknown ca)"),
    ),
    Refusal("ssl-to-clear", TCP, f"{TO_SSL} {OWN_CA}", ExitCode.NOT_TLS, NO_TLS),
    Refusal("clear-to-ssl", f"{SSL} {CERTIFICATE}", TO_TCP, ExitCode.SERVER_REQUIRES_ENCRYPTION, WITHOUT, SELF),
    Refusal(
        "clear-to-stock-ssl",
        *(f"{SSL} {CERTIFICATE}", TO_TCP),
        *(ExitCode.CONNECTION_FAILED, "the port may be for SSL only", ("3.1.3",)),
    ),
)


@pytest.mark.parametrize(
    ("row", "server"), [pytest.param(row, of, id=f"{row.name}-{of}-server") for row in BY_CLIENT for of in row.servers]
)
def test_our_client_says_why_there_is_no_session(row: Refusal, server: str, rig: Rig) -> None:
    serving = rig.server(maker(server), *row.server.format(port=rig.port()).split())
    target, *options = row.client.format(port=rig.port()).split()
    client = rig.client(maker("limpet"), target, *options)
    assert client.ends() == row.code
    assert row.says in client.output
    assert client.output.count("limpet: error: ") == 1
    assert "Traceback" not in client.output
    assert rig.screen.find(rig.title) is None
    serving.must_run()


@dataclass(frozen=True)
class Refused:
    """Options of both sides, the stock client, and what limpet's server logs."""

    name: str
    server: str
    client: str
    says: str
    clients: tuple[str, ...] = ("3.1.3", "6.2.5")


OFFERS_NONE = "the client offers no encryption and this listener demands it"
OTHER_MODE = "the peer offers AES-CBC, this side demands AES-CTR"
WRONG_ONE = ": wrong password"
MODERN = ("6.2.5", "6.5.5")

BY_SERVER = (
    Refused("wrong-key", f"{TCP} {AES}", f"{TO_TCP} {OTHER_KEY}", "the client closed the connection"),
    Refused("wrong-mode", f"{TCP} {CTR}", f"{TO_TCP} {CBC}", OTHER_MODE, ("6.2.5",)),
    Refused("wrong-mode", f"{TCP} {CTR}", f"{TO_TCP} {AES}", OTHER_MODE, ("3.1.3",)),
    Refused("no-encryption", f"{TCP} {AES}", TO_TCP, OFFERS_NONE, ("3.1.3", "6.2.5", "6.5.5")),
    # crypto.md 4.8: this client sends no AES with these options
    Refused("no-encryption-in-spite-of-options", f"{TCP} {AES}", f"{TO_TCP} {AES}", OFFERS_NONE, ("6.5.5",)),
    Refused("only-client-encrypts", TCP, f"{TO_TCP} {AES}", "the client asks for AES and this listener has none"),
    Refused(
        "wrong-password", f"{TCP} {TCP_LOGIN}", f"{TO_TCP} {WRONG_PASSWORD}", WRONG_ONE, ("3.1.3", "6.2.5", "6.5.5")
    ),
    Refused("wrong-password-aes", f"{TCP} {AES} {TCP_LOGIN}", f"{TO_TCP} {AES} {WRONG_PASSWORD}", WRONG_ONE),
    Refused(
        "no-certificate",
        f"{SSL} {WANTS_CERTIFICATE}",
        f"{TO_SSL} {OWN_CA}",
        "gave no certificate, and this listener requires one",
    ),
    Refused(
        "foreign-certificate",
        f"{SSL} {WANTS_CERTIFICATE}",
        f"{TO_SSL} {OWN_CA} {FOREIGN_CERTIFICATE}",
        "was refused: unable to get local issuer certificate",
    ),
    Refused("clear-to-ssl", f"{SSL} {CERTIFICATE}", TO_TCP, "refused, it does not use SSL/TLS"),
    Refused("ssl-to-clear", TCP, f"{TO_SSL} {OWN_CA}", "refused, it speaks tls"),
)


@pytest.mark.parametrize(
    ("row", "client"), [pytest.param(row, of, id=f"{row.name}-{of}-client") for row in BY_SERVER for of in row.clients]
)
def test_our_server_refuses_and_goes_on(row: Refused, client: str, rig: Rig) -> None:
    serving = rig.server(maker("limpet"), *row.server.format(port=rig.port()).split())
    target, *options = row.client.format(port=rig.port()).split()
    stock = rig.client(maker(client), target, *options)
    assert stock.ends() != 0
    serving.must_run()
    assert row.says in serving.output
    assert "a client joined" not in serving.output
    assert rig.screen.find(rig.title) is None


SEALED = (
    ("ssl", f"{SSL} {CERTIFICATE}", f"{TO_SSL} {OWN_CA}"),
    ("aes", f"{TCP} {AES}", f"{TO_TCP} {AES}"),
)


def sealed(function: Callable[..., None]) -> Callable[..., None]:
    """Run with both kinds of encryption and two servers."""
    ways = pytest.mark.parametrize(("serve", "attach"), [row[1:] for row in SEALED], ids=[row[0] for row in SEALED])
    return pytest.mark.parametrize("server", ["limpet", "3.1.3"])(ways(function))


@sealed
@pytest.mark.parametrize("limit", [1000, 2500])
def test_a_stream_cut_before_the_session_delivers_nothing(
    server: str, serve: str, attach: str, limit: int, rig: Rig
) -> None:
    serving = rig.server(maker(server), *serve.format(port=rig.port()).split())
    with relay(rig.port(), limit=limit) as between:
        target, *options = attach.format(port=between.port).split()
        client = rig.client(maker("limpet"), target, *options, "--reconnect=no")
        assert client.ends() == ExitCode.TRUNCATED
    assert "the connection was cut" in client.output
    assert rig.screen.find(rig.title) is None
    serving.must_run()


@pytest.mark.parametrize("server", ["limpet", "3.1.3"])
def test_ssl_cut_in_the_session_is_told_from_an_orderly_end(server: str, rig: Rig) -> None:
    serving = rig.server(maker(server), *f"{SSL} {CERTIFICATE}".format(port=rig.port()).split())
    with relay(rig.port()) as between:
        client = rig.client(maker("limpet"), TO_SSL.format(port=between.port), OWN_CA, "--reconnect=no")
        rig.screen.wait_pattern(rig.pattern_window(serving, client), 0)
        between.cut()
        assert client.ends() == ExitCode.TRUNCATED
    assert "limpet: error: the connection was cut" in client.output
    rig.screen.wait_gone(rig.title)
    serving.must_run()


@pytest.mark.parametrize("server", ["limpet", "3.1.3"])
@pytest.mark.parametrize("record", [3, 7, 9])
def test_altered_ssl_delivers_nothing_altered(server: str, record: int, rig: Rig) -> None:
    serving = rig.server(maker(server), *f"{SSL} {CERTIFICATE}".format(port=rig.port()).split())
    with relay(rig.port(), alter=record) as between:
        client = rig.client(maker("limpet"), TO_SSL.format(port=between.port), OWN_CA, "--reconnect=no")
        assert client.ends() == ExitCode.SSL_FAILURE
    assert "limpet: error: the TLS " in client.output
    serving.must_run()
