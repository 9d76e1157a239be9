"""How one option is declared: a dataclass field with its help, scope, spellings and kind of value."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, TypeVar

from limpet.config.kinds import Kind
from limpet.records import dataclass

T = TypeVar("T")


class Scope(enum.Flag):
    """The commands that take an option."""

    NONE = 0
    START = enum.auto()
    ATTACH = enum.auto()
    REQUEST = enum.auto()
    LIST = enum.auto()
    SETUP_SSL = enum.auto()
    SHOW_SSL = enum.auto()
    HELP = enum.auto()
    CLIENT = ATTACH | REQUEST
    LOGGING = START | ATTACH | REQUEST | LIST | SETUP_SSL | SHOW_SSL
    ALL = LOGGING | HELP


COMMANDS: Mapping[Scope, tuple[str, ...]] = MappingProxyType(
    {
        Scope.START: ("start", "seamless"),
        Scope.ATTACH: ("attach",),
        Scope.REQUEST: ("detach", "stop", "exit", "info", "version", "screenshot", "id"),
        Scope.LIST: ("list",),
        Scope.SETUP_SSL: ("setup-ssl",),
        Scope.SHOW_SSL: ("show-ssl",),
        Scope.HELP: ("help",),
    }
)


def commands_of(scope: Scope) -> tuple[str, ...]:
    """Names of the commands within `scope`, in the order of the help."""
    return tuple(name for one, names in COMMANDS.items() if one in scope for name in names)


@dataclass(frozen=True, slots=True)
class Option:
    """One row of the table: field `name` of group `group`.

    `flags` are the spellings on the command line (none: the option exists only on bind lines or in URLs);
    `bind_keys` and `url_keys` those on bind lines and in URLs. `secret` values are never shown.
    """

    group: str
    name: str
    kind: Kind[Any]
    help: str
    scope: Scope
    flags: tuple[str, ...]
    bind_keys: tuple[str, ...]
    url_keys: tuple[str, ...]
    repeatable: bool
    default: Any
    shown_default: str

    @property
    def secret(self) -> bool:
        return self.kind.secret

    @property
    def path(self) -> str:
        """`group.name`, the key under which it counts as given."""
        return f"{self.group}.{self.name}"

    @property
    def flag(self) -> str:
        """The spelling that messages use."""
        if self.flags:
            return self.flags[0]
        return f"{(self.bind_keys or self.url_keys)[0]}="


def option(
    kind: Kind[Any],
    *,
    default: T,
    help: str,  # noqa: A002 - the word for it
    names: str,
    scope: Scope = Scope.NONE,
    repeatable: bool = False,
    shown_default: str = "",
    may_hold_secret: bool = False,
) -> T:
    """Declare a field of an option group; a `repeatable` one is a tuple of the kind's values.

    `may_hold_secret`: its text may have a secret in it (a module's password, key data): not in the repr.

    `names` are its spellings, separated by blanks: "--ssl-cert" on the command line, "bind:ssl-cert" on bind lines,
    "url:ssl-cert" in URLs. Every option names at least one.
    """
    metadata = {"kind": kind, "help": help, "scope": scope, "repeatable": repeatable, "shown_default": shown_default}
    hidden = kind.secret or may_hold_secret
    spelled: T = dataclasses.field(default=default, metadata={**metadata, "names": names}, repr=not hidden)
    return spelled


def rows(group: str, of: type) -> tuple[Option, ...]:
    """The options declared by the dataclass `of`."""
    return tuple(_row(group, field) for field in dataclasses.fields(of))


def _row(group: str, field: dataclasses.Field[Any]) -> Option:
    names = field.metadata["names"].split()
    return Option(
        group=group,
        name=field.name,
        flags=tuple(name for name in names if name.startswith("-")),
        bind_keys=tuple(name.removeprefix("bind:") for name in names if name.startswith("bind:")),
        url_keys=tuple(name.removeprefix("url:") for name in names if name.startswith("url:")),
        default=field.default,
        **{key: field.metadata[key] for key in ("kind", "help", "scope", "repeatable", "shown_default")},
    )
