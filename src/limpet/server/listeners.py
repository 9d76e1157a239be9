"""From options to listeners: who may come in, how, and every combination that is refused before anything listens.

A bind line wins over `--tcp-...`/`--ssl-...`, which win over the global options. Every option given must apply to some
listener. What others can reach needs encryption and proof from the client on each way in.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from limpet.auth import registry as auth_modules
from limpet.auth.module import ModuleEnv, ModuleSpec, parse_module
from limpet.config.credentials import Environment
from limpet.config.encryption import AesPlan, KeySource, parse_encryption
from limpet.config.kinds import SslMode
from limpet.config.options import Options, merge
from limpet.config.parser import parse_bind_keys
from limpet.config.tls import TlsSettings
from limpet.errors import ConfigError, ExitCode, OptionError
from limpet.net.endpoint import BindSpec, is_loopback, parse_bind
from limpet.net.keys import KeyFile, find_key
from limpet.records import dataclass

_ALL_ADDRESSES = frozenset({"*", "0.0.0.0", "::"})  # noqa: S104 - what users write
_SSL_HINT = "'limpet setup-ssl ssl-cert.pem' makes one, then --ssl-cert=ssl-cert.pem"


@dataclass(frozen=True, slots=True)
class ListenerPlan:
    """One listener, as frozen values.

    `tls`: the settings when TLS is offered, with `tls_only` when nothing else is taken. `aes`: when not None, a client
    that does not use TLS must use AES (inside TLS it may). `clear_allowed`: unprotected clients are taken.
    `bind.path` may still be 'auto': see `placed`.
    """

    bind: BindSpec
    tls: TlsSettings | None
    tls_only: bool
    clear_allowed: bool
    aes: AesPlan | None
    auth: tuple[ModuleSpec, ...]

    @property
    def local(self) -> bool:
        """True when only this machine reaches it."""
        return self.bind.kind == "unix" or is_loopback(self.bind.host)

    def placed(self, path: str) -> ListenerPlan:
        """The same, with the path that 'auto' stands for."""
        return replace(self, bind=replace(self.bind, path=path))


@dataclass(frozen=True, slots=True)
class ListenPlan:
    """All listeners, and what the user should be told at the start."""

    listeners: tuple[ListenerPlan, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class PlanContext:
    """The world, as far as planning needs it.

    Relative paths start at `base`; `command` is what was typed, with "limpet" as first word and without secrets.
    """

    environment: Environment
    modules: ModuleEnv
    base: Path
    command: tuple[str, ...] = ()

    def resolve(self, path: str) -> Path:
        """An absolute path; `~/` is the user's home."""
        if path.startswith("~/") and self.environment.home:
            return Path(self.environment.home, path[2:])
        return self.base / path


def plan_listeners(options: Options, context: PlanContext) -> ListenPlan:
    """Plan what `options` ask for; raises `ConfigError` with the option at fault and the way out."""
    lines = _bind_lines(options)
    planner = _Planner(options, context)
    listeners = tuple(planner.plan(line) for line in lines)
    _refuse_twice(listeners)
    planner.refuse_unused(listeners)
    # last, so that the command in the refusal is one that starts
    for line, listener in zip(lines, listeners, strict=True):
        planner.check_reach(line, listener)
    return ListenPlan(listeners, tuple(dict.fromkeys(planner.warnings)))


def banner(plan: ListenerPlan, address: str = "") -> str:
    """One line for the start: where it listens, how it is protected, and what a client has to prove.

    `address` is the real one where the plan leaves it open (port 0, path 'auto').
    """
    where = address or str(plan.bind)
    return f"listening on {plan.bind.kind} {where}: {_protection(plan)}; authentication: {_authentication(plan)}"


def _protection(plan: ListenerPlan) -> str:
    ways = []
    if plan.aes and not plan.tls_only:
        ways.append(f"{plan.aes.name} ({plan.aes.origin})")
    if plan.tls:
        ways.append("SSL")
    if plan.clear_allowed:
        ways.append("this user only" if plan.bind.kind == "unix" else "clear")
    return f"{' or '.join(ways)}{' only' if plan.tls_only else ''}"


def _authentication(plan: ListenerPlan) -> str:
    steps = [spec.name for spec in plan.auth]
    key = plan.aes is not None and plan.aes.source is not KeySource.PASSWORD and not plan.tls_only
    if _wants_certificate(plan.tls):
        proof = "client certificate"
        if not plan.tls_only:
            proof += " (with SSL) or the AES key" if key else " (with SSL)"
        steps.insert(0, proof)
    if not steps and key and not plan.tls:
        return "the AES key"
    return ", then ".join(steps) or "none"


