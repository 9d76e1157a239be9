"""The life of a session on its server: coming and going, commands, and every way it can end."""

from __future__ import annotations

import os
import re
import signal
import socket
import time
from pathlib import Path

from tests.support.processes import Running, left_running, until
from tests.support.rig import Limpet, Rig

LIMPET = Limpet()
ENDS_S = 10.0


def serve(rig: Rig, *options: str, programs: bool = True) -> tuple[Running, str]:
    """A session on plain TCP of the loopback, and its target."""
    port = rig.port()
    return rig.server(LIMPET, f"--bind-tcp=127.0.0.1:{port}", *options, programs=programs), f"tcp:127.0.0.1:{port}"


def display_of(server: Running) -> str:
    found = re.search(r"session (:\d+) is running", server.output)
    assert found is not None, server.output
    return found[1]


def x_server_of(rig: Rig) -> int:
    return next(pid for pid, command in left_running(rig.folder) if "Xvfb" in command)


def session_folders(rig: Rig) -> list[Path]:
    return [path for path in rig.folder.rglob("session-*") if path.is_dir()]


def test_windows_are_there_again_after_detach_and_attach(rig: Rig) -> None:
    server, target = serve(rig)
    first = rig.client(LIMPET, target)
    rig.use(server, first)
    done = rig.command(LIMPET, "detach", target)
    assert done.status == 0, done.err
    assert "1 client" in done.out
    assert first.ends() == 0, first.output
    rig.screen.wait_gone(rig.title)
    keys = len(rig.keys_typed(modifiers=True))
    second = rig.client(LIMPET, target)
    window = rig.pattern_window(server, second)
    rig.screen.wait_pattern(window, keys)


def test_a_killed_client_costs_the_session_nothing(rig: Rig) -> None:
    server, target = serve(rig)
    first = rig.client(LIMPET, target)
    rig.use(server, first)
    first.kill()
    second = rig.client(LIMPET, target)
    window = rig.pattern_window(server, second)
    rig.screen.wait_pattern(window, len(rig.keys_typed(modifiers=True)))


def test_a_second_client_takes_over_and_the_first_is_told(rig: Rig) -> None:
    server, target = serve(rig)
    first = rig.client(LIMPET, target)
    rig.pattern_window(server, first)
    rig.client(LIMPET, target)
    assert first.ends() == 0
    assert "new client" in first.output


def test_garbage_on_the_port_is_refused_and_others_are_served(rig: Rig) -> None:
    server, target = serve(rig)
    client = rig.client(LIMPET, target)
    window = rig.pattern_window(server, client)
    for data in (
        b"GET / HTTP/1.1\r\n\r\n",
        b"P\x10\x00\x00\x00\x00\x00\x04\xff\xff\xff\xff",
        os.urandom(70_000),
        b"\x16\x03\x01",
    ):
        with socket.create_connection(("127.0.0.1", rig.port()), timeout=15) as stranger:
            stranger.sendall(data)
            stranger.shutdown(socket.SHUT_WR)
            answer = b""
            while part := _read(stranger):
                answer += part
            assert len(answer) < 1024
    rig.screen.wait_pattern(window, 0)
    assert rig.command(LIMPET, "version", target).status == 0
    server.must_run()


def _read(stranger: socket.socket) -> bytes:
    try:
        return stranger.recv(4096)
    except ConnectionResetError:
        return b""


def test_every_command_answers_by_target_by_display_and_without_a_target(rig: Rig) -> None:
    server, target = serve(rig, "--session-name=work")
    display = display_of(server)
    until(lambda: (rig.folder / "keys.txt").exists() or "started" in server.output, "the programs are started")
    for words in ((target,), (display,), ()):
        assert rig.command(LIMPET, "version", *words).out.strip() == "6.5"
        assert f"display={display}" in rig.command(LIMPET, "id", *words).out
        info = rig.command(LIMPET, "info", *words).out
        assert f"display.name={display}" in info
        assert "session.name=work" in info
    listed = rig.command(LIMPET, "list").out
    assert display in listed
    assert "live" in listed
    until(lambda: rig.title in rig.command(LIMPET, "info", display).out, "the pattern's window is there")
    shot = rig.command(LIMPET, "screenshot", "shot.png", target)
    assert shot.status == 0, shot.err
    assert (rig.folder / "shot.png").read_bytes().startswith(b"\x89PNG")


