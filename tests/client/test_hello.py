"""What the client says of itself."""

from __future__ import annotations

from limpet.client.hello import METADATA, Identity, base_hello, partial_hello, window_hello
from limpet.client.keymap import keymap_of
from limpet.packets.capabilities import ClientHello
from limpet.packets.capfields import Spelling
from limpet.values import Rect, Size
from tests.client.features.test_screen import SCREENS
from tests.client.plans import plan

IDENTITY = Identity("a" * 32, "b" * 32, "desk")


def hello(*words: str) -> ClientHello:
    return window_hello(plan("tcp://host/", "--username=joe", *words), IDENTITY, SCREENS, keymap_of({}, {}))


def test_says_what_every_server_needs() -> None:
    made = hello()
    assert made.wants_windows
    assert (made.username, made.uuid, made.session_id, made.hostname) == ("joe", "a" * 32, "b" * 32, "desk")
    assert made.input.keyboard
    assert made.input.pointer
    assert made.input.cursors
    assert made.display.desktop_size == Size(1600, 900)
    assert {"rgb24", "rgb32", "png", "jpeg", "webp", "scroll"} <= set(made.encoding.core)
    # 3.1.3 and 6.2.5 list size limits by their old name only
    assert {"size-hints", "size-constraints"} <= set(METADATA)


def test_survives_the_wire_in_both_spellings() -> None:
    for spelling in (Spelling.FLAT, Spelling.NESTED):
        read = ClientHello.from_wire(hello().to_wire(spelling))
        assert read.encoding.core == hello().encoding.core
        assert read.display.desktop_size == Size(1600, 900)
        assert read.window.metadata_supported == METADATA
        assert read.wants_windows


def test_nothing_of_the_desktop_is_told_before_login() -> None:
    partial = partial_hello(hello())
    wire = partial.to_wire(Spelling.BOTH)
    assert wire["challenge"] is True
    assert wire["username"] == "joe"
    assert not {"display", "desktop_size", "screen_sizes", "keymap", "encodings", "encoding", "windows"} & set(wire)


def test_monitors_for_old_and_new_servers() -> None:
    display = hello().display
    assert display.monitors is not None
    assert display.monitors[0].workarea == Rect(0, 30, 1600, 870)
    screen = display.screen_sizes[0]
    assert isinstance(screen, list)
    assert screen[:3] == ["limpet", 1600, 900]
    assert screen[5] == [["HDMI-1", 0, 0, 1600, 900, 400, 225, 0, 30, 1600, 870]]
    assert display.vrefresh == 60


def test_the_users_wishes() -> None:
    made = hello("--encodings=png,rgb", "--encoding=png", "--quality=70")
    assert made.encoding.core == ("png", "png/P", "png/L", "rgb32", "rgb24", "scroll")
    assert (made.encoding.setting, made.encoding.quality) == ("png", 70)


def test_each_run_has_its_own_identity() -> None:
    first, second = Identity(), Identity()
    assert first.uuid != second.uuid
    assert first.uuid.isalnum()


def test_a_question_tells_who_asks_and_no_more() -> None:
    wire = base_hello(plan("tcp://host/"), IDENTITY).to_wire(Spelling.NESTED)
    assert set(wire) <= {"username", "name", "hostname", "uuid", "session-id", "client_type", "platform"}
