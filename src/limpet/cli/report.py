"""What the commands print for people: errors, hints, warnings, tables."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence

from limpet.errors import LimpetError


def print_error(error: LimpetError) -> None:
    """`limpet: error:` and, where there is a way out, `limpet: hint:` on standard error."""
    print(f"limpet: error: {printable(str(error))}", file=sys.stderr)
    if error.hint:
        print(f"limpet: hint: {printable(error.hint)}", file=sys.stderr)


def print_warnings(warnings: Iterable[str]) -> None:
    """One line each on standard error."""
    for warning in warnings:
        print(f"limpet: warning: {printable(warning)}", file=sys.stderr)


def printable(text: str) -> str:
    """`text` on one line, without control characters: a peer's words must not drive the terminal."""
    return "".join(char if char.isprintable() else f"\\x{ord(char):02x}" for char in text)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """The rows as lines, each column as wide as its widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
