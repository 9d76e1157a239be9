"""One remote window as one native window."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from PySide6.QtCore import QPointF, QSize, Qt, QTimer
from PySide6.QtGui import (
    QCloseEvent,
    QExposeEvent,
    QKeyEvent,
    QMouseEvent,
    QMoveEvent,
    QPaintEvent,
    QResizeEvent,
    QSurfaceFormat,
    QWheelEvent,
    QWindow,
)

from limpet.client.messages import (
    ButtonChanged,
    CloseRequested,
    CreateWindow,
    Direction,
    MoveResize,
    Paint,
    PointerMoved,
    Scroll,
    SizeConstraints,
    UiEvent,
    WheelMoved,
    WindowConfigured,
    WindowMapped,
    WindowProperties,
    WindowState,
    WindowType,
    WindowUnmapped,
)
from limpet.client.ui.qt_geometry import Desktop, to_dip, to_px
from limpet.client.ui.qt_keys import ModifierTracker, qt_modifier_names
from limpet.client.ui.qt_paint import Picture, icon_of
from limpet.values import Pixels, Rect, Size, WindowId

_MAX_SIZE = 16777215
"""QWINDOWSIZE_MAX: no limit"""
_MAX_TITLE = 1024
_PATIENCE_MS = 250
"""how long a window manager may take to do what the server commanded, before we say that it did not"""
_CLICK = 120
"""angle units of one click of a wheel (QWheelEvent.angleDelta)"""

_X11_TYPE_BITS = {
    kind: 1 << bit
    for bit, kind in enumerate(
        (
            WindowType.NORMAL,
            WindowType.DESKTOP,
            WindowType.DOCK,
            WindowType.TOOLBAR,
            WindowType.MENU,
            WindowType.UTILITY,
            WindowType.SPLASH,
            WindowType.DIALOG,
            WindowType.DROPDOWN_MENU,
            WindowType.POPUP_MENU,
            WindowType.TOOLTIP,
            WindowType.NOTIFICATION,
            WindowType.COMBO,
            WindowType.DND,
        )
    )
}
"""Qt's xcb platform: QXcbWindow::WindowType, read from a property of the window when it is created"""

_FLAGS = {
    WindowType.DIALOG: Qt.WindowType.Dialog,
    WindowType.UTILITY: Qt.WindowType.Tool,
    WindowType.TOOLBAR: Qt.WindowType.Tool,
    WindowType.MENU: Qt.WindowType.Tool,
    WindowType.SPLASH: Qt.WindowType.SplashScreen,
    WindowType.DOCK: Qt.WindowType.Tool | Qt.WindowType.FramelessWindowHint | Qt.WindowType.WindowStaysOnTopHint,
    WindowType.NOTIFICATION: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
    WindowType.TOOLTIP: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
    WindowType.DROPDOWN_MENU: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
    WindowType.POPUP_MENU: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
    WindowType.COMBO: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
    WindowType.DND: Qt.WindowType.ToolTip | Qt.WindowType.WindowDoesNotAcceptFocus,
}
"""Qt's kind of window; those that are not here are plain windows"""

_OVERRIDE_REDIRECT = (
    Qt.WindowType.ToolTip
    | Qt.WindowType.FramelessWindowHint
    | Qt.WindowType.BypassWindowManagerHint
    | Qt.WindowType.WindowDoesNotAcceptFocus
)
"""ToolTip, not Popup: Qt would grab the pointer for a popup and close it by its own rules"""

_STATES = (
    (WindowState.ICONIFIED, Qt.WindowState.WindowMinimized),
    (WindowState.MAXIMIZED, Qt.WindowState.WindowMaximized),
    (WindowState.FULLSCREEN, Qt.WindowState.WindowFullScreen),
)

_BUTTONS = {
    Qt.MouseButton.LeftButton: 1,
    Qt.MouseButton.MiddleButton: 2,
    Qt.MouseButton.RightButton: 3,
    Qt.MouseButton.BackButton: 8,
    Qt.MouseButton.ForwardButton: 9,
}

_EDGES = {
    Direction.TOP_LEFT: Qt.Edge.TopEdge | Qt.Edge.LeftEdge,
    Direction.TOP: Qt.Edge.TopEdge,
    Direction.TOP_RIGHT: Qt.Edge.TopEdge | Qt.Edge.RightEdge,
    Direction.RIGHT: Qt.Edge.RightEdge,
    Direction.BOTTOM_RIGHT: Qt.Edge.BottomEdge | Qt.Edge.RightEdge,
    Direction.BOTTOM: Qt.Edge.BottomEdge,
    Direction.BOTTOM_LEFT: Qt.Edge.BottomEdge | Qt.Edge.LeftEdge,
    Direction.LEFT: Qt.Edge.LeftEdge,
}


