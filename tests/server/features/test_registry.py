"""Which client gets which feature."""

from __future__ import annotations

from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import EncodingCaps, InputCaps
from limpet.packets.schema import Packet
from limpet.server.features.registry import FEATURES
from limpet.values import Side
from tests.server.features.stage import Stage

VIEWER = ClientHello(encoding=EncodingCaps(options=("png",), core=("png",)), input=InputCaps(cursors=True))


def wanted(hello: ClientHello) -> list[str]:
    return [row.name for row in FEATURES if row.wanted(hello)]


def test_a_client_with_windows_gets_all_and_one_without_only_control() -> None:
    assert wanted(VIEWER) == ["control", "screen", "pointer", "keyboard", "windows", "cursor"]
    assert wanted(ClientHello(ui_client=False)) == ["control"]
    assert wanted(ClientHello()) == ["control"], "without an encoding there is nothing to see"


def test_no_packet_has_two_features_and_all_come_from_clients() -> None:
    seen: dict[type[Packet], str] = {}
    for row in FEATURES:
        stage = Stage(row.make, VIEWER)
        for entry in stage.feature.handlers():
            assert Side.CLIENT in entry.packet.senders()
            assert entry.packet not in seen, (entry.packet, row.name)
            seen[entry.packet] = row.name
    assert len(seen) > 15
