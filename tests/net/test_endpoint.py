"""Targets and bind lines (docs/protocol: command line, 7.2 and 7.3)."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limpet.errors import EndpointError
from limpet.net.endpoint import Target, host_port, is_loopback, parse_bind, parse_target

TARGETS = [
    (":10", "unix", "", 0, "", ":10"),
    ("10", "unix", "", 0, "", ":10"),
    (":10.0", "unix", "", 0, "", ":10"),
    ("/run/x/socket", "unix", "", 0, "/run/x/socket", ""),
    ("/run/with?mark", "unix", "", 0, "/run/with?mark", ""),
    ("socket:/run/x", "unix", "", 0, "/run/x", ""),
    ("socket:///run/x", "unix", "", 0, "/run/x", ""),
    ("unix-domain:/run/x", "unix", "", 0, "/run/x", ""),
    ("tcp:HOST:10000", "tcp", "HOST", 10000, "", ""),
    ("tcp://HOST:10000/", "tcp", "HOST", 10000, "", ""),
    ("tcp://HOST:10000", "tcp", "HOST", 10000, "", ""),
    ("tcp/HOST:10000", "tcp", "HOST", 10000, "", ""),
    ("TCP://host", "tcp", "host", 14500, "", ""),
    ("tcp://host/10", "tcp", "host", 14500, "", ":10"),
    ("tcp://host/:10/", "tcp", "host", 14500, "", ":10"),
    ("tcp://[::1]:10000/3", "tcp", "::1", 10000, "", ":3"),
    ("tcp://[fe80::1%eth0]", "tcp", "fe80::1%eth0", 14500, "", ""),
    ("ssl:HOST:443", "ssl", "HOST", 443, "", ""),
    ("ssl://host", "ssl", "host", 443, "", ""),
    ("xpra://host:1", "tcp", "host", 1, "", ""),
    ("xpra+tcp://host:1", "tcp", "host", 1, "", ""),
    ("xpras://host:1", "ssl", "host", 1, "", ""),
    ("xpra+ssl://host:1", "ssl", "host", 1, "", ""),
    ("tcp://müller.example:1", "tcp", "müller.example", 1, "", ""),
]


@pytest.mark.parametrize(("text", "kind", "host", "port", "path", "display"), TARGETS)
def test_a_target_is_read(text: str, kind: str, host: str, port: int, path: str, display: str) -> None:
    target = parse_target(text)
    assert (target.kind, target.host, target.port, target.path, target.display) == (kind, host, port, path, display)
    assert target.needs_lookup == (kind == "unix" and not path)


def test_user_password_and_options_of_a_url() -> None:
    target = parse_target("tcp://us%40er:p%40%2Fss%25@host:1/3?encryption=AES&keyfile=%2Fa%20b&compression_level=1")
    assert target.username == "us@er"
    assert target.password and target.password.reveal() == b"p@/ss%"
    assert target.display == ":3"
    assert dict(target.options) == {"encryption": "AES", "keyfile": "/a b", "compression-level": "1"}


def test_an_at_sign_in_a_password_needs_no_escape() -> None:
    target = parse_target("tcp://user:p@ss:w@host:1")
    assert target.password and target.password.reveal() == b"p@ss:w"
    assert target.host == "host"


def test_options_may_stand_in_the_path() -> None:
    target = parse_target("tcp://host:1/encryption=AES,keyfile=F?username=bob")
    assert dict(target.options) == {"encryption": "AES", "keyfile": "F"}
    assert target.username == "bob"


def test_a_unix_url_takes_options() -> None:
    target = parse_target("socket:///run/x?encryption=AES&keydata=0x30&password=pw")
    assert target.path == "/run/x"
    assert dict(target.options) == {"encryption": "AES"}
    assert target.secrets["keydata"].reveal() == b"0x30"
    assert target.password and target.password.reveal() == b"pw"


def test_credentials_as_keys() -> None:
    target = parse_target("tcp://host/?username=bob&password=s%20ecret&ssl_key_password=k")
    assert target.username == "bob"
    assert target.password and target.password.reveal() == b"s ecret"
    assert target.secrets["ssl-key-password"].reveal() == b"k"
    assert not target.options


BAD_TARGETS = [
    ("", "target is empty"),
    ("@abstract", "abstract sockets are not used"),
    ("session.xpra", "session files"),
    ("hostname", "'hostname' is neither"),
    ("host:10000", "is neither"),
    ("wayland-0", "is neither"),
    ("ws://host", "does not have the transport ws"),
    ("wss:host", "does not have the transport wss"),
    ("ssh://host/10", "does not have the transport ssh"),
    ("quic://host", "does not have the transport quic"),
    ("vsock://3:10", "does not have the transport vsock"),
    ("rfb://host", "does not have the transport rfb"),
    ("vnc://host", "does not have the transport vnc"),
    ("tcp:", "no host"),
    ("tcp://", "no host"),
    ("tcp://:10", "no host"),
    ("tcp://host:", "port must be"),
    ("tcp://host:abc", "port must be"),
    ("tcp://host:65536", "port must be"),
    ("tcp://host:0", "port 0"),
    ("tcp://::1:10", "too many colons"),
    ("tcp://[::1", "brackets"),
    ("tcp://[::1]x", "brackets"),
    ("tcp://[hello]:1", "not an IPv6 address"),
    ("tcp://ho st:1", "not a host name"),
    ("tcp://*:1", "no host"),
    ("tcp://host/x", "display number was expected after the host, not 'x'"),
    ("tcp://host/?novalue", "key=value"),
    ("tcp://host/?=x", "key=value"),
    ("tcp://host/?a=1&a=2", "a is given twice"),
    ("tcp://host/?keydata=1&keydata=2", "keydata is given twice"),
    ("tcp://user@host/?username=other", "user name is given twice"),
    ("tcp://u:p@host/?password=x", "password is given twice"),
    ("tcp://u:@host", "password is empty"),
    ("tcp://u%4@host", "% in the user name"),
    ("tcp://u%ff@host", "not UTF-8"),
    ("tcp://u%0a@host", "control characters"),
    ("tcp://u:pa/ss@host:1", "/ before the @"),
    ("socket:relative", "absolute path"),
    ("socket://run/x", "absolute path"),
    ("/" + "x" * 107, "at most 107 bytes"),
    ("tcp://host\n", "control characters"),
    ("x" * 5000, "longer than"),
]


@pytest.mark.parametrize(("text", "message"), BAD_TARGETS)
def test_a_bad_target_says_what_is_wrong(text: str, message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        parse_target(text)


BINDS = [
    ("tcp", ":10000", "127.0.0.1", 10000, ""),
    ("tcp", "HOST:10000", "HOST", 10000, ""),
    ("tcp", "0.0.0.0:0", "0.0.0.0", 0, ""),
    ("tcp", "*:10000", "*", 10000, ""),
    ("ssl", "[::]:443", "::", 443, ""),
    ("unix", "auto", "", 0, "auto"),
    ("unix", "noabstract", "", 0, "auto"),
    ("unix", "none", "", 0, "none"),
    ("unix", "/run/x", "", 0, "/run/x"),
    ("unix", "~/x", "", 0, "~/x"),
]


@pytest.mark.parametrize(("kind", "text", "host", "port", "path"), BINDS)
def test_a_bind_line_is_read(kind: str, text: str, host: str, port: int, path: str) -> None:
    bind = parse_bind(kind, text)
    assert (bind.kind, bind.host, bind.port, bind.path) == (kind, host, port, path)


def test_options_of_a_bind_line_are_split_outside_parentheses() -> None:
    bind = parse_bind("tcp", ":1,auth=file(filename=/x,prompt=a(b,c)),auth=env:name=X,encryption=AES,keydata=0x00")
    assert dict(bind.options) == {"auth": ("file(filename=/x,prompt=a(b,c))", "env:name=X"), "encryption": ("AES",)}
    assert bind.secrets["keydata"].reveal() == b"0x00"


BAD_BINDS = [
    ("tcp", "", "--bind-tcp is empty"),
    ("tcp", "10000", "has no port"),
    ("tcp", "host", "has no port"),
    ("tcp", ":", "port must be"),
    ("tcp", ":x", "port must be"),
    ("tcp", ":1,", "key=value"),
    ("tcp", ":1,auth", "key=value"),
    ("tcp", ":1,auth=file(", "parentheses"),
    ("tcp", ":1,auth=file)", "parentheses"),
    ("tcp", ":1,keydata=1,keydata=2", "keydata is given twice"),
    ("tcp", ":1,keydata=\ud800", "not valid text"),
    ("tcp", "a b:1", "not a host name"),
    ("unix", "relative", "absolute path"),
    ("unix", "@name", "abstract"),
    ("unix", "/" + "x" * 107, "at most 107 bytes"),
    ("ws", ":1", "does not have the transport ws"),
    ("tcp", ":1\0", "control characters"),
]


@pytest.mark.parametrize(("kind", "text", "message"), BAD_BINDS)
def test_a_bad_bind_line_says_what_is_wrong(kind: str, text: str, message: str) -> None:
    with pytest.raises(EndpointError, match=message):
        parse_bind(kind, text)


SECRET_LINES = [
    "tcp://user:topsecret@host:99999",
    "tcp://user:topsecret@ho st",
    "tcp://user:topsecret/x@host",
    "tcp://user:top/secret@host",
    "tcp://topsecret@host:x",
    "tcp://host/topsecret?password=topsecret",
    "tcp://host:topsecret/?password=x",
    "tcp://host/?password=topsecret&password=topsecret",
    "tcp://host/?keydata=%zztopsecret",
    "tcp://user:topsecret%zz@host",
    "tcp:user:topsecret@host:1:2",
    "foo:user:topsecret@host",
    "user:topsecret@host",
]


@pytest.mark.parametrize("text", SECRET_LINES)
def test_no_error_repeats_what_may_be_a_password(text: str) -> None:
    with pytest.raises(EndpointError) as caught:
        parse_target(text)
    shown = f"{caught.value} {caught.value.hint}"
    assert "secret" not in shown


def test_no_repr_or_text_shows_a_secret() -> None:
    target = parse_target("tcp://user:topsecret@host:1/?keydata=0xtopsecret&encryption=AES")
    bind = parse_bind("tcp", ":1,auth=password:value=topsecret,keydata=topsecret")
    assert "topsecret" not in f"{target!r} {target} {bind!r} {bind}"


def test_texts_of_targets() -> None:
    assert str(parse_target("tcp://u:p@[::1]:5/")) == "tcp://[::1]:5/"
    assert str(parse_target(":5")) == ":5"
    assert str(Target("unix", path="/x", display=":5")) == "/x"
    assert host_port("::1", 5) == "[::1]:5"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "localhost", "LOCALHOST", "::1"])
def test_loopback_addresses(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["*", "0.0.0.0", "::", "10.0.0.1", "127.evil.example", "myhost", "::ffff:127.0.0.1"])
def test_other_addresses_count_as_reachable(host: str) -> None:
    assert not is_loopback(host)


PIECES = st.sampled_from(
    [
        *"tcp ssl socket unix : // / @ ? & = , [ ] ( ) %41 % host ::1 10 keydata password auth * ~/ ä".split(),
        "none",
        "auto",
        "\0",
        "\n",
        "\ud800",
    ]
)
TEXTS = st.one_of(st.text(max_size=60), st.lists(PIECES, max_size=14).map("".join))


@settings(max_examples=200)
@given(TEXTS)
def test_a_target_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        target = parse_target(text)
    except EndpointError:
        return
    assert target.kind in {"tcp", "ssl", "unix"}
    assert target.kind == "unix" or (target.host and 0 < target.port < 65536)


@settings(max_examples=200)
@given(st.sampled_from(["tcp", "ssl", "unix", "ws"]), TEXTS)
def test_a_bind_line_is_read_or_refused_and_nothing_else(kind: str, text: str) -> None:
    try:
        bind = parse_bind(kind, text)
    except EndpointError:
        return
    assert bind.path if kind == "unix" else bind.host
