"""tools/debian.sh with doubles for the programs that it calls: nothing is installed here."""

import os
import subprocess
from pathlib import Path

import pytest

TOOL = Path(__file__).resolve().parents[2] / "tools" / "debian.sh"


class Machine:
    """A folder of doubles in front of PATH; `calls` is what apt-get was asked for."""

    def __init__(self, folder: Path) -> None:
        self._programs = folder / "bin"
        self._programs.mkdir()
        self._log = folder / "calls"
        for name in ("bash", "env", "grep", "sed", "mktemp", "rm", "cat"):
            (self._programs / name).symlink_to(f"/usr/bin/{name}")
        self.program("dpkg-query", "echo 'installed xterm'")
        self.program("apt-get", f'echo "$*" >>{self._log}')

    def program(self, name: str, script: str) -> None:
        path = self._programs / name
        path.write_text(f"#!/usr/bin/bash\n{script}\n")
        path.chmod(0o755)

    def user(self, number: int) -> None:
        self.program("id", f"echo {number}")

    def run(self, *packages: str) -> subprocess.CompletedProcess[str]:
        env = {"PATH": str(self._programs), "TMPDIR": os.environ.get("TMPDIR", "/tmp")}
        return subprocess.run(
            [str(TOOL), *packages], env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )

    @property
    def calls(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_nothing_happens_when_all_is_there(machine: Machine) -> None:
    machine.user(1000)
    done = machine.run("xterm")
    assert (done.returncode, done.stdout, done.stderr, machine.calls) == (0, "", "", [])


def test_root_installs_only_what_is_missing(machine: Machine) -> None:
    machine.user(0)
    done = machine.run("xterm", "xvfb")
    assert done.returncode == 0
    assert done.stdout == "limpet: installing Debian packages: xvfb\n"
    assert [call.partition("-y ")[2] for call in machine.calls] == ["install --no-install-recommends xvfb"]


def test_sudo_without_a_password_is_used(machine: Machine) -> None:
    machine.user(1000)
    machine.program("sudo", '[ "$1" = -n ] && shift; [ "$1" = true ] || exec "$@"')
    assert machine.run("xvfb").returncode == 0
    assert len(machine.calls) == 1


@pytest.mark.parametrize("sudo", [None, "exit 1"])
def test_without_root_or_sudo_one_line_names_what_to_install(machine: Machine, sudo: str | None) -> None:
    machine.user(1000)
    if sudo is not None:
        machine.program("sudo", sudo)
    done = machine.run("xterm", "xvfb", "xauth")
    assert done.returncode == 1
    assert done.stderr == (
        "limpet: missing Debian packages; install them with: sudo apt-get install --no-install-recommends xvfb xauth\n"
    )
    assert machine.calls == []


def test_absent_package_lists_are_fetched_and_the_install_repeated(machine: Machine, tmp_path: Path) -> None:
    machine.user(0)
    machine.program(
        "apt-get",
        f'echo "${{@: -1}}" >>{tmp_path}/calls\n'
        f"case $* in *update) echo >{tmp_path}/lists ;; *) [ -e {tmp_path}/lists ] ;; esac",
    )
    assert machine.run("xvfb").returncode == 0
    assert machine.calls == ["xvfb", "update", "xvfb"]


def test_a_failed_install_shows_what_apt_said(machine: Machine) -> None:
    machine.user(0)
    machine.program("apt-get", "echo no such package; exit 100")
    done = machine.run("xvfb")
    assert done.returncode == 1
    assert "no such package" in done.stderr
    assert done.stderr.endswith("limpet: apt-get could not install: xvfb\n")


def test_another_system_is_told_what_to_see_to_and_goes_on(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "bin" / "dpkg-query").unlink()
    done = machine.run("xvfb")
    assert done.returncode == 0
    assert done.stderr == "limpet: not a Debian system: please see to the equivalents of: xvfb\n"
