from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.cursor import Cursor, CursorDefault, SetCursors
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, Size
from tests.packets.support import vector
from tests.packets.test_window import aliases_of

ARROW = Cursor(
    encoding="raw",
    x=60,
    y=61,
    width=9,
    height=16,
    x_hot=4,
    y_hot=8,
    serial=15,
    pixels=b"p" * 2000,
    name="left_ptr",
    default_size=Size(53, 53),
    max_width=128,
    max_height=127,
)


def decode(*items: Any) -> Any:
    return packets.decode(Side.SERVER, Phase.SESSION, items)


@pytest.mark.parametrize("args", [[], [""], [b""], ["", 1, 2]])
def test_an_empty_cursor_is_the_default_one(args: list[Any]) -> None:
    """traps.md 68."""
    assert decode("cursor", *args) == Cursor()
    assert decode("cursor", *args).is_default
    assert packets.encode(Cursor(), NESTED_65) == (["cursor", ""], None)


def test_the_default_size_is_one_number_for_313_and_two_for_6() -> None:
    head = ["cursor", "raw", 60, 61, 9, 16, 4, 8, 15, b"p" * 2000, "left_ptr"]
    assert packets.encode(ARROW, FLAT_313) == ([*head, 53, 128, 127], None)
    assert packets.encode(ARROW, NESTED_65) == ([*head, (53, 53), 128, 127], None)
    assert decode(*head, 53, 128, 127) == ARROW
    assert decode(*head, [53, 53], 128, 127) == ARROW


def test_recorded_cursors() -> None:
    aliases = aliases_of("session-313-client.txt")
    found = (packets.decode(Side.SERVER, Phase.SESSION, x, aliases) for x in vector("session-313-server.txt"))
    cursors = [packet for packet in found if isinstance(packet, Cursor)]
    assert cursors[0].is_default
    shape = cursors[1]
    assert (shape.encoding, shape.width, shape.height, shape.x_hot, shape.y_hot) == ("png", 9, 16, 4, 8)
    assert bytes(shape.pixels).startswith(b"\x89PNG")
    assert shape.default_size == Size(53, 53)


@pytest.mark.parametrize("args", [["png"], ["png", 0, 0, 1, 1, 0, 0, 1], ["png", 0, 0, -1, 1, 0, 0, 1, b"", ""], [5]])
def test_wrong_cursors_are_errors(args: list[Any]) -> None:
    with pytest.raises(PacketError, match="cursor"):
        decode("cursor", *args)


def test_modern_cursors() -> None:
    assert decode("cursor-data", "png", 1, 2, 3, 4, 5, b"x", "n") == Cursor(
        encoding="png", width=1, height=2, x_hot=3, y_hot=4, serial=5, pixels=b"x", name="n"
    )
    assert decode("cursor-default", "png", 1, 2) == CursorDefault(encoding="png", width=1, height=2)


def test_cursors_on_and_off() -> None:
    assert packets.decode(Side.CLIENT, Phase.SESSION, ["set-cursors", False]) == SetCursors(enabled=False)
