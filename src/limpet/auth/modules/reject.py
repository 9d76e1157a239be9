"""`reject`: asks for a password and takes none."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.module import Attempt
from limpet.auth.modules.base import AskingModule, PromptOptions
from limpet.errors import AuthenticationFailed


class RejectModule(AskingModule[PromptOptions]):
    """Lets nobody in; so nobody gets past it without proof, and it counts as one."""

    options_type: ClassVar[type[PromptOptions]] = PromptOptions

    async def verify(self, _attempt: Attempt | None, /) -> None:
        raise AuthenticationFailed("the module 'reject' refuses everybody")
