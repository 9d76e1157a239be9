"""The raw SSL values on their way to `limpet.net.tls_config`."""

from __future__ import annotations

from pathlib import Path

from limpet.config.tls import TlsSettings
from limpet.net.tls_config import TlsClientOptions, TlsServerOptions
from limpet.values import Secret


def test_paths_become_absolute_and_words_stay() -> None:
    base = Path("/base")
    settings = TlsSettings(cert="c.pem", key="/k.pem", ca_certs="ca").resolved(lambda path: base / path)
    assert (settings.cert, settings.key, settings.ca_certs) == ("/base/c.pem", "/k.pem", "/base/ca")
    for word in ("", "default", "auto"):
        assert TlsSettings(ca_certs=word).resolved(lambda path: base / path).ca_certs == word
    assert TlsSettings().resolved(lambda path: base / path) == TlsSettings()


def test_every_value_for_a_server_arrives() -> None:
    settings = TlsSettings(
        cert="/a", key="/b", ca_certs="/c", ca_data="d", client_verify_mode="e", ciphers="f", protocol="g",
        verify_flags="h", options="i", key_password=Secret(b"pw"),
    )  # fmt: skip
    made = TlsServerOptions.from_settings(settings, Path("/base"))
    assert (made.cert, made.key, made.ca_certs, made.ca_data, made.client_verify_mode) == ("/a", "/b", "/c", "d", "e")
    assert (made.ciphers, made.protocol, made.verify_flags, made.options) == tuple("fghi")
    assert made.key_password and made.key_password.reveal() == b"pw"


def test_every_value_for_a_client_arrives() -> None:
    settings = TlsSettings(
        cert="/a", key="/b", ca_certs="/c", ca_data="d", server_verify_mode="e", check_hostname=False,
        server_hostname="n", ciphers="f", protocol="g", verify_flags="h", options="i",
    )  # fmt: skip
    made = TlsClientOptions.from_settings(settings, Path("/base"))
    assert (made.cert, made.key, made.ca_certs, made.ca_data, made.server_verify_mode) == ("/a", "/b", "/c", "d", "e")
    assert made.check_hostname in {False, "no"}
    assert made.server_hostname == "n"
    assert (made.ciphers, made.protocol, made.verify_flags, made.options) == tuple("fghi")


def test_the_password_of_the_key_is_in_no_repr() -> None:
    assert "topsecret" not in repr(TlsSettings(key_password=Secret(b"topsecret")))
