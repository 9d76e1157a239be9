from __future__ import annotations

import base64
import logging
import ssl
from pathlib import Path
from typing import Any

import pytest

from limpet.config.tls import TlsSettings
from limpet.errors import ExitCode, LimpetError, OptionError, TlsError
from limpet.net.tls_config import TlsClientOptions, TlsServerOptions
from limpet.values import Secret
from tests.support.pki import Authority, Files, make_authority


def server(files: Files, **more: Any) -> ssl.SSLContext:
    return TlsServerOptions(**{"cert": str(files.both), **more}).server().context


def client(**more: Any) -> ssl.SSLContext:
    return TlsClientOptions(**more).client("host.example").context


def names(context: ssl.SSLContext) -> set[str]:
    return {str(cipher["name"]) for cipher in context.get_ciphers()}


def ca_count(context: ssl.SSLContext) -> int:
    return context.cert_store_stats()["x509_ca"]


# --- policy ---


def test_defaults_are_strict_on_both_sides(server_files: Files) -> None:
    for context in (server(server_files), client()):
        assert context.minimum_version is ssl.TLSVersion.TLSv1_2
        assert context.maximum_version is ssl.TLSVersion.TLSv1_3
        assert all(cipher["aead"] for cipher in context.get_ciphers())
        assert all(name.startswith(("ECDHE-", "TLS_")) for name in names(context))
        assert not any("CBC" in name or "SHA1" in name for name in names(context))
        assert context.options & ssl.OP_NO_COMPRESSION
        assert context.options & ssl.OP_NO_TICKET
        assert context.options & ssl.OP_NO_RENEGOTIATION
        assert not context.options & ssl.OP_IGNORE_UNEXPECTED_EOF
        assert not context.verify_flags & ssl.VERIFY_X509_STRICT
    assert server(server_files).num_tickets == 0
    assert client().verify_mode is ssl.CERT_REQUIRED
    assert client().check_hostname
    assert server(server_files).verify_mode is ssl.CERT_NONE


@pytest.mark.parametrize(
    ("protocol", "low", "high"),
    [
        ("", "TLSv1_2", "TLSv1_3"),
        ("TLS", "TLSv1_2", "TLSv1_3"),
        ("SSLv23", "TLSv1_2", "TLSv1_3"),
        ("TLS_CLIENT", "TLSv1_2", "TLSv1_3"),
        ("PROTOCOL_TLS_SERVER", "TLSv1_2", "TLSv1_3"),
        ("TLSv1_2", "TLSv1_2", "TLSv1_2"),
        ("TLSv1.3", "TLSv1_3", "TLSv1_3"),
    ],
)
def test_protocol_names_of_xpra(protocol: str, low: str, high: str) -> None:
    context = client(protocol=protocol)
    assert context.minimum_version is ssl.TLSVersion[low]
    assert context.maximum_version is ssl.TLSVersion[high]


@pytest.mark.parametrize("protocol", ["TLSv1", "TLSv1_1", "SSLv3", "SSLv2", "nonsense"])
def test_protocols_below_1_2_are_refused(protocol: str) -> None:
    with pytest.raises(OptionError, match="--ssl-protocol"):
        client(protocol=protocol)


def test_options_of_xpra_are_accepted_and_what_has_an_effect_has_it() -> None:
    assert client(options="ALL,NO_COMPRESSION").minimum_version is ssl.TLSVersion.TLSv1_2
    assert client(options="OP_CIPHER_SERVER_PREFERENCE").options & ssl.OP_CIPHER_SERVER_PREFERENCE
    assert client(options="NO_TLSv1_2").minimum_version is ssl.TLSVersion.TLSv1_3
    assert client(options="NO_TLSv1_3").maximum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize("options", ["LEGACY_SERVER_CONNECT", "IGNORE_UNEXPECTED_EOF", "ALL,NONSENSE"])
def test_options_that_weaken_or_mean_nothing_are_refused(options: str) -> None:
    with pytest.raises(OptionError, match="--ssl-options"):
        client(options=options)


