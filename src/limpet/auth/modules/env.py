"""`env`: the password is in an environment variable of the server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv, ModuleFailure, PeerFacts
from limpet.auth.modules.passwords import Expected, PasswordModule
from limpet.auth.options import option
from limpet.errors import OptionError
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """Which variable."""

    name: str = option("the environment variable that holds the password", default="XPRA_PASSWORD")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class EnvModule(PasswordModule):
    """Compares with a variable."""

    options_type: ClassVar[type[Options]] = Options

    def __init__(self, options: Options, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        super().__init__(prompt=options.prompt)
        self._name = options.name
        self._env = env

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv) -> None:
        """The variable must be set now: a server that nobody can enter should not start."""
        if not env.variable(options.name):
            raise OptionError(
                f"authentication module 'env': the environment variable {options.name!r} is not set",
                hint=f"set {options.name} before the start, or use the module 'file' with filename=FILE",
            )

    @staticmethod
    def warnings(options: Options, env: ModuleEnv) -> tuple[str, ...]:
        return ()

    async def expected(self) -> Expected:
        value = self._env.variable(self._name)
        if not value:
            raise ModuleFailure(f"the environment variable {self._name!r} is not set")
        return Expected((Secret(value.encode("utf-8", "surrogateescape")),))
