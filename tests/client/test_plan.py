"""Every rule of a client's plan has a row: target and options, and the plan or the refusal."""

from __future__ import annotations

from pathlib import Path

import pytest

from limpet.client.plan import ConnectPlan, RequestPlan, plan_connection
from limpet.config.credentials import Environment
from limpet.config.encryption import KeySource
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError, ExitCode, LimpetError, OptionError
from limpet.net.endpoint import parse_target
from limpet.values import Secret


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {"key.txt": b"the key of the tests\n", "other.txt": b"other", "empty.txt": b"\n"}.items():
        (tmp_path / name).write_bytes(content)
        (tmp_path / name).chmod(0o600)
    return tmp_path


def plan(folder: Path, line: str, scope: Scope = Scope.ATTACH, **environment: object) -> ConnectPlan:
    words = parse_words(line.split(), "attach", scope)
    (target,) = words.arguments
    variables = Environment(home=str(folder), login="me", **environment)  # type: ignore[arg-type]
    return plan_connection(words.options, parse_target(target), variables, base=folder, scope=scope)


def shape(found: ConnectPlan) -> str:
    aes = f"{found.aes.name}[{found.aes.source.name.lower()}]" if found.aes else ""
    return " ".join(part for part in (found.target.kind, "tls" if found.tls else "", aes) if part)


PLANS = [
    ("tcp:h:1", "tcp"),
    ("ssl:h:1", "ssl tls"),
    ("/run/x", "unix"),
    # page row 4 and 5
    ("tcp:h:10000 --tcp-encryption=AES --tcp-encryption-keyfile=./key.txt", "tcp AES[keyfile]"),
    ("tcp:h:10000 --encryption=AES --encryption-keyfile=key.txt", "tcp AES[keyfile]"),
    ("tcp:h:1 --tcp-encryption=AES-CTR --encryption-keyfile=key.txt", "tcp AES-CTR[keyfile]"),
    ("tcp:h:1 --encryption=AES-CBC --tcp-encryption-keyfile=key.txt", "tcp AES-CBC[keyfile]"),
    ("tcp:h:1 --tcp-encryption-keyfile=key.txt", "tcp AES[keyfile]"),
    ("tcp:h:1 --encryption-keyfile=key.txt", "tcp AES[keyfile]"),
    # page row 6
    ("tcp:h:1 --tcp-encryption=AES", "tcp AES[password]"),
    # page row 15
    ("tcp://h:1/?encryption=AES&keyfile=key.txt", "tcp AES[keyfile]"),
    ("tcp://h:1/encryption=AES-CTR,keyfile=key.txt", "tcp AES-CTR[keyfile]"),
    ("tcp://h:1/?encryption=AES&keydata=0x3031", "tcp AES[keydata]"),
    ("tcp://h:1/?keydata=base64:MDE=", "tcp AES[keydata]"),
    ("tcp://h:1/?keyfile=key.txt", "tcp AES[keyfile]"),
    # the URL wins
    ("tcp://h:1/?encryption=AES-CTR --tcp-encryption=AES-CBC --tcp-encryption-keyfile=key.txt", "tcp AES-CTR[keyfile]"),
    ("tcp://h:1/?keydata=0x30 --tcp-encryption-keyfile=key.txt", "tcp AES[keydata]"),
    # inside SSL and on unix sockets by name
    ("ssl://h:1/ --encryption=AES --encryption-keyfile=key.txt", "ssl tls AES[keyfile]"),
    ("ssl://h:1/?encryption=AES-CBC&keyfile=key.txt", "ssl tls AES-CBC[keyfile]"),
    ("/run/x --encryption=AES --encryption-keyfile=key.txt", "unix AES[keyfile]"),
    ("socket:///run/x?encryption=AES&keyfile=key.txt", "unix AES[keyfile]"),
    ("socket:///run/x?keydata=0x30", "unix AES[keydata]"),
    (":10 --encryption=AES", "unix AES[password]"),
    ("tcp:h:1 --encryption=none", "tcp"),
    # page rows 10, 11, 14
    ("ssl:h:1 --ssl-server-verify-mode=none", "ssl tls"),
    ("ssl:h:1 --ssl-ca-certs=ca.crt", "ssl tls"),
    ("ssl://h:1/?ssl-server-verify-mode=none&ssl-check-hostname=no", "ssl tls"),
]


@pytest.mark.parametrize(("line", "expected"), PLANS)
def test_a_command_line_gives_this_plan(folder: Path, line: str, expected: str) -> None:
    assert shape(plan(folder, line)) == expected


USAGE, KEY_FILE, ENCRYPTION = ExitCode.USAGE, ExitCode.KEY_FILE, ExitCode.ENCRYPTION

