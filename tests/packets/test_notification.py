from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import NESTED_65
from limpet.packets.notification import NotificationClosed, NotificationIcon, NotifyClose, NotifyShow
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side

HEAD = ["notify_show", "dbus", 5, "app", 0, "", "summary", "body", 5000]


def decode(*items: Any, side: Side = Side.SERVER) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_a_notification_with_and_without_an_icon() -> None:
    """session-packets.md 6.11."""
    for nothing in ((), [], "", None):
        assert decode(*HEAD, nothing, [], {}).icon is None
    packet = decode(*HEAD, ["png", 3, 4, b"x"], ["key", "label"], {"urgency": 1})
    assert packet == NotifyShow(
        dbus_id="dbus",
        notification_id=5,
        app_name="app",
        replaces_id=0,
        app_icon="",
        summary="summary",
        body="body",
        expire_ms=5000,
        icon=NotificationIcon("png", 3, 4, b"x"),
        actions=("key", "label"),
        hints={"urgency": 1},
    )
    assert packets.encode(packet, NESTED_65)[0][9] == ("png", 3, 4, b"x")


@pytest.mark.parametrize("icon", [["png"], ["png", -1, 4, b"x"], ["png", 3, "4", b"x"], [5, 3, 4, b"x"], 5])
def test_a_wrong_icon_is_an_error(icon: Any) -> None:
    with pytest.raises(PacketError, match="notify_show: icon"):
        decode(*HEAD, icon)


def test_either_side_closes_in_its_own_packet() -> None:
    assert decode("notify_close", 5) == decode("notification-close", 5) == NotifyClose(notification_id=5)
    assert decode("notification-close", 5, 2, "x", side=Side.CLIENT) == NotificationClosed(
        notification_id=5, reason=2, text="x"
    )
