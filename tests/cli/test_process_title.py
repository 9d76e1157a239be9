"""Secrets of the command line do not stay in the list of processes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from limpet.cli import process_title

CODE = """
import sys
from pathlib import Path
from limpet.cli.main import main
from limpet.cli import registry
seen = []
registry.Command.load = lambda self: lambda invocation: seen.append(Path("/proc/self/cmdline").read_bytes()) or 0
main(sys.argv[1:])
sys.stdout.buffer.write(seen[0])
"""


def cmdline(*words: str) -> list[str]:
    result = subprocess.run(
        [sys.executable, "-c", CODE, *words],
        env={"PYTHONPATH": ":".join(sys.path)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return result.stdout.decode().rstrip("\0").split("\0")[3:]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the list elsewhere")
def test_passwords_and_keys_are_overwritten() -> None:
    assert cmdline("attach", "tcp://me:s3cret@host:1/?keydata=0x3031", "--ssl-key-password=pw", "--timeout=5") == [
        "attach",
        "tcp://me:******@host:1/?keydata=******",
        "--ssl-key-password=**",
        "--timeout=5",
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems keep the list elsewhere")
def test_a_command_line_without_secrets_stays_as_it_is() -> None:
    assert cmdline("attach", "tcp://host:1/") == ["attach", "tcp://host:1/"]


def test_nothing_happens_where_the_kernel_does_not_tell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process_title, "_argument_area", lambda: None)
    assert process_title.hide(["x"]) is False
