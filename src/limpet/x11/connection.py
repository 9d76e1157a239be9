"""One connection to an X server: opening with a cookie, replies and errors as typed results, events.

xcffib errors never leave this module: a vanished window is `WindowGone`, a lost server `DisplayUnavailable`, any other
refusal `RequestFailed`. Pixel data and properties are read from the reply as bytes, not as Python lists.
"""

from __future__ import annotations

import contextlib
import functools
import os
import re
import socket
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import xcffib
import xcffib.composite
import xcffib.damage
import xcffib.randr
import xcffib.shm
import xcffib.xfixes
import xcffib.xkb
import xcffib.xproto
import xcffib.xtest

from limpet.errors import DisplayError, DisplayUnavailable, WindowGone
from limpet.records import dataclass
from limpet.values import Secret, Size, Xid
from limpet.x11.atoms import Atoms
from limpet.x11.xauthority import COOKIE_NAME, read_cookie

ReplyT = TypeVar("ReplyT", bound=xcffib.Reply)
ExtensionT = TypeVar("ExtensionT", bound=xcffib.Extension)

_SOCKET_FOLDER = "/tmp/.X11-unix"  # noqa: S108 - where every X server on Linux listens (X(7), "DISPLAY NAMES")
_GONE_ERRORS = (
    xcffib.xproto.WindowError,
    xcffib.xproto.DrawableError,
    xcffib.xproto.PixmapError,
)
_REPLY_HEADER = 32
_PEER = struct.Struct("=iII")  # struct ucred: pid, uid, gid


