"""The life of the user interface: start, screens, signals, passwords, full queues, end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from limpet.client.messages import (
    AskPassword,
    Bell,
    CreateWindow,
    Direction,
    Exited,
    Interrupted,
    Paint,
    PaintDone,
    PaintResult,
    Quit,
    RaiseWindow,
    ScreensChanged,
    StartMoveResize,
    WindowMapped,
)
from limpet.client.ui.base import MAX_WINDOWS
from limpet.errors import ExitCode
from limpet.values import Rect, Size, WindowId
from tests.client.ui.support import ROOT, TIMEOUT_S, UiProcess, XView, paint, pattern

ONE = WindowId(1)


def test_the_screens_are_the_first_that_is_told(display: str) -> None:
    ui = UiProcess({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"})
    try:
        event = ui.wait(ScreensChanged)
        assert ui.seen == []
        assert event.desktop == Size(1280, 1024)
        assert [screen.rect for screen in event.screens] == [Rect(0, 0, 1280, 1024)]
        assert 48 <= event.dpi <= 480
        assert event.screens[0].work_area == Rect(0, 0, 1280, 1024)
    finally:
        ui.stop()


def test_the_screen_of_a_scaled_desktop_is_told_in_device_pixels(display: str) -> None:
    ui = UiProcess({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "QT_SCALE_FACTOR": "2"})
    try:
        event = ui.wait(ScreensChanged)
        assert event.desktop == Size(1280, 1024)
        assert event.screens[0].scale == 2.0
    finally:
        ui.stop()


def test_quit_gives_its_code_and_is_the_last_that_is_done(display: str) -> None:
    ui = UiProcess({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"})
    try:
        ui.wait(ScreensChanged)
        ui.window(1, Rect(0, 0, 100, 100))
        assert ui.quit(7) == 7
    finally:
        ui.stop()


def test_an_interrupt_is_told_and_the_second_ends_it(display: str) -> None:
    ui = UiProcess({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"})
    try:
        ui.wait(ScreensChanged)
        ui.process.send_signal(signal.SIGINT)
        assert ui.wait(Interrupted).signal == signal.SIGINT
        ui.process.send_signal(signal.SIGTERM)
        assert ui.wait(Exited).exit_code == 128 + signal.SIGTERM
        assert ui.process.wait(TIMEOUT_S) == 128 + signal.SIGTERM
    finally:
        ui.stop()


@pytest.mark.parametrize("environment", [{}, {"DISPLAY": ":987654"}])
def test_without_a_desktop_it_ends_with_a_clear_message(environment: dict[str, str]) -> None:
    code = (
        "from limpet.client.ui.base import EventQueue as Q; from limpet.client.ui.qt import QtUi as U; U(Q(int)).run()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": os.environ["PATH"], "QT_QPA_PLATFORM": "xcb", **environment},
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == ExitCode.NO_DISPLAY
    assert "limpet: error: there is no desktop to show windows on" in done.stderr
    assert "limpet: hint:" in done.stderr


def test_the_module_named_by_the_client_does_not_load_qt() -> None:
    code = "import sys, limpet.client.ui.qt; sys.exit(any(name.startswith('PySide6') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, timeout=TIMEOUT_S, check=True)


def test_windows_do_without_qtwidgets(display: str) -> None:
    code = """
