"""`allow`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.modules.allow import AllowModule
from limpet.auth.modules.base import PromptOptions
from limpet.errors import AuthenticationFailed
from tests.auth.support import TCP, FakeEnv, attempt


def test_allow_takes_any_password_but_wants_one_and_proves_nothing() -> None:
    module = AllowModule(PromptOptions(), TCP, "", FakeEnv())
    asyncio.run(module.verify(attempt(b"anything")))
    with pytest.raises(AuthenticationFailed, match="did not answer"):
        asyncio.run(module.verify(None))
    assert not module.proof
    assert module.needs_challenge
