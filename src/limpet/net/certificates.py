"""Making a server's key and certificate, and showing what a certificate says."""

from __future__ import annotations

import base64
import contextlib
import datetime as dt
import hashlib
import ipaddress
import os
import secrets
import socket
import stat
import struct
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from limpet.errors import ConfigError, ExitCode, OptionError, TlsError
from limpet.net import host_names, tcp
from limpet.net.tls_config import TlsClientOptions
from limpet.records import dataclass

if TYPE_CHECKING:
    from cryptography import x509
    from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes

VALID_DAYS = 825
"""longest life that every verifier accepts"""
BACKDATED_HOURS = 1
"""clients whose clock is a little late must not refuse a new certificate"""
MAX_NAMES = 100
_SIOCGIFADDR = 0x8915
"""netdevice(7)"""
_BEGIN = b"-----BEGIN CERTIFICATE-----"


@dataclass(frozen=True, slots=True)
class CertificateFacts:
    """What a certificate says. The fingerprints are SHA-256: of the whole, and of the public key (RFC 7469)."""

    subject: str
    issuer: str
    names: tuple[str, ...]
    not_before: dt.datetime
    not_after: dt.datetime
    key: str
    serial: int
    fingerprint: bytes
    key_fingerprint: bytes

    @property
    def self_signed(self) -> bool:
        """Whether subject and issuer are one."""
        return self.subject == self.issuer

    def lines(self, now: dt.datetime) -> list[str]:
        """For people, one fact per line."""
        days = (self.not_after - now).days
        if now < self.not_before:
            state = "not yet valid"
        elif now > self.not_after:
            state = "EXPIRED"
        else:
            state = f"{days} days left"
        return [
            f"subject      {self.subject}",
            f"issuer       {self.issuer}" + (" (self-signed)" if self.self_signed else ""),
            f"names        {', '.join(self.names) or 'none (no subjectAltName)'}",
            f"valid from   {self.not_before:%Y-%m-%d %H:%M} UTC",
            f"valid until  {self.not_after:%Y-%m-%d %H:%M} UTC ({state})",
            f"key          {self.key}",
            f"serial       {self.serial:x}",
            f"SHA-256      {self.fingerprint.hex(':').upper()}",
            f"public key   sha256/{base64.b64encode(self.key_fingerprint).decode()}",
        ]


# --- making ---


