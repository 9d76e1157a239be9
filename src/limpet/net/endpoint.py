"""Targets and bind lines as text, parsed into frozen values; pure, no name is looked up here.

Grammar (docs/reference: targets and bind lines)::

    TARGET    = ":N" | "N" | ":N.S" | "/path" | "socket:[//]/path[?OPTIONS]" | SCHEME SEP AUTHORITY [TAIL]
    SCHEME    = "tcp" | "ssl" | "xpra" | "xpras" | "xpra+tcp" | "xpra+ssl"          SEP = "://" | ":" | "/"
    AUTHORITY = [user [":" password] "@"] host [":" port]                            IPv6 in brackets
    TAIL      = "/" [display | k=v {"," k=v}] ["?" k=v {"&" k=v}]
    BIND      = [HOST] ":" PORT {"," k=v}  |  "auto" | "none" | "/path" {"," k=v}    commas outside parentheses

No error of this module repeats a password, key data or a part that could be one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from types import MappingProxyType

from limpet.errors import EndpointError
from limpet.records import dataclass
from limpet.values import Secret

DEFAULT_PORTS: Mapping[str, int] = MappingProxyType({"tcp": 14500, "ssl": 443})
"""Port of a target that names none."""

SECRET_KEYS = frozenset({"password", "keydata", "encryption-keydata", "ssl-key-password"})
"""Keys of URLs and bind lines whose value is kept as a `Secret`."""

MAX_TEXT = 4096
"""Longest target or bind line, in characters."""

MAX_UNIX_PATH = 107
"""Bytes of a unix socket's path: sun_path has 108 with the final NUL."""

_SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "tcp": "tcp",
        "xpra": "tcp",
        "xpra+tcp": "tcp",
        "ssl": "ssl",
        "xpras": "ssl",
        "xpra+ssl": "ssl",
        "socket": "unix",
        "unix": "unix",
        "unix-domain": "unix",
    }
)
_MISSING_SCHEMES: Mapping[str, str] = MappingProxyType(
    {
        "ws": "WebSocket",
        "wss": "secure WebSocket",
        "xpra+ws": "WebSocket",
        "xpra+wss": "secure WebSocket",
        "http": "WebSocket",
        "https": "secure WebSocket",
        "ssh": "SSH",
        "xpra+ssh": "SSH",
        "quic": "QUIC",
        "wt": "WebTransport",
        "vsock": "vsock",
        "rfb": "RFB (VNC)",
        "vnc": "RFB (VNC)",
        "rdp": "RDP",
        "named-pipe": "named pipe",
        "hyperv": "Hyper-V",
        "udp": "UDP",
    }
)

# patterns are compiled (and kept by `re`) when they are needed: starting fast is a feature
_DISPLAY = r":?([0-9]{1,5})(?:\.[0-9]{1,3})?"
_SCHEME = r"([A-Za-z][A-Za-z0-9+-]*)(://|:|/)(.*)"
_KEY = r"[A-Za-z][A-Za-z0-9_-]{0,63}"
_PORT = r"[0-9]{1,5}"
_HOST = r"[^\s/:@?#\[\]%,=&\\\"'<>(){}|^`*]{1,253}"
_MAY_HIDE_A_SECRET = ("@", "pass", "key", "auth")

_TARGET_HINT = "targets are :N, /path/of/a/socket, tcp://HOST:PORT/ and ssl://HOST:PORT/ (IPv6 in brackets)"
_BIND_HINT = "it is [HOST]:PORT[,key=value...]: :10000 for this machine only, *:10000 for all addresses"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a client connects to. The repr shows neither the options nor any secret.

    `kind` is 'tcp', 'ssl' or 'unix'. A unix target has a `path`, or only a `display` (":10") whose socket is
    still to be found. `options` are the keys of the URL, lower case with `-` for `_`, without the secret ones,
    which are in `secrets`.
    """

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    display: str = ""
    username: str = ""
    password: Secret | None = None
    options: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    secrets: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    @property
    def needs_lookup(self) -> bool:
        """True for a display number: its socket has to be found first."""
        return self.kind == "unix" and not self.path

    def __str__(self) -> str:
        if self.kind == "unix":
            return self.path or self.display
        return f"{self.kind}://{host_port(self.host, self.port)}/"


@dataclass(frozen=True, slots=True)
class BindSpec:
    """One bind line. The repr shows neither the options (an `auth` value may hold a password) nor any secret.

    `kind` is 'tcp', 'ssl' or 'unix'; `host` is '*' for all addresses; `port` 0 takes any free one; `path` of a
    unix socket is absolute, starts with '~/', or is the word 'auto' or 'none'. Values keep the order of the line.
    """

    kind: str
    host: str = ""
    port: int = 0
    path: str = ""
    options: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    secrets: Mapping[str, Secret] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def __str__(self) -> str:
        return self.path if self.kind == "unix" else host_port(self.host, self.port)


def host_port(host: str, port: int) -> str:
    """HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """True when only this machine reaches `host`: 127.0.0.0/8, ::1 or the name localhost.

    Any other name counts as reachable from outside, whatever it resolves to at the moment.
    """
    if host.lower() in {"localhost", "::1"}:
        return True
    return re.fullmatch(r"127(?:\.[0-9]{1,3}){3}", host, re.ASCII) is not None


