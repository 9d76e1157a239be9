from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import xcffib.xproto as xp

from limpet.values import Rect, Xid
from limpet.x11.connection import X11Connection
from limpet.x11.display import Xvfb
from limpet.x11.input import Input
from limpet.x11.keymap import keysym_of
from tests.x11.conftest import SCREEN, Stage

SHIFT, LOCK, CONTROL, MOD1, MOD2 = 1, 2, 4, 8, 16


@dataclass
class Typist:
    """Input beside a focused window that covers the screen, and what that window gets."""

    stage: Stage
    input: Input
    xid: Xid
    keymap: dict[int, list[int]] = field(default_factory=dict)

    def events(self) -> list[tuple[str, int, int]]:
        """("press" or "release", keysym by the rules of the core protocol, state) of all key events so far."""
        self.stage.connection.sync()
        self.stage.pump.settle()
        self._read_map()
        result = []
        while event := self.stage.app.poll(xp.KeyPressEvent) or self.stage.app.poll(xp.KeyReleaseEvent):
            kind = "press" if isinstance(event, xp.KeyPressEvent) else "release"
            result.append((kind, self._keysym(event), event.state & 0xFF))
        return result

    def pressed(self) -> list[int]:
        return [keysym for kind, keysym, _ in self.events() if kind == "press"]

    def down(self) -> set[int]:
        """Keycodes that the X server holds for pressed."""
        self.stage.connection.sync()
        app = self.stage.app
        bits = app.connection.reply(app.core.QueryKeymap()).keys
        return {code for code in range(256) if bits[code // 8] >> code % 8 & 1}

    def tap(self, name: str, *modifiers: str, keyval: int = 0, hint: int = 0) -> None:
        self.input.sync_modifiers(modifiers)
        assert self.input.key(name, keyval, hint, pressed=True)
        assert self.input.key(name, keyval, hint, pressed=False)

    def _read_map(self) -> None:
        app = self.stage.app
        reply = app.connection.reply(app.core.GetKeyboardMapping(8, 248))
        width, symbols = reply.keysyms_per_keycode, list(reply.keysyms)
        self.keymap = {8 + index: symbols[index * width : (index + 1) * width] for index in range(248)}

    def _keysym(self, event: xp.KeyPressEvent | xp.KeyReleaseEvent) -> int:
        plain, shifted, *_ = self.keymap[event.detail]
        shifted = shifted or plain
        shift, lock = bool(event.state & SHIFT), bool(event.state & LOCK)
        if 0xFF80 <= shifted <= 0xFFBD and event.state & MOD2:
            return plain if shift else shifted
        if lock and plain != shifted and ord("a") <= plain <= ord("z"):
            return plain if shift else shifted
        return shifted if shift else plain


@pytest.fixture
def typist(stage: Stage) -> Typist:
    xid = stage.show(Rect(0, 0, SCREEN.width, SCREEN.height))
    stage.manager.focus(xid)
    stage.pump.settle()
    made = Input(stage.connection)
    stage.manager.watch_keyboard(made.keyboard_changed)
    return Typist(stage, made, xid)


# -- pointer --


def test_the_pointer_moves_to_screen_coordinates(typist: Typist) -> None:
    typist.input.pointer_move(321, 123)
    typist.stage.connection.sync()
    app = typist.stage.app
    pointer = app.connection.reply(app.core.QueryPointer(app.connection.root))
    assert (pointer.root_x, pointer.root_y) == (321, 123)
    typist.input.pointer_move(-(10**9), 10**9)
    typist.stage.connection.sync()
    pointer = app.connection.reply(app.core.QueryPointer(app.connection.root))
    assert (pointer.root_x, pointer.root_y) == (0, SCREEN.height - 1)


def test_buttons_press_and_release_once(typist: Typist) -> None:
    for pressed in (True, True, False, False):
        typist.input.button(3, pressed)
    for number in (0, -1, 10, 999):
        typist.input.button(number, True)
    typist.stage.connection.sync()
    typist.stage.pump.settle()
    press, release = typist.stage.app.poll(xp.ButtonPressEvent), typist.stage.app.poll(xp.ButtonReleaseEvent)
    assert press is not None
    assert release is not None
    assert (press.detail, release.detail) == (3, 3)
    assert typist.stage.app.poll(xp.ButtonPressEvent) is None


def test_the_wheel_is_clicks_of_its_button(typist: Typist) -> None:
    typist.input.wheel(5, 3)
    typist.input.wheel(2, 3)
    typist.stage.connection.sync()
    typist.stage.pump.settle()
    details = []
    while event := typist.stage.app.poll(xp.ButtonReleaseEvent):
        details.append(event.detail)
    assert details == [5, 5, 5]


# -- keys --


@pytest.mark.parametrize(
    ("name", "modifiers", "state"),
    [
        ("a", (), 0),
        ("A", ("shift",), SHIFT),
        ("A", (), SHIFT),  # the modifiers say no Shift, the keysym needs it
        ("a", ("control",), CONTROL),
        ("a", ("control", "shift"), CONTROL | SHIFT),  # the client names the key without the level
        ("A", ("lock",), LOCK),
        ("a", ("lock", "shift"), LOCK | SHIFT),
        ("exclam", ("shift",), SHIFT),
        ("exclam", (), SHIFT),
        ("Return", (), 0),
        ("F5", ("mod1",), MOD1),
        ("ISO_Left_Tab", ("shift",), SHIFT),
        ("KP_5", ("mod2",), MOD2),
        ("KP_Begin", (), 0),
        ("KP_5", (), SHIFT),
        ("Delete", ("shift",), SHIFT),
        ("space", ("shift",), SHIFT),
    ],
)
def test_the_window_gets_the_keysym_that_was_sent(
    typist: Typist, name: str, modifiers: tuple[str, ...], state: int
) -> None:
    typist.input.sync_modifiers(modifiers)
    typist.events()
    typist.input.key(name, pressed=True)
    typist.input.key(name, pressed=False)
    keysym = keysym_of(name)
    wanted = {keysym, ord("A")} if (name, modifiers) == ("a", ("control", "shift")) else {keysym}
    got = [(kind, seen, bits) for kind, seen, bits in typist.events() if seen not in {0xFFE1, 0xFFE2}]
    assert [kind for kind, _, _ in got] == ["press", "release"]
    assert got[0][1] in wanted
    assert got[0][2] == state
    assert not typist.down() - {50, 37, 64, 66, 77}


@pytest.mark.parametrize("name", ["slash", "7", "minus"])
def test_an_unshifted_keysym_typed_with_shift_arrives_as_itself(typist: Typist, name: str) -> None:
    typist.tap(name, "shift")  # Shift+7 is slash on a German keyboard
    keys = [key for key in typist.events() if key[1] not in {0xFFE1, 0xFFE2}]
    assert keys[0] == ("press", keysym_of(name), SHIFT)


@pytest.mark.parametrize("name", ["eacute", "U20AC", "EuroSign", "Cyrillic_a", "U+1F600", "ß", "XF86AudioMute"])
def test_keysyms_that_are_on_no_key_are_put_on_one(typist: Typist, name: str) -> None:
    typist.tap(name)
    typist.tap(name, "shift")
    assert [key for key in typist.pressed() if key < 0xFFE1 or key > 0xFFEE] == [keysym_of(name)] * 2


def test_more_unknown_keysyms_than_spare_keys_reuse_the_oldest(typist: Typist) -> None:
    names = [f"U{0x4E00 + index:X}" for index in range(250)]
    for name in names:
        typist.tap(name)
        assert typist.pressed()[-1:] == [keysym_of(name)]
    typist.tap("a")
    assert typist.pressed() == [ord("a")]


def test_a_name_that_says_nothing_falls_back_to_the_value(typist: Typist) -> None:
    typist.tap("", keyval=0xFF0D)
    typist.tap("no such key", keyval=ord("q"))
    assert typist.pressed() == [0xFF0D, ord("q")]
    assert not typist.input.key("no such key", 0, pressed=True)
    assert not typist.input.key("", -5, pressed=True)
    assert typist.events() == []


def test_the_hint_decides_among_keys_with_the_same_keysym(typist: Typist) -> None:
    typist.stage.app.core.ChangeKeyboardMapping(1, 93, 2, [ord("a"), ord("A")])
    typist.stage.app.connection.flush()
    typist.stage.pump.settle()
    for hint in (38, 93, 0, 24):
        typist.tap("a", hint=hint)
    typist.stage.connection.sync()
    typist.stage.pump.settle()
    codes = []
    while event := typist.stage.app.poll(xp.KeyReleaseEvent):
        codes.append(event.detail)
    assert codes == [38, 93, 38, 38]


def test_a_key_is_released_though_shift_went_up_before_it(typist: Typist) -> None:
    typist.input.key("Shift_L", pressed=True)
    typist.input.sync_modifiers(["shift"])
    typist.input.key("A", pressed=True)
    typist.input.key("Shift_L", pressed=False)
    typist.input.sync_modifiers([])
    typist.input.key("a", pressed=False)
    assert typist.down() == set()


def test_a_second_press_of_a_pressed_key_does_nothing(typist: Typist) -> None:
    typist.input.key("x", pressed=True)
    typist.input.key("x", pressed=True)
    typist.input.key("x", pressed=False)
    typist.input.key("x", pressed=False)
    assert [kind for kind, _, _ in typist.events()] == ["press", "release"]


# -- modifiers --


def test_modifiers_follow_the_list(typist: Typist) -> None:
    typist.input.sync_modifiers(["shift", "control", "mod1", "unheard of"])
    typist.tap("Left", "shift", "control", "mod1")
    assert typist.events()[-1][2] == SHIFT | CONTROL | MOD1
    typist.tap("Left")
    assert typist.events()[-1][2] == 0
    assert typist.down() == set()


@pytest.mark.parametrize(("name", "bit"), [("lock", LOCK), ("mod2", MOD2)])
def test_locks_are_toggled_and_not_held(typist: Typist, name: str, bit: int) -> None:
    typist.tap("Left", name)
    assert typist.events()[-1][2] == bit
    assert typist.down() == set()
    typist.tap("Left", name)
    assert typist.events()[-1][2] == bit
    typist.tap("Left")
    assert typist.events()[-1][2] == 0


def test_a_lock_key_of_the_client_toggles_once(typist: Typist) -> None:
    """Pressed with the modifiers from before, released with those from after, as clients send it."""
    typist.input.sync_modifiers([])
    typist.input.key("Caps_Lock", pressed=True)
    typist.input.sync_modifiers(["lock"])
    typist.input.key("Caps_Lock", pressed=False)
    typist.input.sync_modifiers(["lock"])
    typist.tap("Left", "lock")
    assert typist.events()[-1][2] == LOCK
    assert typist.input.modifiers == {"lock"}


def test_a_lock_that_was_on_before_is_known(typist: Typist, connect: Callable[[], X11Connection]) -> None:
    typist.input.sync_modifiers(["mod2"])
    typist.stage.connection.sync()
    other = Input(connect())
    assert other.modifiers == {"mod2"}
    other.sync_modifiers([])
    typist.input.refresh()
    assert typist.input.modifiers == frozenset()


def test_release_all_leaves_nothing_down(typist: Typist) -> None:
    typist.input.sync_modifiers(["shift", "mod4"])
    typist.input.key("x", pressed=True)
    typist.input.key("U20AC", pressed=True)
    typist.input.button(1, True)
    typist.input.release_all()
    assert typist.down() == set()
    app = typist.stage.app
    assert app.connection.reply(app.core.QueryPointer(app.connection.root)).mask == 0


def test_a_changed_keyboard_is_read_again(typist: Typist, xvfb: Xvfb) -> None:
    typist.tap("EuroSign")
    subprocess.run(["setxkbmap", "de"], env={**xvfb.environment(), "PATH": "/usr/bin:/bin"}, check=True)
    typist.stage.pump.settle()
    typist.events()
    for name, modifiers in (("z", ()), ("slash", ("shift",)), ("EuroSign", ())):
        typist.tap(name, *modifiers)
    pressed = [key for key in typist.pressed() if key not in {0xFFE1, 0xFFE2}]
    assert pressed == [ord("z"), ord("/"), 0x20AC]