def test_stop_ends_programs_x_server_and_files(rig: Rig) -> None:
    server, target = serve(rig)
    client = rig.client(LIMPET, target)
    rig.pattern_window(server, client)
    assert rig.command(LIMPET, "stop", target).status == 0
    assert server.ends(ENDS_S) == 0, server.output
    assert client.ends(ENDS_S) == 0, client.output
    assert left_running(rig.folder) == []
    assert session_folders(rig) == []
    assert "no sessions" in rig.command(LIMPET, "list").out


def test_exit_leaves_the_display_and_its_programs(rig: Rig) -> None:
    server, target = serve(rig)
    assert rig.command(LIMPET, "exit", target).status == 0
    assert server.ends(ENDS_S) == 0, server.output
    commands = [command for _, command in left_running(rig.folder)]
    assert any("Xvfb" in command for command in commands)
    assert any(rig.title in command for command in commands)


def test_sigterm_ends_everything_in_order(rig: Rig) -> None:
    server, target = serve(rig)
    client = rig.client(LIMPET, target)
    rig.pattern_window(server, client)
    os.kill(server.pid, signal.SIGTERM)
    assert server.ends(ENDS_S) == 0, server.output
    assert client.ends(ENDS_S) == 0, client.output
    assert "server shutdown" in client.output
    assert left_running(rig.folder) == []
    assert session_folders(rig) == []


def test_after_kill_9_the_same_command_starts_again_and_cleans_up(rig: Rig) -> None:
    server, target = serve(rig, programs=True)
    display = display_of(server)
    x_server = x_server_of(rig)
    os.kill(server.pid, signal.SIGKILL)
    server.ends()
    assert "dead" in rig.command(LIMPET, "list").out
    again = rig.run("server-again", server.command)
    again.says(LIMPET.ready)
    until(lambda: x_server not in [pid for pid, _ in left_running(rig.folder)], "the old X server is gone")
    listed = rig.command(LIMPET, "list").out
    assert "dead" not in listed
    assert listed.count("live") == 1
    assert display_of(again) in listed
    rig.pattern_window(again, rig.client(LIMPET, target))
    assert display.startswith(":")


def test_an_x_server_that_dies_ends_the_session_within_seconds_and_says_so_once(rig: Rig) -> None:
    server, target = serve(rig)
    client = rig.client(LIMPET, target)
    rig.pattern_window(server, client)
    before = time.monotonic()
    os.kill(x_server_of(rig), signal.SIGKILL)
    assert server.ends(ENDS_S) == 23, server.output
    took = time.monotonic() - before
    assert server.output.count("the X server of display") == 1, server.output
    assert took < ENDS_S
    assert session_folders(rig) == []
    assert client.ends(ENDS_S) in (0, 1, 13)


def test_exit_with_children_ends_the_session_with_the_last_of_them(rig: Rig) -> None:
    server, _ = serve(
        rig,
        "--exit-with-children",
        "--start=xterm",
        "--start-child=sh -c 'echo one >one'",
        "--start-child=sh -c 'echo two >two'",
        programs=False,
    )
    assert server.ends() == 0, server.output
    assert (rig.folder / "one").exists()
    assert (rig.folder / "two").exists()
    assert left_running(rig.folder) == []


def test_programs_get_the_variables_asked_for_and_no_credentials(rig: Rig) -> None:
    port = rig.port()
    rig.server(
        LIMPET,
        f"--bind-tcp=127.0.0.1:{port}",
        "--start=sh -c 'env >environment.new; mv environment.new environment'",
        "--env=COLOUR=blue=green",
        "--tcp-auth=env:name=MY_SECRET",
        programs=False,
        extra={"MY_SECRET": "open sesame", "XPRA_PASSWORD": "other", "LIMPET_PASSWORD": "third"},
    )
    seen = until(lambda: _text(rig.folder / "environment"), "the program wrote its environment")
    assert "COLOUR=blue=green\n" in seen
    assert "DISPLAY=:" in seen
    for secret in ("open sesame", "MY_SECRET", "XPRA_PASSWORD", "LIMPET_PASSWORD"):
        assert secret not in seen


def _text(path: Path) -> str | None:
    return path.read_text() if path.exists() else None