class WindowHost(Protocol):
    """What a window needs of the application."""

    desktop: Desktop
    modifiers: ModifierTracker
    turns_wheel: bool
    """Qt swaps the two directions of the wheel while alt is held; to be undone, the application decides that"""

    def emit(self, event: UiEvent) -> None: ...

    def key_event(self, window: RemoteWindow, event: QKeyEvent) -> None: ...

    def status(self) -> str | None: ...

    def transient_parent(self, window: RemoteWindow, wanted: WindowId | None) -> QWindow | None: ...

    def window_created(self, window: RemoteWindow) -> None:
        """The native window exists and is not shown yet."""

    def pressed_in(self, window: RemoteWindow) -> None:
        """The user pressed a button there: popups that name no parent belong to it."""


class RemoteWindow(QWindow):
    """Shows what the server says of one window and reports what the user does to it.

    The server's idea of place and size is `_known`: the last one reported or commanded. Only a difference from it is
    reported, so that a command is not echoed and no two sides chase each other (resize counters stop what is left).
    """

    def __init__(self, command: CreateWindow, host: WindowHost) -> None:
        super().__init__()
        self.window_id = command.window_id
        self.override_redirect = command.override_redirect
        self._host = host
        self._properties = command.properties
        self._known = command.rect
        self._resize_counter = 0
        self._mapped = False
        self._states: frozenset[WindowState] = frozenset()
        self._wheel = [0, 0]
        self._held: tuple[int, ...] = ()
        self._expected: Rect | None = None
        self._patience = QTimer(singleShot=True, interval=_PATIENCE_MS)
        self._patience.timeout.connect(self._on_patience_lost)
        if command.properties.has_alpha:
            surface = QSurfaceFormat()
            surface.setAlphaBufferSize(8)
            self.setFormat(surface)
        self._set_up(command)
        self.picture = Picture(self, has_alpha=command.properties.has_alpha)
        self.picture.resize(command.rect.width, command.rect.height)
        self.windowStateChanged.connect(self._on_state_changed)

    # -- commands -------------------------------------------------------------------------------------------------

    def _set_up(self, command: CreateWindow) -> None:
        properties = command.properties
        bits = 0
        for kind in properties.window_types[:1]:
            bits |= _X11_TYPE_BITS[kind]
        self.setProperty("_q_xcb_wm_window_type", bits)
        if properties.role:
            self.setProperty("_q_xcb_wm_window_role", properties.role[:_MAX_TITLE])
        self.setFlags(self._flags(properties))
        self.setTitle(properties.title[:_MAX_TITLE])
        self.setIcon(icon_of(command.icon))
        self._apply_parent(properties)
        area = self._host.desktop.local_rect(command.rect)
        visible = not command.rect.intersect(self._host.desktop.rect).empty
        if self.override_redirect or (command.place and visible):
            self.setGeometry(area)
            if not self.override_redirect and area.y() <= self._host.desktop.top:
                self.setFramePosition(area.topLeft())  # its title bar would be above the screen, out of reach
        else:
            self.resize(area.size())  # without a position the local window manager chooses one
        self._apply_constraints(properties.constraints)
        self.setWindowStates(_qt_states(properties.states))

    def show_first(self) -> None:
        """Make the native window and show it."""
        self.create()
        self._host.window_created(self)
        self.setVisible(True)

    def update_properties(self, properties: WindowProperties, *, states: bool) -> None:
        """Apply what differs from before; of the states, when they were told, what differs from now."""
        before = self._properties
        if not states:
            properties = replace(properties, states=before.states)
        self._properties = properties
        if properties.title != before.title:
            self.setTitle(properties.title[:_MAX_TITLE])
        if properties.constraints != before.constraints:
            self._apply_constraints(properties.constraints)
        if (properties.transient_for, properties.modal) != (before.transient_for, before.modal):
            self._apply_parent(properties)
        if self._flags(properties) != self._flags(before):
            self.setFlags(self._flags(properties))
        if states and properties.states != self._current_states():
            self.setWindowStates(_qt_states(properties.states))

    def _flags(self, properties: WindowProperties) -> Qt.WindowType:
        if self.override_redirect:
            return _OVERRIDE_REDIRECT
        kind = properties.window_types[0] if properties.window_types else WindowType.NORMAL
        # on X11 Qt names the parent of dialogs only, not of plain windows
        plain = Qt.WindowType.Window if properties.transient_for is None else Qt.WindowType.Dialog
        flags = _FLAGS.get(kind, plain)
        if not properties.decorations:
            flags |= Qt.WindowType.FramelessWindowHint
        if WindowState.ABOVE in properties.states:
            flags |= Qt.WindowType.WindowStaysOnTopHint
        if WindowState.BELOW in properties.states:
            flags |= Qt.WindowType.WindowStaysOnBottomHint
        return flags

    def _apply_parent(self, properties: WindowProperties) -> None:
        parent = self._host.transient_parent(self, properties.transient_for)
        self.setTransientParent(parent)  # type: ignore[arg-type]  # None is accepted, the stubs do not say so
        self.setModality(Qt.WindowModality.WindowModal if properties.modal else Qt.WindowModality.NonModal)

    def _apply_constraints(self, constraints: SizeConstraints) -> None:
        """WM_NORMAL_HINTS; override-redirect windows have none."""
        if self.override_redirect:
            return
        scale = self.devicePixelRatio()
        self.setMinimumSize(_limit(constraints.minimum, scale, 0))
        self.setMaximumSize(_limit(constraints.maximum, scale, _MAX_SIZE))
        increment = _limit(constraints.increment, scale, 0)
        self.setSizeIncrement(increment)
        # ICCCM 4.1.2.3: without a base size the minimum size counts
        base = constraints.base or (constraints.minimum if not increment.isEmpty() else None)
        self.setBaseSize(_limit(base, scale, 0))

    def set_icon(self, icon: Pixels | None) -> None:
        self.setIcon(icon_of(icon))

    def move_resize(self, command: MoveResize) -> None:
        """Follow the server, unless the window is maximized, fullscreen or iconified: then say what it really has."""
        rect = command.rect if command.move else Rect(self._known.x, self._known.y, *_wh(command.rect))
        self._resize_counter = command.resize_counter
        if self.windowStates() & ~Qt.WindowState.WindowActive and not self.override_redirect:
            self._known = rect
            self._expected = None
            self._report()
            return
        moved = (rect.x, rect.y) != (self._known.x, self._known.y)
        self._known = rect
        if not self._same_as_now(rect):
            self._expected = rect
            self._patience.start()
        self._fit_picture()
        area = self._host.desktop.local_rect(rect)
        if moved:
            self.setGeometry(area)
        else:
            self.resize(area.size())

    def raise_window(self) -> None:
        self.raise_()
        if not self.override_redirect:
            self.requestActivate()

    def start_move_resize(self, direction: Direction | None) -> None:
        """Let the window manager take over the drag; what it does comes back as `WindowConfigured`."""
        if direction is Direction.MOVE:
            self.startSystemMove()
        elif direction is not None:
            self.startSystemResize(_EDGES[direction])

    @property
    def properties(self) -> WindowProperties:
        """What the server said last."""
        return self._properties

    def retire(self) -> None:
        """The window goes: nothing is reported any more."""
        self._mapped = False
        self._patience.stop()
        self.picture.close()
        self.destroy()

    def paint(self, command: Paint | Scroll) -> str:
        """Change the picture (not yet the screen); "" or what is wrong with the command."""
        return self.picture.scroll(command) if isinstance(command, Scroll) else self.picture.paint(command)

    def present(self) -> bool:
        """Bring changes to the screen; False while the window cannot be seen."""
        return self.picture.present(self._host.status())

    def refresh(self) -> None:
        """Bring all of it to the screen."""
        self.picture.invalidate()
        self.present()

    # -- what happens to the native window ------------------------------------------------------------------------

    def exposeEvent(self, event: QExposeEvent) -> None:
        self._map_if_seen()

    def _map_if_seen(self) -> None:
        if self._mapped or not self.isExposed():
            return
        self._mapped = True
        self._expected = None
        self._known = self._host.desktop.window_rect(self)
        self._fit_picture()
        self._states = self._current_states()
        self._host.emit(WindowMapped(self.window_id, self._known, self._states))

    def paintEvent(self, event: QPaintEvent) -> None:
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._report()
        self._fit_picture()

    def moveEvent(self, event: QMoveEvent) -> None:
        self._report()

    def _fit_picture(self) -> None:
        """The picture holds both what can be seen and what the server paints, while these differ for a moment."""
        scale = self.devicePixelRatio()
        width, height = to_px(self.width(), scale), to_px(self.height(), scale)
        self.picture.resize(max(width, self._known.width), max(height, self._known.height))

    def _report(self) -> None:
        """Tell the server what differs from what it knows.

        Not while a command is on its way to the screen: what comes before that is the echo of an earlier one.
        """
        if not self._mapped or self.override_redirect:  # of a menu the server's place counts (session-packets 6.3)
            return
        if self._expected is not None:
            if not self._same_as_now(self._expected):
                return
            self._expected = None
            self._patience.stop()
        states = self._current_states()
        if self._same_as_now(self._known) and states == self._states:
            return
        rect = self._host.desktop.window_rect(self)
        self._known, self._states = rect, states
        self._host.emit(WindowConfigured(self.window_id, rect, self._resize_counter, states))

    def _on_patience_lost(self) -> None:
        """The window manager gave something else than was commanded."""
        self._expected = None
        self._report()
        self._fit_picture()

    def _same_as_now(self, rect: Rect) -> bool:
        """Is this the window's place, but for the rounding of a scaled desktop?"""
        now, scale = self._host.desktop.window_rect(self), self.devicePixelRatio()
        slack = 0 if scale == 1.0 else int(scale + 1)
        pairs = ((now.x, rect.x), (now.y, rect.y), (now.width, rect.width), (now.height, rect.height))
        return all(abs(one - other) <= slack for one, other in pairs)

    def _current_states(self) -> frozenset[WindowState]:
        now = self.windowStates()
        kept = self._properties.states & {WindowState.ABOVE, WindowState.BELOW}
        return kept | {state for state, flag in _STATES if now & flag}

    def _on_state_changed(self, _state: Qt.WindowState) -> None:
        states = self._current_states()
        if WindowState.ICONIFIED not in states:
            self._map_if_seen()
            self._report()
        elif self._mapped:
            self._mapped = False
            self._host.emit(WindowUnmapped(self.window_id))

    def closeEvent(self, event: QCloseEvent) -> None:
        event.ignore()
        self._host.emit(CloseRequested(self.window_id))

    # -- input ----------------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        self._host.key_event(self, event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self._host.key_event(self, event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        x, y = self._server_point(event.position())
        self._held = _button_numbers(event.buttons())
        self._host.emit(PointerMoved(self.window_id, x, y, self._modifiers(event.modifiers()), self._held))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._host.pressed_in(self)
        self._button(event, pressed=True)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self._button(event, pressed=False)

    def _button(self, event: QMouseEvent, *, pressed: bool) -> None:
        button = _BUTTONS.get(event.button())
        if button is None:
            return
        x, y = self._server_point(event.position())
        now = _button_numbers(event.buttons())
        before = tuple(sorted({*now} - {button} if pressed else {*now, button}))
        self._host.emit(
            ButtonChanged(self.window_id, button, pressed, x, y, self._modifiers(event.modifiers()), before)
        )

    def wheelEvent(self, event: QWheelEvent) -> None:
        angle = event.angleDelta()
        x, y = self._server_point(event.position())
        modifiers, held = self._modifiers(event.modifiers()), _button_numbers(event.buttons())
        sideways, upwards = angle.x(), angle.y()
        if "mod1" in modifiers and self._host.turns_wheel:
            sideways, upwards = upwards, sideways
        for axis, (delta, plus, minus) in enumerate(((sideways, 6, 7), (upwards, 4, 5))):
            self._wheel[axis] += delta
            steps = int(self._wheel[axis] / _CLICK)
            if steps:
                self._wheel[axis] -= steps * _CLICK
                button = plus if steps > 0 else minus
                self._host.emit(WheelMoved(self.window_id, button, abs(steps), x, y, modifiers, held))

    def _server_point(self, position: QPointF) -> tuple[int, int]:
        scale = self.devicePixelRatio()
        return self._known.x + int(position.x() * scale // 1), self._known.y + int(position.y() * scale // 1)

    def _modifiers(self, flags: Qt.KeyboardModifier) -> tuple[str, ...]:
        return self._host.modifiers.with_flags(qt_modifier_names(flags))


def _wh(rect: Rect) -> tuple[int, int]:
    return rect.width, rect.height


def _limit(size: Size | None, scale: float, default: int) -> QSize:
    """A size of the hints in Qt's units; `default` for a side that is not positive or beyond Qt's maximum."""
    if size is None:
        return QSize(default, default)
    width, height = (to_dip(side, scale) if 0 < side < _MAX_SIZE else default for side in (size.width, size.height))
    return QSize(width, height)


def _qt_states(states: frozenset[WindowState]) -> Qt.WindowState:
    result = Qt.WindowState.WindowNoState
    for state, flag in _STATES:
        if state in states:
            result |= flag
    return result


def _button_numbers(buttons: Qt.MouseButton) -> tuple[int, ...]:
    return tuple(number for flag, number in _BUTTONS.items() if buttons & flag)
