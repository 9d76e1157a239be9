"""One question to a server, and one answer."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from limpet.client.command import Answer, Request
from limpet.client.memory import PeerMemory
from limpet.client.quick import HELLO, ask_version
from limpet.errors import AuthenticationFailed, ConnectionFailed, DisconnectReason, ExitCode, LimpetError
from limpet.packets.control import ExitServer, ShutdownServer
from limpet.packets.display import Screenshot
from limpet.packets.requests import request_caps
from limpet.packets.schema import Packet
from limpet.values import Wire
from limpet.wire.stream import PacketWriter
from tests.client.plans import plan
from tests.client.server import FakeServer, Peer, serving
from tests.support import pki
from tests.support.net import run

CAPS: dict[str, Wire] = {
    "version": "6.5.5-r0",
    "session-name": "x",
    "nested": {"": 1, "deep": {"er": b"bytes"}},
}


def answering(peer: Peer, name: str) -> None:
    """As limpet's server and 6.x do."""
    now = time.monotonic()
    match name:
        case "screenshot":
            peer.session.answer_packet(Screenshot(width=2, height=1, encoding="png", rowstride=0, data=b"picture"), now)
        case "detach":
            peer.session.refuse(DisconnectReason.DONE, "2 clients have been disconnected")
        case "stop":
            peer.session.refuse(DisconnectReason.SERVER_SHUTDOWN)
        case "exit":
            peer.session.refuse(DisconnectReason.SERVER_EXIT)
        case "info":
            peer.session.answer({key: value for key, value in CAPS.items() if key != "version"}, now)
        case _:
            peer.session.answer(CAPS, now)
    peer.driver.flush()


def ask(server: FakeServer, name: str, *words: str, url: str = "tcp://127.0.0.1:{port}/", **arguments: Wire) -> Answer:
    planned = plan(url.format(port=server.port), *words)
    return run(Request(planned, name, PeerMemory(None), **arguments).run())


@pytest.mark.parametrize("name", ["version", "id", "info"])
def test_a_hello_is_the_answer(name: str) -> None:
    with serving(answer=answering) as server:
        caps = ask(server, name).caps
    assert caps["session-name"] == "x"


def test_arguments_go_with_the_question() -> None:
    with serving(answer=answering) as server:
        ask(server, "info", subsystems=("network",))
        assert server.peer.caps["subsystems"] == ["network"]
        assert server.peer.caps["info_request"] is True


def test_a_picture_is_the_answer() -> None:
    with serving(answer=answering) as server:
        shot = ask(server, "screenshot").screenshot
    assert shot is not None
    assert (shot.width, shot.height, bytes(shot.data)) == (2, 1, b"picture")


@pytest.mark.parametrize(
    ("name", "reason", "text"),
    [
        ("detach", "done", "2 clients have been disconnected"),
        ("stop", "server shutdown", ""),
        ("exit", "server exit", ""),
    ],
)
def test_the_end_is_the_answer(name: str, reason: str, text: str) -> None:
    with serving(answer=answering) as server:
        answer = ask(server, name)
    assert (answer.reason, answer.text) == (reason, text)


@pytest.mark.parametrize(("name", "kind"), [("stop", ShutdownServer), ("exit", ExitServer)])
def test_an_old_server_waits_for_the_packet(name: str, kind: type[Packet]) -> None:
    """xpra 3.1.3 answers with its whole hello and goes on as in a session."""

    def join(peer: Peer, _: str) -> None:
        peer._join(time.monotonic())

    def end(peer: Peer, packet: Packet) -> None:
        if isinstance(packet, kind):
            peer.disconnect(DisconnectReason.SERVER_SHUTDOWN)

    with serving(answer=join, on_packet=end) as server:
        assert ask(server, name).reason == "server shutdown"
        assert [type(packet) for packet in server.peer.packets] == [kind]


def test_with_a_password() -> None:
    url = "tcp://joe:{word}@127.0.0.1:{{port}}/"
    with serving(answer=answering, passwords=["word"]) as server:
        assert ask(server, "info", url=url.format(word="word")).caps["session-name"] == "x"
        with pytest.raises(AuthenticationFailed):
            ask(server, "info", url=url.format(word="wrong"))


