"""From plans to listeners that can be opened: certificates loaded, modules named, keys at hand."""

from __future__ import annotations

import dataclasses
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


def listener_setup(plan: ListenerPlan, base: Path, environment: Environment) -> ListenerSetup:
    """Load what `plan` names. Raises `TlsError`, `OptionError` naming the option or file at fault."""
    tls = _tls(plan.tls, base, environment) if plan.tls is not None else None
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


def _tls(settings: TlsSettings, base: Path, environment: Environment) -> TlsListenerSide:
    if settings.key_password is None:
        settings = dataclasses.replace(settings, key_password=environment.ssl_key_password)
    return TlsServerOptions.from_settings(settings, base).server()
