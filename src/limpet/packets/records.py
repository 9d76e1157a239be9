"""Dicts with known keys inside packets: window metadata, draw options, monitors.

A record is a frozen slotted dataclass whose fields are all optional. The key on the wire is the field name with `-` for
`_`, or what `entry()` says. Unknown keys are ignored. A value of the wrong type counts as absent, as it does for the
stock peers, or is an error where the entry is strict.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from limpet.packets.dialect import Dialect
from limpet.packets.fields import Codec, WireValue, codec_of, load_key
from limpet.values import Wire


def entry(key: str, default: Any = None, *, strict: bool = False) -> Any:
    """A record field under another key than its name; `strict`: a wrong type is an error."""
    return dataclasses.field(default=default, metadata={"key": key, "strict": strict})


@dataclass(frozen=True, slots=True)
class _Entry:
    field: str
    key: str
    codec: Codec
    set: Callable[[Any, Any], None]
    default: Any
    strict: bool


@cache
def _plan(cls: Any) -> tuple[tuple[_Entry, ...], Mapping[Any, _Entry]]:
    entries: list[_Entry] = []
    by_key: dict[Any, _Entry] = {}
    for field in dataclasses.fields(cls):
        if field.default is dataclasses.MISSING:
            raise TypeError(f"{cls.__name__}.{field.name} has no default")
        key = field.metadata.get("key") or field.name.replace("_", "-")
        found = _Entry(
            field=field.name,
            key=key,
            codec=codec_of(field.type),
            set=cls.__dict__[field.name].__set__,
            default=field.default,
            strict=field.metadata.get("strict", False),
        )
        entries.append(found)
        by_key[key] = by_key[key.encode()] = found
    return tuple(entries), by_key


def _entries(cls: Any) -> tuple[tuple[_Entry, ...], Mapping[Any, _Entry]]:
    return _plan(cls)


class Record(WireValue):
    """Base of records."""

    __slots__ = ()

    @classmethod
    def from_wire(cls, value: Any) -> Self:
        """Read a dict; ValueError if it is none, or if a strict entry has the wrong type."""
        if not isinstance(value, Mapping):
            raise ValueError("expected a dict")  # noqa: TRY004 - as every loader
        entries, by_key = _entries(cls)
        record = object.__new__(cls)
        for item in entries:
            item.set(record, item.default)
        for key, raw in value.items():
            found = by_key.get(key)
            if found is None:
                continue
            try:
                found.set(record, found.codec.load(raw))
            except (ValueError, TypeError, OverflowError) as exc:
                if found.strict:
                    raise ValueError(f"{load_key(key)}: {exc}") from None
        return record

    def to_wire(self, dialect: Dialect) -> dict[str, Wire]:
        """The keys that differ from their default."""
        out: dict[str, Wire] = {}
        for item in _entries(type(self))[0]:
            value = getattr(self, item.field)
            if value is not None and value != item.default:
                out[item.key] = value if item.codec.dump is None else item.codec.dump(value, dialect)
        return out

    @classmethod
    def wire_codec(cls) -> Codec:
        # made now, so that a wrong declaration is an import error
        _entries(cls)
        return Codec(cls.from_wire, lambda record, dialect: record.to_wire(dialect))
