"""Entry point of `limpet`: reads the command line, runs one command, turns errors into text and exit status."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from limpet import __version__
from limpet.cli.report import print_error
from limpet.errors import ExitCode, LimpetError, OptionError

if TYPE_CHECKING:
    from limpet.cli.registry import Command, Invocation
    from limpet.config.parser import Words

INTERRUPTED = 130
"""exit status after Ctrl-C: 128 + SIGINT, as shells have it"""
BROKEN_PIPE = 141
"""exit status when the reader of standard output went away: 128 + SIGPIPE"""

COLLECT_EVERY = 100_000
"""new objects between two rounds of the garbage collector: more than modules make while they load. With Python's 700
it runs 60 times for nothing. What stays longer than one command sets its own."""


def run_program() -> NoReturn:
    """`main` as a process of its own: quick to start, and over as soon as it is done."""
    gc.set_threshold(COLLECT_EVERY)
    status = main()
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            # a reader that is gone gets nothing more
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    if logging := sys.modules.get("logging"):
        logging.shutdown()
    # taking the interpreter apart takes 15 ms, and all that was opened is closed
    os._exit(status)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `argv` (without the program's name; None: the process's own) and return the exit status."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        status = _run(words)
        sys.stdout.flush()
    except LimpetError as error:
        print_error(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # what is still buffered has nowhere to go, and must not raise once more at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return int(status)


def _run(words: list[str]) -> int:
    if not words:
        from limpet.cli.help import overview

        print(overview(), file=sys.stderr)
        return ExitCode.USAGE
    if words[0] in {"-V", "--version"}:
        print(f"limpet {__version__}")
        return ExitCode.OK
    if words[0] in {"-h", "--help"}:
        words = ["help", *words[1:]]
    if words[0].startswith("-"):
        raise OptionError("the command comes first, then its options", hint="limpet COMMAND [OPTIONS]")
    from limpet.cli.registry import find_command
    from limpet.config.parser import parse_words

    command = find_command(words[0])
    parsed = parse_words(words[1:], command.name, command.scope)
    if parsed.wants_help:
        from limpet.cli.help import command_help

        print(command_help(command))
        return ExitCode.OK
    command.check_arguments(len(parsed.arguments))
    return command.load()(_invocation(command, words, parsed))


def _invocation(command: Command, words: list[str], parsed: Words) -> Invocation:
    from limpet.cli.registry import Invocation
    from limpet.config.credentials import read_environment
    from limpet.config.redact import redacted, secrets_in

    secrets = secrets_in(words)
    if secrets:
        from limpet.cli.process_title import hide

        hide(secrets)
    return Invocation(command.name, parsed.arguments, parsed.options, read_environment(), redacted(words))


if __name__ == "__main__":
    run_program()
