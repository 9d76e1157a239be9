"""What Qt does not do on X11: a class per window. Used when Qt runs on its xcb platform only.

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


class X11Properties:
    """Writes window properties over Qt's X11 connection."""

    def __init__(self, connection: int) -> None:
        self._connection = ctypes.c_void_p(connection)
        self._change_property = ctypes.CDLL("libxcb.so.1").xcb_change_property
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


def x11_properties(app: QGuiApplication) -> X11Properties | None:
    """The writer for this application; None if it is not on X11 or its connection cannot be shared."""
    if app.platformName() != "xcb":
        return None
    native = app.nativeInterface()
    if not isinstance(native, QNativeInterface.QX11Application):
        return None
    try:
        return X11Properties(native.connection())
    except OSError:  # a Qt with libxcb inside: windows keep the class of the application
        return None