@dataclass(frozen=True, slots=True)
class _Line:
    """A bind line, read: `flag` it came by, and the options of its own."""

    bind: BindSpec
    flag: str
    own: Options


def _bind_lines(options: Options) -> list[_Line]:
    listen = options.listen
    values: Sequence[tuple[str, str, Sequence[str]]] = (
        ("unix", "--bind", listen.bind or ("auto",)),
        ("tcp", "--bind-tcp", listen.bind_tcp),
        ("ssl", "--bind-ssl", listen.bind_ssl),
    )
    lines = []
    for kind, flag, texts in values:
        for text in texts:
            bind = parse_bind(kind, text)
            where = f"{flag}={bind}"
            lines.append(_Line(bind, flag, parse_bind_keys(bind.options, bind.secrets, where)))
    return _without_none(lines)


def _without_none(lines: list[_Line]) -> list[_Line]:
    off = [line for line in lines if line.bind.path == "none"]
    kept = [line for line in lines if line.bind.path != "none"]
    if off and any(line.bind.kind == "unix" for line in kept):
        raise OptionError("--bind=none contradicts the other --bind options", hint="leave out --bind=none")
    if off and (off[0].own.given or len(off) > 1):
        raise OptionError("--bind=none takes no options and comes once")
    if not kept:
        raise OptionError("nothing to listen on", hint="leave out --bind=none, or add --bind-tcp or --bind-ssl")
    return kept


def _refuse_twice(listeners: Sequence[ListenerPlan]) -> None:
    seen: set[tuple[str, int, str]] = set()
    for plan in listeners:
        bind = plan.bind
        key = (bind.host, bind.port, bind.path)
        if key in seen and (bind.path or bind.port):
            raise OptionError(
                f"{bind} is to be listened on twice", hint="--bind-tcp with --ssl serves SSL beside others"
            )
        seen.add(key)


