"""The only reader of the environment: credentials and the platform's conventions, no switches of behaviour.

Secrets: LIMPET_PASSWORD or XPRA_PASSWORD, LIMPET_ENCRYPTION_KEY or XPRA_ENCRYPTION_KEY, LIMPET_SSL_KEY_PASSWORD or
XPRA_SSL_KEY_PASSWORD; where both are set, limpet's own spelling counts.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from limpet.records import dataclass
from limpet.values import Secret

PRIVATE_PREFIXES = ("XPRA_", "LIMPET_")
"""Variables of these names are not handed to children."""


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says. Directories are as set, unchecked; empty or None means "not set"."""

    password: Secret | None = None
    encryption_key: Secret | None = None
    ssl_key_password: Secret | None = None
    username: str = ""
    """LIMPET_USERNAME or XPRA_USERNAME"""
    login: str = ""
    """name of the user that runs this"""
    display: str = ""
    runtime_dir: str = ""
    """$XDG_RUNTIME_DIR"""
    config_home: str = ""
    """$XDG_CONFIG_HOME, else ~/.config"""
    state_home: str = ""
    """$XDG_STATE_HOME, else ~/.local/state"""
    home: str = ""

    def secrets(self) -> tuple[Secret, ...]:
        """All that must not appear in a log."""
        found = (self.password, self.encryption_key, self.ssl_key_password)
        return tuple(secret for secret in found if secret)


def read_environment(variables: Mapping[str, str] | None = None) -> Environment:
    """Read the process's environment, or `variables`."""
    source = os.environ if variables is None else variables
    home = source.get("HOME") or source.get("USERPROFILE", "")
    return Environment(
        password=_secret(source, "PASSWORD"),
        encryption_key=_secret(source, "ENCRYPTION_KEY"),
        ssl_key_password=_secret(source, "SSL_KEY_PASSWORD"),
        username=source.get("LIMPET_USERNAME") or source.get("XPRA_USERNAME", ""),
        login=_login(source),
        display=source.get("DISPLAY", ""),
        runtime_dir=source.get("XDG_RUNTIME_DIR", ""),
        config_home=source.get("XDG_CONFIG_HOME") or _below(home, ".config"),
        state_home=source.get("XDG_STATE_HOME") or _below(home, ".local/state"),
        home=home,
    )


def environment_variables() -> dict[str, str]:
    """All variables, as a copy: for authentication modules, whose options may name one. Holds secrets."""
    return dict(os.environ)


def variables_of_modules(auth: Iterable[str]) -> frozenset[str]:
    """Names of environment variables in the `env` modules among the values of authentication options."""
    from re import findall

    return frozenset(
        name for line in auth if line.strip().startswith("env") for name in findall(r"[:,(]\s*name=([^,)]+)", line)
    )


def scrubbed_environment(
    variables: Mapping[str, str] | None = None,
    *,
    drop: Iterable[str] = (),
    add: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The environment for a child: no XPRA_* or LIMPET_*, none of `drop` (what options name), with `add` in the end.

    A variable that `add` sets is always there: the user asked for it.
    """
    source = os.environ if variables is None else variables
    dropped = frozenset(drop)
    kept = {
        name: value for name, value in source.items() if not name.startswith(PRIVATE_PREFIXES) and name not in dropped
    }
    return {**kept, **(add or {})}


def _secret(source: Mapping[str, str], name: str) -> Secret | None:
    for prefix in ("LIMPET_", "XPRA_"):
        value = source.get(prefix + name)
        if value:
            return Secret(os.fsencode(value))
    return None


def _login(source: Mapping[str, str]) -> str:
    """The user database's word where there is one, since LOGNAME survives `su`; else the environment's."""
    try:
        from pwd import getpwuid
    except ImportError:  # Windows
        return source.get("USERNAME", "")
    try:
        return getpwuid(os.geteuid()).pw_name
    except KeyError:
        return source.get("LOGNAME") or source.get("USER", "")


def _below(home: str, name: str) -> str:
    return f"{home}/{name}" if home else ""
