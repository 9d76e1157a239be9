"""XDamage: what was drawn, per window, gathered over one batch of events."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xcffib.damage

from limpet.values import Rect, Xid, bounding
from limpet.x11.connection import X11Connection

MAX_RECTS = 16
_LEVEL = xcffib.damage.ReportLevel.DeltaRectangles


class DamageTracker:
    """One Damage object per window, at level DeltaRectangles.

    Each event carries its area, so nothing has to be asked for. `take` re-arms with an unanswered Subtract: an area
    drawn before it reaches the server has its event under way already, so none is lost.
    """

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._extension = connection.damage
        self._objects: dict[Xid, int] = {}
        self._areas: dict[Xid, list[Rect]] = {}
        self._armed: set[Xid] = set()

    def watch(self, xid: Xid) -> None:
        damage = self._connection.generate_id()
        self._objects[xid] = damage
        self._extension.Create(damage, xid, _LEVEL)

    def forget(self, xid: Xid, *, destroyed: bool) -> None:
        """`destroyed`: the server has freed the Damage object together with the window."""
        damage = self._objects.pop(xid, None)
        self._areas.pop(xid, None)
        self._armed.discard(xid)
        if damage is not None and not destroyed:
            self._extension.Destroy(damage)

    def on_DamageNotify(self, event: xcffib.damage.NotifyEvent) -> None:
        xid = Xid(event.drawable)
        if xid in self._objects:
            area = event.area
            self._armed.add(xid)
            self._areas.setdefault(xid, []).append(Rect(area.x, area.y, area.width, area.height))

    def add(self, xid: Xid, rect: Rect) -> None:
        """Damage that the manager knows of by itself (mapped, resized); `rect` as X gives areas, within the border."""
        if xid in self._objects:
            self._areas.setdefault(xid, []).append(rect)

    def take(self) -> list[tuple[Xid, tuple[Rect, ...]]]:
        """What gathered since the last call, and re-arm."""
        for xid in self._armed:
            self._extension.Subtract(self._objects[xid], 0, 0)
        self._armed.clear()
        taken = [(xid, coalesce(areas)) for xid, areas in self._areas.items()]
        self._areas.clear()
        return taken


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
