"""What the network thread and the user interface tell each other: values only, no Qt, no asyncio, no packets.

Coordinates are pixels of the server's screen, where one remote pixel is one device pixel of the local display;
rectangles of pictures are relative to their window. Commands go from the network to the user interface, events back.
"""

from __future__ import annotations

import enum
from typing import TypeAlias

from limpet.records import dataclass
from limpet.values import Pixels, Rect, Secret, Size, WindowId


class WindowType(enum.Enum):
    """_NET_WM_WINDOW_TYPE without its prefix; the value is the spelling on the wire."""

    NORMAL = "NORMAL"
    DIALOG = "DIALOG"
    MENU = "MENU"
    TOOLBAR = "TOOLBAR"
    SPLASH = "SPLASH"
    UTILITY = "UTILITY"
    DOCK = "DOCK"
    DESKTOP = "DESKTOP"
    DROPDOWN_MENU = "DROPDOWN_MENU"
    POPUP_MENU = "POPUP_MENU"
    TOOLTIP = "TOOLTIP"
    NOTIFICATION = "NOTIFICATION"
    COMBO = "COMBO"
    DND = "DND"


class WindowState(enum.Enum):
    """What a window manager does with a window; the value is the key on the wire."""

    ICONIFIED = "iconified"
    MAXIMIZED = "maximized"
    FULLSCREEN = "fullscreen"
    ABOVE = "above"
    BELOW = "below"


class Direction(enum.IntEnum):
    """_NET_WM_MOVERESIZE directions (EWMH 1.5, "_NET_WM_MOVERESIZE")."""

    TOP_LEFT = 0
    TOP = 1
    TOP_RIGHT = 2
    RIGHT = 3
    BOTTOM_RIGHT = 4
    BOTTOM = 5
    BOTTOM_LEFT = 6
    LEFT = 7
    MOVE = 8


class PaintResult(enum.Enum):
    """What became of a picture."""

    PAINTED = "painted"
    HIDDEN = "hidden"
    """kept in the backing image of a window that is not visible now"""
    NO_WINDOW = "no window"
    FAILED = "failed"
    """the pixels do not have the size or format they say; `PaintDone.message` tells which"""


@dataclass(frozen=True, slots=True)
class SizeConstraints:
    """WM_NORMAL_HINTS (ICCCM 4.1.2.3) without position: sizes in pixels, None where the application set none."""

    minimum: Size | None = None
    maximum: Size | None = None
    base: Size | None = None
    increment: Size | None = None


@dataclass(frozen=True, slots=True)
class WindowProperties:
    """What the server says about a window, apart from its place."""

    title: str = ""
    class_instance: tuple[str, str] = ("", "")
    """(instance, class) of WM_CLASS"""
    window_types: tuple[WindowType, ...] = (WindowType.NORMAL,)
    """first choice first"""
    constraints: SizeConstraints = SizeConstraints()
    transient_for: WindowId | None = None
    modal: bool = False
    states: frozenset[WindowState] = frozenset()
    decorations: bool = True
    has_alpha: bool = False
    role: str = ""


@dataclass(frozen=True, slots=True)
class CursorImage:
    """The shape of the pointer: premultiplied BGRA pixels, the hot spot inside them."""

    pixels: Pixels
    hot_x: int
    hot_y: int
    name: str = ""
    """the X cursor name, if known: used when the image cannot be"""


@dataclass(frozen=True, slots=True)
class ScrollCopy:
    """Copy `rect` of the picture as it was before the first copy to where (dx, dy) moves it."""

    rect: Rect
    dx: int
    dy: int


@dataclass(frozen=True, slots=True)
class ScreenInfo:
    """One monitor in the coordinates of the local desktop, in device pixels."""

    name: str
    rect: Rect
    width_mm: int
    height_mm: int
    work_area: Rect
    scale: float = 1.0
    refresh_hz: float = 0.0


