"""AES as the hello exchange sets it up: who announces what, and which cipher follows from it.

The capabilities a side sends describe how the *other* side must encrypt towards it: sending them programs
our decryptor, receiving them our encryptor (docs/protocol: AES, direction rule). Each hello and each challenge
brings new ones. Nothing here decides to go on in clear: what does not fit raises.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import TypeAlias

from limpet.errors import DisconnectReason, EncryptionRequired, ExitCode, LimitExceeded, RemoteProtocolError
from limpet.limits import HANDSHAKE, HandshakeLimits
from limpet.packets.capabilities import EncryptionCaps
from limpet.records import dataclass
from limpet.session.events import KeyRequest
from limpet.values import Secret
from limpet.wire.cipher import AesDecryptor, AesEncryptor, CipherParams, ProbingDecryptor, derive_key

Entropy: TypeAlias = Callable[[int], bytes]
"""Gives n random bytes."""

MODES = ("CBC", "CTR")
PADDINGS = ("PKCS#7", "legacy")
KEY_HASHES = ("SHA1", "SHA224", "SHA256", "SHA384", "SHA512")
IV_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
SALT_BYTES = 64


class Strength(enum.Enum):
    """What we ask of a peer's derivation: the hash and the iterations we announce."""

    LEGACY = ("SHA1", 10_000)
    # 3.1.3 and html5 know SHA1 only; 10,000 is the most that 3.1.3 accepts
    MODERN = ("SHA512", 10_000)

    @property
    def key_hash(self) -> str:
        return self.value[0]

    @property
    def iterations(self) -> int:
        return self.value[1]


@dataclass(frozen=True, slots=True)
class AesPolicy:
    """What one side of one connection demands of AES.

    `mode` is None where any of `MODES` will do. `required`: nothing but AES satisfies this connection
    (False on a listener when TLS already protects the stream: AES is then still honoured when offered).
    """

    mode: str | None
    required: bool


def fresh_caps(
    entropy: Entropy, *, mode: str, strength: Strength, stream: bool = True, padding: str = "PKCS#7"
) -> EncryptionCaps:
    """New parameters for our decryptor: a 16 character IV (96 random bits) and a 64 byte salt."""
    letters = bytes(IV_ALPHABET[byte & 63] for byte in entropy(16))
    return EncryptionCaps(
        cipher="AES",
        mode=mode,
        iv=letters,
        key_salt=entropy(SALT_BYTES),
        key_size=32,
        key_hash=strength.key_hash,
        key_stretch="PBKDF2",
        key_stretch_iterations=strength.iterations,
        padding=padding,
        padding_options=PADDINGS[:1],
        stream=stream,
        always_pad=False,
    )


def check_caps(
    caps: EncryptionCaps,
    policy: AesPolicy,
    *,
    max_iterations: int,
    limits: HandshakeLimits = HANDSHAKE,
) -> None:
    """Refuse parameters that are unknown, that policy excludes, or that cost too much.

    Raises `EncryptionRequired` for a mode or cipher that policy excludes, `RemoteProtocolError` for malformed
    values and `LimitExceeded` for costs out of bounds.
    """
    if caps.cipher.upper() != "AES":
        raise EncryptionRequired(f"the peer offers the cipher {caps.cipher[:40]!r}, only AES is supported")
    if caps.mode not in MODES:
        raise EncryptionRequired(f"the peer offers AES-{caps.mode[:40]}: only {' and '.join(MODES)} are supported")
    if policy.mode is not None and caps.mode != policy.mode:
        raise EncryptionRequired(f"the peer offers AES-{caps.mode}, this side demands AES-{policy.mode}")
    if len(caps.iv) != 16:
        raise RemoteProtocolError(f"AES: the IV has {len(caps.iv)} bytes, not 16", reason=_INVALID)
    if caps.key_stretch != "PBKDF2":
        raise RemoteProtocolError(f"AES: unknown key stretching {caps.key_stretch[:40]!r}", reason=_INVALID)
    if caps.key_hash.upper() not in KEY_HASHES:
        raise RemoteProtocolError(f"AES: unknown key hash {caps.key_hash[:40]!r}", reason=_INVALID)
    if caps.padding not in PADDINGS:
        raise RemoteProtocolError(f"AES: unknown padding {caps.padding[:40]!r}", reason=_INVALID)
    if not limits.min_salt <= len(caps.key_salt) <= limits.max_salt:
        raise LimitExceeded(
            f"AES: key salt of {len(caps.key_salt)} bytes, allowed are {limits.min_salt} to {limits.max_salt}",
            reason=_INVALID,
        )
    if caps.key_size not in limits.key_sizes:
        raise LimitExceeded(f"AES: key size {caps.key_size} is not one of {limits.key_sizes}", reason=_INVALID)
    if not limits.min_iterations <= caps.key_stretch_iterations <= max_iterations:
        raise LimitExceeded(
            f"AES: {caps.key_stretch_iterations} iterations, allowed are {limits.min_iterations} to {max_iterations}",
            reason=_INVALID,
        )


