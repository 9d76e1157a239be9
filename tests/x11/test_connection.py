from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable

import pytest

from limpet.errors import DisplayUnavailable, WindowGone
from limpet.values import Secret
from limpet.x11 import connection as module
from limpet.x11.connection import RequestFailed, X11Connection, XError, display_number, socket_addresses
from limpet.x11.display import Xvfb


@pytest.mark.parametrize(("display", "number"), [(":7", 7), ("unix:12", 12), (":0.0", 0)])
def test_local_display_names(display: str, number: int) -> None:
    assert display_number(display) == number


@pytest.mark.parametrize("display", ["", "7", "host:0", ":x", ":1.1", ":-1", ":999999"])
def test_other_display_names_are_refused_with_the_form_to_use(display: str) -> None:
    with pytest.raises(DisplayUnavailable) as caught:
        display_number(display)
    assert ":N" in caught.value.hint


def test_a_display_without_server_is_unavailable() -> None:
    with pytest.raises(DisplayUnavailable, match=":59000"):
        X11Connection.open(":59000")


@pytest.mark.parametrize("cookie", [Secret(bytes(16)), Secret(b"short"), Secret(b"with : colon 16b")])
def test_a_wrong_cookie_is_refused(xvfb: Xvfb, cookie: Secret) -> None:
    with pytest.raises(DisplayUnavailable, match="refused"):
        X11Connection.open(xvfb.display, cookie=cookie)


def test_a_server_of_another_user_gets_no_cookie(monkeypatch: pytest.MonkeyPatch) -> None:
    number = 58999
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(socket_addresses(number)[0])
        stranger.listen()
        monkeypatch.setattr(os, "getuid", lambda: 4242)
        monkeypatch.setattr(module, "_PEER", _Uid(1234))
        with pytest.raises(DisplayUnavailable, match="another user"):
            X11Connection.open(f":{number}", cookie=Secret(b"secret"))
        accepted, _ = stranger.accept()
        with accepted:
            assert accepted.recv(100) == b""


class _Uid:
    """The struct of SO_PEERCRED, with another uid."""

    def __init__(self, uid: int) -> None:
        self._uid = uid
        self.size = struct.calcsize("=iII")

    def unpack(self, data: bytes) -> tuple[int, int, int]:
        pid, _, gid = struct.unpack("=iII", data)
        return pid, self._uid, gid


def test_errors_of_requests_are_typed(connect: Callable[[], X11Connection]) -> None:
    connection = connect()
    with pytest.raises(WindowGone) as gone:
        connection.reply(connection.core.GetWindowAttributes(0x123456), 0x123456)
    assert gone.value.xid == 0x123456
    with pytest.raises(RequestFailed, match="AtomError") as failed:
        connection.reply(connection.core.GetProperty(False, connection.root, 0, 0, 0, 1))
    assert failed.value.name == "AtomError"
    with pytest.raises(RequestFailed, match="ValueError"):
        connection.check(connection.core.ChangeWindowAttributesChecked(connection.root, 2048, [0xFFFFFFFF]))


def test_errors_that_nobody_waits_for_come_as_values(connect: Callable[[], X11Connection]) -> None:
    connection = connect()
    connection.core.MapWindow(0x123456)
    connection.core.ChangeWindowAttributes(connection.root, 2048, [0xFFFFFFFF])
    connection.sync()
    first, second = connection.poll(), connection.poll()
    assert first == XError("WindowError", expected=True)
    assert second == XError("ValueError", expected=False)
    assert connection.poll() is None


def test_dropped_events_are_gone(connect: Callable[[], X11Connection]) -> None:
    connection = connect()
    connection.core.MapWindow(0x123456)
    connection.sync()
    connection.drop_events()
    assert connection.poll() is None


def test_a_raw_reply_has_all_bytes(connect: Callable[[], X11Connection]) -> None:
    connection = connect()
    name = "_A_NAME_OF_SOME_LENGTH"
    atom = connection.reply(connection.core.InternAtom(False, len(name), name)).atom
    reply = connection.raw_reply(connection.core.GetAtomName(atom))
    assert bytes(reply[32 : 32 + len(name)]) == name.encode()
    with pytest.raises(RequestFailed):
        connection.raw_reply(connection.core.GetAtomName(0))


def test_a_lost_server_is_unavailable_in_every_call(connect: Callable[[], X11Connection], xvfb: Xvfb) -> None:
    connection = connect()
    xvfb.process.kill()
    xvfb.wait()
    for call in (connection.poll, connection.sync, connection.flush, connection.generate_id):
        with pytest.raises(DisplayUnavailable, match=xvfb.display):
            call()
    connection.close()
    connection.close()


def test_the_socket_is_not_inherited(connect: Callable[[], X11Connection]) -> None:
    assert not os.get_inheritable(connect().fileno())
