"""Does a certificate name this host? (RFC 9525, and the common name where nothing else is given)

OpenSSL does this for public authorities. Under an authority that the user gave, certificates made by plain `openssl
req` and `x509 -req` carry the host in their common name only, an IP address included, which OpenSSL does not take.
"""

from __future__ import annotations

import enum
import ipaddress
from collections.abc import Mapping
from typing import Any


class Match(enum.Enum):
    """Which part of a certificate names the host."""

    NO = "no"
    ALTERNATIVE_NAME = "subject alternative name"
    COMMON_NAME = "common name"


def ascii_name(host: str) -> str:
    """`host` as it is in certificates: lower case, IDNA, no final dot. Raises UnicodeError."""
    return host.rstrip(".").encode("idna").decode("ascii").lower()


def names_of(certificate: Mapping[str, Any]) -> list[str]:
    """All names of a certificate (in the form of `ssl.SSLSocket.getpeercert`) that stand for hosts, for messages."""
    names = [value.strip() for kind, value in certificate.get("subjectAltName", ()) if kind in ("DNS", "IP Address")]
    return names or _common_names(certificate)


def match(certificate: Mapping[str, Any], host: str) -> Match:
    """Whether `certificate` (in the form of `ssl.SSLSocket.getpeercert`) is for `host`, a name or an IP address.

    The common name counts only in a certificate without any subject alternative name.
    """
    address = _address(host)
    alternatives = certificate.get("subjectAltName", ())
    for kind, value in alternatives:
        if kind == "IP Address" and address is not None and _address(value) == address:
            return Match.ALTERNATIVE_NAME
        if kind == "DNS" and address is None and _dns_match(value, host):
            return Match.ALTERNATIVE_NAME
    if not alternatives:
        for value in _common_names(certificate):
            if _address(value) == address if address is not None else _dns_match(value, host):
                return Match.COMMON_NAME
    return Match.NO


def _common_names(certificate: Mapping[str, Any]) -> list[str]:
    return [value for part in certificate.get("subject", ()) for key, value in part if key == "commonName"]


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip().partition("%")[0])
    except ValueError:
        return None


def _dns_match(pattern: str, host: str) -> bool:
    """Whole labels only; `*` stands for exactly one leftmost label, with at least two more after it."""
    try:
        wanted = ascii_name(host)
    except UnicodeError:
        return False
    pattern = pattern.rstrip(".").lower()
    if not pattern or not wanted:
        return False
    if pattern.startswith("*."):
        rest = pattern[2:]
        label, dot, parent = wanted.partition(".")
        return bool(label and dot) and "*" not in rest and "." in rest and parent == rest
    return "*" not in pattern and pattern == wanted
