"""The small window that asks for a password; drawn with QtGui alone (QtWidgets would double the start-up time)."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import (
    QCloseEvent,
    QColor,
    QFont,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QRasterWindow,
)

from limpet.client.messages import AskPassword
from limpet.values import Secret

_WIDTH, _HEIGHT, _MARGIN = 420, 178, 18
_MAX_PASSWORD = 4096
_MAX_LINE = 200
_DOTS_SHOWN = 36

_BACK = QColor(250, 250, 250)
_TEXT = QColor(25, 25, 25)
_FAINT = QColor(110, 110, 110)
_WARNING = QColor(170, 30, 30)
_FIELD = QColor(255, 255, 255)
_FRAME = QColor(90, 130, 190)
_BUTTON = QColor(228, 232, 238)


class PasswordWindow(QRasterWindow):
    """Return or "OK" gives the password, Escape, "Cancel" or closing gives None; `done` is called exactly once.

    Nothing typed is shown but one dot per character, up to a number that does not tell the length of a long one.
    """

    def __init__(self, request: AskPassword, done: Callable[[Secret | None], None]) -> None:
        super().__init__()
        self._request = request
        self._done: Callable[[Secret | None], None] | None = done
        self._typed = ""
        self.setTitle("limpet: password")
        self.setFlags(Qt.WindowType.Dialog)
        self.resize(_WIDTH, _HEIGHT)
        self.setMinimumSize(self.size())
        self.setMaximumSize(self.size())
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self.setPosition(screen.center().x() - _WIDTH // 2, screen.center().y() - _HEIGHT // 2)
        self._ok = QRect(_WIDTH - _MARGIN - 84, _HEIGHT - _MARGIN - 30, 84, 30)
        self._cancel = self._ok.translated(-94, 0)

    def open(self) -> None:
        """Show it and take the keyboard."""
        self.show()
        self.raise_()
        self.requestActivate()

    def _finish(self, password: Secret | None) -> None:
        done, self._done, self._typed = self._done, None, ""
        if done is not None:
            self.setVisible(False)
            done(password)

    def _accept(self) -> None:
        self._finish(Secret(self._typed.encode("utf-8")))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._accept()
        elif key == Qt.Key.Key_Escape:
            self._finish(None)
        elif key == Qt.Key.Key_Backspace:
            self._type(self._typed[:-1])
        elif event.matches(QKeySequence.StandardKey.Paste):
            self._type(self._typed + _printable(QGuiApplication.clipboard().text().rstrip("\r\n")))
        elif key == Qt.Key.Key_U and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._type("")
        else:
            self._type(self._typed + _printable(event.text()))

    def _type(self, text: str) -> None:
        self._typed = text[:_MAX_PASSWORD]
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        where = event.position().toPoint()
        if self._ok.contains(where):
            self._accept()
        elif self._cancel.contains(where):
            self._finish(None)

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._finish(None)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(0, 0, self.width(), self.height(), _BACK)
        painter.setFont(QFont("sans-serif", 11))
        request = self._request
        wide = self.width() - 2 * _MARGIN
        self._line(painter, 14, request.prompt, _TEXT)
        self._line(painter, 38, request.who, _FAINT)
        if request.retry:
            self._line(painter, 60, "The last password was refused.", _WARNING)
        field = QRect(_MARGIN, 84, wide, 30)
        painter.fillRect(field, _FIELD)
        painter.setPen(_FRAME)
        painter.drawRect(field)
        painter.setPen(_TEXT)
        dots = "\N{BLACK CIRCLE}" * min(len(self._typed), _DOTS_SHOWN)
        painter.drawText(field.adjusted(8, 0, -8, 0), int(Qt.AlignmentFlag.AlignVCenter), dots)
        for area, label in ((self._cancel, "Cancel"), (self._ok, "OK")):
            painter.fillRect(area, _BUTTON)
            painter.drawText(area, int(Qt.AlignmentFlag.AlignCenter), label)
        painter.end()

    def _line(self, painter: QPainter, y: int, text: str, color: QColor) -> None:
        painter.setPen(color)
        area = QRect(_MARGIN, y, self.width() - 2 * _MARGIN, 22)
        shown = painter.fontMetrics().elidedText(
            _printable(text[:_MAX_LINE]), Qt.TextElideMode.ElideMiddle, area.width()
        )
        painter.drawText(area, int(Qt.AlignmentFlag.AlignVCenter), shown)


def _printable(text: str) -> str:
    """The text without control codes: one line, nothing that moves the cursor."""
    return "".join(char for char in text if char.isprintable())
