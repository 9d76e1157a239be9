"""`limpet setup-ssl` and `limpet show-ssl`, typed."""

from __future__ import annotations

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from limpet.cli.main import main
from limpet.errors import ExitCode


@pytest.fixture(autouse=True)
def in_a_directory_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    handlers = list(logging.getLogger().handlers)
    yield tmp_path
    logging.getLogger().handlers[:] = handlers


def test_one_file_holds_key_and_certificate(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup-ssl"]) == 0
    made = tmp_path / "ssl-cert.pem"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert b"PRIVATE KEY" in made.read_bytes()
    out = capsys.readouterr().out
    assert "--ssl-cert=ssl-cert.pem" in out
    assert "localhost" in out
    assert main(["show-ssl", "ssl-cert.pem"]) == 0
    assert "SHA-256" in capsys.readouterr().out


def test_the_key_may_have_its_own_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup-ssl", "c.pem", "--ssl-key=k.pem", "--hostname=foo.example"]) == 0
    assert b"PRIVATE KEY" not in (tmp_path / "c.pem").read_bytes()
    assert stat.S_IMODE((tmp_path / "k.pem").stat().st_mode) == 0o600
    out = capsys.readouterr().out
    assert "foo.example" in out
    assert "--ssl-key=k.pem" in out


def test_existing_files_are_kept_unless_forced(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.pem").write_text("precious")
    assert main(["setup-ssl", "c.pem"]) == ExitCode.USAGE
    assert (tmp_path / "c.pem").read_text() == "precious"
    assert "--force" in capsys.readouterr().err
    assert main(["setup-ssl", "c.pem", "--force"]) == 0


@pytest.mark.parametrize(
    ("where", "status"),
    [
        ("missing.pem", ExitCode.TLS_CERTIFICATE_FILE),
        ("socket:///run/x", ExitCode.USAGE),
        ("ssl://127.0.0.1:1/", ExitCode.CONNECTION_FAILED),
        ("ssl:127.0.0.1:1", ExitCode.CONNECTION_FAILED),
    ],
)
def test_what_has_no_certificate_is_an_error(where: str, status: ExitCode, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show-ssl", where]) == status
    assert capsys.readouterr().err.startswith("limpet: error: ")


@pytest.mark.parametrize("command", ["list", "setup-ssl"])
def test_logging_options_apply_to_commands_that_ask_no_server(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "--debug=nosuch"]) == ExitCode.USAGE
    assert "'nosuch'" in capsys.readouterr().err
    assert main([command, f"--log-file={tmp_path}/no/log"]) == ExitCode.IO_ERROR
    assert main(["help", command, "--debug=all"]) == ExitCode.USAGE


def test_the_clients_copy_is_made_by_the_command_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["setup-ssl", "my cert.pem"]) == 0
    out = capsys.readouterr().out
    assert "openssl x509 -in 'my cert.pem' -out server.crt" in out
    assert "--ssl-ca-certs=server.crt" in out
