"""The Qt application: does commands, owns the windows, keeps what they share. Runs in the main thread."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from PySide6.QtCore import QMessageLogContext, QSocketNotifier, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtGui import QCursor, QGuiApplication, QKeyEvent, QScreen, QWindow

from limpet.client.messages import (
    AskPassword,
    Bell,
    CreateWindow,
    CursorImage,
    DestroyAllWindows,
    DestroyWindow,
    Exited,
    FocusChanged,
    Interrupted,
    KeyChanged,
    MoveResize,
    Paint,
    PaintDone,
    PaintResult,
    PasswordEntered,
    PointerWarp,
    Quit,
    RaiseWindow,
    RoomAvailable,
    Scroll,
    SetCursor,
    SetIcon,
    ShowStatus,
    StartMoveResize,
    UiCommand,
    UiEvent,
    UpdateMetadata,
)
from limpet.client.ui.base import MAX_WINDOWS, CommandQueue, UiEventSink, bounded_rect
from limpet.client.ui.qt_dialog import PasswordWindow
from limpet.client.ui.qt_geometry import Desktop
from limpet.client.ui.qt_keys import ModifierTracker, PressedKey, PressedKeys, facts_of, is_release, qt_modifier_names
from limpet.client.ui.qt_paint import cursor_of
from limpet.client.ui.qt_window import RemoteWindow
from limpet.client.ui.qt_x11 import x11_connection
from limpet.errors import ExitCode
from limpet.values import Secret, WindowId

logger = logging.getLogger(__name__)

_BATCH_S = 0.008
"""how long commands are done before Qt may look at input again"""
_UNIX_ARGUMENTS = ("-platformtheme", "generic")
"""Not the desktop's own theme: it costs 0.1 s and more at start and decides nothing that is shown here."""
_TURNING_PLATFORMS = frozenset({"xcb", "windows"})
_MAX_TRANSIENT_CHAIN = 32
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class QtRunner:
    """One run of the user interface; the `WindowHost` of its windows."""

    def __init__(self, events: UiEventSink, commands: CommandQueue) -> None:
        self._events = events
        self._commands = commands
        self._windows: dict[WindowId, RemoteWindow] = {}
        self._leaving: list[QWindow] = []
        self._dialogs: dict[int, PasswordWindow] = {}
        self._updated: dict[WindowId, list[tuple[PaintDone, float]]] = {}
        self._keys = PressedKeys()
        self._focus: WindowId | None = None
        self._last_pressed: WindowId | None = None
        self._status: str | None = None
        self._cursor: CursorImage | None = None
        self._quitting = False
        self._interrupts = 0
        self._app = _application()
        self._platform = self._app.platformName()
        self._x11 = x11_connection(self._app)
        self.desktop = Desktop()
        self.modifiers = ModifierTracker()
        self.turns_wheel = self._platform in _TURNING_PLATFORMS

    def run(self) -> int:
        """See `Ui.run`."""
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.setblocking(False)
        notifier = QSocketNotifier(ours.fileno(), QSocketNotifier.Type.Read)
        notifier.activated.connect(lambda *_: self._on_wake(ours, theirs))
        self._connect_application()
        with ours, theirs, _signals(theirs, self._on_signal):
            self.emit(self.desktop.event())
            self._commands.set_wake(lambda: _send(theirs))
            try:
                code = self._app.exec()
            finally:
                self._commands.set_wake(None)
                notifier.setEnabled(False)
                self._destroy_all()
        self.emit(Exited(code))
        return code

    def _connect_application(self) -> None:
        self._app.focusWindowChanged.connect(self._on_focus_window)
        self._app.screenAdded.connect(self._on_screen_added)
        self._app.screenRemoved.connect(self._on_screens_changed)
        self._app.primaryScreenChanged.connect(self._on_screens_changed)
        for screen in QGuiApplication.screens():
            self._watch_screen(screen)

    # -- WindowHost -----------------------------------------------------------------------------------------------

    def emit(self, event: UiEvent) -> None:
        self._events.put(event)

    def status(self) -> str | None:
        return self._status

    def window_created(self, window: RemoteWindow) -> None:
        if self._x11 is not None:
            instance, class_name = window.properties.class_instance
            if instance or class_name:
                self._x11.set_class(int(window.winId()), instance, class_name)

    def transient_parent(self, window: RemoteWindow, wanted: WindowId | None) -> QWindow | None:
        """The window to stay above of: the one named; for a popup that names none the one last used."""
        if wanted is None and window.override_redirect:
            wanted = self._last_pressed if self._last_pressed is not None else self._focus
        parent: QWindow | None = self._windows.get(wanted) if wanted is not None else None
        ancestor = parent
        for _ in range(_MAX_TRANSIENT_CHAIN):
            if ancestor is None:
                return parent
            if ancestor is window:
                return None
            ancestor = ancestor.transientParent()
        return None

    def pressed_in(self, window: RemoteWindow) -> None:
        self._last_pressed = window.window_id

    def key_event(self, window: RemoteWindow, event: QKeyEvent) -> None:
        if event.isAutoRepeat():
            return  # the server's keyboard repeats by itself (session-packets 6.7, sync)
        facts = facts_of(event, self._platform)
        modifiers = self.modifiers.before_key(facts)
        pressed = not is_release(event)
        key = self._keys.press(facts) if pressed else self._keys.release(facts)
        if key is not None:
            self._emit_key(window.window_id, key, modifiers, pressed=pressed)

    def _emit_key(self, window_id: WindowId, key: PressedKey, modifiers: tuple[str, ...], *, pressed: bool) -> None:
        self.modifiers.after_key(key.name, pressed=pressed)
        self.emit(KeyChanged(window_id, key.name, key.value, key.text, key.keycode, pressed, modifiers, key.group))

    # -- commands -------------------------------------------------------------------------------------------------

    def _on_wake(self, ours: socket.socket, theirs: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            ours.recv(4096)
        deadline = time.perf_counter() + _BATCH_S
        while not self._quitting:
            command = self._commands.take()
            if command is None:
                break
            self._do_safely(command)
            if self._commands.room_again():
                self.emit(RoomAvailable())
            if time.perf_counter() > deadline:
                _send(theirs)
                break
        self._present_updated()
        if self._x11 is not None:
            self._x11.flush()

    def _do_safely(self, command: UiCommand) -> None:
        """A command that fails is a bug of ours: logged, and a picture is answered all the same."""
        try:
            self._do(command)
        except Exception as error:
            logger.exception("the user interface failed on %s", type(command).__name__)
            if isinstance(command, (Paint, Scroll)):
                self.emit(replace(_answer(command, PaintResult.FAILED), message=type(error).__name__))

    def _do(self, command: UiCommand) -> None:
        match command:
            case Paint() | Scroll():
                self._paint(command)
            case CreateWindow():
                self._create(command)
            case DestroyWindow(window_id):
                self._destroy(window_id)
            case DestroyAllWindows():
                self._destroy_all()
            case SetCursor(cursor):
                self._cursor = cursor
                for window in self._windows.values():
                    window.setCursor(self._cursor_for(window))
            case ShowStatus(text):
                self._status = text
                for window in self._windows.values():
                    window.refresh()
            case AskPassword():
                self._ask_password(command)
            case Bell():
                _ring()
            case PointerWarp(_, x, y):
                QCursor.setPos(self.desktop.local_point(x, y))
            case Quit(exit_code):
                self._quitting = True
                self._app.exit(exit_code)
            case _:
                if window_found := self._windows.get(command.window_id):
                    _change(window_found, command)

    def _create(self, command: CreateWindow) -> None:
        self._destroy(command.window_id)
        if len(self._windows) >= MAX_WINDOWS:
            logger.warning("window %d is not shown: there are %d already", command.window_id, MAX_WINDOWS)
            return
        window = RemoteWindow(replace(command, rect=bounded_rect(command.rect)), self)
        self._windows[command.window_id] = window
        window.setCursor(self._cursor_for(window))
        window.show_first()

    def _cursor_for(self, window: RemoteWindow) -> QCursor:
        return cursor_of(self._cursor, window.devicePixelRatio())

    def _destroy(self, window_id: WindowId) -> None:
        self._present_updated()
        window = self._windows.pop(window_id, None)
        if window is None:
            return
        if self._last_pressed == window_id:
            self._last_pressed = None
        if self._focus == window_id:
            self._release_keys(window_id)
            self._focus = None
        window.retire()
        self._delete_soon(window)

    def _delete_soon(self, window: QWindow) -> None:
        """Let go of a window when this call has ended: one of its methods may be running (some drags loop inside)."""
        self._leaving.append(window)
        QTimer.singleShot(0, self._leaving.clear)

    def _destroy_all(self) -> None:
        for window_id in list(self._windows):
            self._destroy(window_id)

    def _paint(self, command: Paint | Scroll) -> None:
        started = time.perf_counter()
        window = self._windows.get(command.window_id)
        if window is None:
            self.emit(_answer(command, PaintResult.NO_WINDOW))
            return
        waiting = self._updated.get(command.window_id)
        if waiting and command.flush:
            self._present(command.window_id, waiting)  # an update is complete and the next begins
        message = window.paint(command)
        spent = time.perf_counter() - started
        if message:
            self.emit(replace(_answer(command, PaintResult.FAILED, spent), message=message))
            return
        answer = _answer(command, PaintResult.PAINTED if window.isExposed() else PaintResult.HIDDEN, spent)
        if command.flush:
            self.emit(answer)
        else:
            self._updated.setdefault(command.window_id, []).append((answer, spent))

    def _present_updated(self) -> None:
        for window_id, answers in list(self._updated.items()):
            self._present(window_id, answers)

    def _present(self, window_id: WindowId, answers: list[tuple[PaintDone, float]]) -> None:
        """Show what the complete updates changed, then answer them: the time on the screen counts too."""
        del self._updated[window_id]
        started = time.perf_counter()
        self._windows[window_id].present()
        shared_us = round((time.perf_counter() - started) * 1e6) // len(answers)
        for answer, _ in answers:
            self.emit(replace(answer, elapsed_us=answer.elapsed_us + shared_us))

    def _ask_password(self, command: AskPassword) -> None:
        def done(password: Secret | None) -> None:
            dialog = self._dialogs.pop(command.token, None)
            self.emit(PasswordEntered(command.token, password))
            if dialog is not None:
                self._delete_soon(dialog)

        dialog = PasswordWindow(command, done)
        self._dialogs[command.token] = dialog
        dialog.open()

    # -- what happens -------------------------------------------------------------------------------------------

    def _on_focus_window(self, window: QWindow | None) -> None:
        now = window.window_id if isinstance(window, RemoteWindow) else None
        before = self._focus
        if now == before:
            return
        if before is not None:
            self._release_keys(before)
        self._focus = now
        flags = QGuiApplication.queryKeyboardModifiers()
        self.emit(FocusChanged(now, self.modifiers.with_flags(qt_modifier_names(flags))))

    def _release_keys(self, window_id: WindowId) -> None:
        for key in self._keys.release_all():
            self._emit_key(window_id, key, (), pressed=False)
        self.modifiers.lost_focus()

    def _on_screen_added(self, screen: QScreen) -> None:
        self._watch_screen(screen)
        self._on_screens_changed()

    def _watch_screen(self, screen: QScreen) -> None:
        for changed in (screen.geometryChanged, screen.availableGeometryChanged, screen.physicalDotsPerInchChanged):
            changed.connect(self._on_screens_changed)

    def _on_screens_changed(self, *_: object) -> None:
        self.desktop.refresh()
        self.emit(self.desktop.event())

    def _on_signal(self, number: int) -> None:
        self._interrupts += 1
        if self._interrupts > 1:
            self._quitting = True
            self._app.exit(128 + number)
        else:
            self.emit(Interrupted(number))


def _change(
    window: RemoteWindow, command: UpdateMetadata | MoveResize | RaiseWindow | StartMoveResize | SetIcon
) -> None:
    match command:
        case UpdateMetadata(_, properties, states):
            window.update_properties(properties, states=states)
        case MoveResize():
            window.move_resize(replace(command, rect=bounded_rect(command.rect)))
        case RaiseWindow():
            window.raise_window()
        case StartMoveResize(_, direction):
            window.start_move_resize(direction)
        case SetIcon(_, icon):
            window.set_icon(icon)


def _answer(command: Paint | Scroll, result: PaintResult, spent_s: float = 0.0) -> PaintDone:
    size = command.rect.size if isinstance(command, Paint) else command.size
    elapsed_us = max(1, command.decode_us + round(spent_s * 1e6))
    return PaintDone(command.window_id, command.sequence, size, elapsed_us, result, token=command.token)


def _ring() -> None:
    """The desktop's bell. QtGui has none, so QtWidgets is loaded at the first one."""
    from PySide6.QtWidgets import QApplication

    QApplication.beep()


def _send(wakeup: socket.socket) -> None:
    with contextlib.suppress(BlockingIOError):  # full: awake already
        wakeup.send(b"\0")


def _application() -> QGuiApplication:
    qInstallMessageHandler(_log_qt_message)
    unix = sys.platform not in ("darwin", "win32")
    app = QGuiApplication(["limpet", *(_UNIX_ARGUMENTS if unix else ())])
    app.setApplicationName("limpet")
    app.setDesktopFileName("limpet")
    app.setQuitOnLastWindowClosed(False)
    return app


def _log_qt_message(kind: QtMsgType, _context: QMessageLogContext, message: str | None) -> None:
    text = message or ""
    if kind == QtMsgType.QtFatalMsg:
        _end_without_display(text)
    level = {QtMsgType.QtCriticalMsg: logging.ERROR, QtMsgType.QtWarningMsg: logging.WARNING}.get(kind, logging.DEBUG)
    logger.log(level, "Qt: %s", text)


def _end_without_display(text: str) -> NoReturn:
    """Qt is about to abort the process, which it does if it finds no display: say so in our own way instead."""
    lines = (
        f"limpet: error: there is no desktop to show windows on: {' '.join(text.split())[:300]}",
        "limpet: hint: run this in a graphical session, or set DISPLAY or WAYLAND_DISPLAY to one",
    )
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
    os._exit(int(ExitCode.NO_DISPLAY))


@contextlib.contextmanager
def _signals(wakeup: socket.socket, handle: Callable[[int], None]) -> Iterator[None]:
    """Take SIGINT and SIGTERM while Qt runs: Python's handlers run only if something wakes the loop of Qt."""

    def handler(number: int, _frame: FrameType | None) -> None:
        handle(number)

    before = {number: signal.signal(number, handler) for number in _SIGNALS}
    descriptor = signal.set_wakeup_fd(wakeup.fileno(), warn_on_full_buffer=False)
    try:
        yield
    finally:
        signal.set_wakeup_fd(descriptor)
        for number, old in before.items():
            signal.signal(number, old)
