from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import NESTED_65, Dialect
from limpet.packets.pointer import NO_DEVICE, InputDevices, PointerButton, PointerMoved, PointerPosition, WheelMotion
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, WindowId

W = WindowId(7)
NEW = Dialect(
    nested=True, serializer="rencodeplus", version=(6, 5), packet_types=frozenset({"pointer", "pointer-button"})
)


def decode(*items: Any) -> Any:
    return packets.decode(Side.CLIENT, Phase.SESSION, items)


def test_motion_in_the_legacy_layout() -> None:
    packet = PointerPosition(window_id=W, position=(60, 61), modifiers=("shift",), buttons=(1,))
    assert decode("pointer-position", 7, [60, 61, 3, 4], ["shift"], [1]) == packet  # traps.md 77
    assert decode(b"pointer-position", 7, (60, 61), [b"shift"], [1]) == packet
    assert packets.encode(packet, NESTED_65)[0] == ["pointer-position", 7, (60, 61), ("shift",), (1,)]
    assert packet.device_id == NO_DEVICE


@pytest.mark.parametrize("name", ["pointer", "pointer-motion"])
def test_motion_in_the_new_layout(name: str) -> None:
    """session-packets.md 6.6, live example of 6.5.5."""
    packet = decode(name, 0, 1, 7, [60, 60, 60, 60], {"modifiers": [], "buttons": [], "raw-position": [1, 1]})
    assert packet == PointerPosition(window_id=W, position=(60, 60), device_id=0, sequence=1)
    assert decode(name, 0, 1, 7, [60, 60]) == packet
    assert packets.encode(packet, NEW)[0] == ["pointer", 0, 1, 7, (60, 60), {"modifiers": (), "buttons": ()}]


def test_buttons_in_both_layouts() -> None:
    packet = decode("button-action", 7, 4, True, [1, 2], ["control"], [])
    assert packet == PointerButton(window_id=W, button=4, pressed=True, position=(1, 2), modifiers=("control",))
    assert packets.encode(packet, NESTED_65)[0] == ["button-action", 7, 4, True, (1, 2), ("control",), ()]
    new = decode("pointer-button", -1, 0, 7, 4, True, [1, 2], {b"modifiers": [b"control"], "raw-button": 4})
    assert new == packet
    assert packets.encode(packet, NEW)[0] == [
        "pointer-button", -1, 0, 7, 4, True, (1, 2), {"modifiers": ("control",), "buttons": ()},
    ]  # fmt: skip
    assert decode("pointer-button", -1, 0, 7, 4, 1, [1, 2]).pressed is True


@pytest.mark.parametrize(
    "items",
    [
        ["pointer-position", 7],
        ["pointer-position", 7, []],
        ["pointer-position", 7, [1, "2"]],
        ["pointer-position", 7, [1, 40000]],
        ["pointer-position", 7, [1, 2], "shift"],
        ["pointer-position", 7, [1, 2], [], [300]],
        ["pointer", 0, 1, 7],
        ["pointer", 0, 1, 7, [1, 2], []],
        ["pointer-button", 0, 1, 7, 1, True],
        ["button-action", 7, 256, True, [1, 2]],
    ],
)
def test_wrong_pointer_packets_are_errors(items: list[Any]) -> None:
    with pytest.raises(PacketError):
        decode(*items)


def test_the_wheel() -> None:
    packet = WheelMotion(window_id=W, button=4, distance=-1500, position=(1, 2))
    for name in ("wheel-motion", "pointer-wheel"):
        assert decode(name, 7, 4, -1500, [1, 2], [], []) == packet


def test_the_servers_own_pointer() -> None:
    packet = packets.decode(Side.SERVER, Phase.SESSION, ["pointer-position", 7, 1, 2])
    assert packet == PointerMoved(window_id=W, x=1, y=2)
    assert packets.encode(PointerMoved(window_id=W, x=1, y=2), NESTED_65)[0] == ["pointer-position", 7, 1, 2]
    assert packets.encode(PointerMoved(window_id=W, x=1, y=2, rel_y=3), NESTED_65)[0] == [
        "pointer-position", 7, 1, 2, 0, 3,
    ]  # fmt: skip


def test_input_devices_of_any_shape_are_read() -> None:
    assert decode("input-devices", {1: {"name": "x"}}) == InputDevices(devices={1: {"name": "x"}})
