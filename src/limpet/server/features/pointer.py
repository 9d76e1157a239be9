"""Pointer motion, buttons and wheel of one client, injected into the X display."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.packets.pointer import PointerButton, PointerPosition, WheelMotion
from limpet.server.features.base import FeatureContext, Handler, handler

WHEEL_STEP = 1000
"""`distance` of one notch of the wheel"""
MAX_NOTCHES = 20


class PointerFeature:
    """Coordinates are absolute on the server's screen; the modifier list is the state to reach (traps: 69)."""

    def __init__(self, context: FeatureContext) -> None:
        self._desktop = context.desktop
        self._wheel: dict[int, int] = {}

    def handlers(self) -> Iterable[Handler]:
        return (
            handler(PointerPosition, self._move),
            handler(PointerButton, self._button),
            handler(WheelMotion, self._wheel_motion),
        )

    def start(self) -> None:
        """Nothing to tell."""

    def writable(self) -> None:
        """Sends nothing."""

    def stop(self) -> None:
        self._desktop.release_all()

    def _move(self, packet: PointerPosition) -> None:
        self._desktop.move_pointer(*packet.position)
        self._desktop.sync_modifiers(packet.modifiers)

    def _button(self, packet: PointerButton) -> None:
        self._desktop.move_pointer(*packet.position)
        self._desktop.sync_modifiers(packet.modifiers)
        self._desktop.press_button(packet.button, packet.pressed)

    def _wheel_motion(self, packet: WheelMotion) -> None:
        """Precise distances add up to notches; X knows no less through XTEST."""
        self._desktop.move_pointer(*packet.position)
        total = self._wheel.get(packet.button, 0) + abs(packet.distance)
        notches, self._wheel[packet.button] = divmod(total, WHEEL_STEP)
        for _ in range(min(notches, MAX_NOTCHES)):
            self._desktop.press_button(packet.button, True)
            self._desktop.press_button(packet.button, False)
