"""`password`: the password is the value of an option, so it stands in the process list: for tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv, PeerFacts
from limpet.auth.modules.passwords import Expected, PasswordModule
from limpet.auth.options import option
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """The password itself."""

    value: Secret = option("the password")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class FixedPasswordModule(PasswordModule):
    """Compares with the value of its option."""

    options_type: ClassVar[type[Options]] = Options

    def __init__(self, options: Options, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        super().__init__(prompt=options.prompt)
        self._value = options.value

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv) -> None:
        """Works everywhere."""

    @staticmethod
    def warnings(options: Options, env: ModuleEnv) -> tuple[str, ...]:
        return (
            "the module 'password' takes the password from the command line, where every user of this machine sees it: "
            "use 'file' with filename=FILE",
        )

    async def expected(self) -> Expected:
        return Expected((self._value,))
