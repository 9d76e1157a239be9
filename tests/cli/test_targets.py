"""Targets find the sockets of sessions; commands plan their connections."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from limpet.cli import attach, request
from limpet.cli.registry import Invocation
from limpet.cli.targets import find_target
from limpet.config.credentials import Environment
from limpet.config.parser import parse_words
from limpet.config.schema import Scope
from limpet.errors import ConfigError, ExitCode, OptionError
from limpet.server.sessiondir import SessionDir, SessionInfo, create


@pytest.fixture
def environment() -> Iterator[Environment]:
    path = tempfile.mkdtemp(prefix="lt-")
    yield Environment(runtime_dir=path, home=path, login="me")
    shutil.rmtree(path)


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    opened: list[socket.socket] = []
    yield opened
    for sock in opened:
        sock.close()


def session(environment: Environment, number: int, sockets: list[socket.socket], *, live: bool = True) -> SessionDir:
    made = create(environment)
    made.settle(number)
    if live:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(str(made.socket))
        sock.listen(8)
        sockets.append(sock)
    return made


def test_a_display_is_found_by_its_number(environment: Environment, sockets: list[socket.socket]) -> None:
    made = session(environment, 10, sockets)
    target = find_target(":10", environment)
    assert Path(target.path).resolve() == made.socket.resolve()
    assert target.display == ":10"


def test_the_only_live_session_needs_no_name(environment: Environment, sockets: list[socket.socket]) -> None:
    session(environment, 9, sockets, live=False)
    made = session(environment, 10, sockets)
    assert Path(find_target("", environment).path).resolve() == made.socket.resolve()


def test_several_live_sessions_need_a_name(environment: Environment, sockets: list[socket.socket]) -> None:
    session(environment, 10, sockets)
    session(environment, 11, sockets)
    with pytest.raises(ConfigError, match="several sessions: :10, :11"):
        find_target("", environment)


def test_without_a_session_there_is_nothing_to_connect_to(environment: Environment) -> None:
    with pytest.raises(ConfigError, match="no live session") as caught:
        find_target("", environment)
    assert caught.value.exit_code is ExitCode.SERVER_NOT_FOUND
    with pytest.raises(ConfigError, match="no session :59999") as caught:
        find_target(":59999", environment)
    assert caught.value.exit_code is ExitCode.SERVER_NOT_FOUND


def test_a_session_that_does_not_answer_is_told_apart(environment: Environment, sockets: list[socket.socket]) -> None:
    session(environment, 10, sockets, live=False)
    with pytest.raises(ConfigError, match="session :10 does not answer"):
        find_target(":10", environment)


def test_a_stock_server_is_found_by_its_number(environment: Environment, sockets: list[socket.socket]) -> None:
    path = Path(environment.runtime_dir, "xpra", f"{socket.gethostname()}-59998")
    path.parent.mkdir(mode=0o700)
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(path))
    sock.listen(8)
    sockets.append(sock)
    assert find_target(":59998", environment).path == str(path)


def test_other_targets_are_taken_as_they_are(environment: Environment) -> None:
    assert find_target("tcp:host:1", environment).host == "host"
    assert find_target("/run/x", environment).path == "/run/x"


def invocation(environment: Environment, name: str, *words: str) -> Invocation:
    scope = Scope.ATTACH if name == "attach" else Scope.REQUEST
    parsed = parse_words(words, name, scope)
    return Invocation(name, parsed.arguments, parsed.options, environment, (name, *words))


def test_attach_plans_its_connection(environment: Environment) -> None:
    plan = attach.plan(invocation(environment, "attach", "ssl:host:1", "--reconnect=no", "--password-file=pw"))
    assert plan.tls is not None
    assert plan.username == "me"
    assert plan.client.reconnect is False
    assert plan.passwords.files == (str(Path.cwd() / "pw"),)


def test_requests_plan_theirs(environment: Environment) -> None:
    plan = request.plan(invocation(environment, "info", "tcp:host:1"))
    assert (plan.request, plan.connection.target.host, plan.output) == ("info", "host", "")
    plan = request.plan(invocation(environment, "screenshot", "file.png", "tcp:host:1"))
    assert (plan.request, plan.connection.target.host, plan.output) == ("screenshot", "host", "file.png")


def test_a_session_that_listens_on_tcp_only_is_reached_by_naming_that(environment: Environment) -> None:
    made = create(environment)
    made.settle(10)
    made.write_info(SessionInfo("2026-01-01", listeners=("listening on tcp 127.0.0.1:5: clear",)))
    for text in (":10", ""):
        with pytest.raises(ConfigError, match=r"it listens on tcp 127\.0\.0\.1:5$") as caught:
            find_target(text, environment)
        assert caught.value.exit_code is ExitCode.SERVER_NOT_FOUND


def test_a_display_without_its_server_is_told_apart(environment: Environment) -> None:
    made = create(environment)
    made.settle(10)
    made.keep(os.getpid())
    (made.folder / "pid").unlink()
    with pytest.raises(ConfigError, match="'limpet exit'") as caught:
        find_target(":10", environment)
    assert f"kill {os.getpid()} " in caught.value.hint


@pytest.mark.parametrize("words", [(":10",), ("tcp://host:1/",), ("shot.jpg", ":10"), ("a.WEBP",)])
def test_a_screenshot_wants_the_name_of_a_png(environment: Environment, words: tuple[str, ...]) -> None:
    with pytest.raises(OptionError) as caught:
        request.plan(invocation(environment, "screenshot", *words))
    assert "screenshot FILE.png [TARGET]" in caught.value.hint
