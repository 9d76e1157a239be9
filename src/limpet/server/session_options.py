"""Checks of the options of `limpet start` that need no listener and no X server."""

from __future__ import annotations

import re

from limpet.config.options import Options, SessionOptions
from limpet.errors import OptionError
from limpet.net.endpoint import parse_bind
from limpet.server.children import split_command

MAX_DISPLAY = 59535
"""TCP ports of X servers are 6000 + N"""


def display_number(text: str) -> int | None:
    """The number in ":N" or "N"; None for an empty text: the X server takes a free one. Raises `OptionError`."""
    if not text:
        return None
    match = re.fullmatch(r":?([0-9]{1,5})(?:\.0)?", text, re.ASCII)
    if not match or int(match[1]) > MAX_DISPLAY:
        # not repeated: somebody may have typed a URL with a password
        raise OptionError(
            "start: the display is a number as in :10",
            hint="leave it out for a free one; sessions are started on this machine only",
        )
    return int(match[1])


def check_session(session: SessionOptions) -> None:
    """Raise `ConfigError` for commands that do not parse and options that contradict each other."""
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


def auth_values(options: Options) -> tuple[str, ...]:
    """The values of all authentication options, those of bind lines too."""
    auth, listen = options.auth, options.listen
    lines = [("unix", text) for text in listen.bind]
    lines += [("tcp", text) for text in listen.bind_tcp] + [("ssl", text) for text in listen.bind_ssl]
    own = [value for kind, text in lines for value in parse_bind(kind, text).options.get("auth", ())]
    return (*auth.auth, *auth.tcp_auth, *auth.ssl_auth, *own)
