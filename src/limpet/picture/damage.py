"""Merging rectangles of damage; pure."""

from __future__ import annotations

from collections.abc import Sequence

from limpet.values import Rect

OVERHEAD_PX = 1024
"""pixels that a picture of its own costs beside its content"""


def merge(rects: Sequence[Rect], *, limit: int) -> list[Rect]:
    """Fewer rectangles that cover at least the same: two become one where that paints few pixels more.

    At most `limit` come back; more are joined into their bounding rectangle.
    """
    merged: list[Rect] = []
    for rect in rects:
        candidate = rect
        joined = not candidate.empty
        while joined:
            joined = False
            for index, other in enumerate(merged):
                union = other.union(candidate)
                if union.area <= other.area + candidate.area + OVERHEAD_PX:
                    candidate = union
                    del merged[index]
                    joined = True
                    break
        if not candidate.empty:
            merged.append(candidate)
    if len(merged) > limit:
        whole = merged[0]
        for rect in merged[1:]:
            whole = whole.union(rect)
        return [whole]
    return merged
