"""The commands that ask a server one thing, from the words to what is printed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from limpet.cli.main import main
from limpet.cli.request import flattened, text_of
from limpet.errors import ExitCode
from tests.client.server import serving
from tests.client.test_command import answering


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    for name in ("XPRA_PASSWORD", "LIMPET_PASSWORD", "XPRA_ENCRYPTION_KEY", "LIMPET_ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("words", [(), ("-d", "client")])
def test_version(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answer=answering) as server:
        assert main(["version", f"tcp://127.0.0.1:{server.port}/", *words]) == 0
    assert capsys.readouterr().out == "6.5.5-r0\n"


def test_version_where_aes_is_asked_for_goes_the_whole_way(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key"
    key.write_text("k")
    key.chmod(0o600)
    with serving(answer=answering) as server:
        words = [f"tcp://127.0.0.1:{server.port}/", "--tcp-encryption=AES", f"--tcp-encryption-keyfile={key}"]
        assert main(["version", *words]) == ExitCode.SERVER_REFUSES_ENCRYPTION
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "limpet: error: " in shown.err
    assert "limpet: hint: " in shown.err


@pytest.mark.parametrize("command", ["id", "info"])
def test_tables_are_flat_and_sorted(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answer=answering) as server:
        assert main([command, f"tcp://127.0.0.1:{server.port}/"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["nested=1", "nested.deep.er=bytes"]
    assert "session-name=x" in lines


@pytest.mark.parametrize(
    ("command", "shown"),
    [("detach", "2 clients have been disconnected"), ("stop", "server shutdown"), ("exit", "server exit")],
)
def test_orders_say_what_the_server_said(command: str, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(answer=answering) as server:
        assert main([command, f"tcp://127.0.0.1:{server.port}/"]) == 0
    assert capsys.readouterr().out == f"{shown}\n"


def test_screenshot(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "shot.png"
    with serving(answer=answering) as server:
        url = f"tcp://127.0.0.1:{server.port}/"
        assert main(["screenshot", str(file), url]) == 0
        assert file.read_bytes() == b"picture"
        assert file.stat().st_mode & 0o077 == 0
        assert main(["screenshot", str(tmp_path / "no" / "shot.png"), url]) == ExitCode.IO_ERROR
    assert f"{file}: 2x1" in capsys.readouterr().out


@pytest.mark.parametrize(("fields", "code"), [({"width": 0}, ExitCode.NO_DATA), ({"encoding": "rgb"}, 12)])
def test_screenshots_that_are_none(fields: dict[str, Any], code: int, tmp_path: Path) -> None:
    def answer(peer: Any, _: str) -> None:
        import time

        from limpet.packets.display import Screenshot

        values = {"width": 2, "height": 1, "encoding": "png", "rowstride": 0, "data": b"x", **fields}
        peer.session.answer_packet(Screenshot(**values), time.monotonic())
        peer.driver.flush()

    with serving(answer=answer) as server:
        assert main(["screenshot", str(tmp_path / "shot.png"), f"tcp://127.0.0.1:{server.port}/"]) == code
    assert not (tmp_path / "shot.png").exists()


def test_errors_have_their_exit_codes() -> None:
    with serving(passwords=["right"], answer=answering) as server:
        assert main(["info", f"tcp://joe:wrong@127.0.0.1:{server.port}/"]) == ExitCode.AUTHENTICATION_FAILED
        assert main(["version", f"tcp://127.0.0.1:{server.port}/"]) == 0
    assert main(["info", f"tcp://127.0.0.1:{server.port}/"]) == ExitCode.CONNECTION_FAILED
    assert main(["version", f"tcp://127.0.0.1:{server.port}/"]) == ExitCode.CONNECTION_FAILED


def test_values_for_people() -> None:
    assert text_of([1, b"a", ("x", None)]) == "(1, a, (x, None))"
    assert text_of(b"\xff") == "ÿ"
    assert dict(flattened({b"a": {"b": 1, 3: {"": 2}}, "c": []})) == {"a.b": 1, "a.3": 2, "c": []}


def test_a_silent_server_is_waited_for_once(capsys: pytest.CaptureFixture[str]) -> None:
    with serving(raw=lambda _: b"") as server:
        assert main(["version", f"tcp://127.0.0.1:{server.port}/", "--timeout=1"]) == ExitCode.TIMEOUT
        assert server.connections == 1
    shown = capsys.readouterr().err
    assert f"tcp://127.0.0.1:{server.port}/ does not answer" in shown
    assert "--timeout" in shown


def test_a_log_file_is_written_for_a_version_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["version", "tcp://127.0.0.1:1/", f"--log-file={tmp_path}/no/log"]) == ExitCode.IO_ERROR
    assert "--log-file=" in capsys.readouterr().err
