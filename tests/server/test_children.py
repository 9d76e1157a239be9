"""The applications of a session, as real processes."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from limpet.errors import ConfigError, ExitCode
from limpet.server import children as module
from limpet.server.children import Children, split_command
from tests.support.net import run

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "DISPLAY": ":77"}


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Nursery:
    """Children whose calls are noted."""

    def __init__(self, umask: int = 0o077) -> None:
        self.started: list[int] = []
        self.last = asyncio.Event()
        self.children = Children(ENVIRONMENT, umask=umask, on_last_exit=self.last.set, on_started=self.started.append)

    async def gone(self, pid: int) -> None:
        while any(child.pid == pid for child in self.children.running):
            await asyncio.sleep(0.005)


def test_a_program_gets_the_sessions_environment_and_nothing_else(tmp_path: Path) -> None:
    async def check() -> None:
        nursery = Nursery()
        out = tmp_path / "out"
        child = await nursery.children.start(("sh", "-c", f"env >{out}; umask >>{out}"), waited_for=False)
        assert nursery.started == [child.pid]
        await nursery.gone(child.pid)
        lines = out.read_text().splitlines()
        assert set(lines) - {"PWD=" + str(Path.cwd()), "_=/usr/bin/env", "SHLVL=1", "OLDPWD=/"} == {
            "PATH=/usr/bin:/bin",
            "DISPLAY=:77",
            "0077",
        }

    run(check())


def test_a_program_has_a_session_of_its_own_no_input_and_no_descriptor_of_ours(tmp_path: Path) -> None:
    async def check() -> None:
        nursery = Nursery()
        out = tmp_path / "out"
        with (tmp_path / "secret").open("w") as ours:
            os.set_inheritable(ours.fileno(), True)
            script = f"readlink /proc/self/fd/0 >{out}; ls /proc/self/fd >>{out}; echo done >>{out}; exec sleep 60"
            child = await nursery.children.start(("sh", "-c", script), waited_for=False)
            while "done" not in (out.read_text() if out.exists() else ""):
                await asyncio.sleep(0.005)
            assert os.getsid(child.pid) == os.getpgid(child.pid) == child.pid
            await nursery.children.stop()
        first, *descriptors, _ = out.read_text().split()
        assert first == "/dev/null"
        assert str(ours.fileno() if not ours.closed else -1) not in descriptors
        assert {int(number) for number in descriptors} <= {0, 1, 2, 3}

    run(check())


def test_the_end_of_the_last_waited_for_program_is_told() -> None:
    async def check() -> None:
        nursery = Nursery()
        await nursery.children.start(("sleep", "60"), waited_for=False)
        first = await nursery.children.start(("sleep", "60"), waited_for=True)
        second = await nursery.children.start(("true",), waited_for=True)
        await nursery.gone(second.pid)
        assert not nursery.last.is_set()
        os.kill(first.pid, 15)
        await nursery.last.wait()
        await nursery.gone(first.pid)
        assert [child.waited_for for child in nursery.children.running] == [False]
        await nursery.children.stop()
        assert nursery.children.running == ()

    run(check())


def test_stopping_ends_what_programs_started_too(tmp_path: Path) -> None:
    async def check() -> None:
        nursery = Nursery()
        out = tmp_path / "pid"
        await nursery.children.start(("sh", "-c", f"sleep 60 & echo $! >{out}; wait"), waited_for=False)
        while not (out.exists() and out.read_text().strip()):
            await asyncio.sleep(0.005)
        grandchild = int(out.read_text())
        await nursery.children.stop()
        assert nursery.children.running == ()
        while is_alive(grandchild):
            await asyncio.sleep(0.005)

    run(check())


def test_a_program_that_ignores_the_wish_to_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "TERM_GRACE_S", 0.2)

    async def check() -> None:
        nursery = Nursery()
        ready = tmp_path / "ready"
        script = f"trap '' TERM; touch {ready}; while :; do sleep 1; done"
        await nursery.children.start(("sh", "-c", script), waited_for=False)
        while not ready.exists():
            await asyncio.sleep(0.005)
        await nursery.children.stop()
        assert nursery.children.running == ()

    run(check())


def test_a_program_that_cannot_be_ended_does_not_hold_the_end_up(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "TERM_GRACE_S", 0.05)

    def refuse(pid: int, number: int) -> None:
        raise PermissionError

    async def check() -> int:
        nursery = Nursery()
        child = await nursery.children.start(("sleep", "60"), waited_for=False)
        with monkeypatch.context() as patched:
            patched.setattr(os, "killpg", refuse)
            await nursery.children.stop()
        os.kill(child.pid, 9)
        await nursery.children._running[child.pid][0].wait()
        return child.pid

    pid = asyncio.run(check())
    assert f"sleep, pid {pid}, does not end" in caplog.text


def test_stopping_without_programs_is_nothing() -> None:
    async def check() -> None:
        nursery = Nursery()
        await nursery.children.stop()
        assert nursery.children.running == ()

    run(check())


@pytest.mark.parametrize(
    "command", [("no-such-program-anywhere",), ("/etc/hosts",), ("a\0b",), ("sh", "a\0b"), ("\ud800",)]
)
def test_a_program_that_cannot_run_is_named(command: tuple[str, ...]) -> None:
    async def check() -> None:
        nursery = Nursery()
        with pytest.raises(ConfigError, match="cannot run") as caught:
            await nursery.children.start(command, waited_for=True)
        assert caught.value.exit_code is ExitCode.FILE_NOT_FOUND
        assert nursery.children.running == ()
        assert nursery.started == []

    run(check())


def test_a_command_is_split_as_a_shell_would() -> None:
    assert split_command("xterm -T 'a b' -e \"c d\"") == ("xterm", "-T", "a b", "-e", "c d")


@pytest.mark.parametrize("text", ["", "   ", "'open"])
def test_what_is_no_command_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="--start"):
        split_command(text)
