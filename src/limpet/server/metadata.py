"""What a client is told of a window: `WindowInfo` of the X side as `WindowMetadata` of the wire."""

from __future__ import annotations

from collections.abc import Callable

from limpet.packets.window import NO_WORKSPACE, SizeConstraints, WindowMetadata
from limpet.values import Size, WindowId, Xid
from limpet.x11.windows import SizeHints, WindowInfo

STATE_FIELDS = (
    "fullscreen",
    "above",
    "below",
    "shaded",
    "sticky",
    "skip_taskbar",
    "skip_pager",
    "modal",
    "iconic",
    "maximized",
)
"""fields of `WindowMetadata` that _NET_WM_STATE decides"""

CHANGES = {
    "title": "title",
    "icon_title": "icon_title",
    "class_instance": "class_instance",
    "role": "role",
    "command": "command",
    "client_machine": "client_machine",
    "pid": "pid",
    "window_types": "window_type",
    "transient_for": "transient_for",
    "size_hints": "size_constraints",
    "states": "",
    "protocols": "protocols",
    "decorations": "decorations",
}
"""field of `WindowInfo` -> field of `WindowMetadata`; `states` stands for many, `icon` goes in its own packet"""

WindowIdOf = Callable[[Xid | None], WindowId | None]


def size_constraints(hints: SizeHints) -> SizeConstraints:
    """The ICCCM size hints as the wire carries them."""
    return SizeConstraints(
        position=hints.position,
        size=hints.size,
        base_size=hints.base,
        increment=_positive(hints.increment),
        minimum_size=hints.minimum,
        maximum_size=hints.maximum,
        gravity=hints.gravity,
        minimum_aspect_ratio=hints.minimum_aspect,
        maximum_aspect_ratio=hints.maximum_aspect,
    )


def _positive(size: Size | None) -> Size | None:
    return size if size is not None and size.width > 0 and size.height > 0 else None


def window_metadata(info: WindowInfo, window_id_of: WindowIdOf) -> WindowMetadata:
    """All that is known of a window."""
    states = info.states
    return WindowMetadata(
        title=info.title,
        icon_title=info.icon_title or None,
        command="\0".join(info.command) or None,
        client_machine=info.client_machine or None,
        role=info.role or None,
        class_instance=info.class_instance,
        pid=info.pid,
        xid=int(info.xid),
        transient_for=window_id_of(info.transient_for),
        depth=info.depth,
        has_alpha=info.has_alpha,
        # an override-redirect window without a type is a popup: stock clients need to be told
        window_type=info.window_types or ("NORMAL",),
        size_constraints=size_constraints(info.size_hints),
        override_redirect=info.override_redirect or None,
        protocols=info.protocols or None,
        decorations=None if info.decorations is None else int(info.decorations),
        maximized=_maximized(info.states),
        set_initial_position=info.size_hints.position is not None,
        requested_position=info.size_hints.position,
        workspace=NO_WORKSPACE,
        fullscreen="FULLSCREEN" in states,
        above="ABOVE" in states,
        below="BELOW" in states,
        shaded="SHADED" in states,
        sticky="STICKY" in states,
        skip_taskbar="SKIP_TASKBAR" in states,
        skip_pager="SKIP_PAGER" in states,
        modal="MODAL" in states,
        iconic="HIDDEN" in states,
    )


def changed_metadata(info: WindowInfo, changed: frozenset[str], window_id_of: WindowIdOf) -> WindowMetadata | None:
    """Only what `changed` (fields of `WindowInfo`) names; None when the wire has nothing for it."""
    full = window_metadata(info, window_id_of)
    names = {CHANGES[name] for name in changed if CHANGES.get(name)}
    if "states" in changed:
        names.update(STATE_FIELDS)
    if not names:
        return None
    values = {name: getattr(full, name) for name in names}
    for name in ("role", "icon_title"):
        if name in names and values[name] is None:
            values[name] = ""
    return WindowMetadata(**values)


def _maximized(states: frozenset[str]) -> bool:
    return {"MAXIMIZED_VERT", "MAXIMIZED_HORZ"} <= states
