"""Between the coordinates of Qt (device independent, per screen) and those of the server (device pixels)."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QGuiApplication, QScreen, QWindow

from limpet.client.messages import ScreenInfo, ScreensChanged
from limpet.records import dataclass
from limpet.values import Rect, Size, bounding

_MM_PER_INCH = 25.4
_DEFAULT_DPI = 96


def to_px(value: float, scale: float) -> int:
    """A length of Qt in device pixels."""
    return round(value * scale)


def to_dip(value: int, scale: float) -> int:
    """The length of Qt that gives `value` device pixels, or the nearest there is; at least 1 for a positive one."""
    return value if scale == 1.0 else max(min(value, 1), round(value / scale))


def size_to_dip(size: Size, scale: float) -> QSize:
    """See `to_dip`."""
    return QSize(to_dip(size.width, scale), to_dip(size.height, scale))


def screen_px(screen: QScreen) -> Rect:
    """A screen in device pixels. Its origin is the same in both systems: that is how Qt places scaled screens."""
    area, scale = screen.geometry(), screen.devicePixelRatio()
    return Rect(area.x(), area.y(), to_px(area.width(), scale), to_px(area.height(), scale))


@dataclass(frozen=True, slots=True)
class _Monitor:
    """A screen as values: Python's object for a QScreen dies with the first window that was asked for its screen."""

    x: int
    y: int
    """origin, the same for Qt and in device pixels"""
    rect: Rect
    """device pixels"""
    scale: float


def _monitor(screen: QScreen) -> _Monitor:
    rect = screen_px(screen)
    return _Monitor(rect.x, rect.y, rect, screen.devicePixelRatio())


class Desktop:
    """All screens as one plane, its origin at the top left corner of the leftmost and topmost one."""

    def __init__(self) -> None:
        self._monitors: list[_Monitor] = []
        self._bounds = Rect(0, 0, 0, 0)
        self.refresh()

    def refresh(self) -> None:
        """Look at the screens again."""
        self._monitors = [_monitor(screen) for screen in QGuiApplication.screens()]
        self._bounds = bounding(monitor.rect for monitor in self._monitors)

    @property
    def rect(self) -> Rect:
        """The plane in server coordinates."""
        return Rect(0, 0, self._bounds.width, self._bounds.height)

    @property
    def top(self) -> int:
        """The topmost row in Qt's global coordinates."""
        return self._bounds.y

    def window_rect(self, window: QWindow) -> Rect:
        """Where a window is (without its frame), in server coordinates."""
        scale = window.devicePixelRatio()
        area = window.geometry()
        origin = window.screen().geometry().topLeft()
        return Rect(
            origin.x() + to_px(area.x() - origin.x(), scale) - self._bounds.x,
            origin.y() + to_px(area.y() - origin.y(), scale) - self._bounds.y,
            to_px(area.width(), scale),
            to_px(area.height(), scale),
        )

    def local_point(self, x: int, y: int) -> QPoint:
        """The point of Qt's global coordinates at server coordinates x, y."""
        at_x, at_y = x + self._bounds.x, y + self._bounds.y
        monitor = self._monitor_at(at_x, at_y)
        return QPoint(
            monitor.x + round((at_x - monitor.x) / monitor.scale),
            monitor.y + round((at_y - monitor.y) / monitor.scale),
        )

    def local_rect(self, rect: Rect) -> QRect:
        """The rectangle of Qt's global coordinates for one of the server's."""
        monitor = self._monitor_at(rect.x + self._bounds.x, rect.y + self._bounds.y)
        return QRect(self.local_point(rect.x, rect.y), size_to_dip(rect.size, monitor.scale))

    def _monitor_at(self, x: int, y: int) -> _Monitor:
        for monitor in self._monitors:
            if monitor.rect.x <= x < monitor.rect.right and monitor.rect.y <= y < monitor.rect.bottom:
                return monitor
        return _monitor(QGuiApplication.primaryScreen())

    def event(self) -> ScreensChanged:
        """What the network is told of the screens. The DPI is that of the first screen, by its physical size."""
        hints = QGuiApplication.styleHints()
        infos = tuple(_screen_info(screen, self._bounds) for screen in QGuiApplication.screens())
        return ScreensChanged(
            self.rect.size,
            infos,
            _dpi(infos[0]) if infos else _DEFAULT_DPI,
            double_click_ms=hints.mouseDoubleClickInterval(),
            double_click_px=hints.mouseDoubleClickDistance(),
        )


def _screen_info(screen: QScreen, bounds: Rect) -> ScreenInfo:
    rect, scale, work = screen_px(screen), screen.devicePixelRatio(), screen.availableGeometry()
    millimetres = screen.physicalSize()
    work_area = Rect(
        rect.x + to_px(work.x() - rect.x, scale),
        rect.y + to_px(work.y() - rect.y, scale),
        to_px(work.width(), scale),
        to_px(work.height(), scale),
    )
    return ScreenInfo(
        screen.name(),
        rect.translate(-bounds.x, -bounds.y),
        round(millimetres.width()),
        round(millimetres.height()),
        work_area.translate(-bounds.x, -bounds.y),
        scale,
        screen.refreshRate(),
    )


def _dpi(screen: ScreenInfo) -> int:
    """Dots per inch of a screen that says its size, within what is credible; else 96."""
    if screen.height_mm <= 0:
        return _DEFAULT_DPI
    dpi = round(screen.rect.height * _MM_PER_INCH / screen.height_mm)
    return dpi if 48 <= dpi <= 480 else _DEFAULT_DPI