REFUSALS = [
    ("tcp:h:1 --ssl-ca-certs=ca.crt", USAGE, "--ssl-ca-certs does not apply to tcp://h:1/"),
    ("tcp://h:1/?ssl-server-verify-mode=none", USAGE, "SSL is not used there"),
    ("/run/x --ssl-cert=c", USAGE, "does not apply to /run/x"),
    ("ssl:h:1 --tcp-encryption=AES", USAGE, "--tcp-encryption does not apply to ssl://h:1/"),
    ("ssl:h:1 --tcp-encryption-keyfile=key.txt", USAGE, "it is for tcp:// targets"),
    (":1 --tcp-encryption=AES", USAGE, "it is for tcp:// targets"),
    ("/run/x --encryption-keyfile=key.txt", USAGE, "a unix socket is not encrypted unless"),
    ("tcp:h:1 --tcp-encryption=AES --encryption=AES-CBC", USAGE, "--tcp-encryption is more specific"),
    (
        "tcp:h:1 --tcp-encryption-keyfile=key.txt --encryption-keyfile=other.txt",
        USAGE,
        "--tcp-encryption-keyfile is more specific",
    ),
    ("tcp:h:1 --encryption=AES-GCM --encryption-keyfile=key.txt", ENCRYPTION, "never checked"),
    ("tcp://h:1/?encryption=AES-CFB&keyfile=key.txt", ENCRYPTION, "CFB is gone"),
    ("tcp://h:1/?encryption=rot13", ENCRYPTION, "not an encryption"),
    ("tcp:h:1 --encryption=AES --encryption-keyfile=missing", KEY_FILE, "cannot use the key file"),
    ("tcp:h:1 --encryption=AES --encryption-keyfile=empty.txt", KEY_FILE, "nothing in it"),
    ("tcp://h:1/?keydata=secret!", KEY_FILE, "neither hexadecimal nor base64"),
    ("tcp://h:1/?keydata=0x30&keyfile=key.txt", USAGE, "keydata and keyfile"),
    ("tcp:h:1 --encryption=no --encryption-keyfile=key.txt", USAGE, "encryption is off"),
    ("tcp://h:1/?encryption=none --tcp-encryption=AES", USAGE, "switches off what --tcp-encryption asks for"),
    ("tcp://h:1/?encryption=none --tcp-encryption-keyfile=key.txt", USAGE, "encryption is off"),
    ("tcp://h:1/?nosuch=1", USAGE, "there is no option nosuch"),
    ("tcp://h:1/?auth=none", USAGE, "there is no option auth"),
    ("tcp://h:1/?quality=200", USAGE, "not a number from"),
]


@pytest.mark.parametrize(("line", "code", "text"), REFUSALS)
def test_a_command_line_is_refused(folder: Path, line: str, code: ExitCode, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, line)
    assert text in str(caught.value)
    assert caught.value.exit_code == code


def test_key_sources_come_in_the_documented_order(folder: Path) -> None:
    def source(line: str) -> KeySource | None:
        aes = plan(folder, line, encryption_key=Secret(b"env")).aes
        return aes.source if aes else None

    assert source("tcp://h/?encryption=AES&keydata=0x30 --encryption-keyfile=key.txt") is KeySource.KEYDATA
    assert source("tcp://h/?encryption=AES --encryption-keyfile=key.txt") is KeySource.KEYFILE
    assert source("tcp://u:pw@h/?encryption=AES --password-file=key.txt") is KeySource.ENVIRONMENT
    assert source("tcp://h/") is None


def test_the_urls_key_file_comes_before_the_options(folder: Path) -> None:
    aes = plan(folder, "tcp://h/?keyfile=other.txt --tcp-encryption-keyfile=key.txt").aes
    assert aes and aes.key and aes.key.reveal() == b"other"


def test_the_password_as_key_is_warned_about(folder: Path) -> None:
    found = plan(folder, "tcp:h:1 --tcp-encryption=AES")
    assert "weaker than a key file" in found.warnings[0]
    assert not plan(folder, "tcp:h:1 --tcp-encryption-keyfile=key.txt").warnings


def test_a_key_file_that_others_can_read_is_warned_about(folder: Path) -> None:
    (folder / "key.txt").chmod(0o644)
    assert "chmod 600" in plan(folder, "tcp:h:1 --tcp-encryption-keyfile=key.txt").warnings[0]


