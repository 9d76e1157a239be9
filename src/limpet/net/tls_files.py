"""Loading certificates, keys and authorities, with a message of its own for each thing that can be wrong."""

from __future__ import annotations

import binascii
import logging
import os
import ssl
import stat
from base64 import b64decode
from pathlib import Path

from limpet.errors import ExitCode, OptionError, TlsError
from limpet.values import Secret

log = logging.getLogger("limpet.net.tls")

MAX_FILE = 16 * 1024 * 1024
"""bytes; the largest trust stores have a few hundred KiB"""
_CERTIFICATE = (b"-----BEGIN CERTIFICATE-----", b"-----BEGIN TRUSTED CERTIFICATE-----")
_CRL = b"-----BEGIN X509 CRL-----"
_KEY = b"PRIVATE KEY-----"


def _file_error(message: str, hint: str = "") -> TlsError:
    return TlsError(message, hint=hint, exit_code=ExitCode.TLS_CERTIFICATE_FILE)


def read_file(option: str, path: Path) -> bytes:
    """The bytes of the file that `--option` names. Raises `TlsError` (TLS_CERTIFICATE_FILE)."""
    try:
        if not path.is_file():
            what = "is a directory" if path.is_dir() else "is not a file" if path.exists() else "does not exist"
            raise _file_error(f"--{option}={path}: the file {what}", "check the path; `limpet setup-ssl` makes a pair")
        if path.stat().st_size > MAX_FILE:
            raise _file_error(f"--{option}={path}: the file is too large for what it should hold")
        return path.read_bytes()
    except OSError as exc:
        raise _file_error(
            f"--{option}={path}: cannot read the file: {(exc.strerror or str(exc)).lower()}", "check its permissions"
        ) from exc


def load_identity(
    context: ssl.SSLContext, cert: str, key: str, key_password: Secret | None, *, option: str = "ssl"
) -> None:
    """Load the certificate chain in the file `cert` and its private key, from `key` or from the same file.

    Raises `TlsError`: TLS_CERTIFICATE_FILE for whatever is wrong with a file or its password, TLS_KEY_MISMATCH.
    """
    cert_path = Path(cert).expanduser()
    cert_data = read_file(f"{option}-cert", cert_path)
    if not any(marker in cert_data for marker in _CERTIFICATE):
        raise _file_error(
            f"--{option}-cert={cert_path}: the file holds no PEM certificate",
            "it should have a line -----BEGIN CERTIFICATE-----; `openssl x509 -inform DER` converts",
        )
    key_path = Path(key).expanduser() if key else cert_path
    key_option = f"{option}-key" if key else f"{option}-cert"
    key_data = read_file(key_option, key_path) if key else cert_data
    if _KEY not in key_data:
        raise _file_error(
            f"--{key_option}={key_path}: the file holds no PEM private key",
            f"name the file with the key by --{option}-key=FILE" if not key else "it should be in PEM form",
        )
    _warn_if_public(key_option, key_path)
    _load_chain(context, cert_path, key_path, key_password, option)


def _warn_if_public(option: str, path: Path) -> None:
    if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
        log.warning("--%s=%s: others may read this private key; chmod 600 it", option, path)


def _load_chain(
    context: ssl.SSLContext, cert_path: Path, key_path: Path, key_password: Secret | None, option: str
) -> None:
    asked = False

    def password() -> bytes:
        # Always given: without it OpenSSL would ask on the terminal.
        nonlocal asked
        asked = True
        return key_password.reveal() if key_password is not None else b""

    try:
        context.load_cert_chain(cert_path, key_path, password)
    except ssl.SSLError as exc:
        if exc.reason in {"KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"}:
            raise TlsError(
                f"the private key in {key_path} does not belong to the certificate in {cert_path}",
                hint=f"check --{option}-cert and --{option}-key",
                exit_code=ExitCode.TLS_KEY_MISMATCH,
            ) from exc
        if asked:
            given = key_password is not None
            raise _file_error(
                f"the private key in {key_path} is encrypted, and "
                + ("the password does not open it" if given else "no password was given"),
                f"check --{option}-key-password" if given else f"give it by --{option}-key-password",
            ) from exc
        reason = (exc.reason or str(exc)).replace("_", " ").lower()
        raise _file_error(f"--{option}-cert={cert_path}: OpenSSL does not accept it: {reason}") from exc
    except (OSError, ValueError) as exc:  # an over-long password is a ValueError
        raise _file_error(f"--{option}-cert={cert_path}: cannot be loaded: {exc}") from exc


