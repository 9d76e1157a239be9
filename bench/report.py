"""The table at the end of a run, for people and as Markdown alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bench.model import LIMPET, Better, Result

_VERDICT = {True: "met", False: "MISSED", None: ""}


def number(value: float | None, digits: int) -> str:
    return "-" if value is None else f"{value:,.{digits}f}"


def table(results: Sequence[Result], contenders: Sequence[str]) -> Iterator[str]:
    """Markdown, with columns wide enough to be read as text."""
    others = [name for name in contenders if name != LIMPET]
    lines = [["", "unit", LIMPET, *(f"xpra {name}" for name in others), "ratio", "better", "mark", ""]]
    for result in results:
        row = result.row
        ratio = result.ratio
        lines.append(
            [
                row.title,
                row.unit,
                *(number(result.median(name), row.digits) for name in (LIMPET, *others)),
                "-" if ratio is None else f"{ratio:.2f}",
                "lower" if row.better is Better.LESS else "higher",
                row.mark.text(row.better, row.unit) if row.mark else "",
                _VERDICT[result.met],
            ]
        )
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    rule = ["-" * width for width in widths]
    for line in (lines[0], rule, *lines[1:]):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |"
