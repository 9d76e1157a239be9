from __future__ import annotations

import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from limpet.errors import DisplayUnavailable, ExitCode
from limpet.values import Size
from limpet.x11.connection import X11Connection, socket_addresses, socket_path
from limpet.x11.display import Xvfb, XvfbOptions, remove_leftovers
from limpet.x11.xauthority import read_cookie

SMALL = Size(320, 200)


def _script(folder: Path, text: str) -> XvfbOptions:
    """Options that start a shell script in the place of Xvfb."""
    program = folder / "FakeX"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)
    return XvfbOptions(folder=folder, program=str(program), screen=SMALL, start_timeout_s=0.5)


def test_the_server_answers_on_the_number_it_chose(xvfb: Xvfb) -> None:
    assert xvfb.alive
    assert xvfb.wait(0.0) is None
    with socket.socket(socket.AF_UNIX) as link:
        link.connect(str(socket_path(xvfb.number)))
    assert xvfb.environment() == {"DISPLAY": xvfb.display, "XAUTHORITY": str(xvfb.authority)}


def test_the_cookie_file_is_private_and_for_this_display(xvfb: Xvfb) -> None:
    assert xvfb.authority.stat().st_mode & 0o777 == 0o600
    assert read_cookie(xvfb.authority, xvfb.number) is not None
    assert read_cookie(xvfb.authority, xvfb.number + 1) is None


def test_nobody_connects_without_the_cookie(xvfb: Xvfb, tmp_path: Path) -> None:
    with pytest.raises(DisplayUnavailable, match="refused"):
        X11Connection.open(xvfb.display)
    X11Connection.open(xvfb.display, authority=xvfb.authority).close()


def test_the_server_listens_on_no_network_port(xvfb: Xvfb) -> None:
    own = {
        Path(f"/proc/{xvfb.pid}/fd/{entry.name}").readlink().name for entry in Path(f"/proc/{xvfb.pid}/fd").iterdir()
    }
    tables = [Path(f"/proc/{xvfb.pid}/net/{name}").read_text(encoding="ascii") for name in ("tcp", "tcp6")]
    on_network = {f"socket:[{line.split()[9]}]" for table in tables for line in table.splitlines()[1:]}
    assert any(name.startswith("socket:") for name in own)
    assert not own & on_network


def test_the_abstract_name_is_taken_too(xvfb: Xvfb) -> None:
    abstract, _ = socket_addresses(xvfb.number)
    with socket.socket(socket.AF_UNIX) as other, pytest.raises(OSError, match="in use"):
        other.bind(abstract)


def test_the_server_is_in_a_session_of_its_own_without_our_environment(xvfb: Xvfb) -> None:
    assert os.getsid(xvfb.pid) == xvfb.pid != os.getsid(0)
    environment = Path(f"/proc/{xvfb.pid}/environ").read_bytes()
    assert sorted(entry.split(b"=")[0] for entry in environment.rstrip(b"\0").split(b"\0")) == [b"LANG", b"PATH"]


def test_several_started_at_once_get_different_numbers(tmp_path: Path) -> None:
    folders = [tmp_path / str(index) for index in range(4)]
    for folder in folders:
        folder.mkdir()
    with ThreadPoolExecutor(4) as pool:
        servers = list(pool.map(lambda folder: Xvfb.start(XvfbOptions(folder=folder, screen=SMALL)), folders))
    try:
        assert len({server.number for server in servers}) == 4
        for server in servers:
            server.connect().close()
    finally:
        for server in servers:
            server.stop()


def test_a_number_that_is_asked_for_is_used_and_a_taken_one_refused(xvfb: Xvfb, tmp_path: Path) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    with pytest.raises(DisplayUnavailable, match=f"{xvfb.display} is in use") as caught:
        Xvfb.start(XvfbOptions(folder=folder, number=xvfb.number))
    assert caught.value.exit_code is ExitCode.SERVER_ALREADY_EXISTS
    assert caught.value.hint
    number = xvfb.number
    xvfb.stop()
    again = Xvfb.start(XvfbOptions(folder=folder, number=number, screen=SMALL))
    assert again.number == number
    again.stop()


@pytest.mark.parametrize("number", [-1, 60000])
def test_a_number_out_of_range_is_refused(tmp_path: Path, number: int) -> None:
    with pytest.raises(DisplayUnavailable, match="out of range"):
        Xvfb.start(XvfbOptions(folder=tmp_path, number=number))


def test_stop_ends_it_and_leaves_nothing(tmp_path: Path) -> None:
    server = Xvfb.start(XvfbOptions(folder=tmp_path, screen=SMALL))
    server.stop()
    server.stop()
    assert not server.alive
    assert not socket_path(server.number).exists()
    assert not Path(f"/tmp/.X{server.number}-lock").exists()


def test_a_server_that_ignores_term_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from limpet.x11 import display

    monkeypatch.setattr(display, "STOP_TIMEOUT_S", 0.1)
    server = Xvfb.start(XvfbOptions(folder=tmp_path, screen=SMALL))
    os.kill(server.pid, 19)  # SIGSTOP: it cannot even see the TERM
    server.stop()
    assert server.process.returncode == -9
    assert not socket_path(server.number).exists()


def test_death_is_seen(tmp_path: Path) -> None:
    server = Xvfb.start(XvfbOptions(folder=tmp_path, screen=SMALL))
    server.process.kill()
    assert server.wait(10) == -9
    assert not server.alive
    with pytest.raises(DisplayUnavailable, match="no X server answers"):
        server.connect()
    server.stop()
    assert not socket_path(server.number).exists()


def test_leftovers_of_a_living_server_stay(xvfb: Xvfb) -> None:
    remove_leftovers(xvfb.number)
    assert socket_path(xvfb.number).exists()
    xvfb.connect().close()


def test_a_missing_program_names_the_package(tmp_path: Path) -> None:
    with pytest.raises(DisplayUnavailable, match="not installed") as caught:
        Xvfb.start(XvfbOptions(folder=tmp_path, program="NoSuchX"))
    assert "apt install xvfb" in caught.value.hint


def test_a_server_that_ends_at_once_is_quoted(tmp_path: Path) -> None:
    with pytest.raises(DisplayUnavailable, match="status 3 instead of starting: cannot open the font"):
        Xvfb.start(_script(tmp_path, "echo cannot open the font >&2; exit 3"))


def test_a_server_that_says_its_number_is_active_is_taken(tmp_path: Path) -> None:
    options = _script(tmp_path, 'echo "Server is already active for display 4077" >&2; exit 1')
    with pytest.raises(DisplayUnavailable, match=":4077 is in use"):
        Xvfb.start(XvfbOptions(folder=tmp_path, program=options.program, number=4077))


def test_a_server_that_never_gets_ready_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    with pytest.raises(DisplayUnavailable, match=r"not become ready within 0\.5 s"):
        Xvfb.start(_script(tmp_path, f"echo $$ > {pid_file}; exec sleep 60"))
    assert not Path(f"/proc/{pid_file.read_text().strip()}").exists()
