"""Every rule of the plan has a row: a command line, and the plan or the refusal that follows from it."""

from __future__ import annotations

import shlex
import stat
from collections.abc import Sequence
from pathlib import Path

import pytest

from limpet.auth.modules.system import SystemModuleEnv
from limpet.config.credentials import Environment
from limpet.config.encryption import KeySource
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError, ExitCode, LimpetError, OptionError
from limpet.server.listeners import ListenerPlan, ListenPlan, PlanContext, banner, plan_listeners
from limpet.values import Secret

KEY = b"the key of the tests"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, content in {
        "key.txt": KEY + b"\n",
        "other.txt": b"another key",
        "empty.txt": b"\r\n",
        "password.txt": b"thepassword",
        "cert.pem": b"-",
        "ca.pem": b"-",
        "users.txt": b"alice|secret",
    }.items():
        path = tmp_path / name
        path.write_bytes(content)
        path.chmod(0o600)
    return tmp_path


def plan(folder: Path, line: str | Sequence[str], **environment: object) -> ListenPlan:
    words = ["start", *(line.split() if isinstance(line, str) else line)]
    options = parse_words(words[1:], "start", Scope.START).options
    variables = {"XPRA_PASSWORD": "frompassword"} if environment.pop("password", False) else {}
    return plan_listeners(
        options,
        PlanContext(
            Environment(home=str(folder), **environment),  # type: ignore[arg-type]
            SystemModuleEnv(variables, base=folder),
            folder,
            ("limpet", *words),
        ),
    )


def only(folder: Path, line: str, **environment: object) -> ListenerPlan:
    """The plan of the one TCP or SSL listener, or else of the only one."""
    listeners = plan(folder, line, **environment).listeners
    remote = [listener for listener in listeners if listener.bind.kind != "unix"]
    (found,) = remote or listeners
    return found


def shape(listener: ListenerPlan) -> str:
    """A short form of a plan for the tables: ways in, and what has to be proven."""
    ways = []
    if listener.aes and not listener.tls_only:
        ways.append(f"{listener.aes.name}[{listener.aes.source.name.lower()}]")
    elif listener.aes:
        ways.append(f"({listener.aes.name}[{listener.aes.source.name.lower()}])")
    if listener.tls:
        ways.append("ssl-only" if listener.tls_only else "ssl")
    if listener.clear_allowed:
        ways.append("clear")
    return f"{' '.join(ways)} / {' '.join(spec.name for spec in listener.auth) or '-'}"


FILE = "file:filename=password.txt"
BOTH = "listening on tcp 127.0.0.1:1: AES (key file key.txt) or SSL; authentication"

