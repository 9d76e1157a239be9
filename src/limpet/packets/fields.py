"""Types of packet arguments and capabilities: what the wire may carry for each, and how it is read.

A field type is an ordinary annotation; the codec that reads it comes from the type itself (`str`, `bool`, `bytes`,
`tuple[...]`, a dataclass of this package) or from an `Annotated` mark (`U16`, `WinId`). A codec's `load` raises
ValueError for a value of the wrong shape; `dump` is None where the Python value goes on the wire as it is.

Strings follow encoding.md 2.6: text arrives as bytes from 3.1.3 (UTF-8 in titles, Latin-1 elsewhere), bytes arrive
as text from the browser client.
"""

from __future__ import annotations

import enum
import types
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias, Union, get_args, get_origin

from limpet.packets.declared import Declared
from limpet.records import dataclass
from limpet.values import Buffer, Rect, Size, WindowId, Wire

if TYPE_CHECKING:
    from limpet.packets.dialect import Dialect

Load: TypeAlias = Callable[[Any], Any]
Dump: TypeAlias = Callable[[Any, "Dialect"], Wire]


@dataclass(frozen=True, slots=True)
class Codec:
    """How one field type is read from the wire and, where it differs from the Python value, written."""

    load: Load
    dump: Dump | None = None


class WireValue(Declared):
    """Base of classes that are field types themselves: they know how they are read and written."""

    __slots__ = ()

    @classmethod
    def wire_codec(cls) -> Codec:
        raise NotImplementedError


class Range:
    """Marks an integer with the least and the greatest value that is accepted."""

    __slots__ = ("hi", "lo")

    def __init__(self, lo: int, hi: int) -> None:
        self.lo = lo
        self.hi = hi

    def codec(self) -> Codec:
        lo, hi = self.lo, self.hi

        def load(value: Any) -> int:
            # a bool is refused: `type(True) is bool`
            if type(value) is int and lo <= value <= hi:
                return value
            raise ValueError(f"expected an integer in {lo}..{hi}")

        return Codec(load)


U8 = Annotated[int, Range(0, 2**8 - 1)]
U16 = Annotated[int, Range(0, 2**16 - 1)]
U32 = Annotated[int, Range(0, 2**32 - 1)]
U64 = Annotated[int, Range(0, 2**64 - 1)]
I16 = Annotated[int, Range(-(2**15), 2**15 - 1)]
I32 = Annotated[int, Range(-(2**31), 2**31 - 1)]
I64 = Annotated[int, Range(-(2**63), 2**63 - 1)]

WinId = Annotated[WindowId, Range(1, 2**48 - 1)]
"""A window that must exist (encoding.md 2.6: never assume a range below 2**48)."""

AnyWinId = Annotated[WindowId, Range(-1, 2**48 - 1)]
"""0: no window or the root; -1: all windows (`buffer-refresh`) or unknown."""


def load_text(value: Any) -> str:
    """Text from text or bytes: UTF-8 where it is valid, else Latin-1, which never fails."""
    if type(value) is str:
        return value
    if type(value) is bytes:
        try:
            return value.decode()
        except UnicodeDecodeError:
            return value.decode("latin-1")
    if isinstance(value, (bytearray, memoryview)):
        return load_text(bytes(value))
    raise ValueError("expected text")


def load_bytes(value: Any) -> bytes:
    """Bytes from bytes or text: Latin-1 where it fits (the browser sends code points 0..255), else UTF-8."""
    if type(value) is bytes:
        return value
    if isinstance(value, (bytearray, memoryview)):
        return bytes(value)
    if isinstance(value, str):
        try:
            return value.encode("latin-1")
        except UnicodeEncodeError:
            # a lone surrogate raises UnicodeEncodeError again, which is a ValueError
            return value.encode()
    raise ValueError("expected bytes")


