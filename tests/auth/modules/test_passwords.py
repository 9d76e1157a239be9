"""What the password modules share."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import ModuleFailure
from limpet.auth.modules.base import PromptOptions
from limpet.auth.modules.passwords import (
    Expected,
    PasswordModule,
    check_password_file,
    password_file_warnings,
    read_password_file,
    spellings,
)
from limpet.errors import AuthenticationFailed, OptionError
from limpet.values import Secret
from tests.auth.support import TCP, FakeEnv, attempt


class Two(PasswordModule[PromptOptions]):
    """Expects one of two passwords."""

    async def expected(self) -> Expected:
        return Expected((Secret(b"\none\r\n"), Secret(b"two")), hint="look here")


def module() -> Two:
    return Two(PromptOptions(), TCP, "", FakeEnv())


def test_any_expected_password_passes_and_others_carry_the_hint() -> None:
    for right in (b"\none\r\n", b"two"):
        asyncio.run(module().verify(attempt(right)))
    with pytest.raises(AuthenticationFailed) as caught:
        asyncio.run(module().verify(attempt(b"one")))
    assert caught.value.hint == "look here"


def test_no_response_is_refused_before_the_password_is_looked_up() -> None:
    with pytest.raises(AuthenticationFailed, match="did not answer"):
        asyncio.run(module().verify(None))


def test_the_first_password_is_the_key_without_newlines_at_its_ends() -> None:
    secret = asyncio.run(module().reveal_password())
    assert secret is not None
    assert secret.reveal() == b"one"


def test_each_password_has_two_spellings_so_that_time_does_not_tell() -> None:
    assert spellings([b"ascii", "ä".encode(), "€".encode(), b"\xff"]) == [
        b"ascii",
        b"ascii",
        "ä".encode(),
        b"\xe4",
        "€".encode(),
        "€".encode(),
        b"\xff",
        b"\xff",
    ]


def test_files_are_read_and_checked_with_their_name_in_the_error() -> None:
    env = FakeEnv(files={"/pw": b"x", "/empty": b""})
    assert asyncio.run(read_password_file(env, "/pw")) == b"x"
    check_password_file("file", env, "/pw")
    for path in ("/empty", "/missing"):
        with pytest.raises(ModuleFailure, match=path):
            asyncio.run(read_password_file(env, path))
        with pytest.raises(OptionError, match=path) as caught:
            check_password_file("file", env, path)
        assert "umask 077; printf %s 'PASSWORD' > " in caught.value.hint
        with pytest.raises(OptionError) as caught:
            check_password_file("multifile", env, path)
        assert "'USER|PASSWORD'" in caught.value.hint


def test_any_access_of_others_is_warned_of() -> None:
    for mode in (0o640, 0o604, 0o660, 0o601):
        assert password_file_warnings(FakeEnv(files={"/pw": b"x"}, modes={"/pw": mode}), "/pw")
    assert not password_file_warnings(FakeEnv(files={"/pw": b"x"}, modes={"/pw": 0o400}), "/pw")