class _Planner:
    """Plans listeners one after the other and remembers which global options applied."""

    def __init__(self, options: Options, context: PlanContext) -> None:
        self._options = options
        self._context = context
        self._used: set[str] = set()
        self.warnings: list[str] = []

    # -- one listener ------------------------------------------------------------------------------------------------

    def plan(self, line: _Line) -> ListenerPlan:
        auth = self._auth(line)
        tls = self._tls(line)
        aes = self._aes(line, auth)
        tls_only = self._tls_only(line, tls, aes)
        plan = ListenerPlan(
            bind=self._placed(line.bind),
            tls=tls,
            tls_only=tls_only,
            clear_allowed=not tls_only and aes is None,
            aes=aes,
            auth=auth,
        )
        self._check_auth(line, plan)
        return plan

    def _placed(self, bind: BindSpec) -> BindSpec:
        path = str(self._context.resolve(bind.path)) if bind.path.startswith("~/") else bind.path
        return replace(bind, path=path)

    def _use(self, path: str) -> bool:
        """Whether a global option was given; if so, it has applied."""
        if path not in self._options.given:
            return False
        self._used.add(path)
        return True

    def _auth(self, line: _Line) -> tuple[ModuleSpec, ...]:
        specific = f"auth.{line.bind.kind}_auth"
        if line.own.auth.auth:
            texts = line.own.auth.auth
        elif line.bind.kind != "unix" and self._use(specific):
            texts = getattr(self._options.auth, specific.removeprefix("auth."))
        elif self._use("auth.auth"):
            texts = self._options.auth.auth
        else:
            texts = ()
        return tuple(self._with_password_file(parse_module(text)) for text in texts)

    def _with_password_file(self, spec: ModuleSpec) -> ModuleSpec:
        files = self._options.auth.password_file
        if len(files) > 1:
            raise OptionError(
                "--password-file: a server takes one", hint="name the others in --auth=file:filename=FILE"
            )
        changed = auth_modules.with_password_file(spec, files[0] if files else "")
        if changed is not spec:
            self._use("auth.password_file")
        return changed

    def _check_auth(self, line: _Line, plan: ListenerPlan) -> None:
        kind = line.bind.kind
        private = kind == "unix" or not plan.clear_allowed
        try:
            auth_modules.check_chain(plan.auth, kind, private, self._context.modules)
        except OptionError as error:
            raise OptionError(
                f"{line.flag}={line.bind}: {error}", hint=error.hint, exit_code=error.exit_code
            ) from error
        for spec in plan.auth:
            self.warnings += auth_modules.warnings(spec, self._context.modules)

    # -- SSL ---------------------------------------------------------------------------------------------------------

    def _tls(self, line: _Line) -> TlsSettings | None:
        own = [path for path in line.own.given if path.startswith("tls.")]
        if line.bind.kind == "unix":
            _refuse_tls_on_unix(line, own)
            return None
        settings = merge(self._options, line.own).tls
        if settings.key_password is None:
            settings = replace(settings, key_password=self._context.environment.ssl_key_password)
        where = f"{line.flag}={line.bind}"
        mode = self._ssl_mode(line)
        if mode is SslMode.OFF or (mode is SslMode.AUTO and not settings.cert):
            if own:
                why = "there is no certificate" if mode is SslMode.AUTO else "SSL is off here"
                raise OptionError(
                    f"{line.own.spelling(own[0])} does not apply: {why}",
                    hint=_SSL_HINT if mode is SslMode.AUTO else "leave it out, or use ssl=on",
                )
            return None
        if not settings.cert:
            raise ConfigError(f"{where}: SSL needs a certificate (--ssl-cert)", hint=_SSL_HINT)
        _check_client_certificates(settings, where)
        for path in self._options.given:
            if path.startswith("tls.") and path not in line.own.given:
                self._use(path)
        return settings.resolved(self._context.resolve)

    def _ssl_mode(self, line: _Line) -> SslMode:
        own = "listen.ssl" in line.own.given
        if line.bind.kind == "ssl":
            if own and line.own.listen.ssl is SslMode.OFF:
                raise OptionError(f"{line.flag}={line.bind}: ssl=off contradicts --bind-ssl", hint="use --bind-tcp")
            return SslMode.ON
        if own:
            return line.own.listen.ssl
        self._use("listen.ssl")
        return self._options.listen.ssl

    def _tls_only(self, line: _Line, tls: TlsSettings | None, aes: AesPlan | None) -> bool:
        required = line.own.listen.ssl_required
        where = f"{line.flag}={line.bind}"
        if line.bind.kind == "ssl":
            if required is False:
                raise OptionError(
                    f"{where}: ssl-required=no contradicts --bind-ssl", hint="use --bind-tcp with --ssl=on"
                )
            return True
        if tls is None:
            if required:
                raise OptionError(f"{where}: ssl-required=yes, but SSL is not offered here", hint=_SSL_HINT)
            return False
        if required is not None:
            return required
        return aes is None and self._ssl_mode(line) is SslMode.ON and not is_loopback(line.bind.host)

    # -- AES ---------------------------------------------------------------------------------------------------------

    def _aes(self, line: _Line, auth: Sequence[ModuleSpec]) -> AesPlan | None:
        own, where = line.own.encryption, f"{line.flag}={line.bind}"
        has_own_key = own.keydata is not None or bool(own.encryption_keyfile)
        if own.keydata is not None and own.encryption_keyfile:
            raise OptionError(f"{where}: keydata and keyfile are both given", hint="give one of them")
        text, spelling = self._encryption_text(line)
        if not text and line.bind.kind == "unix" and not has_own_key:
            return None
        demand = parse_encryption(text or "AES", spelling)
        if not demand.on:
            if has_own_key:
                raise OptionError(f"{where}: there is a key, but encryption is off", hint="leave out one of them")
            return None
        file = self._key_file(line)
        if not text and not has_own_key and file is None:
            return None
        key = find_key(
            keydata=own.keydata,
            file=file,
            environment=self._context.environment.encryption_key,
            resolve=self._context.resolve,
        )
        if key is not None:
            self.warnings += [key.warning] if key.warning else []
            return AesPlan(demand.mode, key.source, key.key, key.origin)
        if line.bind.kind == "ssl" and not own.encryption:
            return None  # SSL satisfies a demand that is not the line's own
        self._check_password_as_key(line, auth)
        return AesPlan(demand.mode, KeySource.PASSWORD, None, "the login password")

    def _encryption_text(self, line: _Line) -> tuple[str, str]:
        """The encryption that counts for this listener (empty: none is named), and how it was spelled."""
        if line.own.encryption.encryption:
            return line.own.encryption.encryption, line.own.spelling("encryption.encryption")
        if line.bind.kind == "tcp" and self._use("encryption.tcp_encryption"):
            return self._options.encryption.tcp_encryption, self._options.spelling("encryption.tcp_encryption")
        if line.bind.kind != "unix" and self._use("encryption.encryption"):
            return self._options.encryption.encryption, self._options.spelling("encryption.encryption")
        return "", "encryption"

    def _key_file(self, line: _Line) -> KeyFile | None:
        own = line.own.encryption
        if own.keydata is not None:
            return None
        if own.encryption_keyfile:
            return KeyFile(own.encryption_keyfile, line.own.spelling("encryption.encryption_keyfile"))
        if line.bind.kind == "tcp" and self._use("encryption.tcp_encryption_keyfile"):
            return KeyFile(self._options.encryption.tcp_encryption_keyfile, "--tcp-encryption-keyfile")
        if self._use("encryption.encryption_keyfile"):
            return KeyFile(self._options.encryption.encryption_keyfile, "--encryption-keyfile")
        return None

    def _check_password_as_key(self, line: _Line, auth: Sequence[ModuleSpec]) -> None:
        where = f"{line.flag}={line.bind}"
        if not any(auth_modules.reveals_password(spec) for spec in auth):
            raise ConfigError(
                f"{where}: encryption has no key: no key data, no key file, no XPRA_ENCRYPTION_KEY, and no "
                "authentication module whose password could be one",
                hint="make a key file with: (umask 077; openssl rand -hex 32 > key.txt), and give "
                "--encryption-keyfile=key.txt",
                exit_code=ExitCode.KEY_FILE,
            )
        weaker = (
            "the login password is the AES key, which is weaker than a key file: whoever can connect or listen gets "
            "what he needs to try passwords by himself, unseen and as fast as his machine allows"
        )
        local = line.bind.kind == "unix" or is_loopback(line.bind.host)
        if not local and not self._options.encryption.allow_password_as_key:
            raise ConfigError(
                f"{where}: {weaker}",
                hint="use a key file (--encryption-keyfile=FILE) or SSL (--bind-ssl); --allow-password-as-key=yes "
                "accepts the risk",
                exit_code=ExitCode.INSECURE_BIND,
            )
        self.warnings.append(f"{where}: {weaker}; use --encryption-keyfile=FILE or SSL instead")

    # -- what others can reach ---------------------------------------------------------------------------------------

    def check_reach(self, line: _Line, plan: ListenerPlan) -> None:
        """Raise `ConfigError` for a listener that others can reach without encryption or proof, with the remedy."""
        where = f"{line.flag}={plan.bind}"
        ways = _ways_in(plan)
        if plan.local:
            if plan.bind.kind != "unix" and not all(way.proof for way in ways):
                self.warnings.append(
                    f"{where}: every user of this machine can connect without proof of who he is; a unix socket "
                    f"(--bind) is private, or add --{plan.bind.kind}-auth=file:filename=FILE"
                )
            return
        problems = [
            *(f"lets {way.name} clients in without encryption" for way in ways if not way.encrypted),
            *(f"lets {way.name} clients in without proof of who they are" for way in ways if not way.proof),
        ]
        if not problems:
            return
        text = f"{where} can be reached from other machines and {' and '.join(problems)}"
        if self._options.listen.insecure_bind:
            self.warnings.append(f"{text} (--insecure-bind): anybody may read or take over this session")
            return
        raise ConfigError(text, hint=self._remedy(line, plan, ways), exit_code=ExitCode.INSECURE_BIND)

    def _remedy(self, line: _Line, plan: ListenerPlan, ways: Sequence[_Way]) -> str:
        """The command that would do, or what to change where no added option would."""
        first: list[str] = []
        add: list[str] = []
        change: list[str] = []
        own_mode = "listen.ssl" in line.own.given
        if not all(way.encrypted for way in ways):
            if line.own.listen.ssl_required is False:
                change.append("without ssl-required=no")
            if own_mode:
                change.append("with ssl=on on the line")
            elif self._options.listen.ssl is not SslMode.ON:
                add.append("--ssl=on")
            if plan.tls is None and not self._options.tls.cert:
                if self._context.modules.inspect_file("ssl-cert.pem").problem:
                    host = plan.bind.host if plan.bind.host not in _ALL_ADDRESSES else ""
                    name = f" --hostname={shlex.quote(host)}" if host else ""
                    first.append(f"limpet setup-ssl ssl-cert.pem{name} && ")
                add.append("--ssl-cert=ssl-cert.pem")
        if not all(way.proof for way in ways):
            if self._context.modules.inspect_file("password.txt").problem:
                first.append("(umask 077; openssl rand -hex 12 | tr -d '\\n' >password.txt) && ")
            asking = [spec.name for spec in plan.auth if spec.name == "allow"]
            if line.own.auth.auth:
                change.append("with auth=file(filename=password.txt) on the line")
            elif asking:
                # beside it, both would ask for a password
                change.append(f"with file:filename=password.txt in place of {asking[0]}")
            else:
                add.append(f"--{plan.bind.kind}-auth=file:filename=password.txt")
        command = self._context.command or ("limpet", "start", "...")
        shown = f"{''.join(first)}{' '.join((*map(shlex.quote, command), *add))}"
        return f"{shown}{' ' if change else ''}{', '.join(change)} (--insecure-bind=yes would allow it as it is)"

    # -- options that apply to nothing -------------------------------------------------------------------------------

    def refuse_unused(self, listeners: Sequence[ListenerPlan]) -> None:
        """Raise `OptionError` for a given option that applied to no listener."""
        for path, spelling in self._options.given.items():
            group = path.partition(".")[0]
            if path in self._used or path in _PERMISSIONS or group not in {"auth", "encryption", "tls", "listen"}:
                continue
            if path.startswith("listen.") and not (path == "listen.ssl" and self._options.listen.ssl is SslMode.ON):
                continue
            kinds = {plan.bind.kind for plan in listeners}
            why = _why_unused(path, kinds, has_cert=bool(self._options.tls.cert))
            raise OptionError(f"{spelling} applies to no listener: {why}", hint="leave it out, or add what it is for")


