"""What is known of a window, as values: the vocabulary between the window manager and its caller."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from limpet.records import dataclass
from limpet.values import Pixels, Rect, Size, Xid

MAX_EXTENT = 32767
"""largest width or height of an X window"""


@dataclass(frozen=True, slots=True)
class SizeHints:
    """WM_NORMAL_HINTS (ICCCM 4.1.2.3); None where the application says nothing."""

    position: tuple[int, int] | None = None
    """the application or its user chose the position"""
    size: Size | None = None
    minimum: Size | None = None
    maximum: Size | None = None
    increment: Size | None = None
    base: Size | None = None
    minimum_aspect: tuple[int, int] | None = None
    """(numerator, denominator) of width / height"""
    maximum_aspect: tuple[int, int] | None = None
    gravity: int | None = None
    """1 NorthWest ... 9 SouthEast, 10 Static (X protocol, BIT/WIN gravity)"""

    def constrain(self, size: Size) -> Size:
        """The nearest size that the hints allow, as ICCCM 4.1.2.3 computes it; at least 1 by 1."""
        base = self.base or self.minimum or Size(0, 0)
        minimum = self.minimum or self.base or Size(1, 1)
        maximum = self.maximum or Size(MAX_EXTENT, MAX_EXTENT)
        width = max(min(size.width, maximum.width), minimum.width, 1)
        height = max(min(size.height, maximum.height), minimum.height, 1)
        width, height = self._fit_aspect(width, height)
        if self.increment is not None:
            width = _step(width, base.width, self.increment.width, minimum.width)
            height = _step(height, base.height, self.increment.height, minimum.height)
        return Size(min(max(width, 1), MAX_EXTENT), min(max(height, 1), MAX_EXTENT))

    def _fit_aspect(self, width: int, height: int) -> tuple[int, int]:
        """The base size counts only when it is given itself, not when the minimum stands in for it."""
        extra = self.base or Size(0, 0)
        inner_width, inner_height = width - extra.width, height - extra.height
        if inner_width <= 0 or inner_height <= 0:
            return width, height
        if self.minimum_aspect is not None:
            over, under = self.minimum_aspect
            if inner_width * under < inner_height * over:
                inner_height = max(1, inner_width * under // over)
        if self.maximum_aspect is not None:
            over, under = self.maximum_aspect
            if inner_width * under > inner_height * over:
                inner_width = max(1, inner_height * over // under)
        return inner_width + extra.width, inner_height + extra.height


def _step(value: int, base: int, increment: int, minimum: int) -> int:
    if increment <= 1 or value < base:
        return value
    stepped = base + (value - base) // increment * increment
    return stepped if stepped >= minimum else stepped + increment


@dataclass(frozen=True, slots=True)
class WmHints:
    """WM_HINTS (ICCCM 4.1.2.4), the parts in use."""

    input: bool | None = None
    iconic: bool = False
    urgent: bool = False
    group: Xid | None = None


@dataclass(frozen=True, slots=True)
class WindowInfo:
    """One top-level window at one moment. Texts are bounded; names of types, states and protocols have no prefix."""

    xid: Xid
    rect: Rect
    """outer rectangle on the screen, X border included"""
    override_redirect: bool = False
    depth: int = 24
    has_alpha: bool = False
    title: str = ""
    icon_title: str = ""
    class_instance: tuple[str, str] | None = None
    """(instance, class) as in WM_CLASS"""
    role: str = ""
    command: tuple[str, ...] = ()
    client_machine: str = ""
    pid: int | None = None
    """as the window claims it (_NET_WM_PID); a claim, not a proof"""
    window_types: tuple[str, ...] = ()
    """_NET_WM_WINDOW_TYPE in the order of preference: NORMAL, DIALOG, ..."""
    transient_for: Xid | None = None
    size_hints: SizeHints = SizeHints()
    states: frozenset[str] = frozenset()
    """_NET_WM_STATE: FULLSCREEN, MAXIMIZED_VERT, MODAL, HIDDEN, ..."""
    protocols: tuple[str, ...] = ()
    decorations: bool | None = None
    """_MOTIF_WM_HINTS: the window wants a frame, wants none, or does not say"""
    icon: Pixels | None = None
    """the biggest icon up to 256 by 256, BGRA"""
    hints: WmHints = WmHints()

    @property
    def modal(self) -> bool:
        return "MODAL" in self.states

    @property
    def iconic(self) -> bool:
        return "HIDDEN" in self.states


@dataclass(frozen=True, slots=True)
class CursorImage:
    """The cursor shown at the moment; pixels are BGRA."""

    pixels: Pixels
    hot_x: int
    hot_y: int
    serial: int
    name: str


@dataclass(frozen=True, slots=True)
class Bell:
    """XkbBellNotify."""

    xid: Xid | None
    percent: int
    pitch: int
    duration_ms: int
    bell_class: int
    bell_id: int
    name: str


class WindowSink(Protocol):
    """Where the window manager tells what happened; called from `process_events`, must not block."""

    def window_added(self, info: WindowInfo) -> None:
        """A window is to be shown. Managed windows stay known while iconified."""

    def window_removed(self, xid: Xid) -> None:
        """The window was withdrawn or destroyed."""

    def window_changed(self, xid: Xid, changed: frozenset[str], info: WindowInfo) -> None:
        """Fields of WindowInfo (their names in `changed`) have new values; never `rect`."""

    def window_moved(self, xid: Xid, rect: Rect) -> None:
        """Position or size changed, by whomever."""

    def damaged(self, xid: Xid, rects: Sequence[Rect]) -> None:
        """Pixels changed within `rects`, relative to the window's outer corner."""

    def raised(self, xid: Xid) -> None:
        """The application asked for the top of the stack, and got it."""

    def focus_requested(self, xid: Xid) -> None:
        """_NET_ACTIVE_WINDOW: the application wants the focus; grant it with `focus()`."""

    def state_requested(self, xid: Xid, add: frozenset[str], remove: frozenset[str]) -> None:
        """The application wants these states; grant with `set_states()`, `iconify()`; or do nothing."""

    def moveresize_requested(self, xid: Xid, x: int, y: int, direction: int, button: int, source: int) -> None:
        """_NET_WM_MOVERESIZE: the user began to drag the window by a part that the application draws."""

    def cursor_changed(self, cursor: CursorImage | None) -> None:
        """Another cursor is shown; None when its picture cannot be had: show the default."""

    def bell(self, bell: Bell) -> None: ...
