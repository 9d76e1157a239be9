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
        cert="a", key="b", ca_certs="c", ca_data="d", client_verify_mode="e", ciphers="f", protocol="g",
        verify_flags="h", options="i",
    )  # fmt: skip
    made = TlsServerOptions.from_raw(settings.texts(), Secret(b"pw"))
    assert (made.cert, made.key, made.ca_certs, made.ca_data, made.client_verify_mode) == tuple("abcde")
    assert (made.ciphers, made.protocol, made.verify_flags, made.options) == tuple("fghi")


def test_every_value_for_a_client_arrives() -> None:
    settings = TlsSettings(
        cert="a", key="b", ca_certs="c", ca_data="d", server_verify_mode="e", check_hostname=False,
        server_hostname="n", ciphers="f", protocol="g", verify_flags="h", options="i",
    )  # fmt: skip
    made = TlsClientOptions.from_raw(settings.texts())
    assert (made.cert, made.key, made.ca_certs, made.ca_data, made.server_verify_mode) == tuple("abcde")
    assert (made.check_hostname, made.server_hostname) == ("no", "n")
    assert (made.ciphers, made.protocol, made.verify_flags, made.options) == tuple("fghi")
    assert TlsSettings(check_hostname=True).texts() == {"check-hostname": "yes"}


def test_the_password_of_the_key_is_shown_nowhere() -> None:
    settings = TlsSettings(key_password=Secret(b"topsecret"))
    assert "topsecret" not in repr(settings)
    assert settings.texts() == {}