PLANS = [
    # the default, and unix sockets
    ("", "clear / -"),
    ("--bind=auto", "clear / -"),
    (f"--auth={FILE}", "clear / file"),
    (f"--bind=auto --bind-tcp=:1 --auth=none --tcp-auth={FILE}", "clear / file"),
    ("--bind=auto,encryption=AES,keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind=auto,keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind=auto,encryption=AES-CBC,keydata=0x3031", "AES-CBC[keydata] / -"),
    ("--bind=auto,encryption=AES --encryption-keyfile=key.txt", "AES[keyfile] / -"),
    (f"--bind=auto,encryption=AES --auth={FILE}", "AES[password] / file"),
    ("--bind=auto,ssl=off", "clear / -"),
    # page row 4 and 5: AES with key file
    ("--bind-tcp=127.0.0.1:10000 --tcp-encryption=AES --tcp-encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=0.0.0.0:10000 --tcp-encryption=AES --tcp-encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000 --encryption=AES --encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000 --tcp-encryption=AES --encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000 --encryption=AES --tcp-encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000 --tcp-encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000 --encryption-keyfile=key.txt", "AES[keyfile] / -"),
    ("--bind-tcp=:10000,encryption=AES-CTR,keyfile=key.txt", "AES-CTR[keyfile] / -"),
    ("--bind-tcp=:10000,encryption=aes-ctr,keydata=base64:MDEyMw==", "AES-CTR[keydata] / -"),
    ("--bind-tcp=:10000,encryption-keydata=0x30 --tcp-encryption=AES", "AES[keydata] / -"),
    # page row 6: the password as key
    (f"--bind-tcp=127.0.0.1:10000 --tcp-encryption=AES --tcp-auth={FILE}", "AES[password] / file"),
    (
        f"--bind-tcp=0.0.0.0:10000 --tcp-encryption=AES --tcp-auth={FILE} --allow-password-as-key=yes",
        "AES[password] / file",
    ),
    # specific wins over global, the line over both
    (f"--bind-tcp=:1 --auth=allow --tcp-auth={FILE} --bind=auto", "clear / file"),
    ("--bind-tcp=:1,auth=none --auth=allow", "clear / none"),
    ("--bind-ssl=:1 --ssl-cert=cert.pem --auth=allow", "ssl-only / allow"),
    ("--bind-ssl=:1 --ssl-cert=cert.pem --ssl-auth=none --auth=allow", "ssl-only / none"),
    ("--bind-tcp=:1,encryption=AES-CBC --encryption-keyfile=key.txt", "AES-CBC[keyfile] / -"),
    ("--bind-tcp=:1,keyfile=other.txt --tcp-encryption=AES-CTR", "AES-CTR[keyfile] / -"),
    # page rows 8 and 9: SSL
    ("--bind-tcp=127.0.0.1:10000 --ssl-cert=./cert.pem --ssl=on", "ssl clear / -"),
    (f"--bind-tcp=0.0.0.0:10000 --ssl-cert=./cert.pem --ssl=on --tcp-auth={FILE}", "ssl-only / file"),
    (f"--bind-tcp=*:10000 --ssl-cert=./cert.pem --ssl=on --auth={FILE}", "ssl-only / file"),
    ("--bind-tcp=127.0.0.1:10000 --ssl-cert=./cert.pem", "ssl clear / -"),
    ("--bind-tcp=127.0.0.1:10000,ssl-required=yes --ssl-cert=./cert.pem", "ssl-only / -"),
    ("--bind-tcp=127.0.0.1:10000,ssl-cert=cert.pem", "ssl clear / -"),
    (f"--bind-tcp=:1,ssl-cert=cert.pem,ssl=on --tcp-auth={FILE}", "ssl clear / file"),
    ("--bind-ssl=127.0.0.1:10000 --ssl-cert=./cert.pem", "ssl-only / -"),
    ("--bind-ssl=127.0.0.1:10000 --ssl-cert=./cert.pem --ssl=off", "ssl-only / -"),
    ("--bind-ssl=127.0.0.1:10000,ssl-required=yes --ssl-cert=./cert.pem", "ssl-only / -"),
    (f"--bind-ssl=0.0.0.0:10000 --ssl-cert=./cert.pem --ssl-auth={FILE}", "ssl-only / file"),
    # page row 14: own key file and CA
    ("--bind-tcp=:1 --ssl=on --ssl-cert=cert.pem --ssl-key=key.txt", "ssl clear / -"),
    # page row 12: client certificates prove who the client is
    (
        "--bind-ssl=0.0.0.0:1 --ssl-cert=cert.pem --ssl-client-verify-mode=required --ssl-ca-certs=ca.pem",
        "ssl-only / -",
    ),
    # AES and SSL on one port: either satisfies
    ("--bind-tcp=:1 --ssl=on --ssl-cert=cert.pem --tcp-encryption-keyfile=key.txt", "AES[keyfile] ssl / -"),
    (
        f"--bind-tcp=*:1 --ssl=on --ssl-cert=cert.pem --tcp-encryption-keyfile=key.txt --auth={FILE}",
        "AES[keyfile] ssl / file",
    ),
    (
        "--bind-tcp=:1,ssl-required=yes --ssl-cert=cert.pem --tcp-encryption-keyfile=key.txt",
        "(AES[keyfile]) ssl-only / -",
    ),
    ("--bind-ssl=:1 --ssl-cert=cert.pem --encryption-keyfile=key.txt", "(AES[keyfile]) ssl-only / -"),
    (f"--bind-ssl=:1 --ssl-cert=cert.pem --encryption=AES --auth={FILE}", "ssl-only / file"),
    # the override
    ("--bind-tcp=0.0.0.0:1 --insecure-bind=yes", "clear / -"),
    ("--bind-tcp=0.0.0.0:1,ssl-required=no --ssl=on --ssl-cert=cert.pem --insecure-bind=yes", "ssl clear / -"),
    # the file of a module that names none
    ("--bind-tcp=:1 --tcp-auth=file --password-file=password.txt", "clear / file"),
    # both syntaxes
    ("--bind-tcp=:1,auth=file(filename=password.txt),auth=password:value=x", "clear / file password"),
]


