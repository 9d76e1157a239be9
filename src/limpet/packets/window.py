"""Windows, server to client (session-packets.md 6.2)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

import enum
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import (
    I16,
    I32,
    I64,
    U8,
    U16,
    U32,
    U64,
    AnyWinId,
    Codec,
    Data,
    Point,
    RectPx,
    SizePx,
    TextMap,
    WinId,
    load_map,
    load_text,
)
from limpet.packets.records import Record
from limpet.packets.registry import packets
from limpet.packets.schema import Packet, form
from limpet.values import Side, Wire

NO_WORKSPACE = 0xFFFF
"""`workspace` of a window that is on none."""


@declared
class SizeConstraints(Record):
    """WM_NORMAL_HINTS as a dict. Sizes and the position in pixels, `gravity` as in X11, ratios as [width, height]."""

    position: Point | None = None
    size: SizePx | None = None
    base_size: SizePx | None = None
    increment: SizePx | None = None
    minimum_size: SizePx | None = None
    maximum_size: SizePx | None = None
    gravity: U8 | None = None
    minimum_aspect_ratio: tuple[U32, U32] | None = None
    maximum_aspect_ratio: tuple[U32, U32] | None = None


def _load_xid(value: Any) -> int:
    if isinstance(value, (str, bytes)):
        text = load_text(value)
        if len(text) > 18:
            raise ValueError("expected a window number")
        value = int(text, 0)
    if type(value) is int and 0 <= value < 2**48:
        return value
    raise ValueError("expected a window number")


def _dump_xid(value: int, dialect: Dialect) -> Wire:
    # xpra 3.1.3: a text like 0x20000c (traps.md 67)
    return value if dialect.nested else hex(value)


XidNumber = Annotated[int, Codec(_load_xid, _dump_xid)]


@declared
class WindowMetadata(Record):
    """What the server tells of a window; None: not told. Only names that the client supports are sent.

    `opacity`: -1 none, else 0..0xFFFFFFFF. `decorations`: -1 unset, else Motif bits. `frame`: left, right, top, bottom.
    """

    title: str | None = None
    icon_title: str | None = None
    command: str | None = None
    client_machine: str | None = None
    role: str | None = None
    app_id: str | None = None
    locale: str | None = None
    class_instance: tuple[str, str] | None = None
    """instance, class"""
    pid: I64 | None = None
    ppid: I64 | None = None
    wm_pid: I64 | None = None
    xid: XidNumber | None = None
    transient_for: AnyWinId | None = None
    parent: AnyWinId | None = None
    group_leader_xid: XidNumber | None = None
    group_leader_wid: AnyWinId | None = None
    workspace: U32 | None = None
    depth: U8 | None = None
    bypass_compositor: U8 | None = None
    opacity: I64 | None = None
    quality: I32 | None = None
    speed: I32 | None = None
    decorations: I64 | None = None
    window_type: tuple[str, ...] | None = None
    """NORMAL, DIALOG, MENU, ...: _NET_WM_WINDOW_TYPE without its prefix, best first"""
    size_constraints: SizeConstraints | None = None
    override_redirect: bool | None = None
    tray: bool | None = None
    shadow: bool | None = None
    desktop: bool | None = None
    has_alpha: bool | None = None
    iconic: bool | None = None
    fullscreen: bool | None = None
    maximized: bool | None = None
    above: bool | None = None
    below: bool | None = None
    shaded: bool | None = None
    sticky: bool | None = None
    skip_taskbar: bool | None = None
    skip_pager: bool | None = None
    modal: bool | None = None
    focused: bool | None = None
    set_initial_position: bool | None = None
    requested_position: Point | None = None
    relative_position: Point | None = None
    frame: tuple[I16, I16, I16, I16] | None = None
    fullscreen_monitors: tuple[I16, I16, I16, I16] | None = None
    allowed_actions: tuple[str, ...] | None = None
    protocols: tuple[str, ...] | None = None
    state: tuple[str, ...] | None = None
    content_type: str | None = None
    content_types: tuple[str, ...] | None = None
    strut: TextMap | None = None
    shape: TextMap | None = None
    opaque_region: tuple[RectPx, ...] | None = None

    def to_wire(self, dialect: Dialect) -> dict[str, Wire]:
        """The values that are set and that the peer of `dialect` asked for."""
        # not super(): a slotted dataclass is a copy of the class that super() knows
        out = Record.to_wire(self, dialect)
        if dialect.metadata is None:
            return out
        return {key: value for key, value in out.items() if key in dialect.metadata}


class WindowKind(enum.Enum):
    """How a window is managed: the three legacy names of a new window."""

    NORMAL = "normal"
    OVERRIDE_REDIRECT = "override-redirect"
    """menus, tooltips: the application alone decides on its position"""
    TRAY = "tray"


def _unpack_create(args: Sequence[Any]) -> Mapping[str, Any]:
    names = ("window_id", "x", "y", "width", "height", "metadata", "client_props")
    values = dict(zip(names, args, strict=False))
    metadata = load_map(values.get("metadata", {}))
    values["kind"] = "tray" if metadata.get("tray") else "normal"
    if metadata.get("override-redirect"):
        values["kind"] = "override-redirect"
    return values


@packets.add
@declared
class NewWindow(Packet):
    """A window appeared. Nothing of it is drawn before the client sends `MapWindow`, unless it is a menu (traps.md 57).

    `client_props` is what this client last told of the window, e.g. its workspace. A tray has no position.
    """

    sender = Side.SERVER
    forms = (
        form(
            "new-window",
            "window_id x y width height metadata client_props",
            implies={"kind": WindowKind.NORMAL},
        ),
        form(
            "new-override-redirect",
            "window_id x y width height metadata client_props",
            implies={"kind": WindowKind.OVERRIDE_REDIRECT},
        ),
        form("new-tray", "window_id width height metadata", implies={"kind": WindowKind.TRAY}),
        form(
            "window-create",
            "window_id x y width height metadata client_props kind",
            unpack=_unpack_create,
            receive=True,
        ),
    )

    window_id: WinId
    width: U16
    height: U16
    metadata: WindowMetadata
    x: I16 = 0
    y: I16 = 0
    client_props: TextMap = field(default_factory=dict)
    kind: WindowKind = WindowKind.NORMAL


@packets.add
@declared
class WindowMetadataChanged(Packet):
    """Changed metadata of a window; what is not named stays."""

    sender = Side.SERVER
    forms = (form("window-metadata", "window_id metadata"),)

    window_id: WinId
    metadata: WindowMetadata


@packets.add
@declared
class WindowMoveResize(Packet):
    """The server moved or resized a window; the client echoes `resize_counter` in `ConfigureWindow`."""

    sender = Side.SERVER
    forms = (form("window-move-resize", "window_id x y width height resize_counter"),)

    window_id: WinId
    x: I16
    y: I16
    width: U16
    height: U16
    resize_counter: U64 = 0


@packets.add
@declared
class WindowResized(Packet):
    """The server resized a window; the client echoes `resize_counter` in `ConfigureWindow`."""

    sender = Side.SERVER
    forms = (form("window-resized", "window_id width height resize_counter"),)

    window_id: WinId
    width: U16
    height: U16
    resize_counter: U64 = 0


@packets.add
@declared
class ConfigureOverrideRedirect(Packet):
    """An override-redirect window moved; its modern form is `window-move-resize`."""

    sender = Side.SERVER
    forms = (form("configure-override-redirect", "window_id x y width height"),)

    window_id: WinId
    x: I16
    y: I16
    width: U16
    height: U16


@packets.add
@declared
class RaiseWindow(Packet):
    """The application asks that its window come to the front."""

    sender = Side.SERVER
    forms = (form("raise-window", "window_id"), form("window-raise", "window_id", receive=True))

    window_id: WinId


@packets.add
@declared
class RestackWindow(Packet):
    """Stacking order: `detail` 0 above, 1 below `sibling` (0: all others)."""

    sender = Side.SERVER
    forms = (
        form("restack-window", "window_id detail sibling"),
        form("window-restack", "window_id detail sibling", receive=True),
    )

    window_id: WinId
    detail: U8
    sibling: AnyWinId


@packets.add
@declared
class InitiateMoveResize(Packet):
    """The application asks the client's window manager to move or size its window (_NET_WM_MOVERESIZE).

    `direction`: 0 top-left, then clockwise to 7 left, 8 move, 9 size and 10 move by keyboard, 11 cancel.
    """

    sender = Side.SERVER
    forms = (
        form("initiate-moveresize", "window_id x_root y_root direction button source"),
        form("window-initiate-moveresize", "window_id x_root y_root direction button source", receive=True),
    )

    window_id: WinId
    x_root: I16
    y_root: I16
    direction: U8
    button: U8
    source: U8 = 1


@packets.add
@declared
class LostWindow(Packet):
    """A window is gone."""

    sender = Side.SERVER
    forms = (form("lost-window", "window_id"), form("window-destroy", "window_id", receive=True))

    window_id: WinId


@packets.add
@declared
class WindowIcon(Packet):
    """A window's icon: `encoding` png, BGRA, premult_argb32, or `default` with no data."""

    sender = Side.SERVER
    forms = (form("window-icon", "window_id width height encoding data", bulk="data"),)

    window_id: WinId
    width: U16
    height: U16
    encoding: str
    data: Data


@packets.add
@declared
class PointerGrab(Packet):
    """A window of the session grabbed the pointer."""

    sender = Side.SERVER
    forms = (form("pointer-grab", "window_id"), form("window-grab", "window_id", receive=True))

    window_id: AnyWinId


@packets.add
@declared
class PointerUngrab(Packet):
    """The grab is over."""

    sender = Side.SERVER
    forms = (form("pointer-ungrab", "window_id"), form("window-ungrab", "window_id", receive=True))

    window_id: AnyWinId


@packets.add
@declared
class Bell(Packet):
    """An XKB bell event: `percent` of the volume, `pitch` in Hz, `duration` in ms; -1 stands for the default."""

    sender = Side.SERVER
    forms = (
        form("bell", "window_id device percent pitch duration bell_class bell_id bell_name"),
        form("window-bell", "window_id device percent pitch duration bell_class bell_id bell_name", receive=True),
    )

    window_id: AnyWinId
    device: I64
    percent: I32
    pitch: I32
    duration: I32
    bell_class: I64 = 0
    bell_id: I64 = 0
    bell_name: str = ""
