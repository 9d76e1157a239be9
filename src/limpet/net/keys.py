"""Key material for AES, read and decoded at the start, so that a mistake stops the start and not the first client."""

from __future__ import annotations

import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from limpet.config.encryption import KeySource
from limpet.errors import ConfigError, ExitCode
from limpet.records import dataclass
from limpet.values import Secret

MAX_KEY_FILE = 64 * 1024
"""bytes; more is no key file"""
SHORT_KEY = 16
"""bytes; whoever records a connection can try all keys that are much shorter"""


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """A key with its source; `origin` is for people, `warning` is not empty for a short key or an open file."""

    source: KeySource
    key: Secret
    origin: str
    warning: str = ""


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A file named by the option `spelling`."""

    path: str
    spelling: str


def find_key(
    *,
    keydata: Secret | None,
    file: KeyFile | None,
    environment: Secret | None,
    resolve: Callable[[str], Path],
) -> KeyMaterial | None:
    """The first source that there is, in the documented order, the password excepted (None: no source).

    Raises `ConfigError` (exit code KEY_FILE) when that source cannot be used; the next one is not tried then.
    """
    if keydata is not None:
        found = KeyMaterial(KeySource.KEYDATA, _keydata(keydata), "key data")
    elif file is not None:
        found = _read_key_file(file, resolve(file.path))
    elif environment is not None:
        found = KeyMaterial(KeySource.ENVIRONMENT, environment, "XPRA_ENCRYPTION_KEY")
    else:
        return None
    size = len(found.key.reveal())
    if size >= SHORT_KEY:
        return found
    short = (
        f"the AES key ({found.origin}) has only {size} bytes and can be guessed: openssl rand -hex 32 makes a good one"
    )
    return replace(found, warning=f"{found.warning}; {short}" if found.warning else short)


def _keydata(keydata: Secret) -> Secret:
    from limpet.wire.cipher import decode_keydata

    try:
        text = keydata.reveal().decode("ascii")
    except UnicodeDecodeError:
        raise ConfigError(
            "keydata is neither hexadecimal nor base64",
            hint="write keydata=0xHEX or keydata=base64:DATA; plain text belongs in a key file (keyfile=PATH)",
            exit_code=ExitCode.KEY_FILE,
        ) from None
    return decode_keydata(text)


def _read_key_file(file: KeyFile, path: Path) -> KeyMaterial:
    from limpet.wire.cipher import decode_key_file

    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_KEY_FILE + 1)
            mode = stat.S_IMODE(path.stat().st_mode)
    except (OSError, ValueError) as error:
        raise _unusable(file, getattr(error, "strerror", None) or "not a path") from error
    if len(data) > MAX_KEY_FILE:
        raise _unusable(file, f"larger than {MAX_KEY_FILE} bytes")
    try:
        key = decode_key_file(data)
    except ConfigError as error:
        raise _unusable(file, "nothing in it but line ends") from error
    warning = ""
    if mode & 0o077:
        warning = f"the key file {file.path} is open to other users (mode {mode:04o}): chmod 600 {file.path}"
    return KeyMaterial(KeySource.KEYFILE, key, f"key file {file.path}", warning)


def _unusable(file: KeyFile, problem: str) -> ConfigError:
    return ConfigError(
        f"{file.spelling}={file.path}: cannot use the key file: {problem}",
        hint="make one with: (umask 077; openssl rand -hex 32 > key.txt), and copy it to the other side by a safe way",
        exit_code=ExitCode.KEY_FILE,
    )
