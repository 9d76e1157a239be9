"""`limpet attach`: the windows of a session on this desktop."""

from __future__ import annotations

import sys

from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import print_warnings, printable
from limpet.cli.target import connect_plan
from limpet.client.app import attach
from limpet.client.memory import PeerMemory, memory_file
from limpet.client.ui.qt import QtUi
from limpet.config.schema import Scope


def run(invocation: Invocation) -> int:
    """Attach, and stay until the session ends or the user leaves."""
    plan = connect_plan(invocation, invocation.arguments, Scope.ATTACH)
    set_up_logging(invocation.options.general, plan.secrets())
    print_warnings(plan.warnings)
    return attach(plan, QtUi, PeerMemory(memory_file(invocation.environment.state_home)), _tell)


def _tell(line: str) -> None:
    print(f"limpet: {printable(line)}", file=sys.stderr, flush=True)
