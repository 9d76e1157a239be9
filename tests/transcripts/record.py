"""Records conversations with stock peers through a proxy; what it writes is data for the tests beside it.

    python -m tests.transcripts.record FOLDER [NAME...]

needs the peers of tools/peers.py and takes about a minute in all. Names are those of `RECORDINGS`: server, client,
case. `stock` pairs belong in tests/vectors/captures, the others in tests/transcripts/recorded; README.md there
describes the format.
"""

from __future__ import annotations

import contextlib
import json
import select
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from limpet.auth.challenge import Offer
from limpet.packets.capabilities import ClientHello
from limpet.packets.capgroups import DisplayCaps, EncodingCaps, InputCaps, WindowCaps
from limpet.packets.draw import Draw
from limpet.packets.requests import request_caps
from limpet.packets.window import NewWindow
from limpet.packets.window_client import DrawAck, MapWindow
from limpet.session import encryption
from limpet.session.client import ClientSession
from limpet.session.encryption import AesPolicy
from limpet.session.events import Accepted, ChallengeReceived, KeysNeeded, PacketReceived, Terminated
from limpet.session.policy import ClientPolicy
from limpet.values import Secret, Size
from tests.auth.support import CLIENT_SALT, respond
from tests.session.pair import counting_entropy
from tests.support import rig as rigs
from tests.support.processes import until
from tests.support.screen import Screen, screen

KEY = "AES key for tests 0123456789"
PASSWORD = "thepassword"
XTERM = "--start=xterm -geometry 20x4"
TALK_S = 1.5
"""how long our own client stays once it has seen a picture"""