SEVERAL = [
    (
        f"--bind-tcp=:1,auth=env,auth=none --tcp-auth=allow --bind-tcp=:2 --auth={FILE}",
        ["clear / file", "clear / env none", "clear / allow"],
    ),
    (
        "--bind-tcp=:1,encryption=no --bind-tcp=:2 --encryption=AES --encryption-keyfile=key.txt",
        ["clear / -", "clear / -", "AES[keyfile] / -"],
    ),
    ("--bind-tcp=:1,ssl=off --bind-ssl=:2 --ssl-cert=cert.pem", ["clear / -", "clear / -", "ssl-only / -"]),
    (
        "--bind-tcp=:1,ssl-required=no --ssl=on --ssl-cert=cert.pem --tcp-encryption-keyfile=key.txt",
        ["clear / -", "AES[keyfile] ssl / -"],
    ),
]


@pytest.mark.parametrize(("line", "expected"), PLANS)
def test_a_command_line_gives_this_plan(folder: Path, line: str, expected: str) -> None:
    assert shape(only(folder, line)) == expected


@pytest.mark.parametrize(("line", "expected"), SEVERAL)
def test_several_listeners_are_planned_one_by_one(folder: Path, line: str, expected: list[str]) -> None:
    assert [shape(listener) for listener in plan(folder, line, password=True).listeners] == expected


INSECURE, USAGE, KEY_FILE = ExitCode.INSECURE_BIND, ExitCode.USAGE, ExitCode.KEY_FILE