def test_a_refusal_is_an_error() -> None:
    def refuse(peer: Peer, _: str) -> None:
        peer.session.refuse(DisconnectReason.PERMISSION_ERROR)
        peer.driver.flush()

    with serving(answer=refuse) as server:
        for name in ("info", "stop", "screenshot"):
            with pytest.raises(LimpetError, match="permission"):
                ask(server, name)


def test_no_answer_at_all_is_an_error() -> None:
    def shut(peer: Peer, _: str) -> None:
        peer.session.refuse(DisconnectReason.DONE)
        peer.driver.flush()

    with serving(answer=shut) as server:
        with pytest.raises(LimpetError, match="without an answer") as caught:
            ask(server, "info")
        assert caught.value.exit_code is ExitCode.REMOTE_ERROR
    with pytest.raises(ConnectionFailed):
        ask(server, "info")


def test_text_is_answered_by_the_other_spelling() -> None:
    seen: list[bytes] = []

    def text(data: bytes) -> bytes:
        seen.append(data[:2])
        return b"disconnect: what?\n"

    with serving(raw=text) as server, pytest.raises(LimpetError, match="what"):
        ask(server, "info")
    assert [head[1] & 0x10 for head in seen] == [0x10, 0]


# -- version, the quick way --------------------------------------------------------------------------------------------


def test_the_quick_question_is_the_ordinary_one() -> None:
    assert dict(HELLO) == request_caps("version", full_version_request=True)


@pytest.mark.parametrize("legacy", [False, True])
def test_the_version(legacy: bool) -> None:
    with serving(answer=answering) as server:
        target = plan(f"tcp://127.0.0.1:{server.port}/").target
        caps = ask_version(target, legacy=legacy, timeout_s=5)
    assert caps is not None
    assert caps["version"] in ("6.5.5-r0", b"6.5.5-r0")


def _hello(*items: Wire) -> bytes:
    return b"".join(bytes(part) for part in PacketWriter().write(list(items)))


@pytest.mark.parametrize(
    "answer",
    [
        None,
        b"disconnect: what?\n",
        b"P\x10\0\0\0\0\0\x05hello",
        _hello("disconnect", "version error"),
        _hello("hello"),
        _hello("hello", "no dict"),
    ],
)
def test_anything_else_is_left_to_the_whole_way(answer: bytes | None) -> None:
    with serving(raw=lambda _: answer) as server:
        target = plan(f"tcp://127.0.0.1:{server.port}/").target
        assert ask_version(target, legacy=False, timeout_s=5) is None


def test_the_version_inside_tls(tmp_path: Path) -> None:
    authority = pki.make_authority()
    authority.write(tmp_path, "ca")
    files = authority.issue().write(tmp_path, "server")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(files.cert, files.key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def serve() -> None:
            for _ in range(2):
                connection, _address = listener.accept()
                try:
                    with context.wrap_socket(connection, server_side=True) as stream:
                        stream.recv(65536)
                        stream.sendall(_hello("hello", CAPS))
                        stream.unwrap()
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve)
        thread.start()
        trusted = plan(f"ssl://127.0.0.1:{port}/", f"--ssl-ca-certs={tmp_path}/ca.crt")
        caps = ask_version(trusted.target, legacy=False, timeout_s=5, tls=trusted.tls)
        assert caps is not None
        assert caps["version"] == "6.5.5-r0"
        elsewhere = plan(
            f"ssl://127.0.0.1:{port}/", f"--ssl-ca-certs={tmp_path}/ca.crt", "--ssl-server-hostname=elsewhere.example"
        )
        assert ask_version(elsewhere.target, legacy=False, timeout_s=5, tls=elsewhere.tls) is None
        thread.join(20)


def test_silence_ends_in_time() -> None:
    with serving(raw=lambda _: b"") as server:
        target = plan(f"tcp://127.0.0.1:{server.port}/").target
        with pytest.raises(TimeoutError):
            ask_version(target, legacy=False, timeout_s=0.1)


def test_nobody_there(tmp_path: Any) -> None:
    assert ask_version(plan(f"socket:{tmp_path}/none").target, legacy=False, timeout_s=1) is None
