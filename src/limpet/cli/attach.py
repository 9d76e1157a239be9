"""`limpet attach`: plan the connection, then show the session's windows."""

from __future__ import annotations

from pathlib import Path

from limpet.cli import bodies
from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import print_warnings
from limpet.cli.targets import find_target
from limpet.client.plan import ConnectPlan, plan_connection
from limpet.config.schema import Scope


def plan(invocation: Invocation) -> ConnectPlan:
    """The connection that the command line asks for; raises `ConfigError`."""
    target = find_target(invocation.arguments[0] if invocation.arguments else "", invocation.environment)
    return plan_connection(invocation.options, target, invocation.environment, base=Path.cwd(), scope=Scope.ATTACH)


def run(invocation: Invocation) -> int:
    """Attach to the session."""
    planned = plan(invocation)
    set_up_logging(invocation.options.general, planned.secrets())
    print_warnings(planned.warnings)
    return bodies.load(bodies.ATTACH)(planned)
