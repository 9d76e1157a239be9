"""Says on the windows when the server has gone silent, before the connection counts as lost."""

from __future__ import annotations

from limpet.client.features.base import FeatureContext, PlainFeature, Timer
from limpet.client.messages import ShowStatus

LOOK_S = 2.0
SILENT_S = 12.0
"""more than two pings of either side"""


class StatusFeature(PlainFeature):
    """Any byte from the server counts as a sign of life."""

    def __init__(self, context: FeatureContext) -> None:
        super().__init__(context)
        self._timer: Timer | None = None
        self._seen = 0
        self._since = 0.0
        self._shown = False

    def start(self) -> None:
        self._since = self.context.clock()
        self._look()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        received, now = self.context.bytes_received(), self.context.clock()
        if received != self._seen:
            self._seen, self._since = received, now
        silent = now - self._since >= SILENT_S
        if silent != self._shown:
            self._shown = silent
            self.context.post(ShowStatus("The server does not respond" if silent else None))
        self._timer = self.context.call_later(LOOK_S, self._look)
