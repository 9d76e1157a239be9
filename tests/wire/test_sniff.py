from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.wire.framing import Header
from limpet.wire.sniff import Kind, classify
from tests.wire.replay import CAPTURES, names

EXAMPLES = [
    (bytes.fromhex("5001010000005898"), Kind.XPRA),
    (bytes.fromhex("5018110000001382"), Kind.XPRA),
    (bytes.fromhex("501a000000000010"), Kind.XPRA),
    (bytes.fromhex("5003000000000010"), Kind.XPRA),
    (bytes.fromhex("16030100c8010000"), Kind.TLS),
    (b"GET / HT", Kind.HTTP),
    (b"HEAD / H", Kind.HTTP),
    (b"POST / H", Kind.HTTP),
    (b"PUT / HT", Kind.HTTP),
    (b"PATCH / ", Kind.HTTP),
    (b"OPTIONS ", Kind.HTTP),
    (b"CONNECT ", Kind.HTTP),
    (b"DELETE /", Kind.HTTP),
    (b"TRACE / ", Kind.HTTP),
    (b"PRI * HT", Kind.HTTP),
    (b"SSH-2.0-", Kind.SSH),
    (b"RFB 003.", Kind.RFB),
    (bytes.fromhex("0300001300000000"), Kind.RDP),
    (b"hello wo", Kind.UNKNOWN),
    (b"\x00" * 8, Kind.UNKNOWN),
    (b"PASS x\r\n", Kind.UNKNOWN),
    (Header(0x10, 0, 1, 100).pack(), Kind.UNKNOWN),
    (Header(0x10, 0, 0, 7).pack(), Kind.UNKNOWN),
    (Header(0x10, 0, 0, 1 << 28).pack(), Kind.UNKNOWN),
    (Header(0x11, 0, 0, 100).pack(), Kind.UNKNOWN),
    (Header(0x10, 0x31, 0, 100).pack(), Kind.UNKNOWN),
    (b"SSX", Kind.UNKNOWN),
    (b"\x03\x01", Kind.UNKNOWN),
]


@pytest.mark.parametrize(("first", "kind"), EXAMPLES)
def test_first_bytes_tell_the_protocol(first: bytes, kind: Kind) -> None:
    assert classify(first) is kind
    assert classify(memoryview(first)) is kind


@pytest.mark.parametrize(("first", "kind"), EXAMPLES)
def test_a_prefix_is_undecided_or_has_the_same_answer(first: bytes, kind: Kind) -> None:
    for end in range(len(first)):
        assert classify(first[:end]) in (None, kind)


@pytest.mark.parametrize(("first", "needed"), [(b"\x16", 1), (b"GET / HT", 4), (b"SSH-2.0-", 4), (b"hello", 1)])
def test_decides_as_early_as_possible(first: bytes, needed: int) -> None:
    assert classify(first[: needed - 1]) is None
    assert classify(first[:needed]) is not None


@given(st.binary(min_size=8, max_size=20))
def test_eight_bytes_always_decide(data: bytes) -> None:
    kind = classify(data)
    assert kind is not None
    assert kind is classify(data[:8])


@pytest.mark.parametrize("name", names())
def test_every_recorded_client_is_recognised(name: str) -> None:
    assert classify((CAPTURES / f"{name}-c2s.bin").read_bytes()) is Kind.XPRA
