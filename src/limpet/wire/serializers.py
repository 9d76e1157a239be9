"""The serializers by name, and which one a record's flags ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from limpet.errors import FramingError, SerializerError
from limpet.limits import DecodeLimits
from limpet.records import dataclass
from limpet.values import Buffer, Wire
from limpet.wire import bencode, rencode, rencodeplus
from limpet.wire.framing import SERIALIZER_FLAGS, Flags


@dataclass(frozen=True, slots=True)
class Serializer:
    """One row of the registry."""

    name: str
    flag: int
    """the bit that a main record carries; 0 for bencode"""
    dumps: Callable[[Wire], bytes]
    """raises LocalProtocolError"""
    loads: Callable[[Buffer, DecodeLimits], Wire]
    """raises SerializerError, LimitExceeded"""
    text: bool
    """text and bytes are told apart on the wire"""


SERIALIZERS: Mapping[str, Serializer] = {
    row.name: row
    for row in (
        Serializer("rencodeplus", int(Flags.RENCODEPLUS), rencodeplus.dumps, rencodeplus.loads, text=True),
        Serializer("rencode", int(Flags.RENCODE), rencode.dumps, rencode.loads, text=False),
        Serializer("bencode", 0, bencode.dumps, bencode.loads, text=False),
    )
}
"""In order of preference."""

_BY_FLAG = {row.flag: row for row in SERIALIZERS.values()}


def by_flags(flags: int) -> Serializer:
    """The serializer of a main record. The flags decide, never what was negotiated.

    Raises SerializerError for YAML, which is refused; FramingError for two serializer bits at once.
    """
    serializer = _BY_FLAG.get(flags & SERIALIZER_FLAGS)
    if serializer is not None:
        return serializer
    if flags & SERIALIZER_FLAGS == Flags.YAML:
        raise SerializerError("the peer uses yaml, which is not supported; use rencodeplus or rencode")
    raise FramingError(f"impossible record flags 0x{flags:02x}")
