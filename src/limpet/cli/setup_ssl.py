"""`limpet setup-ssl`: a key and a certificate for a server on this machine."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from pathlib import Path

from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.errors import ExitCode
from limpet.net.certificates import setup_ssl

DEFAULT_FILE = "ssl-cert.pem"
_LOGIN = "--auth=file:filename=PASSWORD_FILE"


def run(invocation: Invocation) -> int:
    """Make the files and say what is in them, and what to do with them."""
    options = invocation.options
    set_up_logging(options.general, invocation.environment.secrets())
    cert = Path(invocation.arguments[0] if invocation.arguments else DEFAULT_FILE)
    key = Path(options.tls.key) if options.tls.key else None
    facts = setup_ssl(cert, key, names=options.tools.hostname, force=options.tools.force)
    print(f"{cert}: certificate" if key else f"{cert}: key and certificate, keep it to yourself")
    if key:
        print(f"{key}: key, keep it to yourself")
    for line in facts.lines(datetime.now(UTC)):
        print(f"  {line}")
    print("\nOn the server:  " + " ".join([f"limpet start --bind-ssl='*:PORT' --ssl-cert={cert}", *_key(key), _LOGIN]))
    if not key:
        # the whole file would hand out the key
        print(f"For the clients, without the key: openssl x509 -in {shlex.quote(str(cert))} -out server.crt")
    print(f"On the clients: limpet attach ssl://HOST:PORT/ --ssl-ca-certs={cert.name if key else 'server.crt'}")
    return ExitCode.OK


def _key(key: Path | None) -> list[str]:
    return [f"--ssl-key={key}"] if key else []
