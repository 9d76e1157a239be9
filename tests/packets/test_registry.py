"""Every packet, in every form and dialect, by the registry alone."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import limpet.packets
from limpet.errors import PacketError
from limpet.packets import SUBJECTS
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.packets.registry import packets
from limpet.packets.schema import Effect, FormCodec, Packet, Phase
from limpet.values import Side
from tests.packets.support import DIALECTS, packets_of, through, wire

FORMS = packets.forms()
SENT = [(side, codec) for side, codec in FORMS if not codec.form.receive]
BENCODE = Dialect(nested=False, serializer="bencode", version=(3, 1, 3))


def name_of(value: Any) -> str:
    return value.form.name if isinstance(value, FormCodec) else str(getattr(value, "value", value))


@pytest.mark.parametrize("dialect", [*DIALECTS.values(), BENCODE], ids=[*DIALECTS, "bencode"])
@pytest.mark.parametrize(("side", "codec"), SENT, ids=name_of)
@settings(max_examples=4)
@given(data=st.data())
def test_every_form_round_trips_in_every_dialect(
    side: Side, codec: FormCodec, dialect: Dialect, data: st.DataObject
) -> None:
    packet = data.draw(packets_of(codec, dialect))
    items, bulk = codec.encode(packet, dialect)
    assert items[0] == codec.form.name
    assert bulk is None
    assert None not in items
    phase = Phase.SESSION if Phase.SESSION in codec.cls.phase else Phase.HELLO
    assert packets.decode(side, phase, through(items, dialect)) == packet


@pytest.mark.parametrize(("side", "codec"), FORMS, ids=name_of)
@settings(max_examples=6)
@given(args=st.lists(wire, max_size=13))
def test_garbage_raises_packet_error_only(side: Side, codec: FormCodec, args: list[Any]) -> None:
    for phase in (Phase.HELLO, Phase.SESSION):
        try:
            packet = packets.decode(side, phase, [codec.form.name, *args])
        except PacketError:
            continue
        assert isinstance(packet, codec.cls)
        assert repr(packet)


@pytest.mark.parametrize(("side", "codec"), SENT, ids=name_of)
@settings(max_examples=4)
@given(data=st.data())
def test_one_wrong_argument_raises_packet_error_only(side: Side, codec: FormCodec, data: st.DataObject) -> None:
    items, _ = codec.encode(data.draw(packets_of(codec, NESTED_65)), NESTED_65)
    items[data.draw(st.integers(0, len(items) - 1))] = data.draw(wire)
    detail = ""
    try:
        packets.decode(side, Phase.SESSION, items)
    except PacketError as exc:
        detail = exc.detail
    assert len(detail) < 300


@pytest.mark.parametrize(("side", "codec"), SENT, ids=name_of)
@settings(max_examples=3)
@given(data=st.data())
def test_missing_arguments_are_defaults_or_errors(side: Side, codec: FormCodec, data: st.DataObject) -> None:
    items, _ = codec.encode(data.draw(packets_of(codec, NESTED_65)), NESTED_65)
    phase = Phase.SESSION if Phase.SESSION in codec.cls.phase else Phase.HELLO
    for count in range(1, len(items)):
        try:
            packet = packets.decode(side, phase, items[:count])
        except PacketError:
            continue
        assert isinstance(packet, codec.cls)


@pytest.mark.parametrize(("side", "codec"), [x for x in SENT if x[1].form.unpack is None], ids=name_of)
@settings(max_examples=2)
@given(data=st.data())
def test_extra_trailing_arguments_are_ignored(side: Side, codec: FormCodec, data: st.DataObject) -> None:
    packet = data.draw(packets_of(codec, NESTED_65))
    items, _ = codec.encode(packet, NESTED_65)
    items += [codec.cls.__name__] * (len(codec.form.fields) + 1 - len(items))  # stands in for arguments left out
    if len(items) == len(codec.encode(packet, NESTED_65)[0]):
        phase = Phase.SESSION if Phase.SESSION in codec.cls.phase else Phase.HELLO
        assert packets.decode(side, phase, [*items, "one", {"more": 2}]) == packet


@pytest.mark.parametrize("cls", packets.classes(), ids=lambda cls: cls.__name__)
def test_every_packet_is_documented_and_can_be_named(cls: type[Packet]) -> None:
    assert cls.__doc__
    assert not cls.__doc__.startswith(f"{cls.__name__}(")  # dataclass made it up
    names = [form.name for form in cls.forms]
    assert len(set(names)) == len(names)
    assert cls.__name__ in repr(packets.forms()) or cls in {codec.cls for _, codec in FORMS}


@pytest.mark.parametrize("cls", packets.classes(), ids=lambda cls: cls.__name__)
def test_every_client_packet_has_an_effect(cls: type[Packet]) -> None:
    if Side.CLIENT in cls.senders():
        assert isinstance(cls.effect, Effect)


def test_only_handshake_packets_exist_before_the_hello() -> None:
    """hello.md 3.1: hello, challenge, ssl-upgrade, disconnect; 3.7: a screenshot may answer; 3.1.3 pings early."""
    early = {codec.form.name for _, codec in FORMS if Phase.HELLO in codec.cls.phase}
    assert early == {
        "hello",
        "challenge",
        "ssl-upgrade",
        "disconnect",
        "connection-close",
        "ping",
        "screenshot",
        "display-screenshot",
    }


@pytest.mark.parametrize(("side", "codec"), FORMS, ids=name_of)
def test_a_packet_outside_its_phase_is_an_error(side: Side, codec: FormCodec) -> None:
    for phase in (Phase.HELLO, Phase.SESSION):
        if phase not in codec.cls.phase:
            with pytest.raises(PacketError, match="not allowed"):
                packets.decode(side, phase, [codec.form.name])


@pytest.mark.parametrize(("side", "codec"), FORMS, ids=name_of)
def test_a_packet_from_the_wrong_side_is_unknown(side: Side, codec: FormCodec) -> None:
    sides = {s for s, c in FORMS if c.form.name == codec.form.name}
    if sides == {side}:
        assert packets.decode(side.other, Phase.SESSION, [codec.form.name]) is None


def test_every_module_that_declares_packets_is_listed() -> None:
    for found in pkgutil.iter_modules(limpet.packets.__path__):
        module = importlib.import_module(f"limpet.packets.{found.name}")
        declares = any(
            isinstance(value, type)
            and issubclass(value, Packet)
            and value is not Packet
            and value.__module__ == module.__name__
            for value in vars(module).values()
        )
        assert declares == (found.name in SUBJECTS), found.name


def test_unknown_names_are_none_in_text_and_bytes() -> None:
    assert packets.decode(Side.CLIENT, Phase.SESSION, ["no-such-packet", 1]) is None
    assert packets.decode(Side.CLIENT, Phase.SESSION, [b"\xff\xfe"]) is None


@pytest.mark.parametrize("items", [[], [None], [[]], [True], [1.5], [{}], [12], [2**70]])
def test_a_packet_type_that_is_no_text_is_an_error(items: list[Any]) -> None:
    with pytest.raises(PacketError):
        packets.decode(Side.CLIENT, Phase.SESSION, items)


def test_aliases_that_we_announced_are_read() -> None:
    """encoding.md 2.7."""
    ping = packets.decode(Side.CLIENT, Phase.SESSION, [9, 5], {9: "ping"})
    assert ping == packets.decode(Side.CLIENT, Phase.SESSION, ["ping", 5])
    with pytest.raises(PacketError, match="unknown alias 8"):
        packets.decode(Side.CLIENT, Phase.SESSION, [8, 5], {9: "ping"})


LEGACY_AND_MODERN = {
    Side.SERVER: """
        new-window new-override-redirect new-tray window-create window-metadata window-move-resize
        window-resized raise-window window-raise restack-window window-restack initiate-moveresize
        window-initiate-moveresize configure-override-redirect lost-window window-destroy draw window-draw
        eos window-eos window-icon pointer-grab window-grab pointer-ungrab window-ungrab bell window-bell
        pointer-position cursor cursor-data cursor-default clipboard-token clipboard-data clipboard-request
        clipboard-contents clipboard-contents-none clipboard-pending-requests set-clipboard-enabled
        clipboard-status encodings desktop_size display-resized show-desktop display-show-desktop screenshot
        display-screenshot setting-change notify_show notification-show notify_close notification-close
        sound-data audio-data send-file file-send ack-file-chunk file-ack-chunk send-file-chunk
        file-send-chunk send-data-request file-data-request send-data-response file-data-response open-url
        file-open-url info-response control logging logging-event server-event events startup-complete ping
        ping_echo ping-echo disconnect connection-close hello challenge set_deflate
    """,
    Side.CLIENT: """
        map-window window-map unmap-window window-unmap configure-window window-configure close-window
        window-close focus window-focus buffer-refresh window-refresh damage-sequence window-ack
        window-draw-ack window-signal window-action pointer-position pointer pointer-motion button-action
        pointer-button wheel-motion pointer-wheel input-devices pointer-devices key-action keyboard-event
        key-repeat layout-changed keymap-changed keyboard-config set-keyboard-sync-enabled keyboard-sync
        set-cursors cursor-set clipboard-token clipboard-data clipboard-request clipboard-contents
        clipboard-contents-none clipboard-enable-selections encoding encoding-set quality speed min-quality
        min-speed encoding-options desktop_size configure-display display-configure force-ungrab
        display-ungrab notification-close notification-action set-notify notification-status set-bell
        bell-set sound-control audio-control send-file request-file file-request printers printer-devices
        print printer-file logging start-command command-start command_request control-request
        command-signal info-request suspend resume shutdown-server exit-server bandwidth-limit
        connection-data bandwidth-status sharing-toggle lock-toggle sharing-lock ping ping_echo disconnect
        hello set_deflate server-settings
    """,
}


@pytest.mark.parametrize(
    ("side", "name"), [(side, name) for side, names in LEGACY_AND_MODERN.items() for name in names.split()], ids=name_of
)
def test_names_of_the_specification_are_known(side: Side, name: str) -> None:
    """session-packets.md 6.1 and following: both names for everything."""
    assert name in {codec.form.name for s, codec in FORMS if s is side}


@pytest.mark.parametrize("dialect", [FLAT_313, NESTED_65], ids=["3.1.3", "6.5"])
def test_legacy_names_are_sent_to_peers_that_list_nothing(dialect: Dialect) -> None:
    """session-packets.md 6.1: accept both names, send legacy."""
    legacy = {"damage-sequence", "pointer-position", "button-action", "desktop_size", "keymap-changed"}
    modern = {"window-ack", "pointer", "pointer-button", "configure-display", "keyboard-config"}
    listing = Dialect(nested=True, serializer="rencodeplus", version=(6, 5), packet_types=frozenset(modern))
    sent, listed = set(), set()
    for cls in packets.classes():
        codecs = [codec for _, codec in FORMS if codec.cls is cls]
        if any(codec.form.needs for codec in codecs):
            packet = object.__new__(cls)
            sent |= {next(c.form.name for c in codecs if c.fits(packet, dialect))}
            listed |= {next(c.form.name for c in codecs if c.fits(packet, listing))}
    assert sent == legacy
    assert listed == modern