def load_authorities(context: ssl.SSLContext, ca_certs: str, ca_data: str) -> bool:
    """Put the trusted CAs on `context`; returns whether they are the user's own.

    Own ones, from `ca_certs` (a file or a directory of files) or `ca_data` (hex, or base64 after `base64:`), replace
    those of the system, which `ca_certs` empty, `default` or `auto` stands for. Raises `TlsError` or `OptionError`.
    """
    own = False
    if ca_certs.strip().lower() not in ("", "default", "auto"):
        path = Path(ca_certs).expanduser()
        if path.is_dir():
            _load_directory(context, path)
        else:
            _load_ca_file(context, path, read_file("ssl-ca-certs", path))
        own = True
    if ca_data.strip():
        _load_ca_data(context, decode_ca_data(ca_data))
        own = True
    if not own and context.verify_mode is not ssl.CERT_NONE:
        # not for nothing: reading them takes some 20 ms
        context.load_default_certs(
            ssl.Purpose.SERVER_AUTH if context.protocol == ssl.PROTOCOL_TLS_CLIENT else ssl.Purpose.CLIENT_AUTH
        )
    return own


def _load_ca_file(context: ssl.SSLContext, path: Path, data: bytes) -> None:
    if not any(marker in data for marker in (*_CERTIFICATE, _CRL)):
        raise _file_error(
            f"--ssl-ca-certs={path}: the file holds no PEM certificate",
            "it should have a line -----BEGIN CERTIFICATE-----; `openssl x509 -inform DER` converts",
        )
    try:
        context.load_verify_locations(cafile=path)
    except ssl.SSLError as exc:
        raise _file_error(f"--ssl-ca-certs={path}: the certificate in the file is damaged") from exc


def _load_directory(context: ssl.SSLContext, directory: Path) -> None:
    """All certificates and revocation lists in PEM files of `directory`, whatever the files are called."""
    found = 0
    try:
        paths = sorted(path for path in directory.iterdir() if path.is_file())
    except OSError as exc:
        raise _file_error(f"--ssl-ca-certs={directory}: cannot read the directory: {exc.strerror}") from exc
    for path in paths:
        data = read_file("ssl-ca-certs", path)
        if any(marker in data for marker in (*_CERTIFICATE, _CRL)):
            _load_ca_file(context, path, data)
            found += 1
    if not found:
        raise _file_error(f"--ssl-ca-certs={directory}: no file in the directory holds a PEM certificate")


def decode_ca_data(text: str) -> bytes:
    """The bytes of `--ssl-ca-data`: hex (with or without 0x), or base64 after `base64:`. Raises `OptionError`."""
    text = "".join(text.split())
    try:
        if text.startswith("base64:"):
            data = b64decode(text.removeprefix("base64:"), validate=True)
        else:
            data = bytes.fromhex(text.removeprefix("0x"))
    except (binascii.Error, ValueError) as exc:
        raise OptionError(
            "--ssl-ca-data is neither hex nor base64", hint="use hex digits, or base64:TEXT; or --ssl-ca-certs=FILE"
        ) from exc
    if not data:
        raise OptionError("--ssl-ca-data is empty")
    return data


def _load_ca_data(context: ssl.SSLContext, data: bytes) -> None:
    try:
        if any(marker in data for marker in _CERTIFICATE):
            context.load_verify_locations(cadata=data.decode("ascii"))
        else:
            context.load_verify_locations(cadata=data)
    except (ssl.SSLError, UnicodeDecodeError) as exc:
        raise _file_error("--ssl-ca-data holds no certificate, neither in PEM nor in DER form") from exc
