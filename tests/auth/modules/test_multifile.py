"""`multifile`: its lines, and that an unknown user looks like a wrong password."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limpet.auth.module import ModuleFailure
from limpet.auth.modules import passwords
from limpet.auth.modules.multifile import MultifileModule, Options, parse_users
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import TCP, FakeEnv, attempt

OPTIONS = Options(filename="/users")
USERS = b"# a comment\n\nalice|one|1000|1000|:10,:11|A=b|x=y\r\nbob|two\n#carol|three\nd\xc3\xa9d\xc3\xa9|four|\n"


def module(username: str, content: bytes = USERS, options: Options = OPTIONS) -> MultifileModule:
    return MultifileModule(options, TCP, username, FakeEnv(files={"/users": content}))


@pytest.mark.parametrize(("username", "password"), [("alice", b"one"), ("bob", b"two"), ("dédé", b"four")])
def test_each_user_has_its_own_password(username: str, password: bytes) -> None:
    asyncio.run(module(username).verify(attempt(password)))
    assert module(username).user == username


@pytest.mark.parametrize(
    ("username", "password"),
    [("alice", b"two"), ("carol", b"three"), ("#carol", b"three"), ("", b"one"), ("Alice", b"one"), ("\ud800", b"one")],
)
def test_others_are_refused(username: str, password: bytes) -> None:
    with pytest.raises(AuthenticationFailed, match="wrong password"):
        asyncio.run(module(username).verify(attempt(password)))


def test_a_user_named_by_the_option_is_looked_up_whatever_the_client_says() -> None:
    fixed = module("alice", options=Options(filename="/users", username="bob"))
    assert fixed.user == "bob"
    asyncio.run(fixed.verify(attempt(b"two")))
    with pytest.raises(AuthenticationFailed):
        asyncio.run(fixed.verify(attempt(b"one")))


def test_an_unknown_user_gets_the_answer_and_the_work_of_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[list[bytes]] = []

    def count(made: object, candidates: list[bytes]) -> None:
        compared.append(candidates)
        raise AuthenticationFailed("wrong password")

    monkeypatch.setattr(passwords, "verify_hmac", count)
    errors, drawn = [], []
    for username in ("alice", "nobody"):
        made = module(username)
        with pytest.raises(AuthenticationFailed) as caught:
            asyncio.run(made.verify(attempt(b"guess")))
        errors.append((type(caught.value), str(caught.value), caught.value.hint))
        drawn.append(getattr(made.env, "drawn", None))
    assert errors[0] == errors[1]
    assert drawn == [1, 1]
    assert [len(candidates) for candidates in compared] == [2, 2]
    assert all(len(password) == 32 for password in compared[1])


def test_the_key_of_an_unknown_user_is_one_that_nobody_has() -> None:
    first, second = (asyncio.run(module(name).reveal_password()) for name in ("nobody", "alice"))
    assert first is not None
    assert second is not None
    assert len(first.reveal()) == 32
    assert second.reveal() == b"one"


@pytest.mark.parametrize("line", [b"alice", b"|one", b"alice|", b"alice||1000", b"alice|one|1|1||||too many"], ids=repr)
def test_a_broken_line_lets_nobody_in_and_is_named_in_the_log_by_its_number(line: bytes) -> None:
    content = b"bob|two\n" + line + b"\n"
    with pytest.raises(AuthenticationFailed) as caught:
        asyncio.run(module("alice", content).verify(attempt(b"one")))
    assert "/users: line 2 is not user|password" in caught.value.hint
    assert "one" not in caught.value.hint.replace("is not user", "")
    asyncio.run(module("bob", content).verify(attempt(b"two")))


def test_the_first_line_of_a_user_counts() -> None:
    content = b"bob|two\nbob|other\n"
    asyncio.run(module("bob", content).verify(attempt(b"two")))
    with pytest.raises(AuthenticationFailed) as caught:
        asyncio.run(module("bob", content).verify(attempt(b"other")))
    assert "line 2 repeats a user" in caught.value.hint


def test_a_password_with_a_nul_byte_never_matches() -> None:
    with pytest.raises(AuthenticationFailed):
        asyncio.run(module("bob", b"bob|a\0b\n").verify(attempt(b"a\0b")))


def test_a_missing_file_stops_the_start_and_refuses_the_login() -> None:
    with pytest.raises(OptionError, match="'multifile': cannot use the password file '/users'"):
        MultifileModule.check(OPTIONS, "tcp", FakeEnv())
    with pytest.raises(ModuleFailure, match="No such file"):
        asyncio.run(MultifileModule(OPTIONS, TCP, "alice", FakeEnv()).verify(attempt(b"one")))
    MultifileModule.check(OPTIONS, "tcp", FakeEnv(files={"/users": USERS}))


def test_a_file_open_to_others_is_a_warning() -> None:
    env = FakeEnv(files={"/users": USERS}, modes={"/users": 0o640})
    assert "mode 0640" in MultifileModule.warnings(OPTIONS, env)[0]


@given(st.binary(max_size=300))
def test_any_content_parses_into_users_and_numbered_problems(content: bytes) -> None:
    users = parse_users(content)
    assert all(name and secret for name, secret in users.passwords.items())
    assert all(problem.startswith("line ") for problem in users.problems)
