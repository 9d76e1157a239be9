"""The table of options: command line, bind lines, URLs, help and docs all derive from it.

An `Options` value also knows which options were given, so that a plan can refuse one that does not apply.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from limpet.config.kinds import (
    ASSIGNMENT,
    ENCODINGS,
    FLAG,
    RESIZE,
    SECRET,
    SIZE,
    SSL_MODE,
    WINDOW_CLOSE,
    Kind,
    Resize,
    SslMode,
    WindowClose,
    choice,
    number,
    parse_encodings,
    parse_words,
    text,
)
from limpet.config.schema import Option, Scope, option, rows
from limpet.config.tls import TlsSettings
from limpet.errors import OptionError
from limpet.records import dataclass
from limpet.values import Secret, Size

_NAMES = Kind("NAME[,NAME...]", parse_words)
_ENCODING = choice({name: name for name in ENCODINGS} | {"auto": "auto"}, "NAME")
_ENCODINGS = Kind("NAME[,NAME...]", parse_encodings)
_CIPHER_KIND = text("AES[-CBC|-CTR]")


@dataclass(frozen=True, slots=True)
class SessionOptions:
    """What runs in a session, and how."""

    start: tuple[str, ...] = option(
        text("COMMAND"),
        default=(),
        repeatable=True,
        names="--start",
        scope=Scope.START,
        help="program to start in the session, with its arguments; it is split as a shell does, but runs in none",
    )
    start_child: tuple[str, ...] = option(
        text("COMMAND"),
        default=(),
        repeatable=True,
        names="--start-child",
        scope=Scope.START,
        help="like --start, and --exit-with-children waits for it",
    )
    exit_with_children: bool = option(
        FLAG,
        default=False,
        names="--exit-with-children",
        scope=Scope.START,
        help="end the session when the last --start-child program has ended",
    )
    env: tuple[tuple[str, str], ...] = option(
        ASSIGNMENT,
        default=(),
        repeatable=True,
        names="--env --start-env",
        scope=Scope.START,
        help="environment variable for the programs of the session",
    )
    daemon: bool = option(
        FLAG,
        default=True,
        names="--daemon",
        scope=Scope.START,
        help="go to the background once the session is ready; no stays in the terminal",
    )
    session_name: str = option(
        text("NAME"),
        default="",
        names="--session-name",
        scope=Scope.START,
        help="name shown by 'limpet list' and to clients",
    )
    xvfb_geometry: Size = option(
        SIZE,
        default=Size(3840, 2160),
        shown_default="3840x2160",
        names="--xvfb-geometry",
        scope=Scope.START,
        help="size of the virtual screen at the start, and the most that it can have later",
    )
    resize: Resize = option(
        RESIZE,
        default=Resize(),
        shown_default="yes",
        names="--resize --resize-display",
        scope=Scope.START,
        help="yes: the virtual screen takes the size of the client's within --xvfb-geometry; "
        "no: it keeps its size; WIDTHxHEIGHT: it has this size from the start and keeps it",
    )


@dataclass(frozen=True, slots=True)
class ListenOptions:
    """Where a session can be reached."""

    bind: tuple[str, ...] = option(
        text("auto|none|PATH"),
        default=(),
        shown_default="auto",
        repeatable=True,
        names="--bind",
        scope=Scope.START,
        help="unix socket to listen on: auto is one in the session's private directory, none is none. "
        "Options of the line follow after commas, as in PATH,auth=MODULE",
        may_hold_secret=True,
    )
    bind_tcp: tuple[str, ...] = option(
        text("[HOST]:PORT[,KEY=VALUE...]"),
        default=(),
        repeatable=True,
        names="--bind-tcp",
        scope=Scope.START,
        help="TCP address to listen on; plain, AES and SSL clients share the port. Without a host only this machine "
        "reaches it, * means all addresses, port 0 any free one",
        may_hold_secret=True,
    )
    bind_ssl: tuple[str, ...] = option(
        text("[HOST]:PORT[,KEY=VALUE...]"),
        default=(),
        repeatable=True,
        names="--bind-ssl",
        scope=Scope.START,
        help="like --bind-tcp, for SSL clients only",
        may_hold_secret=True,
    )
    ssl: SslMode = option(
        SSL_MODE,
        default=SslMode.AUTO,
        shown_default="auto",
        names="--ssl bind:ssl",
        scope=Scope.START,
        help="SSL on the ports of --bind-tcp. on: offered, and the only way in except on loopback; "
        "auto: offered when there is a certificate; off: not offered",
    )
    ssl_required: bool | None = option(
        FLAG,
        default=None,
        shown_default="as --ssl says",
        names="bind:ssl-required",
        help="whether this listener refuses clients that do not use SSL",
    )
    insecure_bind: bool = option(
        FLAG,
        default=False,
        names="--insecure-bind",
        scope=Scope.START,
        help="allow listeners that others can reach without encryption, or without proof of who they are: "
        "anybody may then read or take over the session",
    )


@dataclass(frozen=True, slots=True)
class EncryptionOptions:
    """AES as xpra has it: for peers that cannot do SSL. It hides, but does not notice alterations."""

    encryption: str = option(
        _CIPHER_KIND,
        default="",
        names="--encryption bind:encryption url:encryption",
        scope=Scope.START | Scope.CLIENT,
        help="demand AES. Server: on every TCP listener with nothing more specific (SSL satisfies it too), on a unix "
        "socket only if its own line says so. Client: on any target. AES alone lets the client choose the mode",
    )
    encryption_keyfile: str = option(
        text("FILE"),
        default="",
        names="--encryption-keyfile bind:keyfile bind:encryption-keyfile url:keyfile url:encryption-keyfile",
        scope=Scope.START | Scope.CLIENT,
        help="file with the key for AES; line ends around it do not count. Alone it implies AES",
    )
    tcp_encryption: str = option(
        _CIPHER_KIND,
        default="",
        names="--tcp-encryption",
        scope=Scope.START | Scope.CLIENT,
        help="like --encryption, for TCP listeners and tcp:// targets only; the more specific of the two",
    )
    tcp_encryption_keyfile: str = option(
        text("FILE"),
        default="",
        names="--tcp-encryption-keyfile",
        scope=Scope.START | Scope.CLIENT,
        help="like --encryption-keyfile, for TCP only",
    )
    keydata: Secret | None = option(
        SECRET,
        default=None,
        names="bind:keydata bind:encryption-keydata url:keydata url:encryption-keydata",
        help="the key for AES itself: 0xHEX or base64:DATA; alone it implies AES",
    )
    allow_password_as_key: bool = option(
        FLAG,
        default=False,
        names="--allow-password-as-key",
        scope=Scope.START,
        help="let listeners that others can reach use the login password as AES key when there is no key. Anybody who "
        "can connect or listen can then try passwords by himself, unseen and as fast as his machine allows",
    )


@dataclass(frozen=True, slots=True)
class AuthOptions:
    """How clients prove who they are."""

    auth: tuple[str, ...] = option(
        text("MODULE[:KEY=VALUE,...]"),
        default=(),
        repeatable=True,
        names="--auth bind:auth",
        scope=Scope.START,
        help="authentication module for every listener that has no more specific option; several are asked in turn. "
        "Also written MODULE(KEY=VALUE,...)",
        may_hold_secret=True,
    )
    tcp_auth: tuple[str, ...] = option(
        text("MODULE[:KEY=VALUE,...]"),
        default=(),
        repeatable=True,
        names="--tcp-auth",
        scope=Scope.START,
        help="like --auth, for the listeners of --bind-tcp, whatever the client uses on them",
        may_hold_secret=True,
    )
    ssl_auth: tuple[str, ...] = option(
        text("MODULE[:KEY=VALUE,...]"),
        default=(),
        repeatable=True,
        names="--ssl-auth",
        scope=Scope.START,
        help="like --auth, for the listeners of --bind-ssl",
        may_hold_secret=True,
    )
    password_file: tuple[str, ...] = option(
        text("FILE"),
        default=(),
        repeatable=True,
        names="--password-file",
        scope=Scope.START | Scope.CLIENT,
        help="file with a password. Client: tried in turn, one for each question of the server. "
        "Server: the file of the module 'file' where that names none",
    )
    username: str = option(
        text("NAME"),
        default="",
        shown_default="the user's own; a name in the URL comes first",
        names="--username",
        scope=Scope.CLIENT,
        help="the name to log in with",
    )


@dataclass(frozen=True, slots=True)
class ClientOptions:
    """How a client connects and shows windows."""

    reconnect: bool = option(
        FLAG,
        default=True,
        names="--reconnect url:reconnect",
        scope=Scope.ATTACH,
        help="connect again by itself, with the same security, when the link is lost",
    )
    timeout: int = option(
        number(1, 3600, "SECONDS"),
        default=20,
        names="--timeout url:timeout",
        scope=Scope.CLIENT | Scope.SHOW_SSL,
        help="how long to wait for the server to be reached, for its TLS handshake and for its first answer; the "
        "answer to a password may take longer after failed logins",
    )
    window_close: WindowClose = option(
        WINDOW_CLOSE,
        default=WindowClose.FORWARD,
        shown_default="forward",
        names="--window-close url:window-close",
        scope=Scope.ATTACH,
        help="when a window is closed here. forward: the application is asked to close it; "
        "detach: the client leaves, the session goes on; ignore: nothing",
    )
    encoding: str = option(
        _ENCODING,
        default="auto",
        names="--encoding url:encoding",
        scope=Scope.ATTACH,
        help="the picture encoding to prefer, one of --encodings; auto chooses by content",
    )
    encodings: tuple[str, ...] = option(
        _ENCODINGS,
        default=ENCODINGS,
        shown_default="all",
        names="--encodings url:encodings",
        scope=Scope.ATTACH,
        help="the picture encodings to accept: rgb, png, jpeg, webp, or all",
    )
    quality: int = option(
        number(0, 100, "PERCENT", auto=0),
        default=0,
        shown_default="auto",
        names="--quality url:quality",
        scope=Scope.ATTACH,
        help="picture quality from 1 to 100 of what looks like a photograph; 100 is without loss. 0 or auto leaves it "
        "to the server: limpet's sends without loss as long as --encodings allows it",
    )
    compression_level: int = option(
        number(0, 9, "LEVEL"),
        default=1,
        names="--compression-level --compression_level -z url:compression-level",
        scope=Scope.ATTACH,
        help="compression of packets, 0 (none) to 9",
    )


@dataclass(frozen=True, slots=True)
class ToolOptions:
    """For the certificate tools."""

    hostname: tuple[str, ...] = option(
        text("NAME"),
        default=(),
        shown_default="this machine's names and addresses",
        repeatable=True,
        names="--hostname",
        scope=Scope.SETUP_SSL,
        help="host name or address that the certificate is for, beside this machine's own",
    )
    force: bool = option(
        FLAG,
        default=False,
        names="--force",
        scope=Scope.SETUP_SSL,
        help="replace existing files",
    )


@dataclass(frozen=True, slots=True)
class GeneralOptions:
    """For every command."""

    debug: tuple[str, ...] = option(
        _NAMES,
        default=(),
        names="--debug -d",
        scope=Scope.LOGGING,
        help="log in detail: all, or parts of limpet such as net, session, auth, x11, client",
    )
    log_file: str = option(
        text("FILE"),
        default="",
        shown_default="standard error; server.log in the session's directory for a server in the background",
        names="--log-file",
        scope=Scope.LOGGING,
        help="where to log; secrets are left out",
    )


@dataclass(frozen=True, slots=True)
class Options:
    """All options of one command line, bind line or URL.

    `given` maps the path of each option that was given ("tls.cert") to its spelling there ("--ssl-cert").
    """

    session: SessionOptions = SessionOptions()
    listen: ListenOptions = ListenOptions()
    encryption: EncryptionOptions = EncryptionOptions()
    tls: TlsSettings = TlsSettings()
    auth: AuthOptions = AuthOptions()
    client: ClientOptions = ClientOptions()
    tools: ToolOptions = ToolOptions()
    general: GeneralOptions = GeneralOptions()
    given: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def spelling(self, path: str) -> str:
        """How the option was written, or its usual spelling."""
        return self.given.get(path) or by_path()[path].flag


GROUPS: Mapping[str, tuple[type, str]] = MappingProxyType(
    {
        "session": (SessionOptions, "Session"),
        "listen": (ListenOptions, "Listening"),
        "encryption": (EncryptionOptions, "AES encryption"),
        "tls": (TlsSettings, "SSL"),
        "auth": (AuthOptions, "Authentication"),
        "client": (ClientOptions, "Client"),
        "tools": (ToolOptions, "Certificates"),
        "general": (GeneralOptions, "General"),
    }
)
"""Field of `Options` -> its class and the heading in the help."""


@lru_cache(maxsize=1)
def table() -> tuple[Option, ...]:
    """Every option, group by group."""
    return tuple(row for group, (of, _) in GROUPS.items() for row in rows(group, of))


@lru_cache(maxsize=1)
def by_path() -> Mapping[str, Option]:
    """`group.name` -> option."""
    return MappingProxyType({row.path: row for row in table()})


@lru_cache(maxsize=1)
def by_flag() -> Mapping[str, Option]:
    """Spelling on the command line -> option."""
    return MappingProxyType({flag: row for row in table() for flag in row.flags})


@lru_cache(maxsize=1)
def by_bind_key() -> Mapping[str, Option]:
    """Key on a bind line -> option."""
    return MappingProxyType({key: row for row in table() for key in row.bind_keys})


@lru_cache(maxsize=1)
def by_url_key() -> Mapping[str, Option]:
    """Key in a URL -> option."""
    return MappingProxyType({key: row for row in table() for key in row.url_keys})


def parse_value(row: Option, spelling: str, value: str) -> Any:
    """The typed value; raises `OptionError` naming the option, and the value unless it is a secret one."""
    try:
        return row.kind.parse(value)
    except ValueError as error:
        raise OptionError(f"{spelling.rstrip('=')}: {error}") from None


def assemble(values: Iterable[tuple[Option, str, Any]]) -> Options:
    """Options out of (option, its spelling, typed value); the last one of an option that is not repeatable counts."""
    fields: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    given: dict[str, str] = {}
    for row, spelling, value in values:
        group = fields[row.group]
        group[row.name] = (*group.get(row.name, ()), value) if row.repeatable else value
        given[row.path] = spelling
    groups = {group: of(**fields[group]) for group, (of, _) in GROUPS.items() if fields[group]}
    return Options(**groups, given=MappingProxyType(given))


def merge(base: Options, over: Options) -> Options:
    """`base`, with every option that is given in `over` replaced by that one's."""
    changed: dict[str, dict[str, Any]] = {}
    for path in over.given:
        group, name = path.split(".")
        changed.setdefault(group, {})[name] = getattr(getattr(over, group), name)
    groups = {group: dataclasses.replace(getattr(base, group), **values) for group, values in changed.items()}
    return dataclasses.replace(base, **groups, given=MappingProxyType({**base.given, **over.given}))