def setup_ssl(
    cert: Path,
    key: Path | None = None,
    *,
    names: Sequence[str] = (),
    days: int = VALID_DAYS,
    force: bool = False,
    now: dt.datetime | None = None,
) -> CertificateFacts:
    """Make an ECDSA P-256 key and a self-signed certificate for this machine and `names`.

    Both go into `cert` (mode 0600), or the key into `key` (0600) and the certificate into `cert` (0644). Files appear
    whole or not at all. Raises `ConfigError` when one exists and not `force`, `OptionError` for an impossible name.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    targets = [cert] if key is None else [key, cert]
    for path in targets:
        if not force and (path.exists() or path.is_symlink()):
            raise _exists(path)
    host = socket.gethostname() or "localhost"
    found = unique_names([*names, *local_names()])
    private = ec.generate_private_key(ec.SECP256R1())
    certificate = _build(private, host, found, days, now or dt.datetime.now(dt.UTC))
    key_pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    cert_pem = certificate.public_bytes(serialization.Encoding.PEM)
    if key is None:
        write_file(cert, key_pem + cert_pem, 0o600, force=force)
    else:
        write_file(key, key_pem, 0o600, force=force)
        write_file(cert, cert_pem, 0o644, force=force)
    return _facts(certificate)


def _build(key: PrivateKeyTypes, host: str, names: Sequence[str], days: int, now: dt.datetime) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    assert isinstance(key, ec.EllipticCurvePrivateKey)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host[:64])])
    alternatives = [
        x509.DNSName(name) if (address := _address(name)) is None else x509.IPAddress(address) for name in names
    ]
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=BACKDATED_HOURS))
        .not_valid_after(now + dt.timedelta(days=days))
        # No CA: whoever trusts this file trusts this server and nothing that its key might sign. It verifies with
        # itself as anchor all the same, under X509_STRICT too (the default of stock 6.x clients).
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        .add_extension(identifier, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), critical=False)
        .sign(key, hashes.SHA256())
    )


def _exists(path: Path) -> ConfigError:
    return ConfigError(f"{path} exists already", hint="choose another file, or --force to replace it")


def write_file(path: Path, data: bytes, mode: int, *, force: bool) -> None:
    """Write `path` whole or not at all, never readable by more people than `mode` says.

    Without `force` an existing file, even one made meanwhile, is kept and `ConfigError` raised.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    try:
        fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(fd, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(fd)
            temporary.chmod(mode)  # whatever the umask left
            if force:
                temporary.replace(path)
            else:
                os.link(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)
    except FileExistsError as exc:
        raise _exists(path) from exc
    except OSError as exc:
        raise ConfigError(
            f"cannot write {path}: {(exc.strerror or str(exc)).lower()}", exit_code=ExitCode.IO_ERROR
        ) from exc


def unique_names(names: Iterable[str]) -> list[str]:
    """`names` as they stand in a certificate, each once, in order. Raises `OptionError` for an impossible one."""
    result: dict[str, None] = {}
    for name in names:
        if address := _address(name):
            result[str(address)] = None
            continue
        try:
            plain = host_names.ascii_name(name)
        except UnicodeError:
            plain = ""
        if not plain or any(letter in plain for letter in " /:@"):
            raise OptionError(f"--hostname={name}: this is neither a host name nor an address")
        result[plain] = None
    return list(result)[:MAX_NAMES]


def local_names() -> list[str]:
    """Host name, full host name, `localhost`, and the addresses of this machine's interfaces."""
    names = [socket.gethostname(), socket.getfqdn(), "localhost"]
    with contextlib.suppress(OSError):  # a machine whose own name does not resolve
        names += [str(info[4][0]) for info in socket.getaddrinfo(socket.gethostname(), None)]
    names += [*_interface_addresses(), "127.0.0.1", "::1"]
    return [name for name in names if _usable(name)]


def _usable(name: str) -> bool:
    address = _address(name)
    if address is None:
        # Odd names that machines have (underscores, empty) stand in no certificate.
        with contextlib.suppress(UnicodeError):
            return bool(host_names.ascii_name(name)) and not any(letter in name for letter in " /:@")
        return False
    return not (address.is_link_local or address.is_multicast or address.is_unspecified)


def _interface_addresses() -> list[str]:
    """Addresses of the interfaces; where they cannot be listed, those that packets to the world would leave from."""
    return _linux_addresses() if sys.platform == "linux" else _routed_addresses()


def _linux_addresses() -> list[str]:
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        for _index, name in socket.if_nameindex():
            with contextlib.suppress(OSError):  # an interface without an IPv4 address
                answer = fcntl.ioctl(sock, _SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
                found.append(socket.inet_ntoa(answer[20:24]))
    with contextlib.suppress(OSError):  # no IPv6 in this kernel
        lines = Path("/proc/net/if_inet6").read_text(encoding="ascii").splitlines()
        found += [str(ipaddress.IPv6Address(bytes.fromhex(line.split()[0]))) for line in lines]
    return found


def _routed_addresses() -> list[str]:
    found = []
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as sock:
            sock.connect((elsewhere, 9))  # sends nothing, chooses a route
            found.append(str(sock.getsockname()[0]))
    return found


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


# --- showing ---


def show_ssl(path: Path) -> CertificateFacts:
    """What the first certificate in the file `path` (PEM or DER) says. Raises `TlsError` (TLS_CERTIFICATE_FILE)."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise _unreadable(path, "it is not a file")
        data = path.read_bytes()
    except OSError as exc:
        raise _unreadable(path, (exc.strerror or str(exc)).lower()) from exc
    return certificate_facts(data, str(path))


def _unreadable(path: Path, why: str) -> TlsError:
    return TlsError(f"cannot read {path}: {why}", exit_code=ExitCode.TLS_CERTIFICATE_FILE)


def certificate_facts(data: bytes, origin: str) -> CertificateFacts:
    """What the first certificate in `data` (PEM, other things in front allowed, or DER) says. Raises `TlsError`."""
    from cryptography import x509

    try:
        if _BEGIN in data:
            certificate = x509.load_pem_x509_certificate(data[data.index(_BEGIN) :])
        else:
            certificate = x509.load_der_x509_certificate(data)
        return _facts(certificate)
    except ValueError as exc:
        raise TlsError(
            f"{origin} holds no certificate that can be read", exit_code=ExitCode.TLS_CERTIFICATE_FILE
        ) from exc


async def show_server(host: str, port: int, *, timeout: float) -> CertificateFacts:
    """What the certificate of the server at `host` and `port` says, trusted or not.

    Raises `ConnectionFailed` or `TlsError`.
    """
    options = TlsClientOptions(server_verify_mode="none")
    side = options.client(host, timeout)
    stream = await side.wrap(await tcp.connect(host, port, timeout=timeout), tcp.host_port(host, port), warn=False)
    try:
        tls = stream.facts.tls
        data = tls.peer_certificate_der if tls is not None else None
        return certificate_facts(data or b"", tcp.host_port(host, port))
    finally:
        stream.close()
        await stream.wait_closed()


def _facts(certificate: x509.Certificate) -> CertificateFacts:
    from cryptography.hazmat.primitives import serialization

    der = certificate.public_bytes(serialization.Encoding.DER)
    public_key = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return CertificateFacts(
        subject=certificate.subject.rfc4514_string() or "(empty)",
        issuer=certificate.issuer.rfc4514_string() or "(empty)",
        names=_alternative_names(certificate),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        key=_key_text(certificate),
        serial=certificate.serial_number,
        fingerprint=hashlib.sha256(der).digest(),
        key_fingerprint=hashlib.sha256(public_key).digest(),
    )


def _alternative_names(certificate: x509.Certificate) -> tuple[str, ...]:
    from cryptography import x509

    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return ()
    return tuple(str(name.value) for name in extension.value if isinstance(name, (x509.DNSName, x509.IPAddress)))


def _key_text(certificate: x509.Certificate) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return f"ECDSA {key.curve.name}"
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size} bits"
    return type(key).__name__.strip("_").removesuffix("PublicKey")
