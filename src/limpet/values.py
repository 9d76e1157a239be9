"""Small value types that every layer shares; standard library only."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NewType, TypeAlias

from limpet.records import dataclass

WindowId = NewType("WindowId", int)
"""Id of a window on the wire, 0 < id < 2**48; 0 means none or root."""

Xid = NewType("Xid", int)
"""X resource id, 29 bits."""

Buffer: TypeAlias = bytes | bytearray | memoryview

Wire: TypeAlias = None | bool | int | float | str | Buffer | Sequence["Wire"] | Mapping[Any, "Wire"]
"""A value that a serializer can carry."""


class Side(enum.Enum):
    """Role of one end of a connection."""

    CLIENT = "client"
    SERVER = "server"

    @property
    def other(self) -> Side:
        return Side.SERVER if self is Side.CLIENT else Side.CLIENT


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in pixels; `x`, `y` may be negative, an empty one has no width or height."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height

    @property
    def area(self) -> int:
        return 0 if self.empty else self.width * self.height

    @property
    def empty(self) -> bool:
        return self.width <= 0 or self.height <= 0

    @property
    def size(self) -> Size:
        return Size(self.width, self.height)

    def intersect(self, other: Rect) -> Rect:
        """The common part; empty (0 by 0) when there is none."""
        x, y = max(self.x, other.x), max(self.y, other.y)
        width, height = min(self.right, other.right) - x, min(self.bottom, other.bottom) - y
        return Rect(x, y, width, height) if width > 0 and height > 0 else Rect(x, y, 0, 0)

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both; an empty one adds nothing."""
        if self.empty:
            return other
        if other.empty:
            return self
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def contains(self, other: Rect) -> bool:
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def translate(self, dx: int, dy: int) -> Rect:
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


class PixelFormat(enum.Enum):
    """Order of the bytes of one pixel in memory; X is an unused byte, A is premultiplied alpha."""

    RGB = "RGB"
    BGR = "BGR"
    RGBX = "RGBX"
    BGRX = "BGRX"
    RGBA = "RGBA"
    BGRA = "BGRA"
    XRGB = "XRGB"
    ARGB = "ARGB"

    @property
    def bytes_per_pixel(self) -> int:
        return len(self.value)

    @property
    def has_alpha(self) -> bool:
        return "A" in self.value


@dataclass(frozen=True, slots=True)
class Pixels:
    """A captured rectangle of pixels.

    `data` holds at least `rowstride * (height - 1) + width * bytes_per_pixel` bytes.
    """

    width: int
    height: int
    format: PixelFormat
    rowstride: int
    data: Buffer


class Secret:
    """Bytes that must not be shown: no repr, no str, no pickle; `reveal()` gives them."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<secret>"

    def __reduce__(self) -> str:
        raise TypeError("a Secret cannot be pickled")


def bounding(rects: Iterable[Rect]) -> Rect:
    """The smallest rectangle around all of `rects`; empty for none."""
    result = Rect(0, 0, 0, 0)
    for rect in rects:
        result = result.union(rect)
    return result
