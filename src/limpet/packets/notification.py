"""Notifications (session-packets.md 6.11)."""

# no `from __future__ import annotations`: the packet table reads the field types as objects

from dataclasses import field
from typing import Annotated, Any

from limpet.packets.declared import declared
from limpet.packets.dialect import Dialect
from limpet.packets.fields import I32, I64, MAX_U16, Codec, TextMap, load_buffer, load_text
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, Packet, form
from limpet.records import dataclass
from limpet.values import Buffer, Side, Wire


@dataclass(frozen=True, slots=True)
class NotificationIcon:
    """A picture beside a notification."""

    encoding: str
    width: int
    height: int
    data: Buffer


def _load_icon(value: Any) -> NotificationIcon | None:
    if not value:
        return None
    encoding, width, height, data = value[:4]
    if not all(type(x) is int and 0 <= x <= MAX_U16 for x in (width, height)):
        raise ValueError("expected the size of an icon")
    return NotificationIcon(load_text(encoding), width, height, load_buffer(data))


def _dump_icon(icon: NotificationIcon | None, _: Dialect) -> Wire:
    return () if icon is None else (icon.encoding, icon.width, icon.height, icon.data)


@packets.add
@declared
class NotifyShow(Packet):
    """Shows a notification. `expire_ms`: -1 as the desktop likes, 0 never. `actions`: key, label, key, label ..."""

    sender = Side.SERVER
    forms = tuple(
        form(
            name,
            "dbus_id notification_id app_name replaces_id app_icon summary body expire_ms icon actions hints",
            receive=name != "notify_show",
        )
        for name in ("notify_show", "notification-show")
    )

    dbus_id: str
    notification_id: I64
    app_name: str
    replaces_id: I64
    app_icon: str
    summary: str
    body: str
    expire_ms: I32 = -1
    icon: Annotated[NotificationIcon | None, Codec(_load_icon, _dump_icon)] = None
    actions: tuple[str, ...] = ()
    hints: TextMap = field(default_factory=dict)


@packets.add
@declared
class NotifyClose(Packet):
    """The server takes a notification back."""

    sender = Side.SERVER
    forms = (form("notify_close", "notification_id"), form("notification-close", "notification_id", receive=True))

    notification_id: I64


@packets.add
@declared
class NotificationClosed(Packet):
    """The user or the desktop closed a notification: `reason` as in the freedesktop specification."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("notification-close", "notification_id reason text"),)

    notification_id: I64
    reason: I32 = 0
    text: str = ""


@packets.add
@declared
class NotificationAction(Packet):
    """The user chose an action of a notification."""

    sender = Side.CLIENT
    effect = Effect.INPUT
    forms = (form("notification-action", "notification_id action"),)

    notification_id: I64
    action: str


@packets.add
@declared
class SetNotify(Packet):
    """Whether the client wants notifications."""

    sender = Side.CLIENT
    effect = Effect.VIEW
    forms = (form("set-notify", "enabled"), form("notification-status", "enabled", receive=True))

    enabled: bool
