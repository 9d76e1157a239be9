from pathlib import Path

import pytest

from tools import size

FUNCTION = "def long():\n" + "    x = 1\n" * 60
EXCEPTION = '[[exception]]\npath = "src/a.py"\nname = "long"\nlines = {lines}\nreason = "{reason}"\n'


def found(source: str, exceptions: str = "") -> list[str]:
    return size.problems(size.measure("src/a.py", source), size.load_exemptions(exceptions))


def test_what_is_within_the_limits_passes() -> None:
    assert found("def short():\n    return 1\n") == []


def test_limits_themselves_are_allowed() -> None:
    assert found("def long():\n" + "    x = 1\n" * 59) == []
    assert found("x = 1\n" * 600) == []


def test_a_long_function_is_named_with_its_place_and_length() -> None:
    assert found("\n" + FUNCTION) == ["src/a.py:2: function long has 61 lines, over 60: split it"]


def test_a_long_async_method_is_named_with_its_class() -> None:
    source = "class Box:\n    async def fill(self):\n" + "        x = 1\n" * 60
    assert found(source) == ["src/a.py:2: function Box.fill has 61 lines, over 60: split it"]


def test_a_function_in_a_branch_is_measured() -> None:
    source = "if True:\n    def long():\n" + "        x = 1\n" * 60
    assert found(source) == ["src/a.py:2: function long has 61 lines, over 60: split it"]


def test_a_long_class_is_found() -> None:
    assert found("class Box:\n" + "    x = 1\n" * 400) == ["src/a.py:1: class Box has 401 lines, over 400: split it"]


def test_a_long_module_is_found() -> None:
    assert found("x = 1\n" * 601) == ["src/a.py:1: module has 601 lines, over 600: split it"]


def test_an_exception_with_a_reason_allows_its_length() -> None:
    assert found(FUNCTION, EXCEPTION.format(lines=61, reason="a table")) == []


def test_an_exception_does_not_allow_growth() -> None:
    lines = found(FUNCTION + "    x = 1\n", EXCEPTION.format(lines=61, reason="a table"))
    assert lines == ["src/a.py:1: function long has 62 lines, over the 61 of its exception: split it"]


def test_an_exception_that_is_no_longer_needed_must_go() -> None:
    lines = found("def long():\n    return 1\n", EXCEPTION.format(lines=61, reason="a table"))
    assert lines == ["src/a.py:1: function long has 2 lines and needs no exception any more: remove it"]


def test_an_exception_for_something_that_is_gone_must_go() -> None:
    assert found("", EXCEPTION.format(lines=61, reason="a table")) == [
        "src/a.py: the exception for long fits nothing: remove it"
    ]


def test_an_exception_without_a_reason_is_refused() -> None:
    with pytest.raises(ValueError, match="needs path, lines and a reason"):
        size.load_exemptions(EXCEPTION.format(lines=61, reason=" "))


def test_an_exception_given_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="given twice"):
        size.load_exemptions(EXCEPTION.format(lines=61, reason="a table") * 2)


def test_the_command_fails_for_a_tree_with_a_long_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x = 1\n" * 601)
    assert size.main(["--root", str(tmp_path)]) == 1
    assert "src/a.py:1: module has 601 lines" in capsys.readouterr().out


def test_the_command_passes_for_a_tree_within_limits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "a.py").write_text("x = 1\n")
    assert size.main(["--root", str(tmp_path)]) == 0
    assert "sizes of 1 modules are within limits" in capsys.readouterr().out
