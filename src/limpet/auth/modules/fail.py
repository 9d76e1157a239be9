"""`fail`: breaks at the set-up of each connection, as a module with a wrong configuration would; nobody gets in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from limpet.auth.module import Attempt, ModuleEnv, ModuleFailure, PeerFacts
from limpet.values import Secret


@dataclass(frozen=True, slots=True)
class Options:
    """None."""


class FailModule:
    """Cannot be made."""

    options_type: ClassVar[type[Options]] = Options
    proof: ClassVar[bool] = True
    """nobody gets past it without proof, since nobody gets past it"""
    needs_challenge: ClassVar[bool] = False
    needs_clear: ClassVar[bool] = False
    reveals: ClassVar[bool] = False
    prompt: ClassVar[str] = ""
    user: ClassVar[str] = ""

    def __init__(self, options: Options, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        raise ModuleFailure("the module 'fail' fails, as it should")

    @staticmethod
    def check(options: Options, listener_kind: str, env: ModuleEnv) -> None:
        """It fails for each connection, not at the start."""

    @staticmethod
    def warnings(options: Options, env: ModuleEnv) -> tuple[str, ...]:
        return ()

    async def verify(self, attempt: Attempt | None) -> None:
        raise ModuleFailure("the module 'fail' fails, as it should")

    async def reveal_password(self) -> Secret | None:
        return None
