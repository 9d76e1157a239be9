"""`env`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import ModuleFailure
from limpet.auth.modules.env import EnvModule, Options
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import TCP, FakeEnv, attempt


def module(env: FakeEnv, name: str = "XPRA_PASSWORD") -> EnvModule:
    return EnvModule(Options(name=name), TCP, "", env)


def test_the_password_is_in_the_named_variable() -> None:
    env = FakeEnv(variables={"XPRA_PASSWORD": "one", "OTHER": "two"})
    asyncio.run(module(env).verify(attempt(b"one")))
    asyncio.run(module(env, "OTHER").verify(attempt(b"two")))
    with pytest.raises(AuthenticationFailed):
        asyncio.run(module(env).verify(attempt(b"two")))


@pytest.mark.parametrize("sent", ["pä55".encode(), "pä55".encode("latin-1")], ids=["utf8", "latin1"])
def test_a_password_beyond_ascii_may_come_in_utf8_or_latin1(sent: bytes) -> None:
    asyncio.run(module(FakeEnv(variables={"XPRA_PASSWORD": "pä55"})).verify(attempt(sent)))


@pytest.mark.parametrize("variables", [{}, {"XPRA_PASSWORD": ""}], ids=["unset", "empty"])
def test_a_variable_that_is_not_set_stops_the_start_and_refuses_the_login(variables: dict[str, str]) -> None:
    env = FakeEnv(variables=variables)
    with pytest.raises(OptionError, match="'XPRA_PASSWORD' is not set"):
        EnvModule.check(Options(), "tcp", env)
    with pytest.raises(ModuleFailure, match="is not set"):
        asyncio.run(module(env).verify(attempt(b"")))
    with pytest.raises(ModuleFailure):
        asyncio.run(module(env).reveal_password())


def test_a_variable_that_is_set_passes_the_start() -> None:
    EnvModule.check(Options(), "tcp", FakeEnv(variables={"XPRA_PASSWORD": "x"}))
