"""The tree of errors, the reasons told to a peer, and the exit codes of the command line.

`reason` goes to the peer, `detail` to the log: the text of an exception never crosses the wire.
"""

from __future__ import annotations

import enum


class DisconnectReason(enum.Enum):
    """What the `disconnect` packet says (docs/protocol: disconnect reasons)."""

    SERVER_SHUTDOWN = "server shutdown"
    SERVER_EXIT = "server exit"
    SERVER_ERROR = "server error"
    LOGIN_TIMEOUT = "login timeout"
    CLIENT_PING_TIMEOUT = "client ping timeout"
    IDLE_TIMEOUT = "idle timeout"
    AUTHENTICATION_FAILED = "authentication failed"
    PERMISSION_ERROR = "permission error"
    VERSION_ERROR = "version error"
    PROTOCOL_ERROR = "protocol error"
    ENCRYPTION_REQUIRED = "missing encryption tokens from client"
    ENCRYPTION_UNSUPPORTED = "the server does not support encryption on this connection"
    ENCRYPTION_INVALID = "unsupported encryption parameters"
    NEW_CLIENT = "new client"
    DETACH_REQUEST = "detach request"
    SESSION_BUSY = "session busy"
    CLIENT_REQUEST = "client request"
    CLIENT_EXIT = "client exit"
    DONE = "done"
    INVALID_PROTOCOL = "invalid protocol for this port"


class ExitCode(enum.IntEnum):
    """Exit status of the command line; up to 63 as xpra's, from 64 limpet's own finer causes."""

    OK = 0
    """Done, or the session ended in order."""
    CONNECTION_LOST = 1
    """The connection ended without a `disconnect`, and was not taken up again."""
    TIMEOUT = 2
    """The other side did not answer, or no longer answers."""
    PASSWORD_REQUIRED = 3
    """The server asks for a password and no source has one (left)."""
    PASSWORD_FILE_ERROR = 4
    """The file of --password-file cannot be read, or is empty."""
    INCOMPATIBLE_VERSION = 5
    """The other side's version is missing from its hello, or too old."""
    ENCRYPTION = 6
    """The two sides do not agree on encryption: other cipher or mode, or an option that asks for an unusable one."""
    FAILURE = 7
    """None of the causes below."""
    PACKET_FAILURE = 9
    """The other side broke the protocol, or a limit."""
    NO_AUTHENTICATION = 11
    """A password was given and the server did not ask for one."""
    UNSUPPORTED = 12
    """A command or option of xpra that limpet does not have."""
    REMOTE_ERROR = 13
    """The server said that something went wrong there."""
    INTERNAL_ERROR = 14
    """A mistake of limpet: worth a report."""
    SSL_FAILURE = 16
    """The TLS handshake or stream failed for a reason without a code of its own (no common version or cipher)."""
    CONNECTION_FAILED = 18
    """The server cannot be reached, or ended the connection during the login without naming a cause."""
    SSL_CERTIFICATE_VERIFY_FAILURE = 19
    """As stock clients have it; limpet uses 71, 72, 73 and 82, which tell why."""
    NO_DISPLAY = 20
    """There is no desktop to show windows on."""
    SERVER_ALREADY_EXISTS = 21
    """The display number is taken by a session or another X server."""
    SOCKET_CREATION_ERROR = 22
    """A listening socket or the private directory of the session could not be made."""
    VFB_ERROR = 23
    """The virtual X server did not start, or went away."""
    FILE_NOT_FOUND = 24
    """A program that the command needs is not there."""
    IO_ERROR = 26
    """A file could not be written."""
    NO_DATA = 27
    """The answer lacks what was asked for."""
    AUTHENTICATION_FAILED = 28
    """The server refused the login, or what the user asked for after it."""
    SERVER_NOT_FOUND = 33
    """There is no such session on this machine."""

    USAGE = 64
    """An option, bind line or target is wrong; nothing was started."""
    SERVER_STAYS_CLEAR = 65
    """Encryption was asked for and the server answered without it."""
    SERVER_REQUIRES_ENCRYPTION = 66
    """The server wants AES or TLS and the client offered neither."""
    SERVER_REFUSES_ENCRYPTION = 67
    """The server says that it has no encryption on this connection."""
    WRONG_KEY = 68
    """The first encrypted record did not decrypt: other key or other mode (the wire cannot tell)."""
    CLEAR_RECORD = 69
    """An unencrypted record arrived after encryption was on."""
    TRUNCATED = 70
    """The stream ended without an orderly close: cut, or tampered with."""
    TLS_UNKNOWN_CA = 71
    """The server's certificate is signed by a CA that the client does not know."""
    TLS_EXPIRED = 72
    """The server's certificate has expired."""
    TLS_WRONG_HOST = 73
    """The server's certificate is for other host names."""
    TLS_CLIENT_CERTIFICATE_REFUSED = 74
    """The server refused our certificate, or wants one and none was given (one TLS alert for both in 1.2)."""
    TLS_CERTIFICATE_FILE = 75
    """A certificate or key file does not exist, cannot be read or does not hold what it should."""
    TLS_KEY_MISMATCH = 76
    """The private key does not belong to the certificate."""
    NOT_TLS = 77
    """The other end does not speak TLS on this port."""
    KEY_FILE = 78
    """The encryption key file or key data is missing or unusable."""
    INSECURE_BIND = 79
    """A listener would be reachable from outside without encryption and proof from the client."""
    SESSION_BUSY = 80
    """Another client has the session and does not share it."""
    MISSING_DEPENDENCY = 81
    """A library that is optional is needed and not installed."""
    TLS_CERTIFICATE_INVALID = 82
    """Certificate not yet valid, revoked, wrong purpose, or otherwise refused by verification."""


