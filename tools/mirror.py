#!/usr/bin/env python3
"""Fail when a module of the core lacks its own test file: ``tests/`` mirrors ``src/limpet/``.

``src/limpet/wire/framing.py`` has ``tests/wire/test_framing.py``; further files beside it are free to be named.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

CORE = ("wire", "packets", "auth", "session")


def missing(root: Path) -> Iterator[tuple[Path, Path]]:
    """Yield each module of the core without a test file, and that file, both relative to `root`."""
    source = root / "src" / "limpet"
    for package in CORE:
        for module in sorted((source / package).rglob("*.py")):
            if module.name == "__init__.py":
                continue
            inner = module.relative_to(source)
            test = Path("tests") / inner.with_name(f"test_{inner.name.lstrip('_')}")
            if not (root / test).is_file():
                yield module.relative_to(root), test


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="fail when a module of the core lacks its own test file")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    gaps = list(missing(parser.parse_args(arguments).root))
    for module, test in gaps:
        print(f"{module} has no {test}")
    if not gaps:
        print("every module of " + ", ".join(CORE) + " has its tests")
    return 1 if gaps else 0


if __name__ == "__main__":
    sys.exit(main())
