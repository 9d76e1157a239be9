"""Going to the background, in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from limpet.errors import ConfigError, ExitCode
from limpet.server.daemon import Background, Report, report_of

ROOT = Path(__file__).resolve().parents[2]


def start(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run `script`; returns when the process in the terminal has ended, whatever the background one does."""
    head = f"""
        import os, sys
        from pathlib import Path
        from limpet.server import daemon
        folder = Path({str(folder)!r})
    """
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(head) + textwrap.dedent(script)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )


def test_the_terminal_gets_the_report_and_the_background_goes_on_without_it(tmp_path: Path) -> None:
    script = """
        end = daemon.detach()
        if isinstance(end, daemon.Report):
            print(end.lines)
            sys.exit(0)
        daemon.redirect(folder / "log")
        end.tell(daemon.Report(("ready", "on :7")))
        end.tell(daemon.Report(error="told too late"))
        print("session", os.getsid(0) != os.getpid(), os.getppid() != 0, flush=True)
        print("error", file=sys.stderr, flush=True)
        assert sys.stdin.read() == ""
        (folder / "done").touch()
    """
    done = start(script, tmp_path)
    assert done.stdout == "('ready', 'on :7')\n"
    assert done.stderr == ""
    while not (tmp_path / "done").exists():
        os.sched_yield()
    log = tmp_path / "log"
    assert log.read_text() == "session True True\nerror\n"
    assert log.stat().st_mode & 0o777 == 0o600


def test_an_error_comes_back_with_its_hint_and_code(tmp_path: Path) -> None:
    script = """
        from limpet.errors import ConfigError
        end = daemon.detach()
        if isinstance(end, daemon.Report):
            print(end.error, end.hint, end.exit_code)
            sys.exit(0)
        end.tell(daemon.report_of(ConfigError("it is wrong", hint="make it right")))
    """
    assert start(script, tmp_path).stdout == f"it is wrong make it right {int(ExitCode.USAGE)}\n"


def test_a_background_that_dies_without_a_word_is_an_error(tmp_path: Path) -> None:
    script = """
        end = daemon.detach()
        if isinstance(end, daemon.Report):
            print(end.error, end.exit_code)
            sys.exit(0)
        os._exit(3)
    """
    assert start(script, tmp_path).stdout == f"the session ended before it was ready {int(ExitCode.FAILURE)}\n"


def test_a_terminal_that_is_gone_ends_nothing() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    Background(writer).tell(Report(("line",)))
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.close(writer)


def test_in_the_foreground_there_is_nobody_to_tell() -> None:
    Background(None).tell(Report(("line",)))


@pytest.mark.parametrize("code", [ExitCode.USAGE, ExitCode.VFB_ERROR])
def test_a_report_of_an_error_is_complete(code: ExitCode) -> None:
    error = ConfigError("what", hint="why", exit_code=code)
    assert report_of(error) == Report(error="what", hint="why", exit_code=int(code))
