from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from limpet.errors import ExitCode, TlsError
from limpet.limits import KIB
from limpet.net import tcp
from limpet.net.caps import ConnectionCaps
from limpet.net.connect import connect
from limpet.net.listener import Accepted, FixedPolicy, listen_tcp
from limpet.net.refusal import HTTP_REFUSAL
from limpet.net.stream import ByteStream
from limpet.net.tls_config import TlsClientOptions, TlsServerOptions
from tests.net.test_listener import HELLO
from tests.support.net import Recorder, receive_into, run, stream_pair
from tests.support.pki import Authority, Files, Identity, make_authority, openssl_recipe, self_signed


class Target:
    kind = "ssl"
    host = "127.0.0.1"
    path = ""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.port = port
        self.host = host


class Server:
    """A TLS listener that collects what it accepts."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.accepted: asyncio.Queue[Accepted] = asyncio.Queue()
        self.streams: list[ByteStream] = []

    def take(self, accepted: Accepted) -> None:
        self.streams.append(accepted.stream)
        self.accepted.put_nowait(accepted)


@contextlib.asynccontextmanager
async def serving(options: TlsServerOptions, *, tls_only: bool = True) -> AsyncIterator[Server]:
    loop = asyncio.get_running_loop()
    server = Server(0)
    policy = FixedPolicy(tls=options.server(), tls_only=tls_only)
    listener = await listen_tcp("", 0, policy, ConnectionCaps(loop.time), server.take)
    server.port = listener.port
    task = asyncio.ensure_future(listener.serve())
    try:
        yield server
    finally:
        for stream in server.streams:
            stream.abort()
            await stream.wait_closed()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def session(
    server_options: TlsServerOptions, client_options: TlsClientOptions, host: str = "127.0.0.1"
) -> AsyncIterator[tuple[ByteStream, ByteStream, Recorder, Recorder]]:
    """(client stream, server stream, what the client gets, what the server gets); the hello went through already."""
    async with serving(server_options) as server:
        client = await connect(Target(server.port, host), client_options, 5)
        at_client = receive_into(client)
        client.write([HELLO])
        accepted = await server.accepted.get()
        assert accepted.first_bytes == HELLO
        at_server = receive_into(accepted.stream)
        accepted.stream.resume_reading()
        try:
            yield client, accepted.stream, at_client, at_server
        finally:
            client.abort()
            await client.wait_closed()


def options_of(files: Files, **more: str) -> TlsServerOptions:
    return TlsServerOptions(cert=str(files.both), **more)


def trusting(ca_file: Path, **more: Any) -> TlsClientOptions:
    return TlsClientOptions(ca_certs=str(ca_file), **more)


async def refused(
    server_options: TlsServerOptions, client_options: TlsClientOptions, host: str = "127.0.0.1"
) -> TlsError:
    """The error of a client that must not get a session."""
    async with serving(server_options) as server:
        error: Exception | None
        try:
            client = await connect(Target(server.port, host), client_options, 5)
        except TlsError as exc:
            error = exc
        else:  # TLS 1.3: the client learns of its refusal when it reads
            recorder = receive_into(client)
            client.write([HELLO])
            await recorder.until(lambda r: r.lost)
            await client.wait_closed()
            error = recorder.error
        assert isinstance(error, TlsError)
        assert server.accepted.empty()
        return error


# --- what works ---


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3", ""])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_bytes_go_both_ways_in_both_versions(version: str, host: str, server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file, protocol=version), host) as (
            client,
            server,
            at_client,
            at_server,
        ):
            large = bytes(range(256)) * 8192
            client.write([b"head", large, b"tail"])
            server.write([large, b"end"])
            await at_server.until(lambda r: len(r.data) == len(large) + 8)
            await at_client.until(lambda r: len(r.data) == len(large) + 3)
            assert at_server.data == b"head" + large + b"tail"
            assert at_client.data == large + b"end"
            facts = client.facts
            assert facts.kind == "ssl" and server.facts.kind == "ssl"
            assert facts.tls is not None and server.facts.tls is not None
            assert facts.tls.version == {"TLSv1_2": "TLSv1.2"}.get(version, "TLSv1.3")
            assert facts.tls.verified and facts.tls.server_name == host
            assert "GCM" in facts.tls.cipher or "CHACHA20" in facts.tls.cipher
            assert server.facts.peer.startswith("127.0.0.1:") and server.facts.loopback

    run(check())


def test_orderly_end_is_clean_on_both_sides(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, server, at_client, at_server):
            client.write([b"bye"])
            client.close()
            await at_server.until(lambda r: r.eof is not None)
            assert at_server.data == b"bye" and at_server.eof is True
            server.write([b"dropped or not"])
            server.close()
            await client.wait_closed()
            await server.wait_closed()
            assert at_client.error is None and at_server.error is None
            assert at_client.data == b""

    run(check())


def test_half_closed_peer_still_gets_its_answer(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with serving(options_of(server_files)) as server:
            context = trusting(ca_file).client("127.0.0.1").context

            def ask() -> bytes:
                with socket.create_connection(("127.0.0.1", server.port)) as raw:
                    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
                    tls = context.wrap_bio(incoming, outgoing, server_hostname="127.0.0.1")
                    while True:
                        try:
                            tls.do_handshake()
                            break
                        except ssl.SSLWantReadError:
                            raw.sendall(outgoing.read())
                            incoming.write(raw.recv(1 << 16))
                    tls.write(HELLO + b"question")
                    with contextlib.suppress(ssl.SSLWantReadError):
                        tls.unwrap()
                    raw.sendall(outgoing.read())
                    while data := raw.recv(1 << 16):
                        incoming.write(data)
                    return bytes(tls.read(100))

            asking = asyncio.ensure_future(asyncio.to_thread(ask))
            accepted = await server.accepted.get()
            assert accepted.first_bytes == HELLO + b"question"
            recorder = receive_into(accepted.stream)
            accepted.stream.resume_reading()
            await recorder.until(lambda r: r.eof is not None)
            assert recorder.eof is True
            accepted.stream.write([b"answer"])
            accepted.stream.close()
            assert await asking == b"answer"

    run(check())


def test_bytes_sent_with_the_end_of_the_handshake_are_not_lost(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, server, _at_client, at_server):
            server.pause_reading()
            client.write([b"one"])
            client.write([bytes(100 * KIB)])
            for _ in range(20):
                await asyncio.sleep(0)
            assert at_server.data == b""
            replacement = Recorder()
            server.set_receiver(replacement)
            server.resume_reading()
            await replacement.until(lambda r: len(r.data) == 3 + 100 * KIB)

    run(check())


def test_slow_peer_makes_us_pause_and_then_resume(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, server, _at_client, at_server):
            server.pause_reading()
            recorder = receive_into(client)
            total = 0
            while "pause" not in recorder.events:
                client.write([bytes(512 * KIB)])
                total += 512 * KIB
                await asyncio.sleep(0)
            client.write([bytes(4096 * KIB)])
            total += 4096 * KIB
            assert client.write_buffered > 4096 * KIB
            server.resume_reading()
            await at_server.until(lambda r: len(r.data) == total)
            await recorder.until(lambda r: "resume" in r.events)
            assert recorder.events == ["pause", "resume"]

    run(check())


def test_close_sends_all_that_waits(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, _server, _at_client, at_server):
            client.write([bytes(8192 * KIB), b"last"])
            client.close()
            await at_server.until(lambda r: r.eof is not None)
            assert at_server.eof is True
            assert len(at_server.data) == 8192 * KIB + 4

    run(check())


def test_clear_and_tls_share_a_port(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with serving(options_of(server_files), tls_only=False) as server:
            clear = await tcp.connect("127.0.0.1", server.port, timeout=5)
            receive_into(clear)
            clear.write([HELLO])
            assert (await server.accepted.get()).stream.facts.tls is None
            sealed = await connect(Target(server.port), trusting(ca_file), 5)
            receive_into(sealed)
            sealed.write([HELLO])
            assert (await server.accepted.get()).stream.facts.tls is not None
            for stream in (clear, sealed):
                stream.abort()
                await stream.wait_closed()

    run(check())


def test_http_inside_tls_is_told(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with serving(options_of(server_files)) as server:
            client = await connect(Target(server.port), trusting(ca_file), 5)
            recorder = receive_into(client)
            client.write([b"GET / HTTP/1.1\r\n\r\n"])
            await recorder.until(lambda r: r.eof is not None)
            assert recorder.data == HTTP_REFUSAL and recorder.eof is True
            client.close()
            await client.wait_closed()

    run(check())


# --- the cut stream ---


def test_cut_without_closing_message_is_unclean(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, _server, _at_client, at_server):
            client.write([b"intact"])
            client._lower.close()  # type: ignore[attr-defined]  # a FIN without close_notify: somebody in between
            await at_server.until(lambda r: r.eof is not None)
            assert at_server.data == b"intact" and at_server.eof is False

    run(check())


def test_altered_byte_ends_the_stream_with_an_error(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with session(options_of(server_files), trusting(ca_file)) as (client, _server, at_client, at_server):
            client._pipe.write(b"payload")  # type: ignore[attr-defined]
            record = bytearray(client._pipe.ciphertext_to_send())  # type: ignore[attr-defined]
            record[-1] ^= 1
            client._lower.write([record])  # type: ignore[attr-defined]
            await at_server.until(lambda r: r.lost)
            assert isinstance(at_server.error, TlsError)
            assert at_server.data == b""
            await at_client.until(lambda r: r.lost)
            assert isinstance(at_client.error, TlsError), "the alert told the client"

    run(check())


# --- what is refused, with its own exit code ---


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_unknown_ca(version: str, server_files: Files, pki_dir: Path) -> None:
    foreign = make_authority("somebody else").write(pki_dir, "foreign")
    error = run(refused(options_of(server_files), trusting(foreign, protocol=version)))
    assert error.exit_code is ExitCode.TLS_UNKNOWN_CA
    assert "CERTIFICATE_VERIFY_FAILED" in str(error)
    assert error.hint.index("--ssl-ca-certs=FILE") < error.hint.index("--ssl-server-verify-mode=none")


def test_temporary_certificate_is_unknown_to_the_system_store(pki_dir: Path) -> None:
    files = self_signed().write(pki_dir, "temporary")
    error = run(refused(options_of(files), TlsClientOptions()))
    assert error.exit_code is ExitCode.TLS_UNKNOWN_CA


def write(identity: Identity, pki_dir: Path, name: str) -> TlsServerOptions:
    return options_of(identity.write(pki_dir, name))


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_expired_certificate(version: str, authority: Authority, ca_file: Path, pki_dir: Path) -> None:
    server = write(authority.issue_expired(), pki_dir, "expired")
    error = run(refused(server, trusting(ca_file, protocol=version)))
    assert error.exit_code is ExitCode.TLS_EXPIRED
    assert "has expired" in str(error)


def test_certificate_of_the_future(authority: Authority, ca_file: Path, pki_dir: Path) -> None:
    error = run(refused(write(authority.issue_future(), pki_dir, "future"), trusting(ca_file)))
    assert error.exit_code is ExitCode.TLS_CERTIFICATE_INVALID
    assert "clock" in error.hint


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_wrong_host(version: str, authority: Authority, ca_file: Path, pki_dir: Path) -> None:
    server = write(authority.issue("elsewhere.example", ["elsewhere.example"]), pki_dir, "elsewhere")
    error = run(refused(server, trusting(ca_file, protocol=version)))
    assert error.exit_code is ExitCode.TLS_WRONG_HOST
    assert "'127.0.0.1'" in str(error) and "elsewhere.example" in str(error)
    assert "--ssl-server-hostname" in error.hint


def test_server_hostname_option_names_the_certificate(authority: Authority, ca_file: Path, pki_dir: Path) -> None:
    async def check() -> None:
        server = write(authority.issue("x", ["elsewhere.example"]), pki_dir, "elsewhere2")
        async with session(server, trusting(ca_file, server_hostname="elsewhere.example")):
            pass
        async with session(server, trusting(ca_file, check_hostname=False)) as (client, *_):
            assert client.facts.tls is not None and client.facts.tls.verified

    run(check())


def test_verify_mode_none_works_with_one_warning_per_connection(
    pki_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def check() -> None:
        server = write(self_signed("nobody", None), pki_dir, "nobody")
        for _ in range(2):
            async with session(server, TlsClientOptions(server_verify_mode="none")) as (client, *_):
                assert client.facts.tls is not None and not client.facts.tls.verified
                assert client.facts.tls.peer_certificate_der

    with caplog.at_level(logging.WARNING, "limpet.net.tls"):
        run(check())
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "ssl-server-verify-mode=none" in caplog.text


def test_servers_own_certificate_serves_as_ca(authority: Authority, pki_dir: Path) -> None:
    async def check() -> None:
        for name, identity in (("pinned-self", self_signed()), ("pinned-leaf", authority.issue())):
            files = identity.write(pki_dir, name)
            async with session(options_of(files), trusting(files.cert)):
                pass

    run(check())


@pytest.mark.parametrize("common_name", ["localhost", "127.0.0.1"])
def test_recipe_of_the_page_without_alternative_names(
    common_name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ca, cert, key = openssl_recipe(tmp_path, common_name)

    async def check() -> None:
        async with session(
            TlsServerOptions(cert=str(cert), key=str(key)), TlsClientOptions(ca_certs=str(ca)), common_name
        ):
            pass

    with caplog.at_level(logging.WARNING, "limpet.net.tls"):
        run(check())
    assert len(caplog.records) == 1
    assert "no subjectAltName" in caplog.text
    other = "127.0.0.1" if common_name == "localhost" else "localhost"
    error = run(refused(TlsServerOptions(cert=str(cert), key=str(key)), TlsClientOptions(ca_certs=str(ca)), host=other))
    assert error.exit_code is ExitCode.TLS_WRONG_HOST


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
def test_client_certificate_opens_the_door(
    version: str, server_files: Files, client_files: Files, ca_file: Path
) -> None:
    async def check() -> None:
        server = options_of(server_files, ca_certs=str(ca_file), client_verify_mode="required")
        client = trusting(ca_file, cert=str(client_files.cert), key=str(client_files.key), protocol=version)
        async with session(server, client) as (_client, stream, *_):
            facts = stream.facts.tls
            assert facts is not None and facts.verified and facts.peer_certificate_der

    run(check())


@pytest.mark.parametrize("version", ["TLSv1_2", "TLSv1_3"])
@pytest.mark.parametrize("given", ["none", "foreign", "expired", "server"])
def test_client_without_the_right_certificate_is_refused_and_told(
    version: str, given: str, authority: Authority, server_files: Files, ca_file: Path, tmp_path: Path
) -> None:
    identity = {
        "none": None,
        "foreign": make_authority("foreign").issue("mallory", None, client=True),
        "expired": authority.issue("alice", None, client=True, valid_from=-9, valid_to=-1),
        "server": authority.issue("alice", None),
    }[given]
    extra = {"cert": str(identity.write(tmp_path, "client").both)} if identity is not None else {}
    server = options_of(server_files, ca_certs=str(ca_file), client_verify_mode="required")
    error = run(refused(server, trusting(ca_file, protocol=version, **extra)))
    assert error.exit_code is ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED
    assert "--ssl-cert=FILE" in error.hint
    assert ("wants a client certificate" if given == "none" else "refused our certificate") in str(error)


def test_optional_client_certificate_may_be_missing_but_not_foreign(
    server_files: Files, ca_file: Path, tmp_path: Path
) -> None:
    server = options_of(server_files, ca_certs=str(ca_file))

    async def check() -> None:
        async with session(server, trusting(ca_file)) as (_client, stream, *_):
            assert stream.facts.tls is not None and not stream.facts.tls.verified

    run(check())
    foreign = make_authority("foreign").issue("mallory", None, client=True).write(tmp_path, "mallory")
    error = run(refused(server, trusting(ca_file, cert=str(foreign.both))))
    assert error.exit_code is ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED


def test_revoked_client_certificate_is_refused(authority: Authority, server_files: Files, tmp_path: Path) -> None:
    good = authority.issue("good", None, client=True)
    bad = authority.issue("bad", None, client=True)
    (tmp_path / "ca.pem").write_bytes(authority.cert_pem + authority.revocation_list([bad]))
    server = options_of(
        server_files,
        ca_certs=str(tmp_path / "ca.pem"),
        client_verify_mode="required",
        verify_flags="CRL_CHECK_LEAF",
    )
    ca = authority.write(tmp_path, "plain")

    async def check() -> None:
        async with session(server, trusting(ca, cert=str(good.write(tmp_path, "good").both))):
            pass

    run(check())
    error = run(refused(server, trusting(ca, cert=str(bad.write(tmp_path, "bad").both))))
    assert error.exit_code is ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (b"disconnect: connection failed, not here?\n", "it says: disconnect: connection failed, not here?"),
        (b"HTTP/1.1 400 Bad\r\n\r\n", "it says: HTTP/1.1 400 Bad"),
        (b"P\x10\x00\x00\x00\x00\x00\x05\x00\x01\x02\x03\x04", "does not speak SSL/TLS"),
    ],
)
def test_server_that_does_not_speak_tls(answer: bytes, said: str) -> None:
    async def check() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            loop = asyncio.get_running_loop()
            dialling = asyncio.ensure_future(connect(Target(server.getsockname()[1]), TlsClientOptions(), 5))
            sock, _ = await loop.sock_accept(server)
            with sock:
                await loop.sock_recv(sock, 1000)
                await loop.sock_sendall(sock, answer)
                with pytest.raises(TlsError) as caught:
                    await dialling
            assert caught.value.exit_code is ExitCode.NOT_TLS
            assert said in str(caught.value)
            assert "tcp:HOST:PORT" in caught.value.hint

    run(check())


@pytest.mark.parametrize("reset", [False, True])
def test_server_that_hangs_up_at_once(reset: bool) -> None:
    async def check() -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.setblocking(False)
            loop = asyncio.get_running_loop()
            dialling = asyncio.ensure_future(connect(Target(server.getsockname()[1]), TlsClientOptions(), 5))
            sock, _ = await loop.sock_accept(server)
            if not reset:
                await loop.sock_recv(sock, 5000)
            else:
                await asyncio.sleep(0.02)  # unread bytes make the kernel answer with a reset
            sock.close()
            with pytest.raises(TlsError, match="without an answer") as caught:
                await dialling
            assert caught.value.exit_code is ExitCode.NOT_TLS

    run(check())


def test_silent_server_ends_with_the_deadline() -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            with pytest.raises(TlsError, match=r"not finished within 0\.05 s"):
                await TlsClientOptions().client("127.0.0.1", timeout=0.05).wrap(ours)
            assert ours.is_closing
            receive_into(theirs)

    run(check())


def test_silent_client_ends_with_the_deadline(server_files: Files) -> None:
    async def check() -> None:
        async with stream_pair() as (ours, _theirs):
            with pytest.raises(TlsError, match=r"not finished within 0\.05 s"):
                await options_of(server_files).server(timeout=0.05).wrap(ours)
            assert ours.is_closing

    run(check())


def test_cancelled_handshake_closes_the_stream(server_files: Files) -> None:
    async def check() -> None:
        async with stream_pair() as (ours, _theirs):
            task = asyncio.ensure_future(options_of(server_files).server().wrap(ours))
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert ours.is_closing

    run(check())


def test_handshake_cut_in_the_middle(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with stream_pair() as (ours, theirs):
            wrapping = asyncio.ensure_future(options_of(server_files).server().wrap(ours))
            theirs.set_receiver(Recorder())
            theirs.write([b"\x16\x03\x01\x02\x00\x01"])
            theirs.close()
            with pytest.raises(TlsError) as caught:
                await wrapping
            assert caught.value.exit_code is ExitCode.TRUNCATED
            await ours.wait_closed()

    run(check())


# --- other people's clients ---


def s_client(port: int, *words: str) -> list[str]:
    return ["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *words]


async def run_s_client(port: int, *words: str, send: bytes = b"") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *s_client(port, *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate(send)
    return process.returncode or 0, out.decode(errors="replace")


def test_openssl_verifies_and_talks(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        async with serving(options_of(server_files)) as server:
            code, out = await run_s_client(
                server.port, "-CAfile", str(ca_file), "-verify_return_error", "-ign_eof", send=b"GET / HTTP/1.1\r\n\r\n"
            )
            assert code == 0
            assert "Verify return code: 0 (ok)" in out
            assert "TLSv1.3" in out
            assert "New Session Ticket" not in out and "Post-Handshake" not in out

    run(check())


@pytest.mark.parametrize(
    "words",
    [
        ("-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0"),
        ("-tls1", "-cipher", "DEFAULT@SECLEVEL=0"),
        ("-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"),  # CBC
        ("-tls1_2", "-cipher", "ECDHE-RSA-AES128-SHA"),
        ("-tls1_2", "-cipher", "AES256-GCM-SHA384"),  # no forward secrecy
        ("-tls1_2", "-cipher", "DHE"),
        ("-tls1_2", "-cipher", "aNULL:eNULL@SECLEVEL=0"),
    ],
)
def test_weak_handshakes_are_refused(words: tuple[str, ...], server_files: Files) -> None:
    async def check() -> None:
        async with serving(options_of(server_files)) as server:
            code, out = await run_s_client(server.port, *words)
            assert code != 0, out
            assert "Cipher is (NONE)" in out

    run(check())


def test_renegotiation_is_refused(server_files: Files) -> None:
    async def check() -> None:
        async with serving(options_of(server_files)) as server:
            _code, out = await run_s_client(server.port, "-tls1_2", send=b"R\n")
            assert "no renegotiation" in out.lower()

    run(check())


def test_openssl_without_the_asked_certificate_is_refused(server_files: Files, ca_file: Path) -> None:
    async def check() -> None:
        server_options = options_of(server_files, ca_certs=str(ca_file), client_verify_mode="required")
        async with serving(server_options) as server:
            for version in ("-tls1_2", "-tls1_3"):
                _code, out = await run_s_client(server.port, version, "-ign_eof", send=b"x" * 10)
                assert "alert" in out

    run(check())
