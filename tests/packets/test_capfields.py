# no `from __future__ import annotations`: the table reads the field types as objects

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limpet.errors import PacketError
from limpet.packets import capabilities, capgroups
from limpet.packets.capfields import (
    MISSING,
    Capabilities,
    Spelling,
    cap,
    group,
    is_mapping,
    keys_of,
    lookup,
    spelling_of,
    text_keys,
)
from limpet.packets.declared import declared
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.fields import SizePx, TextMap
from limpet.values import Size
from tests.packets.support import DIALECTS, capabilities_of, through, wire

GROUPS: tuple[type[Capabilities], ...] = (
    capgroups.DisplayCaps,
    capgroups.WindowCaps,
    capgroups.EncodingCaps,
    capgroups.Keymap,
    capgroups.InputCaps,
    capgroups.ClipboardCaps,
    capgroups.NotificationCaps,
    capgroups.FileCaps,
    capgroups.AudioCaps,
    capgroups.NetworkCaps,
    capabilities.ClientHello,
    capabilities.ServerHello,
)


@declared
class Sample(Capabilities):
    names: tuple[str, ...] = cap("encodings", "encoding/options encodings/", default=())
    core: tuple[str, ...] = cap("encodings.core", "encoding/core encodings/core", default=())
    setting: str = cap("encoding", "encoding/", default="")
    lz4: bool = cap("lz4", default=False)
    size: SizePx | None = cap("size", "display/size", default=None)
    modes: TextMap | None = cap("modes", default=None)


@declared
class Strict(Capabilities):
    needed: str = cap("needed", strict=True)
    flag: bool = cap("flag", default=False, strict=True)
    inner: Sample = group(Sample)


VALUE = Sample(names=("png", "jpeg"), core=("png",), setting="auto", lz4=True, size=Size(1, 2), modes={"a": 1})


def test_flat_spelling_has_only_scalars_and_dotted_keys() -> None:
    """hello.md 3.2: what 3.1.3 reads."""
    assert VALUE.to_wire(Spelling.FLAT) == {
        "encodings": ("png", "jpeg"),
        "encodings.core": ("png",),
        "encoding": "auto",
        "lz4": True,
        "size": (1, 2),
        "modes": {"a": 1},
    }


def test_nested_spelling_puts_the_scalar_under_the_empty_key() -> None:
    """hello.md 3.2: what 6.x reads."""
    assert VALUE.to_wire(Spelling.NESTED) == {
        "encodings": {"": ("png", "jpeg"), "core": ("png",)},
        "encoding": {"options": ("png", "jpeg"), "core": ("png",), "": "auto"},
        "lz4": True,
        "display": {"size": (1, 2)},
        "modes": {"a": 1},
    }


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
def test_a_dialect_chooses_the_spelling(dialect: Dialect) -> None:
    assert VALUE.to_wire(dialect) == VALUE.to_wire(spelling_of(dialect))
    assert Sample.from_wire(through(VALUE.to_wire(dialect), dialect)).names == VALUE.names


def test_values_equal_to_the_default_and_none_are_not_written() -> None:
    assert Sample().to_wire(Spelling.NESTED) == {}


@pytest.mark.parametrize(
    ("caps", "value"),
    [
        ({"lz4": True}, True),
        ({"lz4": 1}, True),
        ({b"lz4": 1}, True),
        ({"lz4": {"": True}}, True),
        ({"lz4": {b"": False, "level": 1}}, False),
        ({"lz4": {"level": 1}}, True),  # a non-empty dict without the empty key
        ({"lz4": {}}, False),
        ({}, False),
        ({"lz4": "yes"}, False),  # wrong type: absent
        ({"lz4": None}, False),
    ],
)
def test_booleans_that_are_also_namespaces(caps: Any, value: bool) -> None:
    """hello.md 3.2, traps.md 7."""
    assert Sample.from_wire(caps).lz4 is value


@pytest.mark.parametrize(
    ("caps", "names", "core"),
    [
        ({"encodings": ["a"], "encodings.core": ["b"]}, ("a",), ("b",)),
        ({b"encodings": [b"a"], b"encodings.core": [b"b"]}, ("a",), ("b",)),
        ({"encodings": {"": ["a"], "core": ["b"]}}, ("a",), ("b",)),
        ({"encoding": {"options": ["a"], "core": ["b"]}, "encodings": ["x"]}, ("a",), ("b",)),
        ({"encoding.core": ["b"], "encoding": "auto"}, (), ("b",)),  # 6.x: the exact key goes first
        ({"encoding": {"options": 5}, "encodings": ["a"]}, ("a",), ()),  # wrong type: the next key
        ({"encodings": {"core": ["b"]}}, (), ("b",)),
        ({"encodings": "a"}, (), ()),
    ],
)
def test_nested_paths_are_read_before_flat_keys(caps: Any, names: tuple[str, ...], core: tuple[str, ...]) -> None:
    """hello.md 3.2."""
    found = Sample.from_wire(caps)
    assert (found.names, found.core) == (names, core)


