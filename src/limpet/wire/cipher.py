"""The AES record cipher of xpra, for compatibility: CBC and CTR, without integrity (docs/protocol, encryption).

Not a design to copy: no MAC, no sequence numbers, headers in clear. Between limpet peers TLS is the better choice.
`cryptography` is imported when the first cipher is made.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from limpet.errors import CipherError, ConfigError, ExitCode, LimitExceeded
from limpet.limits import HANDSHAKE
from limpet.records import dataclass
from limpet.values import Buffer, Secret

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers import CipherContext

UNDECIPHERABLE = "the record does not decrypt: other key or mode, or damaged"
"""The only text for padding, inflating and decoding errors of encrypted records."""
IV_SIZE = 16
_AES_BLOCK = 16
_SLICE = 64 * 1024
"""what is given to the cipher at once: larger results are new memory each time, which costs as much as the cipher"""
_UNCOPIED = 64 * 1024
"""payloads of this size and more are not copied; for shorter ones a copy is quicker than a second call"""
MODES = ("CBC", "CTR")
PKCS7, LEGACY = "PKCS#7", "legacy"
PADDINGS = (PKCS7, LEGACY)
BLOCKS = (16, 32)
"""Padding granularity of CBC: 32 bytes up to xpra 6.1, 16 from 6.2 and in the browser client."""
KEY_HASHES = ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")


@dataclass(frozen=True, slots=True)
class CipherParams:
    """One direction of an encrypted stream. Raises CipherError when a value is not one of those listed."""

    mode: str
    """'CBC' or 'CTR'"""
    key: Secret
    """16, 24 or 32 bytes"""
    iv: bytes
    """16 bytes; unused with per-record IVs"""
    padding: str = PKCS7
    """'PKCS#7' or 'legacy' (spaces); CBC only"""
    block: int = 16
    """16 or 32, to which CBC pads"""
    stream: bool = True
    """one chained cipher for the connection; false: each record brings its own IV (xpra 6.2, block 16)"""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise CipherError(f"cipher mode {self.mode!r} is not one of {', '.join(MODES)}")
        if len(self.key.reveal()) not in HANDSHAKE.key_sizes:
            raise CipherError("the cipher key is not 16, 24 or 32 bytes long")
        if len(self.iv) != IV_SIZE:
            raise CipherError("the cipher iv is not 16 bytes long")
        if self.padding not in PADDINGS:
            raise CipherError(f"cipher padding {self.padding!r} is not one of {', '.join(PADDINGS)}")
        if self.block not in BLOCKS or (not self.stream and self.mode == "CBC" and self.block != _AES_BLOCK):
            raise CipherError(f"cipher block {self.block} cannot be used")

    def pad_size(self, size: int) -> int:
        """Padding bytes after `size` bytes: 1 to `block` with CBC, a whole block after aligned data; 0 with CTR."""
        return self.block - size % self.block if self.mode == "CBC" else 0

    def padding_for(self, size: int) -> bytes:
        pad = self.pad_size(size)
        return bytes((pad if self.padding == PKCS7 else 0x20,)) * pad


def _context(params: CipherParams, iv: bytes, *, encrypt: bool) -> CipherContext:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    mode = modes.CBC(iv) if params.mode == "CBC" else modes.CTR(iv)
    cipher = Cipher(algorithms.AES(params.key.reveal()), mode)
    return cipher.encryptor() if encrypt else cipher.decryptor()


class AesEncryptor:
    """Encrypts record payloads. `iv_source` gives 16 random bytes; needed (and called) only without streaming."""

    __slots__ = ("_context", "_iv_source", "_params")

    def __init__(self, params: CipherParams, iv_source: Callable[[], bytes] | None = None) -> None:
        if not params.stream and iv_source is None:
            raise CipherError("per-record IVs need a source of random bytes", exit_code=ExitCode.INTERNAL_ERROR)
        self._params = params
        self._iv_source = iv_source
        self._context = _context(params, params.iv, encrypt=True)

    def encrypt(self, data: Buffer) -> tuple[int, bytes]:
        """`(length field, wire bytes)`: the length counts a per-record IV and no padding."""
        length, parts = self.encrypt_parts(data)
        return length, parts[0] if len(parts) == 1 else b"".join(parts)

    def encrypt_parts(self, data: Buffer) -> tuple[int, list[bytes]]:
        """As `encrypt`, the wire bytes in order and in parts: pictures are not copied for the sake of their padding."""
        params = self._params
        context, length, parts = self._context, len(data), list[bytes]()
        padding = params.padding_for(length)
        if not params.stream and self._iv_source is not None:
            iv = self._iv_source()
            context = _context(params, iv, encrypt=True)
            length += IV_SIZE
            parts.append(iv)
        if not padding:
            parts.append(context.update(data))
        elif len(data) < _UNCOPIED:
            parts.append(context.update(b"".join((data, padding))))
        else:
            view = memoryview(data)
            whole = len(view) - len(view) % _AES_BLOCK
            parts += _in_slices(context, view[:whole])
            parts.append(context.update(bytes(view[whole:]) + padding))
        return length, parts


class AesDecryptor:
    """Decrypts record payloads and checks their padding."""

    __slots__ = ("_context", "_params")

    def __init__(self, params: CipherParams) -> None:
        self._params = params
        self._context = _context(params, params.iv, encrypt=False)

    def padded_size(self, size: int) -> int:
        if not self._params.stream and size <= IV_SIZE:
            raise CipherError(UNDECIPHERABLE)
        # A per-record IV is one block, so the padding follows from the length field with or without it.
        return size + self._params.pad_size(size)

    def missing(self, size: int, data: Buffer) -> int:
        return 0

    def decrypt(self, size: int, data: Buffer) -> bytes:
        params = self._params
        if params.stream:
            return _decrypt(self._context, params, size, data)
        view = memoryview(data)
        return _decrypt(_context(params, bytes(view[:IV_SIZE]), encrypt=False), params, size - IV_SIZE, view[IV_SIZE:])


def _in_slices(context: CipherContext, view: memoryview) -> list[bytes]:
    return [context.update(view[start : start + _SLICE]) for start in range(0, len(view), _SLICE)]


def _decrypt(context: CipherContext, params: CipherParams, size: int, data: Buffer) -> bytes:
    """The `size` bytes before the padding."""
    padding = params.padding_for(size)
    if padding and size >= _UNCOPIED and size % _AES_BLOCK == 0:
        # the padding is by itself behind the payload, which need not be copied to come off it
        view = memoryview(data)
        plain, found = b"".join(_in_slices(context, view[:size])), context.update(view[size:])
    else:
        plain = context.update(data)
        if not padding:
            return plain
        plain, found = plain[:size], plain[size:]
    if not hmac.compare_digest(found, padding):
        raise CipherError(UNDECIPHERABLE)
    return plain


class ProbingDecryptor:
    """Decrypts for a client that does not know its server's version yet, hence not the padding of its CBC records.

    The candidates are those that exist: PKCS#7 to 16, PKCS#7 to 32 and spaces to 32 bytes. Each record rules some of
    them out. Records whose length modulo 32 is 16 or more have the same padding size both ways; those of other lengths
    are first decrypted with the padding of 16, and with 16 bytes more if that is not all there is. Nothing is left open
    by a record of the latter kind except, for lengths divisible by 32, how padding is spelled: 32 times 0x20 is both.
    """

    __slots__ = ("_candidates", "_context", "_params", "_plain")

    def __init__(self, params: CipherParams) -> None:
        self._params = params
        self._context = _context(params, params.iv, encrypt=False)
        self._plain = b""
        """the record in progress as far as it is decrypted: chained contexts cannot step back"""
        self._candidates: tuple[CipherParams, ...] = (params,)
        if params.mode == "CBC" and params.stream:
            self._candidates = tuple(
                replace(params, padding=padding, block=block)
                for padding, block in ((PKCS7, 16), (PKCS7, 32), (LEGACY, 32))
            )

    @property
    def settled(self) -> CipherParams | None:
        """The parameters of the peer once only one candidate is left, else None."""
        return self._candidates[0] if len(self._candidates) == 1 else None

    @property
    def block(self) -> int | None:
        """The block of the peer's CBC padding once it is known (padding may still be open), else None."""
        blocks = {candidate.block for candidate in self._candidates}
        return blocks.pop() if len(blocks) == 1 else None

    def settle(self, block: int) -> None:
        """The peer's hello told its version and so its block. Raises CipherError if its records said otherwise."""
        if self._params.mode != "CBC" or not self._params.stream:
            return
        self._candidates = tuple(candidate for candidate in self._candidates if candidate.block == block)
        if not self._candidates:
            raise CipherError(UNDECIPHERABLE)

    def padded_size(self, size: int) -> int:
        """The smallest that any candidate allows; see `missing`."""
        if not self._params.stream and size <= IV_SIZE:
            raise CipherError(UNDECIPHERABLE)
        return size + min(candidate.pad_size(size) for candidate in self._candidates)

    def missing(self, size: int, data: Buffer) -> int:
        """0 when `data` is a whole record for some candidate. Raises CipherError when it cannot become one."""
        if len(self._candidates) == 1 and not self._plain:
            return 0
        self._plain += self._context.update(memoryview(data)[len(self._plain) :])
        have = len(self._plain)
        fitting = [
            candidate
            for candidate in self._candidates
            if hmac.compare_digest(candidate.padding_for(size)[: have - size], self._plain[size:])
        ]
        if not fitting:
            raise CipherError(UNDECIPHERABLE)
        return min(size + candidate.pad_size(size) for candidate in fitting) - have

    def decrypt(self, size: int, data: Buffer) -> bytes:
        if not self._params.stream:
            return AesDecryptor(self._params).decrypt(size, data)
        if len(self._candidates) == 1 and not self._plain:
            return _decrypt(self._context, self._candidates[0], size, data)
        plain = self._plain + self._context.update(memoryview(data)[len(self._plain) :])
        self._plain = b""
        self._candidates = tuple(
            candidate
            for candidate in self._candidates
            if hmac.compare_digest(candidate.padding_for(size), plain[size:])
        )
        if not self._candidates:
            raise CipherError(UNDECIPHERABLE)
        return plain[:size]


