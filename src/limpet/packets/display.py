"""Screen sizes and settings (session-packets.md 6.10, hello.md 3.6)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from limpet.packets.capgroups import MonitorMap
from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I32, U8, U16, AnyWire, Codec, Data, load_list, load_map
from limpet.packets.registry import packets
from limpet.packets.schema import BOTH, Effect, Packet, Phase, form
from limpet.values import Side, Wire


@packets.add
@declared
class DesktopResized(Packet):
    """The size of the server's screen changed, and what it can grow to."""

    sender = Side.SERVER
    forms = (
        form("desktop_size", "width height max_width max_height"),
        form("display-resized", "width height max_width max_height", receive=True),
    )

    width: U16
    height: U16
    max_width: U16 = 0
    max_height: U16 = 0


DISPLAY = "width height desktops desktop_names unscaled_width unscaled_height dpi_x dpi_y vrefresh monitors"


def _unpack_display(args: Sequence[Any]) -> Mapping[str, Any]:
    options = load_map(args[0])
    values: dict[str, Any] = {}
    for key, names in (
        ("desktop-size", ("width", "height")),
        ("desktop-size-unscaled", ("unscaled_width", "unscaled_height")),
    ):
        if key in options:
            values |= dict(zip(names, load_list(options[key])[:2], strict=True))
    dpi = load_map(options.get("dpi", {}))
    values |= {name: dpi[key] for key, name in (("x", "dpi_x"), ("y", "dpi_y")) if key in dpi}
    names_of = {
        "monitors": "monitors",
        "vrefresh": "vrefresh",
        "desktops": "desktops",
        "desktop-names": "desktop_names",
    }
    values |= {name: options[key] for key, name in names_of.items() if key in options}
    return values


def _pack_display(packet: "ConfigureDisplay", dialect: Dialect) -> Sequence[Wire]:
    options: dict[str, Wire] = {
        "desktop-size": (packet.width, packet.height),
        "monitors": {index: monitor.to_wire(dialect) for index, monitor in packet.monitors.items()},
        "dpi": {"x": packet.dpi_x, "y": packet.dpi_y},
        "vrefresh": packet.vrefresh,
        "desktops": packet.desktops,
        "desktop-names": packet.desktop_names,
    }
    if packet.unscaled_width or packet.unscaled_height:
        options["desktop-size-unscaled"] = (packet.unscaled_width, packet.unscaled_height)
    return (options,)


@packets.add
@declared
class ConfigureDisplay(Packet):
    """The client's screen changed. Sizes in pixels, `vrefresh` in Hz; 0: unknown.

    `screen_sizes` is the list of hello.md 3.5, only in the legacy form; `monitors` by index.
    """

    sender = Side.CLIENT
    effect = Effect.WINDOW
    forms = (
        form("configure-display", DISPLAY, unpack=_unpack_display, pack=_pack_display, needs="configure-display"),
        form(
            "desktop_size",
            "width height screen_sizes desktops desktop_names unscaled_width unscaled_height dpi_x dpi_y vrefresh"
            " monitors",
            trim=True,
        ),
        form("display-configure", DISPLAY, unpack=_unpack_display, receive=True),
    )

    width: U16
    height: U16
    screen_sizes: tuple[AnyWire, ...] = ()
    desktops: U8 = 1
    desktop_names: tuple[str, ...] = ()
    unscaled_width: U16 = 0
    unscaled_height: U16 = 0
    dpi_x: I32 = 0
    dpi_y: I32 = 0
    vrefresh: I32 = 0
    monitors: MonitorMap = field(default_factory=dict)


@packets.add
@declared
class ShowDesktop(Packet):
    """Hide or show all windows."""

    sender = BOTH
    effect = Effect.WINDOW
    forms = (form("show-desktop", "show"), form("display-show-desktop", "show", receive=True))

    show: bool


@packets.add
@declared
class Screenshot(Packet):
    """The answer to the request `screenshot`, with no hello before it; without windows it is 0, 0, png, 0, nothing.

    `rowstride` in bytes.

    # xpra 3.1.3: -1 without windows
    """

    sender = Side.SERVER
    phase = Phase.ANY
    forms = (
        form("screenshot", "width height encoding rowstride data", bulk="data"),
        form("display-screenshot", "width height encoding rowstride data", receive=True),
    )

    width: U16
    height: U16
    encoding: str
    rowstride: I32
    data: Data


@packets.add
@declared
class ForceUngrab(Packet):
    """The user wants a pointer or keyboard grab broken; 3.1.3 adds a window, which is not needed."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("force-ungrab"), form("display-ungrab", receive=True))


@packets.add
@declared
class SettingChange(Packet):
    """One setting changed (hello.md 3.6); unknown names are ignored. `value` has any shape."""

    sender = BOTH
    effect = Effect.CONTROL
    forms = (form("setting-change", "name value"),)

    name: str
    value: AnyWire


def _load_settings(value: Any) -> Mapping[str, Any]:
    # xpra 3.1.3 sends its settings as a list of pairs or as a dict
    return load_map(value) if isinstance(value, Mapping) else {"": load_list(value)}


@packets.add
@declared
class ServerSettings(Packet):
    """The client's desktop settings (XSETTINGS); read and ignored."""

    sender = Side.CLIENT
    effect = Effect.CONTROL
    forms = (form("server-settings", "settings", receive=True),)

    settings: Annotated[Mapping[str, Wire], Codec(_load_settings)]
