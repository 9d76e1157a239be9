"""Options from several places, put together."""

from __future__ import annotations

from limpet.config.kinds import SslMode
from limpet.config.options import GROUPS, Options, assemble, by_bind_key, by_flag, by_url_key, merge, table
from limpet.config.parser import parse_words
from limpet.config.schema import COMMANDS, Scope, commands_of


def test_the_last_value_counts_unless_the_option_repeats() -> None:
    ssl, auth = by_flag()["--ssl"], by_flag()["--auth"]
    options = assemble(
        [(ssl, "--ssl", SslMode.ON), (auth, "--auth", "a"), (ssl, "--ssl", SslMode.OFF), (auth, "--auth", "b")]
    )
    assert options.listen.ssl is SslMode.OFF
    assert options.auth.auth == ("a", "b")


def test_nothing_given_is_the_default_of_everything() -> None:
    options = assemble([])
    assert not options.given
    for group, (of, _) in GROUPS.items():
        assert getattr(options, group) == of()


def test_merging_replaces_what_is_given_and_keeps_the_rest() -> None:
    cert, key, timeout = by_flag()["--ssl-cert"], by_flag()["--ssl-key"], by_flag()["--timeout"]
    base = assemble([(cert, "--ssl-cert", "c"), (key, "--ssl-key", "k")])
    over = assemble([(key, "url: ssl-key", "k2"), (timeout, "url: timeout", 3)])
    merged = merge(base, over)
    assert (merged.tls.cert, merged.tls.key, merged.client.timeout) == ("c", "k2", 3)
    assert merged.spelling("tls.key") == "url: ssl-key"
    assert merged.spelling("tls.cert") == "--ssl-cert"
    assert merge(base, Options()).tls == base.tls


def test_the_keys_of_the_encryption_page_are_known() -> None:
    for key in ("encryption", "keyfile", "encryption-keyfile", "keydata", "encryption-keydata", "auth", "ssl-required"):
        assert key in by_bind_key()
    for key in ("encryption", "keyfile", "keydata", "ssl-ca-certs", "ssl-ca-data", "ssl-server-verify-mode", "timeout"):
        assert key in by_url_key()


def test_every_ssl_option_of_the_specification_is_there() -> None:
    names = (
        "cert key key-password protocol ca-certs ca-data ciphers client-verify-mode server-verify-mode verify-flags "
        "check-hostname server-hostname options"
    )
    for name in names.split():
        assert f"--ssl-{name}" in by_flag()


def test_scopes_name_commands() -> None:
    assert commands_of(Scope.START) == ("start", "seamless")
    assert commands_of(Scope.ALL) == tuple(name for names in COMMANDS.values() for name in names)
    assert commands_of(Scope.NONE) == ()
    assert all(row.scope in Scope.ALL for row in table())


def test_no_secret_of_a_command_line_is_in_a_repr() -> None:
    words = [
        "--auth=password:value=s3cret",
        "--tcp-auth=password:value=s3cret",
        "--ssl-auth=password(value=s3cret)",
        "--bind=auto,auth=password(value=s3cret)",
        "--bind-tcp=:1,keydata=s3cret",
        "--bind-ssl=:2,ssl-key-password=s3cret",
        "--ssl-key-password=s3cret",
    ]
    assert "s3cret" not in repr(parse_words(words, "start", Scope.START).options)