def parse_target(text: str) -> Target:
    """Parse what `limpet attach` and its like are given; raises `EndpointError`."""
    _check_text(text, "target")
    display = re.fullmatch(_DISPLAY, text)
    if display:
        return Target("unix", display=f":{int(display[1])}")
    if text.startswith("/"):
        return Target("unix", path=_unix_path(text, "target"))
    if text.startswith("@"):
        raise EndpointError(
            "abstract sockets are not used: they have no owner and no permissions",
            hint="give the path of a unix socket, or :N",
        )
    match = re.fullmatch(_SCHEME, text)
    if match:
        scheme, separator, rest = match[1].lower(), match[2], match[3]
        if scheme in _MISSING_SCHEMES:
            raise EndpointError(
                f"limpet does not have the transport {scheme} ({_MISSING_SCHEMES[scheme]}) yet",
                hint="use tcp://, ssl:// or a unix socket",
            )
        kind = _SCHEMES.get(scheme)
        if kind == "unix":
            return _unix_target(rest if separator != "/" else "/" + rest)
        if kind:
            return _network_target(kind, rest)
    raise EndpointError(_not_a_target(text), hint=_TARGET_HINT)


def parse_bind(kind: str, text: str) -> BindSpec:
    """Parse the value of `--bind` (kind 'unix'), `--bind-tcp` ('tcp') or `--bind-ssl` ('ssl').

    Raises `EndpointError`; other kinds are those of transports that limpet does not have yet.
    """
    if kind not in {"tcp", "ssl", "unix"}:
        raise EndpointError(
            f"limpet does not have the transport {kind} ({_MISSING_SCHEMES.get(kind, 'unknown')}) yet",
            hint="use --bind-tcp, --bind-ssl or --bind",
        )
    option = "--bind" if kind == "unix" else f"--bind-{kind}"
    _check_text(text, option)
    address, *parts = split_outside_parentheses(text, option)
    options, secrets = _bind_options(parts, option)
    if kind == "unix":
        return BindSpec(kind, path=_bind_path(address), options=options, secrets=secrets)
    host, port = _bind_address(address, option)
    return BindSpec(kind, host, port, options=options, secrets=secrets)


def split_outside_parentheses(text: str, option: str) -> list[str]:
    """Split at the commas that are not within parentheses; raises `EndpointError` when these do not match."""
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        if char == "(":
            depth += 1
        elif char == ")":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
        if depth < 0:
            break
    if depth:
        raise EndpointError(f"{option}: the parentheses do not match")
    return [*parts, text[start:]]


def _check_text(text: str, what: str) -> None:
    if not text:
        raise EndpointError(f"{what} is empty", hint=_TARGET_HINT if what == "target" else _BIND_HINT)
    if len(text) > MAX_TEXT:
        raise EndpointError(f"{what} is longer than {MAX_TEXT} characters")
    if _unprintable(text):
        raise EndpointError(f"{what} contains control characters")


def _unprintable(text: str) -> bool:
    return any(char < " " or char == "\x7f" for char in text)


def _quoted(text: str, whole: str) -> str:
    """`text` for an error, unless `whole`, which it is a part of, could hold a secret."""
    return "" if any(word in whole.lower() for word in _MAY_HIDE_A_SECRET) else f" {text!r}"


