"""What an authentication module is given, what it promises, and how it is named on a command line."""

from __future__ import annotations

import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from limpet.errors import AuthenticationFailed, OptionError
from limpet.records import dataclass
from limpet.values import Secret


class ModuleFailure(AuthenticationFailed):
    """The module could not decide: its file is unreadable, its program does not start, it took too long.

    The same as a wrong credential for the peer; the log tells them apart. Never lets anybody in, and does not count as
    a guess.
    """


@dataclass(frozen=True, slots=True)
class PeerFacts:
    """What the transport knows about the other end; nothing in it is the peer's own claim."""

    kind: str
    """the listener's kind: `tcp`, `ssl`, `unix`"""
    address: str
    """IP address without port; empty on unix sockets"""
    uid: int | None = None
    gid: int | None = None
    pid: int | None = None
    encrypted: bool = False
    """inside TLS or AES"""
    verified_certificate: bool = False
    """the peer showed a certificate of our CA"""
    loopback: bool = False
    socket_path: str = ""

    @property
    def private(self) -> bool:
        """Whether nobody else reads along: TLS, AES or a unix socket; clear loopback TCP does not count."""
        return self.encrypted or self.kind == "unix"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One answer to one challenge, with all that went into it."""

    username: str
    """as the client claims in this hello, for the log; modules go by the name that they were built with, since the
    guess limit and the key have gone by it"""
    response: bytes = field(repr=False)
    client_salt: bytes = field(repr=False)
    server_salt: bytes = field(repr=False)
    digest: str
    salt_digest: str


class Authenticator(Protocol):
    """One module at work for one connection."""

    @property
    def proof(self) -> bool:
        """Whether passing it proves something about the client; `none` and `allow` do not."""
        ...

    @property
    def needs_challenge(self) -> bool:
        """Whether the client is asked for a password; then `verify` gets its answer, else None."""
        ...

    @property
    def needs_clear(self) -> bool:
        """Whether a hash of the password is not enough (the digest is xor then)."""
        ...

    @property
    def prompt(self) -> str:
        """Shown to the user by the client."""
        ...

    @property
    def user(self) -> str:
        """The user name that decides here; empty where none does. The guess limit counts by it."""
        ...

    async def verify(self, attempt: Attempt | None, /) -> None:
        """Return to let in; raise AuthenticationFailed for a wrong answer, ModuleFailure when it cannot decide."""
        ...

    async def reveal_password(self) -> Secret | None:
        """The password as an AES key (without CR and LF at both ends), None if the module has none.

        Raises ModuleFailure when it should have one and cannot read it.
        """
        ...


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What a start-up check wants to know about a file; `problem` is empty if it can be used."""

    problem: str
    size: int = 0
    mode: int = 0
    """permission bits, 0..0o7777"""


class ModuleEnv(Protocol):
    """The world outside, as far as modules may reach into it."""

    def variable(self, name: str) -> str | None:
        """An environment variable of the server, None if it is not set."""
        ...

    def random_bytes(self, size: int) -> bytes: ...

    def inspect_file(self, path: str) -> FileFacts:
        """Whether the regular file can be read; at start-up only, so it may block."""
        ...

    def find_program(self, name: str) -> str | None:
        """The path that runs for `name` (a path, or a name on PATH), None if there is none."""
        ...

    async def read_file(self, path: str, limit: int) -> bytes:
        """The content of a regular file of at most `limit` bytes.

        Raises OSError: not there, not readable, not regular, larger, or not answering in time.
        """
        ...

    async def run(self, command: Sequence[str], timeout_s: float) -> int:
        """Run a program without a shell, its input and output closed, and return its exit status (negative: signal).

        The environment holds no credential of ours. At the timeout and on cancellation the program is killed with its
        children and reaped. Raises OSError if it does not start, TimeoutError after `timeout_s` seconds.
        """
        ...

    @property
    def own_uid(self) -> int:
        """The user that the server runs as."""
        ...

    def uid_of(self, name: str) -> int | None: ...

    def gid_of(self, name: str) -> int | None: ...

    async def groups_of(self, uid: int) -> frozenset[int]:
        """Ids of the groups that the user is a member of; empty for an unknown uid."""
        ...


