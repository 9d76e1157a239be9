"""The commands that ask a server something, or tell it something, and end: detach, stop, exit, info, version, id ..."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from limpet.cli.registry import Invocation
from limpet.cli.report import print_warnings, printable
from limpet.cli.targets import find_target
from limpet.client.memory import PeerMemory, memory_file
from limpet.client.plan import RequestPlan, plan_connection
from limpet.config.schema import Scope
from limpet.errors import ConfigError, ExitCode, HandshakeError, LimpetError, OptionError
from limpet.values import Wire

if TYPE_CHECKING:
    from limpet.client.command import Answer

MAX_VALUE = 10_000
"""characters of one value that are shown"""
STOP_WAIT_S = 10.0
"""the server ends its programs, which may take some seconds, after it has said goodbye"""

_LIKE_TARGET = re.compile(r":[0-9]+(\.[0-9]+)?$|[a-z+-]+://", re.IGNORECASE)
_OTHER_PICTURES = frozenset({".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"})


def plan(invocation: Invocation) -> RequestPlan:
    """The request that the command line asks for; raises `ConfigError`."""
    arguments = list(invocation.arguments)
    output = _output(arguments) if invocation.command == "screenshot" else ""
    target = find_target(arguments[0] if arguments else "", invocation.environment)
    connection = plan_connection(
        invocation.options, target, invocation.environment, base=Path.cwd(), scope=Scope.REQUEST
    )
    return RequestPlan(invocation.command, connection, output)


def _output(arguments: list[str]) -> str:
    """Takes the file of a screenshot out of `arguments`; raises `OptionError` for what cannot be meant as one."""
    usage = "usage: limpet screenshot FILE.png [TARGET]"
    output = arguments.pop(0)
    if _LIKE_TARGET.match(output):
        raise OptionError("screenshot: the file comes first, then the target", hint=usage)
    if Path(output).suffix.lower() in _OTHER_PICTURES:
        raise OptionError(f"screenshot: the picture is a PNG, and {output!r} is named otherwise", hint=usage)
    return output


def run(invocation: Invocation) -> int:
    """Ask, print the answer."""
    planned = plan(invocation)
    print_warnings(planned.connection.warnings)
    memory = PeerMemory(memory_file(invocation.environment.state_home))
    general = invocation.options.general
    if planned.request == "version" and not general.debug and not general.log_file:
        caps = _quick_version(invocation, planned, memory)
        if caps is not None and (text := _version_text(caps)):
            print(printable(text))
            return ExitCode.OK
    return _ask(invocation, planned, memory)


def _quick_version(invocation: Invocation, planned: RequestPlan, memory: PeerMemory) -> Mapping[str, Any] | None:
    """Without a session, where there is no AES: None leaves everything to the whole way."""
    connection = planned.connection
    if connection.aes is not None:
        return None
    if connection.tls is not None:
        from limpet.cli.logs import set_up_logging

        set_up_logging(invocation.options.general, connection.secrets())
    from limpet.client.quick import ask_version

    target = str(connection.target)
    try:
        return ask_version(
            connection.target, legacy=memory.is_legacy(target), timeout_s=connection.timeout_s, tls=connection.tls
        )
    except TimeoutError:
        raise HandshakeError(
            f"{target} does not answer", hint="--timeout=SECONDS waits longer", exit_code=ExitCode.TIMEOUT
        ) from None


def _ask(invocation: Invocation, planned: RequestPlan, memory: PeerMemory) -> int:
    # asyncio, sessions and TLS take 0.1 s to load
    import asyncio

    from limpet.cli.logs import set_up_logging
    from limpet.client.command import Request

    set_up_logging(invocation.options.general, planned.connection.secrets())
    arguments: dict[str, Wire] = {"full_version_request": True} if planned.request == "version" else {}
    answer = asyncio.run(Request(planned.connection, planned.request, memory, **arguments).run())
    if planned.request == "screenshot":
        _save(answer, Path(planned.output))
        return ExitCode.OK
    for line in _SHOW[planned.request](answer):
        print(printable(line))
    if planned.request == "stop" and planned.connection.target.kind == "unix":
        from limpet.server.sessiondir import wait_removed

        # so that the next command finds the display number free
        wait_removed(Path(planned.connection.target.path), STOP_WAIT_S)
    return ExitCode.OK


def _version(answer: Answer) -> Iterator[str]:
    text = _version_text(answer.caps)
    if not text:
        raise LimpetError("the server does not tell its version", exit_code=ExitCode.NO_DATA)
    yield text


def _version_text(caps: Mapping[str, Any]) -> str:
    version = caps.get("version", caps.get("build.version", ""))
    if isinstance(version, Mapping):
        version = version.get("", version.get("version", ""))
    return ".".join(map(str, version)) if isinstance(version, (list, tuple)) else text_of(version)


def _table(answer: Answer) -> Iterator[str]:
    for name, value in sorted(flattened(answer.caps)):
        if name in _NOISE:
            continue
        yield f"{name}={text_of(value)[:MAX_VALUE]}"


def _done(answer: Answer) -> Iterator[str]:
    yield answer.text or answer.reason or "done"


_NOISE = frozenset(f"{group}.{key}" for group in ("cipher", "encryption") for key in ("iv", "key_salt"))
"""random bytes for this one connection, which the answer's hello has among its capabilities"""

_SHOW: Mapping[str, Callable[[Answer], Iterator[str]]] = {
    "version": _version,
    "id": _table,
    "info": _table,
    "detach": _done,
    "stop": _done,
    "exit": _done,
}


def flattened(caps: Mapping[Any, Wire], prefix: str = "") -> Iterator[tuple[str, Wire]]:
    """Nested dicts as dotted names."""
    for key, value in caps.items():
        name = text_of(key) if isinstance(key, (str, bytes)) else str(key)
        name = f"{prefix}.{name}" if prefix and name else prefix or name
        if isinstance(value, Mapping):
            yield from flattened(value, name)
        else:
            yield name, value


def text_of(value: Wire) -> str:
    """A value of the wire for people."""
    if isinstance(value, (bytes, bytearray, memoryview)):
        try:
            return bytes(value).decode()
        except UnicodeDecodeError:
            return bytes(value).decode("latin-1")
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(text_of, value))})"
    return str(value)


def _save(answer: Answer, path: Path) -> None:
    """As it came. A file of that name is replaced."""
    shot = answer.screenshot
    if shot is None or not shot.width or not shot.height:
        raise LimpetError("there is nothing to see: the session shows no windows", exit_code=ExitCode.NO_DATA)
    if shot.encoding != "png":
        raise LimpetError(
            f"the server sent the picture as {shot.encoding[:40]!r}, not as png", exit_code=ExitCode.UNSUPPORTED
        )
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(shot.data)
    except OSError as error:
        raise ConfigError(
            f"cannot write the picture to {path}: {error.strerror}", exit_code=ExitCode.IO_ERROR
        ) from error
    print(f"{printable(str(path))}: {shot.width}x{shot.height}")
