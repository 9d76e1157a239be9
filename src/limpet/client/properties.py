"""Window metadata of the wire as the properties that the user interface shows."""

from __future__ import annotations

import dataclasses

from limpet.client.messages import SizeConstraints, WindowProperties, WindowState, WindowType
from limpet.packets import window as packets
from limpet.packets.window import WindowMetadata
from limpet.values import Size, WindowId

_TYPES = {member.value: member for member in WindowType}

_STATES = {
    "iconic": WindowState.ICONIFIED,
    "maximized": WindowState.MAXIMIZED,
    "fullscreen": WindowState.FULLSCREEN,
    "above": WindowState.ABOVE,
    "below": WindowState.BELOW,
}
"""Metadata field -> state."""

MAX_TEXT = 1024


def merged(old: WindowMetadata, new: WindowMetadata) -> WindowMetadata:
    """What is known after `new`, whose unset fields say nothing."""
    told = {field.name: value for field in dataclasses.fields(new) if (value := getattr(new, field.name)) is not None}
    return dataclasses.replace(old, **told)


def tells_states(metadata: WindowMetadata) -> bool:
    """Whether a change of metadata says anything of the window's states."""
    return any(getattr(metadata, field) is not None for field in _STATES)


def properties_of(metadata: WindowMetadata) -> WindowProperties:
    """All that the user interface shows of a window."""
    kinds = tuple(_TYPES[name] for name in metadata.window_type or () if name in _TYPES)
    parent = metadata.transient_for
    return WindowProperties(
        title=_line(metadata.title),
        class_instance=_class_instance(metadata.class_instance),
        window_types=kinds or (WindowType.NORMAL,),
        constraints=_constraints(metadata.size_constraints),
        transient_for=WindowId(parent) if parent is not None and parent > 0 else None,
        modal=bool(metadata.modal),
        states=frozenset(state for field, state in _STATES.items() if getattr(metadata, field)),
        # Motif bits; -1: the application did not say
        decorations=metadata.decorations != 0,
        has_alpha=bool(metadata.has_alpha),
        role=_line(metadata.role),
    )


def wants_place(metadata: WindowMetadata, x: int, y: int) -> bool:
    """Whether the application itself chose the position.

    # xpra 6.2.5: says so of every window, at 0,0, where nobody wants a title bar
    """
    return (bool(metadata.set_initial_position) or metadata.requested_position is not None) and (x, y) != (0, 0)


def _line(text: str | None) -> str:
    return "".join(char if char.isprintable() else " " for char in (text or "")[:MAX_TEXT])


def _class_instance(names: tuple[str, str] | None) -> tuple[str, str]:
    instance, name = names or ("", "")
    return _line(instance), _line(name)


def _constraints(hints: packets.SizeConstraints | None) -> SizeConstraints:
    if hints is None:
        return SizeConstraints()
    return SizeConstraints(
        minimum=_positive(hints.minimum_size),
        maximum=_positive(hints.maximum_size),
        base=hints.base_size,
        increment=_positive(hints.increment),
    )


def _positive(size: Size | None) -> Size | None:
    return size if size is not None and size.width > 0 and size.height > 0 else None
