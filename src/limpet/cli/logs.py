"""Logging as `--debug` and `--log-file` ask; known secrets are taken out of every line as a second belt."""

from __future__ import annotations

import base64
import logging
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

from limpet.config.options import GeneralOptions
from limpet.config.redact import HIDDEN
from limpet.errors import ConfigError, ExitCode, OptionError
from limpet.values import Secret

SHORTEST = 4
"""Bytes of the shortest secret that is looked for: one of three letters would be found in every other word."""

_PARTS = frozenset({"auth", "cli", "client", "config", "net", "packets", "picture", "server", "session", "wire", "x11"})
_STOCK_CATEGORIES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "crypto": ("wire", "session"),
        "encoding": ("picture",),
        "focus": ("x11", "client"),
        "keyboard": ("x11", "client"),
        "network": ("net",),
        "protocol": ("wire",),
        "ssl": ("net",),
        "window": ("x11", "client"),
    }
)
"""xpra's names for what it logs -> parts of limpet."""


class Redactor:
    """Replaces known secrets in texts, as they are, in hex and in base64."""

    def __init__(self, secrets: Iterable[Secret | str]) -> None:
        spellings: set[str] = set()
        for secret in secrets:
            value = secret.reveal() if isinstance(secret, Secret) else secret.encode("utf-8", "surrogateescape")
            if len(value) >= SHORTEST:
                spellings.update(_spellings(value))
        self._spellings: Sequence[str] = sorted(spellings, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for spelling in self._spellings:
            text = text.replace(spelling, HIDDEN)
        return text


class RedactingFormatter(logging.Formatter):
    """Formats a record, tracebacks included, and cleans the whole: a filter would not see the tracebacks."""

    def __init__(self, layout: str, redactor: Redactor) -> None:
        super().__init__(layout)
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        return self._redactor.clean(super().format(record))


class TerminalFormatter(RedactingFormatter):
    """For people: a warning and an error say so, as those of `cli.report` do."""

    def format(self, record: logging.LogRecord) -> str:
        word = "error: " if record.levelno >= logging.ERROR else "warning: " if record.levelno > logging.INFO else ""
        return f"limpet: {word}{super().format(record)}"


class FileHandler(logging.StreamHandler[TextIO]):
    """A handler that closes its file, which has the mode that `open_log` gives it."""

    def __init__(self, path: Path) -> None:
        super().__init__(open_log(path))

    def close(self) -> None:
        super().close()
        self.stream.close()


def set_up_logging(
    options: GeneralOptions, secrets: Iterable[Secret | str], *, level: int = logging.WARNING, dated: bool = False
) -> None:
    """Log to `--log-file`, else to standard error; parts named by `--debug` at DEBUG, others from `level` on.

    `dated`: standard error is a file that is read later, so lines have time and part as those of `--log-file` have.

    Raises `OptionError` for a part that does not exist, `ConfigError` when the file cannot be opened.
    """
    names = debug_loggers(options.debug)
    handler = FileHandler(Path(options.log_file)) if options.log_file else logging.StreamHandler(sys.stderr)
    redactor = Redactor(secrets)
    if names or options.log_file or dated:
        handler.setFormatter(RedactingFormatter("%(asctime)s %(levelname)s %(name)s: %(message)s", redactor))
    else:
        handler.setFormatter(TerminalFormatter("%(message)s", redactor))
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
        old.close()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("limpet").setLevel(level)
    for name in names:
        logging.getLogger(name).setLevel(logging.DEBUG)


def open_log(path: Path) -> TextIO:
    """Open for appending, line by line; a new file has mode 0600."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"--log-file={path}: {error.strerror}", hint="name a file that you can write", exit_code=ExitCode.IO_ERROR
        ) from error
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace", buffering=1)


def debug_loggers(parts: Iterable[str]) -> tuple[str, ...]:
    """The loggers behind the words of `--debug`; raises `OptionError` for a word that names none."""
    names: list[str] = []
    for part in parts:
        if part == "all":
            names.append("limpet")
        elif part in _STOCK_CATEGORIES:
            names += [f"limpet.{name}" for name in _STOCK_CATEGORIES[part]]
        elif part.partition(".")[0] in _PARTS:
            names.append(f"limpet.{part}")
        else:
            raise OptionError(
                f"--debug: there is no part {part!r}",
                hint=f"parts are all, {', '.join(sorted([*_PARTS, *_STOCK_CATEGORIES]))}",
            )
    return tuple(dict.fromkeys(names))


def _spellings(value: bytes) -> set[str]:
    encoded = base64.b64encode(value).decode()
    return {
        value.decode("utf-8", "backslashreplace"),
        repr(value)[2:-1],
        value.hex(),
        value.hex().upper(),
        encoded,
        encoded.rstrip("="),
        base64.urlsafe_b64encode(value).decode(),
    }
