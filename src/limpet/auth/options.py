"""Typed options of authentication modules: a frozen dataclass for each module, filled from `ModuleSpec.options`.

A field's name with dashes for underscores is the option's name, its type one of str, bool, int, float, Secret or
`tuple[str, ...]` (separated by colons); `option()` adds the help text. A field without a default is required.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_type_hints

from limpet.auth.module import ModuleSpec
from limpet.errors import OptionError
from limpet.values import Secret

OptionsT = TypeVar("OptionsT")

_TRUE = frozenset({"yes", "true", "on", "1"})
_FALSE = frozenset({"no", "false", "off", "0"})


def option(help_text: str, *, default: Any = dataclasses.MISSING, bounds: tuple[float, float] | None = None) -> Any:
    """A field of an options class; `bounds` are the least and the greatest value of a number."""
    metadata = {"help": help_text, "bounds": bounds}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def option_names(options_type: type[Any]) -> tuple[str, ...]:
    """The names of the options as they are typed."""
    return tuple(_spelling(field) for field in dataclasses.fields(options_type))


def parse_options(options_type: type[OptionsT], spec: ModuleSpec) -> OptionsT:
    """The options of `spec` as an `options_type`.

    Raises OptionError for an unknown option (the message lists the valid ones), a missing one, and a value that is not
    of the field's type; no message shows a value, since it may be a secret.
    """
    assert dataclasses.is_dataclass(options_type)
    fields = {_spelling(field): field for field in dataclasses.fields(options_type)}
    unknown = [name for name in spec.options if name not in fields]
    if unknown:
        valid = ", ".join(fields) or "none"
        raise OptionError(
            f"authentication module {spec.name!r} has no option {unknown[0]!r}",
            hint=f"the options of {spec.name!r}: {valid}",
        )
    types = get_type_hints(options_type)
    values: dict[str, Any] = {}
    for name, field in fields.items():
        if name in spec.options:
            values[field.name] = _convert(spec, name, types[field.name], field.metadata)
        elif field.default is dataclasses.MISSING:
            raise OptionError(
                f"authentication module {spec.name!r} needs its option {name!r}",
                hint=f"write {spec.name}:{name}=... ({field.metadata['help']})",
            )
    return options_type(**values)


def _spelling(field: dataclasses.Field[Any]) -> str:
    return field.name.replace("_", "-")


def _convert(spec: ModuleSpec, name: str, wanted: Any, metadata: Mapping[str, Any]) -> Any:
    text = spec.options[name]
    value = _CONVERTERS[wanted](text)
    if value is None:
        raise OptionError(f"authentication module {spec.name!r}: option {name!r} must be {_EXPECTED[wanted]}")
    bounds = metadata["bounds"]
    if bounds is not None and not bounds[0] <= value <= bounds[1]:
        raise OptionError(
            f"authentication module {spec.name!r}: option {name!r} must be {bounds[0]:g} to {bounds[1]:g}"
        )
    return value


def _text(text: str) -> str | None:
    return text or None


def _boolean(text: str) -> bool | None:
    word = text.strip().lower()
    return True if word in _TRUE else False if word in _FALSE else None


def _integer(text: str) -> int | None:
    digits = text.strip()
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 18 else None


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _secret(text: str) -> Secret | None:
    return Secret(text.encode("utf-8", "surrogateescape")) if text else None


def _list(text: str) -> tuple[str, ...] | None:
    items = tuple(item.strip() for item in text.split(":"))
    return items if all(items) else None


_CONVERTERS: dict[Any, Callable[[str], Any]] = {
    str: _text,
    bool: _boolean,
    int: _integer,
    float: _number,
    Secret: _secret,
    tuple[str, ...]: _list,
}
_EXPECTED: dict[Any, str] = {
    str: "a text that is not empty",
    bool: "yes or no",
    int: "a whole number",
    float: "a number",
    Secret: "a text that is not empty",
    tuple[str, ...]: "a list separated by colons",
}
