"""Pointer motion, buttons and wheel. Motion that could not be sent yet is replaced by the newest."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.client import messages
from limpet.client.features.base import FeatureContext, Handler, PlainFeature, Timer, on_event, on_packet
from limpet.client.messages import ButtonChanged, PointerWarp, WheelMoved
from limpet.packets import pointer as packets

UNSENT_BYTES = 2048
"""bytes that the kernel has not taken from which on motion waits"""
LOOK_AGAIN_S = 0.01
MAX_STEPS = 32
"""clicks of one turn of the wheel"""


class PointerFeature(PlainFeature):
    """The wheel goes as buttons 4 to 7, which every server takes."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._waiting: messages.PointerMoved | None = None
        self._timer: Timer | None = None

    def handlers(self) -> Iterable[Handler]:
        return (
            on_packet(packets.PointerMoved, self._warped),
            on_event(messages.PointerMoved, self._moved),
            on_event(ButtonChanged, self._button),
            on_event(WheelMoved, self._wheel),
        )

    def writable(self) -> None:
        self._send_waiting()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _moved(self, event: messages.PointerMoved) -> None:
        if self.context.write_buffered() > UNSENT_BYTES:
            self._waiting = event
            if self._timer is None:
                self._timer = self.context.call_later(LOOK_AGAIN_S, self._look_again)
        else:
            self._waiting = None
            self._send_motion(event)

    def _look_again(self) -> None:
        self._timer = None
        if self._waiting is not None:
            self._moved(self._waiting)

    def _send_waiting(self) -> None:
        event, self._waiting = self._waiting, None
        if event is not None:
            self._send_motion(event)

    def _send_motion(self, event: messages.PointerMoved) -> None:
        self.context.send(
            packets.PointerPosition(
                window_id=event.window_id,
                position=_bounded(event.x, event.y),
                modifiers=event.modifiers,
                buttons=event.buttons,
            )
        )

    def _button(self, event: ButtonChanged) -> None:
        self._send_waiting()
        self._send_button(event, event.button, pressed=event.pressed)

    def _wheel(self, event: WheelMoved) -> None:
        self._send_waiting()
        for _ in range(min(event.steps, MAX_STEPS)):
            self._send_button(event, event.button, pressed=True)
            self._send_button(event, event.button, pressed=False)

    def _send_button(self, event: ButtonChanged | WheelMoved, button: int, *, pressed: bool) -> None:
        self.context.send(
            packets.PointerButton(
                window_id=event.window_id,
                button=button,
                pressed=pressed,
                position=_bounded(event.x, event.y),
                modifiers=event.modifiers,
                buttons=event.buttons,
            )
        )

    def _warped(self, packet: packets.PointerMoved) -> None:
        if packet.window_id > 0:
            self.context.post(PointerWarp(packet.window_id, packet.x, packet.y))


def _bounded(x: int, y: int) -> tuple[int, int]:
    """Coordinates of X11 have 16 bits."""
    return max(-32768, min(x, 32767)), max(-32768, min(y, 32767))
