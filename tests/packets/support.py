"""Strategies for every field type of the packet table, and a stand-in for a trip through a serializer."""

from __future__ import annotations

import ast
import dataclasses
import enum
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin

from hypothesis import strategies as st

from limpet.packets import (
    capabilities,
    capgroups,
    clipboard,
    control,
    cursor,
    draw,
    fields,
    handshake,
    notification,
    window,
)
from limpet.packets.capfields import Capabilities, Spelling, keys_of
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.records import Record
from limpet.packets.schema import FormCodec, Packet
from limpet.values import Rect, Size

VECTORS = Path(__file__).parent / "vectors"
HTML5 = Dialect(nested=True, serializer="rencodeplus", version=(6,), html5=True)
DIALECTS = {"3.1.3": FLAT_313, "6.5": NESTED_65, "html5": HTML5}

u16 = st.integers(0, 2**16 - 1)
i16 = st.integers(-(2**15), 2**15 - 1)
text = st.text(max_size=8)
octets = st.binary(max_size=8)
plain = st.one_of(octets, st.integers(-(2**63), 2**63 - 1))
"""values that arrive alike from every serializer"""
wire = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | text | octets,
    lambda inner: (
        st.lists(inner, max_size=5)
        | st.dictionaries(text | st.integers() | octets, inner, max_size=4)
        | st.lists(inner, max_size=3).map(tuple)
    ),
    max_leaves=12,
)


def vector(name: str) -> list[Any]:
    """The decoded packets or hellos in a file of `vectors`."""
    lines = (VECTORS / name).read_text().splitlines()
    return [ast.literal_eval(line) for line in lines if not line.startswith("#")]


def _mark(hint: Any) -> Any:
    return next(x for x in hint.__metadata__ if isinstance(x, (fields.Codec, fields.Range)))


areas = st.lists(st.lists(st.integers(-(2**31), 2**31), min_size=2, max_size=6).map(tuple), max_size=3).map(tuple)
sizes = st.builds(Size, u16, u16)
icons = st.builds(notification.NotificationIcon, text, u16, u16, octets)
MARKED: dict[int, Any] = {
    id(_mark(hint)): strategy
    for hint, strategy in (
        (fields.TextMap, st.dictionaries(text, plain, max_size=3)),
        (fields.AnyWire, plain),
        (fields.Data, octets),
        (fields.SizePx, sizes),
        (fields.RectPx, st.builds(Rect, i16, i16, u16, u16)),
        (fields.Point, st.tuples(i16, i16)),
        (handshake.CipherMap, st.dictionaries(text, plain, max_size=3)),
        (window.XidNumber, st.integers(0, 2**48 - 1)),
        (draw.Level, st.integers(0, 255)),
        (draw.Areas, areas),
        (draw.Pixels, octets | areas),
        (
            draw.Encodings.__annotations__["encodings"],
            st.dictionaries(text, st.lists(text, max_size=2).map(tuple), max_size=3),
        ),
        (cursor.Cursor.__annotations__["default_size"], u16.map(lambda side: Size(side, side))),
        (clipboard.ContentsField, octets | st.lists(text | st.integers(-(2**63), 2**64 - 1), max_size=4).map(tuple)),
        (control.StartCommand.__annotations__["command"], text | st.lists(text, max_size=3).map(tuple)),
        (notification.NotifyShow.__annotations__["icon"], st.none() | icons),
        (capgroups.Names, st.lists(text, max_size=3).map(tuple)),
        (capabilities.VersionText, text),
        (capabilities.Iv, st.text(st.characters(max_codepoint=126), min_size=16, max_size=16).map(str.encode)),
        (capabilities.KeySalt, st.binary(min_size=1, max_size=64)),
        (capabilities.Response, octets),
    )
}
BASIC = {str: text, bytes: octets, bool: st.booleans(), int: st.integers(-(2**63), 2**63 - 1)}