def derive_key(
    secret: Secret,
    *,
    salt: bytes,
    iterations: int,
    key_hash: str,
    key_size: int,
    max_iterations: int = HANDSHAKE.max_iterations,
) -> Secret:
    """PBKDF2-HMAC of the key material. Takes milliseconds: keep it off the event loop.

    Raises LimitExceeded when the peer asks for a cost or size out of bounds, CipherError for an unknown hash.
    """
    if key_hash not in KEY_HASHES:
        raise CipherError(f"key hash {key_hash[:32]!r} is not one of {', '.join(KEY_HASHES)}")
    if key_size not in HANDSHAKE.key_sizes:
        raise LimitExceeded(f"key size {key_size} is not one of {HANDSHAKE.key_sizes}")
    if not HANDSHAKE.min_salt <= len(salt) <= HANDSHAKE.max_salt:
        raise LimitExceeded(f"key salt of {len(salt)} bytes, {HANDSHAKE.min_salt} to {HANDSHAKE.max_salt} are allowed")
    if not HANDSHAKE.min_iterations <= iterations <= max_iterations:
        raise LimitExceeded(f"{iterations} key iterations, {HANDSHAKE.min_iterations} to {max_iterations} are allowed")
    return Secret(hashlib.pbkdf2_hmac(key_hash.lower(), secret.reveal(), salt, iterations, key_size))


