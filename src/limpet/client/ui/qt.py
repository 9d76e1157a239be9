"""The user interface in Qt. Importing this module costs nothing: Qt is loaded by `QtUi.run`."""

from __future__ import annotations

import importlib
import sys

from limpet.client.messages import UiCommand
from limpet.client.ui.base import CommandQueue, UiEventSink
from limpet.errors import MissingDependency

UNDISTURBED_S = 10.0
"""longer than loading it takes"""


class QtUi:
    """A `Ui` on QtGui alone. `run` must be called in the main thread, once per process.

    So that the network can connect while Qt loads, start its thread before calling `run`: commands wait.
    One remote pixel is one device pixel, whatever the scale of the desktop.
    """

    def __init__(self, events: UiEventSink, *, commands: CommandQueue | None = None) -> None:
        self._events = events
        self._commands = commands if commands is not None else CommandQueue()

    def post(self, command: UiCommand) -> bool:
        """See `Ui.post`."""
        return self._commands.put(command)

    def run(self) -> int:
        """See `Ui.run`. If there is no desktop Qt can only end the process: it does with ExitCode.NO_DISPLAY."""
        try:
            _load_shiboken()
            from limpet.client.ui.qt_app import QtRunner
        except ImportError as error:
            raise MissingDependency(
                f"the client needs Qt, which cannot be loaded: {error}",
                hint="install limpet with its 'client' extra: pip install 'limpet[client]'",
            ) from error
        return QtRunner(self._events, self._commands).run()


def _load_shiboken() -> None:
    """Load PySide6's foundation in one go.

    While it starts it walks through `sys.modules`, and aborts the process when another thread imports something at that
    moment: the network's thread does. Without forced switches of threads the walk is not interrupted.
    """
    interval = sys.getswitchinterval()
    sys.setswitchinterval(UNDISTURBED_S)
    try:
        importlib.import_module("shiboken6")
    finally:
        sys.setswitchinterval(interval)