_PERMISSIONS = frozenset({"encryption.allow_password_as_key", "listen.insecure_bind"})
"""Options that allow something and ask for nothing: they need not apply."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way into a listener."""

    name: str
    encrypted: bool
    proof: bool


def _ways_in(plan: ListenerPlan) -> list[_Way]:
    login = any(auth_modules.is_proof(spec) for spec in plan.auth)
    ways = []
    if plan.tls:
        ways.append(_Way("SSL", encrypted=True, proof=login or _wants_certificate(plan.tls)))
    if plan.aes and not plan.tls_only:
        ways.append(_Way("AES", encrypted=True, proof=login or plan.aes.source is not KeySource.PASSWORD))
    if plan.clear_allowed:
        ways.append(_Way("clear", encrypted=False, proof=login))
    return ways


def _refuse_tls_on_unix(line: _Line, own: list[str]) -> None:
    wanted = "listen.ssl" in line.own.given and line.own.listen.ssl is not SslMode.OFF
    if own or wanted or line.own.listen.ssl_required:
        raise OptionError(
            f"{line.flag}={line.bind}: SSL is for TCP, not for unix sockets",
            hint="a unix socket is private to its user already; for SSL use --bind-ssl or --bind-tcp",
        )


def _wants_certificate(tls: TlsSettings | None) -> bool:
    return tls is not None and tls.client_verify_mode.lower() == "required"


