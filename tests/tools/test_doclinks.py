from pathlib import Path

import pytest

from tools import doclinks


def lines(root: Path, text: str) -> list[str]:
    page = root / "README.md"
    page.write_text(text)
    return list(doclinks.broken(page, root))


def test_links_to_files_and_headings_that_are_there_pass(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "security.md").write_text("# Security\n## What `limpet` does, and why\n")
    text = (
        "[all](docs/security.md) [part](docs/security.md#what-limpet-does-and-why) [here](#top) ![p](docs/security.md)"
    )
    assert lines(tmp_path, f"# Top\n{text}\n") == []


def test_a_link_to_a_missing_file_is_named(tmp_path: Path) -> None:
    assert lines(tmp_path, "see [this](docs/gone.md)") == ["README.md: no such file: docs/gone.md"]


def test_a_link_to_a_missing_heading_is_named(tmp_path: Path) -> None:
    assert lines(tmp_path, "# Top\n[there](#bottom)") == ["README.md: no such heading: #bottom"]


def test_a_link_out_of_the_project_is_named(tmp_path: Path) -> None:
    inner = tmp_path / "project"
    inner.mkdir()
    (tmp_path / "other.md").touch()
    assert lines(inner, "[out](../other.md)") == ["README.md: no such file: ../other.md"]


def test_other_sites_and_code_are_left_alone(tmp_path: Path) -> None:
    text = "[site](https://example.org/x) [mail](mailto:a@example.org) `[a](b)`\n```\n[c](d)\n```\n"
    assert lines(tmp_path, text) == []


def test_headings_of_the_same_name_are_numbered() -> None:
    assert doclinks.anchors("# Use\n## Use\n") == {"use", "use-1"}


def test_the_command_fails_for_a_broken_link(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("[x](gone)")
    assert doclinks.main(["--root", str(tmp_path)]) == 1
    assert capsys.readouterr().out == "README.md: no such file: gone\n"


def test_the_command_passes_where_all_links_lead_somewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "README.md").write_text("# limpet\n")
    assert doclinks.main(["--root", str(tmp_path)]) == 0
    assert "1 pages" in capsys.readouterr().out