REFUSALS = [
    # others could reach it
    ("--bind-tcp=0.0.0.0:1", INSECURE, "without encryption and lets clear clients in without proof"),
    (f"--bind-tcp=0.0.0.0:1 --tcp-auth={FILE}", INSECURE, "without encryption"),
    ("--bind-tcp=myhost:1", INSECURE, "without encryption"),
    ("--bind-tcp=[::]:1", INSECURE, "without encryption"),
    ("--bind-ssl=0.0.0.0:1 --ssl-cert=cert.pem", INSECURE, "SSL clients in without proof"),
    ("--bind-ssl=0.0.0.0:1 --ssl-cert=cert.pem --ssl-auth=none", INSECURE, "without proof"),
    ("--bind-ssl=0.0.0.0:1 --ssl-cert=cert.pem --ssl-auth=allow", INSECURE, "without proof"),
    (
        "--bind-ssl=0.0.0.0:1 --ssl-cert=cert.pem --ssl-client-verify-mode=optional --ssl-ca-certs=ca.pem",
        INSECURE,
        "without proof",
    ),
    (f"--bind-tcp=*:1 --ssl-cert=cert.pem --auth={FILE}", INSECURE, "clear clients in without encryption"),
    (f"--bind-tcp=*:1,ssl-required=no --ssl=on --ssl-cert=cert.pem --auth={FILE}", INSECURE, "without encryption"),
    (
        "--bind-tcp=*:1 --ssl-cert=cert.pem --tcp-encryption-keyfile=key.txt",
        INSECURE,
        "lets SSL clients in without proof",
    ),
    (f"--bind-tcp=*:1 --tcp-encryption=AES --auth={FILE}", INSECURE, "weaker than a key file"),
    # AES
    ("--bind-tcp=:1 --tcp-encryption=AES-GCM --tcp-encryption-keyfile=key.txt", ExitCode.ENCRYPTION, "never checked"),
    ("--bind-tcp=:1,encryption=AES-CFB,keyfile=key.txt", ExitCode.ENCRYPTION, "CFB is gone"),
    ("--bind-tcp=:1 --encryption=DES --encryption-keyfile=key.txt", ExitCode.ENCRYPTION, "not an encryption"),
    ("--bind-tcp=:1 --encryption=AES- --encryption-keyfile=key.txt", ExitCode.ENCRYPTION, "not an encryption"),
    ("--bind-tcp=:1 --tcp-encryption=AES", KEY_FILE, "has no key"),
    ("--bind-tcp=:1 --tcp-encryption=AES --tcp-auth=allow", KEY_FILE, "has no key"),
    ("--bind-tcp=:1 --tcp-encryption=AES --tcp-encryption-keyfile=missing.txt", KEY_FILE, "No such file"),
    ("--bind-tcp=:1 --tcp-encryption=AES --tcp-encryption-keyfile=empty.txt", KEY_FILE, "nothing in it"),
    ("--bind-tcp=:1,keyfile=.", KEY_FILE, "Is a directory"),
    ("--bind-tcp=:1,encryption=AES,keydata=secret!", KEY_FILE, "neither hexadecimal nor base64"),
    ("--bind-tcp=:1,encryption=AES,keydata=schlüssel", KEY_FILE, "neither hexadecimal nor base64"),
    ("--bind-tcp=:1,keydata=0x30,keyfile=key.txt", USAGE, "keydata and keyfile"),
    ("--bind-tcp=:1,encryption=no,keyfile=key.txt", USAGE, "encryption is off"),
    ("--bind-ssl=:1,encryption=AES --ssl-cert=cert.pem", KEY_FILE, "has no key"),
    # SSL
    ("--bind-tcp=:1 --ssl=on", USAGE, "needs a certificate"),
    ("--bind-ssl=:1", USAGE, "needs a certificate"),
    ("--bind=/run/x,ssl=on --ssl-cert=cert.pem", USAGE, "not for unix sockets"),
    ("--bind=auto,ssl-cert=cert.pem", USAGE, "not for unix sockets"),
    ("--bind=auto,ssl-required=yes", USAGE, "not for unix sockets"),
    ("--bind-ssl=:1,ssl=off --ssl-cert=cert.pem", USAGE, "contradicts --bind-ssl"),
    ("--bind-ssl=:1,ssl-required=no --ssl-cert=cert.pem", USAGE, "contradicts --bind-ssl"),
    ("--bind-tcp=:1,ssl-required=yes", USAGE, "not offered here"),
    ("--bind-tcp=:1,ssl-required=yes --ssl=off --bind-ssl=:2 --ssl-cert=cert.pem", USAGE, "not offered here"),
    ("--bind-tcp=:1,ssl-key=key.txt", USAGE, "there is no certificate"),
    ("--bind-tcp=:1,ssl=off,ssl-cert=cert.pem", USAGE, "SSL is off here"),
    ("--bind-ssl=:1 --ssl-cert=cert.pem --ssl-client-verify-mode=required", USAGE, "certificate authority of your own"),
    (
        "--bind-ssl=:1 --ssl-cert=cert.pem --ssl-client-verify-mode=optional --ssl-ca-certs=default",
        USAGE,
        "certificate authority of your own",
    ),
    ("--bind-ssl=:1 --ssl-cert=cert.pem --ssl-client-verify-mode=maybe", USAGE, "not one of"),
    # options that apply to nothing
    ("--bind-tcp=:1 --ssl=off --ssl-cert=cert.pem", USAGE, "--ssl-cert applies to no listener: none of them offers"),
    ("--ssl-cert=cert.pem", USAGE, "there is no --bind-tcp or --bind-ssl"),
    ("--bind-tcp=:1 --ssl-key=key.txt", USAGE, "there is no certificate"),
    ("--ssl=on --bind-ssl=:1 --ssl-cert=cert.pem", USAGE, "--ssl applies to no listener: there is no --bind-tcp"),
    ("--tcp-encryption-keyfile=key.txt", USAGE, "there is no --bind-tcp"),
    ("--tcp-encryption=AES --bind-ssl=:1 --ssl-cert=cert.pem", USAGE, "there is no --bind-tcp"),
    ("--encryption=AES --encryption-keyfile=key.txt", USAGE, "on a unix socket encryption has to be named"),
    ("--tcp-auth=none", USAGE, "there is no --bind-tcp"),
    ("--bind-tcp=:1 --ssl-auth=none", USAGE, "there is no --bind-ssl"),
    ("--bind-tcp=:1 --ssl-auth=none --ssl=on --ssl-cert=cert.pem", USAGE, "there is no --bind-ssl"),
    ("--bind-tcp=:1,auth=none --tcp-auth=none", USAGE, "something more specific"),
    ("--bind=none --bind-tcp=:1 --auth=allow --tcp-auth=allow", USAGE, "--auth applies to no listener"),
    ("--bind-tcp=:1,keyfile=key.txt --tcp-encryption-keyfile=other.txt", USAGE, "something more specific"),
    ("--bind-tcp=:1 --encryption=AES-CBC --tcp-encryption=AES --encryption-keyfile=key.txt", USAGE, "more specific"),
    ("--password-file=password.txt", USAGE, "no authentication module"),
    ("--bind-tcp=:1 --encryption=no --encryption-keyfile=key.txt", USAGE, "applies to no listener"),
    # authentication
    ("--auth=file", USAGE, "filename"),
    ("--auth=nosuch", USAGE, "nosuch"),
    ("--auth=file:filename=missing.txt", USAGE, "missing.txt"),
    ("--auth=file:filname=password.txt", USAGE, "filname"),
    ("--bind-tcp=:1,auth=peercred", USAGE, "peercred"),
    ("--auth=file --password-file=password.txt --password-file=other.txt", USAGE, "takes one"),
    # lines
    ("--bind=none", USAGE, "nothing to listen on"),
    ("--bind=none --bind=auto", USAGE, "contradicts"),
    ("--bind=none --bind=none --bind-tcp=:1", USAGE, "comes once"),
    ("--bind=none,auth=none --bind-tcp=:1", USAGE, "takes no options"),
    ("--bind-tcp=:1 --bind-tcp=127.0.0.1:1", USAGE, "twice"),
    ("--bind-tcp=:1 --bind-ssl=:1 --ssl-cert=cert.pem", USAGE, "twice"),
    ("--bind-tcp=:1,nosuch=1", USAGE, "there is no option nosuch"),
    ("--bind-tcp=:1,ssl-check-hostname=no", USAGE, "there is no option ssl-check-hostname"),
    ("--bind-tcp=:1,encryption=AES,encryption=AES-CBC", USAGE, "given twice"),
    ("--bind-tcp=:1,ws=yes", USAGE, "limpet does not have WebSocket"),
]


