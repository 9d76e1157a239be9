"""A small CA for tests: good certificates and each kind of bad one, made in milliseconds."""

from __future__ import annotations

import datetime as dt
import ipaddress
import itertools
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
_NOW = dt.datetime.now(dt.UTC).replace(microsecond=0)
_DAY = dt.timedelta(days=1)
_serials = itertools.count(1000)
_SIGNS = x509.KeyUsage(
    **dict.fromkeys(
        """digital_signature content_commitment key_encipherment data_encipherment key_agreement encipher_only
        decipher_only""".split(),
        False,
    ),
    key_cert_sign=True,
    crl_sign=True,
)
"""X509_STRICT, which xpra's clients have on, asks for this in a CA and for key identifiers in all"""


@dataclass(frozen=True)
class Files:
    """Paths of one identity on disk."""

    cert: Path
    key: Path
    both: Path
    """certificate and key in one file"""


@dataclass(frozen=True)
class Identity:
    """A certificate and its private key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def cert_pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def cert_der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    def key_pem(self, password: bytes | None = None) -> bytes:
        protection: serialization.KeySerializationEncryption = serialization.NoEncryption()
        if password is not None:
            protection = serialization.BestAvailableEncryption(password)
        return self.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)

    def write(self, directory: Path, name: str, password: bytes | None = None) -> Files:
        """Write NAME.crt, NAME.key (0600) and NAME.pem (both, 0600) into `directory`."""
        files = Files(directory / f"{name}.crt", directory / f"{name}.key", directory / f"{name}.pem")
        files.cert.write_bytes(self.cert_pem)
        for path, data in ((files.key, self.key_pem(password)), (files.both, self.key_pem(password) + self.cert_pem)):
            path.touch(mode=0o600)
            path.write_bytes(data)
        return files


@dataclass(frozen=True)
class Authority:
    """A certificate authority."""

    identity: Identity

    @property
    def cert_pem(self) -> bytes:
        return self.identity.cert_pem

    def write(self, directory: Path, name: str = "ca") -> Path:
        """Write the CA's certificate; its path."""
        path = directory / f"{name}.crt"
        path.write_bytes(self.cert_pem)
        return path

    def issue(
        self,
        common_name: str = "localhost",
        names: Sequence[str] | None = LOCAL_NAMES,
        *,
        client: bool = False,
        valid_from: float = -1,
        valid_to: float = 30,
    ) -> Identity:
        """A certificate for `names` (DNS names and addresses; None: no subjectAltName), valid for days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = (
            _builder(common_name, self.identity.certificate.subject, key, valid_from, valid_to)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self.identity.key.public_key()), critical=False
            )
        )
        if names is not None:
            builder = builder.add_extension(_alternative_names(names), critical=False)
        return Identity(builder.sign(self.identity.key, hashes.SHA256()), key)

    def issue_expired(self) -> Identity:
        return self.issue(valid_from=-30, valid_to=-1)

    def issue_future(self) -> Identity:
        return self.issue(valid_from=10, valid_to=30)

    def revocation_list(self, revoked: Sequence[Identity] = ()) -> bytes:
        """A PEM revocation list with `revoked` on it."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.identity.certificate.subject)
            .last_update(_NOW - _DAY)
            .next_update(_NOW + 30 * _DAY)
        )
        for one in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(one.certificate.serial_number)
                .revocation_date(_NOW - _DAY)
                .build()
            )
        return builder.sign(self.identity.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def make_authority(name: str = "limpet test CA") -> Authority:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        _builder(name, subject, key, -1, 60)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(_SIGNS, critical=True)
    )
    return Authority(Identity(builder.sign(key, hashes.SHA256()), key))


def self_signed(common_name: str = "localhost", names: Sequence[str] | None = LOCAL_NAMES) -> Identity:
    """What `openssl req -x509` makes: its own issuer."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    builder = _builder(common_name, subject, key, -1, 30).add_extension(
        x509.BasicConstraints(ca=True, path_length=None), critical=True
    )
    if names is not None:
        builder = builder.add_extension(_alternative_names(names), critical=False)
    return Identity(builder.sign(key, hashes.SHA256()), key)


def openssl_recipe(directory: Path, common_name: str) -> tuple[Path, Path, Path]:
    """The CA recipe of the encryption page, typed with plain openssl: (ca.crt, server.crt, server.key).

    `genrsa`, `req`, `x509 -req`: no subjectAltName, no key usage, an X.509 v1 server certificate.
    """

    def openssl(*words: str) -> None:
        subprocess.run(["openssl", *words], cwd=directory, check=True, capture_output=True, timeout=60)

    openssl("genrsa", "-out", "ca.key", "2048")
    openssl("req", "-new", "-x509", "-days", "365", "-key", "ca.key", "-out", "ca.crt", "-subj", "/O=Test/CN=Test CA")
    openssl("genrsa", "-out", "server.key", "2048")
    openssl("req", "-new", "-key", "server.key", "-out", "server.csr", "-subj", f"/O=Test/CN={common_name}")
    openssl(
        *("x509", "-req", "-days", "365", "-in", "server.csr", "-CA", "ca.crt", "-CAkey", "ca.key"),
        *("-set_serial", "01", "-out", "server.crt"),
    )
    (directory / "server.key").chmod(0o600)
    return directory / "ca.crt", directory / "server.crt", directory / "server.key"


def _alternative_names(names: Sequence[str]) -> x509.SubjectAlternativeName:
    values: list[x509.GeneralName] = []
    for name in names:
        try:
            values.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            values.append(x509.DNSName(name))
    return x509.SubjectAlternativeName(values)


def _builder(
    common_name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, valid_from: float, valid_to: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(next(_serials))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .not_valid_before(_NOW + valid_from * _DAY)
        .not_valid_after(_NOW + valid_to * _DAY)
    )
