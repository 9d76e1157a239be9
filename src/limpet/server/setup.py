"""From plans to listeners that can be opened: certificates loaded, modules named, keys at hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from limpet.config.credentials import Environment
from limpet.config.encryption import KeySource
from limpet.config.tls import TlsSettings
from limpet.net.listener import FixedPolicy
from limpet.net.tls_config import TlsListenerSide, TlsServerOptions
from limpet.server.app import ListenerSetup
from limpet.server.connection import Protection
from limpet.server.listeners import ListenerPlan, banner
from limpet.session.encryption import AesPolicy


def listener_setup(plan: ListenerPlan, resolve: Callable[[str], Path], environment: Environment) -> ListenerSetup:
    """Load what `plan` names. Raises `TlsError`, `OptionError` naming the option or file at fault."""
    tls = _tls(plan.tls, resolve, environment) if plan.tls is not None else None
    aes = plan.aes
    return ListenerSetup(
        plan=plan,
        policy=FixedPolicy(tls=tls, tls_only=plan.tls_only),
        protection=Protection(
            name=banner(plan),
            aes=AesPolicy(aes.mode, required=True) if aes is not None else None,
            key=aes.key if aes is not None else None,
            key_from_password=aes is not None and aes.source is KeySource.PASSWORD,
            auth=plan.auth,
        ),
    )


def _tls(settings: TlsSettings, resolve: Callable[[str], Path], environment: Environment) -> TlsListenerSide:
    def path(text: str) -> str:
        return str(resolve(text)) if text else ""

    ca_certs = settings.ca_certs
    if ca_certs.strip().lower() not in ("", "default", "auto"):
        ca_certs = path(ca_certs)
    return TlsServerOptions(
        cert=path(settings.cert),
        key=path(settings.key),
        key_password=settings.key_password or environment.ssl_key_password,
        ca_certs=ca_certs,
        ca_data=settings.ca_data,
        client_verify_mode=settings.client_verify_mode,
        ciphers=settings.ciphers,
        verify_flags=settings.verify_flags,
        protocol=settings.protocol,
        options=settings.options,
    ).server()
