"""`reject`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import Attempt
from limpet.auth.modules.base import PromptOptions
from limpet.auth.modules.reject import RejectModule
from limpet.errors import AuthenticationFailed
from tests.auth.support import TCP, FakeEnv, attempt


@pytest.mark.parametrize("made", [None, attempt(b"anything")], ids=["silent", "answered"])
def test_reject_asks_and_takes_no_password(made: Attempt | None) -> None:
    module = RejectModule(PromptOptions(prompt="try"), TCP, "", FakeEnv())
    assert (module.needs_challenge, module.prompt) == (True, "try")
    with pytest.raises(AuthenticationFailed, match="refuses everybody"):
        asyncio.run(module.verify(made))
