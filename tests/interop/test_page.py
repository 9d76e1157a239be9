"""The encryption page, row by row, typed as it stands: pixels of the session appear, keys arrive.

Each row runs between limpet and limpet, and between limpet and each stock xpra that can do it, in both roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import pytest
from _pytest.mark.structures import ParameterSet

from tests.support.rig import Rig, maker

pytestmark = pytest.mark.peer

TCP = "--bind-tcp={host}:{port}"
TO_TCP = "tcp:{host}:{port}"
SSL = "--bind-ssl={host}:{port}"
TO_SSL = "ssl:{host}:{port}"
OWN_CA = "--ssl-ca-certs=ca.crt"
CERTIFICATE = "--ssl-cert=server.crt --ssl-key=server.key"
AES = "--tcp-encryption=AES --tcp-encryption-keyfile=key.txt"
TO_AES = "--tcp-encryption=AES --tcp-encryption-keyfile=./key.txt"
UNVERIFIED = "--ssl-server-verify-mode=none"


@dataclass(frozen=True)
class Row:
    """Options of the server, then target and options of the client.

    `login`: the option that guards this listener. `server_of`, `client_of`: what a certain peer needs otherwise.
    """

    name: str
    server: str
    client: str
    login: str = "--tcp-auth"
    server_of: Mapping[str, str] = field(default_factory=dict)
    client_of: Mapping[str, str] = field(default_factory=dict)


PASSWORD = " {login}=file:filename=password.txt"
GIVE_PASSWORD = " --password-file=./password.txt"

PAGE = (
    Row("plain", TCP, TO_TCP),
    Row("aes-keyfile", f"{TCP} {AES}", f"{TO_TCP} {TO_AES}"),
    Row("ssl-on-tcp-port", f"{TCP} --ssl-cert=./cert.pem --ssl=on", f"{TO_SSL} {UNVERIFIED}"),
    Row("clear-beside-ssl", f"{TCP} --ssl-cert=./cert.pem --ssl=on", TO_TCP),
    Row("bind-ssl", f"{SSL} --ssl-cert=./cert.pem", f"{TO_SSL} {UNVERIFIED}", login="--ssl-auth"),
    Row("own-ca", f"{SSL} {CERTIFICATE}", f"{TO_SSL} {OWN_CA}", login="--ssl-auth"),
    Row(
        "own-ca-by-the-page",
        f"{SSL} --ssl-cert=page-server.crt --ssl-key=page-server.key",
        "ssl:localhost:{port} --ssl-ca-certs=page-ca.crt",
        login="--ssl-auth",
        # xpra asks for X509_STRICT by default, which the page's own recipe does not satisfy
        client_of={"3.1.3": "ssl:localhost:{port} --ssl-ca-certs=page-ca.crt --ssl-verify-flags=DEFAULT"},
    ),
    Row(
        "client-certificate",
        f"{SSL} {CERTIFICATE} --ssl-client-verify-mode=required {OWN_CA}",
        f"{TO_SSL} {OWN_CA} --ssl-cert=client.crt --ssl-key=client.key",
        login="--ssl-auth",
    ),
    Row("unix", "--bind={folder}/socket", "socket:{folder}/socket", login="--auth"),
)

PASSWORD_AS_KEY = Row(
    "aes-password",
    f"{TCP} --tcp-encryption=AES",
    f"{TO_TCP} --tcp-encryption=AES",
    # xpra's own client wants a key file
    client_of={"3.1.3": f"{TO_TCP} --tcp-encryption=AES --tcp-encryption-keyfile=./password.txt"},
)

PAIRS = (("limpet", "limpet"), ("limpet", "3.1.3"), ("3.1.3", "limpet"), ("3.1.3", "3.1.3"))


def case(row: Row, server: str, client: str, *, login: bool) -> ParameterSet:
    name = f"{row.name}{'-file-auth' if login else ''}-{server}-server-{client}-client"
    return pytest.param(row, server, client, login, id=name)


def cases() -> Iterable[ParameterSet]:
    for server, client in PAIRS:
        for row in PAGE:
            yield case(row, server, client, login=False)
            yield case(row, server, client, login=True)
        yield case(PASSWORD_AS_KEY, server, client, login=True)


def connect(rig: Rig, row: Row, server: str, client: str, *, login: bool) -> None:
    """Start both sides and use the session."""
    values = {"host": "127.0.0.1", "port": rig.port(), "folder": rig.folder, "login": row.login}
    served = (row.server_of.get(server, row.server) + (PASSWORD if login else "")).format(**values)
    asked = (row.client_of.get(client, row.client) + (GIVE_PASSWORD if login else "")).format(**values)
    serving = rig.server(maker(server), *served.split())
    target, *options = asked.split()
    rig.use(serving, rig.client(maker(client), target, *options))


@pytest.mark.parametrize(("row", "server", "client", "login"), list(cases()))
def test_row_of_the_page(row: Row, server: str, client: str, login: bool, rig: Rig) -> None:
    connect(rig, row, server, client, login=login)


STOCK = ((PAGE[0], False), (PAGE[1], True), (PAGE[5], False))


@pytest.mark.parametrize(
    ("row", "server", "client", "login"), [case(row, "3.1.3", "3.1.3", login=login) for row, login in STOCK]
)
def test_the_harness_sees_stock_xpra_work_with_itself(
    row: Row, server: str, client: str, login: bool, rig: Rig
) -> None:
    connect(rig, row, server, client, login=login)
