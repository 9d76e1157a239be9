"""The legacy rencode serializer (xpra 3.1.3 to 5.x): the code table of rencodeplus with one string type.

Decoding yields bytes for every string, dict keys and packet types included, as those peers see them.
"""

from __future__ import annotations

from limpet.limits import DecodeLimits
from limpet.values import Buffer, Wire
from limpet.wire import rencodeplus


def loads(data: Buffer, limits: DecodeLimits) -> Wire:
    """Decode one payload; strings come as bytes. Raises SerializerError, LimitExceeded."""
    return rencodeplus.decode(data, limits, text=False)


def dumps(value: Wire) -> bytes:
    """Encode one value; text as UTF-8, floats as float32 where that is exact. Raises LocalProtocolError."""
    return rencodeplus.encode(value, text=False)