class LimpetError(Exception):
    """Base of all errors; `hint` names the way out where there is one."""

    exit_code: ExitCode = ExitCode.FAILURE

    def __init__(self, message: str, *, hint: str = "", exit_code: ExitCode | None = None) -> None:
        super().__init__(message)
        self.hint = hint
        if exit_code is not None:
            self.exit_code = exit_code


class ProtocolError(LimpetError):
    """The conversation broke the protocol. `reason` is for the peer, `detail` for the log."""

    exit_code = ExitCode.PACKET_FAILURE

    def __init__(
        self,
        detail: str,
        *,
        reason: DisconnectReason = DisconnectReason.PROTOCOL_ERROR,
        hint: str = "",
        exit_code: ExitCode | None = None,
    ) -> None:
        super().__init__(detail, hint=hint, exit_code=exit_code)
        self.reason = reason
        self.detail = detail


class LocalProtocolError(ProtocolError):
    """We called the session in a way its state does not allow: a bug of ours."""

    exit_code = ExitCode.INTERNAL_ERROR


class RemoteProtocolError(ProtocolError):
    """The peer broke a rule."""


class FramingError(RemoteProtocolError):
    """A record header, its flags, chunk index or compression marker is wrong."""


class CipherError(FramingError):
    """A record did not decrypt, or its encryption flag is not what it must be."""

    exit_code = ExitCode.WRONG_KEY


class ClearRecordError(CipherError):
    """A record without the cipher flag arrived where encryption is on."""

    exit_code = ExitCode.CLEAR_RECORD
    packet: object | None = None
    """The record's packet (`wire.stream.RawPacket`) where it decodes: only to show a clear `disconnect` to the user."""


class SerializerError(RemoteProtocolError):
    """A payload does not decode."""


class PacketError(RemoteProtocolError):
    """A packet decodes but does not have the shape that the packet table declares."""


class LimitExceeded(RemoteProtocolError):
    """A length, count, depth or cost chosen by the peer is above its limit."""


class HandshakeError(LimpetError):
    """The hello exchange ended without a session."""

    exit_code = ExitCode.CONNECTION_FAILED


class AuthenticationFailed(HandshakeError):
    """A credential was refused, or a module could not decide (which is the same for the peer)."""

    exit_code = ExitCode.AUTHENTICATION_FAILED


class PasswordRequired(HandshakeError):
    """The server asks for a password and none of the configured sources has one."""

    exit_code = ExitCode.PASSWORD_REQUIRED


class VersionRefused(HandshakeError):
    """The peer's version is one that cannot be spoken to."""

    exit_code = ExitCode.INCOMPATIBLE_VERSION


class EncryptionRequired(HandshakeError):
    """One side demands encryption and the other does not do it; never answered by going on in clear."""

    exit_code = ExitCode.ENCRYPTION


class AccessDenied(HandshakeError):
    """The peer is who it says, and may not do this."""

    exit_code = ExitCode.AUTHENTICATION_FAILED


class TlsError(LimpetError):
    """The TLS handshake or the TLS stream failed; `exit_code` tells the cause."""

    exit_code = ExitCode.SSL_FAILURE


class ConnectionFailed(LimpetError):
    """The transport could not be opened (refused, unreachable, no such socket)."""

    exit_code = ExitCode.CONNECTION_FAILED


class ListenFailed(LimpetError):
    """A listening socket could not be made (address in use, no permission, unsafe directory)."""

    exit_code = ExitCode.SOCKET_CREATION_ERROR


class ConnectionClosed(LimpetError):
    """The connection ended; `ours` tells who ended it, `reason` is the text of the last `disconnect`."""

    exit_code = ExitCode.CONNECTION_LOST

    def __init__(self, message: str, *, ours: bool, reason: str = "", exit_code: ExitCode | None = None) -> None:
        super().__init__(message, exit_code=exit_code)
        self.ours = ours
        self.reason = reason


class DisplayError(LimpetError):
    """Something about an X display."""

    exit_code = ExitCode.VFB_ERROR


class DisplayUnavailable(DisplayError):
    """The X server did not start, or went away."""


class WindowGone(DisplayError):
    """The window vanished between an event and our request: an expected race, not an accident."""

    def __init__(self, xid: int) -> None:
        super().__init__(f"window 0x{xid:x} is gone")
        self.xid = xid


class ConfigError(LimpetError):
    """An option, file or bind line cannot be used as given."""

    exit_code = ExitCode.USAGE


class OptionError(ConfigError):
    """An option has a value that it cannot take."""


class EndpointError(ConfigError):
    """A target or bind line does not parse."""


class MissingDependency(LimpetError):
    """An optional library is not installed; the message names the extra to install."""

    exit_code = ExitCode.MISSING_DEPENDENCY