def load_buffer(value: Any) -> Buffer:
    """Like bytes, but a raw chunk stays the buffer it is: pixels are not copied."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        return value
    return load_bytes(value)


def load_flag(value: Any) -> bool:
    """A boolean; 0 and 1 stand for it in bencode and in some 6.x packets."""
    if value is True or value is False:
        return value
    if type(value) is int and 0 <= value <= 1:
        return value == 1
    raise ValueError("expected a boolean")


def load_list(value: Any) -> Sequence[Any]:
    """A list or tuple as it came."""
    if type(value) is list or type(value) is tuple:
        return value
    raise ValueError("expected a list")


def load_key(value: Any) -> str | int:
    """A dict key: text in any spelling, or an integer (monitors, key codes)."""
    if type(value) is str or type(value) is int:
        return value
    return load_text(value)


def load_map(value: Any) -> dict[str, Any]:
    """A dict with text keys; an integer key becomes its decimal text. The values are as they came."""
    if isinstance(value, Mapping):
        return {key if type(key) is str else str(load_key(key)): item for key, item in value.items()}
    raise ValueError("expected a dict")


def load_any(value: Any) -> Any:
    """The value as it came."""
    return value


TEXT, BYTES, BUFFER, FLAG, MAP, ANY = map(Codec, (load_text, load_bytes, load_buffer, load_flag, load_map, load_any))

TextMap = Annotated[Mapping[str, Wire], MAP]
"""A dict whose keys were made text; its values are checked by whoever reads them."""

AnyWire = Annotated[Wire, ANY]
"""A value that is passed through unchecked."""

Data = Annotated[Buffer, BUFFER]
"""Bytes in whatever buffer they came."""

MAX_U16 = 2**16 - 1


def _numbers(value: Any, count: int, lo: int, hi: int) -> Sequence[int]:
    if (type(value) is list or type(value) is tuple) and len(value) >= count:
        for number in value[:count]:
            if type(number) is not int or not lo <= number <= hi:
                break
        else:
            return value
    raise ValueError(f"expected {count} integers in {lo}..{hi}")


def load_size(value: Any) -> Size:
    """[width, height] in pixels; further items are ignored."""
    width, height = _numbers(value, 2, 0, MAX_U16)[:2]
    return Size(width, height)


def load_rect(value: Any) -> Rect:
    """[x, y, width, height] in pixels."""
    x, y = _numbers(value, 4, -(2**15), MAX_U16)[:2]
    width, height = _numbers(value[2:], 2, 0, MAX_U16)[:2]
    return Rect(x, y, width, height)


SizePx = Annotated[Size, Codec(load_size, lambda size, _: (size.width, size.height))]
RectPx = Annotated[Rect, Codec(load_rect, lambda rect, _: (rect.x, rect.y, rect.width, rect.height))]


def load_point(value: Any) -> tuple[int, int]:
    """[x, y] in pixels; further items (relative coordinates, traps.md 77) are ignored."""
    if (type(value) is list or type(value) is tuple) and len(value) >= 2:
        x, y = value[0], value[1]
        if type(x) is int and type(y) is int and -32768 <= x <= 32767 and -32768 <= y <= 32767:
            return x, y
    raise ValueError("expected [x, y]")


Point = Annotated[tuple[int, int], Codec(load_point)]


def octets(lo: int, hi: int) -> Codec:
    """Bytes of a bounded length from bytes or Latin-1 text; nothing else is guessed (salts, keys, IVs)."""

    def load(value: Any) -> bytes:
        if isinstance(value, str):
            value = value.encode("latin-1")
        if not isinstance(value, (bytes, bytearray, memoryview)) or not lo <= len(value) <= hi:
            raise ValueError(f"expected {lo}..{hi} bytes")
        return bytes(value)

    return Codec(load)


def enum_codec(cls: type[enum.Enum]) -> Codec:
    """Members of an enumeration by their value; an unknown one is a ValueError."""
    is_text = all(isinstance(member.value, str) for member in cls)

    def load(value: Any) -> enum.Enum:
        return cls(load_text(value) if is_text else value)

    return Codec(load, lambda member, _: member.value)


def _tuple_codec(args: tuple[Any, ...]) -> Codec:
    """Codec of `tuple[T, ...]` (any length) or `tuple[A, B]` (that many or more, the rest ignored)."""
    if len(args) == 2 and args[1] is Ellipsis:
        item = codec_of(args[0])
        load_item, dump_item = item.load, item.dump

        def load_many(value: Any) -> tuple[Any, ...]:
            if type(value) is list or type(value) is tuple:
                return tuple(map(load_item, value)) if value else ()
            raise ValueError("expected a list")

        if dump_item is None:
            return Codec(load_many)
        return Codec(load_many, lambda items, dialect: [dump_item(x, dialect) for x in items])

    codecs = tuple(map(codec_of, args))
    loads = tuple(codec.load for codec in codecs)
    if any(codec.dump for codec in codecs):
        raise TypeError("a tuple of a fixed length holds plain values only")

    def load_fixed(value: Any) -> tuple[Any, ...]:
        if (type(value) is list or type(value) is tuple) and len(value) >= len(loads):
            return tuple([load(item) for load, item in zip(loads, value, strict=False)])
        raise ValueError(f"expected a list of {len(loads)}")

    return Codec(load_fixed)


def _map_codec(args: tuple[Any, ...]) -> Codec:
    """Codec of `Mapping[K, V]` with K `str` or `int` and any typed V."""
    item = codec_of(args[1])
    load_item, dump_item = item.load, item.dump

    def load_int_key(key: Any) -> int:
        # a decimal text key is what serializers without integer keys make of an integer
        return key if type(key) is int else int(load_text(key))

    load_a_key = load_int_key if args[0] is int else load_text

    def load(value: Any) -> dict[Any, Any]:
        if isinstance(value, Mapping):
            return {load_a_key(key): load_item(x) for key, x in value.items()}
        raise ValueError("expected a dict")

    if dump_item is None:
        return Codec(load)
    return Codec(load, lambda items, dialect: {key: dump_item(x, dialect) for key, x in items.items()})


_SIMPLE = {str: TEXT, bytes: BYTES, bool: FLAG, int: Range(-(2**63), 2**63 - 1).codec()}


def codec_of(hint: Any) -> Codec:
    """The codec of a field type; TypeError where the type has none, which is an error in a declaration."""
    if isinstance(hint, type):
        if hint in _SIMPLE:
            return _SIMPLE[hint]
        if issubclass(hint, enum.Enum):
            return enum_codec(hint)
        if issubclass(hint, WireValue):
            return hint.wire_codec()
    origin = get_origin(hint)
    if origin is Annotated:
        for mark in hint.__metadata__:
            if isinstance(mark, Codec):
                return mark
            if isinstance(mark, Range):
                return mark.codec()
    args = get_args(hint)
    if origin is tuple and args:
        return _tuple_codec(args)
    if origin is Mapping:
        return _map_codec(args)
    if origin in (Union, types.UnionType) and len(args) == 2 and args[1] is type(None):
        return codec_of(args[0])
    raise TypeError(f"no wire conversion for {hint!r}; annotations must be types, not text")