def _not_a_target(text: str) -> str:
    if text.endswith(".xpra"):
        return "session files (*.xpra) are not supported yet"
    return f"the target{_quoted(text, text)} is neither a display, a path nor a URL that limpet knows"


def _unix_path(path: str, what: str) -> str:
    if len(path.encode("utf-8", "surrogatepass")) > MAX_UNIX_PATH:
        raise EndpointError(f"{what}: the path of a unix socket has at most {MAX_UNIX_PATH} bytes")
    return path


def _unix_target(rest: str) -> Target:
    """What follows `socket:`, with an optional `?k=v&k=v`."""
    path, _, query = rest.partition("?")
    if path.startswith("//"):
        path = path[1:]
    if not path.startswith("/"):
        raise EndpointError("the target: socket: needs an absolute path", hint="e.g. socket:/run/user/1000/my.sock")
    options, secrets = _pairs(query.split("&") if query else [])
    username, password = _credentials(options, secrets, "", None)
    return Target(
        "unix",
        path=_unix_path(path, "target"),
        username=username,
        password=password,
        options=MappingProxyType(options),
        secrets=MappingProxyType(secrets),
    )


def _network_target(kind: str, rest: str) -> Target:
    head, _, query = rest.partition("?")
    userinfo, authority, tail = _split_authority(head)
    host, port = _target_host_port(kind, authority, rest)
    username, password = _userinfo(userinfo)
    display, listed = _tail(tail, rest)
    options, secrets = _pairs([*listed, *(query.split("&") if query else [])])
    username, password = _credentials(options, secrets, username, password)
    return Target(
        kind,
        host,
        port,
        display=display,
        username=username,
        password=password,
        options=MappingProxyType(options),
        secrets=MappingProxyType(secrets),
    )


def _split_authority(head: str) -> tuple[str | None, str, str]:
    """`user:password@host:port/tail` in its three parts; an unescaped `@` belongs to the user's part."""
    authority, _, tail = head.partition("/")
    if "@" in tail and "@" not in authority:
        raise EndpointError(
            "the target: there is a / before the @",
            hint="write / and @ in a user name or password as %2F and %40",
        )
    userinfo, at, address = authority.rpartition("@")
    return (userinfo if at else None), address, tail


def _target_host_port(kind: str, authority: str, whole: str) -> tuple[str, int]:
    host, port = _split_host_port(authority, f"the target{_quoted(authority, whole)}")
    if host in {"", "*"}:
        raise EndpointError("the target has no host", hint=_TARGET_HINT)
    if port is None:
        return host, DEFAULT_PORTS[kind]
    if port == 0:
        raise EndpointError("the target: port 0 cannot be connected to")
    return host, port


