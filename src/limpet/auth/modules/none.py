"""`none`: everybody passes, and is asked nothing. It proves nothing about the client."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from limpet.auth.module import Attempt, ModuleEnv, PeerFacts
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """None."""


class NoneModule:
    """Lets everybody in."""

    options_type: ClassVar[type[Options]] = Options
    proof: ClassVar[bool] = False
    needs_challenge: ClassVar[bool] = False
    needs_clear: ClassVar[bool] = False
    reveals: ClassVar[bool] = False
    prompt: ClassVar[str] = ""
    user: ClassVar[str] = ""

    def __init__(self, options: Options, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        pass

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv) -> None:
        """Works everywhere."""

    @staticmethod
    def warnings(options: Options, env: ModuleEnv) -> tuple[str, ...]:
        return ()

    async def verify(self, attempt: Attempt | None) -> None:
        """Whatever the client said, it passes."""

    async def reveal_password(self) -> Secret | None:
        return None