# -- network -> user interface ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CreateWindow:
    """Make a window and show it; answered by `WindowMapped` with the place it really got."""

    window_id: WindowId
    rect: Rect
    override_redirect: bool = False
    """a menu or tooltip: placed exactly at `rect`, without decoration, outside the window manager"""
    place: bool = False
    """the application asked for the position of `rect`; else the local window manager chooses"""
    properties: WindowProperties = WindowProperties()
    icon: Pixels | None = None


@dataclass(frozen=True, slots=True)
class UpdateMetadata:
    """The properties as they are now, all of them; the user interface applies what differs.

    `states` False: the server said nothing of the states; those of `properties` may be older than what the user did.
    """

    window_id: WindowId
    properties: WindowProperties
    states: bool = True


@dataclass(frozen=True, slots=True)
class MoveResize:
    """The server moved or resized the window. `resize_counter` comes back in `WindowConfigured`.

    `move` False: only the size counts (`window-resized`).
    """

    window_id: WindowId
    rect: Rect
    resize_counter: int = 0
    move: bool = True


@dataclass(frozen=True, slots=True)
class RaiseWindow:
    """Put the window above the others and, unless it is a menu, give it the keyboard."""

    window_id: WindowId


@dataclass(frozen=True, slots=True)
class StartMoveResize:
    """The application asks that the user's drag moves or resizes its window; None cancels."""

    window_id: WindowId
    direction: Direction | None


@dataclass(frozen=True, slots=True)
class DestroyWindow:
    """The window is gone on the server."""

    window_id: WindowId


@dataclass(frozen=True, slots=True)
class DestroyAllWindows:
    """All windows go (new connection, new session); paints already posted are answered NO_WINDOW."""


@dataclass(frozen=True, slots=True)
class SetIcon:
    """The window's icon, or None for that of the client."""

    window_id: WindowId
    icon: Pixels | None


@dataclass(frozen=True, slots=True)
class SetCursor:
    """The pointer's shape over all windows; None = the default arrow."""

    cursor: CursorImage | None


@dataclass(frozen=True, slots=True)
class Paint:
    """Put `pixels` at `rect`; answered by exactly one `PaintDone`.

    `pixels` are BGRX, BGRA (premultiplied), RGBX, RGBA or RGB, of the size of `rect`; what lies outside the window
    is cut off. `flush` counts the paints that complete the same update: the screen changes at 0 (traps 63).
    `token` comes back in the answer, so that answers of an earlier connection can be told apart.
    """

    window_id: WindowId
    rect: Rect
    pixels: Pixels
    sequence: int
    flush: int = 0
    decode_us: int = 0
    """time spent on decoding, added to the answer"""
    token: int = 0


@dataclass(frozen=True, slots=True)
class Scroll:
    """Move parts of the picture; all copies read the picture as it was before the first. Answered like `Paint`."""

    window_id: WindowId
    size: Size
    copies: tuple[ScrollCopy, ...]
    sequence: int
    flush: int = 0
    decode_us: int = 0
    token: int = 0


@dataclass(frozen=True, slots=True)
class Bell:
    """Ring the desktop's bell, as loud as the user has set it."""

    window_id: WindowId | None = None


@dataclass(frozen=True, slots=True)
class AskPassword:
    """Open the password window; answered by `PasswordEntered` with the same token."""

    prompt: str
    """what is asked for, in one line"""
    who: str
    """target and user it is for"""
    token: int
    retry: bool = False
    """the last one was refused"""


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """A line over all windows, such as "reconnecting"; None removes it."""

    text: str | None


@dataclass(frozen=True, slots=True)
class PointerWarp:
    """Move the pointer to server coordinates."""

    window_id: WindowId
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Quit:
    """Close everything; `Ui.run` returns `exit_code`. No command after this one is done."""

    exit_code: int = 0


