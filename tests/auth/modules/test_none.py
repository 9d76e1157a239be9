"""`none`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import Attempt
from limpet.auth.modules.base import NoOptions
from limpet.auth.modules.none import NoneModule
from tests.auth.support import TCP, FakeEnv, attempt


@pytest.mark.parametrize("made", [None, attempt(b"anything")], ids=["silent", "answered"])
def test_none_lets_everybody_in_and_proves_nothing(made: Attempt | None) -> None:
    module = NoneModule(NoOptions(), TCP, "", FakeEnv())
    asyncio.run(module.verify(made))
    assert not module.proof
    assert not module.needs_challenge
