"""Bytes waiting to be written, cut into pieces that suit `send`: small ones joined, large ones sliced, not copied."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from limpet.values import Buffer

JOIN = 64 * 1024
"""Pieces below this are joined with their neighbours (docs/protocol: writing)."""

SLICE = 256 * 1024
"""Most bytes handed to the kernel in one call; bounds what the event loop copies when the kernel takes less."""


def as_bytes_view(data: Buffer) -> Buffer:
    """`data` such that `len()` counts bytes."""
    if isinstance(data, memoryview) and (data.format != "B" or data.ndim != 1):
        return data.cast("B")
    return data


class WriteQueue:
    """A queue of buffers. `size` is the number of bytes in it."""

    __slots__ = ("_items", "size")

    def __init__(self) -> None:
        self._items: deque[Buffer] = deque()
        self.size = 0

    def __bool__(self) -> bool:
        return self.size > 0

    def extend(self, buffers: Sequence[Buffer]) -> None:
        for data in buffers:
            view = as_bytes_view(data)
            if view:
                self._items.append(view)
                self.size += len(view)

    def clear(self) -> None:
        self._items.clear()
        self.size = 0

    def next_piece(self) -> Buffer:
        """Take the next bytes to send: at least `JOIN` if that many wait, at most `SLICE`. Empty when none wait."""
        items = self._items
        if not items:
            return b""
        first = items[0]
        if len(first) >= JOIN or len(items) == 1:
            piece = self._take(SLICE)
        else:
            parts: list[Buffer] = []
            room = JOIN
            while items and room:
                part = self._take(room)
                parts.append(part)
                room -= len(part)
            piece = b"".join(parts)
        self.size -= len(piece)
        return piece

    def _take(self, most: int) -> Buffer:
        """The first buffer, or its first `most` bytes as a view."""
        items = self._items
        first = items[0]
        if len(first) <= most:
            return items.popleft()
        view = memoryview(first)
        items[0] = view[most:]
        return view[:most]
