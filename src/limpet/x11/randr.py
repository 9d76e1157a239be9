"""The size of the virtual screen, by RandR 1.2 requests; works on Xvfb up to the size it was started with."""

from __future__ import annotations

import xcffib.randr

from limpet.errors import DisplayError
from limpet.values import Size
from limpet.x11.connection import X11Connection

_MM_PER_INCH = 25.4
_ROTATE_0 = 1
_SMALLEST = 32


class ScreenControl:
    """On a connection of its own: what arrives there besides its answers is thrown away."""

    def __init__(self, connection: X11Connection) -> None:
        self._connection = connection

    def maximum(self) -> Size:
        """The biggest screen this server can have."""
        connection = self._connection
        reply = connection.reply(connection.randr.GetScreenSizeRange(connection.root))
        return Size(reply.max_width, reply.max_height)

    def size(self) -> Size:
        connection = self._connection
        reply = connection.reply(connection.core.GetGeometry(connection.root))
        return Size(reply.width, reply.height)

    def resize(self, wanted: Size, *, dpi: int = 96) -> Size:
        """Set the screen to `wanted`, cut to what the server can do. The size it has then.

        Raises DisplayError when the server has no output to put a mode on.
        """
        if not 20 <= dpi <= 600:
            raise DisplayError(f"{dpi} dots per inch are out of range", hint="use 20 to 600")
        most = self.maximum()
        size = Size(max(_SMALLEST, min(wanted.width, most.width)), max(_SMALLEST, min(wanted.height, most.height)))
        connection, randr, root = self._connection, self._connection.randr, self._connection.root
        resources = connection.reply(randr.GetScreenResourcesCurrent(root))
        if not resources.outputs or not resources.crtcs:
            raise DisplayError("the X server has no output whose size could be set")
        output, crtc = resources.outputs[0], resources.crtcs[0]
        mode = self._mode(resources, size)
        attached = connection.reply(randr.GetOutputInfo(output, resources.config_timestamp)).modes
        if mode not in list(attached):
            connection.check(randr.AddOutputModeChecked(output, mode))
        millimetres = [max(1, round(extent * _MM_PER_INCH / dpi)) for extent in (size.width, size.height)]
        # The screen must hold the running mode at each step: take it off first.
        connection.reply(randr.SetCrtcConfig(crtc, 0, 0, 0, 0, 0, _ROTATE_0, 0, []))
        connection.check(randr.SetScreenSizeChecked(root, size.width, size.height, *millimetres))
        connection.reply(randr.SetCrtcConfig(crtc, 0, 0, 0, 0, mode, _ROTATE_0, 1, [output]))
        connection.drop_events()
        return size

    def _mode(self, resources: xcffib.randr.GetScreenResourcesCurrentReply, size: Size) -> int:
        """A mode of that size: one of the server's, or a new one."""
        for mode in resources.modes:
            if (mode.width, mode.height) == (size.width, size.height):
                return mode.id
        name = f"{size.width}x{size.height}".encode()
        info = xcffib.randr.ModeInfo.synthetic(
            0, size.width, size.height, size.width * size.height * 60,
            size.width, size.width, size.width, 0, size.height, size.height, size.height, len(name), 0,
        )  # fmt: skip
        connection = self._connection
        return connection.reply(connection.randr.CreateMode(connection.root, info, len(name), name)).mode