def decode_key_file(data: bytes) -> Secret:
    """Key material from the content of a key file: line ends stripped at both ends, nothing decoded.

    Raises ConfigError when nothing is left.
    """
    key = data.strip(b"\r\n")
    if not key:
        raise ConfigError("the encryption key file is empty", exit_code=ExitCode.KEY_FILE)
    return Secret(key)


def decode_keydata(text: str) -> Secret:
    """Key material from `keydata=`: `0x` and hex, `b64:` or `base64:` and base64, else hex, else base64.

    Raises ConfigError for anything else; the text is not shown.
    """
    key = b""
    for prefix, decode in _KEYDATA:
        if text.startswith(prefix):
            key = decode(text[len(prefix) :])
            break
    else:
        key = _hex(text) or _base64(text)
    if not key:
        raise ConfigError(
            "keydata is neither hexadecimal nor base64",
            hint="write keydata=0xHEX or keydata=base64:DATA; for plain text use a key file (keyfile=PATH)",
            exit_code=ExitCode.KEY_FILE,
        )
    return Secret(key)


def _hex(text: str) -> bytes:
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return b""


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


_KEYDATA: tuple[tuple[str, Callable[[str], bytes]], ...] = (("0x", _hex), ("base64:", _base64), ("b64:", _base64))
