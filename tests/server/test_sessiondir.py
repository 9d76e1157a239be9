"""A session's directory: private, found again, cleaned up behind a killed server."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.config.credentials import Environment
from limpet.errors import ConfigError, ExitCode
from limpet.server import sessiondir
from limpet.server.sessiondir import (
    SessionInfo,
    State,
    candidate_roots,
    create,
    ensure_private,
    find_sessions,
    find_stock_socket,
    process_start,
    socket_answers,
    sweep,
    wait_removed,
)


@pytest.fixture
def runtime() -> Iterator[Path]:
    """A short path, as sockets need it."""
    path = Path(tempfile.mkdtemp(prefix="lt-"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def environment(runtime: Path) -> Environment:
    return Environment(runtime_dir=str(runtime), home=str(runtime))


@contextlib.contextmanager
def listening(path: Path) -> Iterator[None]:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as sock:
        sock.bind(str(path))
        sock.listen(8)
        yield
    path.unlink(missing_ok=True)


SERVER = """
import os, socket, sys
from limpet.config.credentials import Environment
from limpet.server.sessiondir import SessionInfo, create
environment = Environment(runtime_dir=sys.argv[1], home=sys.argv[1])
session = create(environment)
session.settle(int(sys.argv[2]))
session.write_info(SessionInfo("2026-01-01T00:00:00+00:00", "mine", ("start", ":7"), ("unix",)))
child = os.spawnlp(os.P_NOWAIT, "setsid", "setsid", "sleep", "1000")
session.record_process(child)
session.log.write_text("hello")
sock = socket.socket(socket.AF_UNIX)
sock.bind(str(session.socket))
sock.listen(4)
session.announce_to_stock("testhost")
print(session.folder, child, flush=True)
sys.stdin.read()
"""


class Server:
    """Another process that serves a session."""

    def __init__(self, runtime: Path, number: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER, str(runtime), str(number)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout
        folder, child = self.process.stdout.readline().split()
        self.folder = Path(folder)
        self.child = int(child)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        self.process.stdout.close()


@pytest.fixture
def serve(runtime: Path) -> Iterator[Callable[[int], Server]]:
    servers: list[Server] = []

    def start(number: int) -> Server:
        servers.append(Server(runtime, number))
        return servers[-1]

    yield start
    for server in servers:
        server.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(server.child, signal.SIGKILL)


def test_a_new_session_has_a_private_directory(environment: Environment, runtime: Path) -> None:
    session = create(environment)
    assert session.folder.parent == runtime / "limpet"
    for path in (session.folder, session.folder.parent):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    assert session.socket.name == "socket"
    assert session.log.name == "server.log"
    assert session.xauthority.name == "Xauthority"


def test_the_number_is_a_name_for_the_directory(environment: Environment, runtime: Path) -> None:
    session = create(environment)
    session.settle(10)
    assert session.number == 10
    assert (runtime / "limpet" / "10").resolve() == session.folder.resolve()
    session.remove()
    assert list((runtime / "limpet").iterdir()) == []


def test_a_session_is_found_with_what_it_says(environment: Environment) -> None:
    session = create(environment)
    session.settle(10)
    info = SessionInfo("2026-01-01T00:00:00+00:00", "näme", ("start", "--start=xterm"), ("tcp *:1",))
    session.write_info(info)
    assert stat.S_IMODE((session.folder / "info").stat().st_mode) == 0o600
    with listening(session.socket):
        (found,) = find_sessions(environment)
    assert (found.number, found.state, found.pid, found.info) == (10, State.LIVE, os.getpid(), info)
    assert found.socket.resolve() == session.socket.resolve()


def test_a_session_whose_socket_does_not_answer_is_starting(environment: Environment) -> None:
    session = create(environment)
    session.settle(10)
    assert [found.state for found in find_sessions(environment)] == [State.STARTING]


def test_a_session_without_a_number_is_not_listed(environment: Environment) -> None:
    create(environment)
    assert find_sessions(environment) == []


def test_a_number_in_use_is_refused(environment: Environment) -> None:
    create(environment).settle(10)
    with pytest.raises(ConfigError, match="session :10 already") as caught:
        create(environment).settle(10)
    assert caught.value.exit_code is ExitCode.SERVER_ALREADY_EXISTS


def test_something_foreign_in_the_way_is_not_removed(environment: Environment) -> None:
    session = create(environment)
    (session.root / "10").mkdir()
    with pytest.raises(ConfigError, match="in the way"):
        session.settle(10)
    assert (session.root / "10").is_dir()


def test_a_dangling_number_is_taken_over(environment: Environment) -> None:
    session = create(environment)
    (session.root / "10").symlink_to("session-gone")
    assert find_sessions(environment) == []
    session.settle(10)
    assert (session.root / "10").resolve() == session.folder.resolve()


def test_the_log_survives_the_session(environment: Environment) -> None:
    session = create(environment)
    session.settle(10)
    session.log.write_text("last words")
    session.remove()
    assert (session.root / "10.log").read_text() == "last words"


def test_another_process_is_seen_alive_and_then_dead(environment: Environment, serve: Callable[[int], Server]) -> None:
    server = serve(7)
    (found,) = find_sessions(environment)
    assert (found.number, found.state, found.pid) == (7, State.LIVE, server.process.pid)
    assert found.info.command == ("start", ":7")
    server.kill()
    assert [session.state for session in find_sessions(environment)] == [State.DEAD]


def test_the_same_command_cleans_up_after_kill_9(
    environment: Environment, runtime: Path, serve: Callable[[int], Server]
) -> None:
    server = serve(7)
    server.kill()
    session = create(environment)
    session.settle(7)
    assert not server.folder.exists()
    assert process_start(server.child) is None
    assert not (runtime / "xpra" / "testhost-7").is_symlink()
    assert (session.root / "7.log").read_text() == "hello"
    assert (session.root / "7").resolve() == session.folder.resolve()


def test_a_live_session_is_left_alone(environment: Environment, serve: Callable[[int], Server]) -> None:
    server = serve(7)
    create(environment)
    assert sweep(server.folder.parent, environment) == []
    assert process_start(server.child) is not None
    assert [session.state for session in find_sessions(environment)] == [State.LIVE]


def test_a_reused_process_id_is_noticed(environment: Environment) -> None:
    session = create(environment)
    session.settle(10)
    (session.folder / "pid").write_text(f"{os.getpid()} 1\n")
    session.record_process(os.getpid())
    (session.folder / "processes").write_text(f"{os.getpid()} 1\n")
    assert sweep(session.root, environment) == [10]
    assert not session.folder.exists()


def test_a_process_that_ignores_the_request_to_end_is_killed(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessiondir, "END_GRACE_S", 0.3)
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()",
        ],
        stdout=subprocess.PIPE,
    )
    assert stubborn.stdout
    with stubborn.stdout:
        stubborn.stdout.readline()
        session = create(environment)
        session.record_process(stubborn.pid)
        (session.folder / "pid").write_text(f"{os.getpid()} 1\n")
        assert sweep(session.root, environment) == [None]
        assert stubborn.wait(5) == -signal.SIGKILL


@pytest.mark.parametrize("content", ["", "nonsense", "1", "-1 5", "99999999999999999999 1", "0 0\n", "1 " + "9" * 99])
def test_a_broken_pid_file_means_dead(environment: Environment, content: str) -> None:
    session = create(environment)
    session.settle(10)
    (session.folder / "pid").write_text(content)
    assert [found.state for found in find_sessions(environment)] == [State.DEAD]
    assert sweep(session.root, environment) == [10]


@given(st.one_of(st.binary(max_size=80), st.sampled_from([b"[]", b'{"command": [1, "a"], "name": 5}', b"[" * 9000])))
def test_a_broken_description_is_read_as_an_empty_one(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "info")
        path.write_bytes(content)
        info = sessiondir._read_info(path)
    assert isinstance(info.name, str)
    assert all(isinstance(word, str) for word in info.command)


# -- privacy -----------------------------------------------------------------------------------------------------------


def test_a_directory_open_to_others_is_refused_and_the_next_place_taken(runtime: Path) -> None:
    (runtime / "limpet").mkdir(mode=0o755)
    (runtime / "limpet").chmod(0o755)
    session = create(Environment(runtime_dir=str(runtime)), [runtime / "limpet", runtime / "other"])
    assert session.root == runtime / "other"


def test_a_link_in_the_place_of_the_directory_is_refused(runtime: Path) -> None:
    (runtime / "elsewhere").mkdir(mode=0o700)
    (runtime / "limpet").symlink_to(runtime / "elsewhere")
    with pytest.raises(ConfigError, match="or a link"):
        ensure_private(runtime / "limpet")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a directory of somebody else's")
def test_a_directory_of_somebody_else_is_refused(runtime: Path) -> None:
    (runtime / "limpet").mkdir(mode=0o700)
    os.chown(runtime / "limpet", 12345, 12345)
    with pytest.raises(ConfigError, match="belongs to another user"):
        ensure_private(runtime / "limpet")


def test_a_parent_that_others_may_write_to_is_refused(runtime: Path) -> None:
    (runtime / "open").mkdir()
    (runtime / "open").chmod(0o777)
    with pytest.raises(ConfigError, match="others may replace it"):
        ensure_private(runtime / "open" / "limpet")
    (runtime / "open").chmod(0o1777)
    ensure_private(runtime / "open" / "limpet")


def test_without_any_private_place_the_error_says_what_to_set(runtime: Path) -> None:
    (runtime / "file").write_text("")
    with pytest.raises(ConfigError, match="no private directory") as caught:
        create(Environment(), [runtime / "file" / "x"])
    assert "XDG_RUNTIME_DIR" in caught.value.hint
    assert caught.value.exit_code is ExitCode.SOCKET_CREATION_ERROR


def test_a_place_whose_path_is_too_long_for_a_socket_is_passed_over(runtime: Path) -> None:
    long = runtime / ("x" * 100)
    session = create(Environment(), [long, runtime / "short"])
    assert session.root == runtime / "short"
    assert list(long.iterdir()) == []


def test_sessions_in_a_directory_that_others_may_write_to_are_not_believed(environment: Environment) -> None:
    session = create(environment)
    session.settle(10)
    session.root.chmod(0o777)
    assert find_sessions(environment) == []


def test_places_come_in_order(runtime: Path) -> None:
    roots = candidate_roots(Environment(runtime_dir=str(runtime), home="/home/u"))
    assert roots[0] == runtime / "limpet"
    assert Path("/home/u/.limpet/run") in roots
    assert roots[-1].name == f"limpet-{os.geteuid()}"


# -- stock peers -------------------------------------------------------------------------------------------------------


def test_stock_clients_find_the_session(environment: Environment, runtime: Path) -> None:
    session = create(environment)
    session.settle(10)
    with listening(session.socket):
        link = session.announce_to_stock("testhost")
        assert link == runtime / "xpra" / "testhost-10"
        assert socket_answers(link)
        assert find_stock_socket(environment, 10, "testhost") == link
    assert find_stock_socket(environment, 10, "testhost") is None
    session.remove()
    assert not link.is_symlink()


def test_a_stock_servers_socket_is_left_alone(environment: Environment, runtime: Path) -> None:
    (runtime / "xpra").mkdir(mode=0o700)
    session = create(environment)
    session.settle(10)
    with listening(runtime / "xpra" / "testhost-10"):
        assert session.announce_to_stock("testhost") is None
        assert find_stock_socket(environment, 10, "testhost") == runtime / "xpra" / "testhost-10"


def test_a_dead_stock_socket_is_replaced(environment: Environment, runtime: Path) -> None:
    (runtime / "xpra").mkdir(mode=0o700)
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(runtime / "xpra" / "testhost-10"))
    session = create(environment)
    session.settle(10)
    assert session.announce_to_stock("testhost") == runtime / "xpra" / "testhost-10"


def test_a_place_that_is_not_private_is_not_used(environment: Environment, runtime: Path) -> None:
    (runtime / "xpra").mkdir()
    (runtime / "xpra").chmod(0o777)
    session = create(environment)
    session.settle(10)
    assert session.announce_to_stock("testhost") is None


def test_the_stock_place_is_in_the_home_directory_without_a_runtime_directory(runtime: Path) -> None:
    environment = Environment(home=str(runtime))
    session = create(environment, [runtime / "root"])
    session.settle(10)
    expected = Path(f"/run/user/{os.geteuid()}")
    link = session.announce_to_stock("limpet-test-host")
    assert link
    assert link.parent == (expected / "xpra" if expected.is_dir() else runtime / ".xpra")
    session.remove()


def test_a_session_without_a_number_cannot_be_announced(environment: Environment) -> None:
    with pytest.raises(ConfigError, match="without a number"):
        create(environment).announce_to_stock()


def test_no_stock_server_is_looked_for_outside_the_runtime_directory_that_is_set(
    runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = runtime / "login"
    (elsewhere / "xpra").mkdir(parents=True, mode=0o700)
    monkeypatch.setattr(sessiondir, "_login_directory", lambda: elsewhere)
    with listening(elsewhere / "xpra" / "testhost-10"):
        assert find_stock_socket(Environment(), 10, "testhost") == elsewhere / "xpra" / "testhost-10"
        assert find_stock_socket(Environment(runtime_dir=str(runtime)), 10, "testhost") is None


# -- sockets elsewhere, servers that left ------------------------------------------------------------------------------


def test_a_socket_of_the_users_choice_may_have_another_owner_by_now(
    serve: Callable[[int], Server], environment: Environment, runtime: Path
) -> None:
    server = serve(7)
    (server.folder / "socket").unlink()
    (server.folder / "socket").symlink_to(runtime / "own.sock")
    with listening(runtime / "own.sock"):
        assert [found.state for found in find_sessions(environment)] == [State.LIVE]
        server.kill()
        assert [found.state for found in find_sessions(environment)] == [State.DEAD]


def test_a_display_that_was_left_running_on_purpose_is_not_cleaned_up(
    serve: Callable[[int], Server], environment: Environment, runtime: Path
) -> None:
    server = serve(7)
    (server.folder / "kept").write_text(f"{server.child} {process_start(server.child)}\n")
    server.kill()
    (found,) = find_sessions(environment)
    assert (found.state, found.pid) == (State.EXITED, server.child)
    assert sweep(runtime / "limpet", environment) == []
    assert process_start(server.child) is not None
    os.kill(server.child, signal.SIGKILL)
    while process_start(server.child) is not None:
        pass
    assert sweep(runtime / "limpet", environment) == [7]


def test_a_directory_that_cannot_be_filled_is_left_empty_and_the_next_is_taken(
    environment: Environment, runtime: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full, good = runtime / "full", runtime / "good"
    write = sessiondir._write

    def on_a_full_disk(path: Path, text: str) -> None:
        if full in path.parents:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write(path, text)

    monkeypatch.setattr(sessiondir, "_write", on_a_full_disk)
    assert create(environment, [full, good]).root == good
    assert list(full.iterdir()) == []
    with pytest.raises(ConfigError, match="No space left"):
        create(environment, [full])


def test_the_end_of_a_session_is_waited_for(environment: Environment, runtime: Path) -> None:
    session = create(environment)
    assert wait_removed(runtime / "foreign.sock", 0)
    assert not wait_removed(session.socket, 0.05)
    session.remove()
    assert wait_removed(session.socket, 0)
