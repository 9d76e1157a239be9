"""The windows that the user sees, over all connections of one client."""

from __future__ import annotations

from dataclasses import field

from limpet.client.messages import WindowProperties, WindowState
from limpet.packets.window import WindowMetadata
from limpet.records import dataclass
from limpet.values import Rect, WindowId

MAX_WINDOWS = 1024


@dataclass
class WindowModel:
    """One window. `rect` is its place on the server's screen, as both sides know it."""

    window_id: WindowId
    rect: Rect
    override_redirect: bool
    metadata: WindowMetadata
    properties: WindowProperties
    resize_counter: int = 0
    visible: bool = False
    """on the screen here: not iconified, and the user interface has shown it"""
    mapped: bool = False
    """the server of this connection was told that it may draw"""
    stale: bool = False
    """of an earlier connection, and not announced again yet"""
    states: frozenset[WindowState] = field(default_factory=frozenset)
    """as the server was told last"""


@dataclass(frozen=True, slots=True)
class SessionId:
    """What tells a session from another at the same place. 6.5.5 gives no uuid."""

    uuid: str = ""
    hostname: str = ""
    display: str = ""
    start_time: int = 0

    @property
    def is_known(self) -> bool:
        """Whether there is enough to tell."""
        return bool(self.uuid or self.start_time)


class WindowBook:
    """All windows by id."""

    def __init__(self) -> None:
        self._windows: dict[WindowId, WindowModel] = {}
        self._session: SessionId | None = None

    def begin(self, session: SessionId) -> bool:
        """A connection to `session` is on. True: the windows there are may be its own."""
        kept = session.is_known and session == self._session
        self._session = session
        if kept:
            for window in self._windows.values():
                window.stale, window.mapped = True, False
        else:
            self._windows.clear()
        return kept

    def get(self, window_id: WindowId) -> WindowModel | None:
        return self._windows.get(window_id)

    def add(self, window: WindowModel) -> bool:
        """False: there are too many windows."""
        if len(self._windows) >= MAX_WINDOWS and window.window_id not in self._windows:
            return False
        self._windows[window.window_id] = window
        return True

    def remove(self, window_id: WindowId) -> WindowModel | None:
        return self._windows.pop(window_id, None)

    def stale(self) -> list[WindowModel]:
        """Windows of the last connection that this one has not announced."""
        return [window for window in self._windows.values() if window.stale]

    def __len__(self) -> int:
        return len(self._windows)