class Proxy:
    """Passes one connection on and notes what passes."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self.streams = {"c2s": bytearray(), "s2c": bytearray()}
        self.reads: list[dict[str, float | str]] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        client, _ = self._listening.accept()
        server = socket.create_connection(("127.0.0.1", self._target))
        started = time.monotonic()
        ways = {client: ("c2s", server), server: ("s2c", client)}
        while ways:
            for source in select.select(list(ways), [], [])[0]:
                name, sink = ways[source]
                data = b""
                with contextlib.suppress(ConnectionError):
                    data = source.recv(1 << 18)
                stream = self.streams[name]
                if not data:
                    del ways[source]
                    with contextlib.suppress(OSError):
                        sink.shutdown(socket.SHUT_WR)
                    continue
                self.reads.append(
                    {"t": round(time.monotonic() - started, 6), "d": name, "o": len(stream), "n": len(data)}
                )
                stream += data
                with contextlib.suppress(ConnectionError):
                    sink.sendall(data)

    def save(self, folder: Path, name: str) -> None:
        self._thread.join(10)
        self._listening.close()
        for way, data in self.streams.items():
            (folder / f"{name}-{way}.bin").write_bytes(data)
        lines = "".join(json.dumps(row) + "\n" for row in self.reads)
        (folder / f"{name}-index.jsonl").write_text(lines)
        print(f"{name}: {len(self.streams['c2s'])} and {len(self.streams['s2c'])} bytes")


@dataclass(frozen=True)
class Recording:
    """`aes`: what is given to --tcp-encryption, empty for none; `request` makes a one-shot request of our client."""

    server: str
    client: str
    aes: str = ""
    auth: bool = False
    request: str = ""
    legacy_hello: bool = True
    """our client greets 3.1.3 in its own spelling"""
    options: tuple[str, ...] = field(default=())

    def server_options(self, port: int) -> list[str]:
        # 3.1.3 knows no mode, and takes no options on its bind line
        mode = "AES" if self.server == "3.1.3" else self.aes
        options = [f"--bind-tcp=127.0.0.1:{port}", XTERM]
        if self.aes:
            options += [f"--tcp-encryption={mode}", "--tcp-encryption-keyfile=key"]
        if self.auth:
            options.append(f"--tcp-auth=password:value={PASSWORD}")
        elif self.server == "limpet" and not self.aes:
            options.append("--tcp-auth=none")
        return options

    def client_options(self) -> list[str]:
        mode = "AES" if self.client == "3.1.3" else self.aes
        # 6.5.5 takes --tcp-encryption and sends no AES
        option = "encryption" if self.client == "6.5.5" else "tcp-encryption"
        return [f"--{option}={mode}", f"--{option}-keyfile=key"] if self.aes else []


def record(recording: Recording, name: str, folder: Path, display: Screen) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="limpet-record-", dir="/tmp") as scratch,
        rigs.rig(Path(scratch), display) as rig,
    ):
        (rig.folder / "key").write_text(KEY)
        server_port = rig.port()
        rig.server(rigs.maker(recording.server), *recording.server_options(server_port), programs=False)
        proxy = Proxy(server_port)
        if recording.client == "limpet":
            OurClient(recording, proxy.port).run()
        else:
            user = f"root:{PASSWORD}@" if recording.auth else "root@" if recording.client == "6.2.5" else ""
            client = rig.client(
                rigs.maker(recording.client),
                f"tcp://{user}127.0.0.1:{proxy.port}/",
                *recording.client_options(),
                "--encoding=rgb",
            )
            window = display.wait_for(rigs.XTERM_TITLE, client)
            display.type(window, "", "x", "Return")
            until(lambda: len(proxy.reads) > 20, "some talk")
            client.stop()
            until(lambda: display.find(rigs.XTERM_TITLE) is None, "the window is gone")
        proxy.save(folder, name)


class OurClient:
    """The least that shows a window: maps what is new, acknowledges pictures, says goodbye."""

    def __init__(self, recording: Recording, port: int) -> None:
        aes = recording.aes
        mode = aes.partition("-")[2] or None
        self._session = ClientSession(
            ClientHello(
                username="root",
                uuid="limpet-recording",
                digest=("hmac+sha512", "hmac+sha256"),
                salt_digest=("hmac+sha512", "hmac+sha256"),
                display=DisplayCaps(desktop_size=Size(800, 600)),
                window=WindowCaps(windows=True),
                encoding=EncodingCaps(
                    options=("rgb24", "rgb32"),
                    core=("rgb24", "rgb32"),
                    rgb_formats=("BGRX", "BGRA", "RGB"),
                    rgb_lz4=True,
                ),
                input=InputCaps(keyboard=True, pointer=True, cursors=True),
            ),
            ClientPolicy(
                aes=AesPolicy(mode, required=True) if aes else None,
                legacy=recording.server == "3.1.3" and recording.legacy_hello,
            ),
            entropy=counting_entropy(),
            request=request_caps(recording.request) if recording.request else None,
        )
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.settimeout(0.2)
        self._leave_at = time.monotonic() + 30
        self._ended: Terminated | None = None

    def run(self) -> None:
        session = self._session
        session.start(time.monotonic())
        while self._ended is None:
            self._events()
            for part in session.data_to_send():
                self._socket.sendall(part)
            if session.closing:
                break
            if time.monotonic() > self._leave_at:
                session.disconnect()
                continue
            try:
                data = self._socket.recv(1 << 16)
            except TimeoutError:
                continue
            if data:
                session.receive_data(data, time.monotonic())
            else:
                session.receive_eof(time.monotonic(), clean=True)
        self._events()
        print("  ended:", self._ended)
        self._socket.close()

    def _events(self) -> None:
        session = self._session
        while (event := session.next_event()) is not None:
            match event:
                case KeysNeeded():
                    keys = encryption.derive_keys(Secret(KEY.encode()), event.requests)
                    session.keys_derived(event.token, keys, time.monotonic())
                case ChallengeReceived():
                    offer = Offer(event.server_salt, event.digest, event.salt_digest, event.prompt)
                    session.answer_challenge(
                        response=respond(offer, PASSWORD.encode()),
                        client_salt=CLIENT_SALT,
                        padding=bytes(64),
                        now=time.monotonic(),
                    )
                case Accepted() if session._request:
                    session.disconnect()
                case PacketReceived(packet=NewWindow() as window):
                    session.send(
                        MapWindow(
                            window_id=window.window_id,
                            x=window.x,
                            y=window.y,
                            width=window.width,
                            height=window.height,
                        )
                    )
                case PacketReceived(packet=Draw() as draw):
                    self._leave_at = min(self._leave_at, time.monotonic() + TALK_S)
                    session.send(
                        DrawAck(
                            window_id=draw.window_id,
                            sequence=draw.sequence,
                            width=draw.width,
                            height=draw.height,
                            decode_us=100,
                        )
                    )
                case Terminated():
                    self._ended = event


RECORDINGS: dict[str, Recording] = {
    **{
        f"625s-625c-aes-{mode}{case}-session": Recording("6.2.5", "6.2.5", aes=f"AES-{mode.upper()}", auth=bool(case))
        for mode in ("cbc", "ctr")
        for case in ("", "-auth")
    },
    **{
        f"{version.replace('.', '')}s-limpet-{name}": Recording(version, "limpet", aes=aes, auth=auth)
        for version, name, aes, auth in (
            ("3.1.3", "plain", "", False),
            ("3.1.3", "auth", "", True),
            ("3.1.3", "aes", "AES", False),
            ("3.1.3", "aes-auth", "AES", True),
            ("6.2.5", "plain", "", False),
            ("6.2.5", "auth", "", True),
            ("6.2.5", "aes-cbc", "AES-CBC", False),
            ("6.2.5", "aes-cbc-auth", "AES-CBC", True),
            ("6.2.5", "aes-ctr", "AES-CTR", False),
            ("6.2.5", "aes-ctr-auth", "AES-CTR", True),
            ("6.5.5", "plain", "", False),
            ("6.5.5", "auth", "", True),
            ("6.5.5", "aes-ignored", "AES-CBC", False),
        )
    },
    "313s-limpet-text": Recording("3.1.3", "limpet", legacy_hello=False),
    **{
        f"{version.replace('.', '')}s-limpet-aes-{request}": Recording(version, "limpet", aes="AES", request=request)
        for version in ("3.1.3", "6.2.5")
        for request in ("version", "info")
    },
    **{
        f"limpet-{version.replace('.', '')}c-{name}": Recording("limpet", version, aes=aes, auth=auth)
        for version, name, aes, auth in (
            ("3.1.3", "plain", "", False),
            ("3.1.3", "auth", "", True),
            ("3.1.3", "aes", "AES", False),
            ("3.1.3", "aes-auth", "AES", True),
            ("6.2.5", "plain", "", False),
            ("6.2.5", "auth", "", True),
            ("6.2.5", "aes-cbc", "AES-CBC", False),
            ("6.2.5", "aes-cbc-auth", "AES-CBC", True),
            ("6.2.5", "aes-ctr", "AES-CTR", False),
            ("6.2.5", "aes-ctr-auth", "AES-CTR", True),
            ("6.5.5", "plain", "", False),
            ("6.5.5", "auth", "", True),
            ("6.5.5", "aes-cbc", "AES-CBC", False),
            ("6.5.5", "aes-cbc-auth", "AES-CBC", True),
        )
    },
}


def main(arguments: Sequence[str]) -> int:
    folder = Path(arguments[0])
    wanted = arguments[1:] or list(RECORDINGS)
    failed = []
    with tempfile.TemporaryDirectory(prefix="limpet-screen-", dir="/tmp") as scratch, screen(Path(scratch)) as display:
        for name in wanted:
            try:
                record(RECORDINGS[name], name, folder, display)
            except Exception as error:  # noqa: BLE001 - the others are still to be made
                print(f"{name}: {type(error).__name__}: {error}", file=sys.stderr)
                failed.append(name)
    print("failed:", *failed)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
