from __future__ import annotations

from typing import Any

import pytest

from limpet.errors import PacketError
from limpet.packets.dialect import FLAT_313, NESTED_65
from limpet.packets.draw import MAX_AREAS, Draw, DrawOptions, Encodings, EncodingWanted
from limpet.packets.registry import packets
from limpet.packets.schema import Phase
from limpet.values import Side, Size, WindowId
from tests.packets.support import vector
from tests.packets.test_window import aliases_of


def decode(*items: Any) -> Any:
    return packets.decode(Side.SERVER, Phase.SESSION, items)


def draw(data: Any = b"", options: Any = None, encoding: str = "rgb24") -> Any:
    return decode("draw", 1, 0, 0, 4, 4, encoding, data, 1, 16, {} if options is None else options)


def recorded() -> list[Draw]:
    aliases = aliases_of("session-313-client.txt")
    found = (packets.decode(Side.SERVER, Phase.SESSION, x, aliases) for x in vector("session-313-server.txt"))
    return [packet for packet in found if isinstance(packet, Draw)]


def test_recorded_pictures() -> None:
    """session-packets.md 6.4, 6.5.1."""
    rgb = next(packet for packet in recorded() if packet.encoding == "rgb24" and packet.options.lz4)
    assert (rgb.width, rgb.height, rgb.rowstride) == (12, 13, 48)
    assert rgb.options.rgb_format == "BGRX"
    assert rgb.options.compressor == "lz4"
    assert rgb.options.window_size == Size(484, 316)
    assert rgb.options.flush == 0
    sequences = [packet.sequence for packet in recorded() if packet.window_id == 2]
    assert sequences[0] == 1
    assert sequences == sorted(sequences)


def test_recorded_scrolling() -> None:
    """session-packets.md 6.5.4."""
    scroll = next(packet for packet in recorded() if packet.encoding == "scroll")
    assert scroll.data == ((0, 14, 484, 287, 0, -13), (0, 314, 484, 2, 0, -26))
    assert scroll.options.flush == 2


def test_pixels_are_passed_on_and_named_for_a_raw_chunk() -> None:
    pixels = memoryview(bytearray(4096))
    packet = Draw(
        window_id=WindowId(1),
        x=0,
        y=0,
        width=32,
        height=32,
        encoding="rgb32",
        data=pixels,
        sequence=1,
        rowstride=128,
        options=DrawOptions(rgb_format="BGRX", flush=1),
    )
    items, bulk = packets.encode(packet, NESTED_65)
    assert bulk == 7
    assert items[7] is pixels
    assert items[10] == {"rgb_format": "BGRX", "flush": 1}
    assert decode(*items).data is pixels


def test_scrolls_travel_in_the_main_packet() -> None:
    packet = draw([[1, 2, 3, 4, 5, 6]], encoding="scroll")
    assert packets.encode(packet, FLAT_313)[1] is None


@pytest.mark.parametrize("data", [[[1]], [[1, 2, 3, 4, 5, 6, 7]], [["a", 2]], [[True, 2]], [[2**40, 1]], [5], 5, None,
                                  [[1, 2]] * (MAX_AREAS + 1)])  # fmt: skip
def test_wrong_data_is_an_error(data: Any) -> None:
    with pytest.raises(PacketError, match="draw: data"):
        draw(data)


@pytest.mark.parametrize(
    "options",
    [
        {"rgb_format": 1},
        {"lz4": -1},
        {"lz4": "1"},
        {"zlib": 256},
        {"flush": "0"},
        {"scaled_size": [1]},
        {"paint": 2},
        {"scroll": [[1]]},
        {"alpha-offset": -1},
        [],
    ],
)
def test_options_that_decide_how_to_decode_are_strict(options: Any) -> None:
    with pytest.raises(PacketError, match="draw: options"):
        draw(options=options)


def test_other_options_are_hints() -> None:
    assert draw(options={"quality": "x", "speed": None, "unknown": 1, 5: 6}).options == DrawOptions()


@pytest.mark.parametrize(
    ("options", "compressor"),
    [({}, ""), ({"lz4": True}, "lz4"), ({"lz4": 0, "zlib": 3}, "zlib"), ({b"zstd": 1}, "zstd"), ({"lzo": 1}, "lzo")],
)
def test_the_compressor_of_the_pixels(options: Any, compressor: str) -> None:
    assert draw(options=options).options.compressor == compressor


def test_text_stands_for_bytes_in_data() -> None:
    assert draw("\xff\x00").data == b"\xff\x00"


def test_the_options_may_be_missing() -> None:
    assert decode("draw", 1, 0, 0, 4, 4, "png", b"x", 1, 0).options == DrawOptions()


def test_the_encodings_packet_of_6() -> None:
    """session-packets.md 6.5: flags beside lists are left out."""
    packet = decode("encodings", {"encodings": {"": ["png"], b"core": [b"rgb24"], "delayed": True}})
    assert packet == Encodings(encodings={"": ("png",), "core": ("rgb24",)})
    assert packets.encode(packet, NESTED_65)[0] == ["encodings", {"encodings": {"": ("png",), "core": ("rgb24",)}}]
    for wrong in ({}, {"encodings": []}, [], {"encodings": {"": [5]}}):
        with pytest.raises(PacketError, match="encodings: encodings"):
            decode("encodings", wrong)


def test_an_encoding_for_all_windows() -> None:
    assert packets.decode(Side.CLIENT, Phase.SESSION, ["encoding", b"png"]) == EncodingWanted(encoding="png")
