from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.packets.capgroups import ClipboardCaps
from limpet.packets.declared import Declared, declared
from limpet.packets.handshake import Ping, PingEcho


@declared
class Sample(Declared):
    needed: int
    text: str = "t"
    items: list[int] = dataclasses.field(default_factory=list)
    hidden: bytes = dataclasses.field(default=b"", repr=False)


@declared
class Empty(Declared):
    pass


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    needed: int
    text: str = "t"
    items: list[int] = dataclasses.field(default_factory=list)
    hidden: bytes = dataclasses.field(default=b"", repr=False)


@given(values=st.fixed_dictionaries({"needed": st.integers()}, optional={"text": st.text(), "hidden": st.binary()}))
def test_they_behave_as_ordinary_dataclasses(values: Any) -> None:
    ours, theirs = Sample(**values), Twin(**values)
    assert repr(ours) == repr(theirs).replace("Twin", "Sample")
    assert dataclasses.asdict(ours) == dataclasses.asdict(theirs)
    assert (ours == Sample(needed=1)) == (theirs == Twin(needed=1))
    assert dataclasses.replace(ours, text="x") == Sample(**values | {"text": "x"})
    assert [f.name for f in dataclasses.fields(ours)] == [f.name for f in dataclasses.fields(theirs)]


def test_they_are_frozen_and_slotted() -> None:
    sample = Sample(needed=1)
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.needed = 2  # type: ignore[misc]
    with pytest.raises(dataclasses.FrozenInstanceError):
        del sample.needed
    with pytest.raises(dataclasses.FrozenInstanceError):
        sample.other = 2  # type: ignore[attr-defined]
    assert "__dict__" not in dir(sample)


def test_arguments_are_checked_by_name() -> None:
    with pytest.raises(TypeError, match="Sample needs needed"):
        Sample()  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="Sample has no other"):
        Sample(needed=1, other=2)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        Sample(1)  # type: ignore[call-arg]


def test_default_factories_make_a_value_each() -> None:
    assert Sample(needed=1).items is not Sample(needed=1).items


def test_equality_is_of_one_class_only() -> None:
    assert Ping(time_ms=1) != PingEcho(time_ms=1)
    assert Ping(time_ms=1) != 1
    assert Empty() == Empty()


def test_they_hash_by_value() -> None:
    assert len({Ping(time_ms=1), Ping(time_ms=1), Ping(time_ms=2)}) == 2
    assert hash(ClipboardCaps()) == hash(ClipboardCaps(enabled=False))
    with pytest.raises(TypeError, match="unhashable"):
        hash(Sample(needed=1))