def _check_client_certificates(tls: TlsSettings, where: str) -> None:
    mode = tls.client_verify_mode.lower()
    if mode not in {"", "none", "optional", "required"}:
        raise OptionError(f"{where}: --ssl-client-verify-mode={mode} is not one of none, optional, required")
    if mode in {"optional", "required"} and tls.ca_certs in {"", "default", "auto"} and not tls.ca_data:
        raise OptionError(
            f"{where}: --ssl-client-verify-mode={mode} needs a certificate authority of your own: a public one vouches "
            "for anybody",
            hint="name the one that signed your clients' certificates: --ssl-ca-certs=FILE",
        )


def _why_unused(path: str, kinds: set[str], *, has_cert: bool) -> str:
    """In words; `path` is the option's, `kinds` those of the listeners."""
    specific = {"auth.tcp_auth": "tcp", "auth.ssl_auth": "ssl", "listen.ssl": "tcp"}
    kind = specific.get(path, "tcp" if path.startswith("encryption.tcp_") else "")
    if kind and kind not in kinds:
        return f"there is no --bind-{kind}"
    if path == "auth.password_file":
        return "no authentication module of theirs reads a file that it does not name itself"
    if path.startswith("encryption.") and kinds == {"unix"}:
        return "on a unix socket encryption has to be named on its own line, as in --bind=auto,encryption=AES"
    if path.startswith("tls."):
        if kinds == {"unix"}:
            return "SSL is for TCP, and there is no --bind-tcp or --bind-ssl"
        return "none of them offers SSL" + ("" if has_cert else ": there is no certificate (--ssl-cert)")
    return "each has something more specific, or no use for it"
