"""Where a comment cites the protocol pages, there is something to find."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROTOCOL = ROOT / "docs" / "protocol"
PAGES = ("framing", "encoding", "hello", "crypto", "auth", "session-packets", "cli", "html5")
SECTION = re.compile(rf"\b({'|'.join(PAGES)})\.md ((?:[1-9]\.\d+(?:\.\d+)?(?:, | and | to )?)+)")
TRAP = re.compile(r"\btraps?(?:\.md|,|:)? (\d+)")
NAMED = re.compile(r"docs/protocol[:,] ([^)\"]+)[)\"]")


def sources() -> Iterator[tuple[str, str]]:
    for folder in ("src", "tests", "tools", "bench"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            if path != Path(__file__):
                # a citation may run over the end of a comment's line
                yield str(path.relative_to(ROOT)), re.sub(r"\s*\n\s*(?:# )?", " ", path.read_text(encoding="utf-8"))


def headings(page: Path) -> set[str]:
    """The numbers of the sections of a page."""
    return set(re.findall(r"^#+ ([1-9]\.\d+(?:\.\d+)?) ", page.read_text(encoding="utf-8"), re.MULTILINE))


def names() -> set[str]:
    """What the index of the protocol pages explains."""
    index = (PROTOCOL / "README.md").read_text(encoding="utf-8").partition("## Names used in comments")[2]
    cells = re.findall(r"^\| ([^|]+) \|", index, re.MULTILINE)
    return {name.strip() for cell in cells[1:] for name in (cell, *cell.split(", "))}


def test_sections_are_there() -> None:
    known = {page: headings(PROTOCOL / f"{page}.md") for page in PAGES}
    missing = [
        f"{path}: {page}.md {number}"
        for path, text in sources()
        for page, numbers in SECTION.findall(text)
        for number in re.findall(r"[0-9.]*[0-9]", numbers)
        if number not in known[page]
    ]
    assert missing == []


def test_traps_are_there() -> None:
    known = set(re.findall(r"^\| (\d+) \|", (PROTOCOL / "traps.md").read_text(encoding="utf-8"), re.MULTILINE))
    missing = [f"{path}: traps {number}" for path, text in sources() for number in TRAP.findall(text)]
    assert [line for line in missing if line.rpartition(" ")[2] not in known] == []


def test_names_are_in_the_index() -> None:
    known = names()
    missing = []
    for path, text in sources():
        for cited in NAMED.findall(text):
            name = re.split(r", |\.( |$)", cited.strip())[0]
            if cited.strip() not in known and name not in known and not re.fullmatch(r"\d\.\d+", name):
                missing.append(f"{path}: {cited}")
    assert missing == []


@pytest.mark.parametrize("page", PAGES)
def test_numbers_of_sections_are_in_order(page: str) -> None:
    found = re.findall(r"^## \d\.(\d+) ", (PROTOCOL / f"{page}.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [int(number) for number in found] == list(range(1, len(found) + 1))
