"""Keys, and which window has them."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.client.features.base import Handler, PlainFeature, on_event
from limpet.client.messages import FocusChanged, KeyChanged
from limpet.packets.keyboard import KeyAction
from limpet.packets.window_client import Focus
from limpet.values import WindowId


class KeyboardFeature(PlainFeature):
    """Keys go by the names of their X11 keysyms; the server looks them up in its own map."""

    def handlers(self) -> Iterable[Handler]:
        return (on_event(KeyChanged, self._key), on_event(FocusChanged, self._focus))

    def _key(self, event: KeyChanged) -> None:
        self.context.send(
            KeyAction(
                window_id=event.window_id,
                name=event.keysym_name,
                pressed=event.pressed,
                modifiers=event.modifiers,
                keyval=event.keyval,
                string=event.text,
                keycode=event.keycode,
                group=event.group,
            )
        )

    def _focus(self, event: FocusChanged) -> None:
        focused = event.window_id
        window = self.context.windows.get(focused) if focused is not None else None
        if window is not None and window.override_redirect:
            return  # a menu has no focus of its own: the window below keeps it
        self.context.send(Focus(window_id=focused if focused is not None else WindowId(0), modifiers=event.modifiers))
