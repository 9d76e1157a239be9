"""The values of the TLS options: what they may be, and what is refused because it would weaken the connection."""

from __future__ import annotations

import ssl
from types import MappingProxyType

from limpet.errors import OptionError

CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""TLS 1.2 suites with forward secrecy and authenticated encryption; those of TLS 1.3 all have both."""

_VERIFY_MODES = MappingProxyType({"none": ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED})
_VERIFY_FLAGS = MappingProxyType(
    {
        "DEFAULT": ssl.VERIFY_DEFAULT,
        "CRL_CHECK_LEAF": ssl.VERIFY_CRL_CHECK_LEAF,
        "CRL_CHECK_CHAIN": ssl.VERIFY_CRL_CHECK_CHAIN,
        "X509_STRICT": ssl.VERIFY_X509_STRICT,
        "X509_TRUSTED_FIRST": ssl.VERIFY_X509_TRUSTED_FIRST,
        "X509_PARTIAL_CHAIN": ssl.VERIFY_X509_PARTIAL_CHAIN,
    }
)
CRL_FLAGS = ssl.VERIFY_CRL_CHECK_LEAF | ssl.VERIFY_CRL_CHECK_CHAIN

_V12, _V13 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
_PROTOCOLS = MappingProxyType(
    {
        "": (_V12, _V13),
        "TLS": (_V12, _V13),
        "TLS_CLIENT": (_V12, _V13),
        "TLS_SERVER": (_V12, _V13),
        "SSLV23": (_V12, _V13),  # the old name of "whatever both have"
        "AUTO": (_V12, _V13),
        "TLSV1_2": (_V12, _V12),
        "TLSV1_3": (_V13, _V13),
    }
)

_ALREADY_SO = {
    "",
    "ALL",
    "NO_SSLV2",
    "NO_SSLV3",
    "NO_TLSV1",
    "NO_TLSV1_1",
    "NO_COMPRESSION",
    "NO_TICKET",
    "NO_RENEGOTIATION",
    "SINGLE_DH_USE",
    "SINGLE_ECDH_USE",
}
"""options that limpet has on anyway, or that the base of Python's contexts has"""
_OPTIONS = MappingProxyType(
    {
        "CIPHER_SERVER_PREFERENCE": ssl.OP_CIPHER_SERVER_PREFERENCE,
        "ENABLE_MIDDLEBOX_COMPAT": ssl.OP_ENABLE_MIDDLEBOX_COMPAT,
        "NO_TLSV1_2": ssl.OP_NO_TLSv1_2,
        "NO_TLSV1_3": ssl.OP_NO_TLSv1_3,
    }
)


def _words(text: str, prefix: str) -> list[str]:
    words = [word.strip().upper() for word in text.replace("+", ",").split(",")]
    return [word.removeprefix(prefix) for word in words if word]


def parse_verify_mode(option: str, text: str) -> ssl.VerifyMode:
    """`none`, `optional` or `required`, as Python's CERT_x too. Raises `OptionError`."""
    mode = _VERIFY_MODES.get(text.strip().lower().removeprefix("cert_"))
    if mode is None:
        raise OptionError(f"--{option}={text}: there is no such mode", hint="use required, optional or none")
    return mode


def parse_verify_flags(text: str) -> ssl.VerifyFlags:
    """The flags of `--ssl-verify-flags`; what is given adds to the trust in the nearest anchor, which stays on."""
    flags = ssl.VERIFY_X509_TRUSTED_FIRST
    for word in _words(text, "VERIFY_"):
        if word not in _VERIFY_FLAGS:
            raise OptionError(
                f"--ssl-verify-flags: there is no flag {word}", hint=f"known are {', '.join(_VERIFY_FLAGS)}"
            )
        flags |= _VERIFY_FLAGS[word]
    return flags


def parse_protocol(text: str) -> tuple[ssl.TLSVersion, ssl.TLSVersion]:
    """Lowest and highest version that `--ssl-protocol` allows; never below TLS 1.2."""
    found = _PROTOCOLS.get(text.strip().upper().removeprefix("PROTOCOL_").replace(".", "_"))
    if found is None:
        raise OptionError(
            f"--ssl-protocol={text} is not accepted: limpet speaks TLS 1.2 and 1.3 only",
            hint="leave the option out, or use TLS, TLSv1_2 or TLSv1_3",
        )
    return found


def parse_options(text: str) -> ssl.Options:
    """The OP_x of `--ssl-options` that have an effect; those that would weaken the connection are refused."""
    options = ssl.Options(0)
    for word in _words(text, "OP_"):
        if word in _OPTIONS:
            options |= _OPTIONS[word]
        elif word not in _ALREADY_SO:
            raise OptionError(
                f"--ssl-options: {word} is not accepted",
                hint=f"accepted are {', '.join(sorted((_ALREADY_SO | set(_OPTIONS)) - {''}))}",
            )
    return options


def allowed_ciphers(text: str) -> str:
    """The OpenSSL list of the TLS 1.2 suites of `--ssl-ciphers` that limpet allows. Raises `OptionError`."""
    wanted = text.strip()
    probe = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    probe.set_ciphers(CIPHERS)
    ours = _tls12_names(probe)
    if wanted.upper() in ("", "DEFAULT"):
        return ":".join(ours)
    try:
        probe.set_ciphers(wanted)
    except ssl.SSLError as exc:
        raise OptionError(
            f"--ssl-ciphers={text}: OpenSSL knows no such TLS 1.2 cipher (those of TLS 1.3 cannot be chosen)",
            hint="leave the option out, or see `openssl ciphers -v`",
        ) from exc
    theirs = [name for name in _tls12_names(probe) if name in ours]
    if not theirs:
        raise OptionError(
            f"--ssl-ciphers={text} leaves nothing that has forward secrecy and authenticated encryption",
            hint=f"choose from {':'.join(ours)}",
        )
    return ":".join(theirs)


def _tls12_names(context: ssl.SSLContext) -> list[str]:
    return [str(cipher["name"]) for cipher in context.get_ciphers() if cipher["protocol"] != "TLSv1.3"]


def harden(context: ssl.SSLContext, *, protocol: str, options: str, ciphers: str, verify_flags: str) -> None:
    """Put limpet's policy and these options on `context`. Raises `OptionError` naming the option at fault."""
    low, high = parse_protocol(protocol)
    wanted = parse_options(options)
    if wanted & ssl.OP_NO_TLSv1_2:
        low = _V13
    if wanted & ssl.OP_NO_TLSv1_3:
        high = min(high, _V12)
    if low > high:
        raise OptionError("--ssl-protocol and --ssl-options together leave no TLS version")
    context.minimum_version, context.maximum_version = low, high
    wanted &= ~(ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3)  # said by the versions above, as newer OpenSSLs want it
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_TICKET | wanted
    # Python ignores a missing close_notify by default; here it means that somebody cut the connection.
    context.options &= ~ssl.OP_IGNORE_UNEXPECTED_EOF
    context.set_ciphers(allowed_ciphers(ciphers))
    context.verify_flags = parse_verify_flags(verify_flags)