def test_options_that_leave_no_version_are_refused() -> None:
    with pytest.raises(OptionError, match="no TLS version"):
        client(options="NO_TLSv1_2,NO_TLSv1_3")
    with pytest.raises(OptionError, match="no TLS version"):
        client(protocol="TLSv1_3", options="NO_TLSv1_3")


@pytest.mark.parametrize("ciphers", ["", "DEFAULT", "default", "HIGH", "ALL"])
def test_wide_cipher_lists_mean_all_that_is_allowed(ciphers: str) -> None:
    assert names(client(ciphers=ciphers)) == names(client())


def test_cipher_list_narrows() -> None:
    tls12 = {name for name in names(client(ciphers="ECDHE-RSA-AES128-GCM-SHA256:AES128-SHA")) if "TLS_" not in name}
    assert tls12 == {"ECDHE-RSA-AES128-GCM-SHA256"}


@pytest.mark.parametrize("ciphers", ["AES128-SHA", "DHE-RSA-AES128-SHA", "NULL", "nonsense", "TLS_AES_128_GCM_SHA256"])
def test_cipher_list_that_leaves_nothing_is_an_error(ciphers: str) -> None:
    with pytest.raises(OptionError, match="--ssl-ciphers"):
        client(ciphers=ciphers)


def test_verify_flags_add_up() -> None:
    flags = client(verify_flags="X509_STRICT, VERIFY_X509_TRUSTED_FIRST").verify_flags
    assert flags & ssl.VERIFY_X509_STRICT and flags & ssl.VERIFY_X509_TRUSTED_FIRST
    with pytest.raises(OptionError, match="--ssl-verify-flags"):
        client(verify_flags="NONSENSE")


@pytest.mark.parametrize("flags", ["CRL_CHECK_LEAF", "CRL_CHECK_CHAIN"])
def test_revocation_check_without_a_list_would_refuse_everyone(
    flags: str, authority: Authority, ca_file: Path, tmp_path: Path
) -> None:
    with pytest.raises(OptionError, match="revocation lists"):
        client(verify_flags=flags, ca_certs=str(ca_file))
    with_list = tmp_path / "ca.pem"
    with_list.write_bytes(authority.cert_pem + authority.revocation_list())
    assert client(verify_flags=flags, ca_certs=str(with_list)).cert_store_stats()["crl"] == 1


# --- trust ---


def test_own_ca_replaces_the_system_store(ca_file: Path) -> None:
    assert ca_count(client(ca_certs=str(ca_file))) == 1
    assert client(ca_certs=str(ca_file)).verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
    system = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    system.load_default_certs()
    for word in ("", "default", "auto", "DEFAULT"):
        context = client(ca_certs=word)
        assert ca_count(context) == ca_count(system)
        assert not context.verify_flags & ssl.VERIFY_X509_PARTIAL_CHAIN
        assert not context.hostname_checks_common_name


def test_directory_of_authorities(tmp_path: Path) -> None:
    for name in ("a", "b"):
        make_authority(name).write(tmp_path, name)
    (tmp_path / "README").write_text("not a certificate")
    (tmp_path / "sub").mkdir()
    assert ca_count(client(ca_certs=str(tmp_path))) == 2


def test_ca_data_in_every_spelling_joins_the_own_ones(authority: Authority, ca_file: Path) -> None:
    pem, der = authority.cert_pem, authority.identity.cert_der
    for text in (pem.hex(), "0x" + der.hex(), "base64:" + base64.b64encode(der).decode(), pem.hex().upper()):
        assert ca_count(client(ca_data=text)) == 1
    other = make_authority("other").cert_pem.hex()
    assert ca_count(client(ca_data=other, ca_certs=str(ca_file))) == 2


@pytest.mark.parametrize("text", ["zz", "base64:%%%", "abc", "base64:"])
def test_ca_data_that_is_no_data(text: str) -> None:
    with pytest.raises(OptionError, match="--ssl-ca-data"):
        client(ca_data=text)


