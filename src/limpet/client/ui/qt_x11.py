"""What Qt does not do on X11: a class per window, prompt sending, sure repeats. Used on Qt's xcb platform only.

The calls go through Qt's own connection, so that they are in order with what Qt asks of the X server.
"""

from __future__ import annotations

import ctypes

from PySide6.QtGui import QGuiApplication

_XCB_PROP_MODE_REPLACE = 0
_XCB_ATOM_WM_CLASS = 67
_XCB_ATOM_STRING = 31
_MAX_CLASS = 256
_XKB_USE_CORE_KEYBOARD = 0x100
_XKB_DETECTABLE_AUTO_REPEAT = 1


class _Cookie(ctypes.Structure):
    _fields_ = (("sequence", ctypes.c_uint),)


class X11Connection:
    """Qt's own connection to the X server."""

    def __init__(self, connection: int) -> None:
        self._connection = ctypes.c_void_p(connection)
        library = ctypes.CDLL("libxcb.so.1")
        self._flush = library.xcb_flush
        self._flush.restype = ctypes.c_int
        self._flush.argtypes = (ctypes.c_void_p,)
        self._discard_reply = library.xcb_discard_reply
        self._discard_reply.restype = None
        self._discard_reply.argtypes = (ctypes.c_void_p, ctypes.c_uint)
        self._change_property = library.xcb_change_property
        self._change_property.restype = _Cookie
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

    def report_repeats_as_presses(self) -> None:
        """Ask for "detectable auto-repeat" (XKB protocol 10.3): a held key comes as presses without releases between.

        Else a repeat is a release and a press, which Qt takes for a repeat only if both have arrived when it looks.
        """
        library = ctypes.CDLL("libxcb-xkb.so.1")
        request = library.xcb_xkb_per_client_flags_unchecked
        request.restype = _Cookie
        request.argtypes = (ctypes.c_void_p, ctypes.c_uint16, *(ctypes.c_uint32,) * 5)
        cookie = request(
            self._connection, _XKB_USE_CORE_KEYBOARD, _XKB_DETECTABLE_AUTO_REPEAT, _XKB_DETECTABLE_AUTO_REPEAT, 0, 0, 0
        )
        self._discard_reply(self._connection, cookie.sequence)

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
    from PySide6.QtGui import QNativeInterface  # its X11 part is in Linux builds only

    native = app.nativeInterface()
    if not isinstance(native, QNativeInterface.QX11Application):
        return None
    try:
        connection = X11Connection(native.connection())
        connection.report_repeats_as_presses()
    except OSError:  # a Qt with libxcb inside: windows keep the application's class, changes may wait
        return None
    return connection