class ModuleClass(Protocol):
    """What a module's file holds: the class behind its name in the registry."""

    @property
    def options_type(self) -> type[Any]:
        """A frozen dataclass, see `limpet.auth.options`."""
        ...

    @property
    def proof(self) -> bool: ...

    @property
    def needs_challenge(self) -> bool: ...

    @property
    def needs_clear(self) -> bool: ...

    @property
    def reveals(self) -> bool:
        """Whether it knows a password that can be an AES key (`Authenticator.reveal_password`)."""
        ...

    def __call__(self, options: Any, facts: PeerFacts, username: str, env: ModuleEnv) -> Authenticator: ...

    def check(self, options: Any, listener_kind: str, env: ModuleEnv, /) -> None:
        """Raise OptionError for what cannot work, as far as it shows at start-up."""
        ...

    def warnings(self, options: Any, env: ModuleEnv, /) -> tuple[str, ...]:
        """What works but should be mended; one sentence each."""
        ...


@dataclass(frozen=True)
class ModuleSpec:
    """A module by name with its options as text. Option values may be secrets: they are in no repr and no message."""

    name: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return self.name


_NAME = frozenset(string.ascii_lowercase + string.digits + "-")
_QUOTES = "\"'"


def parse_module(text: str) -> ModuleSpec:
    """`MODULE`, `MODULE:k=v,k=v`, `MODULE,k=v,k=v` or `MODULE(k=v,k=v)` (docs/protocol: command line, 7.4).

    A value that starts with a quote runs to the same quote, so it may hold commas: `exec(command="check -a,b")`.
    Underscores in names count as dashes. Raises OptionError; the message holds no value.
    """
    end = next((i for i, char in enumerate(text) if char in ":,("), len(text))
    name = text[:end].strip().lower().replace("_", "-")
    if not name or not set(name) <= _NAME:
        raise OptionError(
            "an authentication module is missing its name",
            hint="write MODULE, MODULE:option=value,option=value or MODULE(option=value)",
        )
    rest = text[end + 1 :]
    if text[end : end + 1] == "(":
        if not rest.rstrip().endswith(")"):
            raise OptionError(f"authentication module {name!r}: the closing parenthesis is missing")
        rest = rest.rstrip()[:-1]
    options: dict[str, str] = {}
    for key, value in _pairs(name, rest):
        if key in options:
            raise OptionError(f"authentication module {name!r}: option {key!r} is given twice")
        options[key] = value
    return ModuleSpec(name, options)


def _pairs(module: str, text: str) -> Iterator[tuple[str, str]]:
    position = 0
    number = 0
    while position < len(text):
        number += 1
        equals = text.find("=", position)
        comma = text.find(",", position)
        if equals < 0 or 0 <= comma < equals:
            if not text[position : comma if comma >= 0 else len(text)].strip():
                raise OptionError(f"authentication module {module!r}: part {number} of its options is empty")
            raise OptionError(
                # the part is not shown: it may be the rest of a password that holds a comma
                f"authentication module {module!r}: part {number} of its options is not option=value",
                hint=f"write {module}:OPTION=VALUE,OPTION=VALUE; a value that holds a comma goes in quotes"
                if number == 1
                else 'a value that holds a comma goes in quotes: option="a,b"',
            )
        key = text[position:equals].strip().lower().replace("_", "-")
        if not key or not set(key) <= _NAME:
            raise OptionError(f"authentication module {module!r}: part {number} of its options has no proper name")
        value, position = _value(module, key, text, equals + 1)
        yield key, value


def _value(module: str, key: str, text: str, start: int) -> tuple[str, int]:
    quote = text[start : start + 1]
    if quote and quote in _QUOTES:
        end = text.find(quote, start + 1)
        if end < 0 or text[end + 1 : end + 2] not in {"", ","}:
            raise OptionError(f"authentication module {module!r}: the quotes of option {key!r} do not match")
        return text[start + 1 : end], end + 2
    comma = text.find(",", start)
    end = comma if comma >= 0 else len(text)
    return text[start:end], end + 1