_INVALID = DisconnectReason.ENCRYPTION_INVALID


def key_request(caps: EncryptionCaps) -> KeyRequest:
    """The derivation that `caps` (already checked) asks for."""
    return KeyRequest(
        salt=caps.key_salt,
        iterations=caps.key_stretch_iterations,
        key_hash=caps.key_hash.upper(),
        key_size=caps.key_size,
    )


def derive_keys(material: Secret, requests: Sequence[KeyRequest]) -> tuple[Secret, ...]:
    """One PBKDF2 a request: some milliseconds each, so not for an event loop."""
    return tuple(
        derive_key(
            material,
            salt=request.salt,
            iterations=request.iterations,
            key_hash=request.key_hash,
            key_size=request.key_size,
        )
        for request in requests
    )


def cipher_params(caps: EncryptionCaps, key: Secret, *, block: int) -> CipherParams:
    """`block` is 16 or 32, the padding block of CBC (docs/protocol: AES, padding)."""
    if not caps.stream:
        # only peers from 6.2 on know IVs of each record, whatever version a peer calls itself
        block = 16
    return CipherParams(mode=caps.mode, key=key, iv=caps.iv, padding=caps.padding, block=block, stream=caps.stream)


def encryptor(caps: EncryptionCaps, key: Secret, *, block: int, entropy: Entropy) -> AesEncryptor:
    """What the peer asked for with `caps`."""
    return AesEncryptor(cipher_params(caps, key, block=block), iv_source=lambda: entropy(16))


def decryptor(caps: EncryptionCaps, key: Secret, *, block: int) -> AesDecryptor:
    """What we asked for with `caps`."""
    return AesDecryptor(cipher_params(caps, key, block=block))


def probing_decryptor(caps: EncryptionCaps, key: Secret) -> ProbingDecryptor:
    """As `decryptor`, for a peer whose padding block is not known yet."""
    return ProbingDecryptor(cipher_params(caps, key, block=16))


class EncryptionRefused(EncryptionRequired):
    """The server's side of it: `reason` is what the client is told."""

    def __init__(self, message: str, *, reason: DisconnectReason) -> None:
        super().__init__(message)
        self.reason = reason


def stays_clear(what: str) -> EncryptionRequired:
    """The refusal of a server that was asked for AES and does not do it; `what` it sent instead."""
    return EncryptionRequired(
        f"encryption was asked for, but the server answered in clear ({what}): refused, nothing was used",
        hint="the server must be started with --tcp-encryption=AES and the same key file; stock xpra servers "
        "6.4 to 6.5.5 accept that option and then stay in clear: use --bind-ssl and an ssl:// target with those",
        exit_code=ExitCode.SERVER_STAYS_CLEAR,
    )