def _of_class(cls: type[Any], dialect: Dialect) -> st.SearchStrategy[Any]:
    if cls in BASIC:
        return BASIC[cls]
    if issubclass(cls, enum.Enum):
        return st.sampled_from(cls)
    if issubclass(cls, Record):
        return records(cls, dialect)
    assert issubclass(cls, Capabilities), cls
    return capabilities_of(cls, dialect)


def strategy_of(hint: Any, dialect: Dialect) -> st.SearchStrategy[Any]:
    """Values of a field type that survive the trip to a peer of `dialect`."""
    if isinstance(hint, type):
        return _of_class(hint, dialect)
    origin, args = get_origin(hint), get_args(hint)
    if origin is Annotated:
        mark = _mark(hint)
        if isinstance(mark, fields.Range):
            return st.integers(mark.lo, mark.hi)
        if args and isinstance(args[0], type) and issubclass(args[0], Capabilities):
            return capabilities_of(args[0], dialect)
        found: st.SearchStrategy[Any] = MARKED[id(mark)]
        return found
    if origin is tuple and args[1:] == (Ellipsis,):
        return st.lists(strategy_of(args[0], dialect), max_size=3).map(tuple)
    if origin is tuple:
        return st.tuples(*(strategy_of(arg, dialect) for arg in args))
    if origin is Mapping:
        return st.dictionaries(strategy_of(args[0], dialect), strategy_of(args[1], dialect), max_size=3)
    assert args[1:] == (type(None),), hint
    return st.none() | strategy_of(args[0], dialect)


def records(cls: Any, dialect: Dialect) -> st.SearchStrategy[Any]:
    return st.builds(
        cls, **{f.name: st.just(f.default) | strategy_of(f.type, dialect) for f in dataclasses.fields(cls)}
    )


NAMESPACES = (capgroups.ClipboardCaps, capgroups.NotificationCaps, capgroups.InputCaps)


def capabilities_of(cls: Any, dialect: Dialect) -> st.SearchStrategy[Any]:
    """Instances that hold values only in keys that `dialect` spells."""
    keys, groups = keys_of(cls)
    types = {f.name: f.type for f in dataclasses.fields(cls)}
    values = {
        key.field: strategy_of(types[key.field], dialect)
        for key in keys
        if (key.nested if dialect.nested else key.flat)
    }
    values |= {
        name: strategy_of(group, dialect) if group is not capabilities.EncryptionCaps else st.none()
        for name, group in groups
    }
    if dialect.nested:
        # a namespace with any key in it counts as switched on (hello.md 3.2)
        values |= {name: st.just(True) for name in ("enabled", "pointer") if name in values and cls in NAMESPACES}
    return st.builds(cls, **values)


def packets_of(codec: FormCodec, dialect: Dialect) -> st.SearchStrategy[Packet]:
    """Packets that `codec` carries in full: the fields of its form, those its name implies, defaults for the rest."""
    form = codec.form
    values: dict[str, Any] = {}
    for f in dataclasses.fields(codec.cls):  # type: ignore[arg-type]
        if f.name in form.implies:
            values[f.name] = st.just(form.implies[f.name])
        elif f.name in form.fields:
            values[f.name] = strategy_of(f.type, dialect)
    built: st.SearchStrategy[Any] = st.builds(codec.cls, **values)
    if codec.cls is cursor.Cursor:
        # without an encoding it stands for the default cursor and carries nothing else
        return built.filter(lambda packet: packet != cursor.Cursor() and not packet.is_default)
    return built


def through(value: Any, dialect: Dialect) -> Any:
    """`value` as the peer's serializer would deliver it: lists for tuples; bytes for text where it knows no text."""
    if isinstance(value, str):
        return value.encode() if dialect.serializer != "rencodeplus" else value
    if isinstance(value, Mapping):
        return {through(key, dialect): through(item, dialect) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [through(item, dialect) for item in value]
    if dialect.serializer == "bencode" and isinstance(value, bool):
        return int(value)
    assert value is None or type(value) in (int, bool, float, bytes), repr(value)
    return value


def spelling_id(spelling: Spelling) -> str:
    return str(spelling.name)
