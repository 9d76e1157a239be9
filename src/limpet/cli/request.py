"""The commands that ask a server something, or tell it something, and end: detach, stop, exit, info, version, id ..."""

from __future__ import annotations

from pathlib import Path

from limpet.cli import bodies
from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.cli.report import print_warnings
from limpet.cli.targets import find_target
from limpet.client.plan import RequestPlan, plan_connection
from limpet.config.schema import Scope


def plan(invocation: Invocation) -> RequestPlan:
    """The request that the command line asks for; raises `ConfigError`."""
    arguments = list(invocation.arguments)
    output = arguments.pop(0) if invocation.command == "screenshot" else ""
    target = find_target(arguments[0] if arguments else "", invocation.environment)
    connection = plan_connection(
        invocation.options, target, invocation.environment, base=Path.cwd(), scope=Scope.REQUEST
    )
    return RequestPlan(invocation.command, connection, output)


def run(invocation: Invocation) -> int:
    """Ask, print the answer."""
    planned = plan(invocation)
    set_up_logging(invocation.options.general, planned.connection.secrets())
    print_warnings(planned.connection.warnings)
    return bodies.load(bodies.REQUEST)(planned)