@pytest.mark.parametrize(("line", "code", "text"), REFUSALS)
def test_a_command_line_is_refused(folder: Path, line: str, code: ExitCode, text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, line)
    assert text in str(caught.value)
    assert caught.value.exit_code == code


def test_ports_chosen_by_the_system_do_not_collide(folder: Path) -> None:
    assert len(plan(folder, "--bind-tcp=:0 --bind-tcp=:0").listeners) == 3


def test_key_sources_come_in_the_documented_order(folder: Path) -> None:
    key = Secret(b"environment")

    def source(line: str) -> tuple[KeySource, bytes | None]:
        aes = only(folder, line, encryption_key=key).aes
        assert aes
        return aes.source, aes.key.reveal() if aes.key else None

    assert source("--bind-tcp=:1,keydata=0x30 --tcp-encryption=AES") == (KeySource.KEYDATA, b"0")
    assert source("--bind-tcp=:1,keyfile=other.txt --tcp-encryption=AES") == (KeySource.KEYFILE, b"another key")
    assert source("--bind-tcp=:1 --tcp-encryption=AES --tcp-encryption-keyfile=key.txt") == (KeySource.KEYFILE, KEY)
    assert source(f"--bind-tcp=:1 --tcp-encryption=AES --tcp-auth={FILE}") == (KeySource.ENVIRONMENT, b"environment")


def test_an_environment_key_alone_does_not_turn_encryption_on(folder: Path) -> None:
    assert only(folder, "--bind-tcp=:1", encryption_key=Secret(b"k")).aes is None


def test_the_password_as_key_is_warned_about_with_the_alternative(folder: Path) -> None:
    warnings = " ".join(plan(folder, f"--bind-tcp=:1 --tcp-encryption=AES --tcp-auth={FILE}").warnings)
    assert "weaker than a key file" in warnings
    assert "--encryption-keyfile=FILE or SSL" in warnings


def test_the_refusal_of_the_password_as_key_names_the_option_that_accepts_it(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, f"--bind-tcp=0.0.0.0:1 --tcp-encryption=AES --tcp-auth={FILE}")
    assert "--allow-password-as-key=yes" in caught.value.hint


