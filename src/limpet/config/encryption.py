"""What `--encryption` and its like say: the mode, and where the key comes from. Values only."""

from __future__ import annotations

import enum

from limpet.errors import ExitCode, OptionError
from limpet.records import dataclass
from limpet.values import Secret

MODES = ("CBC", "CTR")

OFF = frozenset({"no", "none", "off", "false", "0"})
"""Words that switch AES off for one listener."""


class KeySource(enum.Enum):
    """Where key material comes from, in the order in which the sources are asked (docs/protocol: encryption, 4.2)."""

    KEYDATA = "key data"
    KEYFILE = "key file"
    ENVIRONMENT = "XPRA_ENCRYPTION_KEY"
    PASSWORD = "login password"  # noqa: S105 - the name of a source


@dataclass(frozen=True, slots=True)
class AesPlan:
    """AES for one listener or connection.

    `mode` is 'CBC', 'CTR' or None (the client chooses). `key` is the key material, None when `source` is PASSWORD:
    then it is the login's password. `origin` says for people where the key is from.
    """

    mode: str | None
    source: KeySource
    key: Secret | None
    origin: str

    @property
    def name(self) -> str:
        """AES, AES-CBC or AES-CTR."""
        return f"AES-{self.mode}" if self.mode else "AES"


@dataclass(frozen=True, slots=True)
class AesDemand:
    """The value of an encryption option: `on` False switches AES off; `mode` as in `AesPlan`."""

    on: bool
    mode: str | None = None


def parse_encryption(text: str, spelling: str) -> AesDemand:
    """`AES`, `AES-CBC`, `AES-CTR` (any case) or a word of `OFF`; raises `OptionError` saying what to use instead."""
    word = text.strip().upper()
    if word.lower() in OFF:
        return AesDemand(on=False)
    cipher, _, mode = word.partition("-")
    if cipher == "AES" and (not mode or mode in MODES) and word != "AES-":
        return AesDemand(on=True, mode=mode or None)
    if cipher == "AES" and mode in {"GCM", "CFB"}:
        why = {
            "GCM": "AES-GCM as xpra had it never checked the tag that makes it safe, so nobody speaks it any more",
            "CFB": "AES-CFB is gone from current versions of xpra",
        }[mode]
        raise OptionError(
            f"{spelling}: {why}",
            hint="use AES-CBC or AES-CTR for xpra's peers; between limpets SSL (--bind-ssl, ssl://) is stronger",
            exit_code=ExitCode.ENCRYPTION,
        )
    raise OptionError(
        f"{spelling}: {text!r} is not an encryption that limpet knows",
        hint="AES, AES-CBC or AES-CTR; for SSL see --ssl and --bind-ssl",
        exit_code=ExitCode.ENCRYPTION,
    )
