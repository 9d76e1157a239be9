"""From OpenSSL's errors to ours: the cause in words, the option at fault, the way out, and an exit code of its own."""

from __future__ import annotations

import ssl

from limpet.errors import ExitCode, TlsError
from limpet.net.tls import is_eof
from limpet.net.tls_end import NotTls, Seen

# X509_V_ERR_* of x509_vfy.h
_EXPIRED = {10}
_NOT_YET_VALID = {9}
_UNKNOWN_CA = {2, 7, 18, 19, 20, 21, 24, 27, 28, 30}
_NO_CRL = {3, 12, 44}
_REVOKED = {23}
_WRONG_HOST = {62, 64}

_CERTIFICATE_ALERTS = (
    "BAD_CERTIFICATE",
    "UNSUPPORTED_CERTIFICATE",
    "CERTIFICATE_REVOKED",
    "CERTIFICATE_EXPIRED",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_REQUIRED",
    "UNKNOWN_CA",
    "ACCESS_DENIED",
    "DECRYPT_ERROR",
)
_NOT_TLS_REASONS = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "HTTPS_PROXY_REQUEST", "PACKET_LENGTH_TOO_LONG")
_VERSION_REASONS = ("UNSUPPORTED_PROTOCOL", "PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE", "WRONG_SSL_VERSION")

TRUST_HINT = (
    "give the server's CA (or its own certificate) by --ssl-ca-certs=FILE; "
    "--ssl-server-verify-mode=none connects for the time being, without knowing to whom"
)


def printable(data: bytes, most: int = 160) -> str:
    """`data` as text for a message: control characters and non-ASCII become dots; empty if it is mostly those."""
    text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in data.strip()[:most])
    return text if text.count(".") * 3 <= len(text) else ""


def explain_for_client(exc: Exception, seen: Seen, where: str, host: str, own_certificate: bool) -> TlsError:
    """What a failed handshake or a broken stream means to a client of the server at `where`."""
    if isinstance(exc, TlsError):
        return exc
    if isinstance(exc, ssl.SSLCertVerificationError):
        return _unverified(exc, where, host)
    if common := _explain_common(exc, seen, where):
        return common
    reason = _reason(exc)
    alert = "ALERT" in reason
    certificate = any(reason.endswith(name) for name in _CERTIFICATE_ALERTS)
    # TLS 1.2 has one alert for "no certificate given" and for "nothing in common"; the latter is the first answer.
    late_failure = reason.endswith("ALERT_HANDSHAKE_FAILURE") and (seen.handshake_done or seen.head[:1] == b"\x16")
    if alert and (certificate or late_failure):
        said = reason.partition("ALERT_")[2].replace("_", " ").lower()
        if own_certificate:
            return TlsError(
                f"{where} refused our certificate ({said})",
                hint="--ssl-cert=FILE must hold a certificate signed by the CA that this server trusts for clients",
                exit_code=ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED,
            )
        return TlsError(
            f"{where} wants a client certificate and none was given ({said})",
            hint="give one by --ssl-cert=FILE and --ssl-key=FILE",
            exit_code=ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED,
        )
    return _failed(exc, seen, where)


def explain_for_server(exc: Exception, seen: Seen, where: str) -> TlsError:
    """What a failed handshake or a broken stream means to a server with the client at `where`."""
    if isinstance(exc, TlsError):
        return exc
    if isinstance(exc, ssl.SSLCertVerificationError):
        return TlsError(
            f"the certificate of {where} was refused: {exc.verify_message}",
            exit_code=ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED,
        )
    if common := _explain_common(exc, seen, where):
        return common
    reason = _reason(exc)
    if "PEER_DID_NOT_RETURN_A_CERTIFICATE" in reason:
        return TlsError(
            f"{where} gave no certificate, and this listener requires one",
            exit_code=ExitCode.TLS_CLIENT_CERTIFICATE_REFUSED,
        )
    if "ALERT" in reason and any(reason.endswith(name) for name in _CERTIFICATE_ALERTS):
        said = reason.partition("ALERT_")[2].replace("_", " ").lower()
        return TlsError(f"{where} does not trust this server's certificate ({said})")
    return _failed(exc, seen, where)


