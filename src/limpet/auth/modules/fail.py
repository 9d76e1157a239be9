"""`fail`: breaks at the set-up of each connection, as a module with a wrong configuration would; nobody gets in."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.module import Attempt, ModuleEnv, ModuleFailure, PeerFacts
from limpet.auth.modules.base import BaseModule, NoOptions


class FailModule(BaseModule[NoOptions]):
    """Cannot be made; so nobody gets past it without proof, and it counts as one."""

    options_type: ClassVar[type[NoOptions]] = NoOptions

    def __init__(self, options: NoOptions, facts: PeerFacts, username: str, env: ModuleEnv) -> None:
        super().__init__(options, facts, username, env)
        raise ModuleFailure("the module 'fail' fails, as it should")

    async def verify(self, _attempt: Attempt | None, /) -> None:
        raise ModuleFailure("the module 'fail' fails, as it should")
