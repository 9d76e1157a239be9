"""Words of a command line, keys of bind lines and URLs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.config.kinds import Resize, SslMode, WindowClose
from limpet.config.options import Options, by_flag, by_path, table
from limpet.config.parser import parse_bind_keys, parse_url_keys, parse_words
from limpet.config.schema import Scope
from limpet.config.stock import stock_options
from limpet.errors import ConfigError, OptionError
from limpet.values import Secret, Size


def start(line: str) -> Options:
    return parse_words(line.split(), "start", Scope.START).options


def attach(line: str) -> Options:
    return parse_words(line.split(), "attach", Scope.ATTACH).options


def test_values_follow_by_equals_sign_or_as_the_next_word() -> None:
    for line in ("--tcp-encryption=AES --bind-tcp=:1", "--tcp-encryption AES --bind-tcp :1"):
        options = start(line)
        assert options.encryption.tcp_encryption == "AES"
        assert options.listen.bind_tcp == (":1",)


def test_a_value_may_start_with_a_dash_and_hold_equals_signs() -> None:
    assert start("--start=xterm=-e").session.start == ("xterm=-e",)
    assert start("--start --odd").session.start == ("--odd",)


def test_arguments_and_options_mix() -> None:
    words = parse_words(["--daemon=no", ":10", "--start=xterm"], "start", Scope.START)
    assert words.arguments == (":10",)
    assert words.options.session.start == ("xterm",)


def test_two_dashes_end_the_options() -> None:
    words = parse_words(["--daemon", "--", "--start=x", "-d"], "start", Scope.START)
    assert words.arguments == ("--start=x", "-d")
    assert words.options.session.daemon


@pytest.mark.parametrize(
    ("words", "daemon", "arguments"),
    [
        (["--daemon"], True, ()),
        (["--daemon", ":10"], True, (":10",)),
        (["--daemon", "no", ":10"], False, (":10",)),
        (["--daemon=off"], False, ()),
        (["--no-daemon", ":10"], False, (":10",)),
        (["--daemon=no", "--daemon=yes"], True, ()),
    ],
)
def test_yes_and_no(words: list[str], daemon: bool, arguments: tuple[str, ...]) -> None:
    parsed = parse_words(words, "start", Scope.START)
    assert parsed.options.session.daemon is daemon
    assert parsed.arguments == arguments


def test_short_options() -> None:
    assert attach("-d net,auth").general.debug == ("net", "auth")
    assert attach("-dall").general.debug == ("all",)
    assert attach("-z 5").client.compression_level == 5
    assert attach("-z0").client.compression_level == 0
    assert attach("--compression_level=3").client.compression_level == 3


def test_options_that_repeat_keep_their_order() -> None:
    options = start("--start=a --start=b --env=A=1 --start-env=B=x=y --auth=none --auth=allow")
    assert options.session.start == ("a", "b")
    assert options.session.env == (("A", "1"), ("B", "x=y"))
    assert options.auth.auth == ("none", "allow")


def test_typed_values() -> None:
    options = start("--ssl=on --resize=800x600 --xvfb-geometry=1024x768")
    assert options.listen.ssl is SslMode.ON
    assert options.session.resize == Resize(follow=False, size=Size(800, 600))
    assert options.session.xvfb_geometry == Size(1024, 768)
    assert start("--resize-display=no").session.resize == Resize(follow=False)
    client = attach("--window-close=disconnect --encodings=png,rgb32,rgb24 --quality=auto --ssl-check-hostname=no")
    assert client.client.window_close is WindowClose.DETACH
    assert client.client.encodings == ("png", "rgb")
    assert client.client.quality == 0
    assert client.tls.check_hostname is False
    secret = attach("--ssl-key-password=pw").tls.key_password
    assert secret and secret.reveal() == b"pw"


def test_what_was_given_is_known_by_its_spelling() -> None:
    assert dict(start("--resize-display=no --bind-tcp=:1").given) == {
        "session.resize": "--resize-display",
        "listen.bind_tcp": "--bind-tcp",
    }
    assert Options().spelling("tls.cert") == "--ssl-cert"


REFUSED = [
    ("--nosuch", "there is no option --nosuch"),
    ("--nosuch=topsecret", "there is no option --nosuch"),
    ("-q", "there is no option -q"),
    ("--no-start", "there is no option --no-start"),
    ("--bind-tcp", "needs a value"),
    ("--ssl=maybe", "--ssl: 'maybe' is not one of"),
    ("--daemon=perhaps", "--daemon: 'perhaps' is neither yes nor no"),
    ("--start=", "--start: the value is empty"),
    ("--env=novalue", "NAME=VALUE"),
    ("--env=1A=x", "NAME=VALUE"),
    ("--resize=0x5", "neither yes, no nor WIDTHxHEIGHT"),
    ("--xvfb-geometry=99999x1", "WIDTHxHEIGHT"),
    ("--debug=a,,b", "not a list of names"),
    ("--reconnect=no", "--reconnect is an option of attach, not of start"),
    ("--ssl-server-verify-mode=none", "not of start"),
]


@pytest.mark.parametrize(("line", "message"), REFUSED)
def test_a_wrong_option_is_refused(line: str, message: str) -> None:
    with pytest.raises(OptionError) as caught:
        start(line)
    assert message in str(caught.value)
    assert "topsecret" not in str(caught.value)


def test_a_server_option_is_refused_for_a_client() -> None:
    with pytest.raises(OptionError, match="--bind-tcp is an option of start, seamless, not of attach"):
        attach("--bind-tcp=:1")


@pytest.mark.parametrize(
    ("line", "guess"),
    [
        ("--bind-tpc=:1", "--bind-tcp"),
        ("--ssl-crt=x", "--ssl-cert"),
        ("--exit-with-child", "--exit-with-children"),
        ("--tcp-encryption-key=x", "--tcp-encryption-keyfile"),
    ],
)
def test_an_unknown_option_is_answered_with_the_likely_one(line: str, guess: str) -> None:
    with pytest.raises(OptionError) as caught:
        start(line)
    assert guess in caught.value.hint


@pytest.mark.parametrize("line", ["--quality=0", "--quality=100", "--compression-level=9"])
def test_numbers_within_bounds(line: str) -> None:
    assert attach(line).given


@pytest.mark.parametrize("line", ["--quality=101", "--quality=-1", "--compression-level=x", "--timeout=0"])
def test_numbers_out_of_bounds(line: str) -> None:
    with pytest.raises(OptionError, match="is not a number from"):
        attach(line)


# -- command lines that people have (docs/protocol: peers) -------------------------------------------------------------


def test_the_quiet_options_of_stock_servers_are_accepted() -> None:
    start(
        "--daemon=no --mdns=no --pulseaudio=no --notifications=no --printing=no --webcam=no --systemd-run=no "
        "--audio=no --html=off --opengl=no --clipboard=no --dbus-launch=no --speaker=off --no-mdns --tray off"
    )


def test_the_quiet_options_of_stock_clients_are_accepted() -> None:
    attach(
        "--opengl=no --notifications=no --webcam=no --printing=no --speaker=off --microphone=off --tray=no --mmap=no "
        "--audio=no --splash=no --headerbar=no --dpi=96 --desktop-scaling=1 --keyboard-sync=yes --sharing=no"
    )


@pytest.mark.parametrize("row", stock_options().values(), ids=lambda row: row.flag)
def test_a_stock_option_is_taken_for_what_limpet_does_and_refused_for_the_rest(row: object) -> None:
    from limpet.config.stock import StockOption

    assert isinstance(row, StockOption)
    for value in row.accepted:
        assert start(f"{row.flag}={value}").given == {}
    with pytest.raises(OptionError) as caught:
        start(f"{row.flag}=something-else")
    assert row.flag in str(caught.value)
    assert "limpet does not have" in str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("line", ["--mdns=yes", "--mdns", "--clipboard=yes", "--bind-ws=:1", "--ssh=ssh", "--no-bell"])
def test_what_limpet_cannot_do_is_refused_and_not_ignored(line: str) -> None:
    with pytest.raises(OptionError, match="limpet does not have"):
        start(line)


def test_a_refused_stock_option_does_not_repeat_a_password() -> None:
    with pytest.raises(OptionError) as caught:
        start("--ws-auth=password:value=topsecret")
    assert "topsecret" not in f"{caught.value} {caught.value.hint}"


# -- keys of bind lines and URLs ---------------------------------------------------------------------------------------


def test_keys_of_a_bind_line() -> None:
    options = parse_bind_keys(
        {"auth": ("none", "allow"), "keyfile": ("k",), "ssl-required": ("yes",), "ws": ("no",), "info": ("yes",)},
        {"keydata": Secret(b"0x30")},
        "--bind-tcp=:1",
    )
    assert options.auth.auth == ("none", "allow")
    assert options.encryption.encryption_keyfile == "k"
    assert options.encryption.keydata and options.encryption.keydata.reveal() == b"0x30"
    assert options.listen.ssl_required is True
    assert options.spelling("encryption.encryption_keyfile") == "--bind-tcp=:1: keyfile"


@pytest.mark.parametrize(
    ("options", "secrets", "message"),
    [
        ({"nosuch": ("x",)}, {}, "there is no option nosuch"),
        ({}, {"password": Secret(b"topsecret")}, "there is no option password"),
        ({"keyfile": ("a",), "encryption-keyfile": ("b",)}, {}, "given twice"),
        ({"ssl": ("maybe",)}, {}, "--bind-tcp=:1: ssl: 'maybe'"),
        ({"readonly": ("yes",)}, {}, "limpet does not have read-only"),
        ({"info": ("no",)}, {}, "limpet does not have a choice of requests"),
    ],
)
def test_wrong_keys_of_a_bind_line(
    options: dict[str, tuple[str, ...]], secrets: dict[str, Secret], message: str
) -> None:
    with pytest.raises(OptionError, match=message):
        parse_bind_keys(options, secrets, "--bind-tcp=:1")


def test_a_mistyped_key_is_answered_with_the_likely_one() -> None:
    with pytest.raises(OptionError) as caught:
        parse_url_keys({"encrypton": "AES"}, {})
    assert "encryption" in caught.value.hint


def test_keys_of_a_url() -> None:
    options = parse_url_keys({"ssl-server-verify-mode": "none", "timeout": "5", "compression-level": "2"}, {})
    assert options.tls.server_verify_mode == "none"
    assert (options.client.timeout, options.client.compression_level) == (5, 2)


# -- the table ---------------------------------------------------------------------------------------------------------


def test_no_spelling_is_used_twice() -> None:
    flags = [flag for row in table() for flag in row.flags]
    assert len(flags) == len(set(flags))
    assert not set(flags) & set(stock_options())
    for attribute in ("bind_keys", "url_keys"):
        keys = [key for row in table() for key in getattr(row, attribute)]
        assert len(keys) == len(set(keys))


def test_every_option_can_be_given_somewhere_and_explains_itself() -> None:
    for row in table():
        assert row.flags or row.bind_keys or row.url_keys
        assert bool(row.flags) == bool(row.scope)
        assert row.help
        assert not row.help.endswith(".")
        assert by_path()[row.path] is row


def test_secret_options_are_in_no_repr() -> None:
    shown = repr(attach("--ssl-key-password=topsecret"))
    assert "topsecret" not in shown


WORDS = st.one_of(
    st.text(max_size=12),
    st.sampled_from([*by_flag(), "--mdns", "--no-daemon", "--", "-", "--=", "=", "-z", "--ssl=on", ":10", "yes"]),
    st.tuples(st.sampled_from([*by_flag()]), st.text(max_size=8)).map("=".join),
)


@given(st.lists(WORDS, max_size=6), st.sampled_from([Scope.START, Scope.ATTACH, Scope.LIST]))
def test_words_are_read_or_refused_and_nothing_else(words: list[str], scope: Scope) -> None:
    try:
        parsed = parse_words(words, "x", scope)
    except ConfigError:
        return
    assert len(parsed.arguments) <= len(words)
