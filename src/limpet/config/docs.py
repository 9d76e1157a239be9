"""The reference of options as Markdown: `python -m limpet.config.docs > docs/reference/options.md`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from limpet.config.options import GROUPS, table
from limpet.config.schema import Option, commands_of
from limpet.config.stock import stock_bind_keys, stock_options

_HEAD = """\
# Options

Made by `python -m limpet.config.docs` from the table of options; do not edit.

Values follow an option as `--option=value` or `--option value`. Yes/no options take yes, no, true, false, on, off, 1
and 0, stand alone for yes, and may be written `--no-option`. Options marked *bind line* are also taken after the
address of `--bind`, `--bind-tcp` and `--bind-ssl` (`--bind-tcp=:10000,KEY=VALUE,...`, for this listener only), those
marked *URL* in a target (`tcp://HOST:PORT/?KEY=VALUE&...`); both win over the command line. Commas within a value of
a bind line need parentheses: `auth=file(filename=a,prompt=b)`.
"""

_STOCK = """\
## Options of xpra

So that command lines written for xpra keep working, these are taken with the values named, which say what limpet does
anyway. Any other value stops the command: an option is never taken and then not applied.
"""


def reference() -> str:
    """The whole page."""
    parts = [_HEAD]
    for group, (_, heading) in GROUPS.items():
        parts.append(f"## {heading}\n")
        parts.extend(_entry(row) for row in table() if row.group == group)
    parts.append(_STOCK)
    parts.append("\n".join(_stock_rows()) + "\n")
    return "\n".join(parts)


def _entry(row: Option) -> str:
    heads = [f"`{flag}={row.kind.metavar}`" if flag.startswith("--") else f"`{flag}`" for flag in row.flags]
    title = ", ".join(heads or [f"`{row.flag}{row.kind.metavar}`"])
    facts = []
    commands = commands_of(row.scope)
    if commands:
        facts.append(f"Commands: {', '.join(commands)}.")
    if row.bind_keys:
        facts.append(f"Bind line: {', '.join(f'`{key}=`' for key in row.bind_keys)}.")
    if row.url_keys:
        facts.append(f"URL: {', '.join(f'`{key}=`' for key in row.url_keys)}.")
    if row.repeatable:
        facts.append("May be repeated.")
    default = shown_default(row)
    if default:
        facts.append(f"Default: {default}.")
    return f"### {title}\n\n{row.help}.\n\n{' '.join(facts)}\n"


def shown_default(row: Option) -> str:
    """The default for a reader; empty when there is nothing to say."""
    if row.shown_default:
        return row.shown_default
    if isinstance(row.default, bool):
        return "yes" if row.default else "no"
    return "" if row.default in {None, "", ()} else str(row.default)


def _stock_rows() -> Iterator[str]:
    yield "| option | taken with | otherwise |"
    yield "|---|---|---|"
    for table_of in (stock_options(), stock_bind_keys()):
        for flag, row in sorted(table_of.items()):
            spelling = flag if flag.startswith("--") else f"{flag}= (bind line)"
            accepted = ", ".join(sorted(row.accepted)) or "nothing"
            yield f"| `{spelling}` | {accepted} | limpet does not have {row.what} |"


def main() -> int:
    """Print the page."""
    sys.stdout.write(reference())
    return 0


if __name__ == "__main__":
    sys.exit(main())
