"""One attempt to connect, against a server in a thread: who may talk, in which words it ends, with which exit code."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from limpet.auth.sources import PasswordRequest
from limpet.client.connection import Connection, Hellos, tls_options
from limpet.client.hello import Identity, base_hello, partial_hello
from limpet.client.passwords import password_sources
from limpet.client.plan import ConnectPlan
from limpet.client.reconnect import Ended
from limpet.config.tls import TlsSettings
from limpet.errors import DisconnectReason, ExitCode
from limpet.limits import AFTER_HELLO
from limpet.net.stream import StreamFacts
from limpet.net.tls_config import TlsServerOptions
from limpet.packets.handshake import StartupComplete
from limpet.packets.schema import Packet
from limpet.packets.window_client import Focus
from limpet.session.encryption import AesPolicy
from limpet.session.events import Accepted
from limpet.values import Secret, WindowId
from limpet.wire.stream import PacketWriter
from tests.client.plans import plan
from tests.client.server import FakeServer, Peer, serving
from tests.support.net import run
from tests.support.pki import make_authority

KEY_FILE = "the key of both"
AES = AesPolicy(None, required=True)


class Owner:
    """Leaves once it has what `until` wants: by default as soon as it is in."""

    def __init__(self, *, leave: bool = True) -> None:
        self.leave = leave
        self.connection: Connection | None = None
        self.protection = ""
        self.insisted = False
        self.packets: list[Packet] = []
        self.plan: ConnectPlan | None = None

    async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
        assert self.plan is not None
        self.insisted = ask_to_be_challenged
        full = base_hello(self.plan, Identity("a" * 32, "b" * 32, "desk"))
        return Hellos(full, partial_hello(full) if ask_to_be_challenged else None, AFTER_HELLO)

    def accepted(self, event: Accepted, facts: StreamFacts) -> None:
        assert self.connection is not None
        self.protection = self.connection.protection
        if self.leave:
            self.connection.leave()

    def received(self, packet: Packet) -> None:
        self.packets.append(packet)

    def writable(self) -> None:
        """Nothing waits."""


def attempt(
    planned: ConnectPlan,
    *,
    owner: Owner | None = None,
    legacy: bool = False,
    ask: Callable[[PasswordRequest], Any] | None = None,
) -> Ended:
    owner = owner or Owner()
    owner.plan = planned

    async def connect() -> Ended:
        connection = Connection(planned, owner, password_sources(planned.passwords, ask), legacy=legacy)
        owner.connection = connection
        return await connection.run()

    return run(connect())


def key_file(folder: Path, content: str = KEY_FILE) -> str:
    path = folder / "key"
    path.write_text(content)
    path.chmod(0o600)
    return str(path)


def target(server: FakeServer, *words: str, scheme: str = "tcp") -> ConnectPlan:
    return plan(f"{scheme}://127.0.0.1:{server.port}/", *words)


# -- who gets in ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legacy", [False, True])
def test_in_clear(legacy: bool) -> None:
    owner = Owner()
    with serving() as server:
        ended = attempt(target(server), owner=owner, legacy=legacy)
    assert (ended.error, ended.accepted, ended.by_user) == (None, True, True)
    assert owner.protection == "in clear"


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("mode", ["AES", "AES-CBC", "AES-CTR"])
def test_with_a_key_file(tmp_path: Path, mode: str, legacy: bool) -> None:
    owner = Owner()
    words = (f"--tcp-encryption={mode}", f"--tcp-encryption-keyfile={key_file(tmp_path)}")
    with serving(aes=AES) as server:
        ended = attempt(target(server, *words), owner=owner, legacy=legacy)
    assert ended.accepted
    assert owner.protection == ("AES-CTR" if mode == "AES-CTR" else "AES-CBC")


@pytest.mark.parametrize("legacy", [False, True])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_each_challenge_is_answered_by_the_next_password(tmp_path: Path, count: int, legacy: bool) -> None:
    words = []
    for number in range(count):
        (tmp_path / f"{number}").write_text(f"word {number}")
        words.append(f"--password-file={tmp_path / str(number)}")
    owner = Owner()
    with serving(passwords=[f"word {number}" for number in range(count)]) as server:
        ended = attempt(target(server, *words), owner=owner, legacy=legacy)
        assert server.peer.hellos == 1
    assert ended.accepted
    assert owner.insisted


def test_the_password_is_the_key_at_every_step(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("secret word\r\n")
    words = ("--tcp-encryption=AES", f"--password-file={tmp_path / 'word'}")
    with serving(aes=AES, key=Secret(b"secret word"), passwords=["secret word\r\n"]) as server:
        ended = attempt(target(server, *words))
    assert ended.error is None
    assert ended.accepted


def test_the_user_is_asked_when_there_is_no_password() -> None:
    asked: list[str] = []

    async def ask(request: PasswordRequest) -> str:
        asked.append(request.question)
        return "typed"

    owner = Owner()
    with serving(passwords=["typed"]) as server:
        ended = attempt(plan(f"tcp://joe@127.0.0.1:{server.port}/"), owner=owner, ask=ask)
    assert ended.accepted
    assert not owner.insisted
    assert asked == [f"tcp://127.0.0.1:{server.port}/ (user joe) asks: password: "]


def test_a_server_without_login_takes_a_client_with_a_password() -> None:
    with serving() as server:
        ended = attempt(plan(f"tcp://joe:word@127.0.0.1:{server.port}/"))
    assert ended.accepted


def test_tls_with_an_own_authority_and_a_password(tmp_path: Path) -> None:
    authority = make_authority()
    files = authority.issue().write(tmp_path, "server")
    side = TlsServerOptions(cert=str(files.cert), key=str(files.key)).server()
    ca = authority.write(tmp_path)
    owner = Owner()
    with serving(tls=side, passwords=["word"]) as server:
        ended = attempt(plan(f"ssl://joe:word@127.0.0.1:{server.port}/", f"--ssl-ca-certs={ca}"), owner=owner)
    assert ended.accepted
    assert owner.protection.startswith("TLSv1.3 ")


# -- who does not, and what it is called ------------------------------------------------------------------------------


def refused(ended: Ended, code: ExitCode, *words: str) -> None:
    assert ended.error is not None
    assert ended.error.exit_code is code
    text = f"{ended.error} {ended.error.hint}"
    for word in words:
        assert word in text
    assert not ended.accepted


def test_wrong_password_says_what_may_be_wrong(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("right\n")
    with serving(passwords=["right"]) as server:
        refused(
            attempt(target(server, f"--password-file={tmp_path / 'word'}")),
            ExitCode.AUTHENTICATION_FAILED,
            "authentication failed",
            "newline",
        )


def test_wrong_password_without_more_to_say() -> None:
    with serving(passwords=["right"]) as server:
        ended = attempt(plan(f"tcp://joe:wrong@127.0.0.1:{server.port}/"))
    refused(ended, ExitCode.AUTHENTICATION_FAILED, "--username")


def test_no_password(tmp_path: Path) -> None:
    with serving(passwords=["right"]) as server:
        refused(attempt(target(server)), ExitCode.PASSWORD_REQUIRED, "--password-file", "XPRA_PASSWORD")


def test_a_prompt_without_an_answer() -> None:
    async def ask(_: PasswordRequest) -> None:
        return None

    with serving(passwords=["right"]) as server:
        refused(attempt(target(server), ask=ask), ExitCode.PASSWORD_REQUIRED)


def test_a_password_file_that_is_not_there() -> None:
    with serving(passwords=["right"]) as server:
        refused(
            attempt(target(server, "--password-file=/nonexistent/word")),
            ExitCode.PASSWORD_FILE_ERROR,
            "--password-file",
        )


def test_wrong_key(tmp_path: Path) -> None:
    words = ("--tcp-encryption=AES", f"--tcp-encryption-keyfile={key_file(tmp_path, 'another')}")
    with serving(aes=AES) as server:
        refused(attempt(target(server, *words)), ExitCode.WRONG_KEY, "key")


def test_a_wrong_password_that_is_the_key() -> None:
    with serving(aes=AES) as server:
        ended = attempt(plan(f"tcp://joe:wrong@127.0.0.1:{server.port}/", "--tcp-encryption=AES"))
    refused(ended, ExitCode.WRONG_KEY, "the password is the AES key here")


def test_a_server_that_wants_encryption() -> None:
    with serving(aes=AES) as server:
        refused(attempt(target(server)), ExitCode.SERVER_REQUIRES_ENCRYPTION, "--encryption=AES")


def test_a_server_that_has_none(tmp_path: Path) -> None:
    words = ("--tcp-encryption=AES", f"--tcp-encryption-keyfile={key_file(tmp_path)}")
    with serving() as server:
        refused(attempt(target(server, *words)), ExitCode.SERVER_REFUSES_ENCRYPTION, "nothing went on in clear")
        assert not server.peer.joined


def test_another_mode(tmp_path: Path) -> None:
    words = ("--tcp-encryption=AES-CTR", f"--tcp-encryption-keyfile={key_file(tmp_path)}")
    with serving(aes=AesPolicy("CBC", required=True)) as server:
        refused(attempt(target(server, *words)), ExitCode.ENCRYPTION, "AES-CBC")


def test_nobody_there() -> None:
    with serving() as server:
        port = server.port
    refused(attempt(plan(f"tcp://127.0.0.1:{port}/")), ExitCode.CONNECTION_FAILED, "connection refused", str(port))


def test_unknown_authority_and_the_way_round_it(tmp_path: Path) -> None:
    files = make_authority().issue().write(tmp_path, "server")
    side = TlsServerOptions(cert=str(files.cert), key=str(files.key)).server()
    with serving(tls=side) as server:
        url = f"ssl://127.0.0.1:{server.port}/"
        refused(attempt(plan(url)), ExitCode.TLS_UNKNOWN_CA, "--ssl-ca-certs", "--ssl-server-verify-mode=none")
        assert attempt(plan(url, "--ssl-server-verify-mode=none")).accepted


@pytest.mark.parametrize("version", ["1.2", "1.3"])
def test_a_server_that_wants_our_certificate(tmp_path: Path, version: str) -> None:
    authority = make_authority()
    files = authority.issue().write(tmp_path, "server")
    ca = authority.write(tmp_path)
    options = TlsServerOptions(
        cert=str(files.cert),
        key=str(files.key),
        ca_certs=str(ca),
        client_verify_mode="required",
        protocol="TLSv1_2" if version == "1.2" else "",
    )
    client = authority.issue(client=True).write(tmp_path, "client")
    with serving(tls=options.server()) as server:
        url, trust = f"ssl://127.0.0.1:{server.port}/", f"--ssl-ca-certs={ca}"
        refused(attempt(plan(url, trust)), ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED, "--ssl-cert")
        assert attempt(plan(url, trust, f"--ssl-cert={client.cert}", f"--ssl-key={client.key}")).accepted


def test_no_tls_at_the_other_end() -> None:
    with serving() as server:
        refused(attempt(target(server, scheme="ssl")), ExitCode.NOT_TLS)


def test_a_server_that_answers_in_text_may_want_the_other_spelling() -> None:
    with serving(raw=lambda _: b"disconnect: invalid packet header byte\n") as server:
        ended = attempt(target(server))
    refused(ended, ExitCode.CONNECTION_FAILED, "invalid packet header byte")
    assert ended.unanswered


def test_a_server_that_closes_without_a_word() -> None:
    with serving(raw=lambda _: None) as server:
        ended = attempt(target(server))
    refused(ended, ExitCode.CONNECTION_FAILED, "without an answer")
    assert ended.unanswered


def test_a_server_that_stays_silent(tmp_path: Path) -> None:
    words = ("--tcp-encryption=AES", f"--tcp-encryption-keyfile={key_file(tmp_path)}", "--timeout=1")
    with serving(raw=lambda _: b"") as server:
        ended = attempt(target(server, *words))
    refused(ended, ExitCode.TIMEOUT, "does not answer", "6.5.5")
    assert not ended.unanswered


def test_a_server_that_lets_in_whom_it_should_have_asked() -> None:
    hello = b"".join(PacketWriter().write(["hello", {"version": "6.5", "rencodeplus": True}]))
    with serving(raw=lambda _: hello) as server:
        ended = attempt(plan(f"tcp://joe:word@127.0.0.1:{server.port}/"))
    refused(ended, ExitCode.NO_AUTHENTICATION, "without asking for the password")


# -- how a session ends -----------------------------------------------------------------------------------------------


def test_an_orderly_end() -> None:
    def leave(peer: Peer) -> None:
        peer.disconnect(DisconnectReason.DETACH_REQUEST, "by another client")

    with serving(on_joined=leave) as server:
        ended = attempt(target(server), owner=Owner(leave=False))
    assert (ended.error, ended.reason, ended.text) == (None, "detach request", "by another client")


def test_a_cut_link() -> None:
    with serving(on_joined=Peer.cut) as server:
        ended = attempt(target(server), owner=Owner(leave=False))
    assert ended.error is not None
    assert ended.error.exit_code in (ExitCode.TRUNCATED, ExitCode.CONNECTION_LOST)
    assert ended.accepted


def test_packets_both_ways_and_a_pause() -> None:
    def joined(peer: Peer) -> None:
        peer.send(StartupComplete())

    class Polite(Owner):
        def received(self, packet: Packet) -> None:
            super().received(packet)
            assert self.connection is not None
            self.connection.pause("a")
            self.connection.pause("b")
            self.connection.resume("a")
            self.connection.resume("b")
            self.connection.send(Focus(window_id=WindowId(0)))
            self.connection.leave()
            self.connection.send(Focus(window_id=WindowId(0)))

    owner = Polite(leave=False)
    with serving(on_joined=joined) as server:
        ended = attempt(target(server), owner=owner)
        assert len(server.received(Focus)) == 1
    assert ended.by_user
    assert owner.packets == [StartupComplete()]


def test_leaving_before_anything_was_said() -> None:
    class Hasty(Owner):
        async def hellos(self, *, ask_to_be_challenged: bool) -> Hellos:
            assert self.connection is not None
            self.connection.leave()
            return await super().hellos(ask_to_be_challenged=ask_to_be_challenged)

    with serving() as server:
        ended = attempt(target(server), owner=Hasty())
    assert (ended.by_user, ended.accepted) == (True, False)


def test_a_mistake_of_ours_ends_the_connection() -> None:
    class Broken(Owner):
        def received(self, packet: Packet) -> None:
            raise ValueError("a bug")

    with serving(on_joined=lambda peer: peer.send(StartupComplete())) as server:
        ended = attempt(target(server), owner=Broken(leave=False))
    assert ended.error is not None
    assert ended.error.exit_code in (ExitCode.INTERNAL_ERROR, ExitCode.TRUNCATED, ExitCode.CONNECTION_LOST)


def test_tls_options_are_the_users() -> None:
    assert tls_options(None) is None
    made = tls_options(
        TlsSettings(ca_certs="/ca", check_hostname=False, server_verify_mode="none", cert="/c", key="/k")
    )
    assert made is not None
    assert (made.ca_certs, made.check_hostname, made.server_verify_mode, made.cert, made.key) == (
        "/ca",
        False,
        "none",
        "/c",
        "/k",
    )
