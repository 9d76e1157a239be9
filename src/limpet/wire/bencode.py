"""The bencode serializer (3.1.3 when nothing better is agreed): integers, strings, lists and unsorted dicts.

It has no floats, no null and no booleans: true is sent as 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import chain
from typing import Any

from limpet.errors import LimitExceeded, LocalProtocolError, SerializerError
from limpet.limits import DecodeLimits
from limpet.values import Buffer, Wire
from limpet.wire.values import MAX_DEPTH, build_dict, plain

_INTEGER, _LIST, _DICT, _UNICODE, _END = b"ildue"
_MAX_LENGTH_DIGITS = 10
_length = re.compile(rb"([0-9]{1,%d}):" % _MAX_LENGTH_DIGITS).match
_integer = re.compile(rb"(-?)([0-9]+)e").match


class _Decoder:
    """One payload."""

    __slots__ = ("_budget", "_data", "_limits")

    def __init__(self, data: bytes, limits: DecodeLimits) -> None:
        self._data = data
        self._limits = limits
        self._budget = limits.max_objects

    def value(self, pos: int, depth: int) -> tuple[Any, int]:
        """The value at `pos` and the position after it; a string may end after the payload, see `values`."""
        data = self._data
        code = data[pos]
        self._budget -= 1
        if self._budget < 0:
            raise LimitExceeded(f"more than {self._limits.max_objects} values")
        if 48 <= code <= 57:
            return self._string(pos)
        if code == _INTEGER:
            return self._number(pos + 1)
        if code == _UNICODE:
            raw, pos = self._string(pos + 1)
            return raw.decode(), pos
        if code not in (_LIST, _DICT):
            raise SerializerError(f"invalid type byte {code}")
        depth += 1
        if depth > self._limits.max_depth:
            raise LimitExceeded(f"values nested deeper than {self._limits.max_depth}")
        items, pos = self.values(pos + 1, depth)
        return (items if code == _LIST else build_dict(items, self._limits)), pos

    def values(self, pos: int, depth: int) -> tuple[list[Any], int]:
        """The values up to the terminator. Reading beyond the payload raises IndexError."""
        data = self._data
        result: list[Any] = []
        while data[pos] != _END:
            item, pos = self.value(pos, depth)
            result.append(item)
        return result, pos + 1

    def _string(self, pos: int) -> tuple[bytes, int]:
        match = _length(self._data, pos)
        if match is None:
            raise SerializerError("impossible string length")
        start = match.end()
        end = start + int(match[1])
        return self._data[start:end], end

    def _number(self, pos: int) -> tuple[int, int]:
        # The window bounds the search: sign, digits, terminator and one more to tell "too long".
        longest = self._limits.max_digits + 2
        match = _integer(self._data, pos, pos + longest)
        if match is None:
            if self._data[pos : pos + longest].lstrip(b"-").isdigit() and len(self._data) - pos >= longest:
                raise LimitExceeded(f"integer of more than {self._limits.max_digits} digits")
            raise SerializerError("integer that is not decimal, or cut short")
        if len(match[2]) > self._limits.max_digits:
            raise LimitExceeded(f"integer of more than {self._limits.max_digits} digits")
        return int(match[1] + match[2]), match.end()


def loads(data: Buffer, limits: DecodeLimits) -> Wire:
    """Decode one payload; strings come as bytes (`u` strings as str). Raises SerializerError, LimitExceeded."""
    payload = data if type(data) is bytes else bytes(data)
    try:
        result, end = _Decoder(payload, limits).value(0, 0)
    except IndexError:
        raise SerializerError("payload ends inside a value") from None
    except UnicodeDecodeError:
        raise SerializerError("text that is not UTF-8") from None
    if end != len(payload):
        raise SerializerError("payload ends inside a value" if end > len(payload) else "bytes after the value")
    value: Wire = result
    return value


def _put(values: Iterable[Any], parts: list[Buffer], depth: int) -> None:
    for value in values:
        kind = type(value)
        if kind is int or kind is bool:
            digits = b"%d" % value
            if len(digits) > 64:
                raise LocalProtocolError("integer of more than 64 digits")
            parts.append(b"i%be" % digits)
        elif kind is str:
            raw = value.encode(errors="replace")
            parts.append(b"%d:%b" % (len(raw), raw))
        elif kind is bytes or kind is bytearray or kind is memoryview:
            parts.append(b"%d:" % memoryview(value).nbytes)
            parts.append(value)
        elif kind is list or kind is tuple or kind is dict:
            if depth >= MAX_DEPTH:
                raise LocalProtocolError(f"values nested deeper than {MAX_DEPTH}")
            parts.append(b"d" if kind is dict else b"l")
            _put(chain.from_iterable(value.items()) if kind is dict else value, parts, depth + 1)
            parts.append(b"e")
        elif kind is float or value is None:
            raise LocalProtocolError(f"{kind.__name__} has no bencode form")
        else:
            _put((plain(value),), parts, depth)


def dumps(value: Wire) -> bytes:
    """Encode one value; text as UTF-8. Raises LocalProtocolError on floats, null and foreign types."""
    parts: list[Buffer] = []
    _put((value,), parts, 0)
    return b"".join(parts)
