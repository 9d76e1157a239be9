from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limpet.packets.capgroups import Monitor
from limpet.packets.declared import declared
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.draw import DrawOptions
from limpet.packets.fields import WireValue, codec_of
from limpet.packets.records import Record
from limpet.packets.window import SizeConstraints, WindowMetadata
from limpet.packets.window_client import WindowState
from limpet.values import Rect
from tests.packets.support import records, through, wire

RECORDS: tuple[type[Record], ...] = (Monitor, DrawOptions, SizeConstraints, WindowMetadata, WindowState)


@pytest.mark.parametrize("dialect", [FLAT_313, NESTED_65], ids=["flat", "nested"])
@pytest.mark.parametrize("cls", RECORDS)
@settings(max_examples=25)
@given(data=st.data())
def test_records_round_trip(cls: type[Record], dialect: Any, data: st.DataObject) -> None:
    record = data.draw(records(cls, dialect))
    assert cls.from_wire(through(record.to_wire(dialect), dialect)) == record


@pytest.mark.parametrize("cls", RECORDS)
@settings(max_examples=50)
@given(value=st.dictionaries(st.sampled_from(["title", "flush", "geometry", "gravity", "scroll", "x"]), wire) | wire)
def test_garbage_raises_value_error_only(cls: type[Record], value: Any) -> None:
    try:
        record = cls.from_wire(value)
    except ValueError:
        return
    assert isinstance(record, cls)


def test_a_wrong_type_counts_as_absent() -> None:
    metadata = WindowMetadata.from_wire({"title": 5, b"pid": 7, "unknown": 1, 3: 4})
    assert metadata == WindowMetadata(pid=7)


def test_a_wrong_type_of_a_strict_entry_is_an_error() -> None:
    with pytest.raises(ValueError, match="rgb_format: expected text"):
        DrawOptions.from_wire({"rgb_format": 5})
    assert DrawOptions.from_wire({"quality": "high"}) == DrawOptions()


def test_absent_is_not_written_and_false_is() -> None:
    assert WindowMetadata().to_wire(NESTED_65) == {}
    assert WindowMetadata(iconic=False, title="").to_wire(NESTED_65) == {"title": "", "iconic": False}


def test_keys_follow_the_field_names() -> None:
    monitor = Monitor(geometry=Rect(0, 0, 1, 2), width_mm=3)
    assert monitor.to_wire(NESTED_65) == {"geometry": (0, 0, 1, 2), "width-mm": 3}


def test_a_record_without_defaults_is_a_declaration_error() -> None:
    @declared
    class Bad(Record):
        value: int

    with pytest.raises(TypeError, match="no default"):
        codec_of(Bad)


def test_the_base_of_wire_values_has_no_codec() -> None:
    with pytest.raises(NotImplementedError):
        WireValue.wire_codec()
