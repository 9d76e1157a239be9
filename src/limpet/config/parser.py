"""From the words of a command line, or the keys of a bind line or URL, to `Options`.

Not argparse: it abbreviates, cannot tell `--daemon :10` from `--daemon no`, refuses values that start with a dash,
and builds a help formatter (which looks up the terminal) for each of its options.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

from limpet.config import options as table
from limpet.config.kinds import BOOLEANS
from limpet.config.options import Options
from limpet.config.schema import Option, Scope, commands_of
from limpet.errors import OptionError
from limpet.records import dataclass
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Words:
    """What a command line says: positional `arguments`, and `options`; `wants_help` when -h or --help is there."""

    arguments: tuple[str, ...] = field(repr=False)
    """targets among them, which may hold a password"""
    options: Options
    wants_help: bool = False


def parse_words(words: Iterable[str], command: str, scope: Scope) -> Words:
    """Parse what follows the name of a command; `--` ends the options.

    Takes `--name=value`, `--name value`, `-x value`, `-xvalue`; a yes/no option may stand alone or be written
    `--no-name`. Raises `OptionError` for options that are unknown, belong to another command or have a bad value.
    """
    reader = _Reader(command, scope)
    reader.read(list(words))
    return Words(tuple(reader.arguments), table.assemble(reader.values), reader.wants_help)


def parse_bind_keys(options: Mapping[str, tuple[str, ...]], secrets: Mapping[str, Secret], flag: str) -> Options:
    """The options of a bind line, whose own option is `flag`; raises `OptionError`."""
    pairs: list[tuple[str, Any]] = [(key, value) for key, values in options.items() for value in values]
    return _parse_keys([*pairs, *secrets.items()], flag, table.by_bind_key())


def parse_url_keys(options: Mapping[str, str], secrets: Mapping[str, Secret]) -> Options:
    """The options of a target's URL; raises `OptionError`."""
    return _parse_keys([*options.items(), *secrets.items()], "the target", table.by_url_key())


def _parse_keys(pairs: list[tuple[str, Any]], where: str, keys: Mapping[str, Option]) -> Options:
    values: list[tuple[Option, str, Any]] = []
    seen: set[str] = set()
    for key, value in pairs:
        row = keys.get(key)
        if row is None:
            _check_stock_key(key, value, where, keys)
            continue
        if row.path in seen and not row.repeatable:
            raise OptionError(f"{where}: {key} is given twice")
        seen.add(row.path)
        spelling = f"{where}: {key}"
        typed = value if isinstance(value, Secret) else table.parse_value(row, spelling, value)
        values.append((row, spelling, typed))
    return table.assemble(values)


def _check_stock_key(key: str, value: str | Secret, where: str, keys: Mapping[str, Option]) -> None:
    from limpet.config.stock import stock_bind_keys

    stock = stock_bind_keys().get(key)
    if stock and isinstance(value, str):
        stock.check(f"{where}: {key}", value)
        return
    raise OptionError(f"{where}: there is no option {key} here", hint=_did_you_mean(key, keys))


def _did_you_mean(word: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(word, list(words), n=3, cutoff=0.7)
    return f"did you mean {' or '.join(close)}?" if close else ""


class _Reader:
    """Reads the words of one command line, once."""

    def __init__(self, command: str, scope: Scope) -> None:
        self._command = command
        self._scope = scope
        self.arguments: list[str] = []
        self.values: list[tuple[Option, str, Any]] = []
        self.wants_help = False

    def read(self, words: list[str]) -> None:
        words.reverse()
        while words:
            word = words.pop()
            if word == "--":
                self.arguments.extend(reversed(words))
                return
            if word in {"-h", "--help"}:
                self.wants_help = True
            elif word.startswith("--"):
                self._long(word, words)
            elif word.startswith("-") and word != "-":
                self._short(word, words)
            else:
                self.arguments.append(word)

    def _long(self, word: str, rest: list[str]) -> None:
        flag, equals, value = word.partition("=")
        given = value if equals else None
        row = table.by_flag().get(flag)
        if row:
            self._add(row, flag, given, rest)
            return
        from limpet.config.stock import stock_options  # a large table that few command lines need

        stock = stock_options().get(flag)
        if stock:
            stock.check(flag, self._stock_value(given, rest))
            return
        if flag.startswith("--no-") and given is None and self._negated("--" + flag.removeprefix("--no-")):
            return
        hint = _did_you_mean(flag, [*table.by_flag(), *stock_options()])
        raise OptionError(f"there is no option {flag}", hint=hint or f"'limpet help {self._command}' lists them")

    def _negated(self, flag: str) -> bool:
        row = table.by_flag().get(flag)
        if row and row.kind.is_flag:
            self._add(row, flag, "no", [])
            return True
        from limpet.config.stock import stock_options

        stock = stock_options().get(flag)
        if stock:
            stock.check(flag, "no")
        return stock is not None

    def _short(self, word: str, rest: list[str]) -> None:
        flag, value = word[:2], word[2:]
        row = table.by_flag().get(flag)
        if not row:
            raise OptionError(f"there is no option {flag}", hint=f"'limpet help {self._command}' lists them")
        self._add(row, flag, value.removeprefix("=") or None, rest)

    def _add(self, row: Option, flag: str, value: str | None, rest: list[str]) -> None:
        if not row.scope & self._scope:
            raise OptionError(
                f"{flag} is an option of {', '.join(commands_of(row.scope))}, not of {self._command}",
                hint=f"'limpet help {self._command}' lists those of {self._command}",
            )
        if value is None:
            if row.kind.is_flag:
                value = rest.pop() if rest and rest[-1].lower() in BOOLEANS else "yes"
            elif rest:
                value = rest.pop()
            else:
                raise OptionError(f"{flag} needs a value: {flag}={row.kind.metavar}")
        self.values.append((row, flag, table.parse_value(row, flag, value)))

    @staticmethod
    def _stock_value(value: str | None, rest: list[str]) -> str:
        if value is not None:
            return value
        return rest.pop() if rest and not rest[-1].startswith("-") else "yes"
