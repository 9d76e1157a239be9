#!/usr/bin/env python3
"""Fail when a link in the documentation leads nowhere.

Looks at relative links and pictures of the Markdown files in the top folder and in ``docs/``: the file must exist and,
where the link names a heading of a Markdown file, the heading too. Addresses of other sites are not looked up.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?[^)]*\)")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*$", re.MULTILINE)
FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")


def anchors(text: str) -> set[str]:
    """Give the names under which the headings of a Markdown text can be reached."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text)):
        plain = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        name, count = plain, 0
        while name in found:
            count += 1
            name = f"{plain}-{count}"
        found.add(name)
    return found


def broken(page: Path, root: Path) -> Iterator[str]:
    """Yield one line for each link of `page` that leads nowhere."""
    for target in LINK.findall(CODE.sub("", FENCE.sub("", page.read_text()))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target, re.IGNORECASE):
            continue
        name, _, anchor = unquote(target).partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.is_relative_to(root) or not file.exists():
            yield f"{page.relative_to(root)}: no such file: {target}"
        elif anchor and file.suffix == ".md" and anchor not in anchors(file.read_text()):
            yield f"{page.relative_to(root)}: no such heading: {target}"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="fail when a link in the documentation leads nowhere")
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parent.parent)
    root = parser.parse_args(arguments).root.resolve()
    pages = sorted([*root.glob("*.md"), *root.glob("docs/**/*.md")])
    lines = [line for page in pages for line in broken(page, root)]
    for line in lines:
        print(line)
    if not lines:
        print(f"the links of {len(pages)} pages lead somewhere")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
