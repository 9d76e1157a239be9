"""Declaring capabilities: one dataclass field per key, with its flat and its nested spelling (hello.md 3.2).

    core: tuple[str, ...] = cap("encodings.core", "encoding/core encodings/core")

The first text lists the flat (3.1.3) keys, the second the nested (6.x) paths, `/` between the levels because some keys
inside a dict contain dots (`padding.options`). All of them are read, nested ones first; all of a spelling are written.
A key that is spelled alike in both forms states it once. A path that ends in `/` names the scalar value of a key that
is also a dict: the empty key.

Reading is lenient as the peers' own (a wrongly typed optional key counts as absent); fields marked `strict` guard
security and raise. Values equal to the field's default are not written: absent means the default.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Self, TypeVar, get_args, get_origin

from limpet.errors import PacketError
from limpet.packets.declared import Declared
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.fields import FLAG, Codec, codec_of, load_key
from limpet.records import dataclass
from limpet.values import Wire

MISSING: Any = object()
C = TypeVar("C", bound="Capabilities")


class Spelling(enum.Flag):
    """Which spelling of capability keys is written."""

    FLAT = enum.auto()
    NESTED = enum.auto()
    BOTH = FLAT | NESTED
    """only for the encryption keys of a client's first hello: a dict under some flat keys breaks 3.1.3"""


def spelling_of(dialect: Dialect) -> Spelling:
    """The spelling that a peer of `dialect` reads."""
    return Spelling.NESTED if dialect.nested else Spelling.FLAT


def cap(
    flat: str,
    nested: str | None = None,
    *,
    default: Any = MISSING,
    also: str = "",
    strict: bool = False,
    secret: bool = False,
    codec: Codec | None = None,
) -> Any:
    """A capability field; `flat` and `nested` hold blank-separated keys, "" for a form without it.

    `also`: further keys to read. `strict`: a wrong type is an error. `secret`: not shown in reprs. `codec` replaces
    the codec of the field's type. Without `default` the key is required.
    """
    metadata = {
        "flat": flat,
        "nested": flat if nested is None else nested,
        "also": also,
        "strict": strict,
        "codec": codec,
    }
    if default is MISSING:
        return dataclasses.field(metadata=metadata, repr=not secret)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret)


def group(cls: type[Any]) -> Any:
    """A field that holds a group of capabilities, itself a `Capabilities` class."""
    return dataclasses.field(default_factory=cls, metadata={"group": cls})


@dataclass(frozen=True, slots=True)
class Key:
    """One capability, prepared for reading and writing."""

    field: str
    reads: tuple[str, ...]
    flat: tuple[str, ...]
    nested: tuple[tuple[str, ...], ...]
    codec: Codec
    boolean: bool
    mapping: bool
    strict: bool
    default: Any


def is_mapping(hint: Any) -> bool:
    """Whether a field of this type holds a dict, so that a dict is its value and not a namespace around it."""
    if get_origin(hint) is Annotated:
        return is_mapping(get_args(hint)[0])
    return get_origin(hint) is Mapping or any(is_mapping(x) for x in get_args(hint) if x is not type(None))


def keys_of(cls: Any) -> tuple[tuple[Key, ...], tuple[tuple[str, type[Capabilities]], ...]]:
    """The keys and the groups that `cls` declares."""
    return _plan(cls)


@cache
def _plan(cls: Any) -> tuple[tuple[Key, ...], tuple[tuple[str, type[Capabilities]], ...]]:
    keys: list[Key] = []
    groups: list[tuple[str, type[Capabilities]]] = []
    for field in dataclasses.fields(cls):
        meta = field.metadata
        if "group" in meta:
            groups.append((field.name, meta["group"]))
            continue
        if "flat" not in meta:
            raise TypeError(f"{cls.__name__}.{field.name} is no capability")
        codec = meta["codec"] or codec_of(field.type)
        flat, nested = tuple(meta["flat"].split()), tuple(meta["nested"].split())
        reads = dict.fromkeys((*(x.rstrip("/").replace("/", ".") for x in nested), *flat, *meta["also"].split()))
        keys.append(
            Key(
                field=field.name,
                reads=tuple(reads),
                flat=flat,
                nested=tuple(tuple(x.split("/")) for x in nested),
                codec=codec,
                boolean=codec is FLAG,
                mapping=is_mapping(field.type),
                strict=meta["strict"],
                default=field.default,
            )
        )
    return tuple(keys), tuple(groups)


def text_keys(caps: Mapping[Any, Wire]) -> dict[str, Wire]:
    """`caps` with keys of bytes made text; other keys are dropped."""
    out: dict[str, Wire] = {}
    for key, value in caps.items():
        if type(key) is str:
            out[key] = value
        elif type(key) is bytes:
            out[str(load_key(key))] = value
    return out


