"""The TLS options of a listener and of a target, and the contexts and checks that follow from them."""

from __future__ import annotations

import ipaddress
import logging
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from limpet.config.tls import TlsSettings
from limpet.errors import OptionError, TlsError
from limpet.limits import HANDSHAKE
from limpet.net import host_names
from limpet.net.host_names import Match
from limpet.net.stream import ByteStream
from limpet.net.tls import TlsPipe
from limpet.net.tls_errors import explain_for_client, explain_for_server, wrong_host
from limpet.net.tls_files import load_authorities, load_identity
from limpet.net.tls_policy import CRL_FLAGS, harden, parse_verify_mode
from limpet.records import dataclass
from limpet.values import Buffer, Secret

if TYPE_CHECKING:
    import socket

    from limpet.net.tls_end import Seen
    from limpet.net.tls_socket import TlsSocket
    from limpet.net.tls_stream import TlsStream

log = logging.getLogger("limpet.net.tls")

_SYSTEM_STORE = ("", "default", "auto")


def _absolute(path: str, base: Path) -> str:
    """`path` as seen from `base`; the words that stand for the system's store, and nothing, stay as they are."""
    return path if path.strip().lower() in _SYSTEM_STORE else str(base / Path(path).expanduser())


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsServerOptions:
    """The `ssl-*` options of a listener as the user wrote them (docs: SSL options); empty means not given."""

    cert: str
    """PEM file: the chain, and the key too if `key` is empty"""
    key: str = ""
    key_password: Secret | None = None
    ca_certs: str = ""
    """the CAs of client certificates: a PEM file or a directory; those of the system are never accepted here"""
    ca_data: str = ""
    client_verify_mode: str = ""
    """none, optional, required; not given: optional with a CA, otherwise none"""
    ciphers: str = ""
    verify_flags: str = ""
    protocol: str = ""
    options: str = ""

    @classmethod
    def from_settings(cls, settings: TlsSettings, base: Path) -> TlsServerOptions:
        """From the values that the user wrote; relative paths start at `base`."""
        return cls(
            cert=_absolute(settings.cert, base),
            key=_absolute(settings.key, base),
            key_password=settings.key_password,
            ca_certs=_absolute(settings.ca_certs, base),
            ca_data=settings.ca_data,
            client_verify_mode=settings.client_verify_mode,
            ciphers=settings.ciphers,
            verify_flags=settings.verify_flags,
            protocol=settings.protocol,
            options=settings.options,
        )

    def server(self, timeout: float = HANDSHAKE.tls_s) -> TlsListenerSide:
        """Check everything and load all files, now. Raises `OptionError` or `TlsError` naming what is wrong."""
        if not self.cert:
            raise OptionError("SSL/TLS needs a certificate", hint="--ssl-cert=FILE; `limpet setup-ssl` makes one")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        harden(
            context,
            protocol=self.protocol,
            options=self.options,
            ciphers=self.ciphers,
            verify_flags=self.verify_flags,
        )
        context.num_tickets = 0
        context.verify_mode = self._verify_mode()
        if context.verify_mode is not ssl.CERT_NONE:
            load_authorities(context, self.ca_certs, self.ca_data)
            _need_crl(context)
        load_identity(context, self.cert, self.key, self.key_password)
        return TlsListenerSide(context, timeout)

    def _verify_mode(self) -> ssl.VerifyMode:
        own_ca = bool(self.ca_data.strip()) or self.ca_certs.strip().lower() not in _SYSTEM_STORE
        if not self.client_verify_mode.strip():
            return ssl.CERT_OPTIONAL if own_ca else ssl.CERT_NONE
        mode = parse_verify_mode("ssl-client-verify-mode", self.client_verify_mode)
        if mode is not ssl.CERT_NONE and not own_ca:
            raise OptionError(
                f"--ssl-client-verify-mode={self.client_verify_mode} needs your own CA: "
                "anybody can get a certificate from a public one",
                hint="--ssl-ca-certs=FILE with the CA that signs the certificates of your users",
            )
        return mode


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsClientOptions:
    """The `ssl-*` options of a target as the user wrote them (docs: SSL options); empty means not given."""

    ca_certs: str = ""
    """empty or `default`: the CAs of the system; a PEM file or a directory replaces them"""
    ca_data: str = ""
    server_verify_mode: str = ""
    """required (also for `optional`: a server always has a certificate) or none, which checks no name either"""
    check_hostname: bool | None = None
    """None: yes where the certificate is verified at all"""
    server_hostname: str = ""
    """the name that the certificate must have, if not the host of the target"""
    cert: str = ""
    """PEM file with our own certificate, for servers that ask for one"""
    key: str = ""
    key_password: Secret | None = None
    ciphers: str = ""
    verify_flags: str = ""
    protocol: str = ""
    options: str = ""

    @classmethod
    def from_settings(cls, settings: TlsSettings, base: Path) -> TlsClientOptions:
        """From the values that the user wrote; relative paths start at `base`."""
        return cls(
            ca_certs=_absolute(settings.ca_certs, base),
            ca_data=settings.ca_data,
            server_verify_mode=settings.server_verify_mode,
            check_hostname=settings.check_hostname,
            server_hostname=settings.server_hostname,
            cert=_absolute(settings.cert, base),
            key=_absolute(settings.key, base),
            key_password=settings.key_password,
            ciphers=settings.ciphers,
            verify_flags=settings.verify_flags,
            protocol=settings.protocol,
            options=settings.options,
        )

    def client(self, host: str, timeout: float = HANDSHAKE.tls_s) -> TlsTargetSide:
        """Check everything and load all files, now, for a connection to `host`.

        Raises `OptionError` or `TlsError` naming what is wrong.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False  # decided below; it must be off before `verify_mode` may be
        harden(
            context,
            protocol=self.protocol,
            options=self.options,
            ciphers=self.ciphers,
            verify_flags=self.verify_flags,
        )
        mode = parse_verify_mode("ssl-server-verify-mode", self.server_verify_mode or "required")
        if mode is ssl.CERT_NONE and self.check_hostname:
            raise OptionError(
                "--ssl-check-hostname=yes and --ssl-server-verify-mode=none contradict each other: "
                "a name in a certificate that nobody checked proves nothing",
                hint="leave one of them out",
            )
        check_name = self.check_hostname is not False and mode is not ssl.CERT_NONE
        context.verify_mode = ssl.CERT_NONE if mode is ssl.CERT_NONE else ssl.CERT_REQUIRED
        # Loaded even where nothing is verified: a wrong path is an error all the same.
        own_ca = load_authorities(context, self.ca_certs, self.ca_data)
        if own_ca:
            # The user's word is the root of trust, so the server's own certificate will do as well as its CA.
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        else:
            context.hostname_checks_common_name = False
            context.check_hostname = check_name
        if context.verify_mode is not ssl.CERT_NONE:
            _need_crl(context)
        if self.cert:
            load_identity(context, self.cert, self.key, self.key_password)
        elif self.key:
            raise OptionError("--ssl-key without --ssl-cert", hint="give the certificate by --ssl-cert=FILE too")
        return TlsTargetSide(
            context,
            self._server_name(host),
            check_name=check_name and own_ca,
            own_certificate=bool(self.cert),
            timeout=timeout,
        )

    def _server_name(self, host: str) -> str:
        option = "--ssl-server-hostname" if self.server_hostname else "the host of the target"
        name = (self.server_hostname or host).strip()
        try:
            return str(ipaddress.ip_address(name.partition("%")[0]))
        except ValueError:
            pass
        try:
            name = host_names.ascii_name(name)
        except UnicodeError:
            name = ""
        if not name or name.startswith("."):
            raise OptionError(f"{option} is not a host name: {(self.server_hostname or host)!r}")
        return name


def _need_crl(context: ssl.SSLContext) -> None:
    if context.verify_flags & CRL_FLAGS and not context.cert_store_stats()["crl"]:
        raise OptionError(
            "--ssl-verify-flags asks for revocation lists and there is none: every certificate would be refused",
            hint="add the lists (PEM, BEGIN X509 CRL) to the file or directory of --ssl-ca-certs",
        )


class TlsListenerSide:
    """The server's end: one context for all connections of a listener."""

    def __init__(self, context: ssl.SSLContext, timeout: float) -> None:
        self.context = context
        self.requires_certificate = context.verify_mode is ssl.CERT_REQUIRED
        self._timeout = timeout

    async def wrap(self, stream: ByteStream, first_bytes: Buffer = b"") -> TlsStream:
        """Do the handshake on an accepted stream. Raises `TlsError`; the stream is closed then."""
        from limpet.net.tls_stream import start_tls

        end = _ServerEnd(stream.facts.peer)
        return await start_tls(
            stream, self.context, end, server_side=True, first_bytes=first_bytes, timeout=self._timeout
        )


