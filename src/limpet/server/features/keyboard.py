"""Keys of one client, injected by keysym name."""

from __future__ import annotations

from collections.abc import Iterable

from limpet.packets.keyboard import KeyAction, KeyboardSync, KeyRepeat
from limpet.server.features.base import FeatureContext, Handler, handler

MODIFIER_KEYS = frozenset(
    {
        "Shift_L",
        "Shift_R",
        "Control_L",
        "Control_R",
        "Alt_L",
        "Alt_R",
        "Meta_L",
        "Meta_R",
        "Super_L",
        "Super_R",
        "Hyper_L",
        "Hyper_R",
        "Caps_Lock",
        "Num_Lock",
        "ISO_Level3_Shift",
        "ISO_Level5_Shift",
        "Mode_switch",
    }
)

MAX_DOWN = 256
"""keys that one client can hold: X11 has no more"""


class KeyboardFeature:
    """With `sync` a key stays down until its release arrives; without, it is tapped (docs/protocol: keyboard)."""

    def __init__(self, context: FeatureContext) -> None:
        self._desktop = context.desktop
        self._sync = context.hello.keymap.sync is not False
        self._down: dict[int | str, KeyAction] = {}
        """what is down, by the client's keycode, or by name where it tells none"""

    def handlers(self) -> Iterable[Handler]:
        return (
            handler(KeyAction, self._key),
            handler(KeyRepeat, self._repeat),
            handler(KeyboardSync, self._set_sync),
        )

    def start(self) -> None:
        """Nothing to tell."""

    def writable(self) -> None:
        """Sends nothing."""

    def stop(self) -> None:
        self._down.clear()
        self._desktop.release_all()

    def _key(self, packet: KeyAction) -> None:
        if packet.pressed:
            self._focus(packet)
        modifier = packet.name in MODIFIER_KEYS
        if not modifier:
            # a modifier's own press would be undone by the state before it, which its packet carries
            self._desktop.sync_modifiers(packet.modifiers)
        if self._sync or modifier:
            self._press(packet, packet.pressed)
        elif packet.pressed:
            self._press(packet, True)
            self._press(packet, False)

    def _focus(self, packet: KeyAction) -> None:
        """Keys go where the client has its focus: xpra 6.2.5 sends its first ones before `focus`."""
        window = self._desktop.window(packet.window_id)
        if window is not None and self._desktop.focused != window.id and not window.info.override_redirect:
            self._desktop.focus(window)

    def _press(self, packet: KeyAction, pressed: bool) -> None:
        """A key is known by its keycode: its keysym may be another when it goes up, Shift having gone up first."""
        key = packet.keycode or packet.name
        held = self._down.get(key)
        if pressed and held is not None and held.name == packet.name and packet.name not in MODIFIER_KEYS:
            return  # the client's own repeat
        if held is not None:
            del self._down[key]
            if not pressed or held.name != packet.name:
                self._desktop.press_key(held.name, held.keyval, held.keycode, False)
        if pressed and len(self._down) < MAX_DOWN:
            self._down[key] = packet
            self._desktop.press_key(packet.name, packet.keyval, packet.keycode, True)

    def _repeat(self, packet: KeyRepeat) -> None:
        """The key is still down: the X server repeats by itself."""

    def _set_sync(self, packet: KeyboardSync) -> None:
        self._sync = packet.enabled