import sys
from limpet.client.messages import *
from limpet.client.ui.base import EventQueue
from limpet.client.ui.qt import QtUi
from limpet.values import Rect
ui = QtUi(EventQueue(int))
ui.post(CreateWindow(1, Rect(0, 0, 10, 10)))
ui.post(AskPassword('p', 'w', 1))
ui.post(Quit(3))
assert ui.run() == 3
sys.exit('PySide6.QtWidgets' in sys.modules)
"""
    environment = {"PYTHONPATH": str(ROOT / "src"), "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    subprocess.run([sys.executable, "-c", code], env=environment, timeout=TIMEOUT_S, check=True)


def test_more_pictures_than_the_queue_takes_are_all_answered(ui: UiProcess) -> None:
    """The host posts each command until it is taken, waiting for room in between."""
    ui.window(1, Rect(0, 0, 600, 500))
    picture = pattern(600, 500)
    sender = threading.Thread(
        target=lambda: ui.post(*(Paint(ONE, Rect(0, 0, 600, 500), picture, n) for n in range(1, 121)))
    )
    sender.start()
    answers = [ui.wait(PaintDone) for _ in range(120)]
    sender.join()
    assert [answer.sequence for answer in answers] == list(range(1, 121))
    assert {answer.result for answer in answers} == {PaintResult.PAINTED}


def test_commands_for_no_window_do_no_harm(ui: UiProcess) -> None:
    ui.post(RaiseWindow(ONE), StartMoveResize(ONE, Direction.MOVE), Bell())
    assert ui.settle() == []


def test_a_drag_can_be_handed_over_and_taken_back(ui: UiProcess) -> None:
    ui.window(1, Rect(0, 0, 60, 50))
    ui.post(*(StartMoveResize(ONE, direction) for direction in (*Direction, None)))
    ui.settle()


def test_the_number_of_windows_is_bounded() -> None:
    ui = UiProcess({"QT_QPA_PLATFORM": "offscreen"})
    try:
        ui.wait(ScreensChanged)
        ui.post(*(CreateWindow(WindowId(n), Rect(0, 0, 1, 1)) for n in range(1, MAX_WINDOWS + 2)))
        assert sum(isinstance(event, WindowMapped) for event in ui.settle()) == MAX_WINDOWS
        assert ui.quit(errors=f"window {MAX_WINDOWS + 1} is not shown: there are {MAX_WINDOWS} already\n") == 0
    finally:
        ui.stop()


def test_windows_work_without_x11(offscreen_ui: UiProcess) -> None:
    mapped = offscreen_ui.window(1, Rect(20, 30, 100, 50), place=True)
    assert mapped.rect == Rect(20, 30, 100, 50)
    assert offscreen_ui.paint(paint(ONE, Rect(0, 0, 10, 10), (1, 2, 3))).result is PaintResult.PAINTED


def type_text(view: XView, *keysyms: int) -> None:
    for keysym in keysyms:
        view.key(keysym, pressed=True)
        view.key(keysym, pressed=False)


RETURN, ESCAPE, BACKSPACE = 0xFF0D, 0xFF1B, 0xFF08


@pytest.fixture
def asked(ui: UiProcess, view: XView) -> UiProcess:
    ui.post(AskPassword("Password of alice:", "ssl:example.org", token=5, retry=True))
    ui.settle()
    view.focus(view.find("limpet: password"))
    ui.settle()
    return ui


def test_a_typed_password_is_given_and_its_window_goes(asked: UiProcess, view: XView) -> None:
    type_text(view, *map(ord, "sx"), BACKSPACE, *map(ord, "ecret"), RETURN)
    assert asked.wait(tuple) == (5, b"secret")
    asked.settle()
    with pytest.raises(LookupError):
        view.find("limpet: password")


def test_escape_and_closing_give_no_password(asked: UiProcess, view: XView) -> None:
    type_text(view, ord("s"), ESCAPE)
    assert asked.wait(tuple) == (5, None)
    asked.post(AskPassword("Password:", "x", token=6))
    asked.settle()
    view.ask_close(view.find("limpet: password"))
    assert asked.wait(tuple) == (6, None)


def test_the_buttons_of_the_password_window_work(asked: UiProcess, view: XView) -> None:
    type_text(view, ord("p"))
    place = view.rect(view.find("limpet: password"))
    view.pointer_to(place.right - 60, place.bottom - 30)
    for pressed in (True, False):
        view.button(1, pressed=pressed)
    assert asked.wait(tuple) == (5, b"p")


def test_a_password_is_never_drawn(asked: UiProcess, view: XView) -> None:
    xid = view.find("limpet: password")
    field = Rect(19, 85, 300, 28)
    type_text(view, ord("a"), ord("b"))
    asked.settle()
    view.wait_image(xid, field, lambda rows: len(set(rows)) > 1)
    first = view.image(xid, field)
    type_text(view, BACKSPACE, BACKSPACE, ord("c"), ord("d"))
    type_text(view, RETURN)
    asked.wait(tuple)
    asked.post(AskPassword("Password of alice:", "ssl:example.org", token=7, retry=True))
    asked.settle()
    xid = view.find("limpet: password")
    view.focus(xid)
    type_text(view, ord("x"), ord("y"))
    view.wait_image(xid, field, lambda rows: rows == first)
    type_text(view, ESCAPE)
    asked.wait(tuple)


def test_what_arrives_after_quit_is_not_done(display: str) -> None:
    ui = UiProcess({"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"})
    try:
        ui.wait(ScreensChanged)
        ui.post(Quit(0), CreateWindow(ONE, Rect(0, 0, 10, 10)))
        ui.wait(Exited)
        assert ui.seen == []
    finally:
        ui.stop()
