from __future__ import annotations

import pytest

from limpet.errors import DisconnectReason
from limpet.net.refusal import disconnect_record, refusal_text
from limpet.wire.sniff import Kind


@pytest.mark.parametrize(
    ("first", "flags", "body"),
    [
        (b"P\x18\x11\x00", 0x10, b"\xc3\x8adisconnect\x8eprotocol error\x83why"),
        (b"P\x01\x01\x00", 0x01, b"\xc3\x8adisconnect\x8eprotocol error\x83why"),
        (b"P\x03\x01\x00", 0x01, b"\xc3\x8adisconnect\x8eprotocol error\x83why"),
        (b"P\x00\x01\x00", 0x00, b"l10:disconnect14:protocol error3:whye"),
        (b"P\x04\x01\x00", 0x10, b"\xc3\x8adisconnect\x8eprotocol error\x83why"),  # yaml is not there
    ],
)
def test_refusal_speaks_the_serializer_of_the_peer_and_is_never_encrypted(
    first: bytes, flags: int, body: bytes
) -> None:
    record = disconnect_record(first, DisconnectReason.PROTOCOL_ERROR, "why")
    assert record == b"P" + bytes([flags, 0, 0]) + len(body).to_bytes(4, "big") + body


def test_without_a_second_text_the_record_has_two_words() -> None:
    assert disconnect_record(b"P\x10", DisconnectReason.DONE)[8:] == b"\xc2\x8adisconnect\x84done"


@pytest.mark.parametrize("reason", list(DisconnectReason))
def test_every_reason_fits(reason: DisconnectReason) -> None:
    record = disconnect_record(b"P\x10", reason)
    assert reason.value.encode() in record
    assert int.from_bytes(record[4:8], "big") == len(record) - 8


def test_http_gets_http_with_its_true_length() -> None:
    head, _, body = refusal_text(Kind.HTTP).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 Bad request\r\n")
    assert b"Content-Length: %d" % len(body) in head


@pytest.mark.parametrize("kind", [Kind.SSH, Kind.RFB, Kind.RDP, Kind.TLS, Kind.UNKNOWN])
def test_others_get_one_line_of_text(kind: Kind) -> None:
    text = refusal_text(kind)
    assert text.startswith(b"disconnect: connection failed, ")
    assert text.count(b"\n") == 1 and text.endswith(b"\n")
