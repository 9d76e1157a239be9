"""The picture of one window: pixels from the network into a backing image, and from there to the screen."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtGui import (
    QBackingStore,
    QColor,
    QCursor,
    QFont,
    QIcon,
    QImage,
    QPainter,
    QPixmap,
    QRegion,
    QWindow,
)

from limpet.client.messages import CursorImage, Paint, Scroll
from limpet.client.ui.base import pixels_problem, scroll_problem
from limpet.values import PixelFormat, Pixels, Rect

_FORMATS = {
    PixelFormat.BGRX: QImage.Format.Format_RGB32,
    PixelFormat.BGRA: QImage.Format.Format_ARGB32_Premultiplied,
    PixelFormat.RGBX: QImage.Format.Format_RGBX8888,
    PixelFormat.RGBA: QImage.Format.Format_RGBA8888_Premultiplied,
    PixelFormat.RGB: QImage.Format.Format_RGB888,
    PixelFormat.BGR: QImage.Format.Format_BGR888,
}
"""Qt's name for a byte order (on little-endian machines, all that PySide6 is built for)"""

_MAX_CURSOR_PX = 256
_MAX_ICON_PX = 512

_CURSOR_SHAPES = {
    "left_ptr": Qt.CursorShape.ArrowCursor,
    "default": Qt.CursorShape.ArrowCursor,
    "xterm": Qt.CursorShape.IBeamCursor,
    "text": Qt.CursorShape.IBeamCursor,
    "watch": Qt.CursorShape.WaitCursor,
    "wait": Qt.CursorShape.WaitCursor,
    "hand2": Qt.CursorShape.PointingHandCursor,
    "pointer": Qt.CursorShape.PointingHandCursor,
    "crosshair": Qt.CursorShape.CrossCursor,
    "fleur": Qt.CursorShape.SizeAllCursor,
    "sb_h_double_arrow": Qt.CursorShape.SizeHorCursor,
    "sb_v_double_arrow": Qt.CursorShape.SizeVerCursor,
}

_STATUS_BACK = QColor(0, 0, 0, 190)
_STATUS_TEXT = QColor(255, 255, 255)
_STATUS_PADDING = 8


def image_of(pixels: Pixels) -> QImage:
    """A QImage over the very bytes of `pixels` (keep them alive). Null for a byte order that Qt does not have."""
    qt_format = _FORMATS.get(pixels.format, QImage.Format.Format_Invalid)
    if qt_format == QImage.Format.Format_Invalid:
        return QImage()
    return QImage(pixels.data, pixels.width, pixels.height, pixels.rowstride, qt_format)


def _small_image(pixels: Pixels, limit: int) -> QImage:
    """An own copy of a small picture; null if it is wrong, empty or larger than `limit` pixels in a direction."""
    if max(pixels.width, pixels.height) > limit:
        return QImage()
    if pixels_problem(pixels, Rect(0, 0, pixels.width, pixels.height)):
        return QImage()
    return image_of(pixels).copy()


def icon_of(pixels: Pixels | None) -> QIcon:
    """The icon; the empty one for None or pixels that are none."""
    image = _small_image(pixels, _MAX_ICON_PX) if pixels is not None else QImage()
    return QIcon() if image.isNull() else QIcon(QPixmap.fromImage(image))


def cursor_of(cursor: CursorImage | None, scale: float) -> QCursor:
    """The cursor, one pixel of it one device pixel; by name if it has no usable image, else the arrow."""
    if cursor is None:
        return QCursor(Qt.CursorShape.ArrowCursor)
    image = _small_image(cursor.pixels, _MAX_CURSOR_PX)
    if image.isNull():
        return QCursor(_CURSOR_SHAPES.get(cursor.name, Qt.CursorShape.ArrowCursor))
    pixmap = QPixmap.fromImage(image)
    pixmap.setDevicePixelRatio(scale)
    hot_x = min(max(cursor.hot_x, 0), image.width() - 1)
    hot_y = min(max(cursor.hot_y, 0), image.height() - 1)
    return QCursor(pixmap, round(hot_x / scale), round(hot_y / scale))


