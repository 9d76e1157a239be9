"""`limpet help` and `--help`: written from the registry and the table of options."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator

from limpet.cli.registry import COMMANDS, Command, Invocation, find_command
from limpet.cli.report import columns
from limpet.config.docs import shown_default
from limpet.config.options import GROUPS, table
from limpet.config.schema import Option
from limpet.errors import ExitCode

_INDENT = " " * 6


def run(invocation: Invocation) -> int:
    """Print the overview, or the help of one command."""
    if invocation.arguments:
        print(command_help(find_command(invocation.arguments[0])))
    else:
        print(overview())
    return ExitCode.OK


def overview() -> str:
    """The commands, one line each."""
    lines = columns([(f"  {command.name}", command.summary) for command in COMMANDS.values()])
    return "\n".join(
        [
            "usage: limpet COMMAND [ARGUMENTS] [OPTIONS]",
            "",
            "Applications stay on a server, each of their windows appears on your desktop.",
            "",
            *lines,
            "",
            "On one machine: limpet start --start=xterm",
            "                limpet attach",
            "From another:   limpet setup-ssl cert.pem",
            "                limpet start --start=xterm --bind-ssl=*:443 --ssl-cert=cert.pem --auth=file:filename=PW",
            "                limpet attach ssl://SERVER/ --ssl-ca-certs=CERTIFICATE --password-file=PW",
            "",
            "'limpet help COMMAND' shows the options of a command, 'limpet --version' the version.",
        ]
    )


def command_help(command: Command, width: int = 0) -> str:
    """Usage, description and options of one command; `width` in columns, 0 asks the terminal."""
    width = width or min(shutil.get_terminal_size().columns, 110)
    lines = [f"usage: limpet {command.name} {command.usage}".rstrip(), "", f"{_sentence(command.summary)}"]
    if command.details:
        lines += textwrap.wrap(command.details, width)
    for group, (_, heading) in GROUPS.items():
        rows = [row for row in table() if row.group == group and row.flags and row.scope & command.scope]
        if rows:
            lines += ["", f"{heading}:"]
            lines += [line for row in rows for line in _option(row, width)]
    return "\n".join(lines)


def _option(row: Option, width: int) -> Iterator[str]:
    flags = [
        f"{flag}={row.kind.metavar}" if flag.startswith("--") else f"{flag} {row.kind.metavar}" for flag in row.flags
    ]
    yield f"  {', '.join([*flags[:1], *row.flags[1:]])}"
    text = _sentence(row.help)
    if row.repeatable:
        text += " May be repeated."
    default = shown_default(row)
    if default:
        text += f" Default: {default}."
    yield from textwrap.wrap(text, width, initial_indent=_INDENT, subsequent_indent=_INDENT)


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if not text.startswith("--") else f"{text}."
