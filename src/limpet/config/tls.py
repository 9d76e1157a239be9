"""The raw `--ssl-*` values; `limpet.net.tls_config` turns them into contexts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from limpet.config.kinds import FLAG, SECRET, text
from limpet.config.schema import Scope, option
from limpet.records import dataclass
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class TlsSettings:
    """What the user wrote, unchecked; empty or None is "not given". In plans the paths are absolute.

    Both roles share the type: `client_verify_mode` speaks to a server, `server_verify_mode`, `check_hostname` and
    `server_hostname` to a client.
    """

    cert: str = option(
        text("FILE"),
        default="",
        names="--ssl-cert bind:ssl-cert url:ssl-cert",
        scope=Scope.START | Scope.CLIENT,
        help="PEM file with the certificate (and what it was signed with, up to the CA); may hold the key too. "
        "On a client: the certificate it proves itself with",
    )
    key: str = option(
        text("FILE"),
        default="",
        names="--ssl-key bind:ssl-key url:ssl-key",
        scope=Scope.START | Scope.CLIENT | Scope.SETUP_SSL,
        help="PEM file with the private key of --ssl-cert; not needed when that file holds it. "
        "setup-ssl writes the key there",
    )
    key_password: Secret | None = option(
        SECRET,
        default=None,
        names="--ssl-key-password bind:ssl-key-password url:ssl-key-password",
        scope=Scope.START | Scope.CLIENT,
        help="password of an encrypted private key; others on this machine may see a command line, so the "
        "environment variable XPRA_SSL_KEY_PASSWORD is the better place",
    )
    ca_certs: str = option(
        text("FILE|DIRECTORY|default"),
        default="",
        shown_default="default, the system's store",
        names="--ssl-ca-certs bind:ssl-ca-certs url:ssl-ca-certs",
        scope=Scope.START | Scope.CLIENT,
        help="the certificate authorities to believe: a PEM file, a directory of them, or 'default'. An own one "
        "replaces the system's store",
    )
    ca_data: str = option(
        text("DATA"),
        default="",
        names="--ssl-ca-data bind:ssl-ca-data url:ssl-ca-data",
        scope=Scope.START | Scope.CLIENT,
        help="the certificates of --ssl-ca-certs themselves, in hex or as base64:DATA",
    )
    client_verify_mode: str = option(
        text("none|optional|required"),
        default="",
        shown_default="optional where there is an own CA, else none",
        names="--ssl-client-verify-mode bind:ssl-client-verify-mode",
        scope=Scope.START,
        help="what the server asks of a client's certificate; 'required' with an own CA proves who the client is",
    )
    server_verify_mode: str = option(
        text("none|required"),
        default="",
        shown_default="required",
        names="--ssl-server-verify-mode url:ssl-server-verify-mode",
        scope=Scope.CLIENT,
        help="what the client asks of the server's certificate; 'none' accepts any, so that anybody on the way "
        "can read along: for a first test only. Warns at each connection",
    )
    check_hostname: bool | None = option(
        FLAG,
        default=None,
        shown_default="yes, unless --ssl-server-verify-mode=none",
        names="--ssl-check-hostname url:ssl-check-hostname",
        scope=Scope.CLIENT,
        help="whether the server's certificate must be for the host that was asked for",
    )
    server_hostname: str = option(
        text("NAME"),
        default="",
        shown_default="the target's host",
        names="--ssl-server-hostname url:ssl-server-hostname",
        scope=Scope.CLIENT,
        help="the name that the server's certificate must be for",
    )
    ciphers: str = option(
        text("LIST"),
        default="",
        shown_default="all with forward secrecy and authenticated encryption",
        names="--ssl-ciphers bind:ssl-ciphers url:ssl-ciphers",
        scope=Scope.START | Scope.CLIENT,
        help="OpenSSL cipher list for TLS 1.2; it can narrow the choice, not widen it",
    )
    protocol: str = option(
        text("NAME"),
        default="",
        shown_default="TLS 1.2 and 1.3",
        names="--ssl-protocol bind:ssl-protocol url:ssl-protocol",
        scope=Scope.START | Scope.CLIENT,
        help="protocol name as xpra takes it (TLS, TLSv1_2 ...); nothing below TLS 1.2",
    )
    verify_flags: str = option(
        text("LIST"),
        default="",
        names="--ssl-verify-flags bind:ssl-verify-flags url:ssl-verify-flags",
        scope=Scope.START | Scope.CLIENT,
        help="further checks of certificates, separated by commas: X509_STRICT, CRL_CHECK_LEAF, CRL_CHECK_CHAIN",
    )
    options: str = option(
        text("LIST"),
        default="",
        names="--ssl-options bind:ssl-options url:ssl-options",
        scope=Scope.START | Scope.CLIENT,
        help="OpenSSL options as xpra takes them (NO_COMPRESSION, SINGLE_DH_USE ...); none can weaken a connection",
    )

    def resolved(self, resolve: Callable[[str], Path]) -> TlsSettings:
        """The same with absolute paths: a server in the background leaves its directory."""
        return replace(
            self,
            cert=str(resolve(self.cert)) if self.cert else "",
            key=str(resolve(self.key)) if self.key else "",
            ca_certs=self.ca_certs if self.ca_certs.lower() in _STORES else str(resolve(self.ca_certs)),
        )


_STORES = frozenset({"", "default", "auto"})
"""Values of --ssl-ca-certs that are no paths."""