def test_a_key_file_that_others_can_read_is_warned_about(folder: Path) -> None:
    (folder / "key.txt").chmod(0o644)
    assert stat.S_IMODE((folder / "key.txt").stat().st_mode) == 0o644
    warnings = plan(folder, "--bind-tcp=:1 --tcp-encryption-keyfile=key.txt").warnings
    assert any("open to other users (mode 0644): chmod 600" in text for text in warnings)


def test_loopback_tcp_without_proof_is_warned_about(folder: Path) -> None:
    assert any("every user of this machine" in text for text in plan(folder, "--bind-tcp=:1").warnings)
    assert not plan(folder, f"--bind-tcp=:1 --tcp-auth={FILE}").warnings
    assert not plan(folder, "").warnings


def test_the_override_is_repeated_as_a_warning(folder: Path) -> None:
    assert any("--insecure-bind" in text for text in plan(folder, "--bind-tcp=*:1 --insecure-bind").warnings)


@pytest.mark.parametrize(
    "line",
    [
        "--bind-tcp=0.0.0.0:10000",
        f"--bind-tcp=*:10000 --tcp-auth={FILE}",
        "--bind-tcp=*:10000 --ssl=off",
        "--bind-ssl=*:10000 --ssl-cert=ssl-cert.pem",
        "--bind-tcp=*:10000 --ssl-cert=ssl-cert.pem",
        "--bind-tcp=*:10000 --tcp-encryption-keyfile=key.txt --ssl-cert=ssl-cert.pem",
        "--bind-tcp=*:10000 --ssl=on --ssl-cert=ssl-cert.pem --tcp-auth=none",
    ],
)
def test_the_hint_is_a_command_that_starts(folder: Path, line: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, line)
    command = caught.value.hint.rpartition("limpet start ")[2].partition(" (--insecure")[0]
    (folder / "ssl-cert.pem").write_bytes(b"-")
    assert plan(folder, shlex.split(command)).listeners
    assert "--insecure-bind=yes" in caught.value.hint


def test_the_hint_makes_the_files_that_are_missing_and_no_others(folder: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, "--bind-tcp=*:1")
    assert caught.value.hint.startswith("limpet setup-ssl ssl-cert.pem && limpet start ")
    with pytest.raises(ConfigError) as caught:
        plan(folder, "--bind-tcp=192.0.2.1:1")
    assert caught.value.hint.startswith("limpet setup-ssl ssl-cert.pem --hostname=192.0.2.1 && limpet start ")
    (folder / "password.txt").unlink()
    (folder / "ssl-cert.pem").write_bytes(b"-")
    with pytest.raises(ConfigError) as caught:
        plan(folder, "--bind-tcp=*:1")
    made = "(umask 077; openssl rand -hex 12 | tr -d '\\n' >password.txt) && limpet start "
    assert caught.value.hint.startswith(made)


