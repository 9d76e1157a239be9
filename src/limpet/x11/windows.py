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
        """The nearest size between minimum and maximum (ICCCM 4.1.2.3); at least 1 by 1.

        Increments and aspect are for the window manager in front of the user, which is told them: corrected here once
        more, a size would come back to it as a wish of the application's while the user drags.
        """
        minimum = self.minimum or Size(1, 1)
        maximum = self.maximum or Size(MAX_EXTENT, MAX_EXTENT)
        width = max(min(size.width, maximum.width, MAX_EXTENT), minimum.width, 1)
        height = max(min(size.height, maximum.height, MAX_EXTENT), minimum.height, 1)
        return Size(min(width, MAX_EXTENT), min(height, MAX_EXTENT))


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