def _get(caps: Mapping[Any, Wire], name: str) -> Any:
    value = caps.get(name, MISSING)
    return caps.get(name.encode(), MISSING) if value is MISSING else value


def lookup(caps: Mapping[Any, Wire], name: str) -> Any:
    """The value of `name`: the exact key, else the rest of the name inside the dict under its first part.

    Keys may be text or bytes. The dicts are never copied or walked: they are as big as a stranger likes.
    """
    value = _get(caps, name)
    if value is not MISSING:
        return value
    start = name.find(".")
    while start >= 0:
        child = _get(caps, name[:start])
        if isinstance(child, Mapping):
            value = lookup(child, name[start + 1 :])
            if value is not MISSING:
                return value
        start = name.find(".", start + 1)
    return MISSING


def _scalar(value: Any, key: Key) -> Any:
    """The scalar side of a value that is also a namespace (hello.md 3.2, rows 2 and 3)."""
    if not isinstance(value, Mapping) or key.mapping:
        return value
    for empty in ("", b""):
        if empty in value:
            return value[empty]
    if key.strict:
        return value  # a wrong type, said by the codec
    return bool(value) if key.boolean else MISSING


def read(cls: type[C], caps: Mapping[Any, Wire]) -> C:
    """An instance of `cls` from the capabilities of a hello."""
    keys, groups = keys_of(cls)
    values: dict[str, Any] = {}
    for key in keys:
        for name in key.reads:
            raw = lookup(caps, name)
            if raw is not MISSING:
                raw = _scalar(raw, key)
            if raw is MISSING:
                continue
            try:
                values[key.field] = key.codec.load(raw)
            except (ValueError, TypeError, OverflowError) as exc:
                if key.strict:
                    raise PacketError(f"hello: {name}: {str(exc)[:160]}") from None
                continue
            break
        else:
            if key.default is dataclasses.MISSING:
                raise PacketError(f"hello: {key.reads[0]} is missing")
    for field, group_cls in groups:
        values[field] = group_cls.read_group(caps)
    return cls(**values)


def _put(out: dict[str, Wire], path: tuple[str, ...], value: Wire) -> None:
    """Set `value` at `path`, making a scalar in the way the empty key of a dict."""
    node: dict[str, Any] = out
    for key in path[:-1]:
        child = node.get(key, MISSING)
        if not isinstance(child, dict):
            child = {} if child is MISSING else {"": child}
            node[key] = child
        node = child
    last = path[-1]
    there = node.get(last)
    if isinstance(value, Mapping):
        # a copy: other keys may still go into it
        node[last] = {**there, **value} if isinstance(there, dict) else dict(value)
    elif isinstance(there, dict):
        there[""] = value
    else:
        node[last] = value


class Capabilities(Declared):
    """Base of capability dataclasses."""

    __slots__ = ()

    @classmethod
    def from_wire(cls, caps: Mapping[Any, Wire]) -> Self:
        """Read from a hello in any spelling; unknown keys are ignored. Raises PacketError for strict keys."""
        return read(cls, caps)

    @classmethod
    def read_group(cls, caps: Mapping[Any, Wire]) -> Self | None:
        """Read as a group of a hello; None where the group may be absent as a whole, and is."""
        return read(cls, caps)

    def to_wire(self, spelling: Spelling | Dialect) -> dict[str, Wire]:
        """The keys that differ from their default, in the given spelling or that of the peer."""
        out: dict[str, Wire] = {}
        self.write(out, spelling)
        return out

    def write(self, out: dict[str, Wire], spelling: Spelling | Dialect) -> None:
        """Add this group's keys to `out`."""
        if isinstance(spelling, Dialect):
            dialect, spelling = spelling, spelling_of(spelling)
        else:
            dialect = NESTED_65 if Spelling.NESTED in spelling else FLAT_313
        keys, groups = keys_of(type(self))
        for key, value in self._differing(keys):
            wire = value if key.codec.dump is None else key.codec.dump(value, dialect)
            if Spelling.NESTED in spelling:
                for path in key.nested:
                    _put(out, path, wire)
            if Spelling.FLAT in spelling:
                for name in key.flat:
                    _put(out, (name,), wire)
        for field, _ in groups:
            if (child := getattr(self, field)) is not None:
                child.write(out, spelling)

    def _differing(self, keys: tuple[Key, ...]) -> Iterator[tuple[Key, Any]]:
        for key in keys:
            value = getattr(self, key.field)
            if value is not None and value != key.default:
                yield key, value
