"""`env`: the password is in an environment variable of the server."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import ModuleEnv, ModuleFailure
from limpet.auth.modules.passwords import Expected, PasswordModule
from limpet.auth.options import option
from limpet.errors import OptionError
from limpet.records import dataclass
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """Which variable."""

    name: str = option("the environment variable that holds the password", default="XPRA_PASSWORD")
    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class EnvModule(PasswordModule[Options]):
    """Compares with a variable."""

    options_type: ClassVar[type[Options]] = Options

    @staticmethod
    def check(options: Options, _listener_kind: str, env: ModuleEnv, /) -> None:
        """The variable must be set now: a server that nobody can enter should not start."""
        if not env.variable(options.name):
            raise OptionError(
                f"authentication module 'env': the environment variable {options.name!r} is not set",
                hint=f"set {options.name} before the start, or use the module 'file' with filename=FILE",
            )

    async def expected(self) -> Expected:
        value = self.env.variable(self.options.name)
        if not value:
            raise ModuleFailure(f"the environment variable {self.options.name!r} is not set")
        return Expected((Secret(value.encode("utf-8", "surrogateescape")),))
