"""`file`: the newline at the end, and files that cannot be used."""

from __future__ import annotations

import asyncio

import pytest

from limpet.auth.module import ModuleFailure
from limpet.auth.modules.file import FileModule, Options, without_newline
from limpet.errors import AuthenticationFailed, OptionError
from tests.auth.support import TCP, FakeEnv, attempt

OPTIONS = Options(filename="/pw")


def verify(content: bytes, sent: bytes) -> None:
    asyncio.run(FileModule(OPTIONS, TCP, "", FakeEnv(files={"/pw": content})).verify(attempt(sent)))


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"secret", b"secret"),
        (b"secret\n", b"secret"),
        (b"secret\n", b"secret\n"),
        (b"secret\r\n", b"secret"),
        (b"secret\r\n", b"secret\r\n"),
        (b"secret\n\n", b"secret\n"),
        (b" sec\nret ", b" sec\nret "),
        ("pä55\n".encode(), "pä55".encode()),
        ("pä55\n".encode(), "pä55".encode("latin-1")),
        ("pä55\n".encode(), "pä55\n".encode("latin-1")),
        (b"\xff\xfe", b"\xff\xfe"),
    ],
)
def test_the_file_is_taken_as_it_stands_or_without_one_final_newline(content: bytes, sent: bytes) -> None:
    verify(content, sent)


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"secret", b"secret\n"),
        (b"secret\n\n", b"secret"),
        (b"secret\r", b"secret"),
        (b" secret", b"secret"),
        (b"\n", b""),
        (b"a\0b", b"a\0b"),
    ],
)
def test_nothing_else_is_stripped_or_added(content: bytes, sent: bytes) -> None:
    with pytest.raises(AuthenticationFailed):
        verify(content, sent)


def test_a_failed_login_from_a_file_that_ends_in_a_newline_says_so() -> None:
    with pytest.raises(AuthenticationFailed, match="wrong password") as caught:
        verify(b"secret\n", b"other")
    assert "'/pw' ends in a newline" in caught.value.hint
    with pytest.raises(AuthenticationFailed) as caught:
        verify(b"secret", b"other")
    assert caught.value.hint == ""


@pytest.mark.parametrize(
    ("files", "message"),
    [({}, "No such file"), ({"/pw": b""}, "is empty"), ({"/pw": b"x" * 65537}, "larger|too large")],
    ids=["missing", "empty", "large"],
)
def test_a_file_that_cannot_be_used_stops_the_start_and_refuses_the_login(
    files: dict[str, bytes], message: str
) -> None:
    env = FakeEnv(files=files)
    with pytest.raises(OptionError, match=f"'file': cannot use the password file '/pw': .*({message})"):
        FileModule.check(OPTIONS, "tcp", env)
    module = FileModule(OPTIONS, TCP, "", env)
    for decision in (module.verify(attempt(b"secret")), module.reveal_password()):
        with pytest.raises(ModuleFailure, match=message):
            asyncio.run(decision)


def test_the_largest_file_passes() -> None:
    content = b"x" * 65536
    FileModule.check(OPTIONS, "tcp", FakeEnv(files={"/pw": content}))
    verify(content, content)


def test_a_file_open_to_others_is_a_warning() -> None:
    open_env = FakeEnv(files={"/pw": b"x"}, modes={"/pw": 0o644})
    assert "mode 0644" in FileModule.warnings(OPTIONS, open_env)[0]
    assert FileModule.warnings(OPTIONS, FakeEnv(files={"/pw": b"x"})) == ()


def test_the_password_as_a_key_loses_newlines_at_both_ends() -> None:
    async def key(content: bytes) -> bytes:
        secret = await FileModule(OPTIONS, TCP, "", FakeEnv(files={"/pw": content})).reveal_password()
        assert secret is not None
        return secret.reveal()

    assert asyncio.run(key(b"\r\n a key \n\n")) == b" a key "
    with pytest.raises(ModuleFailure, match="cannot be a key"):
        asyncio.run(key(b"\r\n"))


@pytest.mark.parametrize(("content", "bare"), [(b"a\n", b"a"), (b"a\r\n", b"a"), (b"a\r", b"a\r"), (b"\n", b"")])
def test_one_newline_goes(content: bytes, bare: bytes) -> None:
    assert without_newline(content) == bare
