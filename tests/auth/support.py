"""Doubles and a client's arithmetic, for the tests of authentication."""

from __future__ import annotations

import errno
import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from limpet.auth.challenge import Offer
from limpet.auth.digest import combine_salts, gendigest
from limpet.auth.module import Attempt, FileFacts, PeerFacts

SERVER_SALT = bytes(range(64))
CLIENT_SALT = bytes(range(100, 132))
PASSWORD = b"pa55word"

TCP = PeerFacts(kind="tcp", address="192.0.2.7")
SSL = PeerFacts(kind="ssl", address="192.0.2.7", encrypted=True)
AES = PeerFacts(kind="tcp", address="192.0.2.7", encrypted=True)
UNIX = PeerFacts(kind="unix", address="", uid=1000, gid=1000, pid=4711, loopback=True, socket_path="/run/s")
ALL_FACTS = {"tcp": TCP, "ssl": SSL, "tcp+aes": AES, "unix": UNIX}


def entropy(seed: str = "seed") -> Callable[[int], bytes]:
    """Bytes that are the same for each run and never the same within one."""
    counter = itertools.count()

    def draw(size: int) -> bytes:
        stream = (hashlib.sha512(f"{seed}{next(counter)}".encode()).digest() for _ in itertools.count())
        return b"".join(itertools.islice(stream, size // 64 + 1))[:size]

    return draw


@dataclass
class FakeEnv:
    """A `ModuleEnv` that touches nothing."""

    variables: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    modes: dict[str, int] = field(default_factory=dict)
    programs: dict[str, int | Exception] = field(default_factory=dict)
    users: dict[str, int] = field(default_factory=dict)
    groups: dict[str, int] = field(default_factory=dict)
    members: dict[int, frozenset[int]] = field(default_factory=dict)
    own_uid: int = 1000
    ran: list[tuple[str, ...]] = field(default_factory=list)
    drawn: int = 0

    def variable(self, name: str) -> str | None:
        return self.variables.get(name)

    def random_bytes(self, size: int) -> bytes:
        self.drawn += 1
        return hashlib.shake_128(str(self.drawn).encode()).digest(size)

    def inspect_file(self, path: str) -> FileFacts:
        if path not in self.files:
            return FileFacts("No such file or directory")
        return FileFacts("", len(self.files[path]), self.modes.get(path, 0o600))

    def find_program(self, name: str) -> str | None:
        return name if name in self.programs else None

    async def read_file(self, path: str, limit: int) -> bytes:
        if path not in self.files:
            raise FileNotFoundError(errno.ENOENT, "No such file or directory")
        if len(self.files[path]) > limit:
            raise OSError(errno.EFBIG, "it is too large")
        return self.files[path]

    async def run(self, command: Sequence[str], timeout_s: float) -> int:
        self.ran.append(tuple(command))
        status = self.programs[command[0]]
        if isinstance(status, Exception):
            raise status
        return status

    def uid_of(self, name: str) -> int | None:
        return self.users.get(name)

    def gid_of(self, name: str) -> int | None:
        return self.groups.get(name)

    async def groups_of(self, uid: int) -> frozenset[int]:
        return self.members.get(uid, frozenset())


def respond(offer: Offer, password: bytes, client_salt: bytes = CLIENT_SALT) -> bytes:
    """The response of a client that knows `password`."""
    return gendigest(offer.digest, password, combine_salts(offer.salt_digest, client_salt, offer.server_salt))


def attempt(
    password: bytes,
    *,
    username: str = "",
    digest: str = "hmac+sha512",
    salt_digest: str = "hmac+sha512",
    server_salt: bytes = SERVER_SALT,
) -> Attempt:
    """A whole attempt with `password`."""
    offer = Offer(server_salt, digest, salt_digest, "password")
    return Attempt(username, respond(offer, password), CLIENT_SALT, server_salt, digest, salt_digest)