def test_the_background_start_returns_when_the_session_is_ready_and_its_files_are_private(rig: Rig) -> None:
    port = rig.port()
    done = rig.command(LIMPET, "start", f"--start={rig.pattern_command()}", f"--bind-tcp=127.0.0.1:{port}")
    try:
        assert done.status == 0, done.err
        assert " is running, pid " in done.out
        assert f"listening on tcp 127.0.0.1:{port}: clear; authentication: none" in done.out
        assert rig.command(LIMPET, "version", f"tcp:127.0.0.1:{port}").status == 0
        (folder,) = session_folders(rig)
        assert folder.stat().st_mode & 0o777 == 0o700
        for path in folder.iterdir():
            if path.is_file() or path.is_socket():
                assert path.stat().st_mode & 0o077 == 0, path
    finally:
        assert rig.command(LIMPET, "stop", f"tcp:127.0.0.1:{port}").status == 0
    until(lambda: not left_running(rig.folder), "everything of the session has ended")


def test_a_start_that_cannot_work_says_why_and_leaves_nothing(rig: Rig) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = rig.command(LIMPET, "start", "--start=xterm", f"--bind-tcp=127.0.0.1:{port}")
    assert done.status == 22
    assert str(port) in done.err
    until(lambda: not left_running(rig.folder), "the background process has ended")
    assert session_folders(rig) == []


def test_a_start_on_a_taken_display_leaves_nothing(rig: Rig) -> None:
    number = rig.screen.name.removeprefix(":")
    done = rig.command(LIMPET, "start", f":{number}")
    assert done.status == 21
    assert f"display :{number} is in use" in done.err
    assert session_folders(rig) == []


def test_a_log_that_cannot_be_written_is_named(rig: Rig) -> None:
    done = rig.command(LIMPET, "start", f"--log-file={rig.folder}/no/such.log")
    assert done.status == 26
    assert done.err.startswith(f"limpet: error: --log-file={rig.folder}/no/such.log: ")
    assert "Traceback" not in done.err
    assert left_running(rig.folder) == []
    assert session_folders(rig) == []


def test_a_closed_terminal_ends_the_session_in_order(rig: Rig) -> None:
    server, _ = serve(rig)
    os.kill(server.pid, signal.SIGHUP)
    assert server.ends(ENDS_S) == 0, server.output
    assert left_running(rig.folder) == []
    assert session_folders(rig) == []


def test_the_banner_is_shown_once_in_the_terminal(rig: Rig) -> None:
    server, _ = serve(rig, programs=False)
    assert server.output.count("listening on tcp") == 1


def test_programs_have_the_users_own_umask(rig: Rig) -> None:
    serve(rig, "--start=sh -c 'umask >mask.new; mv mask.new mask'", programs=False)
    seen = until(lambda: _text(rig.folder / "mask"), "the program wrote its mask")
    mine = os.umask(0o077)
    os.umask(mine)
    assert int(seen, 8) == mine


def test_stop_returns_when_the_display_is_free_again(rig: Rig) -> None:
    server, _ = serve(rig)
    display = display_of(server)
    assert rig.command(LIMPET, "stop", display).status == 0
    assert session_folders(rig) == []
    assert left_running(rig.folder) == [] or server.ends(ENDS_S) == 0


def test_a_display_left_by_exit_survives_the_next_start(rig: Rig) -> None:
    server, target = serve(rig)
    assert rig.command(LIMPET, "exit", target).status == 0
    assert server.ends(ENDS_S) == 0, server.output
    x_server = x_server_of(rig)
    other, _ = serve(rig, programs=False)
    assert x_server in [pid for pid, _ in left_running(rig.folder)]
    listed = rig.command(LIMPET, "list").out
    assert "exited" in listed
    assert display_of(other) in listed


def test_a_session_is_found_by_number_whatever_its_unix_socket(rig: Rig) -> None:
    elsewhere = rig.server(LIMPET, f"--bind={rig.folder}/elsewhere", programs=False)
    port = rig.port()
    without = rig.server(LIMPET, "--bind=none", f"--bind-tcp=127.0.0.1:{port}", programs=False)
    assert rig.command(LIMPET, "version", display_of(elsewhere)).out.strip() == "6.5"
    assert rig.command(LIMPET, "version").out.strip() == "6.5"
    refused = rig.command(LIMPET, "version", display_of(without))
    assert refused.status == 33
    assert f"tcp 127.0.0.1:{port}" in refused.err
    assert rig.command(LIMPET, "list").out.count("live") == 2
