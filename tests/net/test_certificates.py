from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import hashlib
import socket
import stat
import subprocess
from pathlib import Path

import pytest

from limpet.errors import ConfigError, ConnectionFailed, ExitCode, OptionError, TlsError
from limpet.net import certificates
from limpet.net.caps import ConnectionCaps
from limpet.net.certificates import setup_ssl, show_server, show_ssl, unique_names
from limpet.net.listener import FixedPolicy, listen_tcp
from limpet.net.tls_config import TlsClientOptions, TlsServerOptions
from tests.support.net import run
from tests.support.pki import Authority, make_authority, self_signed

NOW = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_made_certificate_is_for_this_machine_and_the_names_given(tmp_path: Path) -> None:
    facts = setup_ssl(tmp_path / "cert.pem", names=["Shop.Example.", "192.0.2.9", "2001:DB8::1"], now=NOW)
    assert {"shop.example", "192.0.2.9", "2001:db8::1", "localhost", "127.0.0.1", "::1"} <= set(facts.names)
    assert socket.gethostname().lower() in facts.names
    assert len(set(facts.names)) == len(facts.names)
    assert facts.not_after - NOW == dt.timedelta(days=825)
    assert facts.not_before < NOW
    assert facts.key == "ECDSA secp256r1"
    assert facts.self_signed
    assert show_ssl(tmp_path / "cert.pem") == facts


def test_one_file_is_private_and_of_two_the_key_is(tmp_path: Path) -> None:
    setup_ssl(tmp_path / "both.pem")
    assert mode(tmp_path / "both.pem") == 0o600
    setup_ssl(tmp_path / "c.pem", tmp_path / "k.pem")
    assert mode(tmp_path / "k.pem") == 0o600
    assert mode(tmp_path / "c.pem") == 0o644
    assert b"PRIVATE KEY" not in (tmp_path / "c.pem").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["both.pem", "c.pem", "k.pem"]


def test_existing_file_is_kept_unless_forced(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="exists already") as caught:
        setup_ssl(path)
    assert "--force" in caught.value.hint
    assert path.read_text() == "precious"
    setup_ssl(path, force=True)
    assert mode(path) == 0o600
    with pytest.raises(ConfigError, match="exists already"):
        setup_ssl(tmp_path / "new.pem", path)
    assert not (tmp_path / "new.pem").exists()


def test_file_made_meanwhile_is_kept_too(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    path.write_text("precious")
    with pytest.raises(ConfigError, match="exists already"):
        certificates.write_file(path, b"other", 0o600, force=False)
    assert [p.name for p in tmp_path.iterdir()] == ["cert.pem"]


def test_missing_directory_is_an_io_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot write") as caught:
        setup_ssl(tmp_path / "missing" / "cert.pem")
    assert caught.value.exit_code is ExitCode.IO_ERROR


@pytest.mark.parametrize("name", ["", "with space", "a..b", "x/y", "user@host", "a" * 70 + ".example"])
def test_impossible_names_are_refused(name: str) -> None:
    with pytest.raises(OptionError, match="neither a host name nor an address"):
        unique_names([name])


def test_addresses_where_interfaces_cannot_be_listed_are_addresses() -> None:
    assert all(certificates._address(text) for text in certificates._routed_addresses())


def test_made_certificate_works_as_its_own_authority_even_strictly(tmp_path: Path) -> None:
    path = tmp_path / "cert.pem"
    setup_ssl(path)
    subprocess.run(
        ["openssl", "verify", "-x509_strict", "-purpose", "sslserver", "-CAfile", path, path],
        check=True,
        capture_output=True,
    )

    async def check() -> None:
        async with serving(TlsServerOptions(cert=str(path))) as port:
            from limpet.net import tcp

            options = TlsClientOptions(ca_certs=str(path), verify_flags="X509_STRICT")
            stream = await options.client("localhost").wrap(await tcp.connect("localhost", port, timeout=5))
            assert stream.facts.tls is not None and stream.facts.tls.verified
            stream.close()
            await stream.wait_closed()

    run(check())


@contextlib.asynccontextmanager
async def serving(options: TlsServerOptions):  # type: ignore[no-untyped-def]  # a generator of the port
    caps = ConnectionCaps(asyncio.get_running_loop().time)
    listener = await listen_tcp("", 0, FixedPolicy(tls=options.server()), caps, lambda _: None)
    task = asyncio.ensure_future(listener.serve())
    try:
        yield listener.port
    finally:
        while caps.total:
            await asyncio.sleep(0.001)
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def test_servers_certificate_is_shown_whoever_signed_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    identity = self_signed("server.example", ["server.example"])
    files = identity.write(tmp_path, "server")

    async def check() -> None:
        async with serving(TlsServerOptions(cert=str(files.both))) as port:
            facts = await show_server("127.0.0.1", port, timeout=5)
            assert facts.fingerprint == hashlib.sha256(identity.cert_der).digest()
            assert facts.names == ("server.example",)

    run(check())
    assert caplog.records == []


def test_server_that_is_not_there_is_a_connection_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionFailed):
        run(show_server("127.0.0.1", port, timeout=5))


def test_fingerprints_are_those_of_openssl(tmp_path: Path) -> None:
    files = self_signed().write(tmp_path, "x")
    facts = show_ssl(files.both)
    out = subprocess.run(
        ["openssl", "x509", "-in", files.cert, "-noout", "-fingerprint", "-sha256"], check=True, capture_output=True
    ).stdout.decode()
    assert f"={facts.fingerprint.hex(':').upper()}" in out
    pin = subprocess.run(
        f"openssl x509 -in {files.cert} -pubkey -noout | openssl pkey -pubin -outform der | openssl dgst -sha256",
        shell=True,
        check=True,
        capture_output=True,
    ).stdout.decode()
    assert facts.key_fingerprint.hex() in pin


def test_text_tells_everything_that_matters(authority: Authority, tmp_path: Path) -> None:
    facts = show_ssl(authority.issue("web", ["web.example", "::1"]).write(tmp_path, "web").cert)
    now = facts.not_before + dt.timedelta(days=2)
    text = "\n".join(facts.lines(now))
    for word in ("CN=web", "CN=limpet test CA", "web.example, ::1", "29 days left", "ECDSA secp256r1", "sha256/"):
        assert word in text
    assert "self-signed" not in text
    assert "EXPIRED" in "\n".join(facts.lines(facts.not_after + dt.timedelta(days=1)))
    assert "not yet valid" in "\n".join(facts.lines(facts.not_before - dt.timedelta(days=1)))


def test_der_and_certificates_without_names_are_shown(tmp_path: Path) -> None:
    identity = make_authority("ca").issue("plain", None)
    path = tmp_path / "cert.der"
    path.write_bytes(identity.cert_der)
    facts = show_ssl(path)
    assert facts.names == ()
    assert "none (no subjectAltName)" in "\n".join(facts.lines(NOW))


@pytest.mark.parametrize("content", [b"", b"text", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_files_without_a_certificate_say_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(TlsError, match="no certificate") as caught:
        show_ssl(path)
    assert caught.value.exit_code is ExitCode.TLS_CERTIFICATE_FILE


def test_missing_file_and_directory_cannot_be_shown(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing"):
        with pytest.raises(TlsError, match="cannot read"):
            show_ssl(path)


def test_rsa_keys_are_named_with_their_size(tmp_path: Path) -> None:
    subprocess.run(
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=rsa -keyout k -out c".split(),
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    assert show_ssl(tmp_path / "c").key == "RSA 2048 bits"
