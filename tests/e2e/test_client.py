"""The desktop client as its user meets it: windows on a screen, in limpet's own session."""

from __future__ import annotations

from pathlib import Path

import pytest

from limpet.errors import ExitCode
from tests.support import pki
from tests.support.processes import until
from tests.support.relay import relay
from tests.support.rig import XTERM_TITLE, Limpet, Rig

LIMPET = Limpet()
WAYS = ("aes", "ssl")


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("certificates")
    authority = pki.make_authority()
    authority.write(folder, "ca")
    authority.issue().write(folder, "server")
    return folder


@pytest.fixture
def ways(rig: Rig, certificates: Path) -> dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]]:
    """By name: options of the server, transport, options of the client."""
    key = rig.folder / "key.txt"
    key.touch(mode=0o600)
    key.write_text("0123456789abcdef-limpet")
    aes = ("--tcp-encryption=AES", "--tcp-encryption-keyfile=key.txt")
    port = rig.port()
    return {
        "aes": ((f"--bind-tcp=127.0.0.1:{port}", *aes), "tcp", aes),
        "ssl": (
            (f"--bind-ssl=127.0.0.1:{port}", f"--ssl-cert={certificates / 'server.pem'}"),
            "ssl",
            (f"--ssl-ca-certs={certificates / 'ca.crt'}",),
        ),
    }


def password_options(rig: Rig) -> tuple[str, str]:
    password = rig.folder / "password.txt"
    password.touch(mode=0o600)
    password.write_text("Pa55 word!")
    return f"--bind-tcp=127.0.0.1:{rig.port()}", "--tcp-auth=file:filename=password.txt"


@pytest.mark.parametrize("way", WAYS)
def test_a_lost_link_comes_back_by_itself_with_the_same_security(
    way: str, rig: Rig, ways: dict[str, tuple[tuple[str, ...], str, tuple[str, ...]]]
) -> None:
    serve, kind, attach = ways[way]
    server = rig.server(LIMPET, *serve)
    with relay(rig.port()) as between:
        client = rig.client(LIMPET, f"{kind}:127.0.0.1:{between.port}", *attach)
        rig.use(server, client)
        between.cut()
        client.says("trying to connect again")
        until(lambda: client.output.count("limpet: attached to ") == 2, "the client is attached again")
        window = rig.pattern_window(server, client)
        rig.screen.wait_pattern(window, len(rig.keys_typed(modifiers=True)))
        rig.screen.type(window, "", "z")
        until(lambda: rig.keys_typed()[-1] == "z", "a key reaches the application again")
        rig.screen.wait_pattern(window, len(rig.keys_typed(modifiers=True)))
        rig.type_into_xterm(server, client)


def test_a_server_that_ends_is_not_looked_for_again(rig: Rig) -> None:
    server = rig.server(LIMPET, f"--bind-tcp=127.0.0.1:{rig.port()}")
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    rig.pattern_window(server, client)
    server.stop()
    assert client.ends() == 0
    assert "server shutdown" in client.output
    assert "trying to connect again" not in client.output


def test_the_password_is_asked_for_in_a_window_where_there_is_no_terminal(rig: Rig) -> None:
    server = rig.server(LIMPET, *password_options(rig))
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    dialog = rig.screen.wait_for("assword", client)
    rig.screen.type(dialog, "Pa55 word!", "Return")
    rig.use(server, client)


def test_a_wrong_password_typed_into_the_window_ends_the_client(rig: Rig) -> None:
    rig.server(LIMPET, *password_options(rig))
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    rig.screen.type(rig.screen.wait_for("assword", client), "pa55 word!", "Return")
    assert client.ends() == ExitCode.AUTHENTICATION_FAILED
    assert rig.screen.find(rig.title) is None


def test_a_password_window_that_is_closed_ends_the_client(rig: Rig) -> None:
    rig.server(LIMPET, *password_options(rig))
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    rig.screen.close_window(rig.screen.wait_for("assword", client))
    assert client.ends() == ExitCode.PASSWORD_REQUIRED


def test_closing_a_window_can_mean_to_leave(rig: Rig) -> None:
    server = rig.server(LIMPET, f"--bind-tcp=127.0.0.1:{rig.port()}")
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}", "--window-close=detach")
    rig.screen.close_window(rig.pattern_window(server, client))
    assert client.ends() == 0
    again = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    rig.screen.wait_pattern(rig.pattern_window(server, again), 0)


def test_titles_sizes_and_new_windows_follow_the_application(rig: Rig) -> None:
    server = rig.server(LIMPET, f"--bind-tcp=127.0.0.1:{rig.port()}")
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    xterm = rig.screen.wait_for(XTERM_TITLE, server, client)
    rig.screen.type(xterm, "xterm -title second -xrm '*allowWindowOps: true' &", "Return")
    second = rig.screen.wait_for("second", server, client)
    rig.screen.type(second, r"printf '\033]2;renamed\007\033[8;30;70t'", "Return")
    renamed = rig.screen.wait_for("renamed", server, client)

    def resized() -> bool:
        found = rig.screen.find("renamed")
        return found is not None and (found.width, found.height) == (second.width - 60, second.height + 78)

    until(resized, "the window has 10 columns less and 6 lines more")
    rig.screen.type(renamed, "exit", "Return")
    rig.screen.wait_gone("renamed")


def test_a_menu_opens_where_the_pointer_is_and_closes(rig: Rig) -> None:
    server = rig.server(LIMPET, f"--bind-tcp=127.0.0.1:{rig.port()}")
    client = rig.client(LIMPET, f"tcp:127.0.0.1:{rig.port()}")
    xterm = rig.screen.wait_for(XTERM_TITLE, server, client)
    rig.screen.focus(xterm)
    before = rig.screen.on_top()
    rig.screen.press(xterm, 100, 80, 1, key="ctrl")
    until(lambda: len(rig.screen.on_top()) == len(before) + 1, "the xterm's main menu is on the screen")
    rig.screen.release(1)
    until(lambda: rig.screen.on_top() == before, "the menu is gone")