def _split_host_port(text: str, what: str) -> tuple[str, int | None]:
    """Host (may be empty or '*') and port; an IPv6 address has brackets, which are taken off."""
    if text.startswith("["):
        literal, bracket, rest = text[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise EndpointError(f"{what}: the brackets around an IPv6 address do not match")
        return _ipv6(literal, what), _port(rest[1:], what) if rest else None
    host, colon, port = text.partition(":")
    if ":" in port:
        raise EndpointError(f"{what}: too many colons", hint="IPv6 addresses go in brackets: [::1]:10000")
    if host not in {"", "*"} and not re.fullmatch(_HOST, host):
        raise EndpointError(f"{what}: this is not a host name or an address")
    return host, _port(port, what) if colon else None


def _ipv6(literal: str, what: str) -> str:
    from ipaddress import AddressValueError, IPv6Address

    try:
        IPv6Address(literal)
    except AddressValueError:
        raise EndpointError(f"{what}: what is in the brackets is not an IPv6 address") from None
    return literal


def _port(text: str, what: str) -> int:
    if not re.fullmatch(_PORT, text) or int(text) > 65535:
        raise EndpointError(f"{what}: the port must be a number up to 65535")
    return int(text)


def _decoded(text: str, what: str) -> str:
    """Percent-decoded UTF-8 without control characters."""
    value = _decoded_bytes(text, what)
    try:
        decoded = value.decode()
    except UnicodeDecodeError:
        raise EndpointError(f"the target: {what} is not UTF-8 after percent-decoding") from None
    if _unprintable(decoded):
        raise EndpointError(f"the target: {what} contains control characters")
    return decoded


def _decoded_bytes(text: str, what: str) -> bytes:
    first, *parts = text.split("%")
    try:
        decoded = [first.encode()]
        for part in parts:
            if not re.fullmatch(r"[0-9A-Fa-f]{2}", part[:2], re.ASCII):
                raise EndpointError(
                    f"the target: a % in {what} has no two hex digits after it", hint="write % itself as %25"
                )
            decoded += [bytes.fromhex(part[:2]), part[2:].encode()]
    except UnicodeEncodeError:
        raise EndpointError(f"the target: {what} is not valid text") from None
    return b"".join(decoded)


def _userinfo(userinfo: str | None) -> tuple[str, Secret | None]:
    if userinfo is None:
        return "", None
    user, colon, password = userinfo.partition(":")
    return _decoded(user, "the user name"), _secret(password, "password") if colon else None


def _secret(text: str, what: str) -> Secret:
    value = _decoded_bytes(text, f"the {what}")
    if not value:
        raise EndpointError(f"the target: the {what} is empty", hint="leave it out, or give it by other means")
    return Secret(value)


def _tail(tail: str, whole: str) -> tuple[str, list[str]]:
    """What follows the host: a display number, or `k=v,k=v`."""
    tail = tail.rstrip("/")
    if not tail:
        return "", []
    if "=" in tail:
        return "", tail.split(",")
    display = re.fullmatch(_DISPLAY, tail)
    if not display:
        raise EndpointError(
            f"the target: a display number was expected after the host, not{_quoted(tail, whole) or ' this'}",
            hint=_TARGET_HINT,
        )
    return f":{int(display[1])}", []


def _pairs(parts: list[str]) -> tuple[dict[str, str], dict[str, Secret]]:
    options: dict[str, str] = {}
    secrets: dict[str, Secret] = {}
    for part in parts:
        key, value = _key_value(part, "the target")
        if key in options or key in secrets:
            raise EndpointError(f"the target: {key} is given twice")
        if key in SECRET_KEYS:
            secrets[key] = _secret(value, key)
        else:
            options[key] = _decoded(value, f"the value of {key}")
    return options, secrets


def _credentials(
    options: dict[str, str], secrets: dict[str, Secret], username: str, password: Secret | None
) -> tuple[str, Secret | None]:
    """Take `username=` and `password=` out of the keys; each may be given once in all."""
    if "username" in options:
        if username:
            raise EndpointError("the target: the user name is given twice")
        username = options.pop("username")
    if "password" in secrets:
        if password is not None:
            raise EndpointError("the target: the password is given twice")
        password = secrets.pop("password")
    return username, password


def _key_value(part: str, what: str) -> tuple[str, str]:
    key, equals, value = part.partition("=")
    if not equals or not re.fullmatch(_KEY, key):
        raise EndpointError(f"{what}: options are written key=value", hint="a comma within a value needs parentheses")
    return key.lower().replace("_", "-"), value


def _bind_options(parts: list[str], option: str) -> tuple[Mapping[str, tuple[str, ...]], Mapping[str, Secret]]:
    options: dict[str, tuple[str, ...]] = {}
    secrets: dict[str, Secret] = {}
    for part in parts:
        key, value = _key_value(part, option)
        if key not in SECRET_KEYS:
            options[key] = (*options.get(key, ()), value)
            continue
        if key in secrets:
            raise EndpointError(f"{option}: {key} is given twice")
        try:
            secrets[key] = Secret(value.encode())
        except UnicodeEncodeError:
            raise EndpointError(f"{option}: {key} is not valid text") from None
    return MappingProxyType(options), MappingProxyType(secrets)


def _bind_path(path: str) -> str:
    if path in {"auto", "none"}:
        return path
    if path == "noabstract":  # xpra 6: like auto, without the abstract socket that limpet never makes
        return "auto"
    if path.startswith("@"):
        raise EndpointError("--bind: abstract sockets are not used: they have no owner and no permissions")
    if not path.startswith(("/", "~/")):
        raise EndpointError("--bind needs auto, none or an absolute path", hint="e.g. --bind=/run/user/1000/my.sock")
    return _unix_path(path, "--bind")


def _bind_address(address: str, option: str) -> tuple[str, int]:
    what = f"{option}{_quoted(address, address)}"
    host, port = _split_host_port(address, what)
    if port is None:
        raise EndpointError(f"{what} has no port", hint=_BIND_HINT)
    return host or "127.0.0.1", port
