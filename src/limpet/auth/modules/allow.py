"""`allow`: asks for a password and takes any. It proves nothing about the client; for tests and for habit."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.module import Attempt
from limpet.auth.modules.base import AskingModule, PromptOptions
from limpet.errors import AuthenticationFailed


class AllowModule(AskingModule[PromptOptions]):
    """Lets in who answers."""

    options_type: ClassVar[type[PromptOptions]] = PromptOptions
    proof: ClassVar[bool] = False

    async def verify(self, attempt: Attempt | None, /) -> None:
        if attempt is None:
            raise AuthenticationFailed("the client did not answer the challenge")
