"""The server's own hello, from what it knows."""

from __future__ import annotations

from datetime import UTC, datetime

from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.records import dataclass
from limpet.values import Size


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerIdentity:
    """What stays the same over the life of a server. `start_time` in seconds since the epoch."""

    uuid: str
    hostname: str
    session_name: str
    display: str
    pid: int
    start_time: float


def server_hello(
    identity: ServerIdentity, client: ClientHello, *, screen: Size, maximum: Size, encodings: tuple[str, ...]
) -> ServerHello:
    """What a client is told when it joins. Features that limpet does not have are left out, which means off."""
    now = wall_seconds()
    windows = client.wants_windows
    return ServerHello(
        uuid=identity.uuid,
        hostname=identity.hostname,
        session_name=identity.session_name,
        session_type="limpet seamless",
        server_mode="limpet",
        platform="linux",
        pid=identity.pid,
        start_time=int(identity.start_time),
        current_time=int(now),
        elapsed_time=max(0, int(now - identity.start_time)),
        display=identity.display,
        desktop_size=screen,
        actual_desktop_size=screen,
        root_window_size=screen,
        max_desktop_size=maximum,
        resize_screen=True,
        windows=windows,
        keyboard=windows,
        pointer=windows,
        cursors=windows,
        bell=windows,
        client_shutdown=True,
        exit_server=True,
        start_new_commands=True,
        info_request=True,
        notify_startup_complete=True,
        encodings=encodings,
        encodings_core=encodings,
        encodings_with_quality=tuple(name for name in encodings if name in ("jpeg", "webp")),
        encoding="auto",
        window_states=("iconified", "fullscreen", "above", "below", "sticky", "maximized", "skip-taskbar"),
        window_resize_counter=True,
        window_raise=True,
        window_configure_skip_geometry=True,
        window_unmap=True,
    )


def wall_seconds() -> float:
    """Seconds since the epoch, for people and peers; nothing is timed with it."""
    return datetime.now(tz=UTC).timestamp()
