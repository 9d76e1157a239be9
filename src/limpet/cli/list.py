"""`limpet list`: the sessions of this user on this machine."""

from __future__ import annotations

from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import columns, printable
from limpet.server.sessiondir import find_sessions


def run(invocation: Invocation) -> int:
    """Print a line per session; says so when there is none."""
    set_up_logging(invocation.options.general, invocation.environment.secrets())
    sessions = find_sessions(invocation.environment)
    if not sessions:
        print("no sessions; 'limpet start --start=xterm' makes one")
        return 0
    rows = [("DISPLAY", "STATE", "PID", "STARTED", "NAME", "LISTENING")]
    for session in sessions:
        info = session.info
        listening = [line.split(": ")[0].removeprefix("listening on ") for line in info.listeners]
        rows.append(
            (
                f":{session.number}",
                session.state.value,
                str(session.pid or "-"),
                info.started or "-",
                printable(info.name) or "-",
                ", ".join(listening) or "-",
            )
        )
    for line in columns(rows):
        print(line)
    return 0
