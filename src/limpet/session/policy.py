"""What the owner of a session decides beforehand; frozen values only."""

from __future__ import annotations

from limpet.limits import HANDSHAKE, HandshakeLimits
from limpet.records import dataclass
from limpet.session.encryption import AesPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPolicy:
    """Of one accepted connection.

    `private`: the stream itself is protected (TLS) or local (unix socket), so that a module that needs the clear
    password may ask for it. AES being on counts too and is known to the session.
    """

    aes: AesPolicy | None
    private: bool
    limits: HandshakeLimits = HANDSHAKE
    ping_interval_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientPolicy:
    """Of one connection attempt.

    `legacy`: open with legacy rencode and flat capabilities (xpra before 4.3).
    """

    aes: AesPolicy | None
    legacy: bool
    limits: HandshakeLimits = HANDSHAKE
    ping_interval_s: float = 5.0
    compression_level: int = 1
    """of the packets that the server sends, 0 (none) to 9"""
