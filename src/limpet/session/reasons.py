"""What a server's `disconnect` means for the client: an error with an exit code, or an orderly end."""

from __future__ import annotations

from limpet.errors import (
    AccessDenied,
    AuthenticationFailed,
    ConnectionClosed,
    DisconnectReason,
    EncryptionRequired,
    ExitCode,
    HandshakeError,
    LimpetError,
    VersionRefused,
)

ORDERLY = frozenset(
    reason.value
    for reason in (
        DisconnectReason.SERVER_SHUTDOWN,
        DisconnectReason.SERVER_EXIT,
        DisconnectReason.NEW_CLIENT,
        DisconnectReason.DETACH_REQUEST,
        DisconnectReason.CLIENT_REQUEST,
        DisconnectReason.DONE,
        DisconnectReason.IDLE_TIMEOUT,
    )
) | {"server upgrade"}

_NO_ENCRYPTION = (DisconnectReason.ENCRYPTION_UNSUPPORTED.value, "encryption key is missing")
_WANTS_ENCRYPTION = ("missing encryption tokens",)
_NO_CIPHER = ("unsupported cipher",)  # xpra 3.1.3
_OTHER_MODE = ("the server is configured for aes",)  # xpra 6.2.5


def error_for(reason: str, text: str = "") -> LimpetError | None:
    """None for an orderly end. `reason` is the first argument of the packet, `text` the rest, both printable."""
    shown = f"{reason}: {text}" if text and text != reason else reason
    lowered = reason.lower()
    if reason in ORDERLY:
        return None
    if lowered.startswith(_WANTS_ENCRYPTION):
        return EncryptionRequired(
            f"the server requires encryption on this connection ({shown})",
            hint="connect with an ssl:// target"
            if "SSL" in text
            else "give --encryption=AES --encryption-keyfile=FILE with the server's key, or an ssl:// target",
            exit_code=ExitCode.SERVER_REQUIRES_ENCRYPTION,
        )
    if reason in _NO_ENCRYPTION or lowered.startswith(_NO_CIPHER):
        return EncryptionRequired(
            f"the server has no encryption on this connection ({shown}): refused, nothing went on in clear",
            hint="start the server with --tcp-encryption=AES and the same key file, or attach without encryption",
            exit_code=ExitCode.SERVER_REFUSES_ENCRYPTION,
        )
    if reason == DisconnectReason.ENCRYPTION_INVALID.value or lowered.startswith(_OTHER_MODE):
        return EncryptionRequired(
            f"the server refused: {shown}",
            hint="it may demand another mode: --encryption=AES-CBC or AES-CTR",
        )
    if reason == DisconnectReason.INVALID_PROTOCOL.value:
        return HandshakeError(
            f"the server ended the connection: {shown}", hint="the port may be for SSL only: try ssl:HOST:PORT"
        )
    return _by_word(lowered, reason, shown)


def _by_word(lowered: str, reason: str, shown: str) -> LimpetError | None:
    """Servers put free text into the reason too: the first word that is known decides."""
    for word, make in _WORDS:
        if word in lowered:
            return make(f"the server refused: {shown}")
    for word, code in _CODES:
        if word in lowered:
            return ConnectionClosed(
                f"the server ended the connection: {shown}", ours=False, reason=reason, exit_code=code
            )
    return None


_WORDS: tuple[tuple[str, type[HandshakeError]], ...] = (
    ("authentication", AuthenticationFailed),
    ("permission", AccessDenied),
    ("username", AuthenticationFailed),
    ("digest", AuthenticationFailed),
    ("version", VersionRefused),
    ("encryption", EncryptionRequired),
    ("cipher", EncryptionRequired),
    ("padding", EncryptionRequired),
)
_CODES = (
    ("timeout", ExitCode.TIMEOUT),
    ("busy", ExitCode.SESSION_BUSY),
    ("error", ExitCode.REMOTE_ERROR),
)
