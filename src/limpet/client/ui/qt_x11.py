"""What Qt does not do on X11: a class per window, prompt sending. Used when Qt runs on its xcb platform only.

The calls go through Qt's own connection, so that they are in order with what Qt asks of the X server.
"""

from __future__ import annotations

import ctypes

from PySide6.QtGui import QGuiApplication, QNativeInterface

_XCB_PROP_MODE_REPLACE = 0
_XCB_ATOM_WM_CLASS = 67
_XCB_ATOM_STRING = 31
_MAX_CLASS = 256


class _VoidCookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class X11Connection:
    """Qt's own connection to the X server."""

    def __init__(self, connection: int) -> None:
        self._connection = ctypes.c_void_p(connection)
        library = ctypes.CDLL("libxcb.so.1")
        self._flush = library.xcb_flush
        self._flush.restype = ctypes.c_int
        self._flush.argtypes = (ctypes.c_void_p,)
        self._change_property = library.xcb_change_property
        self._change_property.restype = _VoidCookie
        self._change_property.argtypes = (
            ctypes.c_void_p,
            ctypes.c_uint8,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_uint32,
            ctypes.c_uint8,
            ctypes.c_uint32,
            ctypes.c_char_p,
        )

    def flush(self) -> None:
        """Send what was asked for: Qt keeps changes of hints, icons and cursors back until it paints or shows."""
        self._flush(self._connection)

    def set_class(self, xid: int, instance: str, class_name: str) -> None:
        """WM_CLASS (ICCCM 4.1.2.5): two strings, each ended by a zero byte, in Latin-1."""
        texts = (text[:_MAX_CLASS].replace("\0", "") for text in (instance, class_name))
        value = b"".join(text.encode("latin-1", "replace") + b"\0" for text in texts)
        self._change_property(
            self._connection,
            _XCB_PROP_MODE_REPLACE,
            xid,
            _XCB_ATOM_WM_CLASS,
            _XCB_ATOM_STRING,
            8,
            len(value),
            value,
        )


def x11_connection(app: QGuiApplication) -> X11Connection | None:
    """The connection of this application; None if it is not on X11 or its connection cannot be shared."""
    if app.platformName() != "xcb":
        return None
    native = app.nativeInterface()
    if not isinstance(native, QNativeInterface.QX11Application):
        return None
    try:
        return X11Connection(native.connection())
    except OSError:  # a Qt with libxcb inside: windows keep the application's class, changes may wait
        return None
