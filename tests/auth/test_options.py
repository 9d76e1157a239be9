"""Typed options: conversion, bounds, and messages that show no value."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from limpet.auth.module import ModuleSpec
from limpet.auth.options import option, option_names, parse_options
from limpet.errors import OptionError
from limpet.values import Secret


@dataclass(frozen=True)
class Options:
    needed: str = option("what is needed")
    on: bool = option("a switch", default=False)
    count: int = option("how many", default=3, bounds=(1, 9))
    seconds: float = option("how long", default=1.5, bounds=(0.5, 2))
    names: tuple[str, ...] = option("some names", default=())


@dataclass(frozen=True)
class SecretOptions:
    value: Secret = option("a secret")


def parse(**options: str) -> Options:
    return parse_options(Options, ModuleSpec("demo", options))


def test_defaults_stand_where_nothing_is_given() -> None:
    parsed = parse(needed="x")
    assert (parsed.needed, parsed.on, parsed.count, parsed.seconds, parsed.names) == ("x", False, 3, 1.5, ())


def test_each_type_is_converted() -> None:
    parsed = parse(needed="x", on="Yes", count=" 4 ", seconds="0.75", names="a: b")
    assert (parsed.on, parsed.count, parsed.seconds, parsed.names) == (True, 4, 0.75, ("a", "b"))
    assert parse(needed="x", on="off").on is False
    secret = parse_options(SecretOptions, ModuleSpec("demo", {"value": "pä55"})).value
    assert secret.reveal() == "pä55".encode()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("needed", "", "a text that is not empty"),
        ("on", "hunter2", "yes or no"),
        ("count", "hunter2", "a whole number"),
        ("count", "-1", "a whole number"),
        ("count", "9" * 19, "a whole number"),
        ("count", "10", "1 to 9"),
        ("seconds", "hunter2", "a number"),
        ("seconds", "nan", "a number"),
        ("seconds", "0.1", "0.5 to 2"),
        ("names", "a::b", "a list separated by colons"),
    ],
)
def test_a_wrong_value_names_the_option_and_not_the_value(name: str, value: str, message: str) -> None:
    with pytest.raises(OptionError, match=message) as caught:
        parse(**{"needed": "x", name: value})
    assert f"option {name!r}" in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_an_empty_secret_is_refused() -> None:
    with pytest.raises(OptionError, match="not empty"):
        parse_options(SecretOptions, ModuleSpec("demo", {"value": ""}))


def test_an_unknown_option_lists_the_valid_ones() -> None:
    with pytest.raises(OptionError, match="no option 'colour'") as caught:
        parse(needed="x", colour="red")
    assert "needed, on, count, seconds, names" in caught.value.hint


def test_a_missing_option_is_named_with_its_help() -> None:
    with pytest.raises(OptionError, match="needs its option 'needed'") as caught:
        parse()
    assert "demo:needed=" in caught.value.hint
    assert "what is needed" in caught.value.hint


def test_names_are_spelt_with_dashes() -> None:
    @dataclass(frozen=True)
    class Dashed:
        allow_owner: bool = option("x", default=True)

    assert option_names(Dashed) == ("allow-owner",)
