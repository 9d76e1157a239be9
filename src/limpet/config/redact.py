"""Command lines without their secrets, for logs, session records and the list of processes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from limpet.config.options import by_flag

HIDDEN = "***"

_KEY_VALUE = re.compile(
    r"\b(?:password|keydata|encryption[-_]keydata|ssl[-_]key[-_]password|value|secret|client[-_]secret(?:[-_]key)?)="
    r"(\"[^\"]*\"|'[^']*'|[^,)&\s]+)",
    re.IGNORECASE,
)
"""A value in quotes may hold commas and blanks (`parse_module`)."""
_USERINFO = re.compile(r"[A-Za-z][A-Za-z0-9+-]*(?::(?://)?|/)[^:@/?\s]*:(\S+)@", re.ASCII)


def secrets_in(words: Sequence[str]) -> tuple[str, ...]:
    """The parts of a command line that must not be shown: values of secret options, keys and passwords in values."""
    found: list[str] = []
    follows_secret_flag = False
    for word in words:
        flag, equals, value = word.partition("=")
        row = by_flag().get(flag)
        if follows_secret_flag:
            found.append(word)
        elif row and row.secret and equals:
            found.append(value)
        else:
            # `--env=password=x` is the user's own affair, but hiding it costs nothing
            found.extend(match[1] for match in _KEY_VALUE.finditer(word))
            found.extend(match[1] for match in _USERINFO.finditer(value if word.startswith("--") else word))
        follows_secret_flag = bool(row and row.secret and not equals)
    return tuple(dict.fromkeys(secret for secret in found if secret))


def redacted(words: Sequence[str]) -> tuple[str, ...]:
    """The command line with each secret replaced by `***`."""
    secrets = sorted(secrets_in(words), key=len, reverse=True)
    return tuple(_without(word, secrets) for word in words)


def _without(word: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        word = word.replace(secret, HIDDEN)
    return word
