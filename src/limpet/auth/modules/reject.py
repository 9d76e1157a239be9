"""`reject`: asks for a password and takes none."""

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


class RejectModule:
    """Lets nobody in."""

    options_type: ClassVar[type[Options]] = Options
    proof: ClassVar[bool] = True
    """nobody gets past it without proof, since nobody gets past it"""
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
        raise AuthenticationFailed("the module 'reject' refuses everybody")

    async def reveal_password(self) -> Secret | None:
        return None
