"""`allow`: asks for a password and takes any. It proves nothing about the client; for tests and for habit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from limpet.auth.challenge import DEFAULT_PROMPT
from limpet.auth.module import Attempt, ModuleEnv, PeerFacts
from limpet.auth.options import option
from limpet.errors import AuthenticationFailed
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """What to ask."""

    prompt: str = option("what the client shows when it asks for the password", default=DEFAULT_PROMPT)


class AllowModule:
    """Lets in who answers."""

    options_type: ClassVar[type[Options]] = Options
    proof: ClassVar[bool] = False
    needs_challenge: ClassVar[bool] = True
    needs_clear: ClassVar[bool] = False
    reveals: ClassVar[bool] = False
    user: ClassVar[str] = ""

    def __init__(self, options: Options, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        self.prompt = options.prompt

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv) -> None:
        """Works everywhere."""

    @staticmethod
    def warnings(options: Options, env: ModuleEnv) -> tuple[str, ...]:
        return ()

    async def verify(self, attempt: Attempt | None) -> None:
        if attempt is None:
            raise AuthenticationFailed("the client did not answer the challenge")

    async def reveal_password(self) -> Secret | None:
        return None
