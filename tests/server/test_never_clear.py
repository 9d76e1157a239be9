"""Where encryption is demanded nothing goes on in clear, whatever the other side tries (issue: AES, SSL/TLS)."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from limpet.config.encryption import KeySource
from limpet.errors import ExitCode
from limpet.limits import AFTER_HELLO
from limpet.packets.capabilities import ClientHello, EncryptionCaps, ServerHello
from limpet.packets.capfields import Spelling
from limpet.packets.dialect import FLAT_313, NESTED_65, Dialect
from limpet.session.encryption import Strength, fresh_caps
from limpet.values import Wire
from limpet.wire.framing import HEADER_SIZE, Flags, Header
from limpet.wire.stream import PacketReader, PacketWriter
from tests.server.house import WAIT_S, House, Visit, house, visit

AUTH = ",auth=file(filename=password.txt)"
CERTIFICATE = "--ssl-cert={folder}/server.pem"
LISTENERS: Mapping[str, tuple[str, ...]] = {
    "tcp+AES": (f"--bind-tcp=127.0.0.1:0,encryption=AES,keyfile=key.txt{AUTH}", "--bind=none"),
    "tcp+AES-CBC": (f"--bind-tcp=127.0.0.1:0,encryption=AES-CBC,keyfile=key.txt{AUTH}", "--bind=none"),
    "tcp+AES-CTR": (f"--bind-tcp=127.0.0.1:0,encryption=AES-CTR,keyfile=key.txt{AUTH}", "--bind=none"),
    "tcp+AES without a module": ("--bind-tcp=127.0.0.1:0,encryption=AES,keyfile=key.txt", "--bind=none"),
    "tcp+AES by password": (f"--bind-tcp=127.0.0.1:0,encryption=AES{AUTH}", "--bind=none"),
    "tcp+AES or ssl": (f"--bind-tcp=127.0.0.1:0,encryption=AES,keyfile=key.txt{AUTH}", "--bind=none", CERTIFICATE),
    "tcp, ssl required": (f"--bind-tcp=127.0.0.1:0,ssl-required=yes{AUTH}", "--bind=none", CERTIFICATE),
    "ssl": (f"--bind-ssl=127.0.0.1:0{AUTH}", "--bind=none", CERTIFICATE),
    "unix+AES": (f"--bind={{folder}}/n,encryption=AES,keyfile=key.txt{AUTH}",),
}


class Door:
    """A plain socket at a listener."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, *data: bytes) -> None:
        for part in data:
            self._writer.write(part)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def some(self) -> bytes:
        return await self._reader.read(1 << 16)

    async def rest(self) -> bytes:
        with contextlib.suppress(ConnectionError):
            return await self._reader.read()
        return b""

    def close(self) -> None:
        self._writer.close()


@contextlib.asynccontextmanager
async def door(address: str) -> AsyncIterator[Door]:
    if address.startswith("/"):
        streams = await asyncio.open_unix_connection(address)
    else:
        host, _, port = address.rpartition(":")
        streams = await asyncio.open_connection(host, int(port))
    opened = Door(*streams)
    try:
        async with asyncio.timeout(WAIT_S):
            yield opened
    finally:
        opened.close()


# -- what a client without encryption can try ------------------------------------------------------------------------


def packet(dialect: Dialect, *items: Wire) -> bytes:
    return b"".join(bytes(part) for part in PacketWriter(serializer=dialect.serializer).write(items))


def hello(dialect: Dialect, caps: EncryptionCaps | None = None, **more: Wire) -> bytes:
    said = ClientHello(
        version=dialect.our_version, username="alice", digest=("hmac+sha512",), salt_digest=("hmac+sha512",)
    )
    wire = {**said.to_wire(dialect), **more}
    if caps is not None:
        caps.write(wire, Spelling.BOTH)
    return packet(dialect, "hello", wire)


def aes(mode: str) -> EncryptionCaps:
    return fresh_caps(secrets.token_bytes, mode=mode, strength=Strength.LEGACY)


Attempt = Callable[[Door], Awaitable[bytes]]


def say(*data: bytes) -> Attempt:
    async def attempt(opened: Door) -> bytes:
        await opened.say(*data)
        return await opened.rest()

    return attempt


