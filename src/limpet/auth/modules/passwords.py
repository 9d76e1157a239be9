"""What the modules that know the password have in common: challenge by HMAC, compare, reveal as a key."""

from __future__ import annotations

import abc
from collections.abc import Iterable
from typing import ClassVar

from limpet.auth.digest import latin1_spelling, verify_hmac
from limpet.auth.module import Attempt, ModuleEnv, ModuleFailure
from limpet.auth.modules.base import AskingModule, AskingT
from limpet.errors import AuthenticationFailed, OptionError
from limpet.records import dataclass
from limpet.values import Secret

MAX_FILE = 64 * 1024
"""bytes of a password file; more is no password file"""


_EMPTY = "it is empty"
_CONTENT = {"multifile": "USER|PASSWORD"}
"""What stands in the file of a module, where it is more than the password."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What may match: `passwords`, and what to tell the log if none does."""

    passwords: tuple[Secret, ...]
    hint: str = ""


class PasswordModule(AskingModule[AskingT], abc.ABC):
    """A module that compares the client's response with passwords that it knows."""

    reveals: ClassVar[bool] = True

    @abc.abstractmethod
    async def expected(self) -> Expected:
        """What the client's password may be, as the server's side has it; raises ModuleFailure."""

    async def verify(self, attempt: Attempt | None, /) -> None:
        if attempt is None:
            raise AuthenticationFailed("the client did not answer the challenge")
        expected = await self.expected()
        try:
            verify_hmac(attempt, spellings(secret.reveal() for secret in expected.passwords))
        except AuthenticationFailed as error:
            error.hint = error.hint or expected.hint
            raise

    async def reveal_password(self) -> Secret | None:
        # CR and LF go at both ends, as with a key file (docs/protocol: encryption, 4.2)
        expected = await self.expected()
        key = expected.passwords[0].reveal().strip(b"\r\n")
        if not key:
            raise ModuleFailure("the password is empty, so it cannot be a key")
        return Secret(key)


def spellings(passwords: Iterable[bytes]) -> list[bytes]:
    """Each password as it is and as stock clients spell it; always two for one, so that the time does not tell."""
    return [spelling for password in passwords for spelling in (password, latin1_spelling(password))]


async def read_password_file(env: ModuleEnv, path: str) -> bytes:
    """The content of a password file, not empty. Raises ModuleFailure with the path and the reason."""
    try:
        content = await env.read_file(path, MAX_FILE)
    except OSError as error:
        raise ModuleFailure(f"cannot read the password file {path!r}: {error.strerror or error}") from error
    if not content:
        raise ModuleFailure(f"the password file {path!r} is empty")
    return content


def check_password_file(module: str, env: ModuleEnv, path: str) -> None:
    """Raise OptionError unless the file is there, readable, not empty and no larger than 64 KiB."""
    facts = env.inspect_file(path)
    problem = facts.problem
    if not problem and facts.size == 0:
        problem = _EMPTY
    if not problem and facts.size > MAX_FILE:
        problem = f"it is larger than {MAX_FILE} bytes"
    if problem:
        raise OptionError(
            f"authentication module {module!r}: cannot use the password file {path!r}: {problem}",
            hint=f"make it with: (umask 077; printf %s '{_CONTENT.get(module, 'PASSWORD')}' > {path})"
            if problem == _EMPTY or problem.startswith("No such file")
            else "",
        )


def password_file_warnings(env: ModuleEnv, path: str) -> tuple[str, ...]:
    """Says so if others can read or change the file."""
    facts = env.inspect_file(path)
    if facts.mode & 0o077:
        return (f"the password file {path!r} is open to other users (mode {facts.mode:04o}): chmod 600 {path}",)
    return ()