class Picture:
    """The backing image of a window and its way to the screen.

    `paint` and `scroll` change the image and remember where; `present` brings what was changed to the screen.
    The screen is written directly, not by `update()`: that would wait for Qt's idle timer of 5 ms.
    """

    def __init__(self, window: QWindow, *, has_alpha: bool) -> None:
        self._window = window
        self._store = QBackingStore(window)
        self._format = QImage.Format.Format_ARGB32_Premultiplied if has_alpha else QImage.Format.Format_RGB32
        self._has_alpha = has_alpha
        self._image = QImage()
        self._dirty = QRegion()
        self._empty = True

    @property
    def size(self) -> QSize:
        """Size of the image in device pixels."""
        return self._image.size()

    def resize(self, width: int, height: int) -> None:
        """The window has this size in device pixels; what was seen stays until new pixels come."""
        size = QSize(max(width, 1), max(height, 1))
        if size == self._image.size():
            return
        old, self._image = self._image, QImage(size, self._format)
        self._image.fill(self._margin_color(old))
        if not old.isNull():
            self._draw(old, QPoint(0, 0), old.rect())
        self._dirty = QRegion(self._image.rect())

    def _margin_color(self, old: QImage) -> QColor:
        """What fills new space until its pixels come: the colour of the old corner hides the edge best."""
        if self._has_alpha:
            return QColor(Qt.GlobalColor.transparent)
        return QColor(Qt.GlobalColor.white) if old.isNull() else old.pixelColor(old.width() - 1, old.height() - 1)

    def paint(self, command: Paint) -> str:
        """Put pixels into the image; "" or the reason why that cannot be done."""
        pixels, rect = command.pixels, command.rect
        message = pixels_problem(pixels, rect)
        if message:
            return message
        source = image_of(pixels)
        if source.isNull():
            return f"pixels in the order {pixels.format.value} cannot be shown"
        self._draw(source, QPoint(rect.x, rect.y), source.rect())
        self._changed(QRect(rect.x, rect.y, rect.width, rect.height))
        return ""

    def scroll(self, command: Scroll) -> str:
        """Move parts of the image, all read as they were before; "" or the reason why that cannot be done."""
        message = scroll_problem(command)
        if message:
            return message
        bounds = self._image.rect()
        sources = [QRect(c.rect.x, c.rect.y, c.rect.width, c.rect.height).intersected(bounds) for c in command.copies]
        area = QRect()
        for source in sources:
            area = area.united(source)
        before = self._image.copy(area)
        for copy, source in zip(command.copies, sources, strict=True):
            if source.isEmpty():
                continue
            target = source.translated(copy.dx, copy.dy)
            self._draw(before, target.topLeft(), source.translated(-area.topLeft()))
            self._changed(target)
        return ""

    def _draw(self, source: QImage, at: QPoint, part: QRect) -> None:
        painter = QPainter(self._image)
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        painter.drawImage(at, source, part)
        painter.end()

    def _changed(self, rect: QRect) -> None:
        self._dirty = self._dirty.united(rect.intersected(self._image.rect()))

    def invalidate(self) -> None:
        """Everything is to be brought to the screen again."""
        self._dirty = QRegion(self._image.rect())

    def close(self) -> None:
        """The window goes."""
        self._image = QImage()
        del self._store

    def present(self, status: str | None = None) -> bool:
        """Bring what changed to the screen, `status` over it; False if the window cannot be seen now."""
        if not self._window.isExposed() or self._image.isNull():
            return False
        scale = self._window.devicePixelRatio()
        size = self._window.size()
        region = self._dirty if scale == 1.0 else _scaled(self._dirty, scale)
        if self._store.size() != size:
            self._store.resize(size)
            region = QRegion(QRect(QPoint(0, 0), size))
        region = region.intersected(QRect(QPoint(0, 0), size))
        self._dirty = QRegion()
        if region.isEmpty():
            return True
        self._store.beginPaint(region)
        painter = QPainter(self._store.paintDevice())
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
        self._image.setDevicePixelRatio(scale)
        if region.rectCount() == 1:
            self._copy(painter, region.boundingRect(), scale)
        else:
            painter.setClipRegion(region)
            self._copy(painter, region.boundingRect(), scale)
        self._image.setDevicePixelRatio(1.0)
        if status is not None:
            painter.setClipRegion(region)
            _draw_status(painter, status, size)
        painter.end()
        self._store.endPaint()
        self._store.flush(region)
        return True

    def _copy(self, painter: QPainter, area: QRect, scale: float) -> None:
        if scale == 1.0:
            painter.drawImage(area.topLeft(), self._image, area)
        else:
            painter.setClipRect(area)
            painter.drawImage(QPoint(0, 0), self._image)


def _scaled(region: QRegion, scale: float) -> QRegion:
    """Device pixels to Qt's units, rounded outwards."""
    result = QRegion()
    for rect in region:  # type: ignore[attr-defined]
        left, top = int(rect.x() / scale), int(rect.y() / scale)
        right, bottom = -int(-(rect.x() + rect.width()) // scale), -int(-(rect.y() + rect.height()) // scale)
        result = result.united(QRect(left, top, right - left, bottom - top))
    return result


def _draw_status(painter: QPainter, text: str, size: QSize) -> None:
    """A dark band with one line of text in the middle of the window."""
    painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
    painter.setFont(QFont("sans-serif", 11))
    height = painter.fontMetrics().height() + 2 * _STATUS_PADDING
    band = QRect(0, max(0, (size.height() - height) // 2), size.width(), height)
    painter.fillRect(band, _STATUS_BACK)
    painter.setPen(_STATUS_TEXT)
    painter.drawText(band, int(Qt.AlignmentFlag.AlignCenter), text)
