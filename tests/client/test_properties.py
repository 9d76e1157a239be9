"""Metadata of the wire as properties of windows."""

from __future__ import annotations

from limpet.client.messages import SizeConstraints, WindowState, WindowType
from limpet.client.properties import merged, properties_of
from limpet.packets import window as packets
from limpet.packets.window import WindowMetadata
from limpet.values import Size, WindowId


def test_all_that_is_shown() -> None:
    properties = properties_of(
        WindowMetadata(
            title="t",
            class_instance=("xterm", "XTerm"),
            window_type=("UNHEARD_OF", "DIALOG", "NORMAL"),
            size_constraints=packets.SizeConstraints(
                base_size=Size(4, 4), increment=Size(6, 13), minimum_size=Size(10, 17), maximum_size=Size(0, 0)
            ),
            transient_for=WindowId(3),
            modal=True,
            maximized=True,
            above=True,
            decorations=0,
            has_alpha=True,
            role="r",
        )
    )
    assert properties.class_instance == ("xterm", "XTerm")
    assert properties.window_types == (WindowType.DIALOG, WindowType.NORMAL)
    assert properties.constraints == SizeConstraints(Size(10, 17), None, Size(4, 4), Size(6, 13))
    assert (properties.transient_for, properties.modal, properties.has_alpha) == (3, True, True)
    assert properties.states == {WindowState.MAXIMIZED, WindowState.ABOVE}
    assert not properties.decorations


def test_what_is_not_told_is_a_plain_window() -> None:
    properties = properties_of(WindowMetadata())
    assert properties.window_types == (WindowType.NORMAL,)
    assert properties.decorations
    assert properties_of(WindowMetadata(decorations=-1)).decorations
    assert properties_of(WindowMetadata(transient_for=WindowId(0))).transient_for is None


def test_texts_are_one_line_and_bounded() -> None:
    properties = properties_of(WindowMetadata(title="a\nb\x1b" + "x" * 5000, class_instance=("i\0", "c")))
    assert properties.title.startswith("a b x")
    assert len(properties.title) == 1024
    assert properties.class_instance == ("i ", "c")


def test_unset_fields_say_nothing() -> None:
    old = WindowMetadata(title="t", modal=True)
    assert merged(old, WindowMetadata(modal=False)) == WindowMetadata(title="t", modal=False)
