from pathlib import Path

import pytest

from tools import mirror


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in ("src/limpet/wire", "src/limpet/auth/modules", "src/limpet/server", "tests/wire", "tests/auth/modules"):
        (tmp_path / name).mkdir(parents=True)
    return tmp_path


def gaps(tree: Path) -> list[tuple[str, str]]:
    return [(module.as_posix(), test.as_posix()) for module, test in mirror.missing(tree)]


def test_a_module_with_its_test_file_passes(tree: Path) -> None:
    (tree / "src/limpet/wire/framing.py").touch()
    (tree / "tests/wire/test_framing.py").touch()
    assert gaps(tree) == []


def test_a_module_without_its_test_file_is_named(tree: Path) -> None:
    (tree / "src/limpet/wire/framing.py").touch()
    assert gaps(tree) == [("src/limpet/wire/framing.py", "tests/wire/test_framing.py")]


def test_inner_packages_are_mirrored_too(tree: Path) -> None:
    (tree / "src/limpet/auth/modules/file.py").touch()
    assert gaps(tree) == [("src/limpet/auth/modules/file.py", "tests/auth/modules/test_file.py")]


def test_a_private_module_has_a_test_file_without_the_underscore(tree: Path) -> None:
    (tree / "src/limpet/wire/_table.py").touch()
    assert gaps(tree) == [("src/limpet/wire/_table.py", "tests/wire/test_table.py")]


def test_package_files_and_other_layers_need_none(tree: Path) -> None:
    (tree / "src/limpet/wire/__init__.py").touch()
    (tree / "src/limpet/server/app.py").touch()
    assert gaps(tree) == []


def test_the_command_fails_when_something_is_missing(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "src/limpet/wire/framing.py").touch()
    assert mirror.main(["--root", str(tree)]) == 1
    assert capsys.readouterr().out == "src/limpet/wire/framing.py has no tests/wire/test_framing.py\n"


def test_the_command_passes_for_a_complete_tree(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mirror.main(["--root", str(tree)]) == 0
    assert "has its tests" in capsys.readouterr().out
