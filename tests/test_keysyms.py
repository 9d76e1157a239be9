"""Keysym names and values: a sample of facts, and the rules for characters outside the table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.keysyms import NO_SYMBOL, char_keysym, keysym_char, keysym_name, keysym_names, keysym_value


@pytest.mark.parametrize(
    ("name", "value", "char"),
    [
        ("a", 0x61, "a"),
        ("adiaeresis", 0xE4, "ä"),
        ("Return", 0xFF0D, ""),
        ("EuroSign", 0x20AC, "€"),
        ("Cyrillic_ya", 0x6D1, "я"),
        ("Armenian_FE", 0x1000556, "Ֆ"),
        ("dead_acute", 0xFE51, ""),
        ("ISO_Left_Tab", 0xFE20, ""),
        ("XF86AudioRaiseVolume", 0x1008FF13, ""),
        ("XF86VideoPhone", 0x100811A0, ""),
    ],
)
def test_a_known_key_has_its_value_name_and_character(name: str, value: int, char: str) -> None:
    assert keysym_value(name) == value
    assert keysym_name(value) == name
    assert keysym_char(value) == char
    if char:
        assert char_keysym(char) == value


def test_an_alias_has_the_value_of_the_first_name() -> None:
    assert keysym_value("Page_Up") == keysym_value("Prior") == 0xFF55
    assert keysym_name(0xFF55) == "Prior"
    assert keysym_name(0x27) == "apostrophe"


@pytest.mark.parametrize(("name", "value"), [("U20AC", 0x10020AC), ("U41", 0x41), ("0xff0d", 0xFF0D), ("0x0", None)])
def test_numeric_names_follow_the_rules_of_the_headers(name: str, value: int | None) -> None:
    assert keysym_value(name) == value


@pytest.mark.parametrize("name", ["", "nonsense", "U0009", "UD800", "U110000", "U-41", "0x", "0x1_0", "U" * 100])
def test_a_name_that_is_none_has_no_value(name: str) -> None:
    assert keysym_value(name) is None


def test_every_name_of_the_table_gives_a_value_that_has_a_name() -> None:
    assert len(keysym_names()) > 2000
    for name in keysym_names():
        value = keysym_value(name)
        assert value is not None
        canonical = keysym_name(value)
        assert canonical is not None
        assert keysym_value(canonical) == value


@given(st.characters(exclude_categories=("Cs",)))
def test_every_character_that_has_a_keysym_comes_back_from_it(char: str) -> None:
    value = char_keysym(char)
    if value == NO_SYMBOL:
        assert ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0
    else:
        assert keysym_char(value) == char
        assert keysym_name(value) is not None


def test_an_unknown_number_has_no_name() -> None:
    assert keysym_name(0) is None
    assert keysym_name(0x1FFFFFFF) is None
    assert keysym_name(-1) is None
