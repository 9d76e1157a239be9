from __future__ import annotations

import os
import socket
import stat
from pathlib import Path

import pytest

from limpet.errors import ConnectionFailed, ExitCode, ListenFailed
from limpet.net import unix
from tests.support.net import run


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_socket_and_missing_directories_are_private(tmp_path: Path) -> None:
    path = tmp_path / "made" / "socket"
    made = unix.bind(path)
    assert mode(path) == 0o600
    assert mode(path.parent) == 0o700
    assert unix.is_alive(path)
    made.socket.close()
    made.remove()
    assert not path.exists()


def test_umask_is_left_as_it_was(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        unix.bind(tmp_path / "s").socket.close()
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(before)


def test_dead_socket_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    unix.bind(path).socket.close()
    assert not unix.is_alive(path)
    second = unix.bind(path)
    assert unix.is_alive(path)
    second.socket.close()


def test_living_socket_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    first = unix.bind(path)
    with pytest.raises(ListenFailed, match="a server listens at") as caught:
        unix.bind(path)
    assert caught.value.exit_code is ExitCode.SERVER_ALREADY_EXISTS
    assert unix.is_alive(path)
    first.socket.close()


def test_symbolic_link_is_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ListenFailed, match="is a symbolic link"):
        unix.bind(path)
    assert not (tmp_path / "elsewhere").exists()


def test_file_in_the_way_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    path.write_text("precious")
    with pytest.raises(ListenFailed, match="not a socket"):
        unix.bind(path)
    assert path.read_text() == "precious"


def test_directory_that_others_may_write_is_refused(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o777)
    with pytest.raises(ListenFailed, match="others may write") as caught:
        unix.bind(shared / "socket")
    assert "chmod 700" in caught.value.hint
    shared.chmod(0o1777)
    unix.bind(shared / "socket").socket.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_things_of_other_users_are_refused(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir(mode=0o700)
    os.chown(theirs, 12345, 12345)
    with pytest.raises(ListenFailed, match="belongs to another user"):
        unix.bind(theirs / "socket")
    path = tmp_path / "socket"
    unix.bind(path).socket.close()
    os.chown(path, 12345, 12345)
    with pytest.raises(ListenFailed, match="belongs to another user"):
        unix.bind(path)


def test_locked_directory_is_an_error_not_a_hang(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    monkeypatch.setattr(unix, "LOCK_S", 0.05)
    fd = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    with pytest.raises(ListenFailed, match="locked"):
        unix.bind(tmp_path / "socket")
    os.close(fd)


def test_too_long_path_says_so(tmp_path: Path) -> None:
    with pytest.raises(ListenFailed, match="too long"):
        unix.bind(tmp_path / ("x" * 120))


def test_remove_leaves_the_socket_of_a_successor(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    first = unix.bind(path)
    path.rename(tmp_path / "old")
    first.socket.close()
    second = unix.bind(path)
    first.remove()
    assert unix.is_alive(path)
    second.socket.close()
    second.remove()
    second.remove()


def test_connection_knows_who_is_at_the_other_end(tmp_path: Path) -> None:
    async def check() -> None:
        listening = unix.bind(tmp_path / "socket")
        stream = await unix.connect(tmp_path / "socket", timeout=5)
        facts = stream.facts
        assert facts.kind == "unix"
        assert (facts.peer_uid, facts.peer_gid, facts.peer_pid) == (os.geteuid(), os.getegid(), os.getpid())
        assert facts.peer == f"unix:pid={os.getpid()},uid={os.geteuid()}"
        assert facts.loopback and facts.address == ""
        stream.abort()
        await stream.wait_closed()
        listening.socket.close()

    run(check())


def test_missing_and_dead_sockets_are_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with pytest.raises(ConnectionFailed, match="no such file") as missing:
        run(unix.connect(path, timeout=5))
    unix.bind(path).socket.close()
    with pytest.raises(ConnectionFailed, match="connection refused") as dead:
        run(unix.connect(path, timeout=5))
    assert missing.value.hint != dead.value.hint


def test_busy_server_counts_as_alive(tmp_path: Path) -> None:
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        clients = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(str(path))
        assert unix.is_alive(path)
        for client in clients:
            client.close()
