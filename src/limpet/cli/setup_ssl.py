"""`limpet setup-ssl`: a key and a certificate for a server on this machine."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from limpet.cli.registry import Invocation
from limpet.errors import ExitCode
from limpet.net.certificates import setup_ssl

DEFAULT_FILE = "ssl-cert.pem"
_LOGIN = "--auth=file:filename=PASSWORD_FILE"


def run(invocation: Invocation) -> int:
    """Make the files and say what is in them, and what to do with them."""
    options = invocation.options
    cert = Path(invocation.arguments[0] if invocation.arguments else DEFAULT_FILE)
    key = Path(options.tls.key) if options.tls.key else None
    facts = setup_ssl(cert, key, names=options.tools.hostname, force=options.tools.force)
    print(f"{cert}: certificate" if key else f"{cert}: key and certificate, keep it to yourself")
    if key:
        print(f"{key}: key, keep it to yourself")
    for line in facts.lines(datetime.now(UTC)):
        print(f"  {line}")
    print("\nOn the server:  " + " ".join([f"limpet start --bind-ssl='*:PORT' --ssl-cert={cert}", *_key(key), _LOGIN]))
    # the whole file would hand out the key
    print(
        "On the clients: limpet attach ssl://HOST:PORT/ --ssl-ca-certs=FILE, a copy of the certificate without the key"
    )
    return ExitCode.OK


def _key(key: Path | None) -> list[str]:
    return [f"--ssl-key={key}"] if key else []