def offer_and_then(mode: str, *then: bytes) -> Attempt:
    """AES in the first hello, which is clear as it must be, and `then` what is not encrypted with the key."""

    async def attempt(opened: Door) -> bytes:
        await opened.say(hello(NESTED_65, aes(mode)))
        got = await opened.some()
        await opened.say(*then)
        return got + await opened.rest()

    return attempt


async def tls(opened: Door) -> bytes:
    outgoing = ssl.MemoryBIO()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    pipe = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        pipe.do_handshake()
    await opened.say(outgoing.read())
    return await opened.rest()


GARBAGE = Header(flags=0x12, compression=0, chunk=0, length=160).pack() + bytes(range(176))
RESPONSE = {"challenge_response": b"r" * 128, "challenge_client_salt": b"s" * 32}

CLEAR: Mapping[str, Attempt] = {
    "a clear hello": say(hello(NESTED_65)),
    "a clear hello of 3.1.3": say(hello(FLAT_313)),
    "a clear hello with a response": say(hello(NESTED_65, **RESPONSE)),
    "a clear version request": say(hello(NESTED_65, request="version", version_request=True)),
    "a clear version request of 3.1.3": say(hello(FLAT_313, version_request=True)),
    "a clear stop": say(hello(NESTED_65, request="stop", stop_request=True)),
    "two clear hellos at once": say(hello(NESTED_65) + hello(NESTED_65, **RESPONSE)),
    "an encrypted first record": say(GARBAGE),
    "another cipher": say(hello(NESTED_65, encryption={"cipher": "ROT13", "mode": "CBC", "iv": "0" * 16})),
    "an empty cipher": say(hello(NESTED_65, encryption={"cipher": ""}, cipher="")),
    "AES-GCM": say(hello(NESTED_65, aes("GCM"))),
    "plain bytes": say(b"hello there, let me in\r\n\r\n"),
    "HTTP": say(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
    "SSH": say(b"SSH-2.0-OpenSSH_9.2\r\n"),
}
OFFERED: Mapping[str, Attempt] = {
    f"{what} ({mode})": offer_and_then(mode, *then)
    for mode in ("CBC", "CTR")
    for what, then in {
        "AES, then a clear hello": (hello(NESTED_65, **RESPONSE),),
        "AES, then a clear stop": (packet(NESTED_65, "shutdown-server"),),
        "AES, then a clear hello that offers AES again": (hello(NESTED_65, aes(mode), **RESPONSE),),
        "AES with a wrong key": (GARBAGE,),
    }.items()
}
OTHER_MODE: Mapping[str, Attempt] = {
    "tcp+AES-CBC": say(hello(NESTED_65, aes("CTR"))),
    "tcp+AES-CTR": say(hello(NESTED_65, aes("CBC"))),
}


def cases() -> list[object]:
    found = []
    for name in LISTENERS:
        attempts = dict(CLEAR)
        if "AES" in name:
            fixed = name.partition("AES-")[2]
            attempts |= {what: how for what, how in OFFERED.items() if not fixed or fixed in what}
        else:
            attempts["AES without TLS"] = say(hello(NESTED_65, aes("CBC")))
        if name in OTHER_MODE:
            attempts["the other mode"] = OTHER_MODE[name]
        if "ssl" not in name:
            attempts["TLS"] = tls
        found += [pytest.param(name, how, id=f"{name}: {what}") for what, how in attempts.items()]
    return found


def check_goodbye(data: bytes) -> None:
    """Nothing but a refusal: text or a record, or records that only the key opens."""
    if data.startswith((b"disconnect: ", b"HTTP/1.1 400 ")):
        assert b"hello" not in data.replace(b"HTTP", b"")
        return
    if not data:
        return
    if data[1] & Flags.CIPHER:
        return  # what a client with the key would be told; `walk` looks at the flags of all that follows
    reader = PacketReader(AFTER_HELLO)
    reader.receive_data(data)
    refusal = reader.next_packet()
    assert refusal is not None
    assert refusal.items[0] in {"disconnect", b"disconnect"}
    assert reader.next_packet() is None and not reader.buffered


@pytest.mark.parametrize(("listener", "attempt"), cases())
def test_without_encryption_nothing_but_a_goodbye_comes_back(material: Path, listener: str, attempt: Attempt) -> None:
    async def scene() -> None:
        words = [word.format(folder=material) for word in LISTENERS[listener]]
        async with house(material, words) as opened:
            async with door(opened.address()) as stranger:
                check_goodbye(await attempt(stranger))
            await opened.quiet()
            assert not opened.host.happened
            # the password is read where it is the key; nobody's answer is looked at
            by_password = [setup.plan.aes for setup in opened.setups if setup.plan.aes is not None]
            if not any(plan.source is KeySource.PASSWORD for plan in by_password):
                assert not opened.env.asked
            assert not opened.limiter.looked_at

    asyncio.run(scene())


# -- a server that answers in clear ----------------------------------------------------------------------------------

SERVER_HELLO = ServerHello(version="6.5", uuid="x").to_wire(NESTED_65)
SERVER_HELLO_313 = ServerHello(version="3.1.3", uuid="x").to_wire(FLAT_313)
CHALLENGE = ("challenge", b"s" * 64, {}, "hmac+sha512", "hmac+sha512", "password")


def with_cipher(caps: dict[str, Wire]) -> dict[str, Wire]:
    aes("CBC").write(caps, Spelling.BOTH)
    return caps


SCRIPTS = {
    "a clear hello": (packet(NESTED_65, "hello", SERVER_HELLO), ExitCode.SERVER_STAYS_CLEAR),
    "a clear hello of 3.1.3": (packet(FLAT_313, "hello", SERVER_HELLO_313), ExitCode.SERVER_STAYS_CLEAR),
    "a clear hello that speaks of AES": (
        packet(NESTED_65, "hello", with_cipher(dict(SERVER_HELLO))),
        ExitCode.SERVER_STAYS_CLEAR,
    ),
    "a clear challenge": (packet(NESTED_65, *CHALLENGE), ExitCode.SERVER_STAYS_CLEAR),
    "a clear challenge for the plain password": (
        packet(NESTED_65, *CHALLENGE[:3], "xor", *CHALLENGE[4:]),
        ExitCode.SERVER_STAYS_CLEAR,
    ),
    "a clear packet of the session": (packet(NESTED_65, "startup-complete"), ExitCode.SERVER_STAYS_CLEAR),
    "a clear upgrade": (packet(NESTED_65, "ssl-upgrade", {}), ExitCode.SERVER_STAYS_CLEAR),
    "a clear disconnect": (packet(NESTED_65, "disconnect", "go away"), ExitCode.SERVER_REFUSES_ENCRYPTION),
    "a server without AES": (
        packet(NESTED_65, "disconnect", "the server does not support encryption on this connection"),
        ExitCode.SERVER_REFUSES_ENCRYPTION,
    ),
    "a server of 3.1.3 without AES": (
        packet(FLAT_313, "disconnect", "encryption key is missing"),
        ExitCode.SERVER_REFUSES_ENCRYPTION,
    ),
    "text": (b"disconnect: go away?\n", ExitCode.CONNECTION_FAILED),
    "garbage that calls itself encrypted": (GARBAGE, ExitCode.WRONG_KEY),
}
CLIENT = ("--encryption=AES-CTR", "--encryption-keyfile=key.txt", "--password-file=password.txt", "--username=alice")


@contextlib.asynccontextmanager
async def scripted(answer: bytes, heard: bytearray) -> AsyncIterator[str]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.read(1 << 16))
        writer.write(answer)
        with contextlib.suppress(ConnectionError):
            heard.extend(await reader.read())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(("answer", "code"), SCRIPTS.values(), ids=SCRIPTS)
