"""Request modes: a client that wants one answer instead of a session (hello.md 3.7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from limpet.errors import PacketError
from limpet.packets.capfields import text_keys
from limpet.packets.fields import load_flag, load_text
from limpet.packets.schema import Effect
from limpet.records import dataclass
from limpet.values import Side, Wire


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestMode:
    """One row of the table.

    `flag`: the key that 3.1.3 looks at. `before_login`: answered to a client that has not proved anything.
    `closes`: who ends the connection after the answer, None if it stays. `extra`: keys that carry arguments.
    """

    name: str
    flag: str
    effect: Effect
    closes: Side | None
    before_login: bool = False
    extra: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """A request that a hello makes."""

    mode: RequestMode
    arguments: Mapping[str, Wire]
    """the extra keys that the hello has, with their values as they came"""


MODES = {
    mode.name: mode
    for mode in (
        RequestMode(
            name="version",
            flag="version_request",
            effect=Effect.NONE,
            closes=Side.SERVER,
            before_login=True,
            extra=("full-version-request",),
        ),
        RequestMode(
            name="connect_test",
            flag="connect_test_request",
            effect=Effect.NONE,
            closes=Side.CLIENT,
            before_login=True,
            extra=("connect_test_request",),
        ),
        # 6.x answers `id` before login; it tells names and ids of the session, so limpet asks for the login first
        RequestMode(name="id", flag="id_request", effect=Effect.INFO, closes=Side.CLIENT),
        RequestMode(
            name="info",
            flag="info_request",
            effect=Effect.INFO,
            closes=Side.CLIENT,
            extra=("subsystems", "info-namespace"),
        ),
        RequestMode(name="screenshot", flag="screenshot_request", effect=Effect.INFO, closes=Side.CLIENT),
        RequestMode(
            name="command",
            flag="command_request",
            effect=Effect.CONTROL,
            closes=Side.CLIENT,
            extra=("command_request",),
        ),
        RequestMode(name="detach", flag="detach_request", effect=Effect.CONTROL, closes=Side.SERVER),
        RequestMode(name="stop", flag="stop_request", effect=Effect.STOP, closes=Side.SERVER),
        RequestMode(name="exit", flag="exit_request", effect=Effect.STOP, closes=Side.SERVER),
    )
}

COMMAND_CLIENT: Mapping[str, Wire] = {
    "ui_client": False,
    "windows": False,
    "webcam": False,
    "keyboard": False,
    "mouse": False,
    "pointer": False,
    "network-state": False,
    "wants": (),
}
"""What a hello with a request adds, so that no session starts with it (hello.md 3.7, last line)."""


def _is_set(value: Any) -> bool:
    """Whether a legacy flag asks for its mode: true, or arguments (`command_request`, `connect_test_request`)."""
    try:
        return load_flag(value)
    except ValueError:
        return bool(value)


def requested(caps: Mapping[Any, Wire]) -> Request | None:
    """The request in a hello, None for an ordinary session. PacketError for an unknown one (traps.md 24).

    The name under `request` rules; without it the first legacy flag that is set.
    """
    named = text_keys(caps)
    name = named.get("request")
    if name in (None, "", b""):
        mode = next((mode for mode in MODES.values() if _is_set(named.get(mode.flag, False))), None)
        if mode is None:
            return None
    else:
        try:
            text = load_text(name)
        except ValueError as exc:
            raise PacketError(f"hello: request: {exc}") from None
        # xpra 3.1.3 writes some names with the suffix of the flag
        mode = MODES.get(text.removesuffix("_request")) or MODES.get(text)
        if mode is None:
            raise PacketError(f"unknown request {text[:64]!r}")
    return Request(mode, {key: named[key] for key in mode.extra if key in named})


def request_caps(name: str, **arguments: Wire) -> dict[str, Wire]:
    """Capabilities that make a request, for old and new servers alike (traps.md 23).

    `arguments` are the extra keys, with `_` for every `-` of theirs that is no legal name.
    """
    mode = MODES[name]
    caps = dict(COMMAND_CLIENT)
    caps["request"] = mode.name
    caps[mode.flag] = True
    spelled = {key.replace("-", "_"): key for key in mode.extra}
    for key, value in arguments.items():
        if key not in spelled:
            raise TypeError(f"request {name} takes no {key}")
        caps[spelled[key]] = value
    return caps
