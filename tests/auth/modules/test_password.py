"""`password`."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.modules.password import FixedPasswordModule, Options
from limpet.errors import AuthenticationFailed
from limpet.values import Secret
from tests.auth.support import TCP, FakeEnv, attempt

OPTIONS = Options(value=Secret(b"pa55word"))


def test_the_value_is_the_password() -> None:
    module = FixedPasswordModule(OPTIONS, TCP, "", FakeEnv())
    asyncio.run(module.verify(attempt(b"pa55word")))
    for wrong in (b"pa55word\n", b"Pa55word", b"x"):
        with pytest.raises(AuthenticationFailed):
            asyncio.run(module.verify(attempt(wrong)))
    assert module.user == ""


def test_it_warns_of_the_process_list_and_shows_no_value() -> None:
    (warning,) = FixedPasswordModule.warnings(OPTIONS, FakeEnv())
    assert "process list" in warning
    assert "pa55word" not in f"{warning}{OPTIONS}"
