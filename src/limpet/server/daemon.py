"""Going to the background once the session is ready, so that whoever started it sees what went wrong."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from pathlib import Path

from limpet.errors import ExitCode, LimpetError
from limpet.records import dataclass

MAX_REPORT = 64 * 1024


@dataclass(frozen=True, slots=True)
class Report:
    """What the background process tells the one in the terminal: lines to print, or an error."""

    lines: tuple[str, ...] = ()
    error: str = ""
    hint: str = ""
    exit_code: int = 0


class Background:
    """The background process's end: tell the terminal once, then be alone."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor

    def tell(self, report: Report) -> None:
        """Only the first call has an effect; in the foreground none has."""
        if self._descriptor is None:
            return
        descriptor, self._descriptor = self._descriptor, None
        # the one in the terminal may have been ended meanwhile; what it asked for stands
        with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "w", encoding="utf-8") as pipe:
            json.dump(
                {"lines": report.lines, "error": report.error, "hint": report.hint, "exit_code": report.exit_code},
                pipe,
            )


def detach() -> Background | Report:
    """Fork. In the background process: its end of the pipe. In the terminal's: the report, once it is there.

    To be called before any thread or event loop exists.
    """
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.fork():
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as pipe:
            return _parse(pipe.read(MAX_REPORT))
    os.close(reader)
    os.setsid()
    if os.fork():
        # not the leader of its session any more: it can never get a terminal
        os._exit(0)
    return Background(writer)


def redirect(log: Path) -> None:
    """Standard input from nowhere, output and errors to `log` (mode 0600, appended)."""
    with Path(os.devnull).open("rb") as null:
        os.dup2(null.fileno(), 0)
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.close(descriptor)


def report_of(error: LimpetError) -> Report:
    """An error as it crosses the pipe."""
    return Report(error=str(error), hint=error.hint, exit_code=int(error.exit_code))


def _parse(text: str) -> Report:
    if not text:
        return Report(
            error="the session ended before it was ready",
            hint="start it with --daemon=no to see why",
            exit_code=int(ExitCode.FAILURE),
        )
    values = json.loads(text)
    return Report(tuple(values["lines"]), values["error"], values["hint"], values["exit_code"])
