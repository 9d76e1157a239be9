from __future__ import annotations

from typing import Any

from limpet.packets.dialect import NESTED_65
from limpet.packets.file import OpenUrl, PrintFile, RequestFile, SendDataResponse, SendFile, SendFileChunk
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side


def decode(*items: Any, side: Side = Side.CLIENT) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_a_file_whole_and_in_chunks() -> None:
    """session-packets.md 6.13."""
    packet = SendFile(
        name="a.txt",
        mimetype="text/plain",
        print=False,
        open=True,
        size=5000,
        data=bytes(5000),
        options={"sha256": "x"},
    )
    items, bulk = packets.encode(packet, NESTED_65)
    assert bulk == 6
    for side in Side:
        assert decode(*items, side=side) == packet
        assert decode("send-file-chunk", b"id", 1, b"x", 1, side=side) == SendFileChunk(
            chunk_id="id", chunk=1, data=b"x", has_more=True
        )


def test_the_answer_to_a_question_is_a_number() -> None:
    assert decode("send-data-response", "id", 2) == SendDataResponse(send_id="id", accept=2)


def test_short_forms() -> None:
    assert decode("open-url", "u", side=Side.SERVER) == OpenUrl(url="u")
    assert packets.encode(OpenUrl(url="u"), NESTED_65)[0] == ["open-url", "u"]
    assert decode("request-file", "f", True) == RequestFile(name="f", open=True)
    for name in ("print", "print-file", "printer-file"):
        assert decode(name, "f", b"x") == PrintFile(name="f", data=b"x")
