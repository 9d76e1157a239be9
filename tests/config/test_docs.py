"""The reference page is made from the table and up to date."""

from __future__ import annotations

from pathlib import Path

import pytest

from limpet.config import docs
from limpet.config.options import table
from limpet.config.stock import stock_bind_keys, stock_options

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "options.md"


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == docs.reference(), (
        "run: python -m limpet.config.docs > docs/reference/options.md"
    )


def test_every_option_has_an_entry() -> None:
    page = docs.reference()
    for row in table():
        for spelling in (*row.flags, *(f"{key}=" for key in (*row.bind_keys, *row.url_keys))):
            assert f"`{spelling}" in page
    for flag in (*stock_options(), *stock_bind_keys()):
        assert f"| `{flag}" in page


def test_the_page_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert docs.main() == 0
    assert capsys.readouterr().out == docs.reference()