def _unverified(exc: ssl.SSLCertVerificationError, where: str, host: str) -> TlsError:
    code, message = exc.verify_code, exc.verify_message
    if code in _EXPIRED:
        return TlsError(
            f"the certificate of {where} has expired",
            hint="it must be renewed on the server; if not, check the clock of this machine",
            exit_code=ExitCode.TLS_EXPIRED,
        )
    if code in _WRONG_HOST:
        return wrong_host(where, host, [])
    if code in _UNKNOWN_CA:
        return TlsError(
            f"the certificate of {where} is signed by an unknown CA (CERTIFICATE_VERIFY_FAILED: {message})",
            hint=TRUST_HINT,
            exit_code=ExitCode.TLS_UNKNOWN_CA,
        )
    hint = "see --ssl-verify-flags"
    if code in _NOT_YET_VALID:
        hint = "check the clock of this machine and of the one where the certificate was made"
    elif code in _NO_CRL:
        hint = "--ssl-verify-flags asks for revocation lists: put a current one for each CA into --ssl-ca-certs"
    elif code in _REVOKED:
        hint = "the server needs a new certificate"
    return TlsError(
        f"the certificate of {where} was refused: {message}", hint=hint, exit_code=ExitCode.TLS_CERTIFICATE_INVALID
    )


def wrong_host(where: str, host: str, names: list[str]) -> TlsError:
    """The certificate is trusted and names other hosts."""
    shown = ", ".join(name[:80] for name in names[:5]) if names else "other names"
    return TlsError(
        f"the certificate of {where} is not for {host!r} but for {shown}",
        hint="connect by a name in the certificate, or give that name by --ssl-server-hostname=NAME",
        exit_code=ExitCode.TLS_WRONG_HOST,
    )


def _explain_common(exc: Exception, seen: Seen, where: str) -> TlsError | None:
    reason = _reason(exc)
    if isinstance(exc, NotTls) or seen.not_tls or any(name in reason for name in _NOT_TLS_REASONS):
        said = printable(seen.head)
        return TlsError(
            f"{where} does not speak SSL/TLS on this port" + (f", it says: {said}" if said else ""),
            hint="without SSL the target is tcp:HOST:PORT; or the server needs --ssl-cert=FILE (or --bind-ssl)",
            exit_code=ExitCode.NOT_TLS,
        )
    if is_eof(exc) or (isinstance(exc, OSError) and not isinstance(exc, ssl.SSLError)):
        if not seen.size:
            return TlsError(
                f"{where} closed the connection without an answer to the TLS handshake",
                hint="does this port speak SSL/TLS?",
                exit_code=ExitCode.NOT_TLS,
            )
        return TlsError(f"{where} cut the connection", exit_code=ExitCode.TRUNCATED)
    if any(name in reason for name in _VERSION_REASONS):
        return TlsError(
            f"{where} and limpet have no TLS version in common (limpet speaks 1.2 and 1.3)",
            hint="check --ssl-protocol on both sides",
        )
    if reason.endswith("NO_SHARED_CIPHER"):
        return TlsError(
            f"{where} and limpet have no cipher in common (limpet takes ECDHE with AES-GCM or ChaCha20-Poly1305)",
            hint="check --ssl-ciphers on both sides",
        )
    return None


def _failed(exc: Exception, seen: Seen, where: str) -> TlsError:
    what = "the TLS connection with {} broke" if seen.handshake_done else "the TLS handshake with {} failed"
    reason = _reason(exc).replace("_", " ").lower() or type(exc).__name__
    hint = ""
    if reason.endswith("alert handshake failure"):
        hint = "it found no cipher or TLS version in common: check --ssl-ciphers and --ssl-protocol on both sides"
    return TlsError(f"{what.format(where)}: {reason}", hint=hint)


def _reason(exc: Exception) -> str:
    return (exc.reason or "").upper() if isinstance(exc, ssl.SSLError) else ""
