"""`dataclass` as the standard library has it, but quick to define: methods are written when they are needed.

The standard one writes and compiles up to six methods for each class, 0.3 ms each time; the classes that a one-shot
command imports cost it 30 ms, and it makes objects of few of them. Here defining one takes 0.03 ms. What is made is a
dataclass in every respect: to `fields`, `replace`, `match` and type checkers.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

FEW_CALLS = 4
"""so many objects of a class are made before its `__init__` is written"""

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass  # noqa: PLC0414 - re-exported
else:

    def dataclass(cls=None, /, *, frozen=False, slots=False, kw_only=False, eq=True, repr=True):  # noqa: A002 - dataclasses has them so
        """Class decorator, with and without arguments; those that are missing here nobody has needed."""

        def make(cls):
            return _make(cls, frozen=frozen, slots=slots, kw_only=kw_only, eq=eq, shown=repr)

        return make if cls is None else make(cls)


def _make(cls: type[Any], *, frozen: bool, slots: bool, kw_only: bool, eq: bool, shown: bool) -> type[Any]:
    if cls.__doc__ is None:
        # else the standard library makes one up from the signature, which alone takes as long as all the rest
        cls.__doc__ = f"{cls.__name__}()"
    own = set(cls.__dict__)
    made: Any = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
    methods: dict[str, Any] = {"__init__": _init_of(made, frozen=frozen)}
    if shown:
        methods["__repr__"] = _Shown.__repr__
    if eq:
        values = _values_of(made)
        methods["__eq__"] = _eq_by(values)
        methods["__hash__"] = _hash_by(values) if frozen else None
    if frozen:
        methods |= {"__setattr__": _Frozen.__setattr__, "__delattr__": _Frozen.__delattr__}
        if slots:  # as the standard library does: pickling would set the fields one by one
            methods |= {"__getstate__": _Frozen.__getstate__, "__setstate__": _Frozen.__setstate__}
    for name, method in methods.items():
        # a class with a method of its own keeps it; Python itself puts `__hash__ = None` beside an `__eq__`
        if name not in own or (name == "__hash__" and made.__hash__ is None and frozen):
            setattr(made, name, method)
    return made  # type: ignore[no-any-return]


def _init_of(cls: Any, *, frozen: bool) -> Any:
    calls = 0
    plain: _PlainInit | None = None

    def __init__(self: Any, *args: Any, **values: Any) -> None:  # noqa: N807 - it stands in for it
        """For the few objects of a class that is used for constants; replaced when there are more."""
        nonlocal calls, plain
        calls += 1
        if plain is None:
            plain = _PlainInit(cls)
        if calls > FEW_CALLS or not plain(self, args, values):
            cls.__init__ = _write_init(cls, frozen=frozen)
            cls.__init__(self, *args, **values)

    return __init__


class _PlainInit:
    """What a written `__init__` does, without writing one; leaves wrong arguments to that."""

    __slots__ = ("_after", "_fields", "_positional")

    def __init__(self, cls: Any) -> None:
        self._fields = [(field.name, field) for field in dataclasses.fields(cls)]
        self._positional = [name for name, field in self._fields if field.init and not field.kw_only]
        self._after = hasattr(cls, "__post_init__")

    def __call__(self, record: Any, args: tuple[Any, ...], values: dict[str, Any]) -> bool:
        """False: the arguments do not fit."""
        given = dict(zip(self._positional, args, strict=False))
        if len(args) > len(self._positional) or given.keys() & values.keys():
            return False
        given.update(values)
        for name, field in self._fields:
            if field.init and name in given:
                value = given.pop(name)
            elif field.default is not dataclasses.MISSING:
                value = field.default
            elif field.default_factory is not dataclasses.MISSING:
                value = field.default_factory()
            elif field.init:
                return False
            else:
                continue
            object.__setattr__(record, name, value)
        if given:
            return False
        if self._after:
            record.__post_init__()
        return True


def _write_init(cls: Any, *, frozen: bool) -> Any:
    """The method that the standard library writes for these fields."""
    fields = [(field.name, object, _copy(field)) for field in dataclasses.fields(cls)]
    after = {"__post_init__": None} if hasattr(cls, "__post_init__") else {}
    twin: Any = dataclasses.make_dataclass(cls.__name__, fields, namespace=after, frozen=frozen, eq=False, repr=False)
    twin.__init__.__qualname__ = f"{cls.__qualname__}.__init__"
    return twin.__init__


def _copy(field: dataclasses.Field[Any]) -> Any:
    options: dict[str, Any] = {"init": field.init, "kw_only": field.kw_only}
    if field.default_factory is not dataclasses.MISSING:
        options["default_factory"] = field.default_factory
    elif field.default is not dataclasses.MISSING:
        options["default"] = field.default
    return dataclasses.field(**options)


def _values_of(cls: Any) -> Callable[[Any], Any]:
    """A function that gives what two records are compared by."""
    get: Callable[[Any], Any] | None = None

    def values(record: Any) -> Any:
        nonlocal get
        if get is None:
            names = [field.name for field in dataclasses.fields(cls) if field.compare]
            get = operator.attrgetter(*names) if names else lambda _: ()
        return get(record)

    return values


def _eq_by(values: Callable[[Any], Any]) -> Any:
    def __eq__(self: Any, other: object) -> Any:  # noqa: N807
        return values(self) == values(other) if type(self) is type(other) else NotImplemented

    return __eq__


def _hash_by(values: Callable[[Any], Any]) -> Any:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(values(self))

    return __hash__


class _Shown:
    """A method that every record can have."""

    def __repr__(self) -> str:
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        shown = ", ".join(f"{field.name}={getattr(self, field.name)!r}" for field in fields if field.repr)
        return f"{type(self).__qualname__}({shown})"


class _Frozen:
    """Methods of the records that do not change."""

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def __getstate__(self) -> list[Any]:
        return [getattr(self, field.name) for field in dataclasses.fields(self)]  # type: ignore[arg-type]

    def __setstate__(self, state: list[Any]) -> None:
        for field, value in zip(dataclasses.fields(self), state, strict=True):  # type: ignore[arg-type]
            object.__setattr__(self, field.name, value)
