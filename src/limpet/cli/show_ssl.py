"""`limpet show-ssl`: what a certificate says, from a file or from a server, trusted or not."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from limpet.cli.logs import set_up_logging
from limpet.cli.registry import Invocation
from limpet.errors import EndpointError, ExitCode
from limpet.net.certificates import CertificateFacts, show_server, show_ssl
from limpet.net.endpoint import parse_target


def run(invocation: Invocation) -> int:
    """Print one fact per line."""
    (where,) = invocation.arguments
    set_up_logging(invocation.options.general, invocation.environment.secrets())
    for line in _facts(where, invocation.options.client.timeout).lines(datetime.now(UTC)):
        print(line)
    return ExitCode.OK


def _facts(where: str, timeout: int) -> CertificateFacts:
    if "://" not in where and (Path(where).exists() or not where.lower().startswith(("ssl:", "tcp:", "xpra"))):
        return show_ssl(Path(where))
    target = parse_target(where)
    if target.kind == "unix":
        raise EndpointError("show-ssl: a unix socket has no certificate", hint="name a file, or ssl://HOST:PORT/")
    return asyncio.run(show_server(target.host, target.port, timeout=timeout))
