from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.clipboard import MAX_ITEMS, ClipboardContents, ClipboardToken, SetClipboardEnabled
from limpet.packets.dialect import NESTED_65
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side


def decode(*items: Any, side: Side = Side.CLIENT) -> Any:
    return packets.decode(side, Phase.SESSION, items)


def test_a_bare_token_holds_only_the_selection() -> None:
    """session-packets.md 6.9."""
    token = ClipboardToken(selection="PRIMARY")
    for side in Side:
        assert decode("clipboard-token", b"PRIMARY", side=side) == token
    assert packets.encode(token, NESTED_65)[0] == ["clipboard-token", "PRIMARY"]
    with_targets = ClipboardToken(selection="PRIMARY", targets=("STRING",))
    assert packets.encode(with_targets, NESTED_65)[0] == ["clipboard-token", "PRIMARY", ("STRING",)]


def test_a_greedy_token_holds_the_contents_at_fixed_positions() -> None:
    token = ClipboardToken(
        selection="CLIPBOARD",
        targets=("UTF8_STRING",),
        target="UTF8_STRING",
        dtype="UTF8_STRING",
        dformat=8,
        wire_encoding="bytes",
        data=b"text",
        greedy=True,
    )
    items = ["clipboard-token", "CLIPBOARD", ("UTF8_STRING",), "UTF8_STRING", "UTF8_STRING", 8, "bytes", b"text", True,
             True]  # fmt: skip
    assert packets.encode(token, NESTED_65)[0] == items
    assert decode(*items) == token


def test_the_modern_token() -> None:
    options = {
        "targets": ["STRING"],
        "claim": False,
        "greedy": True,
        "origin": "x",
        "data": {"STRING": ["STRING", 8, "bytes", b"text"], "TEXT": ["TEXT", 8, "bytes", b"other"]},
    }
    assert decode("clipboard-data", "PRIMARY", options) == ClipboardToken(
        selection="PRIMARY",
        targets=("STRING",),
        target="STRING",
        dtype="STRING",
        wire_encoding="bytes",
        data=b"text",
        claim=False,
        greedy=True,
    )
    assert decode("clipboard-data", "PRIMARY", {}) == ClipboardToken(selection="PRIMARY")
    for wrong in ([], ["PRIMARY"], ["PRIMARY", []], ["PRIMARY", {"data": {"STRING": ["STRING"]}}]):
        with pytest.raises(PacketError, match="clipboard-data"):
            decode("clipboard-data", *wrong)


def test_contents_are_bytes_integers_or_names() -> None:
    for data, loaded in (([b"TEXT", "STRING"], ("TEXT", "STRING")), ([1, -2], (1, -2)), ("é", b"\xe9"), (b"x", b"x")):
        packet = decode("clipboard-contents", 1, "PRIMARY", "ATOM", 32, "atoms", data)
        assert isinstance(packet, ClipboardContents)
        assert packet.data == loaded
    for wrong in ([[]], [2**70], [None], [1] * (MAX_ITEMS + 1), None):
        with pytest.raises(PacketError, match="clipboard-contents: data"):
            decode("clipboard-contents", 1, "PRIMARY", "ATOM", 32, "atoms", wrong)


def test_big_contents_go_as_a_raw_chunk() -> None:
    packet = ClipboardContents(
        request_id=1, selection="CLIPBOARD", dtype="x", dformat=8, wire_encoding="bytes", data=bytes(5000)
    )
    assert packets.encode(packet, NESTED_65)[1] == 6


def test_a_clipboard_is_switched_off_with_a_reason() -> None:
    assert decode("set-clipboard-enabled", 1) == SetClipboardEnabled(enabled=True)
    assert decode("clipboard-status", False, b"why", side=Side.SERVER) == SetClipboardEnabled(
        enabled=False, reason="why"
    )
