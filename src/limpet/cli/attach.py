"""`limpet attach`: plan the connection, then show the session's windows on this desktop."""

from __future__ import annotations

import gc
import sys
from pathlib import Path

from limpet.allocator import keep_freed_memory
from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import print_warnings, printable
from limpet.cli.targets import find_target
from limpet.client.plan import ConnectPlan, plan_connection
from limpet.config.schema import Scope

COLLECT_EVERY = 10_000
"""new objects between two rounds of the garbage collector, each of which takes about 1 ms then"""


def plan(invocation: Invocation) -> ConnectPlan:
    """The connection that the command line asks for; raises `ConfigError`."""
    target = find_target(invocation.arguments[0] if invocation.arguments else "", invocation.environment)
    return plan_connection(invocation.options, target, invocation.environment, base=Path.cwd(), scope=Scope.ATTACH)


def run(invocation: Invocation) -> int:
    """Attach, and stay until the session ends or the user leaves."""
    planned = plan(invocation)
    set_up_logging(invocation.options.general, planned.secrets())
    print_warnings(planned.warnings)
    # not before the command line has been checked: what is wrong with it shows at once
    from limpet.client.app import attach
    from limpet.client.memory import PeerMemory, memory_file
    from limpet.client.ui.qt import QtUi

    memory = PeerMemory(memory_file(invocation.environment.state_home))
    return attach(planned, QtUi, memory, _tell, on_attached=_settle)


def _settle() -> None:
    """What was loaded so far stays: the garbage collector does not look at it again and again."""
    gc.freeze()
    gc.set_threshold(COLLECT_EVERY)
    keep_freed_memory()


def _tell(line: str) -> None:
    print(f"limpet: {printable(line)}", file=sys.stderr, flush=True)
