"""`none`: everybody passes, and is asked nothing. It proves nothing about the client."""

from __future__ import annotations

from typing import ClassVar

from limpet.auth.module import Attempt
from limpet.auth.modules.base import BaseModule, NoOptions


class NoneModule(BaseModule[NoOptions]):
    """Lets everybody in."""

    options_type: ClassVar[type[NoOptions]] = NoOptions
    proof: ClassVar[bool] = False

    async def verify(self, _attempt: Attempt | None, /) -> None:
        """Whatever the client said, it passes."""
