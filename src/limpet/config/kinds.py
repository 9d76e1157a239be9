"""Kinds of option values: from the text of a command line, bind line or URL to a typed value.

Each `parse` raises `ValueError` with a text that completes "--option: ...".
"""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Generic, TypeVar

from limpet.records import dataclass
from limpet.values import Secret, Size

T = TypeVar("T")

BOOLEANS: Mapping[str, bool] = MappingProxyType(
    {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
)


@dataclass(frozen=True, slots=True)
class Kind(Generic[T]):
    """How the text of a value is read; `metavar` stands for it in the help."""

    metavar: str
    parse: Callable[[str], T]
    is_flag: bool = False
    """True: the option may stand alone, which means yes."""
    secret: bool = False
    """True: values are never shown."""


ENCODINGS = ("rgb", "png", "jpeg", "webp")
"""Picture encodings by the names that options have; rgb stands for rgb24 and rgb32."""


class SslMode(enum.Enum):
    """What `--ssl` says about TLS on TCP listeners (issue: SSL/TLS; cli reference: ssl)."""

    ON = "on"
    AUTO = "auto"
    OFF = "off"


class WindowClose(enum.Enum):
    """What happens when the user closes a window on the desktop."""

    FORWARD = "forward"
    DETACH = "detach"
    IGNORE = "ignore"


@dataclass(frozen=True, slots=True)
class Resize:
    """Whether the virtual screen follows the client's, or has a fixed size."""

    follow: bool = True
    size: Size | None = None


def parse_boolean(text: str) -> bool:
    """yes, true, on, 1 or no, false, off, 0, in any case."""
    try:
        return BOOLEANS[text.strip().lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither yes nor no") from None


def parse_text(text: str) -> str:
    """Any text that is not empty and has no NUL."""
    if not text:
        raise ValueError("the value is empty")
    if "\0" in text:
        raise ValueError("the value contains a NUL character")
    return text


def parse_size(text: str) -> Size:
    """WIDTHxHEIGHT in pixels, each 1 to 32767 (what an X11 screen can have)."""
    match = re.fullmatch(r"([0-9]{1,5})x([0-9]{1,5})", text.strip().lower(), re.ASCII)
    if not match or not (0 < int(match[1]) < 32768 and 0 < int(match[2]) < 32768):
        raise ValueError(f"{text!r} is not WIDTHxHEIGHT, each from 1 to 32767")
    return Size(int(match[1]), int(match[2]))


def parse_resize(text: str) -> Resize:
    """yes, no, or a fixed size."""
    if text.strip().lower() in BOOLEANS:
        return Resize(follow=parse_boolean(text))
    try:
        return Resize(follow=False, size=parse_size(text))
    except ValueError:
        raise ValueError(f"{text!r} is neither yes, no nor WIDTHxHEIGHT") from None


def parse_assignment(text: str) -> tuple[str, str]:
    """NAME=VALUE of an environment variable."""
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name, re.ASCII) or "\0" in value:
        raise ValueError("environment variables are given as NAME=VALUE")
    return name, value


def parse_secret(text: str) -> Secret:
    """Any text that is not empty; the error does not repeat it."""
    if not text:
        raise ValueError("the value is empty")
    try:
        return Secret(text.encode("utf-8", "surrogateescape"))
    except UnicodeEncodeError:
        raise ValueError("the value is not valid text") from None


def parse_words(text: str) -> tuple[str, ...]:
    """Names separated by commas, each once."""
    words = [word.strip().lower() for word in text.split(",")]
    if not all(re.fullmatch(r"[a-z0-9_./+-]+", word) for word in words):
        raise ValueError(f"{text!r} is not a list of names separated by commas")
    return tuple(dict.fromkeys(words))


def parse_encodings(text: str) -> tuple[str, ...]:
    """Encodings separated by commas, in the order given; `all` is all of them."""
    words = tuple("rgb" if word in {"rgb24", "rgb32"} else word for word in parse_words(text))
    if words == ("all",):
        return ENCODINGS
    unknown = [word for word in words if word not in ENCODINGS]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is not one of {', '.join(ENCODINGS)}, all")
    return tuple(dict.fromkeys(words))


def choice(values: Mapping[str, T], metavar: str = "") -> Kind[T]:
    """One of some words; several words may mean the same."""

    def parse(text: str) -> T:
        try:
            return values[text.strip().lower()]
        except KeyError:
            raise ValueError(f"{text!r} is not one of {', '.join(values)}") from None

    return Kind(metavar or "|".join(values), parse)


def number(low: int, high: int, metavar: str = "N", *, auto: int | None = None) -> Kind[int]:
    """A whole number within bounds; with `auto`, that word means this number."""

    def parse(text: str) -> int:
        text = text.strip().lower()
        if auto is not None and text == "auto":
            return auto
        if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or not low <= int(text) <= high:
            raise ValueError(f"{text!r} is not a number from {low} to {high}")
        return int(text)

    return Kind(metavar, parse)


def text(metavar: str) -> Kind[str]:
    """Any text that is not empty."""
    return Kind(metavar, parse_text)


FLAG = Kind("yes|no", parse_boolean, is_flag=True)
SIZE = Kind("WIDTHxHEIGHT", parse_size)
RESIZE = Kind("yes|no|WIDTHxHEIGHT", parse_resize)
ASSIGNMENT = Kind("NAME=VALUE", parse_assignment)
SECRET = Kind("SECRET", parse_secret, secret=True)
SSL_MODE: Kind[SslMode] = choice(
    {
        "on": SslMode.ON,
        "auto": SslMode.AUTO,
        "off": SslMode.OFF,
        "yes": SslMode.ON,
        "no": SslMode.OFF,
        "tcp": SslMode.ON,  # xpra: "on, for sessions rather than for web pages", which limpet does not serve
        "true": SslMode.ON,
        "false": SslMode.OFF,
        "1": SslMode.ON,
        "0": SslMode.OFF,
    },
    "on|auto|off",
)
WINDOW_CLOSE: Kind[WindowClose] = choice(
    {
        "forward": WindowClose.FORWARD,
        "close": WindowClose.FORWARD,
        "auto": WindowClose.FORWARD,
        "detach": WindowClose.DETACH,
        "disconnect": WindowClose.DETACH,
        "ignore": WindowClose.IGNORE,
    },
    "forward|detach|ignore",
)
