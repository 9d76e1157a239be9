"""From the words of a command line to the plan of a connection: finds the socket of `:N`, or of the only session."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING

from limpet.cli.registry import Invocation
from limpet.client.plan import ConnectPlan, plan_connection
from limpet.config.schema import Scope
from limpet.errors import ConnectionFailed, ExitCode
from limpet.net.endpoint import Target, parse_target

if TYPE_CHECKING:
    from limpet.server.sessiondir import Session


def connect_plan(invocation: Invocation, words: tuple[str, ...], scope: Scope) -> ConnectPlan:
    """`words` is the target, or nothing. Raises `LimpetError`."""
    target = parse_target(words[0]) if words else _only_session(invocation)
    if target.needs_lookup:
        target = dataclasses.replace(target, path=_socket_of(invocation, target))
    return plan_connection(invocation.options, target, invocation.environment, base=Path.cwd(), scope=scope)


def _socket_of(invocation: Invocation, target: Target) -> str:
    from limpet.server.sessiondir import State, find_sessions, find_stock_socket

    number = int(target.display.lstrip(":"))
    found = [session for session in find_sessions(invocation.environment) if session.number == number]
    if found and found[0].state is State.LIVE:
        return str(found[0].socket)
    stock = find_stock_socket(invocation.environment, number)
    if stock is not None:
        return str(stock)
    if found and found[0].state is State.STARTING:
        raise ConnectionFailed(
            f"the session :{number} does not answer",
            hint="it may still be starting",
            exit_code=ExitCode.SERVER_NOT_FOUND,
        )
    raise ConnectionFailed(
        f"there is no session :{number} of yours on this machine",
        hint="'limpet list' shows those that run",
        exit_code=ExitCode.SERVER_NOT_FOUND,
    )


def _only_session(invocation: Invocation) -> Target:
    from limpet.server.sessiondir import State, find_sessions

    live: list[Session] = [each for each in find_sessions(invocation.environment) if each.state is State.LIVE]
    if not live:
        raise ConnectionFailed(
            "no session of yours runs on this machine",
            hint="start one: limpet start --start=xterm, or name a target: tcp://HOST:PORT/",
            exit_code=ExitCode.SERVER_NOT_FOUND,
        )
    if len(live) > 1:
        names = ", ".join(f":{session.number}" for session in live)
        raise ConnectionFailed(
            f"there are several sessions: {names}",
            hint=f"name one: limpet {invocation.command} :{live[0].number}",
            exit_code=ExitCode.USAGE,
        )
    return Target("unix", path=str(live[0].socket), display=f":{live[0].number}")
