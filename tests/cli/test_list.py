"""`limpet list`."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator

import pytest

from limpet.cli.main import main
from limpet.config.credentials import read_environment
from limpet.server.sessiondir import SessionInfo, create


@pytest.fixture(autouse=True)
def no_other_sessions(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    path = tempfile.mkdtemp(prefix="lt-")
    for name, value in {"XDG_RUNTIME_DIR": path, "HOME": path, "TMPDIR": path}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(tempfile, "tempdir", path)
    yield
    shutil.rmtree(path)


def test_without_sessions_it_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list"]) == 0
    assert capsys.readouterr().out.startswith("no sessions")


def test_each_session_has_a_line_without_control_characters(capsys: pytest.CaptureFixture[str]) -> None:
    session = create(read_environment())
    session.settle(10)
    session.write_info(SessionInfo("2026-01-01", "my\x1b[31m", ("start",), ("listening on tcp 127.0.0.1:5: clear",)))
    create(read_environment()).settle(11)
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(session.socket))
        sock.listen(4)
        assert main(["list"]) == 0
    head, first, second = capsys.readouterr().out.splitlines()
    assert head.split()[:2] == ["DISPLAY", "STATE"]
    assert first.split()[:2] == [":10", "live"]
    assert "my\\x1b[31m" in first
    assert "tcp 127.0.0.1:5" in first
    assert second.split()[:2] == [":11", "starting"]
