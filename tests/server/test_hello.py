"""The server's own hello."""

from __future__ import annotations

import time

import pytest

from limpet.packets.capabilities import ClientHello, ServerHello
from limpet.packets.capgroups import EncodingCaps
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.server.hello import server_hello
from limpet.values import Size
from tests.server.test_requests import IDENTITY

VIEWER = ClientHello(encoding=EncodingCaps(options=("png",), core=("png",)))


def hello_for(client: ClientHello) -> ServerHello:
    return server_hello(
        IDENTITY, client, screen=Size(800, 600), maximum=Size(3840, 2160), encodings=("png", "jpeg", "rgb24")
    )


def test_who_we_are_and_how_large_the_screen_is() -> None:
    hello = hello_for(VIEWER)
    assert (hello.uuid, hello.session_name, hello.display, hello.pid) == ("abc", "work", ":7", 4711)
    assert hello.actual_desktop_size == hello.desktop_size == hello.root_window_size == Size(800, 600)
    assert hello.max_desktop_size == Size(3840, 2160)


def test_time_runs_from_the_start() -> None:
    hello = hello_for(VIEWER)
    assert hello.start_time == 1_000_000
    assert abs(hello.current_time - time.time()) < 60
    assert hello.elapsed_time == hello.current_time - hello.start_time


@pytest.mark.parametrize(("client", "windows"), [(VIEWER, True), (ClientHello(ui_client=False), False)])
def test_a_client_without_windows_has_nothing_that_belongs_to_them(client: ClientHello, windows: bool) -> None:
    hello = hello_for(client)
    assert (hello.windows, hello.keyboard, hello.pointer, hello.cursors, hello.bell) == (windows,) * 5


def test_what_limpet_does_not_have_is_off() -> None:
    hello = hello_for(VIEWER)
    assert not hello.notifications
    assert not hello.readonly
    assert not hello.sharing
    assert hello.packet_types == ()


@pytest.mark.parametrize("dialect", [FLAT_313, NESTED_65], ids=["3.1.3", "6.5"])
def test_it_comes_back_from_the_wire_as_it_went(dialect: Dialect) -> None:
    hello = hello_for(VIEWER)
    back = ServerHello.from_wire(hello.to_wire(dialect))
    assert (back.uuid, back.actual_desktop_size, back.encodings) == (hello.uuid, Size(800, 600), hello.encodings)
