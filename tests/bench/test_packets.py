from __future__ import annotations

from bench.measures.packets import PacketsContest
from bench.model import LIMPET


def test_every_packet_is_encoded_and_decoded() -> None:
    values = PacketsContest([LIMPET], count=200).sample(LIMPET)
    assert set(values) == {"packets.decode", "packets.encode", "packets.decode.legacy", "packets.encode.legacy"}
    assert all(value > 0 for value in values.values())
