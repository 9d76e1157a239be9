"""The real environment of modules: files, programs that are killed and reaped, users and groups."""

from __future__ import annotations

import asyncio
import grp
import os
import pwd
from pathlib import Path

import pytest

from limpet.auth.module import ModuleEnv, ModuleFailure, PeerFacts
from limpet.auth.modules import system
from limpet.auth.modules.exec_ import ExecModule, Options
from limpet.auth.modules.system import SystemModuleEnv, clean_environment, read_secret
from limpet.errors import AuthenticationFailed

FACTS = PeerFacts(kind="tcp", address="127.0.0.1", loopback=True)


def env_at(base: Path, **variables: str) -> SystemModuleEnv:
    return SystemModuleEnv({"PATH": os.defpath, **variables}, base=base)


def script(folder: Path, text: str) -> Path:
    path = folder / "check"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def reaped(pid: int) -> bool:
    """Whether the process is dead and waited for."""
    return not Path(f"/proc/{pid}").exists()


def pipe_at(folder: Path) -> Path:
    """A named pipe: its reader sees what a program writes, and its end when the last holder of it is dead."""
    path = folder / "pipe"
    os.mkfifo(path)
    return path


def first_line(path: Path) -> str:
    with path.open() as stream:
        return stream.readline()


def test_it_is_a_module_env(tmp_path: Path) -> None:
    env: ModuleEnv = env_at(tmp_path, XPRA_PASSWORD="x")
    assert env.variable("XPRA_PASSWORD") == "x"
    assert env.variable("OTHER") is None
    assert env.own_uid == os.geteuid()
    assert len(env.random_bytes(20)) == 20
    assert env.random_bytes(20) != env.random_bytes(20)


def test_no_text_of_it_shows_a_variable(tmp_path: Path) -> None:
    assert "hunter2" not in repr(env_at(tmp_path, XPRA_PASSWORD="hunter2"))


def test_the_environment_of_programs_holds_no_credentials() -> None:
    environ = {"PATH": "/bin", "XPRA_PASSWORD": "a", "LIMPET_X": "b", "xpra_lower": "c", "MINE": "d", "HOME": "/h"}
    assert clean_environment(environ, hidden={"MINE"}) == {"PATH": "/bin", "HOME": "/h"}


def test_files_are_read_up_to_the_limit_relative_to_the_base(tmp_path: Path) -> None:
    (tmp_path / "pw").write_bytes(b"12345")
    env = env_at(tmp_path)
    assert asyncio.run(env.read_file("pw", 5)) == b"12345"
    assert asyncio.run(env.read_file(str(tmp_path / "pw"), 5)) == b"12345"
    with pytest.raises(OSError, match="larger than 4 bytes"):
        asyncio.run(env.read_file("pw", 4))
    with pytest.raises(FileNotFoundError):
        asyncio.run(env.read_file("gone", 4))


def test_only_regular_files_are_read_and_a_pipe_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    env = env_at(tmp_path)
    for name in ("pipe", "."):
        with pytest.raises(OSError, match=r"not a regular file|directory"):
            asyncio.run(env.read_file(name, 10))
        assert env.inspect_file(name).problem == "it is not a regular file"


def test_a_read_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_arguments: object) -> bytes:
        await asyncio.Event().wait()
        raise AssertionError

    monkeypatch.setattr(asyncio, "to_thread", never)
    monkeypatch.setattr(system, "READ_TIMEOUT_S", 0.01)
    with pytest.raises(TimeoutError):
        asyncio.run(env_at(tmp_path).read_file("pw", 10))


def test_inspecting_tells_size_and_mode_or_the_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "pw"
    path.write_bytes(b"123")
    path.chmod(0o640)
    env = env_at(tmp_path)
    facts = env.inspect_file("pw")
    assert (facts.problem, facts.size, facts.mode) == ("", 3, 0o640)
    assert env.inspect_file("gone").problem == "No such file or directory"
    monkeypatch.setattr(os, "access", lambda *_arguments: False)
    assert env.inspect_file("pw").problem == "it cannot be read"


def test_programs_are_found_by_path_and_by_name(tmp_path: Path) -> None:
    path = script(tmp_path, "exit 0")
    env = env_at(tmp_path)
    assert env.find_program(str(path)) == str(path)
    assert env.find_program("./check") == str(path)
    assert env.find_program("check") is None
    found = env.find_program("sh")
    assert found is not None
    assert Path(found).is_file()
    path.chmod(0o644)
    assert env.find_program(str(path)) is None


