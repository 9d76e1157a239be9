"""Between Qt's coordinates and the server's; in a process of its own, since it makes the one Qt application."""

from __future__ import annotations

import subprocess
import sys

_PLACES = """
import gc, sys
from PySide6.QtGui import QGuiApplication, QWindow
from limpet.client.ui.qt_geometry import Desktop
from limpet.values import Rect

app = QGuiApplication(["test", "-platform", "offscreen"])
desktop = Desktop()
window = QWindow()
window.setGeometry(7, 8, 30, 40)
window.create()
print(desktop.window_rect(window) == Rect(7, 8, 30, 40))
del window
gc.collect()
print(desktop.local_rect(Rect(1, 2, 3, 4)).getRect() == (1, 2, 3, 4))
print(desktop.event().screens[0].rect.size == desktop.rect.size)
"""


def test_places_are_known_after_a_window_was_deleted() -> None:
    """PySide6 takes the screen of a window for its child: Python's object for it dies with the window's."""
    done = subprocess.run([sys.executable, "-c", _PLACES], capture_output=True, text=True, timeout=60, check=False)
    assert (done.stdout.split(), done.stderr) == (["True", "True", "True"], "")
