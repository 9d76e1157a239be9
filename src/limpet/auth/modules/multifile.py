"""`multifile`: a file of users, one a line: `user|password|uid|gid|displays|env-options|session-options`.

Lines that start with `#` and empty lines are skipped; what follows the password may be left out. The fields behind the
password say which sessions of a gateway the user may enter; a server that is one session itself uses name and password.
Unknown users cannot be told from wrong passwords, neither by the answer nor by the time it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv
from limpet.auth.modules.passwords import (
    Expected,
    PasswordModule,
    check_password_file,
    password_file_warnings,
    read_password_file,
)
from limpet.auth.options import option
from limpet.records import dataclass
from limpet.values import Secret

_FIELDS = 7
_DUMMY_SIZE = 16


@dataclass(frozen=True, slots=True)
class Options:
    """Which file, and which user."""

    filename: str = option("the file with the users; `--password-file` stands in for it")
    username: str = option("look up this user, whatever name the client gives", default="")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


@dataclass(frozen=True, slots=True)
class Users:
    """The passwords by user name, and the lines that could not be used, as text for the log."""

    passwords: Mapping[bytes, Secret]
    problems: tuple[str, ...]


def parse_users(content: bytes) -> Users:
    """Read the lines; a line without name or password, with too many fields, or for a name that was there before, is
    a problem and lets nobody in. Problems name the line by its number only.
    """
    passwords: dict[bytes, Secret] = {}
    problems: list[str] = []
    for number, line in enumerate(content.split(b"\n"), start=1):
        text = line.removesuffix(b"\r")
        if not text.strip() or text.startswith(b"#"):
            continue
        name, *rest = text.split(b"|")
        if not name or not rest or not rest[0] or len(rest) >= _FIELDS:
            problems.append(f"line {number} is not user|password|uid|gid|displays|env|session")
        elif name in passwords:
            problems.append(f"line {number} repeats a user, the first line counts")
        else:
            passwords[name] = Secret(rest[0])
    return Users(passwords, tuple(problems))


class MultifileModule(PasswordModule[Options]):
    """Compares with the password of the user's line."""

    options_type: ClassVar[type[Options]] = Options

    @property
    def user(self) -> str:
        return self.options.username or self.username

    @staticmethod
    def check(options: Options, _listener_kind: str, env: ModuleEnv, /) -> None:
        """The file must be there and hold something now."""
        check_password_file("multifile", env, options.filename)

    @staticmethod
    def warnings(options: Options, env: ModuleEnv, /) -> tuple[str, ...]:
        return password_file_warnings(env, options.filename)

    async def expected(self) -> Expected:
        users = parse_users(await read_password_file(self.env, self.options.filename))
        # made for each login, needed or not: an unknown user costs what a wrong password costs
        dummy = Secret(self.env.random_bytes(_DUMMY_SIZE).hex().encode("ascii"))
        password = users.passwords.get(self.user.encode("utf-8", "surrogatepass"), dummy)
        hint = f"{self.options.filename}: {'; '.join(users.problems[:5])}" if users.problems else ""
        return Expected((password,), hint)
