"""What a client is told of a window."""

from __future__ import annotations

import dataclasses

import pytest

from limpet.packets.window import WindowMetadata
from limpet.server.metadata import CHANGES, STATE_FIELDS, changed_metadata, size_constraints, window_metadata
from limpet.values import PixelFormat, Pixels, Rect, Size, WindowId, Xid
from limpet.x11.windows import SizeHints, WindowInfo
from tests.server.doubles import window_info

IDS = {Xid(7): WindowId(3)}


def id_of(xid: Xid | None) -> WindowId | None:
    return None if xid is None else IDS.get(xid)


def told(info: WindowInfo, *changed: str) -> dict[str, object]:
    """The fields that a change sends."""
    metadata = changed_metadata(info, frozenset(changed), id_of)
    if metadata is None:
        return {}
    empty = WindowMetadata()
    return {
        field.name: getattr(metadata, field.name)
        for field in dataclasses.fields(WindowMetadata)
        if getattr(metadata, field.name) != getattr(empty, field.name)
    }


def test_all_that_is_known_is_told() -> None:
    info = window_info(
        5,
        title="title",
        icon_title="icon",
        command=("xterm", "-e", "a b"),
        client_machine="host",
        role="role",
        class_instance=("xterm", "XTerm"),
        pid=99,
        transient_for=Xid(7),
        has_alpha=True,
        depth=32,
        window_types=("DIALOG", "NORMAL"),
        protocols=("WM_DELETE_WINDOW",),
        decorations=False,
    )
    metadata = window_metadata(info, id_of)
    assert (metadata.title, metadata.icon_title, metadata.role) == ("title", "icon", "role")
    assert (metadata.command, metadata.client_machine) == ("xterm\0-e\0a b", "host")
    assert (metadata.class_instance, metadata.pid, metadata.xid) == (("xterm", "XTerm"), 99, 5)
    assert (metadata.transient_for, metadata.has_alpha, metadata.depth) == (3, True, 32)
    assert (metadata.window_type, metadata.decorations) == (("DIALOG", "NORMAL"), 0)
    assert metadata.protocols == ("WM_DELETE_WINDOW",)


def test_what_an_application_does_not_say_is_left_out() -> None:
    metadata = window_metadata(window_info(), id_of)
    assert (metadata.role, metadata.command, metadata.transient_for, metadata.decorations) == (None, None, None, None)
    assert (metadata.override_redirect, metadata.protocols) == (None, None)
    assert metadata.window_type == ("NORMAL",)


@pytest.mark.parametrize(
    ("states", "field"),
    [
        ({"FULLSCREEN"}, "fullscreen"),
        ({"ABOVE"}, "above"),
        ({"BELOW"}, "below"),
        ({"SHADED"}, "shaded"),
        ({"STICKY"}, "sticky"),
        ({"SKIP_TASKBAR"}, "skip_taskbar"),
        ({"SKIP_PAGER"}, "skip_pager"),
        ({"MODAL"}, "modal"),
        ({"HIDDEN"}, "iconic"),
        ({"MAXIMIZED_VERT", "MAXIMIZED_HORZ"}, "maximized"),
    ],
)
def test_each_state_has_its_field(states: set[str], field: str) -> None:
    assert field in STATE_FIELDS
    metadata = window_metadata(window_info(states=frozenset(states)), id_of)
    assert [name for name in STATE_FIELDS if getattr(metadata, name)] == [field]


def test_one_direction_alone_is_not_maximized() -> None:
    assert not window_metadata(window_info(states=frozenset({"MAXIMIZED_VERT"})), id_of).maximized


def test_size_hints_go_as_they_are_but_steps_of_nothing() -> None:
    hints = SizeHints(
        position=(1, 2),
        minimum=Size(10, 20),
        maximum=Size(100, 200),
        base=Size(5, 6),
        increment=Size(7, 8),
        minimum_aspect=(1, 2),
        maximum_aspect=(3, 4),
        gravity=2,
    )
    constraints = size_constraints(hints)
    assert (constraints.minimum_size, constraints.maximum_size) == (Size(10, 20), Size(100, 200))
    assert (constraints.base_size, constraints.increment, constraints.gravity) == (Size(5, 6), Size(7, 8), 2)
    assert (constraints.minimum_aspect_ratio, constraints.maximum_aspect_ratio) == ((1, 2), (3, 4))
    for increment in (Size(0, 8), Size(7, 0), Size(-1, 1), None):
        assert size_constraints(dataclasses.replace(hints, increment=increment)).increment is None


def test_a_position_that_was_asked_for_is_told() -> None:
    metadata = window_metadata(window_info(size_hints=SizeHints(position=(1, 2))), id_of)
    assert (metadata.set_initial_position, metadata.requested_position) == (True, (1, 2))
    assert not window_metadata(window_info(), id_of).set_initial_position


@pytest.mark.parametrize("field", [name for name in CHANGES if name != "states"])
def test_a_change_tells_its_own_field_and_no_other(field: str) -> None:
    info = window_info(
        title="t",
        icon_title="i",
        role="r",
        command=("c",),
        client_machine="m",
        class_instance=("a", "b"),
        pid=1,
        window_types=("DIALOG",),
        transient_for=Xid(7),
        size_hints=SizeHints(minimum=Size(1, 1)),
        protocols=("P",),
        decorations=True,
    )
    assert list(told(info, field)) == [CHANGES[field]]


def test_states_that_were_taken_away_are_told_as_false() -> None:
    metadata = changed_metadata(window_info(), frozenset({"states"}), id_of)
    assert metadata is not None
    assert [getattr(metadata, name) for name in STATE_FIELDS] == [False] * len(STATE_FIELDS)


@pytest.mark.parametrize("field", ["role", "icon_title"])
def test_a_text_that_was_taken_away_is_told_as_empty(field: str) -> None:
    metadata = changed_metadata(window_info(), frozenset({field}), id_of)
    assert metadata is not None
    assert getattr(metadata, field) == ""


@pytest.mark.parametrize("changed", [(), ("icon",), ("hints",), ("rect",)])
def test_what_the_wire_has_nothing_for_is_not_told(changed: tuple[str, ...]) -> None:
    icon = Pixels(1, 1, PixelFormat.BGRA, 4, bytes(4))
    assert changed_metadata(window_info(rect=Rect(0, 0, 1, 1), icon=icon), frozenset(changed), id_of) is None
