from __future__ import annotations

import pytest

from limpet.errors import FramingError, SerializerError
from limpet.limits import DecodeLimits
from limpet.wire.framing import Flags
from limpet.wire.serializers import SERIALIZERS, by_flags


@pytest.mark.parametrize("name", SERIALIZERS)
def test_every_serializer_is_found_by_its_flag_whatever_the_other_bits(name: str) -> None:
    row = SERIALIZERS[name]
    assert row.name == name
    for others in (0, Flags.CIPHER, Flags.FLUSH, Flags.CIPHER | Flags.FLUSH):
        assert by_flags(row.flag | others) is row


@pytest.mark.parametrize("name", SERIALIZERS)
def test_every_serializer_round_trips_a_packet(name: str) -> None:
    row = SERIALIZERS[name]
    expected = ["ping", 1, {"a": [b"\x00"]}] if row.text else [b"ping", 1, {b"a": [b"\x00"]}]
    assert row.loads(row.dumps(["ping", 1, {"a": [b"\x00"]}]), DecodeLimits()) == expected


def test_no_serializer_bit_means_bencode() -> None:
    assert by_flags(0).name == "bencode"


def test_yaml_is_refused_by_name() -> None:
    with pytest.raises(SerializerError, match="yaml"):
        by_flags(Flags.YAML | Flags.FLUSH)


@pytest.mark.parametrize("flags", [0x05, 0x11, 0x14, 0x15])
def test_two_serializer_bits_are_refused(flags: int) -> None:
    with pytest.raises(FramingError, match="flags"):
        by_flags(flags)
