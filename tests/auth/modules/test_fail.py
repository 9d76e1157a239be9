"""`fail`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import ModuleFailure
from limpet.auth.modules.base import NoOptions
from limpet.auth.modules.fail import FailModule
from tests.auth.support import TCP, FakeEnv


def test_fail_breaks_at_set_up_and_not_at_the_start() -> None:
    FailModule.check(NoOptions(), "tcp", FakeEnv())
    with pytest.raises(ModuleFailure):
        FailModule(NoOptions(), TCP, "", FakeEnv())


def test_fail_would_not_let_anybody_in_even_if_it_were_made() -> None:
    module = FailModule.__new__(FailModule)
    with pytest.raises(ModuleFailure):
        asyncio.run(module.verify(None))