def test_a_dict_is_the_value_where_a_dict_is_wanted() -> None:
    assert Sample.from_wire({"modes": {"": 1, b"x": [2]}}).modes == {"": 1, "x": [2]}
    assert Sample.from_wire({"modes": 5}).modes is None


def test_keys_with_dots_inside_dicts_are_found() -> None:
    """crypto.md 4.4: `padding.options` is a literal key of the dict."""
    assert lookup({"a": {"b.c": 1}}, "a.b.c") == 1
    assert lookup({"a": {"b": {"c": 1}}}, "a.b.c") == 1
    assert lookup({"a.b": {b"c": 1}}, "a.b.c") == 1
    assert lookup({"a.b.c": 1, "a": {"b": {"c": 2}}}, "a.b.c") == 1
    assert lookup({"a": {"b": 1}}, "a.b.c") is MISSING
    assert lookup({"a": 1}, "a.b") is MISSING


def test_strict_and_missing_keys_are_errors() -> None:
    assert Strict.from_wire({"needed": "x"}) == Strict(needed="x")
    with pytest.raises(PacketError, match="needed is missing"):
        Strict.from_wire({})
    with pytest.raises(PacketError, match="needed: expected text"):
        Strict.from_wire({"needed": 1})
    with pytest.raises(PacketError, match="flag: expected a boolean"):
        Strict.from_wire({"needed": "x", "flag": "yes"})


def test_a_field_that_is_no_capability_is_a_declaration_error() -> None:
    @declared
    class Bad(Capabilities):
        value: int = 0

    with pytest.raises(TypeError, match="no capability"):
        keys_of(Bad)


def test_scalars_and_dicts_meet_in_any_order() -> None:
    @declared
    class Mixed(Capabilities):
        first: bool = cap("a", "a", default=False)
        inner: bool = cap("a.b", "a/b", default=False)
        second: bool = cap("c.d", "c/d", default=False)
        scalar: bool = cap("c", "c", default=False)
        whole: TextMap | None = cap("e", "e", default=None)
        part: bool = cap("e.f", "e/f", default=False)
        more: TextMap | None = cap("", "e", default=None)

    mixed = Mixed(first=True, inner=True, second=True, scalar=True, whole={"x": 1}, part=True, more={"y": 2})
    assert mixed.to_wire(Spelling.NESTED) == {
        "a": {"": True, "b": True},
        "c": {"": True, "d": True},
        "e": {"x": 1, "f": True, "y": 2},
    }


def test_writing_does_not_change_the_values() -> None:
    @declared
    class Whole(Capabilities):
        whole: TextMap | None = cap("e", "e", default=None)
        part: bool = cap("e.f", "e/f", default=False)

    whole = Whole(whole={"x": 1}, part=True)
    whole.to_wire(Spelling.NESTED)
    assert whole.whole == {"x": 1}


def test_which_types_hold_dicts() -> None:
    assert [is_mapping(x) for x in (TextMap, TextMap | None, Mapping[int, str], str, tuple[str, ...], bool | None)] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_keys_that_are_no_text_are_dropped() -> None:
    assert text_keys({"a": 1, b"b": 2, 3: 4}) == {"a": 1, "b": 2}


@pytest.mark.parametrize("dialect", DIALECTS.values(), ids=list(DIALECTS))
@pytest.mark.parametrize("cls", GROUPS)
@settings(max_examples=15)
@given(data=st.data())
def test_every_capability_round_trips(cls: type[Capabilities], dialect: Dialect, data: st.DataObject) -> None:
    value = data.draw(capabilities_of(cls, dialect))
    assert cls.from_wire(through(value.to_wire(dialect), dialect)) == value


ALL_NAMES = sorted({name.split(".")[0] for cls in GROUPS for key in keys_of(cls)[0] for name in key.reads})


@settings(max_examples=50)
@given(caps=st.dictionaries(st.sampled_from(ALL_NAMES), wire, max_size=12))
def test_garbage_raises_packet_error_only(caps: Any) -> None:
    for cls in (capabilities.ClientHello, capabilities.ServerHello):
        try:
            hello = cls.from_wire(caps)
        except PacketError:
            continue
        assert isinstance(hello, cls)


@pytest.mark.parametrize("cls", GROUPS)
def test_no_flat_hello_holds_a_dict_where_313_reads_a_scalar(cls: type[Capabilities]) -> None:
    """traps.md 20."""
    scalars = {"encodings", "encoding", "platform", "display", "dpi", "notifications", "lz4", "cursor"}
    for key in keys_of(cls)[0]:
        if scalars & set(key.flat):
            assert not key.mapping


def test_both_dialects_are_what_a_client_starts_with() -> None:
    assert spelling_of(FLAT_313) is Spelling.FLAT
    assert spelling_of(NESTED_65) is Spelling.NESTED