def test_users_and_groups_are_looked_up(tmp_path: Path) -> None:
    env = env_at(tmp_path)
    me = pwd.getpwuid(os.geteuid())
    assert env.uid_of(me.pw_name) == me.pw_uid
    assert env.gid_of(grp.getgrgid(me.pw_gid).gr_name) == me.pw_gid
    assert env.uid_of("no such user") is None
    assert env.gid_of("no such group") is None
    assert me.pw_gid in asyncio.run(env.groups_of(me.pw_uid))
    assert asyncio.run(env.groups_of(2**31 - 7)) == frozenset()


def test_the_exit_status_comes_back_and_nothing_is_inherited(tmp_path: Path) -> None:
    out = tmp_path / "out"
    path = script(tmp_path, f'env > {out}; cat >> {out}; echo "arg:$1" >> {out}; echo noise; exit 7')
    env = env_at(tmp_path, XPRA_PASSWORD="hunter2", KEPT="yes")
    assert asyncio.run(env.run([str(path), "a b; c"], 10)) == 7
    text = out.read_text()
    assert "hunter2" not in text
    assert "KEPT=yes" in text
    assert "arg:a b; c" in text


def test_a_program_that_does_not_start_is_an_os_error(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("no program")
    for name in ("gone", "plain"):
        with pytest.raises(OSError, match=r"No such file|denied"):
            asyncio.run(env_at(tmp_path).run([str(tmp_path / name)], 10))


def test_a_program_is_killed_and_reaped_at_the_timeout(tmp_path: Path) -> None:
    path = script(tmp_path, "exec sleep 1000")
    with pytest.raises(TimeoutError):
        asyncio.run(env_at(tmp_path).run([str(path)], 0.2))
    with pytest.raises(ChildProcessError):  # no child is left, neither running nor to be waited for
        os.waitpid(-1, os.WNOHANG)


def test_a_program_is_killed_with_its_children_and_reaped_when_the_login_is_cancelled(tmp_path: Path) -> None:
    pipe = pipe_at(tmp_path)
    path = script(tmp_path, f"exec 3> {pipe}; sleep 1000 & echo $$ >&3; wait")

    async def run() -> None:
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            task = group.create_task(env_at(tmp_path).run([str(path)], 60))
            stream = await asyncio.to_thread(pipe.open)
            with stream:
                pid = int(await asyncio.to_thread(stream.readline))
                assert not reaped(pid)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert reaped(pid)
                # the pipe ends when the child, which holds it too, is dead
                assert await asyncio.to_thread(stream.read) == ""

    asyncio.run(run())


def test_programs_wait_their_turn_within_their_timeout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "MAX_PROGRAMS", 1)
    pipe, started = pipe_at(tmp_path), tmp_path / "started"
    path = script(tmp_path, f"echo x >> {started}; echo x > {pipe}; exec sleep 1000")

    async def run() -> None:
        env = env_at(tmp_path)
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            first = group.create_task(env.run([str(path)], 60))
            await asyncio.to_thread(first_line, pipe)
            with pytest.raises(TimeoutError):
                await env.run([str(path)], 0.2)
            first.cancel()

    asyncio.run(run())
    assert started.read_text() == "x\n"


@pytest.mark.parametrize(("status", "lets_in"), [(0, True), (3, False)])
def test_the_module_exec_with_a_real_program(tmp_path: Path, status: int, lets_in: bool) -> None:
    path = script(tmp_path, f'case "$*" in *address=127.0.0.1*username=alice) exit {status};; esac; exit 9')
    module = ExecModule(Options(command=f"'{path}'", timeout=10), FACTS, "alice", env_at(tmp_path))
    if lets_in:
        asyncio.run(module.verify(None))
    else:
        with pytest.raises(AuthenticationFailed, match="exit status 3"):
            asyncio.run(module.verify(None))


def test_the_module_exec_refuses_when_its_program_hangs(tmp_path: Path) -> None:
    path = script(tmp_path, "exec sleep 1000")
    module = ExecModule(Options(command=str(path), timeout=0.2), FACTS, "alice", env_at(tmp_path))
    with pytest.raises(ModuleFailure, match="killed"):
        asyncio.run(module.verify(None))


def test_the_users_own_password_file_may_be_a_pipe(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"secret")
    os.close(writer)
    try:
        assert asyncio.run(read_secret(f"/dev/fd/{reader}", 100)) == b"secret"
    finally:
        os.close(reader)
    (tmp_path / "pw").write_bytes(b"12345")
    with pytest.raises(OSError, match="larger"):
        asyncio.run(read_secret(str(tmp_path / "pw"), 4))
