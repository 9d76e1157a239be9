"""What the client says of itself: to a server that is to show windows, and to one that is asked one thing."""

from __future__ import annotations

import os
import socket
import sys
from dataclasses import field, replace
from typing import TYPE_CHECKING

from limpet.packets.capabilities import ClientHello
from limpet.records import dataclass
from limpet.values import Wire

if TYPE_CHECKING:
    from limpet.client.messages import ScreensChanged
    from limpet.client.plan import ConnectPlan
    from limpet.packets.capgroups import DisplayCaps, EncodingCaps, Keymap, MonitorMap

CLIENT_TYPE = "limpet"

METADATA = (
    "title",
    "class-instance",
    "transient-for",
    "window-type",
    # xpra 3.1.3 and 6.2.5 know the size limits by their old name only
    "size-hints",
    "size-constraints",
    "override-redirect",
    "has-alpha",
    "iconic",
    "fullscreen",
    "maximized",
    "above",
    "below",
    "skip-taskbar",
    "modal",
    "decorations",
    "role",
    "set-initial-position",
    "requested-position",
)
"""What the server is asked to tell of windows."""

STATES = ("iconified", "maximized", "fullscreen", "above", "below", "skip-taskbar")

_ENCODING_NAMES = {"rgb": ("rgb32", "rgb24"), "png": ("png", "png/P", "png/L"), "jpeg": ("jpeg",), "webp": ("webp",)}
"""Option value -> encodings on the wire."""


def _random_id() -> str:
    return os.urandom(16).hex()


@dataclass(frozen=True, slots=True)
class Identity:
    """Of one run of the client; stays the same over its connections, so that a new one replaces a dead one."""

    uuid: str = field(default_factory=_random_id)
    session_id: str = field(default_factory=_random_id)
    hostname: str = field(default_factory=socket.gethostname)


def base_hello(plan: ConnectPlan, identity: Identity) -> ClientHello:
    """What every hello says. The user's name is always in it: some servers refuse without (traps: 30)."""
    return ClientHello(
        username=plan.username,
        name=plan.username,
        hostname=identity.hostname[:64],
        uuid=identity.uuid,
        session_id=identity.session_id,
        client_type=CLIENT_TYPE,
        platform=sys.platform,
    )


def partial_hello(hello: ClientHello) -> ClientHello:
    """The first hello of a client that insists on a login: nothing is told before it (docs/protocol: 5.1)."""
    return ClientHello(
        username=hello.username,
        name=hello.name,
        hostname=hello.hostname,
        uuid=hello.uuid,
        session_id=hello.session_id,
        client_type=hello.client_type,
        platform=hello.platform,
        challenge=True,
    )


def window_hello(plan: ConnectPlan, identity: Identity, screens: ScreensChanged, keymap: Keymap) -> ClientHello:
    """The whole hello of a client that shows windows on `screens`."""
    from limpet.packets.capgroups import InputCaps, NotificationCaps, WindowCaps

    hello = base_hello(plan, identity)
    return replace(
        hello,
        wants=("encodings", "features", "display"),
        setting_change=True,
        notify_startup_complete=True,
        display=_display(screens),
        window=WindowCaps(
            windows=True,
            metadata_supported=METADATA,
            initiate_moveresize=True,
            resize_counter=True,
            server_move_resize=True,
            server_resize=True,
            states=STATES,
            bell=True,
        ),
        encoding=_encoding(plan),
        keymap=keymap,
        input=InputCaps(
            keyboard=True,
            pointer=True,
            mouse_show=True,
            cursors=True,
            cursor_size=24,
            double_click_time_ms=screens.double_click_ms,
            double_click_distance=(screens.double_click_px, screens.double_click_px),
        ),
        notification=NotificationCaps(),
    )


def _encoding(plan: ConnectPlan) -> EncodingCaps:
    from limpet.packets.capgroups import EncodingCaps
    from limpet.picture.decode import RGB_FORMATS
    from limpet.wire.compression import available

    wanted = plan.client.encodings
    core = tuple(name for each in wanted for name in _ENCODING_NAMES[each])
    compressors = available()
    return EncodingCaps(
        setting=plan.client.encoding,
        options=(*wanted, "scroll"),
        core=(*core, "scroll"),
        rgb_formats=tuple(each.value for each in RGB_FORMATS),
        window_icon=("png", "BGRA", "premult_argb32"),
        # not png: loading a decoder for it would hold up the first picture; raw ones are few bytes once compressed
        cursor=("raw",),
        packet=True,
        quality=plan.client.quality,
        rgb_lz4="lz4" in compressors,
        rgb_zlib=True,
        flush=True,
        client_options=True,
        generic=True,
        eos=True,
        scrolling=True,
        transparency=True,
    )


def _display(screens: ScreensChanged) -> DisplayCaps:
    from limpet.packets.capgroups import DisplayCaps

    return DisplayCaps(
        desktop_size=screens.desktop,
        screen_sizes=(screen_sizes(screens),),
        monitors=monitors_of(screens),
        dpi=screens.dpi,
        dpi_x=screens.dpi,
        dpi_y=screens.dpi,
        vrefresh=max(0, round(max((screen.refresh_hz for screen in screens.screens), default=0))),
        desktops=1,
        desktop_names=("Main",),
        randr_notify=True,
    )


def monitors_of(screens: ScreensChanged) -> MonitorMap:
    """The monitors as 6.x reads them."""
    from limpet.packets.capgroups import Monitor

    return {
        index: Monitor(
            geometry=screen.rect,
            width_mm=screen.width_mm,
            height_mm=screen.height_mm,
            refresh_rate=max(0, round(screen.refresh_hz * 1000)),
            primary=index == 0,
            name=screen.name,
            workarea=screen.work_area,
        )
        for index, screen in enumerate(screens.screens)
    }


def screen_sizes(screens: ScreensChanged) -> list[Wire]:
    """One screen in the layout that 3.1.3 reads (docs/protocol: capability reference, screen_sizes)."""
    width, height = screens.desktop.width, screens.desktop.height
    monitors: list[Wire] = [
        [
            screen.name,
            screen.rect.x,
            screen.rect.y,
            screen.rect.width,
            screen.rect.height,
            screen.width_mm,
            screen.height_mm,
            screen.work_area.x,
            screen.work_area.y,
            screen.work_area.width,
            screen.work_area.height,
        ]
        for screen in screens.screens
    ]
    first = screens.screens[0].work_area if screens.screens else None
    area: list[Wire] = [first.x, first.y, first.width, first.height] if first is not None else [0, 0, width, height]
    width_mm = round(width * 25.4 / (screens.dpi or 96))
    height_mm = round(height * 25.4 / (screens.dpi or 96))
    return [CLIENT_TYPE, width, height, width_mm, height_mm, monitors, *area]
