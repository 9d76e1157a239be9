"""Frozen, slotted, keyword-only dataclasses that are quick to define.

`dataclasses` writes and compiles up to six methods for every class, 0.4 to 1.2 ms each time; a hundred packets and the
two hellos cost more than a tenth of a second of every command's start. Here the methods are written once, in the base.
To everything else (`fields`, `replace`, type checkers) the classes are the dataclasses that they look like.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, NoReturn, TypeVar, cast, dataclass_transform

T = TypeVar("T", bound=type[Any])


class Slot(NamedTuple):
    """One field: its name, what writes it past the frozen class, and what makes its default (None: required)."""

    name: str
    put: Callable[[Any, Any], None]
    default: Callable[[], Any] | None
    shown: bool


def _default(field: dataclasses.Field[Any]) -> Callable[[], Any] | None:
    if field.default_factory is not dataclasses.MISSING:
        return field.default_factory
    value = field.default
    return None if value is dataclasses.MISSING else lambda: value


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=True, field_specifiers=(dataclasses.field,))
def declared(cls: T) -> T:
    """Class decorator, to be used below `Declared`."""
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=True, kw_only=True)(cls)
    made.SLOTS = tuple(
        Slot(field.name, made.__dict__[field.name].__set__, _default(field), field.repr)
        for field in dataclasses.fields(made)
    )
    return cast(T, made)


class Declared:
    """Base of the classes that `declared` makes."""

    __slots__ = ()

    SLOTS: ClassVar[tuple[Slot, ...]] = ()

    def __init__(self, **values: Any) -> None:
        missing = []
        for name, put, default, _ in self.SLOTS:
            if name in values:
                put(self, values.pop(name))
            elif default is not None:
                put(self, default())
            else:
                missing.append(name)
        if values or missing:
            wrong = f"has no {', '.join(values)}" if values else f"needs {', '.join(missing)}"
            raise TypeError(f"{type(self).__name__} {wrong}")

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return all(getattr(self, slot.name) == getattr(other, slot.name) for slot in self.SLOTS)

    def __hash__(self) -> int:
        return hash(tuple(getattr(self, slot.name) for slot in self.SLOTS))

    def __repr__(self) -> str:
        shown = ", ".join(f"{slot.name}={getattr(self, slot.name)!r}" for slot in self.SLOTS if slot.shown)
        return f"{type(self).__name__}({shown})"

    if not TYPE_CHECKING:  # pragma: no branch - a type checker would take it as leave to assign any attribute

        def __setattr__(self, name: str, value: Any) -> NoReturn:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> NoReturn:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
