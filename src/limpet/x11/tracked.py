"""One window as the manager keeps it, and reading it from the server."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

import xcffib.xproto

from limpet.errors import WindowGone
from limpet.records import dataclass
from limpet.values import Rect, Xid
from limpet.x11.connection import X11Connection, is_input_only
from limpet.x11.properties import ICONIC_STATE, PropertyReader
from limpet.x11.windows import SizeHints, WindowInfo, WmHints

_VIEWABLE = xcffib.xproto.MapState.Viewable


@dataclass(frozen=True, slots=True)
class InfoField:
    """A field of WindowInfo that is the first of these properties which is set, or `default`."""

    name: str
    properties: tuple[str, ...]
    default: Any
    convert: Callable[[Any], Any] | None = None

    def value(self, values: Mapping[str, Any]) -> Any:
        for name in self.properties:
            if values.get(name) is not None:
                return self.convert(values[name]) if self.convert else values[name]
        return self.default


INFO_FIELDS = (
    InfoField("title", ("_NET_WM_NAME", "WM_NAME"), ""),
    InfoField("icon_title", ("_NET_WM_ICON_NAME", "WM_ICON_NAME"), ""),
    InfoField("class_instance", ("WM_CLASS",), None),
    InfoField("role", ("WM_WINDOW_ROLE",), ""),
    InfoField("command", ("WM_COMMAND",), ()),
    InfoField("client_machine", ("WM_CLIENT_MACHINE",), ""),
    InfoField("pid", ("_NET_WM_PID",), None),
    InfoField("window_types", ("_NET_WM_WINDOW_TYPE",), ()),
    InfoField("transient_for", ("WM_TRANSIENT_FOR",), None),
    InfoField("size_hints", ("WM_NORMAL_HINTS",), SizeHints()),
    InfoField("protocols", ("WM_PROTOCOLS",), ()),
    InfoField("decorations", ("_MOTIF_WM_HINTS",), None),
    InfoField("icon", ("_NET_WM_ICON",), None),
    InfoField("hints", ("WM_HINTS",), WmHints()),
)
# After the window is managed its states belong to the manager (EWMH: _NET_WM_STATE), so changes are not read again.
STATES_FIELD = InfoField("states", ("_NET_WM_STATE",), frozenset(), frozenset)

FIELD_OF_PROPERTY: Mapping[str, InfoField] = {name: entry for entry in INFO_FIELDS for name in entry.properties}
_ALL_PROPERTIES = (*FIELD_OF_PROPERTY, *STATES_FIELD.properties, "WM_STATE")


@dataclass(slots=True)
class TrackedWindow:
    """A managed or override-redirect window."""

    info: WindowInfo
    border: int
    mapped: bool
    requested: Rect
    """the outer rectangle asked for last, by us or through us; X answers it with a ConfigureNotify"""
    expected_unmaps: int = 0
    """UnmapNotify events to come that we caused"""
    dirty: set[str] = field(default_factory=set)
    """names of properties that changed since they were read"""

    @property
    def managed(self) -> bool:
        return not self.info.override_redirect

    @property
    def whole(self) -> Rect:
        """All of it as a damage area: relative to the corner within the border."""
        return Rect(-self.border, -self.border, self.info.rect.width, self.info.rect.height)


@dataclass(frozen=True, slots=True)
class WindowFacts:
    """All that is read when a window is met for the first time."""

    info: WindowInfo
    border: int
    viewable: bool
    input_only: bool
    iconic: bool
    """WM_STATE says so: an earlier window manager iconified it"""


class WindowReader:
    """Reads windows; requests of one call travel together."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection
        self._properties = PropertyReader(connection)

    def read(self, xid: Xid) -> WindowFacts:
        """Everything about a window, in the time of one round trip. Raises WindowGone."""
        connection = self._connection
        attributes_cookie = connection.core.GetWindowAttributes(xid)
        geometry_cookie = connection.core.GetGeometry(xid)
        try:
            values = self._properties.read(xid, _ALL_PROPERTIES)
        except WindowGone:
            attributes_cookie.discard_reply()
            geometry_cookie.discard_reply()
            raise
        try:
            attributes = connection.reply(attributes_cookie, xid)
        except WindowGone:
            geometry_cookie.discard_reply()
            raise
        geometry = connection.reply(geometry_cookie, xid)
        border = geometry.border_width
        fields = {entry.name: entry.value(values) for entry in (*INFO_FIELDS, STATES_FIELD)}
        info = WindowInfo(
            xid=xid,
            rect=outer_rect(geometry.x, geometry.y, geometry.width, geometry.height, border),
            override_redirect=bool(attributes.override_redirect),
            depth=geometry.depth,
            has_alpha=geometry.depth == 32,
            **fields,
        )
        return WindowFacts(
            info=with_default_type(info),
            border=border,
            viewable=attributes.map_state == _VIEWABLE,
            input_only=is_input_only(attributes),
            iconic=values["WM_STATE"] == ICONIC_STATE,
        )

    def refresh(self, window: TrackedWindow) -> frozenset[str]:
        """Read the dirty properties again; the names of the fields that changed. Raises WindowGone."""
        entries = {FIELD_OF_PROPERTY[name] for name in window.dirty}
        window.dirty.clear()
        values = self._properties.read(window.info.xid, {name for entry in entries for name in entry.properties})
        before = window.info
        window.info = with_default_type(
            dataclasses.replace(before, **{entry.name: entry.value(values) for entry in entries})
        )
        names = {entry.name for entry in entries} | {"window_types"}
        return frozenset(name for name in names if getattr(before, name) != getattr(window.info, name))


def with_default_type(info: WindowInfo) -> WindowInfo:
    """EWMH _NET_WM_WINDOW_TYPE: a managed window without a type is DIALOG when transient, all others are NORMAL."""
    if info.window_types:
        return info
    dialog = info.transient_for is not None and not info.override_redirect
    return dataclasses.replace(info, window_types=("DIALOG" if dialog else "NORMAL",))


def outer_rect(x: int, y: int, width: int, height: int, border: int) -> Rect:
    """X gives the corner of the border and the size within it."""
    return Rect(x, y, width + 2 * border, height + 2 * border)
