"""XDamage: what was drawn, per window, gathered over one batch of events."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence

import xcffib.damage

from limpet.values import Rect, Xid, bounding
from limpet.x11.connection import X11Connection

MAX_RECTS = 16
_LEVEL = xcffib.damage.ReportLevel.NonEmpty
_REPLY_HEADER = 32
_MAX_FETCHED = 256


class DamageTracker:
    """One Damage object per window, at level NonEmpty: one event when something is drawn, none until re-armed.

    `take` moves the damage into a region, which re-arms in the same step of the server, and fetches the region. So
    whatever was drawn before is in it, whatever is drawn later makes an event, and who captures after `take` has the
    pixels of both. (The levels that put areas into events report nothing of what is drawn over an area not yet
    subtracted: such a drawing would be lost when the pixels were captured before it.)
    """

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._extension = connection.damage
        self._objects: dict[Xid, int] = {}
        self._areas: dict[Xid, list[Rect]] = {}
        self._reported: set[Xid] = set()
        self._region = connection.generate_id()
        connection.xfixes.CreateRegion(self._region, 0, [])

    def watch(self, xid: Xid) -> None:
        damage = self._connection.generate_id()
        self._objects[xid] = damage
        self._extension.Create(damage, xid, _LEVEL)

    def forget(self, xid: Xid, *, destroyed: bool) -> None:
        """`destroyed`: the server has freed the Damage object together with the window."""
        damage = self._objects.pop(xid, None)
        self._areas.pop(xid, None)
        self._reported.discard(xid)
        if damage is not None and not destroyed:
            self._extension.Destroy(damage)

    def on_DamageNotify(self, event: xcffib.damage.NotifyEvent) -> None:
        xid = Xid(event.drawable)
        if xid in self._objects:
            self._reported.add(xid)

    def add(self, xid: Xid, rect: Rect) -> None:
        """Damage that the manager knows of by itself (mapped, resized); `rect` as X gives areas, within the border."""
        if xid in self._objects:
            self._areas.setdefault(xid, []).append(rect)

    def take(self) -> list[tuple[Xid, tuple[Rect, ...]]]:
        """What was drawn since the last call; waits for the X server, once for all windows."""
        asked = []
        for xid in self._reported:
            # empty first: when the window is gone, what the region holds must not be another window's
            self._connection.xfixes.SetRegion(self._region, 0, [])
            self._extension.Subtract(self._objects[xid], 0, self._region)
            asked.append((xid, self._connection.xfixes.FetchRegion(self._region)))
        self._reported.clear()
        for xid, cookie in asked:
            self._areas.setdefault(xid, []).extend(_rects(self._connection.raw_reply(cookie, xid)))
        taken = [(xid, coalesce(areas)) for xid, areas in self._areas.items()]
        self._areas.clear()
        return taken


def _rects(reply: memoryview) -> list[Rect]:
    """The rectangles of a FetchRegion reply, the one around them when they are very many."""
    count = (len(reply) - _REPLY_HEADER) // 8
    if count > _MAX_FETCHED:
        return [Rect(*struct.unpack_from("=hhHH", reply, 8))]
    return [Rect(*values) for values in struct.iter_unpack("=hhHH", reply[_REPLY_HEADER : _REPLY_HEADER + count * 8])]


def coalesce(rects: Iterable[Rect], max_rects: int = MAX_RECTS) -> tuple[Rect, ...]:
    """The same area in few rectangles: contained ones dropped, the bounding one when it is hardly bigger."""
    kept: list[Rect] = []
    for rect in rects:
        if rect.empty or any(other.contains(rect) for other in kept):
            continue
        kept = [other for other in kept if not rect.contains(other)]
        kept.append(rect)
        if len(kept) > 4 * max_rects:
            kept = [bounding(kept)]
    return _few(kept, max_rects)


def _few(rects: Sequence[Rect], max_rects: int) -> tuple[Rect, ...]:
    if len(rects) <= 1:
        return tuple(rects)
    around = bounding(rects)
    if len(rects) > max_rects or around.area * 10 <= sum(rect.area for rect in rects) * 13:
        return (around,)
    return tuple(rects)
