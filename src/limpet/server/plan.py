"""Everything that `limpet start` decides before anything starts, as frozen values."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from limpet.auth.modules.system import SystemModuleEnv
from limpet.config.credentials import Environment, scrubbed_environment, variables_of_modules
from limpet.config.options import GeneralOptions, Options, SessionOptions
from limpet.errors import OptionError
from limpet.net.endpoint import parse_bind
from limpet.server.children import split_command
from limpet.server.listeners import ListenPlan, PlanContext, plan_listeners
from limpet.values import Secret

_SET_BY_THE_SESSION = ("DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY")
"""Variables of the desktop that the command was typed on, which the session's programs must not use."""


@dataclass(frozen=True, slots=True)
class StartPlan:
    """A session to be started. `display` None: the X server takes a free number.

    `environment` is what the session's programs get, but for DISPLAY and XAUTHORITY. `words` are those of the command
    line, without secrets. `variables` is the server's own environment, for authentication modules.
    """

    display: int | None
    session: SessionOptions
    listen: ListenPlan
    general: GeneralOptions
    environment: Mapping[str, str] = field(repr=False)
    variables: Mapping[str, str] = field(repr=False)
    credentials: Environment
    base: Path
    words: tuple[str, ...]

    def secrets(self) -> tuple[Secret, ...]:
        """What must not appear in a log."""
        found = list(self.credentials.secrets())
        for plan in self.listen.listeners:
            found += [secret for secret in (plan.aes and plan.aes.key, plan.tls and plan.tls.key_password) if secret]
        return tuple(found)


def plan_start(
    display: str,
    options: Options,
    credentials: Environment,
    *,
    variables: Mapping[str, str],
    base: Path,
    words: tuple[str, ...],
) -> StartPlan:
    """Check what can be checked and plan the rest; `display` is ":N", "N" or empty. Raises `ConfigError`."""
    number = _display_number(display)
    _check_session(options.session)
    named = variables_of_modules(_all_auth(options))
    context = PlanContext(credentials, SystemModuleEnv(variables, base=base, hidden=named), base, words)
    return StartPlan(
        display=number,
        session=options.session,
        listen=plan_listeners(options, context),
        general=options.general,
        environment=scrubbed_environment(variables, drop=[*named, *_SET_BY_THE_SESSION], add=dict(options.session.env)),
        variables=variables,
        credentials=credentials,
        base=base,
        words=words,
    )


def _display_number(display: str) -> int | None:
    if not display:
        return None
    match = re.fullmatch(r":?([0-9]{1,5})(?:\.0)?", display, re.ASCII)
    if not match or int(match[1]) > 59535:
        # not repeated: somebody may have typed a URL with a password
        raise OptionError(
            "start: the display is a number as in :10", hint="sessions are started on this machine; leave out the rest"
        )
    return int(match[1])


def _check_session(session: SessionOptions) -> None:
    for command in (*session.start, *session.start_child):
        split_command(command)
    if session.exit_with_children and not session.start_child:
        raise OptionError("--exit-with-children waits for --start-child, and there is none", hint="add --start-child")
    size, most = session.resize.size, session.xvfb_geometry
    if size and (size.width > most.width or size.height > most.height):
        raise OptionError(
            f"--resize={size.width}x{size.height} is larger than --xvfb-geometry={most.width}x{most.height}",
            hint="raise --xvfb-geometry",
        )


def _all_auth(options: Options) -> tuple[str, ...]:
    """The values of all authentication options, those of bind lines too."""
    auth, listen = options.auth, options.listen
    lines = [("unix", text) for text in listen.bind]
    lines += [("tcp", text) for text in listen.bind_tcp] + [("ssl", text) for text in listen.bind_ssl]
    own = [value for kind, text in lines for value in parse_bind(kind, text).options.get("auth", ())]
    return (*auth.auth, *auth.tcp_auth, *auth.ssl_auth, *own)
