"""Windows, client to server (session-packets.md 6.3)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

from limpet.packets.declared import declared
from limpet.packets.fields import I16, I32, I64, U16, U64, AnyWinId, Point, TextMap, WinId, load_list, load_map
from limpet.packets.records import Record
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.values import Side


@declared
class WindowState(Record):
    """What the client's window manager did to a window; None: unchanged. `frame`: left, right, top, bottom."""

    focused: bool | None = None
    iconified: bool | None = None
    maximized: bool | None = None
    fullscreen: bool | None = None
    above: bool | None = None
    below: bool | None = None
    sticky: bool | None = None
    shaded: bool | None = None
    skip_taskbar: bool | None = None
    skip_pager: bool | None = None
    frame: tuple[I16, I16, I16, I16] | None = None


@packets.add
@declared
class MapWindow(Packet):
    """The window is on the client's screen: only now may it be drawn."""

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (
        form("map-window", "window_id x y width height client_props state"),
        form("window-map", "window_id x y width height client_props state", receive=True),
    )

    window_id: WinId
    x: I16
    y: I16
    width: U16
    height: U16
    client_props: TextMap = field(default_factory=dict)
    state: WindowState = WindowState()


@packets.add
@declared
class UnmapWindow(Packet):
    """The window is hidden or iconified: drawing stops."""

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (
        form("unmap-window", "window_id iconified state"),
        form("window-unmap", "window_id iconified state", receive=True),
    )

    window_id: WinId
    iconified: bool = False
    state: WindowState = WindowState()


CONFIGURE = (
    "window_id x y width height client_props resize_counter state skip_geometry"
    " pointer_window_id pointer_position modifiers"
)


def _unpack_configure(args: Sequence[Any]) -> Mapping[str, Any]:
    options = load_map(args[1])
    values: dict[str, Any] = {"window_id": args[0], "skip_geometry": "geometry" not in options}
    geometry = load_list(options.get("geometry", (0, 0, 0, 0)))
    values |= dict(zip(("x", "y", "width", "height"), geometry, strict=True))
    names = {"resize-counter": "resize_counter", "properties": "client_props", "state": "state"}
    values |= {name: options[key] for key, name in names.items() if key in options}
    pointer = load_map(options.get("pointer", {}))
    values |= {
        name: pointer[key]
        for key, name in (("wid", "pointer_window_id"), ("position", "pointer_position"))
        if key in pointer
    }
    if "modifiers" in options:
        values["modifiers"] = options["modifiers"]
    return values


@packets.add
@declared
class ConfigureWindow(Packet):
    """Geometry, state and properties of a window on the client's screen.

    `resize_counter` is the last one seen from the server, which ignores geometry with an older one (traps.md 65).
    `client_props` override hello values for this window, with flat keys from every peer. `skip_geometry`: only
    properties and state count.
    """

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (
        form(
            "configure-window",
            CONFIGURE,
        ),
        form("window-configure", CONFIGURE, unpack=_unpack_configure, receive=True),
    )

    window_id: WinId
    x: I16
    y: I16
    width: U16
    height: U16
    client_props: TextMap = field(default_factory=dict)
    resize_counter: U64 = 0
    state: WindowState = WindowState()
    skip_geometry: bool = False
    pointer_window_id: AnyWinId = 0  # type: ignore[assignment]
    pointer_position: Point = (0, 0)
    modifiers: tuple[str, ...] = ()


@packets.add
@declared
class CloseWindow(Packet):
    """The user asks the application to close the window; `LostWindow` follows only if it does."""

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (form("close-window", "window_id"), form("window-close", "window_id", receive=True))

    window_id: WinId


@packets.add
@declared
class Focus(Packet):
    """The top-level window that has the keyboard; 0: none of them."""

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (form("focus", "window_id modifiers"), form("window-focus", "window_id modifiers", receive=True))

    window_id: AnyWinId
    modifiers: tuple[str, ...] = ()


@packets.add
@declared
class BufferRefresh(Packet):
    """Asks for the whole picture of a window again, 0 or -1: of all; `quality` 0..100 (-1: as it is)."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (
        form("buffer-refresh", "window_id unused quality options client_props"),
        form("window-refresh", "window_id unused quality options client_props", receive=True),
    )

    window_id: AnyWinId
    unused: I64 = 0
    quality: I32 = 100
    options: TextMap = field(default_factory=dict)
    client_props: TextMap = field(default_factory=dict)


@packets.add
@declared
class DrawAck(Packet):
    """What the client did with one `Draw`: exactly one for each, in any order (session-packets.md 6.4).

    `decode_us`: above 0 the time of decoding and painting, 0 not painted, -1 decode error, -2 no such window.
    `message`: the error's text, else without meaning (6.5.5 sends two quotes).
    """

    sender = Side.CLIENT
    effect = Effect.NONE
    forms = (
        form("window-ack", "window_id width height sequence decode_us message", needs="window-ack"),
        form("damage-sequence", "sequence window_id width height decode_us message"),
        form("window-draw-ack", "window_id width height sequence decode_us message", receive=True),
    )

    sequence: U64
    window_id: WinId
    width: U16
    height: U16
    decode_us: I32
    message: str = ""


@packets.add
@declared
class WindowSignal(Packet):
    """Sends a signal by name ("SIGTERM") to the program of a window."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (form("window-signal", "window_id signal"),)

    window_id: WinId
    signal: str


@packets.add
@declared
class WindowAction(Packet):
    """Asks for an action on a window by name (6.6)."""

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (form("window-action", "window_id action"),)

    window_id: WinId
    action: str
