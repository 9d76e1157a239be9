"""The rencodeplus serializer: one self-delimiting value per payload, its first byte the type.

`decode` and `encode` serve the legacy rencode too (`wire.rencode`): it differs in strings and floats only.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from limpet.errors import LimitExceeded, LocalProtocolError, SerializerError
from limpet.limits import DecodeLimits
from limpet.values import Buffer, Wire
from limpet.wire.values import MAX_DEPTH, build_dict, plain

_INT_END = 44
_FLOAT64, _LIST, _DICT, _BIG, _INT8, _INT16, _INT32, _INT64, _FLOAT32 = 44, 59, 60, 61, 62, 63, 64, 65, 66
_TRUE, _FALSE, _NONE, _NEGATIVE, _FIXED_DICT, _END, _TEXT, _FIXED_LIST = 67, 68, 69, 70, 102, 127, 128, 192
_CONSTANTS = {
    _TRUE: True,
    _FALSE: False,
    _NONE: None,
    **{code: _NEGATIVE - 1 - code for code in range(_NEGATIVE, _FIXED_DICT)},
}

_float32 = struct.Struct("!f").unpack_from
_NUMBERS = {
    _INT8: (struct.Struct("!b").unpack_from, 1),
    _INT16: (struct.Struct("!h").unpack_from, 2),
    _INT32: (struct.Struct("!i").unpack_from, 4),
    _INT64: (struct.Struct("!q").unpack_from, 8),
    _FLOAT32: (_float32, 4),
    _FLOAT64: (struct.Struct("!d").unpack_from, 8),
}
_MAX_LENGTH_DIGITS = 10
_length = re.compile(rb"([0-9]{1,%d})([:/])" % _MAX_LENGTH_DIGITS).match
_decimal = re.compile(rb"-?[0-9]+").fullmatch


class _Decoder:
    """One payload. Not an incremental parser: a record is complete before it is decoded."""

    __slots__ = ("_budget", "_data", "_limits", "_text")

    def __init__(self, data: bytes, limits: DecodeLimits, *, text: bool) -> None:
        self._data = data
        self._limits = limits
        self._text = text
        self._budget = limits.max_objects

    def values(self, pos: int, count: int, depth: int) -> tuple[list[Any], int]:
        """`count` values from `pos`, or with a count of -1 those up to the terminator; and the position after them.

        A string that ends after the payload needs no check here: the next read or the caller's comparison of the
        end positions finds it.
        """
        data = self._data
        text = self._text
        result: list[Any] = []
        add = result.append
        counted = count >= 0
        if counted:
            self._budget -= count
            if self._budget < 0:
                raise self._too_many()
        else:
            # The remaining budget and the terminator are the count: it is handed to nested containers and taken back.
            count = self._budget + 1
        while count:
            count -= 1
            code = data[pos]
            pos += 1
            if code < _INT_END:
                add(code)
            elif _TEXT <= code < _FIXED_LIST:
                end = pos + code - _TEXT
                add(data[pos:end].decode() if text else data[pos:end])
                pos = end
            elif code >= _FIXED_DICT or _LIST <= code <= _DICT:
                if code == _END:
                    if counted:
                        raise SerializerError("terminator where a value belongs")
                    self._budget = count
                    return result, pos
                if not counted:
                    self._budget = count - 1
                item, pos = self.container(pos, code, depth)
                add(item)
                if not counted:
                    count = self._budget + 1
            elif code in _NUMBERS:
                unpack, size = _NUMBERS[code]
                add(unpack(data, pos)[0])
                pos += size
            elif code in _CONSTANTS:
                add(_CONSTANTS[code])
            else:
                item, pos = self.other(pos, code)
                add(item)
        if not counted:
            raise self._too_many()
        return result, pos

    def container(self, pos: int, code: int, depth: int) -> tuple[Any, int]:
        """A list or dict whose type byte `code` was at `pos - 1`."""
        depth += 1
        if depth > self._limits.max_depth:
            raise LimitExceeded(f"values nested deeper than {self._limits.max_depth}")
        if code == _FIXED_LIST:
            return [], pos
        if code > _FIXED_LIST:
            return self.values(pos, code - _FIXED_LIST, depth)
        if code == _LIST:
            return self.values(pos, -1, depth)
        pairs, pos = self.values(pos, -1 if code == _DICT else (code - _FIXED_DICT) * 2, depth)
        return build_dict(pairs, self._limits), pos

    def other(self, pos: int, code: int) -> tuple[Any, int]:
        """A long string or a decimal integer."""
        data = self._data
        if 48 <= code <= 57:
            match = _length(data, pos - 1)
            if match is None:
                raise SerializerError("impossible string length")
            size, kind = match.groups()
            pos = match.end()
            end = pos + int(size)
            if kind == b"/":
                if not self._text:
                    raise SerializerError("legacy rencode has no '/' strings")
                return data[pos:end], end
            return data[pos:end].decode() if self._text else data[pos:end], end
        if code == _BIG:
            return self._big(pos)
        raise SerializerError(f"invalid type byte {code}")

    def _big(self, pos: int) -> tuple[int, int]:
        """Decimal digits up to the first terminator."""
        longest = self._limits.max_digits + 1
        end = self._data.find(_END, pos, pos + longest + 1)
        if end < 0:
            if len(self._data) - pos <= longest:
                raise SerializerError("payload ends inside an integer")
            raise LimitExceeded(f"integer of more than {self._limits.max_digits} digits")
        digits = self._data[pos:end]
        if not _decimal(digits):
            raise SerializerError("integer that is not decimal")
        if len(digits) - (digits[0] == 45) > self._limits.max_digits:
            raise LimitExceeded(f"integer of more than {self._limits.max_digits} digits")
        return int(digits), end + 1

    def _too_many(self) -> LimitExceeded:
        return LimitExceeded(f"more than {self._limits.max_objects} values")


def decode(data: Buffer, limits: DecodeLimits, *, text: bool) -> Wire:
    """The one value in `data`; with `text` false strings come as bytes (legacy rencode)."""
    payload = data if type(data) is bytes else bytes(data)
    decoder = _Decoder(payload, limits, text=text)
    try:
        result, end = decoder.values(0, 1, 0)
    except (IndexError, struct.error):
        raise SerializerError("payload ends inside a value") from None
    except UnicodeDecodeError:
        raise SerializerError("text that is not UTF-8") from None
    if end != len(payload):
        raise SerializerError("payload ends inside a value" if end > len(payload) else "bytes after the value")
    value: Wire = result[0]
    return value


def loads(data: Buffer, limits: DecodeLimits) -> Wire:
    """Decode one payload. Text is str, the other strings bytes; lists are lists.

    Raises SerializerError (not rencodeplus, or cut short), LimitExceeded. Cost is linear in the size.
    """
    return decode(data, limits, text=True)


_SMALL = {
    **{value: bytes((value,)) for value in range(44)},
    **{value: bytes((69 - value,)) for value in range(-32, 0)},
    **{value: struct.pack("!Bb", _INT8, value) for value in (*range(-128, -32), *range(44, 128))},
}
_TEXTS = tuple(bytes((_TEXT + size,)) for size in range(64))
_LISTS = tuple(bytes((_FIXED_LIST + size,)) for size in range(64))
_DICTS = tuple(bytes((_FIXED_DICT + size,)) for size in range(25))
_pack16 = struct.Struct("!Bh").pack
_pack32 = struct.Struct("!Bi").pack
_pack64 = struct.Struct("!Bq").pack
_pack_float32 = struct.Struct("!Bf").pack
_pack_float64 = struct.Struct("!Bd").pack
_TERMINATOR = bytes((_END,))


def _integer(value: int) -> bytes:
    """The shortest form, as the original encoder chooses it; decimal only outside 64 bits."""
    if -0x8000 <= value < 0x8000:
        return _SMALL.get(value) or _pack16(_INT16, value)
    if -0x8000_0000 <= value < 0x8000_0000:
        return _pack32(_INT32, value)
    if -0x8000_0000_0000_0000 <= value < 0x8000_0000_0000_0000:
        return _pack64(_INT64, value)
    digits = b"%d" % value
    if len(digits) > 64:
        raise LocalProtocolError("integer of more than 64 digits")
    return b"\x3d%s\x7f" % digits


def _short_float(value: float) -> bytes:
    """Legacy rencode: float32 unless that would change the value (3.1.3 reads both)."""
    try:
        packed = _pack_float32(_FLOAT32, value)
    except OverflowError:
        return _pack_float64(_FLOAT64, value)
    return packed if _float32(packed, 1)[0] == value else _pack_float64(_FLOAT64, value)


class _Encoder:
    """Collects the parts of one payload; buffers are added as they are and copied once, by the final join."""

    __slots__ = ("_text", "parts")

    def __init__(self, *, text: bool) -> None:
        self.parts: list[Buffer] = []
        self._text = text

    def put(self, values: Iterable[Any], depth: int) -> None:
        """Encode `values` one after the other; `depth` is that of the container they are in."""
        add = self.parts.append
        for value in values:
            kind = type(value)
            if kind is str:
                raw = _utf8(value)
                size = len(raw)
                add(_TEXTS[size] + raw if size < 64 else b"%d:%b" % (size, raw))
            elif kind is int:
                add(_SMALL.get(value) or _integer(value))
            elif kind is bool:
                add(b"\x43" if value else b"\x44")
            elif kind is list or kind is tuple:
                self.sequence(value, depth)
            elif kind is dict:
                self.mapping(value, depth)
            elif kind is bytes or kind is memoryview or kind is bytearray:
                self.buffer(value)
            elif kind is float:
                add(_pack_float64(_FLOAT64, value) if self._text else _short_float(value))
            elif value is None:
                add(b"\x45")
            else:
                self.put((plain(value),), depth)

    def sequence(self, value: Sequence[Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise LocalProtocolError(f"values nested deeper than {MAX_DEPTH}")
        size = len(value)
        if size < 64:
            self.parts.append(_LISTS[size])
            if size:
                self.put(value, depth + 1)
        else:
            self.parts.append(b"\x3b")
            self.put(value, depth + 1)
            self.parts.append(_TERMINATOR)

    def mapping(self, value: Mapping[Any, Any], depth: int) -> None:
        if depth >= MAX_DEPTH:
            raise LocalProtocolError(f"values nested deeper than {MAX_DEPTH}")
        for key in value:
            if not isinstance(key, (str, int, bytes)):
                raise LocalProtocolError(f"{type(key).__name__} as a dict key")
        flat = chain.from_iterable(value.items())
        if len(value) < 25:
            self.parts.append(_DICTS[len(value)])
            self.put(flat, depth + 1)
        else:
            self.parts.append(b"\x3c")
            self.put(flat, depth + 1)
            self.parts.append(_TERMINATOR)

    def buffer(self, value: Buffer) -> None:
        view = memoryview(value)
        if not view.c_contiguous:
            raise LocalProtocolError("a buffer that is not contiguous")
        size = view.nbytes
        if self._text:
            self.parts.append(b"%d/" % size)
        elif size < 64:
            self.parts.append(_TEXTS[size])
        else:
            self.parts.append(b"%d:" % size)
        self.parts.append(value)


def _utf8(value: str) -> bytes:
    """UTF-8; lone surrogates (undecodable file names) become "?", since no peer reads them."""
    try:
        return value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="replace")


def encode(value: Wire, *, text: bool) -> bytes:
    """Encode with (rencodeplus) or without (legacy rencode) a distinction of text and bytes."""
    encoder = _Encoder(text=text)
    encoder.put((value,), 0)
    return b"".join(encoder.parts)


def dumps(value: Wire) -> bytes:
    """Encode one value. Raises LocalProtocolError on what has no encoding."""
    return encode(value, text=True)
