"""What the serializers share: rules for dict keys, and plain types out of subclasses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from limpet.errors import LimitExceeded, LocalProtocolError, SerializerError
from limpet.limits import DecodeLimits

MAX_DEPTH = DecodeLimits().max_depth
"""Nothing is sent that a peer with our own limits would refuse."""
_INT64 = 1 << 63


def build_dict(pairs: list[Any], limits: DecodeLimits) -> dict[Any, Any]:
    """A dict of `key, value, key, value, ...`; the last of equal keys counts.

    Keys are text, bytes or integers. Integer keys are few and within 64 bits: Python's hash of an integer is the
    integer, so a peer can choose colliding ones, which makes a big dict of them cost quadratic time.
    Raises SerializerError, LimitExceeded.
    """
    if len(pairs) & 1:
        raise SerializerError("dict with a key that has no value")
    keys = pairs[::2]
    kinds = set(map(type, keys))
    if not kinds <= _TEXT_KEYS:
        if not kinds <= _KEYS:
            raise SerializerError("dict key that is neither text, bytes nor an integer")
        integers = [key for key in keys if type(key) is int]
        if len(integers) > limits.max_integer_keys:
            raise LimitExceeded(f"dict with more than {limits.max_integer_keys} integer keys")
        if integers and (min(integers) < -_INT64 or max(integers) >= _INT64):
            raise SerializerError("integer of more than 64 bits as a dict key")
    return dict(zip(keys, pairs[1::2], strict=True))


_TEXT_KEYS = frozenset((str, bytes))
_KEYS = frozenset((str, bytes, int, bool))


def plain(value: object) -> Any:
    """The built-in form of an instance of a subclass (enums, named tuples, ...), of a Mapping or a Sequence.

    Raises LocalProtocolError on anything else.
    """
    if isinstance(value, bool):
        return bool(value)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, (bytes, bytearray)):
        return bytes(value)
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, Sequence):
        return list(value)
    raise LocalProtocolError(f"{type(value).__name__} has no encoding")