def test_the_client_takes_no_clear_answer(material: Path, answer: bytes, code: ExitCode) -> None:
    async def scene() -> None:
        heard = bytearray()
        async with scripted(answer, heard) as address:
            visited = await visit(material, f"tcp://{address}/", *CLIENT)
        check_refused(visited, code)
        # our first hello, and not a byte more
        (only,) = walk(bytes(heard), block=0)
        assert not only.flags & Flags.CIPHER

    asyncio.run(scene())


def check_refused(visited: Visit, code: ExitCode) -> None:
    assert visited.ended.error is not None
    assert visited.ended.error.exit_code is code, visited
    assert not visited.delivered


# -- what is on the wire ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    flags: int
    payload: bytes


def walk(data: bytes, *, block: int) -> list[Seen]:
    """The records of one direction; `block` is the padding of the encrypted ones (0: none)."""
    found = []
    position = 0
    while position < len(data):
        header = Header.parse(data[position : position + HEADER_SIZE])
        size = header.length
        if block and header.flags & Flags.CIPHER:
            size += block - size % block
        start = position + HEADER_SIZE
        found.append(Seen(header.flags, data[start : start + size]))
        position = start + size
    assert position == len(data), "the capture ends between two records"
    return found


@dataclass
class Relay:
    """Stands between client and server, keeps what passes, and may put `after[n]` behind the server's n-th piece."""

    to: str
    after: Mapping[int, bytes] = field(default_factory=dict)
    up: bytearray = field(default_factory=bytearray)
    down: bytearray = field(default_factory=bytearray)
    pieces: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        host, _, port = self.to.rpartition(":")
        far_reader, far_writer = await asyncio.open_connection(host, int(port))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._up(reader, far_writer))
                group.create_task(self._down(far_reader, writer))
        finally:
            far_writer.close()
            writer.close()

    async def _up(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self.up += data
                writer.write(data)
        writer.close()

    async def _down(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                self.down += data
                writer.write(data + self.after.get(self.pieces, b""))
                self.pieces += 1
        writer.close()


@contextlib.asynccontextmanager
async def relay(opened: House, after: Mapping[int, bytes] | None = None) -> AsyncIterator[tuple[Relay, str]]:
    between = Relay(opened.address(), after or {})
    server = await asyncio.start_server(between.serve, "127.0.0.1", 0)
    async with server:
        yield between, f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}/"


@pytest.mark.parametrize("auth", ["", AUTH], ids=["no module", "a module"])
@pytest.mark.parametrize(("mode", "block"), [("CBC", 16), ("CTR", 0)])
def test_after_the_first_hello_every_record_is_encrypted(material: Path, mode: str, block: int, auth: str) -> None:
    async def scene() -> None:
        words = [f"--bind-tcp=127.0.0.1:0,encryption=AES,keyfile=key.txt{auth}", "--bind=none"]
        client = [f"--encryption=AES-{mode}", "--encryption-keyfile=key.txt", "--username=alice"]
        async with house(material, words) as opened, relay(opened) as (between, address):
            visited = await visit(material, address, *client, *(["--password-file=password.txt"] if auth else []))
            await opened.quiet()
        assert visited.inside
        up, down = walk(bytes(between.up), block=block), walk(bytes(between.down), block=block)
        assert not up[0].flags & Flags.CIPHER
        assert len(up) >= 2 and len(down) >= 2
        assert all(record.flags & Flags.CIPHER for record in (*up[1:], *down))
        rest = b"".join(record.payload for record in (*up[1:], *down))
        for word in (b"hello", b"alice", b"challenge", b"startup", b"house", b"disconnect", b"password"):
            assert word not in rest

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("auth", "piece"),
    [("", 0), (AUTH, 0), (AUTH, 1)],
    ids=["behind the hello", "behind the challenge", "behind the hello after a challenge"],
)
@pytest.mark.parametrize(
    "injected",
    [
        pytest.param(packet(NESTED_65, "startup-complete"), id="a packet"),
        pytest.param(packet(NESTED_65, "hello", SERVER_HELLO), id="a hello"),
        pytest.param(packet(NESTED_65, *CHALLENGE), id="a challenge"),
        pytest.param(packet(NESTED_65, "disconnect", "server shutdown"), id="a disconnect"),
    ],
)
def test_a_clear_record_after_the_switch_ends_it(material: Path, auth: str, piece: int, injected: bytes) -> None:
    async def scene() -> None:
        words = [f"--bind-tcp=127.0.0.1:0,encryption=AES,keyfile=key.txt{auth}", "--bind=none"]
        async with house(material, words) as opened, relay(opened, {piece: injected}) as (between, address):
            client = CLIENT if auth else [word for word in CLIENT if not word.startswith("--password")]
            visited = await visit(material, address, *client)
            await opened.quiet()
        assert visited.ended.error is not None
        assert visited.ended.error.exit_code is ExitCode.CLEAR_RECORD, visited
        # at most the one real packet, which came encrypted and in front of it
        assert len(visited.delivered) <= bool(auth)
        assert all(record.flags & Flags.CIPHER for record in walk(bytes(between.up), block=0)[1:])

    asyncio.run(scene())
