#!/usr/bin/env python3
"""Fail when a module, class or function grew too long.

Lines count from the first to the last, docstrings and comments included, decorators not. What has a reason to be longer
stands in ``tools/size-exceptions.toml`` with the length it may have; an exception that is no longer needed must go,
so the list can only shrink::

    [[exception]]
    path = "src/limpet/keysyms.py"
    name = ""                       # class or function, `Class.method`; empty for the module
    lines = 2400
    reason = "a table"
"""

from __future__ import annotations

import argparse
import ast
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FOLDERS = ("src", "tools", "bench", "tests/support")
LIMITS = {"module": 600, "class": 400, "function": 60}


@dataclass(frozen=True)
class Item:
    """A module, class or function; `name` is its dotted path within the module, empty for the module."""

    kind: str
    path: str
    name: str
    lines: int
    first: int

    @property
    def key(self) -> tuple[str, str]:
        return (self.path, self.name)

    def __str__(self) -> str:
        return f"{self.path}:{self.first}: {self.kind} {self.name}".rstrip()


@dataclass(frozen=True)
class Exemption:
    """What one entry of the list of exceptions allows."""

    lines: int
    reason: str


def measure(path: str, source: str) -> Iterator[Item]:
    """Yield every item of one module; `path` is only carried along."""
    yield Item("module", path, "", len(source.splitlines()), 1)
    yield from _measure(path, "", ast.parse(source, path))


def _measure(path: str, prefix: str, node: ast.AST) -> Iterator[Item]:
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from _measure(path, prefix, child)
            continue
        name = prefix + child.name
        kind = "class" if isinstance(child, ast.ClassDef) else "function"
        end = child.lineno if child.end_lineno is None else child.end_lineno
        yield Item(kind, path, name, end - child.lineno + 1, child.lineno)
        yield from _measure(path, f"{name}.", child)


def problems(items: Iterable[Item], exemptions: Mapping[tuple[str, str], Exemption]) -> list[str]:
    """Say what is too long without leave, and which leaves are stale."""
    found = []
    unused = dict(exemptions)
    for item in items:
        limit = LIMITS[item.kind]
        exemption = exemptions.get(item.key)
        if exemption is None:
            if item.lines > limit:
                found.append(f"{item} has {item.lines} lines, over {limit}: split it")
            continue
        unused.pop(item.key, None)
        if item.lines <= limit:
            found.append(f"{item} has {item.lines} lines and needs no exception any more: remove it")
        elif item.lines > exemption.lines:
            found.append(f"{item} has {item.lines} lines, over the {exemption.lines} of its exception: split it")
    found += [f"{path}: the exception for {name or 'the module'} fits nothing: remove it" for path, name in unused]
    return found


def load_exemptions(text: str) -> dict[tuple[str, str], Exemption]:
    """Read the list; raises ValueError for an entry without a path, a length or a reason, and for one given twice."""
    exemptions: dict[tuple[str, str], Exemption] = {}
    for entry in tomllib.loads(text).get("exception", []):
        match entry:
            case {"path": str(path), "lines": int(lines), "reason": str(reason)} if reason.strip():
                key = (path, entry.get("name", ""))
            case _:
                raise ValueError(f"an exception needs path, lines and a reason: {entry}")
        if key in exemptions:
            raise ValueError(f"given twice: {key}")
        exemptions[key] = Exemption(lines, reason)
    return exemptions


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="fail when a module, class or function grew too long")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args(arguments).root
    listed = root / "tools" / "size-exceptions.toml"
    exemptions = load_exemptions(listed.read_text() if listed.exists() else "")
    files = sorted(path for folder in FOLDERS for path in (root / folder).rglob("*.py"))
    found = problems(
        (item for path in files for item in measure(path.relative_to(root).as_posix(), path.read_text())), exemptions
    )
    for line in found:
        print(line)
    if not found:
        print(f"sizes of {len(files)} modules are within limits, {len(exemptions)} exceptions")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
