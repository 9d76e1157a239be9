"""Salts and digests of the challenge exchange (docs/protocol: authentication, 5.3 and 5.4).

A response is `digest(password, combined)`, where `combined` is `salt_digest(client_salt, server_salt)`; with HMAC both
are lowercase hexadecimal text, and used as text.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence

from limpet.auth.module import Attempt
from limpet.errors import AuthenticationFailed

SERVER_HASHES = ("sha512", "sha384", "sha256", "sha3_512", "sha3_384", "sha3_256")
"""Hashes that a limpet server asks for, best first."""

CLIENT_HASHES = (*SERVER_HASHES, "sha3_224", "sha224")
"""Hashes that a limpet client answers, best first; the last two only for servers that know no better."""

XOR = "xor"

MIN_CLIENT_SALT = 16
MAX_CLIENT_SALT = 256
CLIENT_SALT_SIZE = 32
MIN_SERVER_SALT = 32
MAX_SERVER_SALT = 1023
SERVER_SALT_SIZE = 64

_MAX_RESPONSE = 4096
"""bytes; an xor response is as long as the password, the longest HMAC is 128"""

_REFUSED = {
    "hmac": "it stands for HMAC-MD5, and MD5 is broken",
    "hmac+md5": "MD5 is broken",
    "hmac+sha1": "SHA-1 is broken",
    "des": "DES is broken, and reveals the password",
}


def hmac_name(name: str) -> str:
    """`hmac+sha512` for `sha512`: the name of a digest on the wire."""
    return f"hmac+{name}"


SERVER_DIGESTS = tuple(map(hmac_name, SERVER_HASHES))
CLIENT_DIGESTS = tuple(map(hmac_name, CLIENT_HASHES))


def refusal(kind: str) -> str:
    """Why limpet does not use the digest `kind`; for messages, so `kind` is shortened."""
    shown = kind[:40]
    return f"digest {shown!r} is refused: {_REFUSED.get(kind, 'limpet does not have it')}"


def gendigest(kind: str, secret: bytes, salt: bytes) -> bytes:
    """The digest `kind` of `secret` and `salt`: hexadecimal text for `hmac+HASH`, bytes as long as `secret` for `xor`.

    Raises AuthenticationFailed for any other kind; MD5, SHA-1 and DES are refused by name.
    """
    if kind == XOR:
        # zero-extended or cut to the length of the secret (5.4)
        pad = salt[: len(secret)].ljust(len(secret), b"\0")
        return bytes(a ^ b for a, b in zip(secret, pad, strict=True))
    if kind not in CLIENT_DIGESTS:
        raise AuthenticationFailed(refusal(kind))
    return hmac.new(secret, salt, kind.removeprefix("hmac+")).hexdigest().encode("ascii")


def combine_salts(salt_digest: str, client_salt: bytes, server_salt: bytes) -> bytes:
    """The salt of the response: HMAC with the client's salt as the key, the server's as the message, as hex text.

    Raises AuthenticationFailed when `salt_digest` is not one of the HMAC digests: xor would let either side choose
    the result.
    """
    if salt_digest not in CLIENT_DIGESTS:
        raise AuthenticationFailed(f"salt {refusal(salt_digest)}")
    return gendigest(salt_digest, client_salt, server_salt)


def choose_digest(client_list: Iterable[str], needs_clear: bool, transport_private: bool) -> str:
    """The digest that a server asks for, from those that the client lists.

    `needs_clear`: the module cannot work with a hash of the password, so xor is the only choice; it is taken only when
    `transport_private` (TLS, AES or a unix socket). Otherwise the best HMAC, never xor.
    Raises AuthenticationFailed when there is none in common.
    """
    offered = frozenset(client_list)
    if needs_clear:
        if not transport_private:
            raise AuthenticationFailed("the module needs the clear password, and this connection is not encrypted")
        if XOR not in offered:
            raise AuthenticationFailed(f"cannot proceed without {XOR!r} digest support in the client")
        return XOR
    return _first_common(SERVER_DIGESTS, offered, "digest")


def choose_salt_digest(client_list: Iterable[str]) -> str:
    """The digest that combines the salts: the best HMAC that the client lists. Raises AuthenticationFailed for none."""
    return _first_common(SERVER_DIGESTS, frozenset(client_list), "salt digest")


def _first_common(ours: Sequence[str], offered: frozenset[str], what: str) -> str:
    for name in ours:
        if name in offered:
            return name
    raise AuthenticationFailed(f"cannot proceed without {ours[0]!r} or another strong {what} in the client")


def verify_hmac(attempt: Attempt, candidates: Sequence[bytes]) -> None:
    """Return if the response was made with one of `candidates`; raise AuthenticationFailed if not.

    All candidates are computed and compared in constant time, so that time tells neither which one fits nor how much
    of it. Passwords that are empty or hold a NUL byte never fit (some back ends would cut them).
    """
    if attempt.digest not in SERVER_DIGESTS:
        raise AuthenticationFailed(refusal(attempt.digest))
    combined = combine_salts(attempt.salt_digest, attempt.client_salt, attempt.server_salt)
    matches = False
    for candidate in candidates:
        equal = hmac.compare_digest(gendigest(attempt.digest, candidate, combined), attempt.response)
        matches |= equal and usable_password(candidate)
    if not matches:
        raise AuthenticationFailed("wrong password")


def recover_password(attempt: Attempt) -> bytes:
    """The clear password of an xor response, for modules that need it.

    Raises AuthenticationFailed for other digests, and for passwords that are empty, too long or hold a NUL byte.
    """
    if attempt.digest != XOR:
        raise AuthenticationFailed(f"the response was made with {attempt.digest[:40]!r}, not with {XOR!r}")
    if len(attempt.response) > _MAX_RESPONSE:
        raise AuthenticationFailed(f"a password of {len(attempt.response)} bytes is too long")
    combined = combine_salts(attempt.salt_digest, attempt.client_salt, attempt.server_salt)
    password = gendigest(XOR, attempt.response, combined)
    if not usable_password(password):
        raise AuthenticationFailed("the password is empty or holds a NUL byte")
    return password


def usable_password(password: bytes) -> bool:
    """Whether `password` may ever match: not empty, no NUL byte."""
    return bool(password) and b"\0" not in password


def latin1_spelling(password: bytes) -> bytes:
    """A UTF-8 password as stock peers spell it: in Latin-1 if that is possible, else unchanged.

    Seen with peers of their own (docs/protocol: traps, 54): 6.2.5 and 6.5.5 do so with every password, as client and
    as server; 3.1.3 with the environment and the prompt, but takes a file as it stands.
    """
    try:
        return password.decode("utf-8").encode("latin-1")
    except UnicodeError:
        return password
