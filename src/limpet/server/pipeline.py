"""From damage to pictures, for one window of one client: what changed, when it may go, who draws it.

Damage is merged while the client is behind; nothing is queued but rectangles. Capturing and encoding happen in the
desktop's capture thread; what comes back is sent at once. The newest pixels always win.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

from limpet.errors import DisplayError, DisplayUnavailable, WindowGone
from limpet.picture.base import Picture
from limpet.picture.damage import merge
from limpet.session.flow import DrawFlow
from limpet.values import Rect
from limpet.x11.capture import Capturer

log = logging.getLogger("limpet.server.pipeline")

MAX_RECTS = 32
MAX_WRITE_BUFFERED = 4 * 1024 * 1024
RETRY_S = 0.5


class DrawSink(Protocol):
    """Sends one picture of a window; returns its size on the wire in bytes."""

    def __call__(self, rect: Rect, picture: Picture, sequence: int, remaining: int) -> int: ...


class Renderer(Protocol):
    """Captures and encodes rectangles of a window; runs in the capture thread."""

    def __call__(self, capturer: Capturer, rects: Sequence[Rect]) -> list[tuple[Rect, Picture]]: ...


class WindowPictures:
    """The pictures of one window for one client; a small state machine around `DrawFlow`."""

    def __init__(
        self,
        *,
        render: Renderer,
        in_capture_thread: Callable[
            [Callable[[Capturer], list[tuple[Rect, Picture]]]], Coroutine[Any, Any, list[tuple[Rect, Picture]]]
        ],
        draw: DrawSink,
        spawn: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float],
        write_buffered: Callable[[], int],
    ) -> None:
        self._render = render
        self._in_capture_thread = in_capture_thread
        self._draw = draw
        self._spawn = spawn
        self._clock = clock
        self._write_buffered = write_buffered
        self._damage: list[Rect] = []
        self._visible = False
        self._busy = False
        self._closed = False
        self._retry: asyncio.TimerHandle | None = None
        self.flow = DrawFlow()

    def show(self, whole: Rect) -> None:
        """The client mapped the window: everything is to be painted."""
        self._visible = True
        self._damage = [whole]
        self._kick()

    def hide(self) -> None:
        """The client unmapped it: nothing is drawn, nothing waits."""
        self._visible = False
        self._damage.clear()
        self.flow.reset()

    @property
    def visible(self) -> bool:
        return self._visible

    def damaged(self, rects: Sequence[Rect]) -> None:
        if self._visible and not self._closed:
            self._damage = merge([*self._damage, *rects], limit=MAX_RECTS)
            self._kick()

    def acknowledged(self, sequence: int, decode_time_us: int) -> None:
        self.flow.acknowledged(sequence, decode_time_us, self._clock())
        self._kick()

    def writable(self) -> None:
        """The connection takes bytes again."""
        self._kick()

    def close(self) -> None:
        self._closed = True
        self._damage.clear()
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _kick(self) -> None:
        """Send what changed if nothing holds it back; what does hold it back calls again."""
        if self._closed or self._busy or not self._visible or not self._damage:
            return
        if not self.flow.may_send(self._clock()) or self._write_buffered() > MAX_WRITE_BUFFERED:
            log.debug("held back: %i updates under way, %i bytes unsent", self.flow.waiting, self._write_buffered())
            # acknowledgements and `writable` call again; the timer is for a peer that never acknowledges
            if self._retry is None:
                self._retry = asyncio.get_running_loop().call_later(RETRY_S, self._retried)
            return
        rects, self._damage = self._damage, []
        self._busy = True
        self._spawn(self._update(rects))

    def _retried(self) -> None:
        self._retry = None
        self._kick()

    async def _update(self, rects: Sequence[Rect]) -> None:
        pictures: list[tuple[Rect, Picture]] = []
        try:
            pictures = await self._in_capture_thread(lambda capturer: self._render(capturer, rects))
        except (WindowGone, DisplayUnavailable) as error:
            # the window goes, shrank below the damage, or is not mapped in the X server: an event tells which
            log.debug("%s", error)
        except DisplayError as error:
            log.warning("%s", error)
        finally:
            self._busy = False
        if self._visible and not self._closed:
            for index, (rect, picture) in enumerate(pictures):
                sequence = self.flow.next_sequence()
                size = self._draw(rect, picture, sequence, len(pictures) - 1 - index)
                self.flow.sent(sequence, size, self._clock())
        # what was damaged meanwhile waits for nobody else, whatever became of this
        self._kick()
