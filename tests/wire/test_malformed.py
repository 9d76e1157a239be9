"""The corpus of malformed records: each costs its documented error, whole or in single bytes, in little memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from limpet import errors
from limpet.errors import RemoteProtocolError
from limpet.limits import BEFORE_HELLO, MIB, DecodeLimits
from limpet.values import Secret
from limpet.wire.cipher import UNDECIPHERABLE, AesDecryptor, CipherParams
from limpet.wire.serializers import SERIALIZERS
from limpet.wire.stream import PacketReader
from tests.wire.vectors import VECTORS, load

FILES = sorted(path.name for path in (VECTORS / "malformed").glob("*.json"))
CORPUS = [
    pytest.param(corpus, case, id=f"{name.removesuffix('.json')}: {case['name']}")
    for name in FILES
    for corpus in [load(f"malformed/{name}")]
    for case in corpus["cases"]
]


def reader_for(corpus: dict[str, Any]) -> PacketReader:
    packets = PacketReader(BEFORE_HELLO)
    if corpus["target"] == "sealed":
        key, iv = Secret(bytes.fromhex(corpus["key"])), bytes.fromhex(corpus["iv"])
        packets.set_decryptor(AesDecryptor(CipherParams("CBC", key, iv)))
    return packets


def run(corpus: dict[str, Any], data: bytes, step: int) -> tuple[int, RemoteProtocolError | None]:
    """Packets that came out, and the error that ended it."""
    count = 0
    try:
        if corpus["target"] in SERIALIZERS:
            SERIALIZERS[corpus["target"]].loads(data, DecodeLimits())
            return 1, None
        packets = reader_for(corpus)
        for start in range(0, len(data), step):
            packets.receive_data(data[start : start + step])
            while packets.next_packet() is not None:
                count += 1
    except RemoteProtocolError as error:
        return count, error
    return count, None


@pytest.mark.parametrize(("corpus", "case"), CORPUS)
def test_costs_its_documented_error(corpus: dict[str, Any], case: dict[str, Any]) -> None:
    data = bytes.fromhex(case["hex"])
    tracemalloc.start()
    try:
        count, error = run(corpus, data, len(data) or 1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert type(error) is getattr(errors, case["error"])
    assert peak < 8 * MIB
    assert [count, type(error)] == [run(corpus, data, 1)[0], type(run(corpus, data, 1)[1])]
    if case["error"] == "CipherError" and corpus["target"] == "sealed":
        assert str(error) == UNDECIPHERABLE


def test_the_corpus_covers_every_target() -> None:
    assert {load(f"malformed/{name}")["target"] for name in FILES} == {"stream", "sealed", *SERIALIZERS}
    assert len(CORPUS) >= 150
