"""What the documentation takes from the code is up to date, and complete."""

from __future__ import annotations

from pathlib import Path

from limpet.errors import ExitCode
from limpet.packets.registry import packets
from tools import reference


def test_the_made_parts_are_up_to_date() -> None:
    old = [str(path.relative_to(reference.ROOT)) for path in reference.stale()]
    assert old == [], "run: .venv/bin/python tools/reference.py"


def test_every_packet_has_a_heading_and_all_its_names() -> None:
    page = "\n".join(reference.packet_page(reference.ROOT))
    for cls in packets.classes():
        assert f"### {cls.__name__}\n" in page
        for form in cls.forms:
            assert f"- `{form.name}` " in page


def test_every_exit_code_has_a_meaning() -> None:
    texts = reference.described(ExitCode)
    assert [code.name for code in ExitCode if not texts[code.name]] == []


def test_every_block_is_used() -> None:
    used = set()
    for path in (reference.ROOT / "docs").glob("**/*.md"):
        used |= {match[2] for match in reference.BLOCK.finditer(path.read_text())}
    assert used == set(reference.BLOCKS)


def test_a_block_between_marks_is_replaced(tmp_path: Path) -> None:
    page = tmp_path / "docs" / "page.md"
    page.parent.mkdir()
    page.write_text("before\n<!-- made: errors -->\nold\n<!-- end -->\nafter\n")
    text = reference.made(tmp_path)[page]
    assert text.startswith("before\n<!-- made: errors -->\n```\nLimpetError")
    assert text.endswith("```\n<!-- end -->\nafter\n")
    assert "old" not in text