UiCommand: TypeAlias = (
    CreateWindow
    | UpdateMetadata
    | MoveResize
    | RaiseWindow
    | StartMoveResize
    | DestroyWindow
    | DestroyAllWindows
    | SetIcon
    | SetCursor
    | Paint
    | Scroll
    | Bell
    | AskPassword
    | ShowStatus
    | PointerWarp
    | Quit
)


# -- user interface -> network ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScreensChanged:
    """The first event of all, and again when monitors change. `desktop` is the size of all monitors together."""

    desktop: Size
    screens: tuple[ScreenInfo, ...]
    dpi: int
    double_click_ms: int = 400
    double_click_px: int = 5


@dataclass(frozen=True, slots=True)
class WindowMapped:
    """The window is on the screen at `rect` (without its decoration)."""

    window_id: WindowId
    rect: Rect
    states: frozenset[WindowState] = frozenset()


@dataclass(frozen=True, slots=True)
class WindowUnmapped:
    """The window is iconified: no pictures are wanted until it is mapped again."""

    window_id: WindowId


@dataclass(frozen=True, slots=True)
class WindowConfigured:
    """Place, size or state changed for local reasons; `resize_counter` is that of the last `MoveResize` done."""

    window_id: WindowId
    rect: Rect
    resize_counter: int
    states: frozenset[WindowState] = frozenset()


@dataclass(frozen=True, slots=True)
class CloseRequested:
    """The user closed the window; it stays until `DestroyWindow`."""

    window_id: WindowId


@dataclass(frozen=True, slots=True)
class FocusChanged:
    """None = no window of ours has the keyboard."""

    window_id: WindowId | None
    modifiers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PointerMoved:
    """Pointer at server coordinates x, y; `buttons` are the numbers of those held."""

    window_id: WindowId
    x: int
    y: int
    modifiers: tuple[str, ...] = ()
    buttons: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ButtonChanged:
    """X button numbers: 1 left, 2 middle, 3 right, 8 back, 9 forward. `buttons` as they were before."""

    window_id: WindowId
    button: int
    pressed: bool
    x: int
    y: int
    modifiers: tuple[str, ...] = ()
    buttons: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class WheelMoved:
    """`steps` >= 1 whole clicks of button 4 (up), 5 (down), 6 (left) or 7 (right)."""

    window_id: WindowId
    button: int
    steps: int
    x: int
    y: int
    modifiers: tuple[str, ...] = ()
    buttons: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyChanged:
    """A key by X11 keysym name; no repeats while it is held. `modifiers` as they were before this key."""

    window_id: WindowId
    keysym_name: str
    keyval: int
    text: str
    keycode: int
    """the hardware code as the local system numbers it (X11 keycode where there is one, else 0)"""
    pressed: bool
    modifiers: tuple[str, ...] = ()
    group: int = 0


@dataclass(frozen=True, slots=True)
class PaintDone:
    """The one answer to a `Paint` or `Scroll`; `elapsed_us` >= 1 holds decoding and painting."""

    window_id: WindowId
    sequence: int
    size: Size
    elapsed_us: int
    result: PaintResult = PaintResult.PAINTED
    message: str = ""
    token: int = 0


@dataclass(frozen=True, slots=True)
class PasswordEntered:
    """None: the user cancelled."""

    token: int
    password: Secret | None


@dataclass(frozen=True, slots=True)
class RoomAvailable:
    """Sent once after `Ui.post` had refused a command: there is room again."""


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The process got SIGINT or SIGTERM and is asked to end; a second one ends the user interface at once."""

    signal: int


@dataclass(frozen=True, slots=True)
class Exited:
    """The user interface ended (last event), by `Quit` or by the user or system."""

    exit_code: int = 0


UiEvent: TypeAlias = (
    ScreensChanged
    | WindowMapped
    | WindowUnmapped
    | WindowConfigured
    | CloseRequested
    | FocusChanged
    | PointerMoved
    | ButtonChanged
    | WheelMoved
    | KeyChanged
    | PaintDone
    | PasswordEntered
    | RoomAvailable
    | Interrupted
    | Exited
)