class TlsTargetSide:
    """The client's end of one connection."""

    def __init__(
        self, context: ssl.SSLContext, server_name: str, *, check_name: bool, own_certificate: bool, timeout: float
    ) -> None:
        self.context = context
        self.server_name = server_name
        self._check_name = check_name
        self._own_certificate = own_certificate
        self._timeout = timeout

    async def wrap(self, stream: ByteStream, where: str = "", *, warn: bool = True) -> TlsStream:
        """Do the handshake on an open stream; `where` names the server in messages. Raises `TlsError`.

        `warn` is off only where nothing is said to the server (showing its certificate).

        With TLS 1.3 a server that refuses our certificate says so only afterwards: then the stream is lost with a
        `TlsError` at its first read.
        """
        # not needed, and asyncio neither, where only one question is asked
        from limpet.net.tls_stream import start_tls

        where = where or stream.facts.peer
        if warn:
            self._warn(where)
        return await start_tls(
            stream,
            self.context,
            self._end(where),
            server_side=False,
            server_hostname=self.server_name,
            timeout=self._timeout,
        )

    def wrap_socket(self, lower: socket.socket, where: str, until: float) -> TlsSocket:
        """The same over a blocking socket, done by the monotonic time `until`.

        Raises OSError, and `TlsError` for what `wrap` refuses as well; `lower` is the caller's to close then.
        """
        from limpet.net.tls_socket import TlsSocket

        self._warn(where)
        stream = TlsSocket(lower, TlsPipe(self.context, server_side=False, server_hostname=self.server_name))
        stream.handshake(self._end(where), until)
        return stream

    def _end(self, where: str) -> _ClientEnd:
        return _ClientEnd(where, self.server_name, self._check_name, self._own_certificate)

    def _warn(self, where: str) -> None:
        if self.context.verify_mode is ssl.CERT_NONE:
            log.warning(
                "%s: the server's certificate is not verified (--ssl-server-verify-mode=none): "
                "whoever is in between can read and change everything",
                where,
            )


class _ServerEnd:
    def __init__(self, where: str) -> None:
        self._where = where

    def explain(self, exc: Exception, seen: Seen) -> TlsError:
        return explain_for_server(exc, seen, self._where)

    def check(self, pipe: TlsPipe) -> None:
        """OpenSSL has verified what is to be verified; the names of clients are nobody's host."""


class _ClientEnd:
    def __init__(self, where: str, server_name: str, check_name: bool, own_certificate: bool) -> None:
        self._where = where
        self._server_name = server_name
        self._check_name = check_name
        self._own_certificate = own_certificate

    def explain(self, exc: Exception, seen: Seen) -> TlsError:
        return explain_for_client(exc, seen, self._where, self._server_name, self._own_certificate)

    def check(self, pipe: TlsPipe) -> None:
        """The host name, where OpenSSL was told to leave it to us: under the user's own CA."""
        if not self._check_name:
            return
        certificate = pipe.peer_certificate()
        found = host_names.match(certificate, self._server_name)
        if found is Match.NO:
            raise wrong_host(self._where, self._server_name, host_names.names_of(certificate))
        if found is Match.COMMON_NAME:
            log.warning(
                "%s: its certificate has no subjectAltName; accepted by its common name because your own CA signed it",
                self._where,
            )
