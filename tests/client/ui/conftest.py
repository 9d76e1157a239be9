"""An X server per test session, and the user interface on it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from tests.client.ui.support import UiProcess, XView, ui_process


@pytest.fixture(scope="session")
def display() -> Iterator[str]:
    """The name of a display of our own."""
    reader, writer = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x1024x24", "-nolisten", "tcp", "-noreset"],
        pass_fds=(writer,),
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    with os.fdopen(reader) as pipe:
        number = pipe.readline().strip()
    try:
        assert number, "Xvfb did not start"
        yield f":{number}"
    finally:
        server.terminate()
        server.wait()


@pytest.fixture
def view(display: str) -> Iterator[XView]:
    view = XView(display)
    try:
        yield view
    finally:
        view.close()


@pytest.fixture
def ui(display: str) -> Iterator[UiProcess]:
    """The user interface on X11, at a scale of 1."""
    with ui_process({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}) as process:
        yield process


@pytest.fixture
def scaled_ui(display: str) -> Iterator[UiProcess]:
    """The same on a desktop with two device pixels for each of its units."""
    with ui_process({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": "2"}) as process:
        yield process


@pytest.fixture
def offscreen_ui() -> Iterator[UiProcess]:
    """The same without any display."""
    with ui_process({"QT_QPA_PLATFORM": "offscreen"}) as process:
        yield process
