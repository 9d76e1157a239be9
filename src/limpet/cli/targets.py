"""From what was typed as TARGET to something that can be connected to: finds the sockets of sessions."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from limpet.config.credentials import Environment
from limpet.errors import ConfigError, EndpointError, ExitCode
from limpet.net.endpoint import Target, parse_target

if TYPE_CHECKING:
    from limpet.server.sessiondir import Session


def find_target(text: str, environment: Environment) -> Target:
    """The target `text`; empty means the only live session. Raises `ConfigError` when there is none."""
    if text:
        target = parse_target(text)
        return _with_socket(target, environment) if target.needs_lookup else target
    return _only_session(environment)


def _with_socket(target: Target, environment: Environment) -> Target:
    from limpet.server.sessiondir import State, find_sessions, find_stock_socket

    _need_unix()
    number = int(target.display[1:])
    for session in find_sessions(environment):
        if session.number != number:
            continue
        if session.state is State.LIVE:
            return replace(target, path=_socket_path(session))
        if session.state is State.STARTING:
            raise _not_found(f"session :{number} does not answer (process {session.pid})", "is it still starting?")
        if session.state is State.EXITED:
            raise _not_found(
                f"the server of :{number} has ended by 'limpet exit', its display runs on",
                f"kill {session.pid} ends the display and its programs",
            )
    stock = find_stock_socket(environment, number)
    if stock is not None:
        return replace(target, path=str(stock))
    raise _not_found(f"there is no session :{number} of yours on this machine", "'limpet list' shows those there are")


def _only_session(environment: Environment) -> Target:
    from limpet.server.sessiondir import State, find_sessions

    _need_unix()
    running = [session for session in find_sessions(environment) if session.state is State.LIVE]
    live = [session for session in running if session.has_socket] or running[:1]
    if not live:
        raise _not_found("there is no live session of yours on this machine", "name a target: limpet help attach")
    if len(live) > 1:
        names = ", ".join(f":{session.number}" for session in live)
        raise ConfigError(f"there are several sessions: {names}", hint="name one of them")
    return Target("unix", path=_socket_path(live[0]), display=f":{live[0].number}")


def _socket_path(session: Session) -> str:
    if not session.has_socket:
        where = ", ".join(line.split(": ")[0].removeprefix("listening on ") for line in session.info.listeners)
        raise _not_found(f"session :{session.number} has no unix socket; it listens on {where}", "name that as target")
    return str(session.socket)


def _need_unix() -> None:
    if sys.platform == "win32":
        raise EndpointError("there are no sessions on Windows", hint="name a target such as ssl://HOST:PORT/")


def _not_found(message: str, hint: str) -> ConfigError:
    return ConfigError(message, hint=hint, exit_code=ExitCode.SERVER_NOT_FOUND)
