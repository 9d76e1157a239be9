"""`exec`: a program decides."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from limpet.auth.module import ModuleFailure, PeerFacts
from limpet.auth.modules.exec_ import ExecModule, Options
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import SSL, UNIX, FakeEnv


def verify(
    status: int | Exception, *, command: str = "/bin/check", facts: PeerFacts = UNIX, username: str = "al ice"
) -> FakeEnv:
    env = FakeEnv(programs={"/bin/check": status})
    asyncio.run(ExecModule(Options(command=command), facts, username, env).verify(None))
    return env


def test_the_program_gets_its_own_arguments_and_then_the_facts() -> None:
    env = verify(0, command="/bin/check --flag 'two words'")
    assert env.ran == [
        (
            "/bin/check",
            "--flag",
            "two words",
            "kind=unix",
            "address=",
            "uid=1000",
            "gid=1000",
            "pid=4711",
            "encrypted=no",
            "certificate=no",
            "loopback=yes",
            "socket=/run/s",
            "username=al ice",
        )
    ]
    facts = replace(SSL, verified_certificate=True)
    assert verify(0, facts=facts).ran[0][1:7] == (
        "kind=ssl",
        "address=192.0.2.7",
        "uid=",
        "gid=",
        "pid=",
        "encrypted=yes",
    )


@pytest.mark.parametrize("status", [1, 2, 255, -9])
def test_any_status_but_zero_refuses(status: int) -> None:
    with pytest.raises(AuthenticationFailed, match=f"exit status {status}") as caught:
        verify(status)
    assert not isinstance(caught.value, ModuleFailure)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (TimeoutError(), "did not decide within 10 s and was killed"),
        (PermissionError(13, "Permission denied"), "cannot run '/bin/check': Permission denied"),
        (OSError("odd"), "odd"),
    ],
)
def test_its_own_failure_refuses_too_and_is_told_apart(error: Exception, message: str) -> None:
    with pytest.raises(ModuleFailure, match=message):
        verify(error)


@pytest.mark.parametrize("command", ["/bin/gone", "'unmatched", "''", "   "])
def test_a_program_that_cannot_be_found_stops_the_start_and_refuses_the_login(command: str) -> None:
    with pytest.raises(OptionError, match="'exec'"):
        ExecModule.check(Options(command=command), "tcp", FakeEnv(programs={"/bin/check": 0}))
    with pytest.raises(ModuleFailure, match="is not there"):
        verify(0, command=command)


def test_a_program_that_is_there_passes_the_start() -> None:
    ExecModule.check(Options(command="/bin/check -x"), "tcp", FakeEnv(programs={"/bin/check": 0}))


@pytest.mark.parametrize("username", ["a\0b", "a\nb", "\ud800", "x" * 257, "\x1b[2J"], ids=repr)
def test_a_hostile_user_name_never_reaches_the_program(username: str) -> None:
    env = FakeEnv(programs={"/bin/check": 0})
    with pytest.raises(AuthenticationFailed, match="user name"):
        asyncio.run(ExecModule(Options(command="/bin/check"), UNIX, username, env).verify(None))
    assert env.ran == []


def test_a_name_cannot_become_an_option_of_the_program() -> None:
    assert verify(0, username="--help").ran[0][-1] == "username=--help"
