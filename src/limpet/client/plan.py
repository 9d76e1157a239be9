"""From a target and options to one connection: what protects it, where its key and passwords come from.

Keys of the URL win over options, `--tcp-...` wins over the general ones on tcp:// targets. An option that cannot apply
to the target stops the command.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from limpet.config.credentials import Environment
from limpet.config.encryption import AesPlan, KeySource, parse_encryption
from limpet.config.options import ClientOptions, Options, by_path, merge
from limpet.config.parser import parse_url_keys
from limpet.config.schema import Scope, commands_of
from limpet.config.tls import TlsSettings
from limpet.errors import OptionError
from limpet.net.endpoint import Target
from limpet.net.keys import KeyFile, find_key
from limpet.records import dataclass
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class PasswordPlan:
    """Where passwords come from, in this order; after these the user is asked. Paths are absolute."""

    url: Secret | None = None
    files: tuple[str, ...] = ()
    environment: Secret | None = None

    def secrets(self) -> tuple[Secret, ...]:
        """What must not appear in a log."""
        return tuple(secret for secret in (self.url, self.environment) if secret)


@dataclass(frozen=True, slots=True)
class ConnectPlan:
    """One connection, as frozen values.

    `tls`: not None means TLS from the first byte. `aes`: not None means that the server must answer with AES; where
    its `key` is None it is the password that `passwords` give first. Nothing falls back to less.
    """

    target: Target
    tls: TlsSettings | None
    aes: AesPlan | None
    username: str
    passwords: PasswordPlan
    timeout_s: int
    client: ClientOptions
    warnings: tuple[str, ...] = ()

    def secrets(self) -> tuple[Secret, ...]:
        """What must not appear in a log."""
        found = (*self.passwords.secrets(), self.aes and self.aes.key, self.tls and self.tls.key_password)
        return tuple(secret for secret in found if secret)


@dataclass(frozen=True, slots=True)
class RequestPlan:
    """A single question or order to a server; `output` is the file of a screenshot."""

    request: str
    connection: ConnectPlan
    output: str = ""


def plan_connection(
    options: Options, target: Target, environment: Environment, *, base: Path, scope: Scope = Scope.ATTACH
) -> ConnectPlan:
    """Plan the connection to `target`, whose socket has been found; relative paths start at `base`.

    Raises `ConfigError` with the option at fault and the way out.
    """
    url = parse_url_keys(target.options, target.secrets)
    _check_scope(url, scope)
    _refuse_other_trust(options, url)
    merged = merge(options, url)
    tls = _tls(merged, target, environment)
    if tls is not None:
        tls = tls.resolved(lambda path: _resolve(path, base, environment))
    planner = _AesPlanner(options, url, target, environment, lambda path: _resolve(path, base, environment))
    aes = planner.plan()
    _check_encodings(merged)
    return ConnectPlan(
        target=target,
        tls=tls,
        aes=aes,
        username=target.username or options.auth.username or environment.username or environment.login,
        passwords=PasswordPlan(
            target.password,
            tuple(str(_resolve(path, base, environment)) for path in options.auth.password_file),
            environment.password,
        ),
        timeout_s=merged.client.timeout,
        client=merged.client,
        warnings=tuple(planner.warnings),
    )


def _resolve(path: str, base: Path, environment: Environment) -> Path:
    if path.startswith("~/") and environment.home:
        return Path(environment.home, path[2:])
    return base / path


def _check_scope(url: Options, scope: Scope) -> None:
    for path, spelling in url.given.items():
        row = by_path()[path]
        if row.scope and not row.scope & scope:
            raise OptionError(f"{spelling} is an option of {', '.join(commands_of(row.scope))} only")


_TRUST = ("ca_certs", "ca_data", "server_verify_mode", "check_hostname", "server_hostname")
"""Options that say whom to believe."""


def _refuse_other_trust(options: Options, url: Options) -> None:
    """Whom the command line says to believe is not changed by a URL, which may come from somebody else."""
    said = [f"tls.{name}" for name in _TRUST if f"tls.{name}" in options.given]
    for name in _TRUST:
        path = f"tls.{name}"
        if said and path in url.given and getattr(url.tls, name) != getattr(options.tls, name):
            other = path if path in options.given else said[0]
            raise OptionError(
                f"{url.spelling(path)} changes whom {options.spelling(other)} says to believe",
                hint="leave out one of them",
            )


def _check_encodings(merged: Options) -> None:
    client = merged.client
    if client.encoding not in {"auto", *client.encodings}:
        raise OptionError(
            f"{merged.spelling('client.encoding')}={client.encoding} is not among "
            f"{merged.spelling('client.encodings')}={','.join(client.encodings)}",
            hint="leave out one of them",
        )


def _tls(merged: Options, target: Target, environment: Environment) -> TlsSettings | None:
    if target.kind == "ssl":
        if merged.tls.key_password is None:
            return replace(merged.tls, key_password=environment.ssl_key_password)
        return merged.tls
    for path, spelling in merged.given.items():
        if path.startswith("tls."):
            hint = f"ssl://{str(target).partition('://')[2]} uses SSL" if target.kind == "tcp" else "leave it out"
            raise OptionError(f"{spelling} does not apply to {target}: SSL is not used there", hint=hint)
    return None


class _AesPlanner:
    """Finds out whether AES is wanted, and its key, for one target."""

    def __init__(
        self,
        options: Options,
        url: Options,
        target: Target,
        environment: Environment,
        resolve: Callable[[str], Path],
    ) -> None:
        self._options = options
        self._url = url
        self._target = target
        self._environment = environment
        self._resolve = resolve
        self.warnings: list[str] = []

    def plan(self) -> AesPlan | None:
        self._refuse_tcp_options()
        own = self._url.encryption
        if own.keydata is not None and own.encryption_keyfile:
            raise OptionError("the target: keydata and keyfile are both given", hint="give one of them")
        demands = list(self._demands())
        text, spelling = demands[0] if demands else ("", "")
        files = list(self._files())
        has_key = own.keydata is not None or bool(files)
        if not text and not has_key:
            return None
        self._refuse_unnamed_on_unix(text)
        demand = parse_encryption(text or "AES", spelling)
        if not demand.on:
            if has_key:
                raise OptionError(f"{spelling}: there is a key, but encryption is off", hint="leave out one of them")
            self._refuse_contradiction(spelling, demands[1:])
            return None
        key = find_key(
            keydata=own.keydata,
            file=files[0] if files else None,
            environment=self._environment.encryption_key,
            resolve=self._resolve,
        )
        if key is not None:
            self.warnings += [key.warning] if key.warning else []
            return AesPlan(demand.mode, key.source, key.key, key.origin)
        self.warnings.append(
            "the password is used as the AES key, which is weaker than a key file: whoever listens can try passwords "
            "by himself, as fast as his machine allows; better use --encryption-keyfile=FILE or ssl://"
        )
        return AesPlan(demand.mode, KeySource.PASSWORD, None, "the login password")

    def _refuse_tcp_options(self) -> None:
        """`--tcp-...` belongs to tcp:// targets; there the general option beside it would not apply."""
        given = self._options.given
        for general in ("encryption", "encryption_keyfile"):
            specific = given.get(f"encryption.tcp_{general}")
            if specific and self._target.kind != "tcp":
                raise OptionError(
                    f"{specific} does not apply to {self._target}: it is for tcp:// targets",
                    hint=f"use --{general.replace('_', '-')}",
                )
            if specific and f"encryption.{general}" in given:
                raise OptionError(
                    f"{given[f'encryption.{general}']} does not apply: {specific} is more specific for this target",
                    hint="give one of them",
                )

    def _refuse_unnamed_on_unix(self, text: str) -> None:
        if self._target.kind == "unix" and not text and not self._url.given.keys() & _KEYS:
            raise OptionError(
                f"{self._options.spelling('encryption.encryption_keyfile')} does not apply to {self._target}: a unix "
                "socket is not encrypted unless that is said",
                hint="add --encryption=AES, or leave it out",
            )

    @staticmethod
    def _refuse_contradiction(spelling: str, others: list[tuple[str, str]]) -> None:
        """What was asked for is not switched off by a URL, which may come from somebody else."""
        for text, other in others:
            if parse_encryption(text, other).on:
                raise OptionError(f"{spelling} switches off what {other} asks for", hint="leave out one of them")

    def _demands(self) -> Iterator[tuple[str, str]]:
        """Encryption options that apply, the strongest first, with their spelling."""
        if self._url.encryption.encryption:
            yield self._url.encryption.encryption, self._url.spelling("encryption.encryption")
        if self._options.encryption.tcp_encryption:
            yield self._options.encryption.tcp_encryption, self._options.spelling("encryption.tcp_encryption")
        if self._options.encryption.encryption:
            yield self._options.encryption.encryption, self._options.spelling("encryption.encryption")

    def _files(self) -> Iterator[KeyFile]:
        """Key files that apply, the strongest first."""
        own, general = self._url.encryption, self._options.encryption
        if own.encryption_keyfile:
            yield KeyFile(own.encryption_keyfile, self._url.spelling("encryption.encryption_keyfile"))
        if general.tcp_encryption_keyfile:
            yield KeyFile(general.tcp_encryption_keyfile, "--tcp-encryption-keyfile")
        if general.encryption_keyfile:
            yield KeyFile(general.encryption_keyfile, "--encryption-keyfile")


_KEYS = frozenset({"encryption.keydata", "encryption.encryption_keyfile"})
"""Options of a URL that ask for AES by themselves."""