def test_passwords_and_user_names_come_in_order(folder: Path) -> None:
    found = plan(
        folder,
        "tcp://u:pw@h/ --username=v --password-file=a --password-file=~/b",
        password=Secret(b"env"),
        username="w",
    )
    assert found.username == "u"
    assert found.passwords.url and found.passwords.url.reveal() == b"pw"
    assert found.passwords.files == (f"{folder}/a", f"{folder}/b")
    assert found.passwords.environment and found.passwords.environment.reveal() == b"env"
    assert plan(folder, "tcp://h/ --username=v", username="w").username == "v"
    assert plan(folder, "tcp://h/", username="w").username == "w"
    assert plan(folder, "tcp://h/").username == "me"


def test_the_url_overrides_options_of_the_client(folder: Path) -> None:
    found = plan(folder, "tcp://h/?timeout=3&quality=50&encoding=png --timeout=9 --quality=80")
    assert (found.timeout_s, found.client.quality, found.client.encoding) == (3, 50, "png")
    assert plan(folder, "tcp://h/ --timeout=9").timeout_s == 9


def test_options_of_a_url_belong_to_commands_too(folder: Path) -> None:
    assert plan(folder, "tcp://h/?timeout=3", Scope.REQUEST).timeout_s == 3
    with pytest.raises(ConfigError, match="is an option of attach only"):
        plan(folder, "tcp://h/?quality=50", Scope.REQUEST)


def test_ssl_files_are_absolute_and_the_url_wins(folder: Path) -> None:
    tls = plan(folder, "ssl://h/?ssl-ca-certs=own.crt&ssl-cert=you.pem --ssl-cert=me.pem").tls
    assert tls and (tls.ca_certs, tls.cert) == (f"{folder}/own.crt", f"{folder}/you.pem")


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("ssl-server-verify-mode=none", "--ssl-ca-certs=ca.crt"),
        ("ssl-server-verify-mode=none", "--ssl-server-verify-mode=required"),
        ("ssl-check-hostname=no", "--ssl-check-hostname=yes"),
        ("ssl-check-hostname=no", "--ssl-server-hostname=name"),
        ("ssl-server-hostname=other", "--ssl-server-hostname=name"),
        ("ssl-ca-certs=other.crt", "--ssl-ca-certs=ca.crt"),
        ("ssl-ca-data=3030", "--ssl-ca-certs=ca.crt"),
    ],
)
def test_a_url_does_not_change_whom_the_command_line_believes(folder: Path, url: str, words: str) -> None:
    with pytest.raises(OptionError, match="changes whom --ssl-"):
        plan(folder, f"ssl://h/?{url} {words}")
    assert plan(folder, f"ssl://h/?{url}").tls
    same = words.removeprefix("--")
    assert plan(folder, f"ssl://h/?{same} {words}").tls


def test_a_preferred_encoding_must_be_an_accepted_one(folder: Path) -> None:
    with pytest.raises(OptionError, match="--encoding=jpeg is not among --encodings=png,rgb"):
        plan(folder, "tcp://h/ --encoding=jpeg --encodings=png,rgb")
    assert plan(folder, "tcp://h/ --encoding=rgb --encodings=png,rgb").client.encoding == "rgb"
    assert plan(folder, "tcp://h/ --encodings=png").client.encoding == "auto"


def test_the_password_of_the_ssl_key_comes_from_the_environment_unless_given(folder: Path) -> None:
    tls = plan(folder, "ssl://h/", ssl_key_password=Secret(b"env")).tls
    assert tls and tls.key_password and tls.key_password.reveal() == b"env"
    tls = plan(folder, "ssl://h/?ssl-key-password=own", ssl_key_password=Secret(b"env")).tls
    assert tls and tls.key_password and tls.key_password.reveal() == b"own"


def test_no_secret_is_in_a_repr_or_a_refusal(folder: Path) -> None:
    for line in (
        "tcp://u:topsecret@h/?keydata=0x30",
        "ssl://u:topsecret@h/?ssl-key-password=topsecret",
        "tcp://u:topsecret@h/?keydata=topsecret",
        "tcp://u:topsecret@h/?nosuch=topsecret",
        "tcp://u:topsecret@h/?encryption=topsecret1&password=x",
    ):
        try:
            shown = repr(RequestPlan("info", plan(folder, line, password=Secret(b"topsecret"))))
        except LimpetError as error:
            shown = f"{error} {error.hint}"
        assert "topsecret" not in shown.replace("'topsecret1'", ""), line


def test_the_secrets_of_a_plan_can_be_kept_out_of_logs(folder: Path) -> None:
    found = plan(
        folder,
        "ssl://u:one@h/?encryption=AES&keydata=0x74776f",
        password=Secret(b"three"),
        ssl_key_password=Secret(b"four"),
    )
    assert {secret.reveal() for secret in found.secrets()} == {b"one", b"two", b"three", b"four"}