@pytest.mark.parametrize(
    "data", [b"nothing", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\xff"]
)
def test_ca_data_without_a_certificate(data: bytes) -> None:
    with pytest.raises(TlsError, match="--ssl-ca-data holds no certificate"):
        client(ca_data=data.hex())


def test_client_verification_modes(server_files: Files, ca_file: Path) -> None:
    own = {"ca_certs": str(ca_file)}
    assert server(server_files, **own).verify_mode is ssl.CERT_OPTIONAL
    assert server(server_files, **own, client_verify_mode="none").verify_mode is ssl.CERT_NONE
    required = TlsServerOptions(cert=str(server_files.both), **own, client_verify_mode="CERT_REQUIRED").server()
    assert required.requires_certificate
    assert ca_count(required.context) == 1


@pytest.mark.parametrize("mode", ["required", "optional"])
@pytest.mark.parametrize("ca", ["", "default", "auto"])
def test_public_authorities_never_vouch_for_clients(mode: str, ca: str, server_files: Files) -> None:
    with pytest.raises(OptionError, match="--ssl-client-verify-mode") as caught:
        server(server_files, client_verify_mode=mode, ca_certs=ca)
    assert "--ssl-ca-certs=FILE" in caught.value.hint


def test_unknown_modes(server_files: Files) -> None:
    with pytest.raises(OptionError, match="--ssl-client-verify-mode=maybe"):
        server(server_files, client_verify_mode="maybe")
    with pytest.raises(OptionError, match="--ssl-server-verify-mode=maybe"):
        client(server_verify_mode="maybe")


def test_no_verification_means_no_host_name_check() -> None:
    context = client(server_verify_mode="none")
    assert context.verify_mode is ssl.CERT_NONE and not context.check_hostname
    assert client(server_verify_mode="none", check_hostname=False).verify_mode is ssl.CERT_NONE
    with pytest.raises(OptionError, match="contradict"):
        client(server_verify_mode="none", check_hostname=True)
    assert client(server_verify_mode="optional").verify_mode is ssl.CERT_REQUIRED
    assert not client(check_hostname=False).check_hostname


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("Host.Example.", "host.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("127.0.0.1", "127.0.0.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_names_asked_for_are_plain(host: str, expected: str) -> None:
    assert TlsClientOptions().client(host).server_name == expected
    assert TlsClientOptions(server_hostname=host).client("other").server_name == expected


def test_impossible_names_name_the_option() -> None:
    with pytest.raises(OptionError, match="--ssl-server-hostname"):
        TlsClientOptions(server_hostname="a..b").client("host")
    with pytest.raises(OptionError, match="host of the target"):
        TlsClientOptions().client(".bad")


# --- files ---


def failure(call: Any) -> LimpetError:
    with pytest.raises(LimpetError) as caught:
        call()
    return caught.value


def test_server_needs_a_certificate() -> None:
    error = failure(TlsServerOptions(cert="").server)
    assert isinstance(error, OptionError) and "setup-ssl" in error.hint


@pytest.mark.parametrize("option", ["cert", "key", "ca_certs"])
def test_missing_files_and_directories_are_named(option: str, server_files: Files, tmp_path: Path) -> None:
    more = {"client_verify_mode": "required"} if option == "ca_certs" else {}
    error = failure(lambda: server(server_files, **{option: str(tmp_path / "missing.pem")}, **more))
    assert error.exit_code is ExitCode.TLS_CERTIFICATE_FILE
    assert f"--ssl-{option.replace('_', '-')}={tmp_path / 'missing.pem'}" in str(error)
    assert "does not exist" in str(error)
    directory = failure(lambda: server(server_files, **{option: str(tmp_path)}, **more))
    assert directory.exit_code is ExitCode.TLS_CERTIFICATE_FILE
    assert ("directory" if option != "ca_certs" else "no file in the directory") in str(directory)


def test_wrong_ca_path_is_an_error_even_where_nothing_is_verified(tmp_path: Path) -> None:
    error = failure(lambda: client(ca_certs=str(tmp_path / "missing"), server_verify_mode="none"))
    assert error.exit_code is ExitCode.TLS_CERTIFICATE_FILE


@pytest.mark.parametrize("content", ["", "rubbish", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"])
def test_files_that_hold_something_else(content: str, server_files: Files, tmp_path: Path) -> None:
    bad = tmp_path / "bad.pem"
    bad.write_text(content)
    for call in (
        lambda: server(server_files, cert=str(bad)),
        lambda: server(server_files, cert=str(bad), key=str(server_files.key)),
        lambda: server(server_files, key=str(bad)),
        lambda: client(ca_certs=str(bad)),
    ):
        error = failure(call)
        assert error.exit_code is ExitCode.TLS_CERTIFICATE_FILE
        assert str(bad) in str(error)


def test_certificate_without_its_key_points_to_the_key_option(server_files: Files) -> None:
    error = failure(lambda: server(server_files, cert=str(server_files.cert)))
    assert error.exit_code is ExitCode.TLS_CERTIFICATE_FILE
    assert "--ssl-key=FILE" in error.hint


def test_key_of_another_certificate(server_files: Files, client_files: Files) -> None:
    error = failure(lambda: server(server_files, cert=str(server_files.cert), key=str(client_files.key)))
    assert error.exit_code is ExitCode.TLS_KEY_MISMATCH
    assert "--ssl-key" in error.hint
    assert server(server_files, cert=str(server_files.cert), key=str(server_files.key))


def test_encrypted_key_needs_its_password(authority: Authority, tmp_path: Path) -> None:
    files = authority.issue().write(tmp_path, "locked", b"open sesame")
    assert server(files, key_password=Secret(b"open sesame"))
    missing = failure(lambda: server(files))
    assert "no password was given" in str(missing) and "--ssl-key-password" in missing.hint
    wrong = failure(lambda: server(files, key_password=Secret(b"open barley")))
    assert "does not open it" in str(wrong) and "barley" not in str(wrong)
    for error in (missing, wrong):
        assert error.exit_code is ExitCode.TLS_CERTIFICATE_FILE
    long = failure(lambda: server(files, key_password=Secret(b"x" * 5000)))
    assert long.exit_code is ExitCode.TLS_CERTIFICATE_FILE


def test_readable_key_is_warned_of(authority: Authority, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    files = authority.issue().write(tmp_path, "open")
    files.both.chmod(0o644)
    with caplog.at_level(logging.WARNING, "limpet.net.tls"):
        server(files)
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "chmod 600" in caplog.text


def test_oversized_file_is_not_read(server_files: Files, tmp_path: Path) -> None:
    huge = tmp_path / "huge.pem"
    with huge.open("wb") as file:
        file.truncate(17 * 1024 * 1024)
    assert "too large" in str(failure(lambda: client(ca_certs=str(huge))))


def test_client_key_without_certificate(server_files: Files) -> None:
    with pytest.raises(OptionError, match="--ssl-key without --ssl-cert"):
        client(key=str(server_files.key))


# --- from the options table ---


def test_settings_become_options_with_absolute_paths(tmp_path: Path) -> None:
    settings = TlsSettings(
        cert="c.pem",
        key="k.pem",
        key_password=Secret(b"x"),
        ca_certs="ca",
        ca_data="00",
        client_verify_mode="required",
        server_verify_mode="none",
        check_hostname=False,
        server_hostname="n",
        ciphers="C",
        protocol="P",
        verify_flags="F",
        options="O",
    )
    of_server = TlsServerOptions.from_settings(settings, tmp_path)
    of_client = TlsClientOptions.from_settings(settings, tmp_path)
    for options in (of_server, of_client):
        assert options.cert == str(tmp_path / "c.pem") and options.key == str(tmp_path / "k.pem")
        assert options.ca_certs == str(tmp_path / "ca") and options.ca_data == "00"
        assert (options.ciphers, options.protocol, options.verify_flags, options.options) == ("C", "P", "F", "O")
        assert options.key_password is settings.key_password
    assert of_server.client_verify_mode == "required"
    assert (of_client.server_verify_mode, of_client.check_hostname, of_client.server_hostname) == ("none", False, "n")


def test_empty_settings_stay_empty(tmp_path: Path) -> None:
    assert TlsClientOptions.from_settings(TlsSettings(), tmp_path) == TlsClientOptions()
    assert TlsServerOptions.from_settings(TlsSettings(ca_certs="default"), tmp_path).ca_certs == "default"


def test_passwords_do_not_show(tmp_path: Path) -> None:
    options = TlsClientOptions(key_password=Secret(b"hidden"))
    assert "hidden" not in repr(options)
