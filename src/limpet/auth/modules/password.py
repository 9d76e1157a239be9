"""`password`: the password is the value of an option, so it stands in the process list: for tests."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv
from limpet.auth.modules.passwords import Expected, PasswordModule
from limpet.auth.options import option
from limpet.records import dataclass
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """The password itself."""

    value: Secret = option("the password")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class FixedPasswordModule(PasswordModule[Options]):
    """Compares with the value of its option."""

    options_type: ClassVar[type[Options]] = Options

    @staticmethod
    def warnings(_options: Options, _env: ModuleEnv, /) -> tuple[str, ...]:
        return ("the password of the module 'password' is in the process list for all to see: use 'file' instead",)

    async def expected(self) -> Expected:
        return Expected((self.options.value,))