class RequestFailed(DisplayError):
    """The X server refused a request for another reason than a vanished window."""

    def __init__(self, message: str, *, name: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class XError:
    """An error that answers a request nobody waits for; usually the race with a window that went away."""

    name: str
    expected: bool
    """True for errors that a vanished window explains."""


class _Guard:
    """What requests and their cookies use of a connection; a lost server is DisplayUnavailable in each of them."""

    def __init__(self, raw: xcffib.Connection, display: str) -> None:
        self._raw = raw
        self._display = display

    def send_request(self, flags: int, parts: object, request: object) -> int:
        with self.watching():
            return self._raw.send_request(flags, parts, request)

    def wait_for_reply(self, sequence: int) -> xcffib.Unpacker:
        with self.watching():
            return self._raw.wait_for_reply(sequence)

    def request_check(self, sequence: int) -> None:
        with self.watching():
            self._raw.request_check(sequence)

    def discard_reply(self, sequence: int) -> None:
        with self.watching():
            self._raw.discard_reply(sequence)

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Errors of requests pass."""
        try:
            yield
        except xcffib.Error:
            raise
        except xcffib.XcffibException as error:
            raise DisplayUnavailable(
                f"the connection to the X server of display {self._display} is lost: {error}"
            ) from error


class X11Connection:
    """A connection to one X server, used from one thread.

    Sockets are local: `:N`, `unix:N`. The cookie is given by the caller, or read from an Xauthority file.
    """

    def __init__(self, raw: xcffib.Connection, display: str) -> None:
        self.raw = raw
        self.display = display
        self._guard = _Guard(raw, display)
        self.core = self._guarded(raw.core)
        screen = raw.setup.roots[0]
        self.root = Xid(screen.root)
        self.root_visual = screen.root_visual
        self.root_depth = screen.root_depth
        self.black_pixel = screen.black_pixel
        self.initial_screen_size = Size(screen.width_in_pixels, screen.height_in_pixels)
        self.min_keycode = raw.setup.min_keycode
        self.max_keycode = raw.setup.max_keycode
        self._closed = False

    @classmethod
    def open(cls, display: str, *, cookie: Secret | None = None, authority: Path | None = None) -> X11Connection:
        """Connect to `display` (":7"). Raises DisplayUnavailable, with the reason and what to do."""
        number = display_number(display)
        if cookie is None and authority is not None:
            cookie = read_cookie(authority, number)
        link = _connect_socket(number, display)
        ffi, lib = xcffib.ffi, xcffib.lib
        auth = ffi.NULL
        kept: list[object] = []  # libxcb copies the cookie while connecting; the buffers must live until then
        if cookie is not None:
            name = ffi.new("char[]", COOKIE_NAME)
            data = ffi.new("char[]", cookie.reveal())
            auth = ffi.new("xcb_auth_info_t *")
            auth.namelen, auth.name = len(COOKIE_NAME), name
            auth.datalen, auth.data = len(cookie.reveal()), data
            kept += [name, data]
        pointer = lib.xcb_connect_to_fd(link.detach(), auth)
        kept.clear()
        if lib.xcb_connection_has_error(pointer):
            lib.xcb_disconnect(pointer)
            raise DisplayUnavailable(
                f"the X server of display {display} refused the connection",
                hint="the cookie does not fit, or the server is shutting down",
            )
        try:
            raw = xcffib.wrap(pointer)
        except xcffib.XcffibException as error:
            lib.xcb_disconnect(pointer)
            raise DisplayUnavailable(f"the X server of display {display} hung up: {error}") from error
        return cls(raw, display)

    # -- extensions, looked up once --

    @functools.cached_property
    def composite(self) -> xcffib.composite.compositeExtension:
        extension = self._guarded(self.raw(xcffib.composite.key))
        self.reply(extension.QueryVersion(0, 4))
        return extension

    @functools.cached_property
    def damage(self) -> xcffib.damage.damageExtension:
        extension = self._guarded(self.raw(xcffib.damage.key))
        self.reply(extension.QueryVersion(1, 1))
        return extension

    @functools.cached_property
    def xfixes(self) -> xcffib.xfixes.xfixesExtension:
        extension = self._guarded(self.raw(xcffib.xfixes.key))
        self.reply(extension.QueryVersion(5, 0))
        return extension

    @functools.cached_property
    def shm(self) -> xcffib.shm.shmExtension:
        extension = self._guarded(self.raw(xcffib.shm.key))
        self.reply(extension.QueryVersion())
        return extension

    @functools.cached_property
    def xtest(self) -> xcffib.xtest.xtestExtension:
        extension = self._guarded(self.raw(xcffib.xtest.key))
        self.reply(extension.GetVersion(2, 2))
        return extension

    @functools.cached_property
    def xkb(self) -> xcffib.xkb.xkbExtension:
        extension = self._guarded(self.raw(xcffib.xkb.key))
        self.reply(extension.UseExtension(1, 0))
        return extension

    @functools.cached_property
    def randr(self) -> xcffib.randr.randrExtension:
        extension = self._guarded(self.raw(xcffib.randr.key))
        self.reply(extension.QueryVersion(1, 5))
        return extension

    def _guarded(self, extension: ExtensionT) -> ExtensionT:
        extension.conn = self._guard
        return extension

    @functools.cached_property
    def atoms(self) -> Atoms:
        return Atoms(self._intern, self._atom_name)

    # -- requests --

    def reply(self, cookie: xcffib.Cookie[ReplyT], xid: int = 0) -> ReplyT:
        """Wait for the reply. `xid` names the window in WindowGone."""
        try:
            return cookie.reply()
        except xcffib.Error as error:
            raise _translated(error, xid) from error

    def raw_reply(self, cookie: xcffib.Cookie[ReplyT], xid: int = 0) -> memoryview:
        """Wait for the reply and give its bytes (32 of header first) without parsing them into lists."""
        try:
            unpacker = self._guard.wait_for_reply(cookie.sequence)
        except xcffib.Error as error:
            raise _translated(error, xid) from error
        return memoryview(xcffib.ffi.buffer(unpacker.cdata, unpacker.known_max))

    def check(self, cookie: xcffib.VoidCookie, xid: int = 0) -> None:
        """Wait until a checked request without reply is done; raises as `reply` does."""
        try:
            cookie.check()
        except xcffib.Error as error:
            raise _translated(error, xid) from error

    def sync(self) -> None:
        """Wait until the server has carried out all that was asked so far."""
        self.reply(self.core.GetInputFocus())

    def flush(self) -> None:
        with self._guard.watching():
            self.raw.flush()

    def generate_id(self) -> int:
        with self._guard.watching():
            return self.raw.generate_id()

    # -- events --

    def fileno(self) -> int:
        return self.raw.get_file_descriptor()

    def poll(self) -> xcffib.Event | XError | None:
        """The next event or asynchronous error; None when nothing is waiting. Raises DisplayUnavailable."""
        try:
            with self._guard.watching():
                return self.raw.poll_for_event()
        except xcffib.Error as error:
            return XError(type(error).__name__, _is_expected(error))

    def drop_events(self) -> None:
        """Throw away what arrived; for a connection that only asks. Changes of the keyboard are sent to everybody."""
        while self.poll() is not None:
            pass

    def close(self) -> None:
        """Close the connection; the server frees all that was made on it. Safe to call twice."""
        if not self._closed:
            self._closed = True
            self.raw.disconnect()

    def _intern(self, names: tuple[str, ...]) -> tuple[int, ...]:
        cookies = [self.core.InternAtom(False, len(name), name) for name in names]
        return tuple(self.reply(cookie).atom for cookie in cookies)

    def _atom_name(self, atom: int) -> str | None:
        try:
            reply = self.raw_reply(self.core.GetAtomName(atom))
        except RequestFailed:
            return None  # not an atom: the property held garbage
        length = int.from_bytes(reply[8:10], "little")
        return bytes(reply[_REPLY_HEADER : _REPLY_HEADER + length]).decode("latin-1")


def display_number(display: str) -> int:
    """The N of ":N", ":N.S" or "unix:N". Raises DisplayUnavailable for a display that is not local."""
    match = re.fullmatch(r"(?:unix)?:([0-9]{1,5})(?:\.0)?", display)
    if match is None:
        raise DisplayUnavailable(f"not a local display name: {display!r}", hint="write it as :N, for example :7")
    return int(match.group(1))


def socket_path(number: int) -> Path:
    """The unix socket on which display `number` listens."""
    return Path(_SOCKET_FOLDER, f"X{number}")


def socket_addresses(number: int) -> tuple[str, str]:
    """Where display `number` listens, in the order that every X client tries: abstract, then the file."""
    path = str(socket_path(number))
    return "\0" + path, path


def _connect_socket(number: int, display: str) -> socket.socket:
    failure: OSError | None = None
    for address in socket_addresses(number):
        link = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            link.connect(address)
            _refuse_stranger(link, display)
        except OSError as error:
            link.close()
            failure = error
        except DisplayUnavailable:
            link.close()
            raise
        else:
            return link
    reason = failure.strerror if failure is not None else ""
    raise DisplayUnavailable(
        f"no X server answers on display {display}: {reason}", hint="is the session still running?"
    ) from failure


def _refuse_stranger(link: socket.socket, display: str) -> None:
    """The cookie goes only to a server of ours or of root: anybody may listen on a free display number."""
    _, uid, _ = _PEER.unpack(link.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _PEER.size))
    if uid not in (0, os.getuid()):
        raise DisplayUnavailable(f"display {display} belongs to another user (uid {uid})")


def is_input_only(attributes: xcffib.xproto.GetWindowAttributesReply) -> bool:
    """Whether a window has no pixels."""
    return attributes._class == xcffib.xproto.WindowClass.InputOnly  # noqa: SLF001 - xcffib names it so


def _translated(error: xcffib.Error, xid: int) -> DisplayError:
    if _is_gone(error):
        return WindowGone(xid)
    name = type(error).__name__
    return RequestFailed(f"the X server refused a request: {name}", name=name)


def _is_gone(error: xcffib.Error) -> bool:
    return isinstance(error, _GONE_ERRORS)


def _is_expected(error: xcffib.Error) -> bool:
    """Match, Value, Access and Damage errors follow too when a window vanishes or is unmapped under a request."""
    also = (xcffib.xproto.MatchError, xcffib.damage.BadDamageError, xcffib.xproto.IDChoiceError)
    return _is_gone(error) or isinstance(error, also)