def test_an_option_that_applies_to_nothing_is_named_before_the_listener_that_misses_it(folder: Path) -> None:
    with pytest.raises(OptionError, match="--tcp-auth applies to no listener: there is no --bind-tcp"):
        plan(folder, f"--bind-ssl=*:1 --ssl-cert=cert.pem --tcp-auth={FILE}")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--bind-tcp=*:1,auth=none --ssl=on --ssl-cert=cert.pem", "with auth=file(filename=password.txt) on the line"),
        (f"--bind-tcp=*:1,ssl=off --auth={FILE}", "with ssl=on on the line"),
        (
            f"--bind-tcp=*:1,ssl-required=no --ssl=on --ssl-cert=cert.pem --auth={FILE}",
            f"start --bind-tcp=*:1,ssl-required=no --ssl=on --ssl-cert=cert.pem --auth={FILE} without ssl-required=no",
        ),
        (
            "--bind-tcp=*:1 --ssl=on --ssl-cert=cert.pem --tcp-auth=allow",
            "with file:filename=password.txt in place of allow",
        ),
    ],
)
def test_the_hint_says_what_to_change_on_a_line(folder: Path, line: str, expected: str) -> None:
    with pytest.raises(ConfigError) as caught:
        plan(folder, line)
    assert expected in caught.value.hint.replace("'", "")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("--bind-tcp=:1", "listening on tcp 127.0.0.1:1: clear; authentication: none"),
        ("", "listening on unix auto: this user only; authentication: none"),
        (
            "--bind-tcp=*:1 --tcp-encryption-keyfile=key.txt",
            "listening on tcp *:1: AES (key file key.txt); authentication: the AES key",
        ),
        (
            f"--bind-tcp=:1 --ssl=on --ssl-cert=cert.pem --auth={FILE} --tcp-encryption-keyfile=key.txt",
            "listening on tcp 127.0.0.1:1: AES (key file key.txt) or SSL; authentication: file",
        ),
        (
            f"--bind-ssl=:1 --ssl-cert=cert.pem --auth={FILE} --auth=password:value=x",
            "listening on ssl 127.0.0.1:1: SSL only; authentication: file, then password",
        ),
        (
            "--bind-ssl=:1 --ssl-cert=cert.pem --ssl-client-verify-mode=required --ssl-ca-certs=ca.pem",
            "listening on ssl 127.0.0.1:1: SSL only; authentication: client certificate",
        ),
        (
            "--bind-tcp=:1,keyfile=key.txt --ssl-cert=cert.pem --ssl-client-verify-mode=required --ssl-ca-certs=ca.pem",
            f"{BOTH}: client certificate (with SSL) or the AES key",
        ),
        (
            "--bind-tcp=:1 --ssl-cert=cert.pem --ssl-client-verify-mode=required --ssl-ca-certs=ca.pem",
            "listening on tcp 127.0.0.1:1: SSL or clear; authentication: client certificate (with SSL)",
        ),
    ],
)
def test_the_banner_names_protection_and_authentication(folder: Path, line: str, expected: str) -> None:
    assert banner(only(folder, line)) == expected


def test_the_banner_shows_the_real_address(folder: Path) -> None:
    assert "tcp 127.0.0.1:4711:" in banner(only(folder, "--bind-tcp=:0"), "127.0.0.1:4711")


def test_auto_is_placed_and_home_is_resolved(folder: Path) -> None:
    assert only(folder, "").placed("/run/x").bind.path == "/run/x"
    assert only(folder, "--bind=~/x.sock").bind.path == f"{folder}/x.sock"


def test_the_line_overrides_single_ssl_values(folder: Path) -> None:
    first, second = plan(
        folder, "--bind=none --bind-tcp=:1,ssl-key=key.txt --bind-tcp=:2 --ssl-cert=cert.pem --ssl-key=other.txt"
    ).listeners
    assert first.tls and (first.tls.cert, first.tls.key) == (f"{folder}/cert.pem", f"{folder}/key.txt")
    assert second.tls and (second.tls.cert, second.tls.key) == (f"{folder}/cert.pem", f"{folder}/other.txt")


def test_the_key_password_comes_from_the_environment_unless_given(folder: Path) -> None:
    environment = {"ssl_key_password": Secret(b"env")}
    tls = only(folder, "--bind-ssl=:1 --ssl-cert=cert.pem", **environment).tls
    assert tls and tls.key_password and tls.key_password.reveal() == b"env"
    tls = only(folder, "--bind-ssl=:1,ssl-key-password=own --ssl-cert=cert.pem", **environment).tls
    assert tls and tls.key_password and tls.key_password.reveal() == b"own"


def test_no_secret_is_in_a_repr_or_a_refusal(folder: Path) -> None:
    lines = [
        "--bind-tcp=:1,keydata=0x746f70736563726574,auth=password:value=topsecret",
        "--bind-tcp=*:1,keydata=topsecret,auth=password:value=topsecret",
        "--bind-tcp=*:1,auth=password:value=topsecret,auth=password:valu=topsecret",
        "--bind-ssl=*:1,ssl-key-password=topsecret,auth=password(value=topsecret",
        "--bind-ssl=*:1,ssl-key-password=topsecret,auth=password(value=topsecret),nosuch=topsecret",
    ]
    for line in lines:
        try:
            shown = repr(plan(folder, line))
        except LimpetError as error:
            shown = f"{error} {error.hint}"
        assert "topsecret" not in shown, line
        assert b"topsecret".hex() not in shown, line


def test_several_global_options_are_refused_one_at_a_time_by_name(folder: Path) -> None:
    with pytest.raises(OptionError, match=r"^--encryption-keyfile applies to no listener"):
        plan(folder, "--encryption-keyfile=key.txt")
