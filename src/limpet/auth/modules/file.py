"""`file`: the whole content of a file is the password, as it stands or without one newline at its end.

Stock peers strip nothing on either side (docs/protocol: authentication, 5.8), so a file made by `echo` fits only a file
made in the same way; limpet's server takes both forms. It is read for each login, so a change needs no restart.
"""

from __future__ import annotations

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


@dataclass(frozen=True, slots=True)
class Options:
    """Which file."""

    filename: str = option("the file that holds the password; `--password-file` stands in for it")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class FileModule(PasswordModule[Options]):
    """Compares with the content of a file."""

    options_type: ClassVar[type[Options]] = Options

    @staticmethod
    def check(options: Options, _listener_kind: str, env: ModuleEnv, /) -> None:
        """The file must be there and hold something now."""
        check_password_file("file", env, options.filename)

    @staticmethod
    def warnings(options: Options, env: ModuleEnv, /) -> tuple[str, ...]:
        return password_file_warnings(env, options.filename)

    async def expected(self) -> Expected:
        content = await read_password_file(self.env, self.options.filename)
        bare = without_newline(content)
        hint = ""
        if bare != content:
            hint = (
                f"the password file {self.options.filename!r} ends in a newline; the password was tried with and "
                "without it, but the client may have more or other blanks"
            )
        # two always, so that the time to compare is the same
        return Expected((Secret(content), Secret(bare)), hint)


def without_newline(content: bytes) -> bytes:
    """`content` without one LF or CR LF at its end."""
    return content.removesuffix(b"\n").removesuffix(b"\r") if content.endswith(b"\n") else content
