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


class KeyboardFeature:
    """With `sync` a key stays down until its release arrives; without, it is tapped (docs/protocol: keyboard)."""

    def __init__(self, context: FeatureContext) -> None:
        self._desktop = context.desktop
        self._sync = context.hello.keymap.sync is not False
        self._down: set[str] = set()

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
        modifier = packet.name in MODIFIER_KEYS
        if not modifier:
            # a modifier's own press would be undone by the state before it, which its packet carries
            self._desktop.sync_modifiers(packet.modifiers)
        if self._sync or modifier:
            self._press(packet, packet.pressed)
        elif packet.pressed:
            self._press(packet, True)
            self._press(packet, False)

    def _press(self, packet: KeyAction, pressed: bool) -> None:
        if pressed == (packet.name in self._down) and not (pressed and packet.name in MODIFIER_KEYS):
            # a press of a pressed key, or a release of one that is up
            return
        if pressed:
            self._down.add(packet.name)
        else:
            self._down.discard(packet.name)
        self._desktop.press_key(packet.name, packet.keyval, packet.keycode, pressed)

    def _repeat(self, packet: KeyRepeat) -> None:
        """The key is still down: the X server repeats by itself."""

    def _set_sync(self, packet: KeyboardSync) -> None:
        self._sync = packet.enabled
